"""How attempts are counted in PostgreSQL: to the second, and exactly when many come at once.

The statements themselves, by the programs' role, with a clock that stands still."""
import collections
import json
import pathlib
import random
import re
import threading

import psycopg2
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINUTE, HOUR, DAY = 60, 3600, 86400


def statement(name):
    text = (ROOT / "sql/postgresql/queries/throttle.sql").read_text()
    found = re.search(rf"^-- name: {name}\n(.*?)(?=\n-- name: |\Z)", text, re.M | re.S).group(1)
    return re.sub(r"^--.*\n", "", found, flags=re.M)


class Counter:
    """A connection that counts as a program does."""

    def __init__(self, stack):
        v = stack.variables()
        self.connection = psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"], user="gatehouse_app")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        for name, types in (("throttle_count", "jsonb, boolean"), ("throttle_end", "jsonb, text, boolean"),
                            ("throttle_clean", "int"), ("throttle_clear", "text, text, text, boolean")):
            self.cursor.execute(f"PREPARE {name} ({types}) AS {statement(name)}")

    def count(self, *rules, may_refuse=True):
        """(seconds to wait or None, seconds of the locks that began by bucket, what takes it back)"""
        self.cursor.execute("EXECUTE throttle_count (%s, %s)", (json.dumps(rules), may_refuse))
        rows = self.cursor.fetchall()
        refused = [wait for _, refuses, wait, _ in rows if refuses]
        if refused:
            assert len(refused) == len(rows) and min(refused) > 0
            return max(refused), {}, None
        return None, {name: wait for name, _, wait, _ in rows if wait}, rows[0][3] if rows else None

    def end(self, rules, counted_at, success):
        self.cursor.execute("EXECUTE throttle_end (%s, %s, %s)", (json.dumps(rules), counted_at, success))

    def row(self, bucket):
        self.cursor.execute("SELECT cardinality(attempts), locks, extract(epoch FROM locked_until - gatehouse_now())::float, "
                            "extract(epoch FROM forget_at - gatehouse_now())::float FROM gatehouse_throttle WHERE bucket = %s",
                            (bucket,))
        return self.cursor.fetchone()


def rule(bucket="account_and_address user:1 192.0.2.1", most=5, window=15 * MINUTE, longest=DAY, grows=True, counts=True,
         forgives=True):
    return {"bucket": bucket, "most": most, "window_s": window, "longest_s": longest if grows else window, "grows": grows,
            "counts": counts, "forgives": forgives}


@pytest.fixture
def counter(stack):
    counter = Counter(stack)
    counter.cursor.execute("DELETE FROM gatehouse_throttle")
    yield counter
    counter.cursor.execute("DELETE FROM gatehouse_throttle")
    counter.connection.close()


@pytest.fixture
def at(postgresql, clock):
    """at(seconds): the clock stands still, so long after some moment."""
    def stand(seconds):
        with postgresql.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone LANGUAGE sql STABLE "
                           f"AS 'SELECT timestamp with time zone ''2030-01-01T00:00:00Z'' + interval ''{seconds} seconds'''")
    stand(0)
    return stand


def fail(counter, times, *rules):
    for _ in range(times):
        assert counter.count(*rules)[0] is None


def test_the_attempt_that_fills_the_window_locks_and_is_still_good(counter, at):
    fail(counter, 4, rule())
    wait, locks, _ = counter.count(rule())
    assert wait is None and locks == {rule()["bucket"]: 15 * MINUTE}
    assert counter.count(rule()) == (15 * MINUTE, {}, None)
    at(15 * MINUTE - 0.5)
    assert counter.count(rule())[0] == 1  # never zero, never negative
    at(15 * MINUTE)
    assert counter.count(rule())[0] is None


def test_the_window_slides_to_the_second(counter, at):
    fail(counter, 2, rule())
    at(10 * MINUTE)
    fail(counter, 2, rule())
    at(15 * MINUTE - 0.000001)
    assert counter.row(rule()["bucket"])[0] == 4
    assert counter.count(rule())[1] != {}  # the fifth within a quarter of an hour


def test_what_is_a_window_old_does_not_count_any_more(counter, at):
    fail(counter, 2, rule())
    at(10 * MINUTE)
    fail(counter, 2, rule())
    at(15 * MINUTE)
    fail(counter, 2, rule())  # with the first two this would be six
    at(25 * MINUTE)
    fail(counter, 2, rule())
    assert counter.row(rule()["bucket"])[0] == 4
    assert counter.count(rule())[1] != {}


def test_what_is_refused_is_not_counted(counter, at):
    fail(counter, 5, rule())
    for _ in range(20):
        assert counter.count(rule())[0] == 15 * MINUTE
    assert counter.row(rule()["bucket"]) == (5, 1, 15 * MINUTE, 15 * MINUTE + DAY)


def test_a_lock_is_twice_as_long_each_time_up_to_the_longest(counter, at):
    now, lengths = 0, []
    for _ in range(12):
        at(now)
        fail(counter, 4, rule())
        lengths += counter.count(rule())[1].values()
        now += lengths[-1]
    assert lengths == [15 * MINUTE * 2 ** n for n in range(7)] + [DAY] * 5


def test_a_day_after_the_last_lock_ended_the_locks_are_forgotten(counter, at):
    fail(counter, 5, rule())
    at(15 * MINUTE + DAY - 1)
    fail(counter, 4, rule())
    assert list(counter.count(rule())[1].values()) == [30 * MINUTE]
    over = 45 * MINUTE + DAY - 1
    at(over + DAY)
    fail(counter, 4, rule())
    assert list(counter.count(rule())[1].values()) == [15 * MINUTE]


def test_a_very_long_row_of_locks_stays_within_the_longest(counter, at):
    fail(counter, 5, rule())
    counter.cursor.execute("UPDATE gatehouse_throttle SET locks = 2000000")
    at(HOUR)
    fail(counter, 4, rule())
    assert list(counter.count(rule())[1].values()) == [DAY]


def test_a_longest_lock_shorter_than_the_window_is_kept(counter, at):
    short = rule(window=HOUR, longest=MINUTE)
    fail(counter, 5, short)
    assert counter.count(short)[0] == MINUTE
    at(MINUTE)
    wait, locks, _ = counter.count(short)  # four of the last hour and this one
    assert wait is None and list(locks.values()) == [MINUTE]


def test_one_locked_bucket_refuses_and_nothing_is_counted_anywhere(counter, at):
    account = rule("account user:1 -", most=100, window=HOUR, forgives=False)
    address = rule("address - 192.0.2.1", most=20, window=HOUR, counts=False)
    fail(counter, 1, rule(), account, address)
    for _ in range(20):
        counter.count({**address, "counts": True}, may_refuse=False)
    assert counter.count(rule(), account, address)[0] == HOUR
    assert counter.row(rule()["bucket"])[0] == 1 and counter.row("account user:1 -")[0] == 1


def test_the_longest_of_several_waits_is_told(counter, at):
    endpoint = rule("endpoint - 192.0.2.1", most=1, window=MINUTE, grows=False)
    counter.count(endpoint)
    fail(counter, 0, rule())
    for _ in range(5):
        counter.count(rule(), may_refuse=False)
    assert counter.count(rule(), endpoint)[0] == 15 * MINUTE


def test_a_bucket_that_is_only_looked_at_has_no_row(counter, at):
    fail(counter, 3, rule(counts=False))
    assert counter.row(rule()["bucket"]) is None


def test_a_bucket_without_locks_of_its_own_is_a_sliding_window(counter, at):
    endpoint = rule("endpoint - 192.0.2.1", most=10, window=MINUTE, grows=False)
    for second in range(0, 50, 5):  # ten, one each five seconds
        at(second)
        assert counter.count(endpoint)[0] is None
    assert counter.count(endpoint)[0] == 60 - 45
    at(59.5)
    assert counter.count(endpoint)[0] == 1
    at(60)
    assert counter.count(endpoint)[0] is None  # the first has slid out, and this one is in
    assert counter.count(endpoint)[0] == 5
    assert counter.row(endpoint["bucket"])[1] == 0


def test_failures_noted_after_a_lock_began_do_not_make_it_longer(counter, at):
    address = rule("address - 192.0.2.1", most=20, window=HOUR, forgives=False)
    began = [counter.count(address, may_refuse=False)[1] for _ in range(28)]
    assert [bool(locks) for locks in began] == [False] * 19 + [True] + [False] * 8
    assert counter.row(address["bucket"]) == (20, 1, HOUR, HOUR + DAY)


def test_an_attempt_is_taken_back_with_the_lock_it_began(counter, at):
    for second in range(4):
        at(second)
        fail(counter, 1, rule())
    at(10)
    _, locks, counted_at = counter.count(rule())
    assert locks and counter.count(rule())[0]
    counter.end([rule()], counted_at, False)
    assert counter.row(rule()["bucket"])[:3] == (4, 0, None)
    assert counter.count(rule())[1]  # the fifth, again


def test_taking_back_gives_back_the_lock_before(counter, at):
    fail(counter, 5, rule())
    at(HOUR)
    fail(counter, 4, rule())
    _, _, counted_at = counter.count(rule())
    assert counter.row(rule()["bucket"])[1:3] == (2, 30 * MINUTE)
    counter.end([rule()], counted_at, False)
    assert counter.row(rule()["bucket"])[:3] == (4, 1, -45 * MINUTE)


def test_of_attempts_at_the_same_moment_one_is_taken_back(counter, at):
    fail(counter, 3, rule())
    _, _, counted_at = counter.count(rule())
    counter.end([rule()], counted_at, False)
    assert counter.row(rule()["bucket"])[0] == 3


def test_taking_back_does_not_end_somebody_elses_lock(counter, at):
    _, _, counted_at = counter.count(rule())
    at(1)
    fail(counter, 4, rule())
    counter.end([rule()], counted_at, False)
    assert counter.row(rule()["bucket"])[:3] == (4, 1, 15 * MINUTE)


def test_a_success_empties_its_bucket_and_leaves_others_their_failures(counter, at):
    account = rule("account user:1 -", most=100, window=HOUR, forgives=False)
    fail(counter, 3, rule(), account)
    at(1)
    _, _, counted_at = counter.count(rule(), account)
    counter.end([rule(), account], counted_at, True)
    assert counter.row(rule()["bucket"]) is None
    assert counter.row(account["bucket"])[0] == 3


def test_a_clock_set_back_locks_nobody_for_longer_than_the_rule(counter, at):
    at(365 * DAY)
    fail(counter, 5, rule())
    assert counter.count(rule())[0]
    at(0)
    fail(counter, 4, rule())
    assert list(counter.count(rule())[1].values()) == [15 * MINUTE]
    assert counter.count(rule())[0] == 15 * MINUTE


def test_a_shorter_longest_lock_takes_effect_at_once(counter, at):
    fail(counter, 5, rule())
    assert counter.count(rule(longest=5 * MINUTE))[0] is None


def test_a_lower_limit_takes_effect_with_the_next_attempt(counter, at):
    fail(counter, 4, rule())
    assert counter.count(rule(most=3))[1]
    assert counter.row(rule()["bucket"])[0] == 3


def test_what_says_nothing_any_more_is_thrown_away_in_batches(counter, at):
    for n in range(30):
        counter.count(rule(f"address - 192.0.2.{n}"))
    fail(counter, 5, rule())

    def clean():
        counter.cursor.execute("EXECUTE throttle_clean (20)")
        return counter.cursor.fetchone()[0]
    assert clean() == 0
    at(15 * MINUTE + 1)
    assert [clean(), clean(), clean()] == [20, 10, 0]
    assert counter.row(rule()["bucket"])[1] == 1  # its lock is remembered
    at(15 * MINUTE + DAY + 1)
    assert clean() == 1


def at_once(stack, count, work):
    """work(counter, number) on so many connections, let go at the same moment; what they gave."""
    counters = [Counter(stack) for _ in range(count)]
    barrier, results, errors = threading.Barrier(count), [], []

    def run(number):
        barrier.wait()
        try:
            results.append(work(counters[number], number))
        except Exception as error:  # the thread's own; shown below
            errors.append(error)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for counter in counters:
        counter.connection.close()
    assert not errors, errors[:3]
    return results


def test_a_hundred_at_once_are_a_hundred(stack, counter):
    account = rule("account user:1 -", most=1000, window=HOUR, forgives=False)
    results = at_once(stack, 100, lambda one, _: one.count(rule(), account))
    assert sum(wait is None for wait, _, _ in results) == 5
    assert sum(bool(locks) for _, locks, _ in results) == 1
    # a transaction that began a moment before the one that locked waits that moment longer
    assert all(wait is None or 0 < wait <= 15 * MINUTE + 5 for wait, _, _ in results)
    assert counter.row(rule()["bucket"])[:2] == (5, 1)
    assert counter.row(account["bucket"])[0] == 5  # what was refused is counted nowhere


def test_many_addresses_at_once_share_an_account(stack, counter):
    account = rule("account user:1 -", most=30, window=HOUR, forgives=False)
    results = at_once(stack, 100, lambda one, n: one.count(rule(f"account_and_address user:1 192.0.2.{n % 50}"), account))
    assert sum(wait is None for wait, _, _ in results) == 30
    assert counter.row(account["bucket"])[:2] == (30, 1)
    counter.cursor.execute("SELECT sum(cardinality(attempts)) FROM gatehouse_throttle WHERE bucket LIKE 'account_and_address %'")
    assert counter.cursor.fetchone()[0] == 30


def test_a_hundred_failures_noted_at_once_lock_once(stack, counter):
    address = rule("address - 192.0.2.1", most=20, window=HOUR, forgives=False)
    endpoint = rule("endpoint - 192.0.2.1", most=10, window=MINUTE, grows=False)
    results = at_once(stack, 100, lambda one, _: one.count(address, endpoint, may_refuse=False))
    began = collections.Counter(name for _, locks, _ in results for name in locks)
    assert began == {address["bucket"]: 1, endpoint["bucket"]: 1}
    attempts, locks, wait, _ = counter.row(address["bucket"])
    assert (attempts, locks) == (20, 1) and HOUR - 60 < wait <= HOUR
    attempts, locks, wait, _ = counter.row(endpoint["bucket"])
    assert attempts == 10 and 0 < wait <= MINUTE


def test_whatever_happens_at_once_nobody_waits_for_ever_and_nothing_is_lost(stack, counter):
    """Attempts that fail, succeed and are taken back, clearing and cleaning, over the same few rows:
    no deadlock, and in the end exactly the failures are left."""
    def work(one, number):
        dice, failed = random.Random(number), collections.Counter()
        for _ in range(20):
            user = dice.randrange(3)
            pair = rule(f"account_and_address user:{user} 192.0.2.{dice.randrange(3)}", most=100000)
            account = rule(f"account user:{user} -", most=100000, window=HOUR, forgives=False)
            rules = dice.sample([pair, account], 2)  # the caller's order does not matter
            _, _, counted_at = one.count(*rules)
            fate = dice.choice(["failed", "succeeded", "taken back"])
            if fate == "failed":
                failed[account["bucket"]] += 1
                one.count(*dice.sample([rule("address - 192.0.2.1", most=100000), rule("endpoint - 192.0.2.1", most=100000)], 2),
                          may_refuse=False)
            else:
                one.end(rules, counted_at, fate == "succeeded")
            if dice.random() < 0.1:
                one.cursor.execute("EXECUTE throttle_clear ('user:9', NULL, NULL, false)")
                one.cursor.execute("EXECUTE throttle_clean (50)")
        return failed
    expected = sum(at_once(stack, 40, work), collections.Counter())
    assert sum(expected.values()) > 200
    assert {name: counter.row(name)[0] for name in expected} == expected
    assert counter.row("address - 192.0.2.1")[0] == counter.row("endpoint - 192.0.2.1")[0] == sum(expected.values())

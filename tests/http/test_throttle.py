"""Guessing and flooding: who has to wait, for how long, and who does not.

Devices that signed in before: test_known_device.py. How attempts are counted to the second, and many
at once: test_throttle_counting.py."""
import json
import re
import subprocess
import threading
import time

import pytest

from support.site import Visitor, add_person, bcrypt
from support.stack import wait_until
from support.throttled import (COOKIE, DEFAULTS, guess, known, lock, nothing_counted_yet, server,  # noqa: F401  fixtures among them
                               sign_up_fields, try_in)


def in_threads(count, work):
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(work(n))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# One account from one address.

def test_four_failures_and_ten_minutes_later_one_more(server, guess, person, clock):
    assert [guess(person).status for _ in range(4)] == [401] * 4
    clock(minutes=10)
    assert [guess(person).status for _ in range(2)] == [401, 429]
    clock(minutes=16)
    reply = guess(person)
    assert reply.status == 429 and 500 < int(reply.headers["Retry-After"]) <= 9 * 60
    clock(minutes=26)
    assert try_in(Visitor(server), person).status == 200


def test_failures_that_slid_out_of_the_window_do_not_count(guess, person, clock):
    assert [guess(person).status for _ in range(4)] == [401] * 4
    clock(minutes=16)
    assert [guess(person).status for _ in range(5)] == [401] * 5
    assert guess(person).status == 429


def test_each_lock_is_twice_as_long_and_a_day_of_peace_forgets_them(guess, person, clock):
    waits, minutes = [], 0
    for _ in range(3):
        clock(minutes=minutes)
        lock(guess, person)
        waits.append(round(int(guess(person).headers["Retry-After"]) / 60))
        minutes += waits[-1] + 1
    assert waits == [15, 30, 60]
    clock(minutes=minutes + 24 * 60)
    lock(guess, person)
    assert 890 < int(guess(person).headers["Retry-After"]) <= 900


def test_a_lock_is_a_page_for_people_and_a_number_for_programs(server, guess, person):
    lock(guess, person)
    visitor = Visitor(server)
    page = visitor.sign_in(person)
    assert page.status == 429 and 890 < int(page.headers["Retry-After"]) <= 900
    assert "Too many attempts. Try again in 15 minutes." in page.text
    assert page.value("username") == person.username and person.password not in page.text
    reply = guess(person)
    assert reply.json["error"] == "too_many_attempts"
    assert reply.json["message"] == "Too many attempts. Try again in 15 minutes."
    assert reply.json["retry_after"] == int(reply.headers["Retry-After"])


def test_a_lock_does_not_tell_the_right_password(server, guess, person, postgresql):
    lock(guess, person)
    with postgresql.cursor() as cursor:  # so that both are asked in the same second
        cursor.execute("SELECT gatehouse_now()")
        cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone LANGUAGE sql STABLE "
                       f"AS 'SELECT timestamp with time zone ''{cursor.fetchone()[0]}'''")

    def answer(password, program):
        visitor = Visitor(server)
        fields = {"username": person.username, "password": password}
        reply = visitor.post_json("/auth/login", fields) if program else visitor.post("/auth/login", fields)
        assert not any(line.startswith(("sessionid", COOKIE)) for line in reply.cookies())
        headers = [(name, value) for name, value in reply.headers.items() if name not in ("X-Request-Id", "Date")]
        body = re.sub(r'name="csrfmiddlewaretoken" value="\w{64}"', "", reply.text)
        return reply.status, headers, len(reply.body), body
    try:
        for program in (True, False):
            right, wrong = answer(person.password, program), answer("wrong", program)
            assert right == wrong and right[0] == 429
    finally:
        with postgresql.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone LANGUAGE sql "
                           "STABLE AS 'SELECT now()'")


@pytest.mark.alone
def test_during_a_lock_nothing_is_hashed(server, guess, mysql):
    """A hash of cost 13 takes half a second, and longer when the machine is busy; a refusal takes none of it."""
    person = add_person(mysql, stored=bcrypt("correct horse battery", 13))
    start = time.monotonic()
    assert guess(person).status == 401
    one_hash = time.monotonic() - start
    for _ in range(4):
        guess(person)
    took = []
    for password in ("wrong", person.password, person.password):
        start = time.monotonic()
        assert guess(person, password=password).status == 429
        took.append(time.monotonic() - start)
    assert min(took[1:]) < one_hash / 4 and took[0] < one_hash


def test_a_right_password_that_fills_the_window_gets_in_and_forgives(server, guess, person, postgresql, sql):
    for _ in range(2):
        assert [guess(person).status for _ in range(4)] == [401] * 4
        assert try_in(Visitor(server), person).status == 200
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_throttle WHERE bucket LIKE 'account_and_address %%'") == (0,)


def test_a_lock_is_for_one_account_and_one_address(server, guess, person, mysql):
    lock(guess, person)
    assert try_in(Visitor(server), add_person(mysql)).status == 200
    assert try_in(Visitor(server, address="127.0.0.2"), person).status == 200


def test_somebody_disabled_cannot_ask_for_ever(server, mysql):
    person = add_person(mysql, active=0)
    assert [try_in(Visitor(server), person).status for _ in range(6)] == [403] * 5 + [429]


def test_a_restart_forgets_nothing(server, guess, person):
    lock(guess, person)
    server.restart()
    assert guess(person).status == 429


# One account from many addresses; many accounts from one address.

def test_an_account_is_guessed_at_a_hundred_times_an_hour_at_most(server, guess, person, clock):
    home = known(server, person, "127.0.1.1")
    for n in range(20):
        assert [guess(person, f"127.0.0.{n + 10}").status for _ in range(5)] == [401] * 5
    reply = guess(person, "127.0.0.99")
    assert reply.status == 429 and 3500 < int(reply.headers["Retry-After"]) <= 3600
    assert try_in(Visitor(server, address="127.0.0.98"), person).status == 429
    assert try_in(home, person).status == 200  # the owner, on a device of theirs
    clock(minutes=61)
    assert try_in(Visitor(server, address="127.0.0.98"), person).status == 200


def test_twenty_failures_from_one_address_in_an_hour(server, guess, person, clock):
    for minute, names in ((0, range(10)), (30, range(10, 20))):
        clock(minutes=minute)
        assert [guess(f"nobody-{n}-{person.username}").status for n in names] == [401] * 10
    clock(minutes=32)
    reply = guess(person)
    assert reply.status == 429 and 3400 < int(reply.headers["Retry-After"]) <= 58 * 60
    assert try_in(Visitor(server), person).status == 429
    assert try_in(Visitor(server, address="127.0.0.2"), person).status == 200
    clock(minutes=89)
    assert guess(person).status == 429
    clock(minutes=91)
    assert try_in(Visitor(server), person).status == 200


def test_successes_are_not_counted_for_an_address(server, guess, person):
    assert [guess(f"nobody-{n}-{person.username}").status for n in range(9)] == [401] * 9
    for _ in range(15):
        assert try_in(Visitor(server), person).status == 200
    assert [guess(f"nobody-{n}-{person.username}").status for n in (9, 10)] == [401, 429]


def test_thirty_people_of_one_office_get_in_one_after_the_other(server, mysql):
    people = [add_person(mysql) for _ in range(30)]
    start = time.monotonic()
    assert [Visitor(server).sign_in(person).status for person in people] == [303] * 30
    assert time.monotonic() - start < 60


def test_thirty_people_of_one_office_get_in_at_the_same_moment(server, mysql):
    people = [add_person(mysql) for _ in range(30)]
    tokens = [(visitor, visitor.token()) for visitor in (Visitor(server) for _ in people)]

    def sign_in(n):
        visitor, token = tokens[n]
        while True:  # more people than hash slots: some are asked to come back
            reply = visitor.post("/auth/login", {"username": people[n].username, "password": people[n].password}, token)
            if reply.status != 503:
                return reply.status
    assert in_threads(30, sign_in) == [303] * 30


# Forms below /auth/.

def test_the_eleventh_failing_form_in_a_minute_waits(server, guess, person, clock):
    member = Visitor(server)
    assert member.sign_in(person).status == 303
    assert [guess(f"nobody-{n}-{person.username}").status for n in range(10)] == [401] * 10
    reply = guess(f"nobody-10-{person.username}")
    assert reply.status == 429 and 0 < int(reply.headers["Retry-After"]) <= 60
    assert re.fullmatch(r"Too many attempts\. Try again in \d+ seconds\.", reply.json["message"])
    # pages, status checks and signing out go on
    for path in ("/auth/login", "/auth/register", "/health"):
        assert [Visitor(server).get(path).status for _ in range(5)] == [200] * 5
    assert [member.get("/auth/status").status for _ in range(15)] == [200] * 15
    assert member.post("/auth/logout", {}).status == 303
    assert try_in(Visitor(server, address="127.0.0.2"), person).status == 200
    clock(seconds=61)
    assert guess(f"nobody-11-{person.username}").status == 401


def until_not_busy(send):
    """More guesses than hash slots: some are asked to come back, which is no answer."""
    while (reply := send()).status == 503:
        time.sleep(0.02)
    return reply


@pytest.fixture
def slow_server(stack):
    """Where many passwords are being checked at the same time."""
    server = stack.start("lighttpd", {**DEFAULTS, "GATEHOUSE_SERVER_HASH_SLOTS": "8", "GATEHOUSE_SERVER_THREADS": "12"})
    yield server
    server.stop()


@pytest.mark.parametrize("most", [10, 20])
def test_of_guesses_at_the_same_moment_no_more_are_answered_than_the_limit(stack, slow_server, mysql, most):
    """By the minute (10) and by the hour (20): how many are being checked when it is full does not matter."""
    if most == 20:
        slow_server.extra["GATEHOUSE_THROTTLE_POSTS_PER_MINUTE"] = "10000"
        slow_server.restart()
    people = [add_person(mysql, stored=bcrypt("correct horse battery", 11)) for _ in range(most + 12)]

    def work(n):
        body = {"username": people[n].username, "password": "wrong"}
        return until_not_busy(lambda: Visitor(slow_server).post_json("/auth/login", body)).status
    statuses = in_threads(len(people), work)
    assert (statuses.count(401), statuses.count(429)) == (most, 12), statuses


def test_a_right_password_that_is_being_checked_when_the_limit_is_reached_tells_nothing(slow_server, mysql, postgresql, sql):
    slow = add_person(mysql, stored=bcrypt("correct horse battery", 14))
    replies = []
    guesses = [threading.Thread(target=lambda password=password: replies.append(Visitor(slow_server).post_json(
        "/auth/login", {"username": slow.username, "password": password}))) for password in (slow.password, "wrong")]
    for one in guesses:
        one.start()
    counted = f"SELECT count(*) FROM gatehouse_throttle WHERE bucket = 'account user:{slow.id} -' AND cardinality(attempts) = 2"
    assert wait_until(lambda: sql(postgresql, counted) == (1,), 5)  # both are being checked
    full = json.dumps([{"bucket": "endpoint - 127.0.0.1", "most": 10, "window_s": 60, "longest_s": 60, "grows": False, "counts": True}])
    for _ in range(10):  # others', from the same address
        sql(postgresql, "SELECT * FROM gatehouse_throttle_count(%s, false)", full)
    for one in guesses:
        one.join()
    assert [reply.status for reply in replies] == [429, 429]
    assert all("Try again in" in reply.json["message"] for reply in replies)
    assert all(reply.cookie("sessionid") is None and 0 < int(reply.headers["Retry-After"]) <= 60 for reply in replies)
    assert sql(postgresql, counted) == (1,), "nor is it forgiven"
    home = Visitor(slow_server, address="127.0.0.2")
    assert try_in(home, slow).status == 200


def test_forms_of_every_kind_count_together(server, guess, person):
    visitor = Visitor(server)
    for n in range(3):
        assert guess(f"nobody-{n}-{person.username}").status == 401
        assert visitor.post("/auth/login", {"username": "", "password": ""}).status == 400
        assert visitor.post("/auth/register", {"username": "x"}).status == 400
    assert visitor.post("/login", {"username": "", "password": ""}).status == 400
    assert visitor.post("/login", {"username": "", "password": ""}).status == 429
    assert visitor.post("/auth/register", {"username": "x"}).status == 429
    assert try_in(Visitor(server), person).status == 429


def test_one_address_makes_ten_accounts_a_minute(server, clock, mysql, sql):
    assert [Visitor(server).post("/auth/register", sign_up_fields()).status for _ in range(10)] == [303] * 10
    wanted = sign_up_fields()
    reply = Visitor(server).post("/auth/register", wanted)
    assert reply.status == 429 and 0 < int(reply.headers["Retry-After"]) <= 60
    assert re.search(r"Too many attempts\. Try again in \d+ seconds\.", reply.text)
    assert reply.value("username") == wanted["username"] and reply.value("email") == wanted["email"]
    assert sql(mysql, "SELECT count(*) FROM users WHERE username = %s", wanted["username"]) == (0,)
    reply = Visitor(server).post_json("/auth/register", wanted)
    assert reply.status == 429 and reply.json["retry_after"] == int(reply.headers["Retry-After"])
    assert Visitor(server, address="127.0.0.2").post("/auth/register", sign_up_fields()).status == 303
    clock(seconds=61)
    assert Visitor(server).post("/auth/register", wanted).status == 303


def test_ten_accounts_a_minute_also_when_asked_for_at_once(server):
    visitors = [Visitor(server) for _ in range(16)]
    tokens = [visitor.token() for visitor in visitors]

    def sign_up(n):
        return visitors[n].post("/auth/register", sign_up_fields(), tokens[n]).status
    statuses = in_threads(16, sign_up)
    assert statuses.count(429) == 6 and set(statuses) <= {303, 429, 503}


# What is no attempt.

def test_a_busy_moment_is_no_attempt_and_leaves_no_lock(stack, mysql, postgresql, sql):
    """One slot, held by a hash of cost 14; a single failure would lock."""
    server = stack.start("lighttpd", {"GATEHOUSE_SERVER_HASH_SLOTS": "1", "GATEHOUSE_SERVER_HASH_WAIT_MS": "0",
                                      "GATEHOUSE_THROTTLE_FAILURES": "1"})
    slow, person = add_person(mysql, stored=bcrypt("x", 14)), add_person(mysql)
    bucket = "account_and_address user:%s 127.0.0.1"
    holder = threading.Thread(target=lambda: Visitor(server).post_json("/login", {"username": slow.username, "password": "wrong"}))
    holder.start()
    # counted: from now on it hashes
    assert wait_until(lambda: sql(postgresql, "SELECT 1 FROM gatehouse_throttle WHERE bucket = %s", bucket % slow.id))
    statuses = [try_in(Visitor(server), person).status for _ in range(3)]
    holder.join()
    assert statuses == [503] * 3
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_throttle WHERE bucket = %s AND (locks > 0 OR attempts <> '{}')",
               bucket % person.id) == (0,)
    assert sql(postgresql, "SELECT locks FROM gatehouse_throttle WHERE bucket = %s", bucket % slow.id) == (1,)
    assert try_in(Visitor(server), person).status == 200
    server.stop()


# Addresses that a loopback network does not have: one program, run as plain CGI.

@pytest.fixture
def guess_from(stack, server):
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "app"
    configuration = stack.call("configuration", server.name, stack.folder, server.port).strip()

    def guess(address, name, password="wrong"):
        body = json.dumps({"username": name, "password": password})
        done = subprocess.run([program], input=body, capture_output=True, text=True, env={
            "GATEHOUSE_CONF": configuration, "REQUEST_METHOD": "POST", "REQUEST_URI": "/auth/login", "REMOTE_ADDR": address,
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "GATEWAY_INTERFACE": "CGI/1.1"})
        return int(re.match(r"Status: (\d+)", done.stdout).group(1))
    return guess


def test_an_ipv6_network_of_64_bits_is_one_address(guess_from, person):
    statuses = [guess_from(f"2001:db8:1:2::{n}", person.username) for n in range(1, 7)]
    assert statuses == [401] * 5 + [429]
    assert guess_from("2001:db8:1:2:ffff:ffff:ffff:ffff", person.username, person.password) == 429
    assert guess_from("2001:db8:1:3::1", person.username, person.password) == 200


def test_an_ipv4_address_is_the_same_in_ipv6_clothes(guess_from, person):
    statuses = [guess_from(("192.0.2.7", "::ffff:192.0.2.7")[n % 2], person.username) for n in range(6)]
    assert statuses == [401] * 5 + [429]
    assert guess_from("::ffff:192.0.2.8", person.username, person.password) == 200


# The operator.

def listed(stack):
    done = stack.command("throttle", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {(one["kind"], one["account"], one["address"]): one for one in json.loads(done.stdout)}


def test_an_operator_sees_what_is_locked_and_counted(stack, server, guess, person):
    assert stack.command("throttle", "list").stdout == "Nothing is locked or counted at the moment.\n"
    home = known(server, person)
    assert home.post("/auth/login", {"username": person.username, "password": "wrong"}).status == 401
    lock(guess, person)
    for _ in range(3):
        guess("my secret passphrase", "127.0.0.2")
    account, rows = f"user:{person.id}", listed(stack)
    pair = rows["account_and_address", account, "127.0.0.1"]
    assert (pair["attempts"], pair["limit"], pair["window_seconds"], pair["locks"], pair["device"]) == (5, 5, 900, 1, None)
    assert 880 < pair["seconds_left"] <= 900
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", pair["locked_until"])
    for key, counts in ((("account", account, None), (5, 100, 3600)), (("address", None, "127.0.0.1"), (5, 20, 3600)),
                        (("endpoint", None, "127.0.0.1"), (5, 10, 60)), (("device", account, None), (1, 5, 900)),
                        (("address", None, "127.0.0.2"), (3, 20, 3600))):
        row = rows[key]
        assert (row["attempts"], row["limit"], row["window_seconds"]) == counts, key
        assert row["locked_until"] is None and row["seconds_left"] == 0, key
    assert rows["device", account, None]["device"] == home.cookies[COOKIE].split(".")[1]
    text = stack.command("throttle", "list").stdout
    assert re.search(rf"^account_and_address +{account} +127\.0\.0\.1 +5 of 5 in 15 minutes; "
                     r"locked for another 15 minutes, until 20\S+Z$", text, re.M)
    assert re.search(r"^address +- +127\.0\.0\.2 +3 of 20 in 60 minutes$", text, re.M)
    assert "secret" not in text and any(re.fullmatch(r"name:[0-9a-f]{32}", name or "") for _, name, _ in rows)


def test_an_operator_lets_a_person_or_an_address_try_again(stack, server, guess, person, mysql):
    def clear(what):
        done = stack.command("throttle", "clear", what)
        assert done.returncode == 0, done.stderr
        return done.stdout
    lock(guess, person)
    assert clear(person.email.upper()) == "2 cleared\n"  # with the address, and from anywhere
    assert try_in(Visitor(server), person).status == 200
    for _ in range(5):
        guess("nobody-here")
    assert clear("nobody-here") == "2 cleared\n"
    assert not any(account for kind, account, _ in listed(stack) if kind != "success")
    assert guess(person, "127.0.0.2").status == 401
    assert try_in(Visitor(server), person).status == 429  # the address failed ten times by now
    assert clear("127.0.0.1") == "2 cleared\n"
    assert set(listed(stack)) == {("account_and_address", f"user:{person.id}", "127.0.0.2"), ("account", f"user:{person.id}", None),
                                  ("address", None, "127.0.0.2"), ("endpoint", None, "127.0.0.2"),
                                  ("success", f"user:{person.id}", None)}
    assert clear("2001:db8::1") == "0 cleared\n"
    assert clear("all") == "5 cleared\n"
    assert listed(stack) == {}


def test_words_that_make_no_sense_get_the_usage(stack):
    for words in ((), ("list", "x"), ("list", "--json", "x"), ("clear",), ("clear", ""), ("clear", "a", "b"), ("x",)):
        done = stack.command("throttle", *words)
        assert done.returncode == 2 and "gatehousectl throttle list" in done.stderr, words


def test_what_says_nothing_any_more_is_thrown_away(stack, guess, person, clock, postgresql, sql):
    lock(guess, person)
    clock(hours=25, minutes=16)
    done = stack.command("session", "clean")
    assert done.returncode == 0 and "4 finished throttle counters thrown away" in done.stdout
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_throttle") == (0,)


def test_the_log_says_which_lock_began_and_never_what_was_typed(stack, server, guess, person):
    log = stack.folder / "log" / f"{server.name}-{server.port}.log"
    start = len(log.read_text())
    lock(guess, person, "127.0.0.40")
    for _ in range(6):
        guess("my secret passphrase", "127.0.0.40")
    lines = log.read_text()[start:]
    # the last one is there until the first of the ten slides out, which took a moment
    assert re.fullmatch(rf"kind=account_and_address user={person.id} address=127.0.0.40 seconds=900\n"
                        r"kind=account_and_address user=- address=127.0.0.40 seconds=900\n"
                        r"kind=endpoint user=- address=127.0.0.40 seconds=[56]\d",
                        "\n".join(re.findall(r"warning throttled request=\w+ (.*)", lines)))
    assert "secret" not in lines and person.username not in lines


def test_signing_in_again_and_again_has_a_limit_too(server, person, mysql, clock):
    """Each is a hash, a session and an entry in the trail; a program keeps its session."""
    def signs_in(who):
        return Visitor(server).post_json("/auth/login", {"username": who.username, "password": who.password})
    for _ in range(100):
        assert signs_in(person).status == 200
    reply = signs_in(person)
    assert reply.status == 429 and 3500 < int(reply.headers["Retry-After"]) <= 3600
    assert signs_in(add_person(mysql)).status == 200
    clock(minutes=61)
    assert signs_in(person).status == 200

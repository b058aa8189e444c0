"""Two programs at one session: what was ended stays ended, whoever else had it in hand.

Each round lets real requests at two web servers go at the same moment, a thousand times, one of them a little
later from round to round, up to as long as they take, so that every order of their steps comes up."""
import http.client
import json
import queue
import threading
import time

import pytest

from support.site import Visitor, add_person, bcrypt
from support.stack import IS_SANITIZED

# With sanitizers, which look at memory and not at the order of statements, a tenth will do.
ROUNDS = 100 if IS_SANITIZED else 1000
SWEEP = 41  # rounds in which the one goes ever less later, then the other ever more


class Line:
    """A connection that is kept, as a browser keeps its own; asks as a program."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def send(self, method, path, key, body=None, token=None):
        headers = {"Accept": "application/json", "Cookie": f"sessionid={key}" if key else ""}
        if token:
            headers.update({"X-CSRFToken": token, "Cookie": headers["Cookie"] + f"; csrftoken={token}"})
        if body is not None:
            headers["Content-Type"] = "application/json"
        for last in (False, True):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                self.connection.request(method, path, body, headers)
                reply = self.connection.getresponse()
                return reply.status, json.loads(reply.read()), reply.headers
            except (ConnectionError, http.client.RemoteDisconnected):
                self.connection = None  # the server ends a connection after some hundred requests
                if last:
                    raise

    def page(self, key):
        return self.send("GET", "/protected", key)[0]


class Racer(threading.Thread):
    """Does the first of each round's works when all racers are ready."""

    def __init__(self, barrier, place):
        super().__init__(daemon=True)
        self.barrier, self.place = barrier, place
        self.took_s = 0.001  # a work, on average
        self.works, self.results = queue.SimpleQueue(), queue.SimpleQueue()
        self.start()

    def run(self):
        for late, work in iter(self.works.get, None):
            late_s = late * (1 if self.place else -1)
            self.barrier.wait(30)
            start = time.perf_counter() + max(late_s, 0)
            if late_s > 0.001:
                time.sleep(late_s - 0.0005)  # spinning would hold the other one up
            while time.perf_counter() < start:
                pass
            start = time.perf_counter()
            try:
                result = work()
            except Exception as problem:  # the test says it
                result = problem
            self.took_s += (time.perf_counter() - start - self.took_s) / 8
            self.results.put(result)


@pytest.fixture
def race():
    """race(round, work, …): do the works at the same moment; what each gave."""
    racers = []

    def run(round_, *works):
        if not racers:
            barrier = threading.Barrier(len(works))
            racers.extend(Racer(barrier, place) for place in range(len(works)))
        late_s = max(racer.took_s for racer in racers) * (round_ % SWEEP / (SWEEP // 2) - 1)
        for racer, work in zip(racers, works):
            racer.works.put((late_s, work))
        results = [racer.results.get(timeout=60) for racer in racers]
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results
    yield run
    for racer in racers:
        racer.works.put(None)
        racer.join()


def pair_of_servers(stack, **settings):
    extra = {f"GATEHOUSE_{name.upper()}": value for name, value in settings.items()}
    return stack.start("lighttpd", extra), stack.start("nginx", extra)


@pytest.fixture(scope="module")
def servers(stack):
    """A program with threads behind each of two web servers; hashes as stored, for speed."""
    pair = pair_of_servers(stack, users_rehash="off")
    yield pair
    for server in pair:
        server.stop()


@pytest.fixture(scope="module")
def shared_servers(stack):
    """The same, with a Django project on the same users table."""
    pair = pair_of_servers(stack, users_rehash="off", django_identity="shared_table")
    yield pair
    for server in pair:
        server.stop()


@pytest.fixture(autouse=True)
def nobody_waits_in_a_ring(stack):
    """A deadlock is tried again and so seldom seen, but it costs a second."""
    log = stack.folder / "log" / "postgresql.log"
    start = log.stat().st_size
    yield
    with log.open(errors="replace") as lines:
        lines.seek(start)
        assert "deadlock detected" not in lines.read()


@pytest.fixture
def quick_person(mysql):
    return add_person(mysql, stored=bcrypt("correct horse battery", 4))


class Rows:
    """Sessions as rows: like a real one, under other keys."""

    def __init__(self, connection, key):
        self.cursor, self.key = connection.cursor(), key

    def one(self, statement, *parameters):
        self.cursor.execute(statement, parameters)
        return self.cursor.fetchone()

    def add(self, *keys):
        """Such that were last used two minutes ago, so that their next use is noted."""
        self.add_as_django(*keys)
        self.cursor.execute(
            "INSERT INTO gatehouse_session (session_key, user_id, username, created_at, last_seen_at, authenticated_at, user_checked_at, "
            "address, expires_at, ends_at, step_seconds, idle_seconds) SELECT one, user_id, username, created_at, "
            "last_seen_at - interval '2 minutes', authenticated_at, user_checked_at, address, expires_at, ends_at, step_seconds, idle_seconds "
            "FROM gatehouse_session, unnest(%s) one WHERE session_key = %s", (list(keys), self.key))

    def add_as_django(self, *keys):
        """As Django makes them, without a companion."""
        self.cursor.execute("INSERT INTO django_session SELECT one, session_data, expire_date FROM django_session, unnest(%s) one "
                            "WHERE session_key = %s", (list(keys), self.key))

    def exists(self, key):
        return self.one("SELECT EXISTS (SELECT FROM django_session WHERE session_key = %s) OR "
                        "EXISTS (SELECT FROM gatehouse_session WHERE session_key = %s)", key, key)[0]


def key_of(round_):
    return f"{round_:032d}"


def signed_in(server, person):
    """The key of a sign-in, and a CSRF token."""
    visitor = Visitor(server)
    assert visitor.sign_in(person).status == 303
    return visitor.cookies["sessionid"], visitor.cookies["csrftoken"]


def test_signing_out_while_a_page_notes_the_use(servers, quick_person, race, postgresql):
    key, token = signed_in(servers[0], quick_person)
    rows, lines = Rows(postgresql, key), [Line(server.port) for server in servers]
    seen = set()
    rows.add(*map(key_of, range(ROUNDS)))
    for round_ in range(ROUNDS):
        one = key_of(round_)
        (status, said, _), page = race(round_, lambda: lines[0].send("POST", "/auth/logout", one, "{}", token), lambda: lines[1].page(one))
        assert (status, said["success"]) == (200, True), said
        seen.add(page)
        assert page in (200, 401)
        assert not rows.exists(one) and lines[round_ % 2].page(one) == 401
    assert seen == {200, 401}, "the race was lost as well as won"
    assert lines[0].page(key) == 200
    assert rows.one("SELECT count(*), count(DISTINCT session) FROM gatehouse_audit WHERE event = 'sign_out' AND user_id = %s",
                    str(quick_person.id)) == (ROUNDS, ROUNDS)


def test_ending_all_others_while_one_of_them_is_used(servers, quick_person, race, postgresql):
    key, token = signed_in(servers[0], quick_person)
    rows, lines = Rows(postgresql, key), [Line(server.port) for server in servers]
    seen = set()
    for round_ in range(ROUNDS):
        one = key_of(round_)
        rows.add(one)
        (status, said, _), page = race(round_, lambda: lines[0].send("POST", "/devices/end-others", key, "{}", token), lambda: lines[1].page(one))
        assert (status, said["logged_out_sessions"]) == (200, 1), said
        seen.add(page)
        assert page in (200, 401)
        assert not rows.exists(one) and lines[round_ % 2].page(one) == 401
    assert seen == {200, 401}
    assert lines[1].page(key) == 200
    assert rows.one("SELECT count(*), count(DISTINCT session) FROM gatehouse_audit WHERE event = 'session_ended' AND "
                    "reason = 'by_person' AND user_id = %s", str(quick_person.id)) == (ROUNDS, ROUNDS)


def test_a_session_of_djangos_is_adopted_and_saved_while_it_is_ended(stack, shared_servers, quick_person, race, postgresql):
    """Django's save() updates its row by key, and never inserts one that was there before."""
    key, token = signed_in(shared_servers[0], quick_person)
    rows, lines = Rows(postgresql, key), [Line(server.port) for server in shared_servers]
    django = stack.postgresql().cursor()
    seen = set()
    rows.add_as_django(*map(key_of, range(ROUNDS)))
    for round_ in range(ROUNDS):
        one = key_of(round_)

        def save():
            django.execute("UPDATE django_session SET session_data = session_data, expire_date = now() + interval '14 days' "
                           "WHERE session_key = %s", (one,))
            return django.rowcount
        page, (status, said, _), saved = race(round_, lambda: lines[1].page(one),
                                              lambda: lines[0].send("POST", "/auth/logout", one, "{}", token), save)
        assert (status, said["success"]) == (200, True), said
        assert page in (200, 401) and saved in (0, 1)
        seen |= {page, saved}
        assert not rows.exists(one) and lines[round_ % 2].page(one) == 401
    assert seen == {200, 401, 0, 1}
    assert lines[1].page(key) == 200


def test_signing_in_at_once_never_exceeds_the_limit(servers, quick_person, race, stack, postgresql):
    """With one place: whoever comes last has it. In half of the rounds one of them already had a session, which
    its new one takes the place of."""
    assert stack.command("policy", "set", str(quick_person.username), "authenticated", "concurrent=1").returncode == 0
    rows, lines = Rows(postgresql, None), [Line(server.port) for server in servers]
    body = json.dumps({"username": quick_person.username, "password": quick_person.password})
    key, token = signed_in(servers[0], quick_person)
    for round_ in range(ROUNDS):
        before = [(key, token) if round_ % 2 == place and round_ % 4 < 2 else (None, None) for place in (0, 1)]
        replies = race(round_, *(lambda line=line, had=had: line.send("POST", "/auth/login", had[0], body, had[1])
                                 for line, had in zip(lines, before)))
        assert [status for status, _, _ in replies] == [200, 200], [said for _, said, _ in replies]
        cookies = [dict(line.split(";")[0].split("=", 1) for line in headers.get_all("Set-Cookie")) for _, _, headers in replies]
        left = rows.one("SELECT array_agg(session_key) FROM gatehouse_session WHERE user_id = %s", str(quick_person.id))[0]
        assert len(left) == 1
        key, token = next((cookie["sessionid"], cookie["csrftoken"]) for cookie in cookies if cookie["sessionid"] == left[0])
        assert lines[round_ % 2].page(key) == 200


def test_ending_all_and_signing_in_at_once_never_wait_for_each_other(servers, quick_person, race, postgresql):
    key, token = signed_in(servers[0], quick_person)
    rows, lines = Rows(postgresql, key), [Line(server.port) for server in servers]
    body = json.dumps({"username": quick_person.username, "password": quick_person.password})
    for round_ in range(ROUNDS):
        rows.add(*(key_of(round_ * 10 + other) for other in range(6)))
        (ended, said, _), (signed, _, headers) = race(
            round_, lambda: lines[0].send("POST", "/devices/end-others", key, "{}", token),
            lambda: lines[1].send("POST", "/auth/login", key_of(round_ * 10), body, token))
        assert (ended, signed) == (200, 200) or (ended, signed) == (401, 200), said
        if ended == 401:
            key, token = signed_in(servers[0], quick_person)
            rows.key = key

"""The login wall when something is broken: PostgreSQL or the gate killed, hanging or slow in the middle
of traffic. Nothing is let through that could not be checked, and all of it comes back by itself.

These stop servers, so they have databases of their own."""
import concurrent.futures
import itertools
import os
import pathlib
import secrets
import signal
import threading
import time

import pytest

from support.site import Visitor, add_person
from support.stack import SERVERS, Stack, wait_until
from support.wall import Backends, WalledSite, all_recipes, exchange, signed_in

PATHS = ["/members/page.html", "/members/asset-1.svg", "/intranet/who.php", "/app/"]


@pytest.fixture(scope="module")
def broken(request):
    """A stack, its walled site, and the servers by name."""
    names = [name for name in request.config.getoption("--servers").split(",") if name in SERVERS]
    stack = Stack()
    for name in ("behind", "walled"):
        (stack.folder / name).mkdir()
    backends = Backends(stack, stack.folder / "behind")
    site = WalledSite(stack, stack.folder / "walled", backends)
    configuration = site.write("all", *(all_recipes(kind) for kind in ("apache", "lighttpd", "nginx")))
    yield stack, {name: site.start(name, configuration) for name in names}
    backends.stop()
    stack.stop()


@pytest.fixture
def person(broken):
    mysql = broken[0].mysql()
    person = add_person(mysql)
    mysql.close()
    return person


def ended(server, person):
    """Somebody whose sign-in is over, with the cookie still there."""
    visitor = signed_in(server, person)
    cookies = dict(visitor.cookies)
    assert visitor.post("/auth/logout", {}).status == 303
    visitor.cookies = cookies
    return visitor


def made_up(server):
    visitor = Visitor(server)
    visitor.cookies["sessionid"] = secrets.token_hex(16)
    return visitor


def kill_postgresql(stack):
    """At once and without a good-bye, as a power failure does; its children follow."""
    pid = int(stack.call("pid", "postgresql", stack.folder))
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10)
    stack.call("stop-postgresql", stack.folder)  # what is left of it


def gate_pids(stack, server):
    """The processes of the gate behind this server: those with its configuration."""
    name = f"{server.name}-{server.port}/".encode()
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"/cgi-bin/gate") and name in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def started_again(stack, server):
    """As a service manager does; mod_fcgid and lighttpd do it themselves."""
    if server.name in ("nginx", "apache-proxy"):
        stack.call("restart-program", server.name, stack.folder, server.port, "gate", extra=server.extra)


class Traffic:
    """Threads that ask for walled places without a pause, and remember every answer."""

    def __init__(self, valid, others):
        self.valid, self.others = valid, others
        self.done = threading.Event()
        self.let_in = 0
        self.statuses = set()
        self.wrong = []
        self.threads = [threading.Thread(target=self._ask, args=(visitor, visitor in valid)) for visitor in valid + others]

    def _ask(self, visitor, may):
        for path in itertools.cycle(PATHS):
            if self.done.is_set():
                return
            asking = Visitor(visitor.server)  # its own cookies: what an answer sets is not kept
            asking.cookies, asking.headers = dict(visitor.cookies), visitor.headers
            try:
                reply = asking.get(path)
            except OSError:
                continue
            except Exception as broken:  # an answer that breaks off must not hold anything either
                self.wrong.append(f"{visitor.server.name} {path}: {broken!r}")
                continue
            self.statuses.add((may, reply.status))
            if may:
                self.let_in += reply.status == 200
                # Never told to sign in again because of an outage.
                if reply.status not in (200, 500, 502, 503, 504):
                    self.wrong.append(f"{visitor.server.name} {path}: a member got {reply.status} {reply.location}")
            elif reply.status == 200 or b"SECRET" in reply.body:
                self.wrong.append(f"{visitor.server.name} {path}: a stranger got {reply.status} {reply.body[:80]}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.done.set()
        for thread in self.threads:
            thread.join()


def at_once(check, visitors):
    with concurrent.futures.ThreadPoolExecutor(len(visitors)) as pool:
        list(pool.map(check, visitors))


def until_everybody_gets_in(members):
    """The seconds it takes from now on."""
    start = time.monotonic()
    waiting = [(member, path) for member in members for path in PATHS]
    while waiting and time.monotonic() - start < 10:
        waiting = [(member, path) for member, path in waiting if Visitor.get(member, path).status != 200]
    assert not waiting, [(member.server.name, path) for member, path in waiting]
    return time.monotonic() - start


def until_everybody_signs_in(members, person):
    """The same for another program, which asks a database that was gone only once a second."""
    start = time.monotonic()
    for member in members:
        body = {"username": person.username, "password": person.password}
        while Visitor(member.server, html=False).post_json("/auth/login", body).status != 200:
            assert time.monotonic() - start < 10, member.server.name
            time.sleep(0.5)  # there is a limit on attempts
    return time.monotonic() - start


@pytest.mark.parametrize("name", SERVERS)
def test_killing_postgresql_and_the_gate_lets_nobody_through(broken, person, name):
    stack, servers = broken
    if name not in servers:
        pytest.skip("was not asked for")
    server = servers[name]
    members = [signed_in(server, person) for _ in range(2)]
    others = [ended(server, person), ended(server, person), made_up(server), made_up(server), Visitor(server)]
    others += [Visitor(server, html=False)]
    with Traffic(members, others) as traffic:
        took = []
        for _ in range(3):
            before = traffic.let_in
            assert wait_until(lambda: traffic.let_in > before + 5, 10)  # in full swing
            kill_postgresql(stack)
            assert wait_until(lambda: (True, 503) in traffic.statuses, 10), traffic.statuses
            stack.call("start-postgresql", stack.folder)
            took.append(until_everybody_gets_in(members))
        assert max(took) < 2, took
        for _ in range(3):
            before = traffic.let_in
            assert wait_until(lambda: traffic.let_in > before + 5, 10)
            for pid in gate_pids(stack, server):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            started_again(stack, server)
            assert wait_until(lambda: all(Visitor.get(member, PATHS[0]).status == 200 for member in members), 10)
        before = traffic.let_in
        assert wait_until(lambda: traffic.let_in > before + 5, 10)
    assert traffic.wrong == []
    assert (False, 303) in traffic.statuses and (False, 401) in traffic.statuses


def test_without_postgresql_walled_places_are_closed_and_public_ones_open(broken, person):
    stack, servers = broken
    members = [signed_in(server, person) for server in servers.values()]
    stack.call("stop-postgresql", stack.folder)
    try:
        for member in members:
            for path in PATHS + ["/staff/page.html", "/unknown/page.html", "/members/nothing-here"]:
                reply = member.get(path)
                assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0, (member.server.name, path, reply.status)
                assert b"SECRET" not in reply.body and "does not answer" in reply.text
            program = Visitor(member.server, html=False)
            program.cookies = dict(member.cookies)
            reply = program.get("/members/page.html")
            assert reply.status == 503 and reply.json["error"] == "unavailable"
            stranger = Visitor(member.server)  # has nothing that could be checked
            assert stranger.get("/members/page.html").status == 303
            for visitor in (member, stranger):
                for path in ("/open/page.html", "/members/inner/page.html", "/free/page.html"):
                    assert visitor.get(path).status == 200, (member.server.name, path)
    finally:
        stack.call("start-postgresql", stack.folder)
    assert until_everybody_gets_in(members) < 2
    assert until_everybody_signs_in(members, person) < 2


def postgresql_processes(stack):
    """Its first process and all that it started."""
    first = int(stack.call("pid", "postgresql", stack.folder))
    found = [first]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == first:
            found.append(int(process.name))
    return found


def test_a_database_that_hangs_closes_the_wall_in_time(broken, person):
    """It takes connections and says nothing: worse than one that is gone."""
    stack, servers = broken
    members = [signed_in(server, person) for server in servers.values()]
    for member in members:
        assert member.get("/members/page.html").status == 200
    stopped = postgresql_processes(stack)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)

    def is_closed(member):
        start = time.monotonic()
        reply = member.get("/members/page.html")
        assert reply.status == 503 and b"SECRET" not in reply.body, (member.server.name, reply.status)
        assert int(reply.headers["Retry-After"]) > 0
        assert member.get("/open/page.html").status == 200
        assert time.monotonic() - start < 25
        assert b"SECRET" not in made_up(member.server).get("/members/page.html").body
        assert Visitor(member.server).get("/members/page.html").status == 303
    try:
        at_once(is_closed, members)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert until_everybody_gets_in(members) < 2
    assert until_everybody_signs_in(members, person) < 2


def test_a_gate_that_hangs_lets_nobody_through(broken, person):
    """Stopped in the middle of its work, so that nothing answers: an error after a while, never the page."""
    stack, servers = broken
    members = [signed_in(server, person) for server in servers.values()]
    for member in members:  # so that mod_fcgid has started one for each rule
        assert member.get("/members/page.html").status == 200
    stopped = [pid for server in servers.values() for pid in gate_pids(stack, server)]
    assert len(stopped) >= len(servers)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    replies = {}

    def ask(member, cookies):
        line = "".join(f"Cookie: sessionid={value}\r\n" for value in cookies)
        asked = f"GET /members/page.html HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n{line}\r\n"
        replies[member.server.name, bool(cookies)] = exchange(member.server.port, asked.encode(), 70)
    try:
        threads = [threading.Thread(target=ask, args=(member, cookies)) for member in members
                   for cookies in ([], [member.cookies["sessionid"]])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for pid in stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
    for (name, is_member), reply in replies.items():
        status = reply.split(b" ")[1]
        assert status in (b"500", b"502", b"503", b"504") or status == (b"200" if is_member else b"303"), (name, is_member, reply[:200])
        # mod_fcgid may start another gate when the first does not answer; that one knows the member
        assert b"SECRET" not in reply or (name, is_member) == ("apache", True), (name, is_member)
    for member in members:
        assert wait_until(lambda: member.get("/members/page.html").status == 200, 20), member.server.name


def test_a_gate_that_is_gone_lets_nobody_through(broken, person):
    """Ended, and not to be started again: its program is not there any more."""
    stack, servers = broken
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "gate"
    members = [signed_in(server, person) for server in servers.values()]
    away = program.with_name("gate.away")
    program.rename(away)

    def is_closed(member):
        # mod_fcgid tries for many seconds before it gives up, so it is asked less often.
        for path in PATHS[:1] if member.server.name == "apache" else PATHS:
            for visitor in (member, Visitor(member.server), made_up(member.server)):
                reply = visitor.get(path)
                assert b"SECRET" not in reply.body
                assert reply.status in (500, 502, 503, 504) or (visitor is not member and reply.status == 303), \
                    (member.server.name, path, reply.status)
    try:
        for server in servers.values():
            for pid in gate_pids(stack, server):
                os.kill(pid, signal.SIGKILL)
        at_once(is_closed, members)
        for member in members:
            assert member.get("/dashboard").status == 200  # Gatehouse's own pages need no gate
    finally:
        away.rename(program)
    for server in servers.values():
        started_again(stack, server)
    for member in members:
        assert wait_until(lambda: member.get("/members/page.html").status == 200, 20), member.server.name


def test_a_gate_that_answers_rubbish_lets_nobody_through(broken, person):
    """Another program in the gate's place: lighttpd and mod_fcgid start it; the others find it listening."""
    stack, servers = broken
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "gate"
    members = [signed_in(server, person) for name, server in servers.items() if name in ("apache", "lighttpd")]
    if not members:
        pytest.skip("needs a server that starts the gate")
    away, other = program.with_name("gate.away"), program.with_name("gate.other")

    def is_closed(visitor):
        reply = visitor.get("/members/page.html")
        assert b"SECRET" not in reply.body and reply.status in (303, 500, 502, 503, 504), (visitor.server.name, reply.status)
    for script in ("#!/bin/sh\nexit 0\n", "#!/bin/sh\nprintf 'Status: 200 OK\\r\\n\\r\\n'; sleep 1\n"):
        other.write_text(script)
        other.chmod(0o755)
        program.rename(away)
        other.rename(program)
        try:
            for member in members:
                for pid in gate_pids(stack, member.server):
                    os.kill(pid, signal.SIGKILL)
            at_once(is_closed, [visitor for member in members for visitor in (member, Visitor(member.server))])
        finally:
            away.rename(program)
    for member in members:
        assert wait_until(lambda: member.get("/members/page.html").status == 200, 20), member.server.name

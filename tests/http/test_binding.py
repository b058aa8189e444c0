"""Where a session may be used from: its address and its browser, also behind proxies.

Loopback addresses are real ones: 127.0.0.1 and 127.0.0.2 lie in one /24, 127.0.1.1 in another. Addresses
of the wide world come through the server's own module for proxies, set up with the lines of docs/SESSIONS.md."""
import os
import pathlib
import re
import signal

import pytest

from support.sessions import BROWSER, PHONE, become, begin_guest, kind_of, sign_in
from support.site import Visitor, add_person
from support.stack import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE, NEAR, FAR = "127.0.0.1", "127.0.0.2", "127.0.1.1"


def at(visitor, address=None, browser=None):
    """The same cookies from another address or browser."""
    other = Visitor(visitor.server, address=address or visitor.address)
    other.headers = {**visitor.headers, **({"User-Agent": browser} if browser else {})}
    other.cookies = visitor.cookies
    return other


@pytest.fixture
def limit(stack):
    def limit(person, *limits):
        done = stack.command("policy", "set", person.username, "authenticated", *limits)
        assert done.returncode == 0, done.stderr
    return limit


@pytest.fixture
def entries(postgresql):
    """entries(person): what the audit trail says of their sessions' endings and moves, in order."""
    def read(person):
        with postgresql.cursor() as cursor:
            cursor.execute("SELECT event, reason, host(address) FROM gatehouse_audit WHERE user_id = %s "
                           "AND event NOT IN ('sign_in', 'policy_changed', 'group_changed') ORDER BY id", (str(person.id),))
            return cursor.fetchall()
    return read


# Addresses.

@pytest.mark.parametrize("binding, near, far", [
    ("off", True, True), ("log", True, True), ("subnet", True, False), ("strict", False, False)])
def test_a_binding_says_how_near_is_near_enough(one_site, person, limit, binding, near, far):
    limit(person, f"bind_address={binding}", "concurrent=0")
    for address, expected in ((HERE, True), (NEAR, near), (FAR, far)):
        visitor = sign_in(one_site, person, HERE)
        assert (kind_of(at(visitor, address)) == "authenticated") == expected, address
        assert (kind_of(visitor) == "authenticated") == expected, "what ended is over everywhere"


def test_a_changed_address_ends_the_session_and_says_why(site, person, entries):
    visitor = sign_in(site, person, HERE)
    reply = at(visitor, FAR).get("/dashboard?page=2")
    assert reply.status == 303
    assert reply.location == "/auth/login?next=%2Fdashboard%3Fpage%3D2&notice=moved"
    page = at(visitor, FAR).get(reply.location)
    assert "another network" in page.text and page.value("next") == "/dashboard?page=2"
    assert entries(person) == [("session_ended", "address", FAR)]
    assert visitor.get("/dashboard").location == "/auth/login?next=%2Fdashboard&notice=moved"


def test_a_form_and_a_program_are_told_too(one_site, person, mysql):
    visitor = sign_in(one_site, person, HERE)
    token = visitor.token("/chat/")
    page = at(visitor, FAR).post("/chat", {"message": "my long text"}, token, {"Origin": one_site.url})
    assert page.status == 401 and "another network or browser" in page.text
    assert "my+long+text" in page.text or "my%20long%20text" in page.text, "what was typed is kept"
    program = sign_in(one_site, add_person(mysql), HERE)
    reply = at(program, FAR).get("/protected", headers={"Accept": "application/json"})
    assert (reply.status, reply.json["error"], reply.json["detail"]) == (401, "session_moved", "Invalid or expired session")
    assert reply.json["login_url"] == "/auth/login" and reply.headers["WWW-Authenticate"] == "Bearer"


def test_where_it_is_only_logged_it_goes_on_and_is_noted_once(one_site, person, entries, postgresql, sql):
    visitor = sign_in(one_site, person, HERE, remember_me="1")
    for _ in range(3):
        assert kind_of(at(visitor, FAR)) == "authenticated"
    assert entries(person) == [("address_changed", None, FAR)]
    assert sql(postgresql, "SELECT host(address) FROM gatehouse_session WHERE user_id = %s", str(person.id)) == (FAR,)


def test_a_move_within_the_network_is_nobodys_business(one_site, person, entries):
    visitor = sign_in(one_site, person, HERE)
    for address in (NEAR, "127.0.0.254", HERE):
        assert kind_of(at(visitor, address)) == "authenticated"
    assert entries(person) == []


def test_small_steps_lead_nowhere(one_site, person, limit, clock):
    """The network is that of the beginning, not of the last request."""
    limit(person, "bind_address=subnet", "bind_browser=log")
    visitor = sign_in(one_site, person, HERE)
    assert kind_of(at(visitor, "127.0.0.200", PHONE)) == "authenticated"
    clock(minutes=2)
    assert kind_of(at(visitor, "127.0.0.201")) == "authenticated"
    assert kind_of(at(visitor, FAR)) is None


# Browsers.

@pytest.mark.parametrize("binding, goes_on, noted", [
    ("off", True, []), ("log", True, [("browser_changed", None, HERE)]),
    ("subnet", True, [("browser_changed", None, HERE)]), ("strict", False, [("session_ended", "browser", HERE)])])
def test_another_browser(one_site, person, limit, entries, binding, goes_on, noted):
    limit(person, f"bind_browser={binding}")
    visitor = sign_in(one_site, person, HERE)
    other = at(visitor, browser=PHONE)
    assert (kind_of(other) == "authenticated") == goes_on
    assert (kind_of(other) == "authenticated") == goes_on
    assert entries(person) == noted


def test_a_very_long_browser_name_is_compared_as_it_is_kept(one_site, person, limit):
    limit(person, "bind_browser=strict")
    visitor = sign_in(one_site, person, HERE, browser="x" * 299 + "ü" * 50)
    assert kind_of(visitor) == "authenticated"


# What kinds have by default.

@pytest.mark.parametrize("kind, near, far, browser", [
    ("anonymous", True, True, True), ("authenticated", True, False, True), ("sso", False, False, False),
    ("admin", False, False, False), ("api", True, True, True)])
def test_each_kind_is_bound_as_the_table_says(one_site, mysql, postgresql, stack, kind, near, far, browser):
    for address, name, expected in ((HERE, BROWSER, True), (NEAR, BROWSER, near), (FAR, BROWSER, far), (HERE, PHONE, browser)):
        person = add_person(mysql)
        if kind == "admin":
            assert stack.command("group", "add", "administrators", person.username).returncode == 0
        visitor = sign_in(one_site, person, HERE)
        if kind not in ("authenticated", "admin"):
            become(postgresql, visitor, kind)
        assert (kind_of(at(visitor, address, name)) == kind) == expected, (address, name)


def test_a_guest_is_bound_to_the_address(stack, mysql):
    site = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        guest = begin_guest(site, add_person(mysql).email, HERE)
        assert kind_of(at(guest, browser=PHONE)) == "bot"
        assert kind_of(at(guest, NEAR)) is None
        assert kind_of(guest) is None
    finally:
        site.stop()


# Headers, and proxies.

CLAIMS = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7", "Forwarded": "for=198.51.100.7",
          "Client-IP": "198.51.100.7", "True-Client-IP": "198.51.100.7", "X-Client-IP": "198.51.100.7",
          "X-Cluster-Client-IP": "198.51.100.7", "CF-Connecting-IP": "198.51.100.7", "Remote-Addr": "198.51.100.7"}


@pytest.fixture
def address_of(postgresql, sql):
    def read(visitor):
        return sql(postgresql, "SELECT host(address) FROM gatehouse_session WHERE session_key = %s",
                   visitor.cookies["sessionid"])[0]
    return read


def test_what_a_client_says_of_its_address_counts_for_nothing(site, person, address_of):
    visitor = Visitor(site, address=FAR)
    visitor.headers.update(CLAIMS)
    assert visitor.sign_in(person).status == 303
    assert address_of(visitor) == FAR
    for name in list(CLAIMS):
        visitor.headers.pop(name)
    assert kind_of(visitor) == "authenticated"


# Of docs/SESSIONS.md, the block with these words; and where it goes in the private server's configuration.
PROXY_LINES = {
    "apache": "RemoteIPHeader", "apache-proxy": "RemoteIPHeader", "lighttpd": "extforward.forwarder",
    "nginx": "set_real_ip_from",
}


def documented(word):
    text = (ROOT / "docs" / "SESSIONS.md").read_text()
    found = [block for block in re.findall(r"^```\w+\n(.*?)^```$", text, re.M | re.S) if word in block]
    assert len(found) == 1, f"docs/SESSIONS.md has {len(found)} blocks with {word}"
    lines = found[0]
    assert "192.0.2.10" in lines, "the proxy's address in the example"
    return lines.replace("192.0.2.10", HERE)


@pytest.fixture
def changed_server(stack):
    """changed_server(name, change): a server whose own configuration went through `change`, read anew."""
    servers = []

    def start(name, change):
        server = stack.start(name)
        servers.append(server)
        path = pathlib.Path(stack.call("configuration", name, stack.folder, server.port).strip()).with_name("server.conf")
        path.write_text(change(path.read_text(), server))
        os.kill(int(stack.call("pid", f"{name}-{server.port}", stack.folder)),
                signal.SIGUSR1 if name == "lighttpd" else signal.SIGHUP)
        return server
    yield start
    for server in servers:
        server.stop()


def put_in(name, text, lines):
    """The lines where an administrator would write them."""
    if name == "nginx":
        assert text.count("\nserver {\n") == 1
        return text.replace("\nserver {\n", "\nserver {\n" + lines)
    if name == "lighttpd":
        return text + lines
    return text + "LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so\n" + lines


def test_behind_a_proxy_the_servers_own_module_says_the_address(site, server_name, changed_server, mysql, address_of, entries):
    """127.0.0.1 is trusted to say who connects, and nobody else is."""
    lines = documented(PROXY_LINES[server_name])
    behind_proxy = changed_server(server_name, lambda text, _: put_in(server_name, text, lines))

    def claimed(person, forwarded, address=HERE):
        visitor = Visitor(behind_proxy, address=address)
        visitor.headers.update({"X-Forwarded-For": forwarded, "User-Agent": BROWSER})
        assert visitor.sign_in(person).status == 303
        return visitor

    def has_read_it():
        try:
            return address_of(claimed(person, "203.0.113.7")) == "203.0.113.7"
        except OSError:  # it takes no connections while it does
            return False
    person = add_person(mysql)
    assert wait_until(has_read_it)

    # the proxy's word counts, and the sessions are bound to it
    person = add_person(mysql)
    visitor = claimed(person, "203.0.113.7")
    visitor.headers["X-Forwarded-For"] = "203.0.113.250"
    assert kind_of(visitor) == "authenticated"
    visitor.headers["X-Forwarded-For"] = "203.0.114.7"
    assert visitor.get("/protected").location.endswith("notice=moved")
    assert entries(person) == [("session_ended", "address", "203.0.114.7")]

    # what the client put in front of it does not
    assert address_of(claimed(add_person(mysql), "192.0.2.77, 203.0.113.7")) == "203.0.113.7"
    # nor anybody's word who is not the proxy
    assert address_of(claimed(add_person(mysql), "203.0.113.7", NEAR)) == NEAR

    # IPv6: a network is a /64, and an IPv4 address may be written as an IPv6 one
    visitor = claimed(add_person(mysql), "2001:db8:1:2::7")
    visitor.headers["X-Forwarded-For"] = "2001:db8:1:2:ffff:ffff:ffff:ffff"
    assert kind_of(visitor) == "authenticated"
    visitor.headers["X-Forwarded-For"] = "2001:db8:1:3::7"
    assert kind_of(visitor) is None
    visitor = claimed(add_person(mysql), "203.0.113.7")
    visitor.headers["X-Forwarded-For"] = "::ffff:203.0.113.8"
    assert kind_of(visitor) == "authenticated"
    visitor.headers["X-Forwarded-For"] = "::ffff:203.0.112.8"
    assert kind_of(visitor) is None


def test_ipv6_and_an_ipv4_address_written_as_one(stack, mysql, address_of, changed_server):
    """nginx takes connections for both on one socket, and then names IPv4 addresses as IPv6 ones."""
    port = stack.free_port()
    server = changed_server("nginx", lambda text, server: text.replace(
        f"listen 127.0.0.1:{server.port};", f"listen 127.0.0.1:{server.port}; listen [::]:{port} ipv6only=off;"))
    both = type("Port", (), {"port": port})

    def answers():
        try:
            return Visitor(both).get("/health").status == 200
        except OSError:
            return False
    assert wait_until(answers)
    visitor = sign_in(both, add_person(mysql))
    assert address_of(visitor) == "::ffff:127.0.0.1"
    visitor.server = server
    assert kind_of(visitor) == "authenticated", "127.0.0.1 is the same address"
    assert kind_of(at(visitor, NEAR)) == "authenticated", "and 127.0.0.2 lies in its network"
    assert kind_of(at(visitor, FAR)) is None

    visitor = Visitor(both)
    visitor.host = "::1"
    visitor.sign_in(add_person(mysql))
    assert address_of(visitor) == "::1"
    assert kind_of(visitor) == "authenticated"
    visitor.host = "127.0.0.1"
    assert kind_of(visitor) is None

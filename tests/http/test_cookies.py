"""The cookies as they go over the wire: every option, and what a signed cookie saves."""
import re
import secrets

import psycopg2
import pytest

from support.site import Visitor, add_person
from support.stack import Stack, wait_until

HTTPS = {"GATEHOUSE_SITE_URL": "https://www.example.org"}


@pytest.fixture
def started(stack):
    servers = []

    def start(**settings):
        extra = {f"GATEHOUSE_{name.upper()}": value for name, value in settings.items()}
        servers.append(stack.start("lighttpd", extra))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


def cookies_of(server, person, **fields):
    """The Set-Cookie lines of a sign-in: name → (value, what follows it)."""
    visitor = Visitor(server)
    page = visitor.get(server.extra.get("GATEHOUSE_SITE_BASE_PATH", "") + "/auth/login")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', page.text).group(1)
    reply = visitor.post(server.extra.get("GATEHOUSE_SITE_BASE_PATH", "") + "/auth/login",
                         {"username": person.username, "password": person.password, **fields}, token)
    assert reply.status == 303, reply.text
    lines = {}
    for line in reply.cookies():
        name, _, rest = line.partition("=")
        value, _, attributes = rest.partition("; ")
        assert name not in lines, "each is set once"
        lines[name] = (value, attributes)
    return visitor, lines


YEAR, CSRF_YEAR = "Max-Age=31536000", "Max-Age=31449600"


@pytest.mark.parametrize("settings, names, session, others", [
    ({}, ("sessionid", "csrftoken", "gatehouse_device"),
     "Path=/; SameSite=Lax; HttpOnly", "Path=/; {}; SameSite=Lax; HttpOnly"),
    ({"site_url": "https://www.example.org"}, ("sessionid", "csrftoken", "gatehouse_device"),
     "Path=/; SameSite=Lax; HttpOnly; Secure", "Path=/; {}; SameSite=Lax; HttpOnly; Secure"),
    ({"site_url": "https://www.example.org", "session_cookie_prefix": "host"},
     ("__Host-sessionid", "__Host-csrftoken", "__Host-gatehouse_device"),
     "Path=/; SameSite=Lax; HttpOnly; Secure", "Path=/; {}; SameSite=Lax; HttpOnly; Secure"),
    ({"site_url": "https://www.example.org", "session_cookie_prefix": "host", "site_base_path": "/members"},
     ("__Host-sessionid", "__Host-csrftoken", "__Host-gatehouse_device"),
     "Path=/; SameSite=Lax; HttpOnly; Secure", "Path=/; {}; SameSite=Lax; HttpOnly; Secure"),
    ({"site_url": "https://www.example.org", "session_cookie_prefix": "secure", "site_base_path": "/members",
      "session_cookie_domain": "example.org"},
     ("__Secure-sessionid", "__Secure-csrftoken", "__Secure-gatehouse_device"),
     "Path=/members; Domain=example.org; SameSite=Lax; HttpOnly; Secure",
     "Path=/members; Domain=example.org; {}; SameSite=Lax; HttpOnly; Secure"),
    ({"site_base_path": "/members/area", "session_cookie_path": "/members", "session_same_site": "Strict"},
     ("sessionid", "csrftoken", "gatehouse_device"),
     "Path=/members; SameSite=Strict; HttpOnly", "Path=/members; {}; SameSite=Lax; HttpOnly"),
    ({"site_url": "https://www.example.org", "session_same_site": "None", "session_cookie_partitioned": "on",
      "session_cookie_name": "gate", "session_csrf_cookie_name": "gatetoken"},
     ("gate", "gatetoken", "gatehouse_device"), "Path=/; SameSite=None; HttpOnly; Secure; Partitioned",
     "Path=/; {}; SameSite=Lax; HttpOnly; Secure; Partitioned"),
])
def test_every_option_on_the_wire(started, person, settings, names, session, others):
    server = started(**settings)
    base = settings.get("site_base_path", "")
    visitor, lines = cookies_of(server, person)
    assert {name: attributes for name, (_, attributes) in lines.items()} == {
        names[0]: session, names[1]: others.format(CSRF_YEAR), names[2]: others.format(YEAR)}
    assert visitor.get(base + "/protected").status == 200, "it is found again under its name"

    _, lines = cookies_of(server, person, remember_me="1")
    place, _, rest = session.partition("; SameSite")
    assert lines[names[0]][1] == f"{place}; Max-Age=2592000; SameSite{rest}"

    # a browser deletes what has the same name, domain and path
    reply = visitor.post(base + "/auth/logout", {}, visitor.token(base + "/protected"))
    assert reply.cookie(names[0]) == f"{names[0]}=; {place}; Max-Age=0; SameSite{rest}"
    assert visitor.get(base + "/protected").status == 303


@pytest.mark.parametrize("settings, words", [
    ({"SESSION_COOKIE_PREFIX": "host"}, "needs an https url"),
    ({"SESSION_COOKIE_PREFIX": "secure"}, "needs an https url"),
    ({**HTTPS, "SESSION_COOKIE_PREFIX": "host", "SESSION_COOKIE_DOMAIN": "example.org"}, "can have no cookie_domain"),
    ({**HTTPS, "SESSION_COOKIE_PREFIX": "host", "SITE_BASE_PATH": "/members", "SESSION_COOKIE_PATH": "/members"},
     "only / as cookie_path"),
    ({**HTTPS, "SESSION_COOKIE_NAME": "__Host-gate", "SESSION_COOKIE_DOMAIN": "example.org"}, "can have no cookie_domain"),
    ({"SESSION_SAME_SITE": "None"}, "needs an https url"),
    ({"SESSION_COOKIE_PARTITIONED": "on"}, "needs an https url"),
    ({**HTTPS, "SESSION_COOKIE_DOMAIN": "example.com"}, "a domain that it lies in"),
    ({**HTTPS, "SESSION_COOKIE_DOMAIN": "org; Secure"}, "cookie_domain must be"),
    ({"SESSION_COOKIE_PATH": "/elsewhere"}, "a folder above it"),
    ({"SESSION_COOKIE_PATH": "/; Secure"}, "no spaces or semicolons"),
    ({"SESSION_SIGN_COOKIE": "on", "DJANGO_IDENTITY": "shared_table"}, "does not sign its cookie"),
])
def test_what_browsers_would_not_take_stops_the_start(stack, settings, words):
    extra = {name if name.startswith("GATEHOUSE_") else f"GATEHOUSE_{name}": value for name, value in settings.items()}
    done = stack.command("check", extra=extra)
    assert done.returncode != 0 and words in done.stderr, done.stderr


# Signed cookies.

SIGNED = {"GATEHOUSE_SESSION_SIGN_COOKIE": "on"}


def altered(cookie):
    """Other texts: one character changed, at each place; cut, lengthened, signed for another key, unsigned."""
    for place in range(len(cookie)):
        other = "a" if cookie[place] != "a" else "b"
        yield cookie[:place] + other + cookie[place + 1:]
    yield from (cookie[:-1], cookie + "A", cookie[:32], cookie[:33], cookie[33:], "", ":", "x" * 76, cookie * 20,
                cookie.replace(":", "."), cookie.upper(), cookie + "=", cookie[:32] + "%3A" + cookie[33:])


def test_made_up_and_altered_cookies_are_refused_before_the_database_is_asked(sql):
    logging = Stack()
    try:
        v = logging.variables()
        connection = psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"], user="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("ALTER ROLE gatehouse_app SET log_statement = 'all'")
        connection.close()
        visitor = Visitor(logging.start("lighttpd", SIGNED))
        assert visitor.sign_in(add_person(logging.mysql())).status == 303
        cookie = visitor.cookies["sessionid"]
        assert re.fullmatch(r"[a-z0-9]{32}:[\w-]{43}", cookie)
        log = logging.folder / "log" / "postgresql.log"
        assert visitor.get("/protected").status == 200
        start = len(log.read_text())
        for bad in altered(cookie):
            reply = visitor.request("GET", "/protected", headers={"Cookie": f"sessionid={bad}"})
            assert reply.status == 303, bad
            assert visitor.request("GET", "/auth/status", headers={"Cookie": f"sessionid={bad}"}).json == {
                "authenticated": False, **({"detail": "Invalid or expired session"})}, bad
        visitor.cookies["sessionid"] = cookie
        assert visitor.get("/protected").status == 200

        def names():
            return re.findall(r"(?:execute (\w+)|statement): ", log.read_text()[start:])
        wait_until(names, 5)
        assert names() == ["session_load"], "only the good one was looked for"
    finally:
        logging.stop()


def test_a_key_that_somebody_read_in_the_database_is_worth_nothing(started, person, sql, postgresql):
    visitor = Visitor(started(session_sign_cookie="on"))
    visitor.sign_in(person)
    key = visitor.cookies["sessionid"].split(":")[0]
    assert sql(postgresql, "SELECT count(*) FROM django_session WHERE session_key = %s", key) == (1,)
    visitor.cookies["sessionid"] = key
    assert visitor.get("/protected").status == 303


def test_a_signature_of_an_earlier_key_is_good_and_is_made_anew(started, person, clock):
    old, new = (secrets.token_urlsafe(48) for _ in range(2))

    def change(*keys):
        server.extra.update({"GATEHOUSE_DJANGO_SECRET_KEY": keys[0], "GATEHOUSE_DJANGO_SECRET_KEY_FALLBACKS": " ".join(keys[1:])})
        server.restart()
    server = started(session_sign_cookie="on", django_secret_key=old)
    busy, idle, remembered = Visitor(server), Visitor(server), Visitor(server)
    busy.sign_in(person)
    idle.sign_in(person)
    remembered.sign_in(person, remember_me="1")
    change(new, old)
    before = busy.cookies["sessionid"]
    reply = busy.get("/protected")
    assert reply.status == 200 and reply.cookie("sessionid").endswith("; Path=/; SameSite=Lax; HttpOnly")
    after = busy.cookies["sessionid"]
    assert after != before and after[:33] == before[:33]
    assert busy.get("/protected").cookie("sessionid") is None, "once"
    assert "; Max-Age=25" in remembered.get("/protected").cookie("sessionid")
    clock(seconds=61)  # the session itself is signed anew, too
    assert busy.get("/protected").status == 200
    change(new)
    assert busy.get("/protected").status == 200
    assert idle.get("/protected").status == 303
    busy.cookies["sessionid"] = before
    assert busy.get("/protected").status == 303

"""The login wall: who gets in, on each of the four servers."""
import threading

import pytest

from support.sessions import become
from support.site import Visitor, add_person
from support.wall import ASSETS, add_to_group, exchange, recipe, signed_in

# What lies behind the rule signed_in on every server, and what shows that it was reached.
PLACES = [("/members/", b"SECRET-members"), ("/members/page.html", b"SECRET-members"), ("/members/style.css", b"SECRET-members"),
          ("/members/asset-3.svg", b"SECRET-members"), ("/intranet/who.php", b"SECRET-php"), ("/app/", b"SECRET-app"),
          ("/app/deep/er?x=1", b"SECRET-app")]
# Behind lighttpd's mod_proxy, which tells its application nothing.
UNTOLD_PLACES = [("/tool/", b"SECRET-app"), ("/tool", b"SECRET-app"), ("/tool/deep/er?x=1", b"SECRET-app")]


def kind_of(walled):
    return walled.name.split("-")[0]


def places_of(walled):
    return PLACES + (UNTOLD_PLACES if kind_of(walled) == "lighttpd" else [])


@pytest.mark.parametrize("path, secret", PLACES + UNTOLD_PLACES)
def test_a_place_is_for_people_who_are_signed_in(walled, stranger, insider, path, secret):
    if (path, secret) not in places_of(walled):
        pytest.skip("has no such place")
    reply = insider.get(path)
    assert reply.status == 200 and secret in reply.body
    reply = stranger.get(path)
    assert reply.status == 303 and b"SECRET" not in reply.body


def test_php_started_by_the_server_itself(walled, stranger, insider):
    if walled.name not in ("apache", "lighttpd"):
        pytest.skip("starts no php-cgi")
    assert b"SECRET-php" in insider.get("/reports/who.php").body
    assert b"SECRET-reports" in insider.get("/reports/notes.txt").body
    for path in ("/reports/who.php", "/reports/notes.txt", "/reports/"):
        reply = stranger.get(path)
        assert reply.status == 303 and b"SECRET" not in reply.body


def test_somebody_who_is_let_in_gets_no_cookie_and_no_redirect(walled, insider):
    for path, _ in places_of(walled):
        for _ in range(2):
            reply = insider.get(path)
            assert reply.status == 200
            assert reply.cookies() == [] and reply.location is None


def test_a_page_and_its_assets_at_once(walled, insider):
    """What a browser asks for at the same moment, for two pages."""
    replies = []

    def fetch(number):
        visitor = Visitor(walled)
        visitor.cookies = dict(insider.cookies)
        replies.append(visitor.get(f"/members/asset-{number}.svg"))
    for _ in range(2):
        threads = [threading.Thread(target=fetch, args=(number,)) for number in range(ASSETS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(replies) == 2 * ASSETS
    assert {reply.status for reply in replies} == {200}
    assert all(reply.cookies() == [] and reply.location is None for reply in replies)
    assert len({reply.body for reply in replies}) == ASSETS


def test_a_group_is_for_its_members(stranger, insider, staff):
    assert staff.get("/staff/page.html").status == 200
    assert staff.get("/staff/").status == 200
    reply = insider.get("/staff/page.html")
    assert reply.status == 403 and b"SECRET" not in reply.body
    assert "Your account may not see this page." in reply.text
    reply = stranger.get("/staff/page.html")
    assert reply.status == 303 and b"SECRET" not in reply.body


@pytest.fixture
def refusals(postgresql):
    """refusals(visitor): what the audit trail says they were refused, as (reason, detail)."""
    def read(visitor):
        with postgresql.cursor() as cursor:
            cursor.execute("SELECT reason, detail FROM gatehouse_audit WHERE user_id = %s AND event = 'access_refused' ORDER BY id",
                           (str(visitor.person.id),))
            return cursor.fetchall()
    return read


def test_refusals_are_in_the_audit_trail_once_a_minute(insider, stranger, refusals, postgresql, sql):
    for _ in range(3):
        assert insider.get("/staff/page.html").status == 403
        assert insider.request("DELETE", "/reading/who.php").status == 405
    assert sorted(refusals(insider)) == [("reading", {"path": "/reading/who.php", "method": "DELETE"}), ("staff", {"path": "/staff/page.html"})]
    written = "SELECT count(*) FROM gatehouse_audit WHERE event = 'access_refused'"
    before = sql(postgresql, written)
    assert stranger.get("/staff/page.html").status == 303
    assert stranger.request("DELETE", "/reading/who.php").status == 405
    assert sql(postgresql, written) == before, "of a stranger there is nothing to say"


def test_a_refused_path_that_is_not_plain_is_named_and_guests_are_not(insider, refusals, postgresql):
    assert insider.get("/staff//page.html?token=SECRET").status in (400, 403, 404)
    named = [detail["path"] for _, detail in refusals(insider)]
    assert named == ["/staff//page.html"], named
    become(postgresql, insider, "anonymous")
    insider.request("DELETE", "/reading/who.php")
    assert len(refusals(insider)) == 1


def test_leaving_a_group_counts_at_once(stack, staff):
    assert staff.get("/staff/page.html").status == 200
    assert stack.command("group", "remove", "staff", staff.person.username).returncode == 0
    assert staff.get("/staff/page.html").status == 403
    assert staff.get("/members/page.html").status == 200


def test_a_fresh_password_is_asked_for_and_leads_back(staff, clock):
    assert staff.get("/recent/page.html").status == 200
    clock(minutes=14)
    assert staff.get("/recent/page.html").status == 200
    clock(minutes=16)
    reply = staff.get("/recent/page.html?a=1&b=2")
    assert (reply.status, reply.location) == (303, "/auth/confirm?next=%2Frecent%2Fpage.html%3Fa%3D1%26b%3D2")
    assert b"SECRET" not in reply.body
    assert staff.get("/staff/page.html").status == 200
    page = staff.get(reply.location)
    reply = staff.post("/auth/confirm", {"password": staff.person.password, "next": page.value("next")})
    assert (reply.status, reply.location) == (303, "/recent/page.html?a=1&b=2")
    assert staff.get(reply.location).status == 200


def test_a_rule_takes_only_its_methods(insider, stranger):
    assert insider.get("/reading/who.php").status == 200
    assert insider.request("HEAD", "/reading/who.php").status == 200
    for visitor in (insider, stranger):
        for method, body in (("POST", "a=b"), ("PUT", "x"), ("DELETE", None), ("PATCH", "x"), ("OPTIONS", None)):
            reply = visitor.request(method, "/reading/who.php", body, type="application/x-www-form-urlencoded" if body else None)
            assert b"SECRET" not in reply.body
            assert reply.status == 405, (visitor.server.name, method, reply.status)
            assert reply.headers["Allow"] == "GET, HEAD"


def test_a_kind_of_sign_in(walled, mysql, stack, insider):
    administrator = add_person(mysql)
    add_to_group(stack, "administrators", administrator)
    assert signed_in(walled, administrator).get("/administrators/page.html").status == 200
    assert insider.get("/administrators/page.html").status == 403


def test_an_anonymous_session_is_nobodys_sign_in(walled, insider, postgresql):
    become(postgresql, insider, "anonymous")
    for path, _ in places_of(walled):
        reply = insider.get(path)
        assert reply.status == 303 and reply.location.startswith("/auth/login?next=") and b"SECRET" not in reply.body, path
    reply = insider.get("/members/page.html", headers={"Accept": "application/json"})
    assert (reply.status, reply.json["error"]) == (401, "authentication_required")
    assert insider.get("/administrators/page.html").status == 303
    assert insider.get("/open/page.html").status == 200
    # Nor at our own pages, and it is in nobody's way who wants to sign in.
    for path in ("/protected", "/chat/", "/devices", "/settings"):
        assert insider.get(path).location.startswith("/auth/login?next="), path
    assert insider.get("/auth/status").json["authenticated"] is False
    page = insider.get("/auth/login?next=/members/page.html")
    assert page.status == 200 and insider.person.username not in page.text
    reply = insider.post("/auth/login", {"username": insider.person.username, "password": insider.person.password},
                         insider.token("/auth/login"))
    assert reply.status == 303
    assert insider.get("/members/page.html").status == 200


def test_a_rule_that_nobody_can_meet_lets_nobody_in(insider, staff):
    for visitor in (insider, staff):
        reply = visitor.get("/vault/page.html")
        assert reply.status == 403 and b"SECRET" not in reply.body


def test_an_unknown_rule_means_signed_in_and_is_logged(walled, stack, stranger, insider):
    assert insider.get("/unknown/page.html").status == 200
    reply = stranger.get("/unknown/page.html")
    assert reply.status == 303 and b"SECRET" not in reply.body
    log = (stack.folder / "log" / f"{walled.name}-{walled.port}.log").read_text()
    assert "unknown_rule" in log and "rule=no_such_rule" in log


def test_a_public_place_and_one_inside_a_walled_one(stranger, insider):
    for visitor in (stranger, insider):
        assert visitor.get("/open/page.html").status == 200
        assert visitor.get("/members/inner/page.html").status == 200
        assert visitor.get("/free/page.html").status == 200


def test_signing_out_closes_at_once(insider):
    cookies = dict(insider.cookies)
    assert insider.get("/members/page.html").status == 200
    assert insider.post("/auth/logout", {}).status == 303
    insider.cookies = cookies
    reply = insider.get("/members/page.html")
    assert reply.status == 303 and b"SECRET" not in reply.body


def test_a_sign_in_ends_after_its_time(insider, clock):
    clock(hours=9)
    reply = insider.get("/members/page.html")
    assert reply.status == 303 and reply.location.endswith("&notice=expired")
    assert b"SECRET" not in reply.body


def test_a_disabled_account_is_out_within_a_minute(insider, mysql, clock):
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (insider.person.id,))
    clock(seconds=61)
    reply = insider.get("/members/page.html")
    assert reply.status == 303 and b"SECRET" not in reply.body


def test_django_session_that_is_not_ours_stays_outside(walled, postgresql):
    """A row with a made-up signature."""
    key = "a" * 31 + str(hash(walled.name) % 10)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO django_session (session_key, session_data, expire_date) "
                       "VALUES (%s, 'eyJhIjoxfQ:1r31eq:XYj6ttC0whWmSV482E_SkXHK1OpgR5ER1dvAYFp-T3A', now() + interval '1 day') "
                       "ON CONFLICT DO NOTHING", (key,))
    visitor = Visitor(walled)
    visitor.cookies = {"sessionid": key}
    reply = visitor.get("/members/page.html")
    assert reply.status == 303 and b"SECRET" not in reply.body


class TestAWholeSite:
    """Everything is walled but for one folder (docs/WALL.md)."""

    @pytest.fixture(scope="class")
    def whole(self, walled_site):
        apache = recipe("apache whole")
        line = "\tUse GatehouseWall open\n"
        assert apache.count(line) == 1 and "# With mod_proxy_fcgi: Use GatehouseOpen" in apache
        apache = apache.replace(line, f"<IfModule mod_fcgid.c>\n{line}</IfModule>\n<IfModule mod_authnz_fcgi.c>\nUse GatehouseOpen\n</IfModule>\n")
        site = walled_site.write("whole", [apache], [recipe("lighttpd whole")], [recipe("nginx whole")], ours=False)
        servers = {}

        def start(name):
            if name not in servers:
                servers[name] = walled_site.start(name, site)
            return servers[name]
        yield start
        for server in servers.values():
            server.stop()

    def test_only_the_open_folder_and_the_sign_in_are_open(self, whole, walled, person):
        server = whole(walled.name)
        stranger = Visitor(server)
        for path in ("/members/page.html", "/staff/page.html", "/members/", "/", "/nowhere", "/free/who.php", "/intranet/notes.txt"):
            reply = stranger.get(path)
            assert b"SECRET" not in reply.body and reply.status == 303, (path, reply.status)
            assert reply.location.startswith("/auth/login?next=")
        assert stranger.get("/open/page.html").status == 200
        assert stranger.get("/auth/login").status == 200
        assert stranger.get("/static/gatehouse.css").status == 200
        assert stranger.get("/health").status == 200
        reply = stranger.post("/auth/login", {"username": person.username, "password": person.password, "next": "/members/page.html"})
        assert (reply.status, reply.location) == (303, "/members/page.html")
        assert b"SECRET-members" in stranger.get(reply.location).body
        assert stranger.get("/dashboard").status == 200

    def test_gatehouses_own_pages_stay_its_own(self, whole, walled, person):
        visitor = Visitor(whole(walled.name))
        visitor.sign_in(person)
        for path in ("/chat/", "/chat/conversations", "/characters", "/personality", "/settings", "/usage", "/dashboard", "/profile",
                     "/devices", "/activity", "/api/conversations", "/api/characters", "/api/models", "/api/settings",
                     "/api/usage", "/api/categories", "/api/tags", "/api/health"):
            assert visitor.get(path).status == 200, path

    def test_no_way_of_writing_it_takes_a_file_for_gatehouses_own(self, whole, walled):
        stranger = Visitor(whole(walled.name))
        for path in ("/static/../members/page.html", "/static/%2e%2e/members/page.html", "/auth/../members/page.html",
                     "/auth/%2e%2e/members/page.html", "/login/../members/page.html", "/open/../members/page.html",
                     "/open/%2e%2e/members/page.html", "/static/..%2fmembers/page.html", "/auth/login/../../members/page.html",
                     "//members/page.html", "/api/auth/../../members/page.html", "/static/%252e%252e/members/page.html"):
            reply = stranger.get(path)
            assert b"SECRET" not in reply.body, path


class TestNamesAndGuests:
    """Rules for single people, and for visitors who only gave an email address."""

    @pytest.fixture(scope="class")
    def alice(self, stack):
        connection = stack.mysql()
        yield add_person(connection)
        connection.close()

    @pytest.fixture(scope="class")
    def served(self, walled_site, stack, alice):
        rules = stack.folder / "names.conf"
        rules.write_text(f"[one]\nusers = nobody-else, {alice.username}\n[guests]\nrequire = guest\n")
        rules.chmod(0o644)

        def places(server):
            text = recipe(f"{server} files")
            return [text.replace("signed_in", "one"), text.replace("signed_in", "guests").replace("members", "open")]
        site = walled_site.write("names", *(places(server) for server in ("apache", "lighttpd", "nginx")), ours=False)
        servers = {}

        def start(name):
            if name not in servers:
                servers[name] = walled_site.start(name, site, {"GATEHOUSE_ACCESS_RULES": str(rules), "GATEHOUSE_SESSION_GUEST": "on"})
            return servers[name]
        yield start
        for server in servers.values():
            server.stop()

    def test_a_place_for_one_person(self, served, walled, alice, person):
        server = served(walled.name)
        assert signed_in(server, alice).get("/members/page.html").status == 200
        assert signed_in(server, person).get("/members/page.html").status == 403
        assert Visitor(server).get("/members/page.html").status == 303

    def test_a_place_for_guests(self, served, walled, person):
        server = served(walled.name)
        guest = Visitor(server)
        reply = guest.post_json("/auth/guest", {"email": "somebody@example.org"}, {"User-Agent": "x"})
        assert reply.status == 200, reply.text
        reply = guest.get("/open/page.html", headers={"User-Agent": "x"})
        if walled.name == "apache-proxy":  # nobody is named, and mod_authnz_fcgi wants a name (docs/WALL.md)
            assert reply.status in (500, 503) and b"SECRET" not in reply.body
        else:
            assert reply.status == 200
        reply = guest.get("/members/page.html", headers={"User-Agent": "x"})
        assert reply.status == 303 and b"SECRET" not in reply.body
        assert Visitor(server).get("/open/page.html").status == 303


class TestPaths:
    """Path rules: an extra, for a server that cannot name a rule."""

    @pytest.fixture(scope="class")
    def by_path(self, walled_site, stack):
        rules = stack.folder / "paths.conf"
        rules.write_text("[minutes]\ngroups = staff\npaths = /members/asset-1*, /members/style.css\n"
                         "[one]\npaths = /members/asset-10.svg\n[public]\nrequire = public\npaths = /members/page.html, /open/*\n")
        rules.chmod(0o644)
        site = walled_site.write("paths", [recipe("apache files")], [recipe("lighttpd files")], [recipe("nginx files")])
        servers = {}

        def start(name):
            if name not in servers:
                servers[name] = walled_site.start(name, site, {"GATEHOUSE_ACCESS_RULES": str(rules)})
            return servers[name]
        yield start
        for server in servers.values():
            server.stop()

    def test_a_path_rule_is_asked_beside_the_one_that_the_server_named(self, by_path, walled, person, mysql, stack):
        server = by_path(walled.name)
        insider, stranger = signed_in(server, person), Visitor(server)
        other = add_person(mysql)
        add_to_group(stack, "staff", other)
        staff = signed_in(server, other)
        for path, allowed in (("/members/style.css", [staff]), ("/members/asset-1.svg", [staff]), ("/members/asset-19.svg", [staff]),
                              ("/members/asset-10.svg", [staff, insider]), ("/members/asset-2.svg", [staff, insider]),
                              ("/members/page.html", [staff, insider])):  # public by its path, signed in by the server's word
            for visitor in (stranger, insider, staff):
                reply = visitor.get(path)
                assert (reply.status == 200) == (visitor in allowed), (path, reply.status)
                assert (b"SECRET" in reply.body) == (visitor in allowed)

    def test_a_path_that_can_be_written_in_another_way_is_refused(self, by_path, walled, mysql, stack, refusals):
        person = add_person(mysql)
        add_to_group(stack, "staff", person)
        staff = signed_in(by_path(walled.name), person)
        for path in ("/members//style.css", "/members/./style.css", "/members/%73tyle.css", "/members/x/../style.css",
                     "/members/style%2ecss", "//members/style.css", "/members/style.css;x"):
            reply = staff.get(path)
            assert b"SECRET" not in reply.body and reply.status in (400, 403, 404), (path, reply.status)
        tried = {detail["path"] for reason, detail in refusals(staff) if reason == "path"}
        assert "/members/%73tyle.css" in tried and len(tried) >= 3, tried
        assert len(refusals(staff)) == len(tried), "each is written once"

    def test_of_such_a_path_the_trail_has_what_it_may_have(self, by_path, walled, mysql, stack, refusals, postgresql):
        """No query, which may hold a token, whatever can be stored of the rest, and nothing of guests."""
        person = add_person(mysql)
        add_to_group(stack, "staff", person)
        server = by_path(walled.name)
        staff = signed_in(server, person)
        for path in (b"/members//a?token=SECRET", b"/members//b\xff\xfe?key=SECRET", b"/members//" + b"cc/" * 200):
            cookies = "; ".join(f"{name}={value}" for name, value in staff.cookies.items()).encode()
            exchange(server.port, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: " + cookies + b"\r\n\r\n")
        tried = [detail["path"] for reason, detail in refusals(staff) if reason == "path"]
        assert "/members//a" in tried and "SECRET" not in str(tried), tried
        assert max(len(path) for path in tried) == 300, tried
        if kind_of(walled) != "lighttpd":  # which refuses such bytes itself
            assert "/members//b%FF%FE" in tried, tried
        become(postgresql, staff, "anonymous")
        staff.get("/members//guest.css")
        assert len(refusals(staff)) == len(tried)

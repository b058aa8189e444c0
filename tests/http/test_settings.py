"""Settings that change what people notice, each on a server of its own."""
from support.site import Visitor


def test_without_prepared_statements_everything_works_as_behind_pgbouncer(started, person):
    visitor = Visitor(started(postgresql_prepared_statements="off"))
    assert visitor.sign_in(person).status == 303
    for path in ("/", "/dashboard", "/chat/", "/profile", "/activity", "/articles/germany-vat"):
        assert visitor.get(path).status == 200, path
    assert visitor.api("/api/chat", {"message": "How do I register a GmbH in Germany?"}).status == 200


def test_a_mysql_server_that_cannot_encrypt_is_refused_when_it_must(started, person, stack):
    visitor = Visitor(started(mysql_tls="always"))
    reply = visitor.sign_in(person)
    assert reply.status == 503 and "temporarily unavailable" in reply.text
    assert "mysql_unreachable" in stack.log()


def test_redirects_can_be_302_as_before(started, person):
    visitor = Visitor(started(session_legacy_redirects="on"))
    assert visitor.get("/dashboard").status == 302
    assert visitor.sign_in(person).status == 302


def test_the_landing_page_can_be_another(started, person):
    visitor = Visitor(started(session_landing="/country/"))
    assert visitor.sign_in(person).location == "/country/"


def test_signing_out_can_lead_elsewhere(started, person):
    site = started(site_signed_out="/")
    visitor = Visitor(site)
    visitor.sign_in(person)
    reply = visitor.post("/logout", {})
    assert (reply.status, reply.location) == (303, "/")
    assert visitor.get("/logout").location == "/"
    visitor.sign_in(person)
    assert visitor.api("/logout", {}).json["redirect"] == "/"


def test_only_the_page_to_sign_in_says_that_one_is_signed_out(started, person):
    for path, wanted in (("/login", "/login?notice=signed_out"), ("/login?next=/chat/", "/login?next=/chat/")):
        visitor = Visitor(started(site_signed_out=path))
        visitor.sign_in(person)
        assert visitor.post("/logout", {}).location == wanted


def test_signing_out_below_a_folder_stays_below_it(started, person):
    visitor = Visitor(started(site_signed_out="/", site_base_path="/members"))
    token = visitor.token("/members/auth/login")
    visitor.post("/members/auth/login", {"username": person.username, "password": person.password}, token)
    token = visitor.token("/members/profile")
    assert visitor.post("/members/logout", {}, token).location == "/members/"


def test_cookies_can_have_other_names(started, person):
    visitor = Visitor(started(session_cookie_name="gate", session_csrf_cookie_name="gatetoken"))
    token = visitor.token()
    visitor.post("/login", {"username": person.username, "password": person.password}, token)
    assert "gate" in visitor.cookies and "gatetoken" in visitor.cookies and "sessionid" not in visitor.cookies
    assert visitor.get("/dashboard").status == 200


def test_remember_me_can_be_switched_off(started, person):
    visitor = Visitor(started(session_remember_days="0"))
    assert 'name="remember_me"' not in visitor.get("/login").text
    assert "Max-Age" not in visitor.sign_in(person, remember_me="on").cookie("sessionid")


def test_limits_are_what_the_operator_says(started, person, clock):
    site = started(session_idle_minutes="5", session_lifetime_minutes="7", throttle_failures="2", throttle_window_minutes="3",
                   chat_message_limit="100", users_password_min_length="12")
    member = Visitor(site)
    member.sign_in(person)
    reply = member.post("/chat/", {"message": "x" * 101})
    assert reply.status == 400 and "100 characters" in reply.field_error("message")
    stranger = Visitor(site)
    statuses = [stranger.post_json("/login", {"username": "guess" + person.username, "password": "x"}).status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert "at least 12" in stranger.post("/register", {"password": "only eleven"}).field_error("password")
    clock(minutes=4)
    assert member.get("/protected").status == 200
    clock(minutes=8)
    assert member.get("/protected").status == 303


def test_the_operators_countries_and_services_are_offered(started, person):
    visitor = Visitor(started(chat_countries="Narnia,  Oz ", chat_services="Wands"))
    visitor.sign_in(person)
    data = visitor.get("/country/", headers={"Accept": "application/json"}).json
    assert data == {"countries": ["Narnia", "Oz"], "services": ["Wands"]}
    assert visitor.post("/proceed-to-chat", {"country": "Oz", "service_type": "Wands"}).status == 303
    assert visitor.post("/proceed-to-chat", {"country": "Germany", "service_type": "Wands"}).status == 400


def test_a_conversation_can_be_given_an_end(started, person, clock):
    visitor = Visitor(started(chat_conversation_days="1"))
    visitor.sign_in(person, remember_me="on")
    id = visitor.api("/api/chat", {"message": "hello"}).json["session_id"]
    clock(hours=23)
    assert visitor.api("/api/chat", {"message": "hello", "session_id": id}).status == 200
    clock(hours=25)
    assert visitor.api("/api/chat", {"message": "hello", "session_id": id}).status == 409


def test_links_to_terms_and_a_forgotten_password_are_the_operators(started):
    visitor = Visitor(started(site_terms_url="/terms-of-use", site_forgot_password_url="https://help.example.org/reset?a=1&b=2"))
    assert 'href="/terms-of-use"' in visitor.get("/register").text
    assert 'href="https://help.example.org/reset?a=1&amp;b=2"' in visitor.get("/login").text


def test_a_place_database_that_cannot_be_used_stops_the_start_and_says_why(stack, tmp_path):
    damaged = tmp_path / "places.mmdb"
    damaged.write_bytes(b"MaxMind, once")
    for path, words in ((tmp_path / "missing.mmdb", "cannot be opened: No such file or directory"),
                        (damaged, "is damaged, or no MaxMind DB file")):
        done = stack.command("check", extra={"GATEHOUSE_SITE_PLACE_DATABASE": str(path)})
        assert done.returncode != 0
        assert f"[site] place_database: {path} {words}" in done.stderr

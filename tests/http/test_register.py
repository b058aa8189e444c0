"""Signing up."""
import threading

from support.site import Visitor, new_name


def fields(**changes):
    name = new_name("n")
    return {"username": name, "email": f"{name}@example.org", "password": "a long password",
            "password_confirm": "a long password", "terms": "on", **changes}


def test_the_page_has_every_field(visitor):
    for path in ("/auth/register", "/register"):
        page = visitor.get(path)
        assert page.status == 200
        for name in ("username", "email", "password", "password_confirm"):
            assert f'name="{name}"' in page.text


def test_where_there_are_no_terms_nobody_is_asked_to_accept_them(one_visitor):
    assert 'name="terms"' not in one_visitor.get("/auth/register").text
    wanted = fields()
    del wanted["terms"]
    assert one_visitor.post("/auth/register", wanted).status == 303


def test_where_there_are_terms_they_have_to_be_accepted(started):
    site = started(site_terms_url="/terms-of-use")
    visitor = Visitor(site)
    assert 'name="terms"' in visitor.get("/auth/register").text
    reply = visitor.post("/auth/register", fields(terms=""))
    assert reply.status == 400 and "terms" in reply.field_error("terms")
    assert visitor.post("/auth/register", fields()).status == 303
    refused = Visitor(site).post_json("/auth/register", {**fields(), "terms": False})
    assert refused.status == 400 and list(refused.json["fields"]) == ["terms"]


def test_signing_up_signs_in(visitor):
    wanted = fields()
    reply = visitor.post("/auth/register", wanted)
    assert (reply.status, reply.location) == (303, "/")
    home = visitor.get("/")
    assert home.status == 200 and wanted["username"] in home.text
    again = Visitor(visitor.server)
    assert again.post("/auth/login", wanted).status == 303


def test_the_hash_looks_like_its_neighbours_and_has_the_configured_cost(one_visitor, mysql, sql):
    wanted = fields()
    one_visitor.post("/auth/register", wanted)
    stored = sql(mysql, "SELECT password_hash, is_active FROM users WHERE username = %s", wanted["username"])
    assert stored[0].startswith(("$2b$08$", "$2y$08$", "$2a$08$"))
    assert stored[1] == 1


def test_each_field_says_what_it_needs_and_keeps_what_was_typed(visitor):
    reply = visitor.post("/auth/register", {"username": "a@b", "email": "no address", "password": "short",
                                            "password_confirm": "other"})
    assert reply.status == 400
    assert "@" in reply.field_error("username")
    assert "name@example.org" in reply.field_error("email")
    assert "at least 8" in reply.field_error("password")
    assert "not the same" in reply.field_error("password_confirm")
    assert reply.value("username") == "a@b" and reply.value("email") == "no address"
    assert "short" not in reply.value("password")


def test_a_password_longer_than_72_bytes_is_refused_not_cut(one_visitor):
    long = "é" * 40
    reply = one_visitor.post("/auth/register", fields(password=long, password_confirm=long))
    assert reply.status == 400 and "72" in reply.field_error("password")
    fits = "é" * 36
    assert one_visitor.post("/auth/register", fields(password=fits, password_confirm=fits)).status == 303


def test_a_taken_username_or_email_is_refused(visitor, person):
    for taken in ({"username": person.username.upper()}, {"email": person.email.upper()}):
        reply = Visitor(visitor.server).post("/auth/register", fields(**taken))
        assert reply.status == 409
        assert "Username or email already exists" in reply.text


def test_two_at_once_one_wins_and_the_other_is_told(site, mysql, sql):
    wanted = fields()
    visitors = [Visitor(site) for _ in range(6)]
    tokens = [visitor.token() for visitor in visitors]
    replies = []

    def sign_up(visitor, token):
        replies.append(visitor.post("/auth/register", wanted, token=token))
    threads = [threading.Thread(target=sign_up, args=pair) for pair in zip(visitors, tokens)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [303] + [409] * 5
    assert sql(mysql, "SELECT count(*) FROM users WHERE username = %s", wanted["username"]) == (1,)


def test_programs_sign_up_with_json(one_site):
    wanted = fields(terms=True)
    reply = Visitor(one_site).post_json("/auth/register", wanted)
    assert reply.status == 200
    assert reply.json == {"success": True, "message": "Welcome! Your account is ready.", "redirect": "/"}
    reply = Visitor(one_site).post_json("/auth/register", wanted)
    assert reply.status == 409 and reply.json["error"] == "conflict"
    reply = Visitor(one_site).post_json("/auth/register", {})
    assert reply.status == 400
    assert set(reply.json["fields"]) == {"username", "email", "password", "password_confirm"}


def test_sign_up_that_is_switched_off_has_no_page(stack):
    closed = stack.start("lighttpd", {"GATEHOUSE_USERS_REGISTRATION": "off"})
    visitor = Visitor(closed)
    assert visitor.get("/auth/register").status == 404
    assert visitor.post("/auth/register", fields()).status == 404
    assert "/auth/register" not in visitor.get("/auth/login").text
    closed.stop()


def test_somebody_signed_in_is_sent_home(one_member):
    assert one_member.get("/register").location == "/"


def test_fields_that_are_no_text_are_refused_beside_the_field(one_visitor):
    token = one_visitor.token()
    body = f"csrfmiddlewaretoken={token}&username=%ff&email=a%00b&password=%01&password_confirm=x&terms=on"
    reply = one_visitor.request("POST", "/register", body, type="application/x-www-form-urlencoded")
    assert reply.status == 400
    for name in ("username", "email", "password"):
        assert reply.field_error(name) == "This holds characters that cannot be used here."

"""Confirming the password: /auth/confirm."""
import urllib.parse

from support.site import Visitor


def stale(clock):
    clock(hours=25)


def remembered(site, person):
    visitor = Visitor(site)
    assert visitor.sign_in(person, remember_me="1").status == 303
    return visitor


def test_the_page_names_the_person_and_asks_for_the_password_only(member):
    page = member.get("/auth/confirm?next=/profile")
    assert page.status == 200
    assert member.person.username in page.text
    assert page.value("next") == "/profile"
    assert page.value("password") == ""


def test_a_stranger_is_sent_to_sign_in(visitor):
    reply = visitor.get("/auth/confirm?next=/profile")
    assert reply.status == 303
    assert reply.location.startswith("/auth/login?next=")


def test_the_right_password_leads_back_under_a_new_key(member):
    before = dict(member.cookies)
    reply = member.post("/auth/confirm", {"password": member.person.password, "next": "/profile?x=1"})
    assert (reply.status, reply.location) == (303, "/profile?x=1")
    assert member.cookies["sessionid"] != before["sessionid"]
    assert member.get("/profile").status == 200
    stale_visitor = Visitor(member.server)
    stale_visitor.cookies = before
    assert stale_visitor.get("/protected").status == 303


def test_a_wrong_password_is_said_and_nothing_changes(member):
    key = member.cookies["sessionid"]
    reply = member.post("/auth/confirm", {"password": "wrong", "next": "/profile"})
    assert reply.status == 401
    assert "not your password" in reply.text
    assert reply.value("next") == "/profile"
    assert member.cookies["sessionid"] == key
    assert member.get("/protected").status == 200


def test_an_empty_password_is_named_beside_its_field(member):
    reply = member.post("/auth/confirm", {"password": ""})
    assert reply.status == 400
    assert reply.field_error("password") == "Enter your password."


def test_another_site_is_never_the_way_back(member):
    reply = member.post("/auth/confirm", {"password": member.person.password, "next": "//evil.example/"})
    assert reply.location == "/dashboard"


def test_remember_me_stays_remembered(site, person):
    visitor = remembered(site, person)
    reply = visitor.post("/auth/confirm", {"password": person.password})
    assert reply.status == 303
    assert "Max-Age=2592000" in reply.cookie("sessionid")


def test_guesses_are_throttled_as_sign_ins_are(member):
    for _ in range(5):
        assert member.post("/auth/confirm", {"password": "wrong"}).status == 401
    reply = member.post("/auth/confirm", {"password": member.person.password})
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) > 0


def test_as_json(one_member):
    wrong = one_member.api("/auth/confirm", {"password": "wrong"})
    assert (wrong.status, wrong.json["error"]) == (401, "wrong_password")
    right = one_member.api("/auth/confirm", {"password": one_member.person.password})
    assert (right.status, right.json["success"]) == (200, True)


def test_the_link_of_a_fresh_page_keeps_its_query(site, person, clock):
    visitor = remembered(site, person)
    clock(hours=25)
    assert visitor.get("/profile").status == 200, "a remembered sign-in goes on"
    reply = visitor.get("/devices?from=mail")
    assert reply.status == 303
    address = urllib.parse.urlsplit(reply.location)
    assert address.path == "/auth/confirm"
    assert urllib.parse.parse_qs(address.query)["next"] == ["/devices?from=mail"]
    assert visitor.post("/auth/confirm", {"password": person.password, "next": "/devices?from=mail"},
                        token=visitor.token("/auth/confirm")).location == "/devices?from=mail"
    assert visitor.get("/devices?from=mail").status == 200

"""Changing one's own password: /profile/password."""
import pytest

from support.site import Visitor, add_person
from support.stack import wait_until

NEW = "another long password"


def fields(person, **more):
    return {"current_password": person.password, "password": NEW, "password_confirm": NEW, **more}


def signs_in(site, person, password):
    return Visitor(site).post("/auth/login", {"username": person.username, "password": password}).status == 303


def test_the_password_is_changed_and_the_other_devices_are_signed_out(member, site, postgresql, sql):
    phone = Visitor(site)
    phone.sign_in(member.person)
    assert 'href="/profile/password"' in member.get("/profile").text
    assert member.get("/profile/password").status == 200
    key = member.cookies["sessionid"]
    reply = member.post("/profile/password", fields(member.person))
    assert (reply.status, reply.location) == (303, "/profile?done=password")
    assert "Your password is changed." in member.get(reply.location).text
    assert member.cookies["sessionid"] != key and phone.get("/protected").status == 303
    assert signs_in(site, member.person, NEW) and not signs_in(site, member.person, member.person.password)
    events = "SELECT array_agg(DISTINCT event || coalesce(':' || reason, '')) FROM gatehouse_audit WHERE user_id = %s"
    happened = sql(postgresql, events, str(member.person.id))[0]
    assert "password_changed:password" in happened and "session_ended:password_changed" in happened
    assert "The password was changed" in member.get("/activity").text


def test_whoever_was_remembered_stays_remembered(site, person):
    visitor = Visitor(site)
    visitor.sign_in(person, remember_me="1")
    reply = visitor.post("/profile/password", fields(person))
    assert "Max-Age" in reply.cookie("sessionid")


def test_a_program_changes_it_too(member):
    reply = member.api("/profile/password", fields(member.person, password_confirm="x"))
    assert reply.status == 400 and set(reply.json["fields"]) == {"password_confirm"}
    reply = member.api("/profile/password", fields(member.person, current_password="wrong"))
    assert (reply.status, reply.json["error"]) == (401, "wrong_password") and "current_password" in reply.json["fields"]
    reply = member.api("/profile/password", fields(member.person))
    assert reply.status == 200 and "changed" in reply.json["message"]
    assert member.get("/protected").status == 200


@pytest.mark.parametrize("changed, field, sentence", [
    ({"current_password": ""}, "current_password", "Enter your current password."),
    ({"password": "", "password_confirm": ""}, "password", "Choose a password."),
    ({"password": "short", "password_confirm": "short"}, "password", "Use at least 8 characters."),
    ({"password": "x" * 73, "password_confirm": "x" * 73}, "password", "This password is too long"),
    ({"password_confirm": "something else"}, "password_confirm", "The two passwords are not the same."),
    ({"password": "correct horse battery", "password_confirm": "correct horse battery"}, "password", "This is your current password."),
    ({"password": "a\u0001b" * 4, "password_confirm": "a\u0001b" * 4}, "password", "This holds characters"),
])
def test_a_mistake_is_said_beside_its_field_and_nothing_changes(one_member, one_site, changed, field, sentence):
    reply = one_member.post("/profile/password", fields(one_member.person, **changed))
    assert reply.status == 400 and reply.field_error(field).startswith(sentence)
    assert reply.value("password") == reply.value("current_password") == ""
    assert signs_in(one_site, one_member.person, one_member.person.password)


def test_the_username_is_no_password(one_member):
    name = one_member.person.username
    reply = one_member.post("/profile/password", fields(one_member.person, password=name, password_confirm=name))
    assert reply.field_error("password") == "Choose a password that is not your username or email address."


def test_a_wrong_current_password_is_noted_and_after_a_few_tries_one_has_to_wait(one_member, postgresql, sql):
    for _ in range(5):
        reply = one_member.post("/profile/password", fields(one_member.person, current_password="a guess"))
        assert reply.status == 401 and reply.field_error("current_password") == "That is not your current password."
    reply = one_member.post("/profile/password", fields(one_member.person))
    assert reply.status == 429 and int(reply.headers["Retry-After"]) > 0
    count = "SELECT count(*) FROM gatehouse_audit WHERE user_id = %s AND event = 'confirm_failed'"
    assert sql(postgresql, count, str(one_member.person.id)) == (5,)


def test_strangers_guests_and_stale_forms_change_nothing(one_member, one_site):
    stranger = Visitor(one_site)
    assert stranger.get("/profile/password").location.startswith("/auth/login?next=")
    reply = one_member.post("/profile/password", fields(one_member.person), "a" * 64)
    assert reply.status == 403 and "open for too long" in reply.text
    assert signs_in(one_site, one_member.person, one_member.person.password)


def test_where_another_system_keeps_the_passwords_there_is_no_such_page(started, mysql):
    site, person = started(users_password_change="off"), add_person(mysql)
    visitor = Visitor(site)
    visitor.sign_in(person)
    assert "/profile/password" not in visitor.get("/profile").text
    assert visitor.get("/profile/password").status == 404
    assert visitor.post("/profile/password", fields(person)).status == 404
    assert signs_in(site, person, person.password)


def test_while_the_users_table_is_away_that_is_said(one_member, one_site, stack):
    stack.call("stop-mariadb", stack.folder)
    try:
        reply = one_member.post("/profile/password", fields(one_member.person), one_member.token("/protected"))
        assert reply.status == 503 and reply.headers["Retry-After"]
    finally:
        stack.call("start-mariadb", stack.folder)
    assert wait_until(lambda: signs_in(one_site, one_member.person, one_member.person.password), 5)


def test_no_password_is_kept_while_somebody_signs_in_again(one_member):
    token = one_member.token("/profile/password")
    del one_member.cookies["sessionid"]
    page = one_member.post("/profile/password", fields(one_member.person), token)
    assert page.status == 401 and "pending_fields" in page.text
    assert "correct" in one_member.person.password and "correct" not in page.text and "another" not in page.text

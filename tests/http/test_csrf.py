"""Forms of other sites, stale forms, and a sign-in that ran out in the middle."""
import re

import pytest

from support.site import Visitor


def test_a_form_of_another_site_does_nothing(visitor, person):
    token = visitor.token()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        reply = visitor.post("/auth/login", {"username": person.username, "password": person.password}, token, headers)
        assert reply.status == 403
        assert f"another site, so we did not act on it. This site is at {visitor.server.url}." in reply.text
        assert "sessionid" not in visitor.cookies


def test_our_own_form_is_known_by_its_origin(visitor, person):
    headers = {"Origin": visitor.server.url, "Sec-Fetch-Site": "same-origin"}
    reply = visitor.post("/auth/login", {"username": person.username, "password": person.password}, True, headers)
    assert reply.status == 303


def test_a_stale_sign_in_form_is_shown_again_with_what_was_typed(visitor, person):
    visitor.token()
    fields = {"username": person.username, "password": person.password, "next": "/chat/", "remember_me": "on"}
    for token in (None, "a" * 64, "a" * 32, "short"):
        reply = visitor.post("/auth/login", fields, token)
        assert reply.status == 403
        assert reply.value("username") == person.username and reply.value("next") == "/chat/"
        assert "open for too long" in reply.text
        assert person.password not in reply.text
    fresh = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', reply.text).group(1)
    assert visitor.post("/auth/login", fields, fresh).status == 303


def test_a_stale_sign_up_form_is_shown_again(one_visitor):
    reply = one_visitor.post("/register", {"username": "newcomer", "email": "n@example.org", "terms": "on"}, None)
    assert reply.status == 403 and reply.value("username") == "newcomer"


def test_a_stale_message_is_still_in_the_box(member):
    reply = member.post("/chat/", {"message": "How do I pay VAT?"}, "b" * 64)
    assert reply.status == 403
    assert reply.value("message") == "How do I pay VAT?"
    assert "open for too long" in reply.text


def test_a_stale_choice_is_still_chosen(one_member):
    reply = one_member.post("/proceed-to-chat", {"country": "Germany", "service_type": "Tax"}, "b" * 64)
    assert reply.status == 403 and "Germany" in reply.text


def test_a_script_sends_the_token_in_a_header(one_member):
    data = {"message": "help"}
    assert one_member.post_json("/api/chat", data).status == 403
    refused = one_member.post_json("/api/chat", data).json
    assert refused["error"] == "csrf_failed"
    assert refused["detail"] == "The header X-CSRFToken must hold the value of the cookie csrftoken."
    assert one_member.post_json("/api/chat", data, {"X-CSRFToken": "c" * 64}).status == 403
    assert one_member.api("/api/chat", data).status == 200


@pytest.mark.parametrize("type", ["application/json", "application/json; charset=utf-8"])
def test_a_program_without_a_session_needs_no_token(one_site, person, type):
    body = f'{{"username": "{person.username}", "password": "{person.password}"}}'
    assert Visitor(one_site).request("POST", "/login", body, type=type).status == 200


def test_what_a_foreign_page_can_send_needs_a_token(one_site, person):
    body = f'{{"username": "{person.username}", "password": "{person.password}"}}'
    for type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", None):
        assert Visitor(one_site).request("POST", "/login", body, type=type).status in (400, 403, 415), type
    reply = Visitor(one_site).post_json("/login", body, {"Origin": "https://evil.example"})
    assert reply.status == 403
    reply = Visitor(one_site).post_json("/login", body, {"Sec-Fetch-Site": "cross-site"})
    assert reply.status == 403


def test_json_with_a_session_needs_a_token(one_member):
    reply = one_member.post_json("/auth/login", {"username": "a", "password": "b"})
    assert reply.status == 403


def test_a_short_cookie_of_newer_django_is_understood(one_visitor, person):
    one_visitor.cookies["csrftoken"] = "abcdefghijklmnopqrstuvwxyzABCDEF"
    token = one_visitor.token()
    assert one_visitor.cookies["csrftoken"] == "abcdefghijklmnopqrstuvwxyzABCDEF"
    reply = one_visitor.post("/auth/login", {"username": person.username, "password": person.password}, token)
    assert reply.status == 303


def test_a_message_outlives_the_sign_in_and_waits_for_a_yes(member, clock, postgresql, sql):
    token = member.token("/chat/")
    clock(hours=9)
    reply = member.post("/chat/", {"message": "My <b>long</b> question\nin two lines", "session_id": ""}, token)
    assert reply.status == 401
    assert 'name="password"' in reply.text
    fields = {"username": member.person.username, "password": "wrong", "next": reply.value("next"),
              "pending_path": reply.value("pending_path"), "pending_fields": reply.value("pending_fields")}
    assert fields["pending_path"] == "/chat/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', reply.text).group(1)
    again = member.post("/auth/login", fields, token)
    assert again.status == 401 and again.value("pending_fields") == fields["pending_fields"]
    confirm = member.post("/auth/login", {**fields, "password": member.person.password}, token)
    assert confirm.status == 200
    assert confirm.value("message") == "My <b>long</b> question\nin two lines"
    count = "SELECT count(*) FROM chats_chatmessage m JOIN chats_chatsession USING (session_id) WHERE auth_user_id = %s"
    assert sql(postgresql, count, str(member.person.id)) == (0,)  # nothing is sent by itself
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', confirm.text).group(1)
    sent = member.post("/chat/", {"message": confirm.value("message"), "session_id": ""}, token)
    assert sent.status == 303
    assert sql(postgresql, count, str(member.person.id)) == (2,)


def test_a_pending_form_goes_nowhere_else(one_visitor, person):
    for path in ("//evil.example/", "https://evil.example/", "/\\evil"):
        token = one_visitor.token()
        reply = one_visitor.post("/auth/login", {"username": person.username, "password": person.password,
                                                 "pending_path": path, "pending_fields": "a=b"}, token)
        assert "evil" not in reply.text
        one_visitor.cookies.clear()


def test_another_site_cannot_put_its_words_into_a_page_that_waits_for_a_click(visitor):
    """A browser sends a cross-site post without our cookies; nothing of it may be shown under a token."""
    evil = {"message": "words of another site", "country": "Germany"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        reply = visitor.post("/chat/", evil, "a" * 64, headers)
        assert reply.status == 403
        assert "words of another site" not in reply.text
    reply = visitor.post("/chat/", evil, None)  # an old browser that says nothing, without a token
    assert reply.status == 401
    assert "words+of" not in reply.text and "words%20of" not in reply.text and "words of" not in reply.text

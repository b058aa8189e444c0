"""Chatting without an account: an email address that nobody proved, an hour, and nobody's data."""
import re

import pytest

from support.sessions import begin_guest, kind_of, sign_in
from support.site import Visitor, add_person, new_name
from support.stack import ROOT
from support.throttled import DEFAULTS, sign_up_fields

GUESTS = {"GATEHOUSE_SESSION_GUEST": "on"}


@pytest.fixture(scope="module")
def guest_sites(stack):
    """The same on each server, started when first asked for."""
    servers = {}

    def start(name):
        if name not in servers:
            servers[name] = stack.start(name, GUESTS)
        return servers[name]
    yield start
    for server in servers.values():
        server.stop()


@pytest.fixture
def guest_site(guest_sites, request):
    return guest_sites(request.config.getoption("--servers").split(",")[0])


@pytest.fixture
def email():
    return f"{new_name('g')}@example.org"


@pytest.fixture
def guest(guest_site, email):
    return begin_guest(guest_site, email)


@pytest.fixture
def nothing_counted(postgresql):
    """Forget what other tests sent from this address, before and after."""
    def forget():
        with postgresql.cursor() as cursor:
            cursor.execute("DELETE FROM gatehouse_throttle")
    yield forget
    forget()


def ask(visitor, message="How do I register a GmbH in Germany?", **more):
    reply = visitor.api("/api/chat", {"message": message, **more})
    assert reply.status == 200, reply.text
    return reply.json


def conversations(visitor):
    reply = visitor.get("/api/chat")
    assert reply.status == 200, reply.text
    return {item["id"] for item in reply.json["conversations"]}


def is_in(visitor):
    return visitor.get("/chat/").status == 200


# Coming in.

def test_it_is_off_unless_the_operator_wants_it(member, visitor):
    assert "/auth/guest" not in visitor.get("/auth/login").text
    for who in (member, visitor):
        assert who.get("/auth/guest").status == 404
        assert who.post_json("/auth/guest", {"email": "a@example.org"}).status in (403, 404)
    assert visitor.post("/auth/guest", {"email": "a@example.org"}).status == 404
    assert "sessionid" not in visitor.cookies


def test_a_visitor_gives_an_address_and_chats(guest_sites, server_name, site, email):
    guest = Visitor(guest_sites(server_name))
    assert 'href="/auth/guest"' in guest.get("/auth/login").text
    page = guest.get("/auth/guest")
    assert page.status == 200 and "for 60 minutes" in page.text
    reply = guest.post("/auth/guest", {"email": f"  {email.upper()} "}, guest.token("/auth/guest"))
    assert (reply.status, reply.location) == (303, "/chat/")
    assert re.fullmatch(r"sessionid=[a-z0-9]{32}; Path=/; SameSite=Lax; HttpOnly", reply.cookie("sessionid"))
    chat = guest.get("/chat/")
    assert chat.status == 200 and email in chat.text and 'href="/dashboard"' not in chat.text
    reply = guest.post("/chat", {"message": "How do I register a GmbH in Germany?"}, guest.token("/chat/"))
    assert reply.status == 303
    page = guest.get(reply.location.removesuffix("#latest"))
    article = re.search(r'href="(/articles/germany-[\w-]+)"', page.text).group(1)
    assert guest.get(article).status == 200, "what an answer quotes can be read"


def test_programs_come_in_with_json(guest_site, email):
    guest = Visitor(guest_site, html=False)
    reply = guest.post_json("/auth/guest", {"email": email})
    assert reply.status == 200 and reply.json["success"] is True and reply.json["redirect"] == "/chat/"
    assert reply.json["expires_in"] == 3600 and re.fullmatch(r"[0-9a-f-]{36}", reply.json["session"])
    status = guest.get("/auth/status").json
    assert status == {"authenticated": False, "username": email, "kind": "bot", "session": reply.json["session"],
                      "expires_in": status["expires_in"], "idle_seconds": 0}


@pytest.mark.parametrize("email", ["", "  ", "a", "a@", "@example.org", "a@example", "a b@example.org", "a@exa\x01mple.org",
                                   "a@example.org\nBcc: b@example.org", "<script>@example.org", "a" * 250 + "@example.org"])
def test_an_address_must_look_like_one(guest_site, email):
    visitor = Visitor(guest_site)
    reply = visitor.post("/auth/guest", {"email": email}, visitor.token("/auth/guest"))
    assert reply.status == 400 and "email address" in reply.field_error("email")
    assert "<script>" not in reply.text.split("<main")[1]
    assert "sessionid" not in visitor.cookies


def test_forms_from_elsewhere_begin_nothing(guest_site, email):
    visitor = Visitor(guest_site)
    page = visitor.post("/auth/guest", {"email": email}, "a" * 64)
    assert page.status == 403 and page.value("email") == email
    assert visitor.post_json("/auth/guest", {"email": email}, {"Origin": "https://evil.example"}).status == 403
    assert visitor.request("POST", "/auth/guest", '{"email": "%s"}' % email, None, "text/plain").status in (403, 415)
    assert "sessionid" not in visitor.cookies


def test_who_is_signed_in_needs_no_guests_door(guest_site, person, email):
    visitor = sign_in(guest_site, person)
    assert visitor.get("/auth/guest").location == "/chat/"
    assert visitor.post("/auth/guest", {"email": email}, visitor.token("/profile")).location == "/chat/"
    assert kind_of(visitor) == "authenticated"


def test_one_address_makes_ten_a_minute(stack, email, nothing_counted):
    site = stack.start("lighttpd", {**GUESTS, **DEFAULTS})
    try:
        nothing_counted()
        replies = [Visitor(site).post_json("/auth/guest", {"email": f"{number}{email}"}) for number in range(12)]
        assert [reply.status for reply in replies] == [200] * 10 + [429] * 2
        assert 0 < int(replies[11].headers["Retry-After"]) <= 60
    finally:
        site.stop()


# The hour.

def test_after_exactly_an_hour_it_is_over_however_much_it_was_used(guest, clock):
    conversation = ask(guest)["session_id"]
    for minutes in (10, 30, 50, 59):
        clock(minutes=minutes)
        ask(guest, session_id=conversation)
    clock(minutes=60, seconds=1)
    reply = guest.post_json("/api/chat", {"message": "x"}, {"X-CSRFToken": guest.cookies["csrftoken"]})
    assert reply.status == 401
    assert (reply.json["error"], reply.json["detail"]) == ("session_expired", "Invalid or expired session")
    assert guest.get("/chat/").location == "/auth/login?next=%2Fchat%2F&notice=expired"


def test_asking_again_goes_on_in_the_same_and_gains_no_time(guest, email, clock):
    conversation, key = ask(guest)["session_id"], guest.cookies["sessionid"]
    id = guest.get("/auth/status").json["session"]
    clock(minutes=40)
    reply = guest.api("/auth/guest", {"email": email.upper()})
    assert (reply.json["session"], guest.cookies["sessionid"]) == (id, key)
    assert 1190 <= reply.json["expires_in"] <= 1200
    assert conversations(guest) == {conversation}
    clock(minutes=60, seconds=1)
    assert not is_in(guest)


def test_the_same_visitor_in_another_browser_supersedes_it(guest_site, guest, email, postgresql, sql):
    other = begin_guest(guest_site, email)
    assert (is_in(guest), is_in(other)) == (False, True)
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE username = %s", email) == (1,)
    assert sql(postgresql, "SELECT array_agg(concat_ws(' ', event, reason, kind) ORDER BY event, id) FROM gatehouse_audit "
               "WHERE username = %s", email) == (["guest_started guest bot"] * 2 + ["session_ended over_limit bot"],)


def test_from_another_address_the_same_email_is_another_visitor(guest_site, guest, email):
    """Or whoever knows an address could put its owner out."""
    other = begin_guest(guest_site, email, "127.0.0.7")
    assert is_in(guest) and is_in(other)
    conversation = ask(guest)["session_id"]
    assert conversations(other) == set()
    assert other.get(f"/chat/?session_id={conversation}").status == 404


def test_another_email_begins_anew(guest, email):
    conversation, key = ask(guest)["session_id"], guest.cookies["sessionid"]
    old = Visitor(guest.server)
    old.cookies = dict(guest.cookies)
    assert guest.api("/auth/guest", {"email": "x" + email}).status == 200
    assert guest.cookies["sessionid"] != key and not is_in(old)
    assert conversations(guest) == set() and guest.get(f"/chat/?session_id={conversation}").status == 404


# Nobody's data.

def test_an_account_of_the_same_address_stays_shut(guest_site, person):
    member = sign_in(guest_site, person)
    theirs = ask(member, "my salary is secret")["session_id"]
    question = ask(member, "and this", session_id=theirs)["messages"][0]["id"]
    guest = begin_guest(guest_site, person.email)
    assert conversations(guest) == set()
    assert guest.get(f"/chat/?session_id={theirs}").status == 404
    assert guest.get(f"/api/messages/{question}").status == 404
    assert guest.api("/api/chat", {"message": "x", "session_id": theirs}).status == 404
    mine = ask(guest)["session_id"]
    assert mine not in conversations(member) and member.get(f"/chat/?session_id={mine}").status == 404
    assert is_in(member), "their sign-in has not ended either"
    assert len(member.get("/devices", headers={"Accept": "application/json"}).json["sessions"]) == 1


def test_who_gives_the_address_again_tomorrow_is_somebody_else(guest_site, guest, email, clock):
    conversation = ask(guest)["session_id"]
    clock(minutes=61)
    again = begin_guest(guest_site, email)
    assert conversations(again) == set()
    assert again.get(f"/chat/?session_id={conversation}").status == 404


def test_every_page_but_the_chat_is_walled(guest):
    routes = re.compile(r'\{\s*METHOD_(\w+),\s*"([^"]+)",\s*([\w| ]+),')
    tried = 0
    for path in sorted((ROOT / "lib" / "pages").glob("*.c")):
        for method, address, needs in routes.findall(path.read_text()):
            if "GUEST" in needs or "PUBLIC" in needs:
                continue
            tried += 1
            address = address.replace("*", "1")
            program = guest.request(method, address, None, {"Accept": "application/json", "X-CSRFToken": guest.cookies["csrftoken"]})
            assert (program.status, program.json["error"]) == (401, "authentication_required"), (method, address)
            if method == "GET" and not address.startswith("/api/"):
                assert guest.get(address).location.startswith("/auth/login?next="), address
    assert tried > 15
    assert guest.get("/nowhere").status == 303
    assert is_in(guest)


# Messages.

def test_a_guest_changes_and_deletes_their_own_messages(guest, guest_site, email):
    question, answer = (message["id"] for message in ask(guest)["messages"])
    sent = {"X-CSRFToken": guest.cookies["csrftoken"], "Accept": "application/json"}
    changed = guest.request("PUT", f"/api/messages/{question}", '{"message": "better"}', sent, "application/json")
    assert (changed.status, changed.json["content"]) == (200, "better")
    assert 'value="save"' in guest.get(f"/chat/messages/{question}").text
    other = begin_guest(guest_site, "x" + email)
    headers = {"X-CSRFToken": other.cookies["csrftoken"], "Accept": "application/json"}
    assert other.request("DELETE", f"/api/messages/{question}", None, headers).status == 404
    for id in (question, answer):
        assert guest.request("DELETE", f"/api/messages/{id}", None, sent).status == 200
        assert guest.request("DELETE", f"/api/messages/{id}", None, sent).status == 404


# Becoming somebody.

def test_who_signs_in_keeps_the_conversation(guest, person, postgresql, sql):
    conversation = ask(guest)["session_id"]
    key = guest.cookies["sessionid"]
    assert guest.post("/auth/login", {"username": person.username, "password": person.password}, guest.token("/auth/login")).status == 303
    assert kind_of(guest) == "authenticated"
    assert conversations(guest) == {conversation}
    assert guest.get(f"/chat/?session_id={conversation}").status == 200
    ask(guest, "and more", session_id=conversation)
    assert sql(postgresql, "SELECT user_id, auth_user_id, auth_username, is_authenticated, authentication_method "
               "FROM chats_chatsession WHERE session_id = %s", conversation) == (
        str(person.id), str(person.id), person.username, True, "password")
    old = Visitor(guest.server)
    old.cookies["sessionid"] = key
    assert not is_in(old)
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE username = %s", guest.email) == (0,)


def test_who_signs_up_keeps_the_conversation(guest):
    conversation = ask(guest)["session_id"]
    reply = guest.post("/auth/register", sign_up_fields(), guest.token("/auth/register"))
    assert reply.status == 303
    assert kind_of(guest) == "authenticated" and conversations(guest) == {conversation}


def test_a_wrong_password_changes_nothing(guest, person):
    conversation = ask(guest)["session_id"]
    reply = guest.post("/auth/login", {"username": person.username, "password": "wrong"}, guest.token("/auth/login"))
    assert reply.status == 401
    assert kind_of(guest) == "bot" and conversations(guest) == {conversation}


@pytest.mark.parametrize("how", ["stolen", "late"])
def test_a_session_that_does_not_hold_takes_nothing_along(guest_site, guest, person, clock, how):
    """A cookie used from elsewhere must not carry the conversation into the thief's account."""
    conversation = ask(guest)["session_id"]
    thief = Visitor(guest_site, address="127.0.0.9" if how == "stolen" else None)
    thief.cookies = dict(guest.cookies)
    if how == "late":
        clock(minutes=61)
    reply = thief.api("/auth/login", {"username": person.username, "password": person.password})
    assert reply.status == 200, reply.text
    assert conversations(thief) == set()
    assert thief.get(f"/chat/?session_id={conversation}").status == 404


def test_a_guest_can_leave(guest):
    page = guest.get("/country/").text
    assert ">Leave</button>" in page and "/dashboard" not in page and 'class="brand" href="/chat/"' in page
    assert guest.post("/auth/logout", {}, guest.token("/chat/")).status == 303
    assert "sessionid" not in guest.cookies
    assert guest.get("/chat/").status == 303

"""Conversations that are read by a link: /chat/conversations/*/share makes and takes back, /shared/* reads."""
import json
import re

import pytest

from support.sessions import begin_guest, sign_in
from support.site import Visitor, add_person
from support.stack import SERVERS

WORDS = "What is a GmbH in Germany?"


def pytest_generate_tests(metafunc):
    if "sharing_name" in metafunc.fixturenames:
        names = [name for name in metafunc.config.getoption("--servers").split(",") if name in SERVERS]
        metafunc.parametrize("sharing_name", names, scope="module")


@pytest.fixture(scope="module")
def sites(stack):
    """sites(server, sharing): a server with that setting."""
    started = {}

    def start(name, sharing="anyone"):
        if (name, sharing) not in started:
            started[name, sharing] = stack.start(name, {"GATEHOUSE_CHAT_SHARING": sharing, "GATEHOUSE_SESSION_GUEST": "on"})
        return started[name, sharing]
    yield start
    for site in started.values():
        site.stop()


@pytest.fixture
def sharer(sites, sharing_name, mysql):
    return sign_in(sites(sharing_name), add_person(mysql))


@pytest.fixture
def one(sites, request, mysql):
    return sign_in(sites(request.config.getoption("--servers").split(",")[0]), add_person(mysql))


def talk(visitor, text=WORDS, **more):
    reply = visitor.api("/api/chat", {"message": text, **more})
    assert reply.status == 200, reply.text
    return reply.json["session_id"]


def press(visitor, id, action):
    return visitor.post(f"/chat/conversations/{id}/share", {"action": action})


def link(visitor, id):
    page = visitor.get(f"/chat/conversations/{id}/share").text
    found = re.search(r'value="http[^"]*(/shared/[a-z0-9]{32})"', page)
    return found.group(1) if found else None


def share(visitor, id):
    reply = press(visitor, id, "share")
    assert (reply.status, reply.location) == (303, f"/chat/conversations/{id}/share?done=shared"), reply.text
    return link(visitor, id)


def test_a_conversation_is_read_by_whoever_has_the_link(sharer):
    id = talk(sharer)
    assert f'href="/chat/conversations/{id}/share"' in sharer.get(f"/chat/?session_id={id}").text
    assert link(sharer, id) is None  # off until somebody turns it on
    address = share(sharer, id)
    stranger = Visitor(sharer.server)
    page = stranger.get(address)
    assert page.status == 200 and WORDS in page.text and "message-answer" in page.text
    assert sharer.person.username not in page.text and sharer.person.email not in page.text and id not in page.text
    assert "composer" not in page.text and "/chat/messages/" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow" and page.headers["Cache-Control"] == "no-store"
    assert page.headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert '<meta name="robots" content="noindex' in page.text
    data = stranger.get(address, headers={"Accept": "application/json"}).json
    assert [message["role"] for message in data["messages"]] == ["user", "assistant"] and data["title"] == WORDS
    assert not {"id", "model", "rating", "rating_note", "parent_id"} & set(data["messages"][1])


def test_what_comes_later_is_not_seen_until_the_link_is_updated(one):
    id = talk(one)
    address = share(one, id)
    talk(one, "hello, a secret", session_id=id)
    stranger = Visitor(one.server)
    assert "a secret" not in stranger.get(address).text
    assert "Update the link" in one.get(f"/chat/conversations/{id}/share").text
    assert press(one, id, "update").location.endswith("?done=updated")
    assert "a secret" in stranger.get(address).text and link(one, id) == address
    assert "Update the link" not in one.get(f"/chat/conversations/{id}/share").text


def test_another_branch_is_not_seen(one, postgresql):
    id = talk(one)
    address = share(one, id)
    talk(one, "hello, another branch", session_id=id, parent_id="0")
    page = Visitor(one.server).get(address).text
    assert WORDS in page and "another branch" not in page


def test_a_link_that_was_taken_back_opens_nothing(sharer):
    id = talk(sharer)
    address = share(sharer, id)
    stranger = Visitor(sharer.server)
    assert stranger.get(address).status == 200
    assert press(sharer, id, "revoke").location.endswith("?done=revoked")
    gone = stranger.get(address)
    assert gone.status == 404 and WORDS not in gone.text and gone.headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert link(sharer, id) is None
    again = share(sharer, id)
    assert again != address and stranger.get(address).status == 404 and stranger.get(again).status == 200


def test_deleting_counts_here_too(one, postgresql):
    id = talk(one)
    talk(one, "hello, please forget this", session_id=id)
    address = share(one, id)
    stranger = Visitor(one.server)
    messages = one.get(f"/api/chat?session_id={id}").json["messages"]
    for message in messages[2:][::-1]:
        assert one.post(f"/chat/messages/{message['id']}", {"action": "delete"}).status == 303
    page = stranger.get(address)
    assert page.status == 200 and "forget this" not in page.text and WORDS in page.text
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_conversation SET deleted_at = gatehouse_now() WHERE session_id = %s", (id,))
        assert stranger.get(address).status == 404
        assert one.get(f"/chat/conversations/{id}/share").status == 404
        cursor.execute("UPDATE gatehouse_conversation SET deleted_at = NULL WHERE session_id = %s", (id,))
        assert stranger.get(address).status == 200
        cursor.execute("DELETE FROM chats_chatsession WHERE session_id = %s", (id,))
    assert stranger.get(address).status == 404


def test_only_the_owner_shares(one, mysql, sites, request):
    id = talk(one)
    other = sign_in(one.server, add_person(mysql))
    for action in ("share", "update", "revoke"):
        assert press(other, id, action).status == 404
    assert other.get(f"/chat/conversations/{id}/share").status == 404
    assert press(one, id, "else").status == 400
    for wrong in ("x", "00000000-0000-0000-0000-000000000000", ""):
        assert one.get(f"/chat/conversations/{wrong}/share").status == 404
    assert press(one, id, "revoke").status == 303 and press(one, id, "update").status == 404  # it is not shared
    guest = begin_guest(one.server, "g@example.org")
    guests = talk(guest)
    assert "/share" not in guest.get(f"/chat/?session_id={guests}").text
    assert guest.get(f"/chat/conversations/{guests}/share").status == 303
    assert one.post(f"/chat/conversations/{id}/share", {"action": "share"}, "a" * 64).status == 403 and link(one, id) is None


def test_pressed_twice_it_is_one_link(one):
    id = talk(one)
    address = share(one, id)
    assert share(one, id) == address


def test_off_is_the_default_and_closes_links_that_were_made(stack, one, one_site, sites, request):
    id = talk(one)
    address = share(one, id)
    elsewhere = sign_in(one_site, one.person)
    assert "/share" not in elsewhere.get(f"/chat/?session_id={id}").text
    assert elsewhere.get(f"/chat/conversations/{id}/share").status == 404
    assert press(elsewhere, id, "share").status == 404
    assert elsewhere.get(address).status == 404 and Visitor(one_site).get(address).status == 404
    assert Visitor(one.server).get(address).status == 200


def test_members_only_means_signed_in(sites, request, mysql):
    site = sites(request.config.getoption("--servers").split(",")[0], "members")
    owner = sign_in(site, add_person(mysql))
    address = share(owner, talk(owner))
    stranger = Visitor(site).get(address)
    assert stranger.status == 303 and stranger.location.startswith("/auth/login?next=%2Fshared%2F")
    assert Visitor(site, html=False).get(address).status == 401
    assert begin_guest(site, "guest@example.org").get(address).status in (303, 403)
    assert sign_in(site, add_person(mysql)).get(address).status == 200


def test_a_link_cannot_be_guessed_and_guessing_is_slowed(one, clock):
    id = talk(one)
    address = share(one, id)
    stranger = Visitor(one.server, address="127.0.0.77")
    for wrong in (address[:-1], address + "a", "/shared/" + address[8:].upper(), "/shared/", "/shared/" + "a" * 32, address + "/x"):
        assert stranger.get(wrong).status == 404, wrong
    statuses = [stranger.get("/shared/" + f"{n:032d}").status for n in range(40)]
    assert statuses[0] == 404 and statuses[-1] == 429
    assert int(stranger.get("/shared/" + "b" * 32).headers["Retry-After"]) > 0
    assert Visitor(one.server, address="127.0.0.78").get(address).status == 200
    clock(minutes=2)
    assert stranger.get(address).status == 200


def test_a_copy_of_the_database_opens_no_link(one, postgresql):
    id = talk(one)
    token = share(one, id).rsplit("/", 1)[1]
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM gatehouse_conversation c WHERE session_id = %s", (id,))
        assert token not in cursor.fetchone()[0]
    assert token not in one.server.stack.log()


def test_a_long_one_is_read_in_pages(one, postgresql):
    id = talk(one)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at) "
                       "SELECT %s, CASE WHEN n %% 2 = 1 THEN 'user' ELSE 'assistant' END, 'message ' || n || '.', '{}', now() "
                       "FROM generate_series(1, 250) n", (id,))
    address = share(one, id)
    seen, path = [], address
    while path:
        page = Visitor(one.server).get(path).text
        seen += re.findall(r"message \d+\.", page)
        found = re.search(r'class="earlier"><a href="([^"]+)"', page)
        path = found.group(1).replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 250
    for wrong in ("-1", "x", "99999999999999999999", "100000"):
        assert Visitor(one.server).get(f"{address}?skip={wrong}").status == 404


def test_a_page_has_half_a_megabyte_at_most(one, postgresql):
    id = talk(one)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at) "
                       "SELECT %s, 'user', 'message ' || n || '.' || repeat('<', CASE n WHEN 20 THEN 700000 ELSE 131072 END), '{}', now() "
                       "FROM generate_series(1, 30) n", (id,))
    address = share(one, id)
    seen, path = [], address
    while path:
        page = Visitor(one.server).get(path).text
        here = re.findall(r"message (\d+)\.", page)
        assert len(page) < 3_000_000 and len(here) <= 4
        seen = here + seen
        found = re.search(r'class="earlier"><a href="([^"]+)"', page)
        path = found.group(1).replace("&amp;", "&") if found else None
    assert seen == [str(n) for n in range(1, 31)]


# ---- The audit trail ----

def trail(postgresql, person, event):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT reason, detail::text FROM gatehouse_audit WHERE user_id = %s AND event = %s ORDER BY id", (str(person.id), event))
        return [(reason, json.loads(detail)) for reason, detail in cursor.fetchall()]


def test_sharing_is_written_down(one, postgresql):
    id = talk(one)
    token = share(one, id).rsplit("/", 1)[1]
    talk(one, "hello", session_id=id)
    for action in ("update", "revoke", "revoke"):
        press(one, id, action)
    entries = trail(postgresql, one.person, "conversation_shared")
    assert [reason for reason, _ in entries] == ["shared", "updated", "revoked"]
    assert all(detail == {"conversation": id} for _, detail in entries) and token not in str(entries)
    page = one.get("/activity").text
    assert "You shared a conversation by a link" in page and "You took back the link to a conversation" in page


def test_characters_that_are_shared_or_deleted_are_written_down(one, stack, postgresql, mysql):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    admin = sign_in(one.server, person)

    def send(method, path, data=None):
        return admin.request(method, path, json.dumps(data) if data else None,
                             {"Accept": "application/json", "X-CSRFToken": admin.cookies["csrftoken"]}, "application/json" if data else None)
    made = send("POST", "/api/characters", {"name": "Ann", "backstory": "b"}).json["id"]
    send("PATCH", f"/api/characters/{made}", {"name": "Anna"})
    send("PATCH", f"/api/characters/{made}", {"is_shared": True})
    send("PATCH", f"/api/characters/{made}", {"is_shared": False})
    assert send("DELETE", f"/api/characters/{made}").status == 200
    assert send("DELETE", f"/api/characters/{made}").status == 404
    shared = send("POST", "/api/characters", {"name": "Ben", "backstory": "b", "is_shared": True}).json["id"]
    assert admin.post("/personality/delete", {"id": shared}).status == 303
    assert trail(postgresql, person, "character_changed") == [
        ("shared", {"character": made, "name": "Anna"}), ("unshared", {"character": made, "name": "Anna"}),
        ("deleted", {"character": made}),
        ("shared", {"character": shared, "name": "Ben"}), ("deleted", {"character": shared, "name": "Ben"})]
    assert "You deleted a character" in admin.get("/activity").text


def test_ones_own_keys_are_written_down_but_never_the_key(stack, person, postgresql, request):
    site = stack.start(request.config.getoption("--servers").split(",")[0], {"GATEHOUSE_CHAT_OWN_KEYS": "on"})
    try:
        keeper, key = sign_in(site, person), "sk-0123456789abcdefWXYZ"
        for action in ("save", "save", "remove", "remove"):
            keeper.post("/settings/key", {"protocol": "openai", "api_key": key, "action": action})
        keeper.post("/settings/key", {"protocol": "openai", "api_key": "short", "action": "save"})
        entries = trail(postgresql, person, "own_key_changed")
        assert entries == [("stored", {"server": "openai"})] * 2 + [("removed", {"server": "openai"})]
        assert "You stored a key of your own" in keeper.get("/activity").text
    finally:
        site.stop()


def test_a_link_is_not_in_the_log_while_the_database_is_away_either(one, stack):
    address = share(one, talk(one))
    stack.call("stop-postgresql", stack.folder)
    try:
        reply = one.get(address)
    finally:
        stack.call("start-postgresql", stack.folder)
    assert reply.status == 503 and reply.headers["Referrer-Policy"] == "no-referrer"
    assert address.split("/")[-1] not in stack.log()

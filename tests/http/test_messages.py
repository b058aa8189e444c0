"""One's own messages: changing and deleting them, on the page and as a program."""
import json
import threading
import urllib.parse

import pytest

from support.site import Visitor, add_person
from support.sql import rows_of
from support.stack import wait_until

JSON = {"Accept": "application/json"}


@pytest.fixture
def asked(member):
    """A question and its answer: the member, the conversation, and the ids of both."""
    data = member.api("/api/chat", {"message": "How do I register a GmbH in Germany?"}).json
    member.conversation = data["session_id"]
    member.question, member.answer = (message["id"] for message in data["messages"])
    return member


def put(visitor, id, data):
    return visitor.request("PUT", f"/api/messages/{id}", json.dumps(data),
                           {**JSON, "X-CSRFToken": visitor.cookies["csrftoken"]}, "application/json")


def delete(visitor, id):
    return visitor.request("DELETE", f"/api/messages/{id}", None, {**JSON, "X-CSRFToken": visitor.cookies["csrftoken"]})


def submit(visitor, id, token=True, **fields):
    token = visitor.token(f"/chat/messages/{id}") if token is True else token
    return visitor.post(f"/chat/messages/{id}", fields, token)


def contents(visitor):
    data = visitor.get(f"/api/chat?session_id={visitor.conversation}").json
    return {message["id"]: message["content"] for message in data["messages"]}


def test_the_chat_leads_to_ones_own_messages_only(asked):
    page = asked.get(f"/chat/?session_id={asked.conversation}").text
    assert page.count('href="/chat/messages/') == 1 and f'href="/chat/messages/{asked.question}"' in page
    form = asked.get(f"/chat/messages/{asked.question}")
    assert form.status == 200 and form.value("message") == "How do I register a GmbH in Germany?"
    assert f'href="/chat/?session_id={asked.conversation}"' in form.text, "the way back"


def test_a_message_is_changed_on_its_page(asked, postgresql, sql):
    reply = submit(asked, asked.question, action="save", message="  How do I register an <UG>?\r\nToday. ")
    assert (reply.status, reply.location) == (303, f"/chat/?session_id={asked.conversation}")
    assert contents(asked)[asked.question].replace("\r\n", "\n") == "How do I register an <UG>?\nToday."
    page = asked.get(reply.location).text
    assert "register an &lt;UG&gt;?" in page and "GmbH in Germany?</p>" not in page
    assert sql(postgresql, "SELECT metadata ? 'edited_at', role FROM chats_chatmessage WHERE id = %s", asked.question) == (True, "user")


def test_a_message_is_deleted_on_its_page(asked, postgresql, sql):
    reply = submit(asked, asked.question, action="delete")
    assert (reply.status, reply.location) == (303, f"/chat/?session_id={asked.conversation}")
    assert list(contents(asked)) == [asked.answer]
    assert sql(postgresql, "SELECT count(*) FROM chats_chatmessage WHERE id = %s", asked.question) == (0,)
    assert asked.get(f"/chat/messages/{asked.question}").status == 404
    assert submit(asked, asked.answer, action="delete").status == 303
    assert contents(asked) == {}


def test_programs_use_put_and_delete(asked):
    assert asked.get(f"/api/messages/{asked.question}").json == {
        "id": asked.question, "role": "user", "content": "How do I register a GmbH in Germany?", "session_id": asked.conversation}
    reply = put(asked, asked.question, {"message": "Something else"})
    assert reply.status == 200
    assert {name: reply.json[name] for name in ("id", "role", "content", "session_id", "success")} == {
        "id": asked.question, "role": "user", "content": "Something else", "session_id": asked.conversation, "success": True}
    reply = delete(asked, asked.question)
    assert (reply.status, reply.json["session_id"]) == (200, asked.conversation)
    assert delete(asked, asked.question).status == 404
    assert list(contents(asked)) == [asked.answer]


def test_an_answer_stays_as_it_is_or_goes(asked):
    page = asked.get(f"/chat/messages/{asked.answer}")
    assert page.status == 200 and "<textarea" not in page.text
    reply = put(asked, asked.answer, {"message": "You owe nothing."})
    assert (reply.status, reply.json["message"]) == (409, "An answer cannot be changed.")
    before = contents(asked)
    assert submit(asked, asked.answer, action="save", message="You owe nothing.").status == 409
    assert contents(asked) == before
    assert delete(asked, asked.answer).status == 200


def test_somebody_elses_message_is_not_there(asked, mysql):
    other = Visitor(asked.server)
    other.sign_in(add_person(mysql))
    before = contents(asked)
    for id in (asked.question, asked.answer):
        assert other.get(f"/chat/messages/{id}").status == 404
        assert other.get(f"/api/messages/{id}").status == 404
        assert put(other, id, {"message": "mine now"}).status == 404
        assert delete(other, id).status == 404
        for action in ("save", "delete"):
            assert submit(other, id, other.token("/profile"), action=action, message="mine now").status == 404
    assert contents(asked) == before


@pytest.mark.parametrize("id", ["0", "-1", "999999999999", "9223372036854775808", "1e3", "x", "", "1/2", "%27%20OR%20true"])
def test_what_is_no_message_is_not_there(one_member, id):
    assert one_member.get(f"/chat/messages/{id}").status == 404
    assert one_member.get(f"/api/messages/{id}").status == 404
    assert put(one_member, id, {"message": "x"}).status == 404
    assert delete(one_member, id).status == 404


def test_a_nul_in_an_address_leads_nowhere(one_member):
    """nginx refuses it by itself."""
    for path in ("/chat/messages/1%00", "/api/messages/1%00", "/api/characters/a%00"):
        assert one_member.get(path).status in (400, 404)


def test_a_changed_message_must_be_text_of_some_length(asked):
    for text, sentence in (("  \n", "Write a message first."), ("é" * 4001, "longer than 4000"), ("a\0b", "no text")):
        reply = submit(asked, asked.question, action="save", message=text)
        assert reply.status == 400 and sentence in reply.field_error("message")
        program = put(asked, asked.question, {"message": text})
        assert program.status == 400
        if "\0" not in text:  # which no JSON of ours holds
            assert program.json["fields"]["message"] == reply.field_error("message")
    assert submit(asked, asked.question, action="save", message="é" * 4001).value("message") == "é" * 4001
    assert contents(asked)[asked.question] == "How do I register a GmbH in Germany?"


def test_a_conversation_that_is_over_can_lose_messages_and_not_change_them(asked, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 hour' WHERE session_id = %s", (asked.conversation,))
    page = asked.get(f"/chat/messages/{asked.question}")
    assert page.status == 200 and "<textarea" not in page.text and "Its conversation has ended" in page.text
    reply = submit(asked, asked.question, action="save", message="late")
    assert reply.status == 409 and "This conversation has ended" in reply.text
    assert put(asked, asked.question, {"message": "late"}).status == 409
    assert contents(asked)[asked.question] == "How do I register a GmbH in Germany?"
    assert submit(asked, asked.question, action="delete").status == 303


def test_a_stale_form_keeps_what_was_typed_and_changes_nothing(asked):
    before = contents(asked)
    page = submit(asked, asked.question, "a" * 64, action="save", message="my new words")
    assert page.status == 403 and page.value("message") == "my new words"
    for token in (None, "a" * 64):
        assert submit(asked, asked.question, token, action="delete").status == 403
    for method in ("PUT", "DELETE"):
        reply = asked.request(method, f"/api/messages/{asked.question}", '{"message": "x"}', JSON, "application/json")
        assert reply.status == 403 and reply.json["error"] == "csrf_failed"
    assert contents(asked) == before


def test_a_stranger_is_asked_to_sign_in_first(asked):
    stranger = Visitor(asked.server)
    path = f"/chat/messages/{asked.question}"
    assert stranger.get(path).location == "/auth/login?next=" + urllib.parse.quote(path, safe="")
    assert stranger.get(f"/api/messages/{asked.question}").status == 401
    assert stranger.request("DELETE", f"/api/messages/{asked.question}").status == 401
    assert len(contents(asked)) == 2


WRITES = ("SELECT FROM chats_chatsession WHERE session_id = %s FOR UPDATE",
          "INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at) VALUES (%s, 'user', 'And then?', '{}', now())")


@pytest.mark.parametrize("statements", [WRITES, WRITES[1:]], ids=["the chat", "a Django project"])
def test_a_message_that_is_written_while_the_one_before_it_is_deleted_keeps_its_place(asked, stack, postgresql, statements):
    writer = stack.postgresql()
    writer.autocommit = False
    with writer.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, (asked.conversation,))
    deleted = []
    thread = threading.Thread(target=lambda: deleted.append(delete(asked, asked.answer).status))
    thread.start()
    waits = wait_until(lambda: rows_of(postgresql, "SELECT FROM pg_locks WHERE NOT granted"), 1.5)
    writer.commit()
    thread.join()
    writer.close()
    assert waits and deleted == [200]
    assert list(contents(asked).values()) == ["How do I register a GmbH in Germany?", "And then?"]


def test_over_the_limit_a_message_that_was_changed_is_not_lost(stack, mysql, postgresql):
    site = stack.start("nginx", {"GATEHOUSE_QUOTA_MESSAGES_PER_DAY": "1"})
    member = Visitor(site)
    member.sign_in(add_person(mysql))
    data = member.api("/api/chat", {"message": "Hello"}).json
    member.conversation, question = data["session_id"], data["messages"][0]["id"]
    before = contents(member)
    page = submit(member, question, action="ask", message="Hello, written anew")
    assert page.status == 429 and int(page.headers["Retry-After"]) > 0
    assert page.value("message") == "Hello, written anew" and "These were all the messages for today." in page.text
    reply = member.api(f"/api/messages/{question}", {"action": "ask", "message": "Hello, written anew"})
    assert (reply.status, reply.json["error"]) == (429, "too_many_attempts") and "for today" in reply.json["message"]
    page = submit(member, question, action="retry")
    assert page.status == 429 and "These were all the messages for today." in page.text and "Home page" in page.text
    assert contents(member) == before
    site.stop()

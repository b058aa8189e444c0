"""Answers of models: written by the worker, read as a stream or by asking again, stopped, retried, branched."""
import os
import re
import signal
import threading
import time

import pytest

from support.answers import Events, Models, ask, end_workers, finished, shown, state, workers
from support.model_server import openai, openai_piece, raw, status
from support.site import Visitor, add_person
from support.sql import rows_of
from support.stack import SERVERS, wait_until

STREAMING = ["lighttpd", "nginx", "apache-proxy"]


def pytest_generate_tests(metafunc):
    if "talking_name" in metafunc.fixturenames:
        names = [name for name in metafunc.config.getoption("--servers").split(",") if name in SERVERS]
        metafunc.parametrize("talking_name", names, scope="module")
    if "streaming_name" in metafunc.fixturenames:
        names = [name for name in metafunc.config.getoption("--servers").split(",") if name in STREAMING]
        metafunc.parametrize("streaming_name", names or ["nginx"], scope="module")


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack)
    yield models
    models.stop()


def signed_in(site, mysql):
    visitor = Visitor(site)
    visitor.person = add_person(mysql)
    assert visitor.sign_in(visitor.person).status == 303
    return visitor


@pytest.fixture
def talker(models, talking_name, mysql):
    """Somebody signed in whose chat asks a model; on each server."""
    return signed_in(models.site(talking_name), mysql)


@pytest.fixture
def reader(models, streaming_name, mysql):
    """The same on each server that streams."""
    return signed_in(models.site(streaming_name), mysql)


@pytest.fixture
def one(models, request, mysql):
    name = [name for name in request.config.getoption("--servers").split(",") if name in STREAMING]
    return signed_in(models.site((name or ["nginx"])[0]), mysql)


def test_a_question_is_answered_by_the_model(models, talker):
    models.server.script(openai("Hello ", "from ", "**the model**."))
    before = len(models.server.requests)
    reply = ask(talker, "Who are you?")
    assert [message["role"] for message in reply["messages"]] == ["user"] and reply["answer"]["state"] == "waiting"
    id = reply["answer"]["id"]
    assert (reply["answer"]["poll"], reply["answer"]["stop"]) == (f"/api/answers/{id}", f"/chat/answers/{id}/stop")
    assert reply["answer"]["events"] in (f"/chat/answers/{id}/events", None)
    answer = finished(talker, reply["answer"])
    assert (answer["state"], answer["content"]) == ("done", "Hello from **the model**.")
    page = talker.get(f"/chat/?session_id={reply['session_id']}")
    assert "<strong>the model</strong>" in page.text
    asked = models.server.requests[before].json
    assert asked["model"] == "test" and asked["messages"][-1] == {"role": "user", "content": "Who are you?"}
    assert asked["messages"][0]["role"] == "system"


def test_a_page_shows_an_answer_that_ends_while_the_page_is_made(models, one, stack, postgresql):
    """The messages are read before what is on its way; in between, the answer goes from the one to the other."""
    gate = threading.Semaphore(0)
    models.server.script(openai("All of it", gate=gate))
    reply = ask(one, "Tell me")
    assert wait_until(lambda: one.get(reply["answer"]["poll"]).json["content"] == "All of it", 10)
    ending = stack.postgresql()
    ending.autocommit = False
    pages = []
    with ending.cursor() as cursor:
        cursor.execute("LOCK TABLE gatehouse_answer_piece IN ACCESS EXCLUSIVE MODE")
        page = threading.Thread(target=lambda: pages.append(one.get(f"/chat/?session_id={reply['session_id']}&last=1")))
        page.start()
        assert wait_until(lambda: rows_of(postgresql, """SELECT FROM pg_locks
            WHERE NOT granted AND relation = 'gatehouse_answer_piece'::regclass"""), 5)
        cursor.execute("SELECT gatehouse_answer_end(%s, worker, 'done', NULL, NULL, 1, 1) FROM gatehouse_answer WHERE id = %s",
                       (reply["answer"]["id"],) * 2)
        assert cursor.fetchone()[0]
    ending.commit()
    ending.close()
    page.join()
    gate.release(10)
    assert "All of it" in pages[0].text


def test_the_model_is_reminded_of_what_was_said(models, one):
    models.server.script(openai("Blue."))
    first = ask(one, "Name a colour.")
    finished(one, first["answer"])
    models.server.script(openai("It is."))
    second = ask(one, "Is it a cold one?", session_id=first["session_id"])
    finished(one, second["answer"])
    turns = models.server.requests[-1].json["messages"][1:]
    assert turns == [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Blue."},
                     {"role": "user", "content": "Is it a cold one?"}]


def test_pieces_reach_the_reader_as_they_come(models, reader):
    gate = threading.Semaphore(0)
    models.server.script(openai("First. ", "Second.", gate=gate))
    reply = ask(reader, "Slowly, please")
    events = Events(reader, reply["answer"]["events"])
    assert (events.status, events.type) == (200, "text/event-stream")
    name, data, id = events.next()
    assert name == "grow" and "First." in data["tail"] and "Second" not in data["tail"] and id == "1-0"
    gate.release()
    name, data, id = events.next()
    assert name == "grow" and "Second." in data["settled"] + data["tail"] and id == "2-0"
    gate.release()
    *_, last = events.rest()
    assert last[0] == "end" and last[1]["state"] == "done" and int(last[1]["message_id"]) > 0


def test_who_comes_later_or_again_sees_everything(models, reader):
    gate = threading.Semaphore(0)
    models.server.script(openai("One\n\n", "Two\n\n", "Three", gate=gate))
    reply = ask(reader, "Count")
    first = Events(reader, reply["answer"]["events"])
    seen = [first.next()]
    gate.release()
    seen.append(first.next())
    first.close()  # a tab that is closed
    second = Events(reader, reply["answer"]["events"])
    assert "One" in shown([event := second.next()]) and "Two" in shown([event])
    third = Events(reader, reply["answer"]["events"])
    gate.release()
    gate.release()
    everything = [event] + second.rest()
    assert everything[-1][0] == "end"
    for html in (shown(everything), shown(third.rest())):
        assert html == "<p>One</p>\n<p>Two</p>\n<p>Three</p>\n"


def test_who_was_away_gets_what_came_meanwhile_and_no_more(models, reader):
    gate = threading.Semaphore(0)
    models.server.script(openai("One\n\n", "Two\n\n", "Three", " and four\n\n", "Five", gate=gate))
    reply = ask(reader, "Count")
    events = Events(reader, reply["answer"]["events"])
    seen = [events.next()]
    for _ in range(2):
        gate.release()
        seen.append(events.next())
    assert shown(seen) == "<p>One</p>\n<p>Two</p>\n<p>Three</p>\n"
    events.close()
    gate.release()
    gate.release()
    later = Events(reader, reply["answer"]["events"], last=seen[-1][2])
    gate.release()
    rest = later.rest()
    assert rest[0][1]["from"] > 0 and "One" not in shown(rest) and rest[-1][0] == "end"
    assert shown(seen[:-1] + [("grow", {"settled": seen[-1][1]["settled"], "tail": ""}, None)] + rest[:-1]).replace("\n", "") == (
        "<p>One</p><p>Two</p><p>Three and four</p><p>Five</p>")
    # what is no cursor of ours begins anew, and breaks nothing
    for last in ("9999-3", "1-2", "-1--1", "1-99999999999999999999", "x", "3", "0-0", "1-", "\xff"):
        everything = Events(reader, reply["answer"]["events"], last=last).rest()
        assert everything[0][1]["from"] == 0 and "One" in shown(everything) and "Five" in shown(everything), last


def test_one_person_cannot_take_the_places_of_all(models, reader, mysql):
    gate = threading.Semaphore(0)
    others_gate = threading.Semaphore(0)
    models.server.script(openai("Slow", *[" words"] * 60, gate=gate), openai("Other", " words", gate=others_gate))
    answer = ask(reader, "Wait for me")["answer"]
    streams = [Events(reader, answer["events"]) for _ in range(12)]
    assert {(stream.type, stream.next()[0]) for stream in streams} == {("text/event-stream", "grow")}
    one_more = reader.get(answer["events"])
    assert one_more.status == 200 and one_more.json["content"] == "Slow"  # what asking again and again gives
    other = signed_in(reader.server, mysql)
    theirs = Events(other, ask(other, "Me too")["answer"]["events"])
    assert theirs.type == "text/event-stream" and theirs.next()[0] == "grow"
    streams.pop().close()

    def has_place():
        gate.release()  # who has gone is noticed when something is sent
        stream = Events(reader, answer["events"])
        if stream.type == "text/event-stream":
            streams.append(stream)
        return stream.type == "text/event-stream"
    assert wait_until(has_place, 10, 0.3)
    for _ in range(61):
        gate.release()
        others_gate.release()
    for stream in streams + [theirs]:
        assert stream.rest()[-1][0] == "end"


def test_a_reader_who_has_gone_from_a_quiet_stream_is_noticed(models, reader):
    """Nothing comes of the answer, so only the program's own heartbeats can tell."""
    gate = threading.Semaphore(0)
    models.server.script(openai("Quiet", " words", gate=gate))
    answer = ask(reader, "Wait for me")["answer"]
    streams = [Events(reader, answer["events"]) for _ in range(12)]
    assert all(stream.next()[0] == "grow" for stream in streams)
    for stream in streams[:4]:
        stream.close()
    places = []

    def has_places():
        stream = Events(reader, answer["events"])
        if stream.type == "text/event-stream":
            places.append(stream)
        return len(places) == 4
    assert wait_until(has_places, 60, 0.3), f"{len(places)} of 4 places are free again"
    gate.release(10)
    for stream in streams[4:] + places:
        assert stream.rest()[-1][0] == "end"


def test_a_stream_ends_with_its_session(models, reader):
    gate = threading.Semaphore(0)
    models.server.script(openai("Before", " after", gate=gate))
    answer = ask(reader, "Something secret")["answer"]
    other = Visitor(reader.server)
    assert other.sign_in(reader.person).status == 303
    stream, others = Events(reader, answer["events"]), Events(other, answer["events"])
    assert stream.next()[0] == others.next()[0] == "grow"
    assert reader.post("/logout", {}).status == 303
    assert [name for name, *_ in stream.rest()] == ["resume"]
    again = Events(reader, answer["events"])
    assert again.status == 401
    gate.release(10)
    assert others.rest()[-1][0] == "end"


def test_an_answer_nobody_waits_for_is_there_afterwards(models, talker):
    models.server.script(openai("Still ", "here.", pause=0.3))
    reply = ask(talker, "I am gone")
    assert wait_until(lambda: "Still here." in talker.get(f"/chat/?session_id={reply['session_id']}").text, 15)


def test_stop_ends_it_at_the_server_and_keeps_what_came(models, talker):
    gate = threading.Semaphore(0)
    models.server.script(openai("Kept", " never", gate=gate))
    reply = ask(talker, "Talk for ever")
    assert wait_until(lambda: state(talker, reply["answer"])["content"] == "Kept", 15)
    stopped = talker.post(reply["answer"]["stop"], {})
    assert stopped.status == 303
    answer = finished(talker, reply["answer"])
    assert (answer["state"], answer["content"]) == ("stopped", "Kept")
    gate.release()
    gate.release()
    assert models.server.requests[-1].left.wait(10), "the model's server still has its reader"
    page = talker.get(f"/chat/?session_id={reply['session_id']}").text
    assert "Kept" in page and "Stopped." in page and "never" not in page


def test_another_version_of_an_answer_and_back(models, one):
    models.server.script(openai("Heads."), openai("Tails."))
    reply = ask(one, "Toss a coin")
    id, question = reply["session_id"], reply["messages"][0]["id"]
    finished(one, reply["answer"])
    assert one.post(f"/chat/messages/{question}", {"action": "retry"}).status == 303
    assert wait_until(lambda: "Tails." in one.get(f"/chat/?session_id={id}").text, 15)
    page = one.get(f"/chat/?session_id={id}")
    assert "Heads." not in page.text and "2 of 2" in page.text
    messages = one.get(f"/api/chat?session_id={id}").json["messages"]
    assert [message["content"] for message in messages] == ["Toss a coin", "Tails."]
    other = messages[1]["previous_version"]
    assert one.post(f"/chat/messages/{other}", {"action": "show"}).status == 303
    page = one.get(f"/chat/?session_id={id}").text
    assert "Heads." in page and "Tails." not in page and "1 of 2" in page


def test_an_edited_question_begins_a_branch(models, one):
    models.server.script(openai("A"), openai("B"), openai("C"))
    reply = ask(one, "first")
    id, question = reply["session_id"], reply["messages"][0]
    finished(one, reply["answer"])
    finished(one, ask(one, "second", session_id=id)["answer"])
    edited = ask(one, "first, better", session_id=id, parent_id="0")
    finished(one, edited["answer"])
    messages = one.get(f"/api/chat?session_id={id}").json["messages"]
    assert [message["content"] for message in messages] == ["first, better", "C"]
    assert models.server.requests[-1].json["messages"][1:] == [{"role": "user", "content": "first, better"}]
    assert messages[0]["versions"] == 2 and messages[0]["previous_version"] == question["id"]
    one.post(f"/chat/messages/{question['id']}", {"action": "show"})
    messages = one.get(f"/api/chat?session_id={id}").json["messages"]
    assert [message["content"] for message in messages] == ["first", "A", "second", "B"]


def test_the_same_form_twice_is_one_message(models, one, postgresql):
    models.server.script(openai("Once."))
    before = len(models.server.requests)
    first = ask(one, "Only once", submit_key="abc123")
    again = ask(one, "Only once", submit_key="abc123")
    assert again["session_id"] == first["session_id"] and again["messages"][0]["id"] == first["messages"][0]["id"]
    finished(one, first["answer"])
    third = ask(one, "Only once", submit_key="abc123")
    assert third["messages"][1]["content"] == "Once."
    assert len(models.server.requests) == before + 1
    other = ask(one, "Something else, after going back", submit_key="abc123")
    assert other["messages"][0]["id"] != first["messages"][0]["id"]
    finished(one, other["answer"])
    assert len(models.server.requests) == before + 2
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(ask(one, "At once", submit_key="same")["messages"][0]["id"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 8 and len(set(replies)) == 1


def test_a_second_question_waits_for_the_first_answer(models, one):
    gate = threading.Semaphore(0)
    models.server.script(openai("a", "b", gate=gate))
    reply = ask(one, "first")
    refused = one.api("/api/chat", {"message": "second", "session_id": reply["session_id"]})
    assert refused.status == 409 and "still being written" in refused.json["message"]
    gate.release()
    gate.release()
    finished(one, reply["answer"])


@pytest.mark.parametrize("reply, code", [
    (status(401, {"error": {"message": "bad key"}}), "model"), (status(404, {"error": {"message": "no such model"}}), "model"),
    (status(400, {"error": {"message": "too long"}}), "model"), (raw(b"rubbish\r\n\r\n"), "model")])
def test_a_failure_is_said_kindly_and_can_be_tried_again(models, one, reply, code):
    models.server.script(reply)
    sent = ask(one, "Please")
    answer = finished(one, sent["answer"], 30)
    assert answer["state"] == "failed" and answer["error"].startswith(code) and answer["message_id"] is None
    page = one.get(f"/chat/?session_id={sent['session_id']}").text
    assert answer["sentence"] and answer["sentence"].split("'")[0].split(".")[0] in page and "Try again" in page
    models.server.script(openai("Better now."))
    assert one.post(f"/chat/messages/{sent['messages'][0]['id']}", {"action": "retry"}).status == 303
    assert wait_until(lambda: "Better now." in one.get(f"/chat/?session_id={sent['session_id']}").text, 15)


def test_a_break_in_the_middle_keeps_what_came(models, one):
    def broken(connection):
        connection.head("Transfer-Encoding: chunked")
        connection.chunk(openai_piece("Half an answ"))
    models.server.script(broken)
    sent = ask(one, "Please")
    answer = finished(one, sent["answer"], 30)
    assert (answer["state"], answer["content"]) == ("failed", "Half an answ") and answer["message_id"]
    page = one.get(f"/chat/?session_id={sent['session_id']}").text
    assert "Half an answ" in page and "broke off" in page


def test_a_killed_worker_is_replaced(models, one, stack, clock):
    gate = threading.Semaphore(0)
    models.server.script(openai("Half", " whole", gate=gate))
    seen = ask(one, "seen in part")
    assert wait_until(lambda: state(one, seen["answer"])["content"] == "Half", 15), state(one, seen["answer"])
    other = signed_in(one.server, stack.mysql())
    models.server.script(raw(b"", hang=True))
    unseen = ask(other, "not begun")
    models.server.wait_for_requests(len(models.server.requests))
    assert wait_until(lambda: state(other, unseen["answer"])["state"] == "running", 15)
    end_workers(stack, signal.SIGKILL)
    clock(seconds=21)  # the lease
    models.server.script(openai("From the second worker."))
    assert wait_until(lambda: ask_any(one), 15)
    answer = finished(one, seen["answer"], 30)
    assert (answer["state"], answer["content"]) == ("interrupted", "Half")
    answer = finished(other, unseen["answer"], 30)
    assert (answer["state"], answer["content"]) == ("done", "From the second worker.")
    gate.release()
    gate.release()


def ask_any(visitor):
    """A question of its own, which starts a worker when there is none."""
    return visitor.api("/api/chat", {"message": "hello"}).status == 200


def test_a_worker_that_is_told_to_go_leaves_nothing_stuck(models, one, stack):
    gate = threading.Semaphore(0)
    models.server.script(openai("Half", " whole", gate=gate))
    seen = ask(one, "seen in part")
    assert wait_until(lambda: state(one, seen["answer"])["content"] == "Half", 15), state(one, seen["answer"])
    start = time.monotonic()
    end_workers(stack, signal.SIGTERM)
    assert time.monotonic() - start < 5
    answer = state(one, seen["answer"])
    assert (answer["state"], answer["content"]) == ("interrupted", "Half")
    gate.release()
    gate.release()


def test_one_worker_for_many_questions_at_once(models, one, stack):
    models.server.script(openai("Ok."))
    end_workers(stack)
    visitors = [one] + [signed_in(one.server, stack.mysql()) for _ in range(7)]
    replies = [None] * len(visitors)

    def go(place):
        replies[place] = finished(visitors[place], ask(visitors[place], f"question {place}")["answer"])
    threads = [threading.Thread(target=go, args=(place,)) for place in range(len(visitors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply["content"] for reply in replies] == ["Ok."] * len(visitors)
    assert len(workers(stack)) == 1


def test_nobody_else_sees_stops_or_retries_it(models, one, mysql):
    gate = threading.Semaphore(0)
    models.server.script(openai("Secret", " words", gate=gate))
    reply = ask(one, "mine")
    other = signed_in(one.server, mysql)
    question = reply["messages"][0]["id"]
    for path in (reply["answer"]["events"], reply["answer"]["poll"]):
        assert other.get(path).status == 404
    assert other.post(reply["answer"]["stop"], {}).status == 404
    for action in ("retry", "show", "rate"):
        assert other.post(f"/chat/messages/{question}", {"action": action, "rating": "1"}).status == 404, action
    assert Visitor(one.server).get(reply["answer"]["poll"]).status in (303, 401)
    for id in ("0", "x", "-1", "99999999999999999999", "1/2/3"):
        assert one.get(f"/api/answers/{id}").status == 404
    gate.release()
    gate.release()
    assert finished(one, reply["answer"])["state"] == "done"


def test_without_scripts_the_page_comes_again_until_the_answer_is_there(models, talker):
    gate = threading.Semaphore(0)
    models.server.script(openai("Grows", " on.", gate=gate))
    sent = talker.post("/chat/", {"message": "No scripts here"})
    assert sent.status == 303
    page = talker.get(sent.location.split("#")[0])
    assert re.search(r'<meta http-equiv="refresh" content="\d+', page.text)
    assert wait_until(lambda: "Grows" in talker.get(sent.location.split("#")[0]).text, 15)
    gate.release()
    gate.release()
    assert wait_until(lambda: "Grows on." in talker.get(sent.location.split("#")[0]).text, 15)
    assert wait_until(lambda: 'http-equiv="refresh"' not in talker.get(sent.location.split("#")[0]).text, 15)


def test_an_answer_can_be_judged(models, one, postgresql, sql):
    models.server.script(openai("Good?"))
    reply = ask(one, "Judge me")
    answer = finished(one, reply["answer"])["message_id"]
    assert one.post(f"/chat/messages/{answer}", {"action": "rate", "rating": "-1", "note": "Wrong year"}).status == 303
    messages = one.get(f"/api/chat?session_id={reply['session_id']}").json["messages"]
    assert (messages[1]["rating"], messages[1]["rating_note"]) == (-1, "Wrong year")
    assert one.post(f"/chat/messages/{answer}", {"action": "rate", "rating": "0"}).status == 303
    assert one.get(f"/api/chat?session_id={reply['session_id']}").json["messages"][1]["rating"] == 0
    for rating in ("2", "x", ""):
        assert one.post(f"/chat/messages/{answer}", {"action": "rate", "rating": rating}).status == 400
    assert one.post(f"/chat/messages/{reply['messages'][0]['id']}", {"action": "rate", "rating": "1"}).status == 404
    # a program's number
    assert one.api(f"/api/messages/{answer}", {"action": "rate", "rating": 1}).status == 200
    assert one.get(f"/api/chat?session_id={reply['session_id']}").json["messages"][1]["rating"] == 1
    for rating in (2, -2, 1.5, True, None, [1], 2**63):
        assert one.api(f"/api/messages/{answer}", {"action": "rate", "rating": rating}).status == 400, rating


def test_an_answer_is_still_there_when_its_pieces_are_gone(models, one, postgresql):
    models.server.script(openai("Long ", "ago."))
    reply = ask(one, "When?")
    finished(one, reply["answer"])
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_answer_piece WHERE answer_id = %s", (reply["answer"]["id"],))
    assert state(one, reply["answer"])["content"] == "Long ago."
    assert Events(one, reply["answer"]["events"]).rest()[-1][0] == "end"


def test_messages_of_a_django_project_take_their_place(models, one, postgresql):
    """It writes its own tables and knows nothing of ours."""
    models.server.script(openai("Answer."))
    id = ask(one, "Question")["session_id"]
    assert wait_until(lambda: len(one.get(f"/api/chat?session_id={id}").json["messages"]) == 2, 15)
    with postgresql.cursor() as cursor:
        for role, content in (("user", "From Django"), ("assistant", "So is this")):
            cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at) "
                           "VALUES (%s, %s, %s, '{}', now())", (id, role, content))

    def contents():
        return [message["content"] for message in one.get(f"/api/chat?session_id={id}").json["messages"]]
    assert contents() == ["Question", "Answer.", "From Django", "So is this"]
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM chats_chatmessage WHERE session_id = %s AND content IN ('Answer.', 'So is this')", (id,))
    assert contents() == ["Question", "From Django"]
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM chats_chatsession WHERE session_id = %s", (id,))
        cursor.execute("SELECT count(*) FROM gatehouse_message WHERE session_id = %s", (id,))
        assert cursor.fetchone() == (0,)


def test_a_long_conversation_opens_in_pieces(models, one, postgresql):
    models.server.script(openai("Answer."))
    id = ask(one, "Question")["session_id"]
    assert wait_until(lambda: len(one.get(f"/api/chat?session_id={id}").json["messages"]) == 2, 15)
    for _ in range(10):  # PostgreSQL plans while it is short, and keeps to it
        one.get(f"/chat/?session_id={id}")
    with postgresql.cursor() as cursor:
        # In steps: each message updates its conversation, whose old versions only go between transactions.
        for first in range(1, 10001, 250):
            cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at) "
                           "SELECT %s, CASE WHEN n %% 2 = 1 THEN 'user' ELSE 'assistant' END, 'message ' || n, '{}', now() "
                           "FROM generate_series(%s, %s) n", (id, first, first + 249))
    took = []
    for _ in range(3):
        start = time.monotonic()
        page = one.get(f"/chat/?session_id={id}")
        took.append(time.monotonic() - start)
    assert "message 10000" in page.text and "message 9901" in page.text and "message 9900" not in page.text
    seen, before = 0, ""
    while before is not None:
        data = one.get(f"/api/chat?session_id={id}{before}").json
        seen += len(data["messages"])
        before = f"&before={data['before']}" if "before" in data else None
    assert seen == 10002
    assert min(took) < 0.2, took


@pytest.mark.parametrize("limit, sentence", [("messages_per_minute", "in a minute"), ("messages_per_day", "for today")])
def test_there_are_limits_which_say_when_it_goes_on(stack, mysql, clock, limit, sentence):
    site = stack.start("nginx", {f"GATEHOUSE_QUOTA_{limit.upper()}": "2"})
    visitor = signed_in(site, mysql)
    for _ in range(2):
        assert visitor.api("/api/chat", {"message": "hello"}).status == 200
    refused = visitor.api("/api/chat", {"message": "hello"})
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0 and sentence in refused.json["message"]
    form = visitor.post("/chat/", {"message": "not lost"})
    assert form.status == 429 and "not lost" in form.text and sentence in form.text
    clock(seconds=int(refused.headers["Retry-After"]) + 1)
    again = Visitor(site)
    again.cookies = visitor.cookies
    assert visitor.api("/api/chat", {"message": "hello"}).status in (200, 401)  # a day later the session is over
    site.stop()


def test_a_program_that_stops_sends_its_readers_to_resume(models, stack, mysql):
    site = stack.start("nginx", models.settings)
    visitor = signed_in(site, mysql)
    gate = threading.Semaphore(0)
    models.server.script(openai("Half", " whole", gate=gate))
    reply = ask(visitor, "Wait")
    events = Events(visitor, reply["answer"]["events"])
    assert events.next()[0] == "grow"
    start = time.monotonic()
    stack.call("restart-program", "nginx", stack.folder, site.port, "chat", extra=site.extra)
    assert events.rest()[-1][0] == "resume" and time.monotonic() - start < 5

    def connected():
        events = Events(visitor, reply["answer"]["events"])
        return events if events.status == 200 else None
    again = wait_until(connected)  # a page, too, asks again until the new program is there
    assert "Half" in shown([again.next()])
    gate.release()
    gate.release()
    assert again.rest()[-1][0] == "end"
    site.stop()


def test_a_quiet_stream_shows_that_it_is_there_and_ends_in_time(models, stack, mysql):
    site = stack.start("nginx", {**models.settings, "GATEHOUSE_CHAT_STREAM_SECONDS": "10"})
    visitor = signed_in(site, mysql)
    gate = threading.Semaphore(0)
    models.server.script(openai("Half", " whole", gate=gate))
    events = Events(visitor, ask(visitor, "Wait")["answer"]["events"])
    start = time.monotonic()
    lines = [line.decode().strip() for line in events.response]
    assert 9.5 < time.monotonic() - start < 20
    assert lines.count(": still here") >= 3 and lines[-3:-1] == ["event: resume", "data: {}"]
    gate.release()
    gate.release()
    site.stop()


def test_a_question_is_asked_anew_from_its_page_and_once_however_often_the_form_comes(models, talker):
    models.server.script(openai("About the sea."), openai("About the wood."))
    first = ask(talker, "The sea?")
    finished(talker, first["answer"])
    question = first["messages"][0]["id"]
    page = f"/chat/messages/{question}"
    key = re.search(r'name="submit_key" value="(\w+)"', talker.get(page).text).group(1)
    form = {"action": "ask", "message": " The wood? ", "submit_key": key}
    for _ in range(2):
        reply = talker.post(page, form)
        assert (reply.status, reply.location) == (303, f"/chat/?session_id={first['session_id']}#latest")
    shown = wait_until(lambda: "About the wood." in (text := talker.get(f"/chat/?session_id={first['session_id']}").text) and text, 15)
    assert "The wood?" in shown and "About the sea." not in shown and "2 of 2" in shown and "of 3" not in shown
    empty = talker.post(page, {**form, "message": " "})
    assert empty.status == 400 and empty.field_error("message") == "Write a message first."
    stranger_answer = f"/chat/messages/{finished(talker, first['answer'])['message_id']}"
    assert talker.post(stranger_answer, form).status == 409


def test_a_page_with_only_the_last_question_leads_to_the_rest(models, talker):
    models.server.script(openai("About the sea."), openai("About the wood."))
    first = ask(talker, "The sea?")
    finished(talker, first["answer"])
    second = ask(talker, "The wood?", session_id=first["session_id"])
    finished(talker, second["answer"])
    page = f"/chat/?session_id={first['session_id']}"
    last = talker.get(page + "&last=1").text
    assert "About the wood." in last and "About the sea." not in last
    earlier = re.search(r'href="([^"]+before=[^"]+)"', last).group(1).replace("&amp;", "&")
    assert "About the sea." in talker.get(earlier).text and "before=" not in talker.get(page).text

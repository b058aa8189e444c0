"""Conversations that are not kept: /chat/temporary, /api/chat/temporary, and the setting that makes them usual."""
import html
import json
import pathlib
import re
import secrets
import subprocess
import threading

import psycopg2
import pytest

from support.answers import Events, Models, ask, end_workers, finished, state
from support.model_server import openai, status
from support.sessions import begin_guest, sign_in
from support.site import Visitor, add_person
from support.stack import SERVERS, wait_until


def pytest_generate_tests(metafunc):
    if "talking_name" in metafunc.fixturenames:
        names = [name for name in metafunc.config.getoption("--servers").split(",") if name in SERVERS]
        metafunc.parametrize("talking_name", names, scope="module")


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack, session_guest="on")
    yield models
    models.stop()


@pytest.fixture(autouse=True)
def nothing_is_left(postgresql):
    """Answers that other tests did not wait for."""
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_temporary_answer")


@pytest.fixture
def talker(models, talking_name, mysql):
    return sign_in(models.site(talking_name), add_person(mysql))


@pytest.fixture
def one(models, request, mysql):
    return sign_in(models.site(request.config.getoption("--servers").split(",")[0]), add_person(mysql))


@pytest.fixture
def reader(models, request, mysql):
    """On a server that streams; what each of those does is in test_answers.py."""
    streaming = [name for name in request.config.getoption("--servers").split(",") if name in ("lighttpd", "nginx", "apache-proxy")]
    return sign_in(models.site((streaming or ["nginx"])[0]), add_person(mysql))


@pytest.fixture
def word():
    """A word that nothing else has."""
    return "zq" + secrets.token_hex(9)


def fields(page):
    """What the page's form carries along."""
    form = re.search(r'<form class="composer".*?</form>', page.text, re.S).group(0)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    return {name: html.unescape(text) for name, text in found.items()}


def turns(page):
    return [(turn["role"], turn["content"]) for turn in json.loads(fields(page)["turns"])]


def say(visitor, page, text=None, action="send", path="/chat/temporary"):
    """Press a button of the form, as a browser without scripts does."""
    carried = fields(page)
    token = carried.pop("csrfmiddlewaretoken")
    return visitor.post(path, {**carried, "message": text or "", "action": action}, token)


def until_over(visitor, page, seconds=15):
    pages = [page]

    def is_over():
        pages.append(say(visitor, pages[-1], action="show"))
        return 'value="stop"' not in pages[-1].text
    assert wait_until(is_over, seconds, 0.2)
    return pages[-1]


def tables_with(connection, word):
    """Every table of the database that has the word in any of its columns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND "
                       "relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND relkind <> 'p'")
        names = [name for name, in cursor.fetchall()]
        assert "chats_chatmessage" in names and "gatehouse_temporary_piece" in names
        found = []
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {name} t WHERE t::text LIKE %s", (f"%{word}%",))
            if cursor.fetchone()[0]:
                found.append(name)
        return found


def dump(stack):
    v = stack.variables()
    return subprocess.run(["pg_dump", "-h", v["PGHOST"], "-p", v["PGPORT"], "-U", v["PGUSER"], v["PGDATABASE"]],
                          capture_output=True, text=True, check=True).stdout


def files_with(stack, postgresql, word):
    """Files of the server, its write-ahead log among them, that have the word as it is."""
    v = stack.variables()
    with psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"], user="postgres") as connection, connection.cursor() as cursor:
        cursor.execute("COMMIT")
        cursor.execute("CHECKPOINT")  # what was only in memory is in files now
        cursor.execute("SHOW data_directory")
        folder = pathlib.Path(cursor.fetchone()[0])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 500 and any("pg_wal" in str(path) for path in files)
    return [str(path) for path in files if word.encode() in path.read_bytes()]



def rows(postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM gatehouse_temporary_answer), (SELECT count(*) FROM gatehouse_temporary_piece)")
        return cursor.fetchone()


def test_a_conversation_leaves_nothing(models, talker, stack, postgresql, word):
    gate = threading.Semaphore(0)
    models.server.script(openai("Half ", f"and {word}whole.", gate=gate), openai(f"Second {word}answer."))
    page = talker.get("/chat/?temporary=1")
    assert page.status == 303 and page.location == "/chat/temporary"
    page = talker.get(page.location)
    assert "Nothing of this conversation is kept" in page.text
    page = say(talker, page, f"My {word}question")
    assert page.status == 200 and f"My {word}question" in page.text and 'value="stop"' in page.text
    # while it grows, what passes through is sealed
    gate.release()
    id = fields(page)["answer"]
    assert int(id) < 0
    answer = {"poll": f"/api/answers/{id}"}
    assert wait_until(lambda: word in state(talker, answer)["content"], 15)
    assert tables_with(postgresql, word) == []
    gate.release()
    page = until_over(talker, page)
    assert turns(page) == [("user", f"My {word}question"), ("assistant", f"Half and {word}whole.")]
    assert rows(postgresql) == (0, 0), "it was fetched"
    assert models.server.requests[-1].json["messages"][1:] == [{"role": "user", "content": f"My {word}question"}]
    # the model is reminded of what the page holds
    page = until_over(talker, say(talker, page, f"And {word}then?"))
    assert [turn["content"] for turn in models.server.requests[-1].json["messages"][1:]] == \
        [f"My {word}question", f"Half and {word}whole.", f"And {word}then?"]
    assert turns(page)[-1] == ("assistant", f"Second {word}answer.") and rows(postgresql) == (0, 0)

    assert tables_with(postgresql, word) == [] and word not in dump(stack) and word not in stack.log()
    assert talker.get("/api/chat").json["conversations"] == []
    usage = talker.get("/api/usage").json["today"]
    assert usage["messages"] == 2 and usage["tokens"] == 24, "it counts all the same"


def test_not_even_the_files_of_the_database_have_a_word_of_it(models, one, stack, postgresql, word):
    models.server.script(openai(f"Yes, {word}answer.", pause=0.1))
    page = until_over(one, say(one, one.get("/chat/temporary"), f"My {word}question"))
    assert word in page.text
    assert files_with(stack, postgresql, word) == []
    kept = word[::-1]  # the test would notice: this one is kept
    finished(one, ask(one, f"a {kept} question")["answer"])
    assert files_with(stack, postgresql, kept) and "chats_chatmessage" in tables_with(postgresql, kept)


def test_articles_answer_without_a_worker(one_site, mysql, stack, postgresql, word, site):
    visitor = sign_in(site, add_person(mysql))
    page = say(visitor, visitor.get("/chat/temporary"), f"How do I register a GmbH in Germany? {word}")
    assert page.status == 200 and len(turns(page)) == 2 and "GmbH" in turns(page)[1][1] and 'value="stop"' not in page.text
    page = say(visitor, page, f"thanks {word}")
    assert [role for role, _ in turns(page)] == ["user", "assistant"] * 2
    assert tables_with(postgresql, word) == [] and word not in dump(stack) and word not in stack.log()
    assert files_with(stack, postgresql, word) == []
    assert visitor.get("/api/usage").json["today"]["messages"] == 2


def test_it_streams_like_any_other_and_stops(models, reader, postgresql):
    gate = threading.Semaphore(0)
    models.server.script(openai("**Kept**", " never", gate=gate))
    reply = reader.api("/api/chat/temporary", {"message": "Talk"}).json
    assert reply["messages"][-1]["content"] == "Talk" and reply["answer"]["state"] == "waiting"
    events = Events(reader, reply["answer"]["events"])
    name, data, _ = events.next()
    assert name == "grow" and "<strong>Kept</strong>" in data["settled"] + data["tail"]
    again = Events(reader, reply["answer"]["events"])
    assert again.next()[0] == "grow"
    assert reader.api(reply["answer"]["stop"], {}).status == 200
    assert events.rest()[-1][1]["state"] == "stopped" and again.rest()[-1][0] == "end"
    answer = finished(reader, reply["answer"])
    assert (answer["state"], answer["content"], answer["message_id"]) == ("stopped", "**Kept**", None)
    assert rows(postgresql)[0] >= 1
    assert reader.api("/api/chat/temporary", {"action": "forget", "answer": reply["answer"]["id"]}).json["success"] is True
    assert rows(postgresql) == (0, 0) and reader.get(reply["answer"]["poll"]).status == 404
    gate.release()
    gate.release()


def test_the_stop_button_works_without_scripts(models, talker, postgresql):
    gate = threading.Semaphore(0)
    models.server.script(openai("Kept", " never", gate=gate))
    page = say(talker, talker.get("/chat/temporary"), "Talk for ever")
    assert wait_until(lambda: state(talker, {"poll": f"/api/answers/{fields(page)['answer']}"})["content"] == "Kept", 15)
    page = until_over(talker, say(talker, page, action="stop"))
    assert turns(page) == [("user", "Talk for ever"), ("assistant", "Kept")] and rows(postgresql) == (0, 0)
    gate.release()
    gate.release()


def test_what_nobody_fetches_is_deleted(models, one, postgresql, clock):
    models.server.script(openai("Nobody reads this."))
    reply = one.api("/api/chat/temporary", {"message": "I am gone"}).json
    finished(one, reply["answer"])
    assert rows(postgresql) == (1, 1)
    clock(minutes=3)
    models.server.script(openai("Other."))
    sign = one.api("/api/chat/temporary", {"message": "Another"}).json
    assert one.get(reply["answer"]["poll"]).status == 404
    finished(one, sign["answer"])
    one.api("/api/chat/temporary", {"action": "forget", "answer": sign["answer"]["id"]})
    assert rows(postgresql) == (0, 0)


def test_the_operators_cleaning_deletes_it_too(models, one, postgresql, clock, stack):
    models.server.script(openai("Nobody reads this."))
    finished(one, one.api("/api/chat/temporary", {"message": "I am gone"}).json["answer"])
    end_workers(stack)
    clock(minutes=3)
    assert stack.command("session", "clean").returncode == 0
    assert rows(postgresql) == (0, 0)


def test_nobody_else_reads_stops_or_deletes_it(models, reader, mysql, postgresql):
    gate = threading.Semaphore(0)
    models.server.script(openai("Secret", " words", gate=gate))
    reply = reader.api("/api/chat/temporary", {"message": "mine"}).json["answer"]
    other = sign_in(reader.server, add_person(mysql))
    for path in (reply["events"], reply["poll"]):
        assert other.get(path).status == 404
    assert other.post(reply["stop"], {}).status == 404
    for action in ("show", "stop", "forget"):
        stolen = other.api("/api/chat/temporary", {"action": action, "answer": reply["id"]})
        assert "Secret" not in stolen.text
    gate.release()
    gate.release()
    assert finished(reader, reply)["content"] == "Secret words"
    other.api("/api/chat/temporary", {"action": "forget", "answer": reply["id"]})
    assert rows(postgresql)[0] == 1
    reader.api("/api/chat/temporary", {"action": "forget", "answer": reply["id"]})


def test_a_failure_can_be_tried_again(models, one, postgresql):
    models.server.script(status(401, {"error": {"message": "bad key"}}), openai("Better now."))
    page = until_over(one, say(one, one.get("/chat/temporary"), "Please"), 30)
    assert turns(page) == [("user", "Please")] and "Try again" in page.text and rows(postgresql) == (0, 0)
    page = until_over(one, say(one, page, "typed meanwhile", action="again"))
    assert turns(page) == [("user", "Please"), ("assistant", "Better now.")]


def test_the_same_form_twice_is_one_question(models, one):
    gate = threading.Semaphore(0)
    models.server.script(openai("Once.", gate=gate))
    before = len(models.server.requests)
    page = one.get("/chat/temporary")
    first, second = say(one, page, "Only once"), say(one, page, "Only once")
    assert fields(first)["answer"] == fields(second)["answer"]
    gate.release()
    until_over(one, second)
    assert len(models.server.requests) == before + 1


def test_a_message_while_an_answer_grows_is_kept_in_the_box(models, one):
    gate = threading.Semaphore(0)
    models.server.script(openai("a", "b", gate=gate))
    page = say(one, one.get("/chat/temporary"), "first")
    page = say(one, page, "second")
    assert page.status == 409 and "still being written" in page.text and page.value("message") == "second"
    assert fields(page)["answer"] and 'value="stop"' in page.text
    gate.release()
    gate.release()
    until_over(one, page)


GOOD = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize("sent, expected", [
    ("[", 400), ("{}", 400), ('[{"role": "system", "content": "x"}]', 400), ('[{"role": "user"}]', 400), ('[{"role": "user", "content": 1}]', 400),
    ('["x"]', 400), ('[{"role": "user", "content": "a\\u0001"}]', 400), (json.dumps(GOOD * 151), 413),
    (json.dumps([{"role": "user", "content": "x" * 210000}]), 413), ("", 200), (json.dumps(GOOD), 200)])
def test_turns_are_checked(one, models, sent, expected):
    models.server.script(openai("Fine."))
    token = one.token("/protected")
    assert one.post("/chat/temporary", {"turns": sent, "message": "hello"}, token).status == expected


def test_turns_of_a_program_are_an_array(one, models):
    models.server.script(openai("Fine."))
    reply = one.api("/api/chat/temporary", {"turns": GOOD, "message": "c"}).json
    assert [message["content"] for message in reply["messages"]] == ["a", "b", "c"]
    finished(one, reply["answer"])
    assert [turn["content"] for turn in models.server.requests[-1].json["messages"][1:]] == ["a", "b", "c"]
    assert one.api("/api/chat/temporary", {"turns": [{"role": "root", "content": "x"}], "message": "c"}).status == 400
    assert one.api("/api/chat/temporary", {"message": " "}).status == 400


def test_markup_stays_text(one, models):
    models.server.script(openai("<script>alert(1)</script>"))
    page = until_over(one, say(one, one.get("/chat/temporary"), "<b>\"'&</b>"))
    assert "<script>alert" not in page.text and "<b>\"'" not in page.text and turns(page)[0][1] == "<b>\"'&</b>"


def test_limits_hold(models, mysql, stack, request):
    name = request.config.getoption("--servers").split(",")[0]
    site = stack.start(name, {**models.settings, "GATEHOUSE_QUOTA_MESSAGES_PER_MINUTE": "2", "GATEHOUSE_QUOTA_CONVERSATION_MESSAGES": "4"})
    try:
        models.server.script(openai("Fine."))
        visitor = sign_in(site, add_person(mysql))
        page = until_over(visitor, say(visitor, visitor.get("/chat/temporary"), "one"))
        page = until_over(visitor, say(visitor, page, "two"))
        full = say(visitor, page, "three")
        assert full.status == 429 and "as long as it may be" in full.text and full.value("message") == "three"
        refused = say(visitor, visitor.get("/chat/temporary"), "three")
        assert refused.status == 429 and "in a minute" in refused.text and refused.value("message") == "three" and turns(refused) == []
    finally:
        site.stop()


def test_a_stale_form_keeps_the_conversation(one, models):
    carried = {"turns": json.dumps(GOOD), "message": "typed", "action": "send"}
    page = one.post("/chat/temporary", carried, "a" * 64)
    assert page.status == 403 and turns(page) == [("user", "a"), ("assistant", "b")] and page.value("message") == "typed"


def test_strangers_are_walled_and_guests_are_welcome(models, one):
    assert Visitor(one.server).get("/chat/temporary").location.startswith("/auth/login")
    assert Visitor(one.server, html=False).post_json("/api/chat/temporary", {"message": "x"}).status == 401
    models.server.script(openai("Welcome."))
    guest = begin_guest(one.server, "somebody@example.org")
    assert turns(until_over(guest, say(guest, guest.get("/chat/temporary"), "hello")))[-1][1] == "Welcome."


def test_inline_the_request_makes_the_answer(models, stack, mysql, postgresql):
    site = stack.start("nginx", {**models.settings, "GATEHOUSE_CHAT_GENERATION": "inline"})
    try:
        end_workers(stack)
        visitor = sign_in(site, add_person(mysql))
        models.server.script(openai("By ", "myself."))
        page = until_over(visitor, say(visitor, visitor.get("/chat/temporary"), "Without a worker"))
        assert turns(page)[-1][1] == "By myself." and rows(postgresql) == (0, 0)
    finally:
        site.stop()


# ---- The setting ----

def private(visitor, truth=True):
    reply = visitor.request("PATCH", "/api/settings", json.dumps({"no_storage": truth}),
                            {"Accept": "application/json", "X-CSRFToken": visitor.cookies["csrftoken"]}, "application/json")
    assert reply.status == 200 and reply.json["no_storage"] is truth


def test_with_privacy_mode_new_conversations_are_temporary(models, one, postgresql, word):
    models.server.script(openai("Kept."))
    kept = ask(one, "before")["session_id"]
    private(one)
    assert one.get("/chat/").location == "/chat/temporary"
    assert one.get("/chat/?character=abc&model=x").location == "/chat/temporary?character=abc&model=x"
    assert one.get(f"/chat/?session_id={kept}").status == 200
    # the form of the home page goes there as it is
    sent = one.post("/chat", {"message": f"from home {word}"})
    assert (sent.status, sent.location) == (307, "/chat/temporary")
    page = until_over(one, one.post(sent.location, {"message": f"from home {word}"}))
    assert turns(page)[0][1] == f"from home {word}" and tables_with(postgresql, word) == []
    # nor is an empty one stored
    went = one.post("/proceed-to-chat", {"country": "Germany", "service_type": "Tax"})
    assert went.location == "/chat/temporary?country=Germany&service_type=Tax"
    assert fields(one.get(went.location))["country"] == "Germany"
    # a program is told, nothing is stored behind anybody's back
    refused = one.api("/api/chat", {"message": f"from a program {word}"})
    assert refused.status == 409 and "not kept" in refused.json["message"] and tables_with(postgresql, word) == []
    assert one.api("/api/chat", {"message": "goes on", "session_id": kept}).status == 200
    # unless they say so
    page = one.get("/chat/?temporary=0")
    assert page.status == 200 and 'data-api="/api/chat?temporary=0"' in page.text and 'action="/chat?temporary=0"' in page.text
    assert one.api("/api/chat?temporary=0", {"message": "keep this"}).status == 200
    private(one, False)
    assert one.get("/chat/").status == 200

"""Quotas by kind of session and of single persons, and the page that shows what was used: GET /usage, GET /api/usage."""
import datetime
import json
import re
import threading

import pytest

from support.answers import Models, ask, finished, state
from support.model_server import openai
from support.sessions import begin_guest, sign_in
from support.site import Visitor, add_person
from support.stack import wait_until

QUOTAS = {"QUOTA_MESSAGES_PER_MINUTE": "3", "QUOTA_MESSAGES_PER_DAY": "50", "QUOTA_TOKENS_PER_DAY": "1000",
          "QUOTA_BOT_MESSAGES_PER_MINUTE": "2", "QUOTA_BOT_MESSAGES_PER_DAY": "7", "QUOTA_ADMIN_MESSAGES_PER_MINUTE": "0",
          "QUOTA_BOT_CONVERSATION_MESSAGES": "2", "SESSION_GUEST": "on"}


@pytest.fixture(scope="module")
def site_with_quotas(stack, request):
    site = stack.start(request.config.getoption("--servers").split(",")[0], {f"GATEHOUSE_{name}": value for name, value in QUOTAS.items()})
    yield site
    site.stop()


def send(visitor, **more):
    return visitor.api("/api/chat", {"message": "hello", **more})


def statuses(visitor, count):
    return [send(visitor).status for _ in range(count)]


def usage(visitor):
    reply = visitor.get("/api/usage")
    assert reply.status == 200, reply.text
    return reply.json


def test_a_kind_of_session_has_limits_of_its_own(site_with_quotas, mysql, stack):
    member, admin = sign_in(site_with_quotas, add_person(mysql)), add_person(mysql)
    guest = begin_guest(site_with_quotas, "somebody@example.org")
    assert stack.command("group", "add", "administrators", admin.username).returncode == 0
    admin = sign_in(site_with_quotas, admin)
    assert statuses(member, 4) == [200, 200, 200, 429]
    assert statuses(guest, 3) == [200, 200, 429]
    assert statuses(admin, 6) == [200] * 6
    # what a section leaves open is as in [quota]
    assert (usage(admin)["limits"]["messages_per_day"], usage(guest)["limits"]["messages_per_day"]) == (50, 7)
    assert usage(admin)["limits"]["messages_per_minute"] is None and usage(guest)["limits"]["conversation_messages"] == 2


def test_a_guests_conversation_has_its_own_length(site_with_quotas):
    guest = begin_guest(site_with_quotas, "long@example.org")
    id = send(guest).json["session_id"]
    refused = send(guest, session_id=id)
    assert (refused.status, refused.headers.get("Retry-After"), refused.json["error"]) == (429, None, "conversation_full") and "as long as it may be" in refused.json["message"]


def test_one_person_can_have_other_limits_at_once(site_with_quotas, mysql, stack):
    member = sign_in(site_with_quotas, add_person(mysql))
    name = member.person.username
    assert stack.command("policy", "set", name, "authenticated", "messages_per_minute=1", "tokens_per_day=5").returncode == 0
    assert (usage(member)["limits"]["messages_per_minute"], usage(member)["limits"]["tokens_per_day"]) == (1, 5)
    assert statuses(member, 2) == [200, 429]
    shown = stack.command("policy", "show", name).stdout
    assert "messages_per_minute=1 tokens_per_day=5" in shown and "messages_per_minute=20" in shown
    stack.command("policy", "set", name, "authenticated", "messages_per_minute=0")
    assert statuses(member, 5) == [200] * 5
    stack.command("policy", "clear", name)
    assert usage(member)["limits"]["messages_per_minute"] == 3 and send(member).status == 429


@pytest.mark.parametrize("limit", ["messages_per_minute=-1", "messages_per_day=many", "tokens_per_day=99999999999", "answers_at_once="])
def test_a_limit_that_makes_no_sense_is_refused(stack, person, limit):
    done = stack.command("policy", "set", person.username, "authenticated", limit)
    assert done.returncode != 0 and limit.split("=")[0] in done.stderr


def test_another_version_does_not_make_a_conversation_longer_than_it_may_be(site_with_quotas):
    guest = begin_guest(site_with_quotas, "somebody@example.org")
    reply = send(guest).json
    assert len(reply["messages"]) == 2
    refused = guest.api(f"/api/messages/{reply['messages'][0]['id']}", {"action": "retry"})
    assert (refused.status, refused.headers.get("Retry-After"), refused.json["error"]) == (429, None, "conversation_full") and "as long as it may be" in refused.json["message"]


def test_the_refusal_says_when_it_goes_on_and_where_to_look(site_with_quotas, mysql):
    member = sign_in(site_with_quotas, add_person(mysql))
    statuses(member, 3)
    page = member.post("/chat/", {"message": "one more"})
    assert page.status == 429 and "one more" in page.text and 'href="/usage"' in page.text
    assert re.search(r"That was a lot of messages in a minute. Send the next one in \d+ seconds?\.", page.text)


def test_tokens_and_messages_are_counted_by_day(stack, mysql, postgresql, clock, request):
    models = Models(stack, quota_tokens_per_day="20")
    try:
        member = sign_in(models.site(request.config.getoption("--servers").split(",")[0]), add_person(mysql))
        models.server.script(openai("Hello.", usage=(12, 3)))
        finished(member, ask(member, "Who are you?")["answer"])
        now = usage(member)
        assert now["today"]["messages"] == 1 and now["today"]["tokens"] == 15 and now["limits"]["tokens_per_day"] == 20
        assert (now["today"]["prompt_tokens"], now["today"]["answer_tokens"]) == (12, 3)
        finished(member, ask(member, "And now?")["answer"])
        refused = send(member)
        assert refused.status == 429 and "used up" in refused.json["message"]
        days = usage(member)["days"]
        assert len(days) == 30 and days[-1]["tokens"] == 30 and days[-1]["messages"] == 2
        assert [day["messages"] for day in days[:-1]] == [0] * 29
        assert [datetime.date.fromisoformat(day["date"]) for day in days] == \
            [datetime.date.fromisoformat(days[-1]["date"]) - datetime.timedelta(days=29 - i) for i in range(30)]
        with postgresql.cursor() as cursor:
            cursor.execute("UPDATE gatehouse_usage SET day = day - 3 WHERE user_id = %s", (str(member.person.id),))
        assert [day["messages"] for day in usage(member)["days"][-4:]] == [2, 0, 0, 0] and usage(member)["today"]["tokens"] == 0
        assert send(member).status == 200
    finally:
        models.stop()


def test_the_page_shows_limits_and_a_chart(member, postgresql):
    page = member.get("/usage")
    assert page.status == 200 and "Nothing yet" in page.text and "<svg" not in page.text.split('id="days"')[1]
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_usage (user_id, day, messages, prompt_tokens, answer_tokens) SELECT %s, "
                       "(gatehouse_now() AT TIME ZONE 'UTC')::date - n, 10 * n + 1, 12000, 345 FROM generate_series(0, 40) n", (str(member.person.id),))
    page = member.get("/usage")
    charts = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", page.text, re.S)
    assert len(charts) == 2
    for chart in charts:
        assert re.search(r"<title[^>]*>[^<]+</title>\s*<desc[^>]*>[^<]+</desc>", chart) and chart.count('class="bar') == 30
        assert "style=" not in chart and "<script" not in chart
        heights = [float(height) for height in re.findall(r'class="bar[^>]* height="([\d.]+)"', chart)]
        assert all(0 < height <= 100 for height in heights)
    messages = [float(height) for height in re.findall(r'class="bar[^>]* height="([\d.]+)"', charts[0])]
    assert messages == sorted(messages, reverse=True) and messages[0] > messages[-1]
    table = re.search(r"<table.*?</table>", page.text, re.S).group(0)
    assert table.count("<tr>") == 31 and "291" in table and "12,345" in table and 'scope="row"' in table
    assert "1 of 20" in page.text or "0 of 20" in page.text


def test_people_see_only_their_own(member, mysql, postgresql):
    other = add_person(mysql)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_usage (user_id, day, messages) VALUES (%s, (gatehouse_now() AT TIME ZONE 'UTC')::date, 777)", (str(other.id),))
    assert "777" not in member.get("/usage").text and usage(member)["today"]["messages"] == 0


def test_strangers_are_walled_and_the_page_is_found(site, member):
    assert Visitor(site).get("/usage").location == "/auth/login?next=%2Fusage"
    assert Visitor(site, html=False).get("/api/usage").status == 401
    for path in ("/settings", "/profile"):
        assert 'href="/usage"' in member.get(path).text


@pytest.mark.parametrize("way", ["stop", "delete"])
def test_an_answer_that_is_not_read_to_its_end_counts_too(stack, mysql, request, way):
    """The model's server says only at the end how many tokens there were."""
    gate = threading.Semaphore(0)
    models = Models(stack)
    try:
        member = sign_in(models.site(request.config.getoption("--servers").split(",")[0]), add_person(mysql))
        models.server.script(openai("word " * 100, " never", gate=gate, usage=(9, 9)))
        reply = ask(member, "Who are you?")
        assert wait_until(lambda: state(member, reply["answer"])["content"], 15)
        if way == "stop":
            assert member.post(reply["answer"]["stop"], {}).status == 303
        else:
            question = reply["messages"][0]["id"]
            assert member.post(f"/chat/messages/{question}", {"action": "delete"}).status == 303
        assert wait_until(lambda: usage(member)["today"]["answer_tokens"] > 0, 10)
        today = usage(member)["today"]
        assert 100 <= today["answer_tokens"] <= 150 and today["prompt_tokens"] > 3
    finally:
        gate.release()
        gate.release()
        models.stop()


def test_answers_that_broke_off_unseen_are_not_being_written(site_with_quotas, mysql, postgresql, clock):
    """Where no worker stays, nobody may be there to write down that they did."""
    member = sign_in(site_with_quotas, add_person(mysql))
    first = send(member).json
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_answer (session_id, question_id, user_id, model, state, worker, lease_until) "
                       "SELECT %s, %s, %s, 'openai/test', 'running', 'gone', gatehouse_now() FROM generate_series(1, 3)",
                       (first["session_id"], first["messages"][0]["id"], str(member.person.id)))
    assert send(member).status == 429 and usage(member)["today"]["answers_now"] == 3
    clock(minutes=2)
    assert send(member).status == 200 and usage(member)["today"]["answers_now"] == 0


# Who is over a limit costs no search; and guests of one network share some multiple of a guest's.

@pytest.fixture
def searching_fails(postgresql):
    """Whatever looks something up in the articles fails from now on, so that one sees who does."""
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('gatehouse_knowledge_corrected(text)'::regprocedure)")
        before, = cursor.fetchone()

    def fail():
        with postgresql.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_knowledge_corrected(question text) RETURNS text LANGUAGE plpgsql STABLE "
                           "AS $$ BEGIN RAISE 'the articles were searched'; END $$")
    yield fail
    with postgresql.cursor() as cursor:
        cursor.execute(before)


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/temporary"])
def test_over_the_limit_nothing_is_searched(site_with_quotas, mysql, searching_fails, path):
    member = sign_in(site_with_quotas, add_person(mysql))
    question = {"message": "How do I register a GmbH in Germany?"}
    assert [member.api(path, question).status for _ in range(2)] == [200] * 2
    assert member.api("/api/chat", {**question, "submit_key": "known"}).status == 200
    searching_fails()
    refused = member.api(path, question)
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0 and "in a minute" in refused.json["message"]
    other = sign_in(site_with_quotas, add_person(mysql))
    # nor for a form that was here before, whatever it says now
    for text in (question["message"], "What is the VAT rate in India?"):
        known = member.api(path, {"message": text, "submit_key": "known"})
        assert known.status == (200 if path == "/api/chat" and text == question["message"] else 429), known.text
    assert other.api(path, question).status >= 500, "this shows nothing: the search does not fail"


def test_the_last_message_sent_twice_is_still_one(site_with_quotas, mysql):
    member = sign_in(site_with_quotas, add_person(mysql))
    assert statuses(member, 2) == [200, 200]
    first, again = (send(member, submit_key="twice") for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    assert first.json["messages"][0]["id"] == again.json["messages"][0]["id"]
    assert send(member, submit_key="another").status == 429


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/temporary"])
def test_guests_who_begin_anew_share_what_guests_of_one_address_have(stack, mysql, postgresql, clock, path):
    site = stack.start("nginx", {"GATEHOUSE_SESSION_GUEST": "on", "GATEHOUSE_QUOTA_BOT_MESSAGES_PER_DAY": "2",
                                 "GATEHOUSE_QUOTA_BOT_GUESTS_PER_ADDRESS": "2"})
    address = "127.0.3.4" if path == "/api/chat" else "127.0.3.5"

    def said(visitor, count):
        return [visitor.api(path, {"message": "hello"}).status for _ in range(count)]

    def begin(address=address):
        return begin_guest(site, "again@example.org", address)
    assert said(begin(), 3) == [200, 200, 429]
    assert said(begin(), 1) == said(begin(), 1) == [200]
    late = begin()
    refused = late.api(path, {"message": "hello"})
    assert refused.status == 429 and int(refused.headers["Retry-After"]) > 60 and "for today" in refused.json["message"]
    assert said(begin("127.0.3.9"), 2) == [200, 200], "somewhere else"
    member = Visitor(site, address=address)
    member.sign_in(add_person(mysql))
    assert said(member, 5) == [200] * 5, "who is signed in is known by name"
    clock(seconds=int(refused.headers["Retry-After"]) + 1)
    assert said(begin(), 2) == [200, 200]
    site.stop()


def test_limits_of_an_address_may_be_larger_than_four_bytes(postgresql, sql):
    """Messages of a guest times guests of an address: the largest settings refuse nobody, and still count."""
    limits = json.dumps({"minute": 10, "day": 1000000, "also": {"who": "guests of 192.0.2.77", "minute": 10 ** 11, "day": 10 ** 11}})
    try:
        assert sql(postgresql, "SELECT against FROM gatehouse_use('guest-77', %s)", limits) == (None,)
        sql(postgresql, "UPDATE gatehouse_usage SET messages = 2147483647 WHERE user_id = 'guests of 192.0.2.77' RETURNING 1")
        assert sql(postgresql, "SELECT against FROM gatehouse_limit('guest-77', %s)", limits) == (None,)
        assert sql(postgresql, "SELECT against FROM gatehouse_limit('guest-77', %s)", limits.replace(str(10 ** 11), "2147483647")) == ("day",)
    finally:
        sql(postgresql, "DELETE FROM gatehouse_usage WHERE user_id IN ('guest-77', 'guests of 192.0.2.77') RETURNING 1")


def test_many_guests_at_once_are_counted_exactly(stack):
    site = stack.start("nginx", {"GATEHOUSE_SESSION_GUEST": "on", "GATEHOUSE_QUOTA_BOT_MESSAGES_PER_DAY": "3",
                                 "GATEHOUSE_QUOTA_BOT_GUESTS_PER_ADDRESS": "5"})
    guests = [begin_guest(site, f"guest{number}@example.org", "127.0.3.6") for number in range(8)]
    results = []
    threads = [threading.Thread(target=lambda guest=guest: results.extend(statuses(guest, 3))) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200] * 15 + [429] * 9
    site.stop()

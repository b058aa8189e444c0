"""Conversations of ten thousand messages, and lists of thousands: as quick as any other."""
import re
import time

import pytest

from support.conversations import ids, listed, write_conversations, write_long_conversation
from support.site import Visitor, add_person
from support.stack import ROOT

MESSAGES = 10_000
CONVERSATIONS = 2_000


@pytest.fixture(scope="module")
def people(stack, request):
    """Somebody with one long conversation, and somebody with very many."""
    site = stack.start(request.config.getoption("--servers").split(",")[0])
    mysql, found = stack.mysql(), []
    for _ in range(2):
        person = add_person(mysql)
        visitor = Visitor(site)
        visitor.sign_in(person)
        visitor.person = person
        found.append(visitor)
    yield found
    site.stop()


@pytest.fixture(scope="module")
def long(people, stack):
    return people[0], write_long_conversation(stack.postgresql(), people[0].person, MESSAGES)


@pytest.fixture(scope="module")
def many(people, stack):
    return people[1], write_conversations(stack.postgresql(), people[1].person, CONVERSATIONS, 10)


def best_of(times, function):
    """Milliseconds of the quickest, which is what it costs when nothing else is going on."""
    def once():
        start = time.perf_counter()
        assert function().status == 200
        return (time.perf_counter() - start) * 1000
    return min(once() for _ in range(times))


def test_a_conversation_of_ten_thousand_messages_opens_at_once(long):
    visitor, id = long
    page = visitor.get(f"/chat/?session_id={id}").text
    assert f"Message number {MESSAGES - 1}." in page and f"Message number {MESSAGES - 101}." not in page
    assert best_of(8, lambda: visitor.get(f"/chat/?session_id={id}")) < 200
    assert best_of(8, lambda: visitor.get(f"/api/chat?session_id={id}")) < 200


def test_its_first_messages_are_as_near_as_its_last(long, postgresql, sql):
    visitor, id = long
    early = sql(postgresql, "SELECT id FROM chats_chatmessage WHERE session_id = %s ORDER BY id OFFSET 120 LIMIT 1", id)[0]
    page = visitor.get(f"/chat/?session_id={id}&before={early}").text
    assert "Message number 119." in page and "Message number 20." in page and "Message number 19." not in page
    assert best_of(8, lambda: visitor.get(f"/chat/?session_id={id}&before={early}")) < 200
    assert best_of(8, lambda: visitor.get(f"/chat/?session_id={id}&at={early}")) < 200


@pytest.fixture
def heavy(people, postgresql):
    """Thirty messages of 128 KiB, and one of 700 kB among them; and their ids."""
    id = write_long_conversation(postgresql, people[0].person, 30)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatmessage SET content = content || repeat('<', CASE WHEN content LIKE 'Message number 20.%%' "
                       "THEN 700000 ELSE 131072 END - length(content)) WHERE session_id = %s", (id,))
        cursor.execute("SELECT array_agg(id ORDER BY id) FROM chats_chatmessage WHERE session_id = %s", (id,))
        return people[0], id, [str(number) for number in cursor.fetchone()[0]]


def numbers(page):
    return [int(text) for text in re.findall(r"Message number (\d+)\.", page)]


def test_a_page_has_half_a_megabyte_of_content_at_most(heavy):
    visitor, id, _ = heavy
    for address in ("/chat/", "/api/chat"):
        seen, path = [], f"{address}?session_id={id}"
        while path:
            page = visitor.get(path)
            if address == "/api/chat":
                here, before = numbers(" ".join(m["content"] for m in page.json["messages"])), page.json.get("before")
                path = before and f"{address}?session_id={id}&before={before}"
            else:
                found = re.search(r'class="earlier"><a href="([^"]+)"', page.text)
                here, path = list(dict.fromkeys(numbers(page.text))), found and found.group(1).replace("&amp;", "&")
            assert len(page.body) < 6_000_000 and here == ([20] if 20 in here else here[-4:])
            seen = here + seen
        assert seen == list(range(30))


def test_a_message_that_is_looked_for_is_on_its_page(heavy):
    visitor, id, messages = heavy
    for at, there in ((2, [2, 3, 4, 5]), (20, [20]), (19, [19]), (28, [26, 27, 28, 29])):
        page = visitor.get(f"/api/chat?session_id={id}&at={messages[at]}").json
        assert numbers(" ".join(message["content"] for message in page["messages"])) == there
        assert page["before"] == messages[there[0]]


def test_all_of_its_pages_have_all_messages(long):
    visitor, id = long
    seen, before = [], ""
    while before is not None:
        page = visitor.get(f"/api/chat?session_id={id}" + (f"&before={before}" if before else "")).json
        seen = [message["content"] for message in page["messages"]] + seen
        before = page.get("before")
    assert [int(text.split()[2].rstrip(".")) for text in seen] == list(range(MESSAGES))


def test_a_word_in_it_is_found_at_once(long):
    visitor, id = long
    assert ids(visitor, q="4711") == [id]
    assert best_of(8, lambda: visitor.get("/chat/conversations?q=4711")) < 200


def test_asking_in_it_is_no_slower(long):
    visitor, id = long
    assert best_of(5, lambda: visitor.api("/api/chat", {"message": "hello", "session_id": id})) < 400


def test_a_list_of_two_thousand_is_quick(many):
    visitor, found = many
    assert len(ids(visitor)) == 50
    assert best_of(8, lambda: visitor.get("/chat/")) < 200
    middle = next(one["next"] for one in [listed(visitor)])
    assert best_of(8, lambda: visitor.get(f"/api/conversations?after={middle}")) < 200
    assert best_of(8, lambda: visitor.get("/chat/conversations?q=question")) < 400  # every one of them
    assert best_of(8, lambda: visitor.get(f"/chat/conversations?q=1234")) < 200


def statement(name):
    text = "".join(path.read_text() for path in sorted((ROOT / "sql/postgresql/queries").glob("*.sql")))
    return re.search(rf"-- name: {name}\n(.*?)(?=\n-- name: |\Z)", text, re.S).group(1)


@pytest.fixture
def plan(postgresql):
    """plan(name, *parameters): the nodes of the statement's plan as the server would run it any number of times."""
    def explain(name, *parameters):
        with postgresql.cursor() as cursor:
            cursor.execute(f"PREPARE asked AS {statement(name)}".replace("%", "%%"), ())
            try:
                values = ", ".join(cursor.mogrify("%s", (value,)).decode() for value in parameters)
                cursor.execute("SET plan_cache_mode = force_generic_plan")
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({values})".replace("%", "%%"), ())
                top = cursor.fetchone()[0]
            finally:
                cursor.execute("DEALLOCATE asked")
                cursor.execute("RESET plan_cache_mode")
        nodes, waiting = [], [top[0]["Plan"]]
        while waiting:
            node = waiting.pop()
            nodes.append(node)
            waiting += node.get("Plans", [])
        return nodes
    return explain


def indexes(nodes):
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def rows_read(nodes):
    """Of tables, those thrown away included."""
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
               for node in nodes if "Relation Name" in node)


def test_the_messages_of_a_page_are_all_that_is_read(long, many, plan):
    """Among those of two thousand other conversations."""
    visitor, id = long
    nodes = plan("message_list", id, str(visitor.person.id), 100, 0, 0, 524288)
    assert "gatehouse_message_parent" in indexes(nodes)
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    assert rows_read(nodes) < 1000, [(node["Node Type"], node["Actual Rows"], node["Actual Loops"]) for node in nodes]


def test_a_page_of_the_list_reads_no_other(many, plan):
    visitor, found = many
    user = str(visitor.person.id)
    nodes = plan("conversation_list", user, 31, None, None, "pinned")
    assert {"gatehouse_chatsession_list"} <= indexes(nodes)
    assert rows_read(nodes) < 200
    cursor = listed(visitor)["next"]
    for _ in range(20):
        cursor = listed(visitor, after=cursor)["next"]
    moment, id = cursor.split("-", 1)
    nodes = plan("conversation_list", user, 31, moment, id, "unpinned")
    assert rows_read(nodes) < 200


def test_a_search_reads_what_it_finds(many, long, postgresql):
    visitor, _ = many
    user = str(visitor.person.id)
    with postgresql.cursor() as cursor:
        # the statement in gatehouse_search_hits
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) SELECT max(message_id) FROM gatehouse_message "
                       "WHERE search @@ gatehouse_search_query(%s, '1234') GROUP BY session_id", (user,))
        text = str(cursor.fetchone()[0])
        assert "gatehouse_message_search" in text and "Seq Scan" not in text
    assert len(ids(visitor, q="1234")) == 2  # by a message, and by a title

"""What a page asks of the databases: one statement for the session, few of its own, nothing of MySQL."""
import re

import psycopg2
import pytest

from support.site import Visitor, add_person
from support.stack import Stack, wait_until


@pytest.fixture
def logging():
    """Databases of which PostgreSQL writes down every statement of the programs."""
    stack = Stack()
    v = stack.variables()
    connection = psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"], user="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER ROLE gatehouse_app SET log_statement = 'all'")
    connection.close()
    yield stack
    stack.stop()


def test_a_page_costs_one_statement_for_the_session_and_few_of_its_own(logging, sql):
    mysql = logging.mysql()
    visitor = Visitor(logging.start("lighttpd"))
    person = add_person(mysql)
    visitor.sign_in(person)
    conversation = visitor.api("/api/chat", {"message": "hello"}).json["session_id"]
    log = logging.folder / "log" / "postgresql.log"
    executed = "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'"
    in_mysql = sql(mysql, executed)

    def statements(path):
        visitor.get(path)  # prepares what is new to its connection
        start = len(log.read_text())
        assert visitor.get(path).status == 200

        def names():
            return re.findall(r"execute (\w+): ", log.read_text()[start:])
        wait_until(lambda: "session_load" in names(), 5)
        return names()
    assert statements("/protected") == ["session_load"]
    assert statements("/devices") == ["session_load", "session_list"]
    assert statements("/auth/status") == ["session_load"]
    assert statements("/activity") == ["session_load", "audit_list_older"]
    # the home page shows recent conversations and a few characters, which are two things
    assert statements("/") == ["session_load", "conversation_list", "character_list"]
    # the last two travel together, and so do those of the conversation in the chat
    assert statements("/dashboard") == ["session_load", "account_figures", "conversation_list"]
    assert statements(f"/chat/?session_id={conversation}") == ["session_load", "conversation_load", "message_list",
                                                               "conversation_list", "settings_load"]
    assert statements("/chat/conversations?q=hello") == ["session_load", "conversation_search", "conversation_folders"]
    assert statements(f"/chat/conversations/{conversation}") == ["session_load", "conversation_load", "conversation_folders"]
    assert sql(mysql, executed) == in_mysql


def test_noting_the_use_costs_no_statement_of_its_own(logging, sql):
    """Another program has not seen the session yet: load, limits, groups and the note are one statement."""
    mysql, postgresql = logging.mysql(), logging.postgresql()
    visitor = Visitor(logging.start("lighttpd"))
    visitor.sign_in(add_person(mysql))
    key = visitor.cookies["sessionid"]
    seen = "SELECT gatehouse_now() - last_seen_at < interval '10 seconds' FROM gatehouse_session WHERE session_key = %s"
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET last_seen_at = last_seen_at - interval '5 minutes', user_checked_at = now()")
    log = logging.folder / "log" / "postgresql.log"
    visitor.server = logging.start("nginx")
    start = len(log.read_text())
    for _ in range(3):
        assert visitor.get("/protected").status == 200

    def names():
        return re.findall(r"execute (\w+): ", log.read_text()[start:])
    wait_until(lambda: len(names()) >= 3, 5)
    assert names() == ["session_load_and_touch", "session_load", "session_load"]
    assert sql(postgresql, seen, key) == (True,)

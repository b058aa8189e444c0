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
    assert statements("/auth/status") == ["session_load"]
    assert statements("/") == ["session_load", "conversation_list"]
    # the last two travel together, and so do the last three of the chat
    assert statements("/dashboard") == ["session_load", "account_figures", "conversation_list"]
    assert statements(f"/chat/?session_id={conversation}") == ["session_load", "conversation_load", "message_list",
                                                               "conversation_list"]
    assert sql(mysql, executed) == in_mysql

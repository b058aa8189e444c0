"""Fixtures for every test that needs something running."""
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.site import Visitor, add_person  # noqa: E402
from support.stack import SERVERS, Stack  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--servers", default=",".join(SERVERS),
                     help="which web servers to test against, separated by commas")


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: compares times, so nothing else runs beside it")


# Begun first, so that no process works on one of them while the others have nothing left.
LONG_FILES = ("test_wall_outages", "test_answers", "test_session_races", "test_throttle", "test_outages")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONG_FILES)


def pytest_generate_tests(metafunc):
    """A test that names `site` runs against every server."""
    if "site" in metafunc.fixturenames:
        names = metafunc.config.getoption("--servers").split(",")
        metafunc.parametrize("server_name", names, scope="session")


@pytest.fixture(scope="session")
def stack():
    stack = Stack()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def running(stack):
    """Servers by name, started when first asked for."""
    servers = {}

    def start(name):
        if name not in servers:
            servers[name] = stack.start(name)
        return servers[name]
    return start


@pytest.fixture
def site(running, server_name):
    """A web server with Gatehouse; the test runs on each kind."""
    return running(server_name)


@pytest.fixture
def one_site(running, request):
    """A single server, for what cannot depend on which: the first that was asked for."""
    return running(request.config.getoption("--servers").split(",")[0])


@pytest.fixture
def mysql(stack):
    connection = stack.mysql()
    yield connection
    connection.close()


@pytest.fixture
def postgresql(stack):
    connection = stack.postgresql()
    yield connection
    connection.close()


@pytest.fixture
def person(mysql):
    return add_person(mysql)


@pytest.fixture
def visitor(site):
    return Visitor(site)


@pytest.fixture
def one_visitor(one_site):
    return Visitor(one_site)


@pytest.fixture
def member(site, person):
    """Somebody who is signed in."""
    visitor = Visitor(site)
    reply = visitor.sign_in(person)
    assert reply.status == 303, reply.text
    visitor.person = person
    return visitor


@pytest.fixture
def one_member(one_site, person):
    visitor = Visitor(one_site)
    reply = visitor.sign_in(person)
    assert reply.status == 303, reply.text
    visitor.person = person
    return visitor


@pytest.fixture
def clock(postgresql):
    """Let time pass for the sessions: clock(hours=1). It runs as before after the test."""
    def pass_time(**interval):
        words = " ".join(f"{count} {unit}" for unit, count in interval.items())
        with postgresql.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone "
                           f"LANGUAGE sql STABLE AS 'SELECT now() + interval ''{words}'''")
    yield pass_time
    with postgresql.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone "
                       "LANGUAGE sql STABLE AS 'SELECT now()'")


def one_row(connection, statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


@pytest.fixture
def sql():
    """sql(connection, statement, *parameters): the first row."""
    return one_row

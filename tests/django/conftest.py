"""Gatehouse and a real Django project beside it, on the same databases."""
import pytest

from support.site import add_person

from interop import SHIPPED_MODEL, Browser, Neighbour, Signer, migrate, secret_key

SHARED_SERVERS = ("lighttpd", "apache")


def pytest_generate_tests(metafunc):
    """A test of the shared sign-in runs behind a server of threads and one of processes."""
    if "shared_site" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--servers").split(",")
        names = [name for name in SHARED_SERVERS if name in asked] or asked[:1]
        metafunc.parametrize("shared_server_name", names, scope="session")


@pytest.fixture(scope="session")
def shared_running(stack):
    servers = {}

    def start(name):
        if name not in servers:
            # An end that is fixed from the beginning shows whether Django moves it.
            servers[name] = stack.start(name, {"GATEHOUSE_DJANGO_IDENTITY": "shared_table",
                                               "GATEHOUSE_SESSION_EXTENDS": "off"})
        return servers[name]
    yield start
    for server in servers.values():
        server.stop()


@pytest.fixture
def shared_site(shared_running, shared_server_name):
    """Gatehouse with identity = shared_table."""
    return shared_running(shared_server_name)


@pytest.fixture(scope="session")
def neighbour(stack):
    """A project that shares the people with Gatehouse, with its admin site."""
    migrate(stack)
    project = Neighbour(stack, shared=True)
    yield project
    project.stop()


@pytest.fixture(scope="session")
def plain_neighbour(stack):
    """A project with the shipped user model and nothing but the documented settings."""
    project = Neighbour(stack, shared=True, user_model=SHIPPED_MODEL, users={})
    yield project
    project.stop()


@pytest.fixture(scope="session")
def stranger_project(stack, tmp_path_factory):
    """A project with people of its own, whose sessions are in the same table."""
    project = Neighbour(stack, shared=False,
                        own_database=str(tmp_path_factory.mktemp("django") / "people.sqlite3"))
    yield project
    project.stop()


@pytest.fixture
def browser(shared_site, neighbour):
    return Browser(shared_site, neighbour)


@pytest.fixture
def other_browser(shared_site, neighbour):
    return Browser(shared_site, neighbour)


@pytest.fixture
def colleague_of(postgresql, neighbour):
    """colleague_of(person): the same, who may now use the admin site."""
    def promote(person):
        with postgresql.cursor() as cursor:
            cursor.execute("INSERT INTO people_colleague (person_id) VALUES (%s)", (person.id,))
        return person
    return promote


@pytest.fixture
def colleague(colleague_of, mysql):
    return colleague_of(add_person(mysql))


@pytest.fixture(scope="session")
def signer(stack):
    return Signer(secret_key(stack))


@pytest.fixture
def row(postgresql, sql):
    """row(key): the text and the end of a session, or None."""
    def find(key):
        return sql(postgresql, "SELECT session_data, expire_date FROM django_session WHERE session_key = %s", key)
    return find


@pytest.fixture
def companion(postgresql, sql):
    """companion(key): what Gatehouse notes of a session, or None."""
    def find(key):
        return sql(postgresql, "SELECT user_id, username, method FROM gatehouse_session WHERE session_key = %s", key)
    return find


@pytest.fixture
def stored_hash(mysql, sql):
    def find(person):
        return sql(mysql, "SELECT password_hash FROM users WHERE id = %s", person.id)[0]
    return find

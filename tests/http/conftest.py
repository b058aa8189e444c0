"""The site behind the login wall, on each server that was asked for (support/wall.py)."""
import pytest

from support.model_server import ModelServer
from support.models import Models
from support.site import Visitor, add_person
from support.stack import SERVERS
from support.wall import Backends, WalledSite, add_to_group, all_recipes, signed_in


def pytest_generate_tests(metafunc):
    if "walled" in metafunc.fixturenames:
        asked = [name for name in metafunc.config.getoption("--servers").split(",") if name in SERVERS]
        metafunc.parametrize("walled_server_name", asked, scope="session")


@pytest.fixture(scope="session")
def backends(stack):
    folder = stack.folder / "behind"
    folder.mkdir()
    backends = Backends(stack, folder)
    yield backends
    backends.stop()


@pytest.fixture(scope="session")
def walled_site(stack, backends):
    folder = stack.folder / "walled"
    folder.mkdir()
    return WalledSite(stack, folder, backends)


@pytest.fixture(scope="session")
def walled_running(walled_site):
    """Servers in front of the walled site by name, started when first asked for."""
    site = walled_site.write("all", *(all_recipes(kind) for kind in ("apache", "lighttpd", "nginx")))
    servers = {}

    def start(name):
        if name not in servers:
            servers[name] = walled_site.start(name, site)
        return servers[name]
    return start


@pytest.fixture
def walled(walled_running, walled_server_name):
    """A web server with places behind the wall; the test runs on each kind."""
    return walled_running(walled_server_name)


@pytest.fixture
def stranger(walled):
    return Visitor(walled)


@pytest.fixture
def insider(walled, person):
    """Somebody signed in, in no group."""
    return signed_in(walled, person)


@pytest.fixture
def staff(walled, mysql, stack):
    """Somebody signed in who is in the group staff."""
    person = add_person(mysql)
    add_to_group(stack, "staff", person)
    return signed_in(walled, person)


@pytest.fixture(scope="session")
def models(stack):
    """models.ask(server): gatehousectl model try, with that server as the model's."""
    return Models(stack)


@pytest.fixture
def model_server():
    with ModelServer() as server:
        yield server


@pytest.fixture
def started(stack):
    """started(section_key=value): a server of its own, for settings."""
    servers = []

    def start(**settings):
        servers.append(stack.start("lighttpd", {f"GATEHOUSE_{name.upper()}": value for name, value in settings.items()}))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()

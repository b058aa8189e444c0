"""The gate as FastCGI's authorizer, spoken to directly: what web servers send, and what one might."""
import contextlib
import time

import pytest

from support import fastcgi
from support.sessions import sign_in
from support.site import add_person


class Gate:
    def __init__(self, stack, server, visitor):
        instance = stack.private_folder() / f"{server.name}-{server.port}"
        host, port = (instance / "gate-address").read_text().strip().rsplit(":", 1)
        self.place = (host, int(port))
        self.visitor = visitor

    def question(self, **more):
        return fastcgi.request("/members/", self.visitor.cookies, role=fastcgi.AUTHORIZER, more=more)


@pytest.fixture(scope="module")
def server(stack):
    """Behind mod_authnz_fcgi the gate listens on a port, where what is closed with something unread is lost."""
    server = stack.start("apache-proxy", {})
    yield server
    server.stop()


@pytest.fixture
def gate(stack, server, mysql):
    return Gate(stack, server, sign_in(server, add_person(mysql)))


def is_allowed(gate, answer):
    return answer.startswith(b"Status: 200") and b"Variable-REMOTE_USER: " + gate.visitor.person.username.encode() in answer


def test_a_web_server_that_is_slow_to_close_holds_nobody_up(gate):
    """libfcgi by itself waits for it, each time with one of the eight threads."""
    with contextlib.ExitStack() as kept:
        for _ in range(24):
            connection = kept.enter_context(fastcgi.connect(gate.place))
            start = time.monotonic()
            connection.sendall(gate.question())
            assert is_allowed(gate, fastcgi.answer_of(connection))
            assert time.monotonic() - start < 0.9


@pytest.mark.parametrize("cookie_bytes", [10, 7900, 8192 - 500, 30000])
def test_a_question_of_any_length_is_answered_whole(gate, cookie_bytes):
    for _ in range(20):
        asked = gate.question(HTTP_COOKIE=f"sessionid={gate.visitor.cookies['sessionid']}", HTTP_X_LONG="x" * cookie_bytes)
        assert is_allowed(gate, fastcgi.exchange(gate.place, asked))


def test_the_end_of_an_input_that_comes_along_harms_nothing(gate):
    """lighttpd sends one."""
    for _ in range(20):
        assert is_allowed(gate, fastcgi.exchange(gate.place, gate.question() + fastcgi.END_OF_INPUT))

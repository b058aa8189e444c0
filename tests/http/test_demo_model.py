"""The stand-in for a language model of `make run MODEL=demo`."""
import socket
import subprocess

import pytest

from support.answers import ask, end_workers, finished
from support.site import Visitor, add_person
from support.stack import ROOT, wait_until


def listens(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def demo(stack):
    """A server whose chat asks the demo model."""
    port = stack.free_port()
    model = subprocess.Popen(["/usr/bin/python3", ROOT / "demo" / "model.py", str(port)])
    assert wait_until(lambda: listens(port))
    server = stack.start("lighttpd", {"GATEHOUSE_CHAT_MODEL": "openai/demo", "GATEHOUSE_OPENAI_MODELS": "demo",
                                      "GATEHOUSE_OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
                                      "GATEHOUSE_CHAT_MODEL_HOSTS": f"127.0.0.1:{port}"})
    yield server
    end_workers(stack)
    server.stop()
    model.terminate()
    model.wait(10)


def test_it_says_what_it_is_and_repeats_the_question(demo, mysql):
    visitor = Visitor(demo)
    visitor.sign_in(add_person(mysql))
    answer = finished(visitor, ask(visitor, "Is the *sea* deep?\nOr {not}?")["answer"], 30)
    assert answer["state"] == "done" and answer["content"].startswith("**This is a demo.**")
    assert "> Is the *sea* deep?\n> Or {not}?" in answer["content"]

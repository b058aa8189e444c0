"""Answers of models where a host allows no worker: the request itself makes them, [chat] generation = inline."""
import signal
import threading
import time

import pytest

from support.answers import Models, ask, end_workers, finished, state, workers
from support.model_server import openai
from support.sessions import sign_in
from support.site import add_person
from support.stack import wait_until


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack)
    yield models
    models.stop()


def test_inline_the_request_itself_makes_the_answer(models, stack, mysql):
    site = stack.start("nginx", {**models.settings, "GATEHOUSE_CHAT_GENERATION": "inline"})
    end_workers(stack)
    visitor = sign_in(site, add_person(mysql))
    models.server.script(openai("By ", "myself."))
    reply = ask(visitor, "Without a worker")
    assert (reply["answer"]["state"], reply["answer"]["is_open"]) == ("done", False)
    assert state(visitor, reply["answer"])["content"] == "By myself."
    assert workers(stack) == []
    site.stop()


def test_inline_a_slow_answer_is_seen_before_it_is_complete(models, stack, mysql, postgresql):
    """On shared hosting: mod_fcgid gives up a request that is silent for 40 seconds."""
    gate = threading.Semaphore(0)
    site = stack.start("apache-htaccess", {
        **models.settings, "GATEHOUSE_CHAT_GENERATION": "inline", "GATEHOUSE_CHAT_INLINE_SECONDS": "2",
        "GATEHOUSE_CHAT_WORKER_PROGRAM": stack.private_folder() / "app" / "lib" / "gatehouse" / "gatehouse-answerd"})
    end_workers(stack)
    visitor = sign_in(site, add_person(mysql))
    models.server.script(openai("Some, ", "and all.", gate=gate))
    start = time.monotonic()
    reply = ask(visitor, "Slowly")
    assert 1.9 < time.monotonic() - start < 15
    assert reply["answer"]["events"] is None
    assert (state(visitor, reply["answer"])["state"], state(visitor, reply["answer"])["content"]) == ("running", "Some, ")
    page = visitor.get(f"/chat/?session_id={reply['session_id']}").text
    assert "Some," in page and 'http-equiv="refresh"' in page
    gate.release(10)
    assert finished(visitor, reply["answer"])["content"] == "Some, and all."
    assert wait_until(lambda: not workers(stack), 10), "it stays although its answer is complete"
    site.stop()


def test_inline_no_more_processes_outlive_their_requests_than_there_are_places(models, stack, mysql):
    """Guests who ask and leave would fill the machine, and the database with connections."""
    gate = threading.Semaphore(0)
    site = stack.start("nginx", {**models.settings, "GATEHOUSE_CHAT_GENERATION": "inline", "GATEHOUSE_CHAT_INLINE_SECONDS": "2",
                                 "GATEHOUSE_CHAT_INLINE_PROCESSES": "1"})
    end_workers(stack)
    visitor, other, third = (sign_in(site, add_person(mysql)) for _ in range(3))
    models.server.script(openai("Some, ", "and all.", gate=gate), openai("Begun, ", "not ended.", gate=gate),
                         lambda connection: connection.server.stopping.wait(20))
    goes_on = ask(visitor, "Slowly")["answer"]
    assert state(visitor, goes_on)["state"] == "running" and len(workers(stack)) == 1
    cut = state(other, ask(other, "Slowly, too")["answer"])
    assert (cut["state"], cut["content"]) == ("interrupted", "Begun, ")
    reply = ask(third, "And I")
    unsaid = state(third, reply["answer"])
    assert (unsaid["state"], unsaid["content"]) == ("interrupted", "")
    assert "The answer broke off. Try again." in third.get(f"/chat/?session_id={reply['session_id']}").text
    assert len(workers(stack)) == 1
    models.server.script(openai("At ", "once."))
    assert state(other, ask(other, "Quickly")["answer"])["content"] == "At once."
    gate.release(10)
    assert finished(visitor, goes_on)["content"] == "Some, and all."
    assert wait_until(lambda: not workers(stack), 10)
    site.stop()


def test_inline_a_process_that_is_told_to_go_leaves_what_came(models, stack, mysql):
    """At a restart of the machine or the site; it would stay for its five minutes otherwise."""
    gate = threading.Semaphore(0)
    site = stack.start("nginx", {**models.settings, "GATEHOUSE_CHAT_GENERATION": "inline", "GATEHOUSE_CHAT_INLINE_SECONDS": "2"})
    end_workers(stack)
    visitor = sign_in(site, add_person(mysql))
    models.server.script(openai("Half", " whole", gate=gate))
    begun = ask(visitor, "Slowly")["answer"]
    assert state(visitor, begun)["state"] == "running" and len(workers(stack)) == 1
    start = time.monotonic()
    end_workers(stack, signal.SIGTERM)
    assert time.monotonic() - start < 5
    left = state(visitor, begun)
    assert (left["state"], left["content"]) == ("interrupted", "Half")
    gate.release(10)
    site.stop()

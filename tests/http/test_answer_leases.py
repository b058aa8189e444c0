"""Exactly one works on an answer: what the lease sees to, with two workers at once and with one that slept through it."""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import psycopg2
import pytest

from support.answers import Models, ask, end_workers, finished, state
from support.model_server import openai, raw
from support.site import Visitor, add_person
from support.sql import rows_of
from support.stack import environment, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack, quota_answers_at_once="0")
    yield models
    models.stop()


@pytest.fixture
def one(models, request, mysql):
    visitor = Visitor(models.site(request.config.getoption("--servers").split(",")[0]))
    assert visitor.sign_in(add_person(mysql)).status == 303
    return visitor


@pytest.fixture
def start_worker(models, stack, tmp_path, postgresql):
    """start_worker(name): one beside the others, as on a machine of its own."""
    started = []

    def start(name):
        folder = tmp_path / name
        folder.mkdir()
        program = stack.private_folder() / "app" / "lib" / "gatehouse" / "gatehouse-answerd"
        process = subprocess.Popen([program], env={
            **environment(models.settings), "GATEHOUSE_CONF": stack.variables()["GATEHOUSE_CONF"],
            "GATEHOUSE_SERVER_RUNTIME_DIR": str(folder)})
        started.append(process)
        assert wait_until(lambda: rows_of(postgresql, "SELECT FROM gatehouse_answer_worker WHERE worker LIKE %s", f"% {process.pid} %"))
        return process
    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)


def worker_of(postgresql, answer):
    """The process id of whoever works, or worked, on an answer."""
    (name,), = rows_of(postgresql, "SELECT worker FROM gatehouse_answer WHERE id = %s", answer["id"])
    return int(name.split()[-2])


def test_two_workers_share_the_questions_and_each_is_asked_once(models, one, stack, start_worker, postgresql):
    end_workers(stack)
    models.server.script(openai("Ok.", " Done.", pause=0.02))
    pids = {start_worker(name).pid for name in ("left", "right")}
    before, answers = len(models.server.requests), {}
    questions = [f"Question {number} of fifty?" for number in range(50)]

    def go(mine):
        for question in mine:
            answers[question] = ask(one, question)["answer"]
    threads = [threading.Thread(target=go, args=(questions[place::10],)) for place in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {finished(one, answer, 30)["content"] for answer in answers.values()} == {"Ok. Done."} and len(answers) == 50
    asked = [request.json["messages"][-1]["content"] for request in models.server.requests[before:]]
    assert sorted(asked) == sorted(questions)
    assert {worker_of(postgresql, answer) for answer in answers.values()} == pids


def test_a_worker_that_slept_through_its_lease_adds_nothing(models, one, stack, start_worker, postgresql, clock):
    """Of two answers, readers have seen a part of one: it is ended. The other one is begun anew."""
    end_workers(stack)
    sleeper = start_worker("sleeper")
    gate, begun = threading.Semaphore(0), len(models.server.requests)
    models.server.script(openai("Half", " and too late", gate=gate), openai("", "Far too late", gate=gate))
    seen = ask(one, "seen in part")["answer"]
    assert wait_until(lambda: state(one, seen)["content"] == "Half")
    unseen = ask(one, "not begun")["answer"]
    requests = models.server.wait_for_requests(begun + 2)[begun:]
    assert worker_of(postgresql, seen) == worker_of(postgresql, unseen) == sleeper.pid

    sleeper.send_signal(signal.SIGSTOP)
    models.server.script(openai("From the other one."))
    clock(seconds=21)
    other = start_worker("other")
    assert finished(one, unseen)["content"] == "From the other one." and worker_of(postgresql, unseen) == other.pid
    ended = finished(one, seen)
    assert (ended["state"], ended["content"]) == ("interrupted", "Half")

    gate.release(10)  # what the sleeper finds when it wakes
    for request in requests:
        assert not request.left.is_set()
    sleeper.send_signal(signal.SIGCONT)
    fresh = []

    def it_works_again():
        fresh.append(ask(one, f"number {len(fresh)}")["answer"])
        finished(one, fresh[-1])
        return worker_of(postgresql, fresh[-1]) == sleeper.pid
    assert wait_until(it_works_again, 20, 0.1), "the sleeper does nothing any more"
    assert [state(one, answer)["content"] for answer in (seen, unseen)] == ["Half", "From the other one."]
    assert not rows_of(postgresql, "SELECT FROM gatehouse_answer_piece WHERE content LIKE '%%too late%%'")
    assert not rows_of(postgresql, "SELECT FROM chats_chatmessage WHERE content LIKE '%%too late%%'")


# ---- The statement that adds pieces ----

def appended(connection, worker, answer, ordinal, text):
    """What the statement answer_append says of one piece."""
    statements = (ROOT / "sql/postgresql/queries/answer.sql").read_text()
    statement = re.search(r"-- name: answer_append\n(.*?)\n-- name:", statements, re.S).group(1)
    statement = re.sub(r"^--.*\n", "", statement, flags=re.M)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        cursor.execute(f"PREPARE append (text, text, text, text, text) AS {statement}".replace("%", "%%"))
        cursor.execute("EXECUTE append (%s, %s, %s, %s, '20')",
                       (worker, f"{{{answer['id']}}}", f"{{{ordinal}}}", '{"' + text + '"}'))
        return cursor.fetchall()


@pytest.fixture
def held(models, one, postgresql):
    """An answer that grows, with one piece, which the test itself now works on as "mine"."""
    models.server.script(openai("Half", " never", gate=threading.Semaphore(0)))
    answer = ask(one, "held")["answer"]
    assert wait_until(lambda: state(one, answer)["content"] == "Half")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_answer SET worker = 'mine', lease_until = gatehouse_now() + interval '20 seconds' "
                       "WHERE id = %s", (answer["id"],))
    yield answer
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT gatehouse_answer_end(%s, NULL, 'stopped', NULL, NULL, NULL, NULL)", (answer["id"],))


def test_pieces_leave_the_answers_row_alone(held, postgresql):
    def version():
        return rows_of(postgresql, "SELECT ctid, xmin, lease_until FROM gatehouse_answer WHERE id = %s", held["id"])
    before = version()
    for ordinal in range(2, 32):
        assert appended(postgresql, "mine", held, ordinal, "more ")[0][1] is False
    assert version() == before
    assert rows_of(postgresql, "SELECT count(*) FROM gatehouse_answer_piece WHERE answer_id = %s", held["id"]) == [(31,)]


def test_a_piece_renews_a_lease_that_is_half_over(held, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_answer SET lease_until = gatehouse_now() + interval '9 seconds' WHERE id = %s", (held["id"],))
    assert len(appended(postgresql, "mine", held, 2, "more")) == 1
    (left,), = rows_of(postgresql, "SELECT extract(epoch FROM lease_until - gatehouse_now()) FROM gatehouse_answer WHERE id = %s", held["id"])
    assert 18 < left <= 20


def test_the_first_piece_is_noted(held, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_answer SET first_piece_at = NULL WHERE id = %s", (held["id"],))
    assert len(appended(postgresql, "mine", held, 2, "more")) == 1
    assert rows_of(postgresql, "SELECT FROM gatehouse_answer WHERE id = %s AND first_piece_at IS NOT NULL", held["id"])


@pytest.mark.parametrize("loss", [
    "SELECT gatehouse_answer_end(%s, 'mine', 'done', NULL, NULL, NULL, NULL)",
    "SELECT gatehouse_answer_end(%s, NULL, 'stopped', NULL, NULL, NULL, NULL)",
    "SELECT gatehouse_answer_claim('theirs', 10, 20, %s)",
    "DELETE FROM gatehouse_answer WHERE id = %s"])
def test_no_piece_comes_after_an_answer_was_lost_not_even_at_the_same_moment(held, stack, postgresql, loss):
    if "claim" in loss:
        with postgresql.cursor() as cursor:
            cursor.execute("UPDATE gatehouse_answer SET lease_until = gatehouse_now() - interval '1 second' WHERE id = %s", (held["id"],))
    taking, adding = stack.postgresql(), stack.postgresql()
    taking.autocommit = False
    with taking.cursor() as cursor:
        cursor.execute(loss, (held["id"],))
    results = []
    thread = threading.Thread(target=lambda: results.append(appended(adding, "mine", held, 2, "too late")))
    thread.start()
    assert wait_until(lambda: rows_of(postgresql, "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                                      adding.info.backend_pid)), "it does not wait"
    taking.commit()
    thread.join()
    assert results == [[]] and appended(adding, "mine", held, 2, "too late") == []
    assert not rows_of(postgresql, "SELECT FROM gatehouse_answer_piece WHERE answer_id = %s AND ordinal > 1", held["id"])
    taking.close()
    adding.close()


def test_an_end_waits_for_a_piece_and_has_it(held, stack, postgresql):
    adding, ending = stack.postgresql(), stack.postgresql()
    adding.autocommit = False
    assert len(appended(adding, "mine", held, 2, " and more")) == 1

    def end():
        with ending.cursor() as cursor:
            cursor.execute("SELECT gatehouse_answer_end(%s, NULL, 'stopped', NULL, NULL, NULL, NULL)", (held["id"],))
    thread = threading.Thread(target=end)
    thread.start()
    assert wait_until(lambda: rows_of(postgresql, "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                                      ending.info.backend_pid)), "it does not wait"
    adding.commit()
    thread.join()
    assert rows_of(postgresql, "SELECT content FROM chats_chatmessage m JOIN gatehouse_answer a ON a.message_id = m.id WHERE a.id = %s",
                   held["id"]) == [("Half and more",)]
    adding.close()
    ending.close()

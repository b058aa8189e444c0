"""Programs without a web server: how much memory they take, how soon a fresh one answers."""
import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import threading
import time

from stack import COST, PASSWORD, THREADS
from support import fastcgi

WORKERS = 8


def environment(bench, threads):
    return {"PATH": "/usr/bin:/bin", "GATEHOUSE_CONF": str(bench.instance / "gatehouse.conf"),
            "GATEHOUSE_SERVER_THREADS": str(threads), "GATEHOUSE_USERS_BCRYPT_COST": str(COST)}


@contextlib.contextmanager
def listening(folder, name):
    """A listening socket to hand to programs, as mod_fcgid does."""
    path = folder / f"{name}-{os.getpid()}.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(512)
        yield listener, path
    path.unlink()


def spawn(bench, listener, words, variables):
    """Start a program with the socket on its standard input; its pid. As cheap as it can be done."""
    log = str(bench.stack.folder / "bench.log")
    return os.posix_spawn(str(words[0]), [str(word) for word in words], variables, file_actions=[
        (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
        (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)])


def end(pid):
    os.kill(pid, 15)
    os.waitpid(pid, 0)


# ---- Memory ----

def pages(visitor, people):
    """What is asked of each program: every kind of page it has, sign-ins too."""
    def page(path):
        return fastcgi.request(path, visitor.cookies)

    def sign_in(name):
        body = json.dumps({"username": name, "password": PASSWORD}).encode()
        return fastcgi.request("/auth/login", None, "POST", body, "application/json", "application/json")
    login = [fastcgi.request("/auth/login"), *(sign_in(name) for name in people)]
    chat = [page("/chat/"), page("/country/"), page("/api/chat")]
    account = [page("/"), page("/dashboard"), page("/profile"), page("/protected"), page("/auth/status")]
    return {"login": login, "chat": chat, "account": account, "app": login + chat + account}


def memory(pid):
    """PSS of a process, its private memory, and its shared memory, in KiB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {name: int(size) for name, size in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.M)}
    return (sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"],
            sizes["Shared_Clean"] + sizes["Shared_Dirty"])


def memory_under_load(bench, program, requests, workers, threads, seconds):
    """Means of PSS, private and shared memory of `workers` processes while they are kept busy."""
    with listening(bench.folder, program) as (listener, path):
        pids = [spawn(bench, listener, [bench.program(program)], environment(bench, threads)) for _ in range(workers)]
        stop = time.monotonic() + seconds

        def ask(first):
            turn = first
            while time.monotonic() < stop:
                answer = fastcgi.exchange(path, requests[turn % len(requests)])
                # Many sign-ins at once: some are told "busy", which is an answer like any other here.
                assert answer.startswith((b"Status: 2", b"Status: 3", b"Status: 4", b"Status: 503")), answer[:200]
                turn += 1
        clients = [threading.Thread(target=ask, args=(3 * i,)) for i in range(2 * WORKERS)]
        for client in clients:
            client.start()
        time.sleep(seconds * 0.8)
        seen = [memory(pid) for pid in pids]
        for client in clients:
            client.join()
        for pid in pids:
            end(pid)
    return tuple(statistics.mean(column) for column in zip(*seen))


def measure_memory(bench, visitor, people, seconds):
    """(what, how many processes, mean PSS, private, shared) in KiB, for each program."""
    found = []
    for program, requests in pages(visitor, people).items():
        found.append((f"{program}: {WORKERS} workers of one thread", WORKERS,
                      *memory_under_load(bench, program, requests, WORKERS, 1, seconds)))
    found.append((f"app: one program with {THREADS} threads", 1,
                  *memory_under_load(bench, "app", pages(visitor, people)["app"], 1, THREADS, seconds)))
    return found


# ---- First answer ----

def first_answer(bench, words, request, threads=1):
    """Milliseconds from starting the program to the first byte of its answer."""
    with listening(bench.folder, "first") as (listener, path), fastcgi.connect(path) as connection:
        connection.sendall(request)
        begin = time.monotonic()
        pid = spawn(bench, listener, words, environment(bench, threads))
        first = connection.recv(1)
        took = time.monotonic() - begin
        while connection.recv(1 << 16):
            pass
        if words[0].name == "floor":
            os.kill(pid, 9)  # it knows no other end
            os.waitpid(pid, 0)
        else:
            end(pid)
    assert first
    return took * 1000


def measure_first_answers(bench, visitor, floors, rounds):
    """(what, list of milliseconds), interleaved. `floors`: what → arguments of the floor."""
    cases = {what: ([bench.instance / "floor", "-", 1, "plain", *words], fastcgi.request("/protected", visitor.cookies))
             for what, words in floors.items()}
    for path in ("/health", "/protected"):
        cases[f"Gatehouse {path}"] = ([bench.program("account")], fastcgi.request(path, visitor.cookies))
    taken = {what: [] for what in cases}
    for _ in range(rounds):
        for what, (words, request) in cases.items():
            taken[what].append(first_answer(bench, words, request))
    return taken

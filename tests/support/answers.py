"""Answers of models in tests: a server of models, web servers that use it, and the worker between them."""
import http.client
import json
import os
import pathlib
import signal

from support.model_server import ModelServer
from support.site import Visitor
from support.stack import wait_until


def workers(stack):
    """Process ids of the workers that this stack's programs started."""
    folder = str(stack.private_folder())
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            program = os.readlink(process / "exe")
        except OSError:
            continue
        if program.startswith(folder) and program.endswith("/gatehouse-answerd"):
            found.append(int(process.name))
    return found


def end_workers(stack, how=signal.SIGTERM):
    for pid in workers(stack):
        os.kill(pid, how)
    assert wait_until(lambda: not workers(stack), 10), "a worker did not end"


class Models:
    """A server of models and web servers whose chat asks it."""

    def __init__(self, stack, **settings):
        self.stack = stack
        self.server = ModelServer()
        self.settings = {"GATEHOUSE_CHAT_MODEL": "openai/test", "GATEHOUSE_OPENAI_BASE_URL": self.server.url,
                         "GATEHOUSE_OPENAI_MODELS": "test", "GATEHOUSE_CHAT_MODEL_HOSTS": self.server.host,
                         "GATEHOUSE_CHAT_KNOWLEDGE": "off", "GATEHOUSE_QUOTA_MESSAGES_PER_MINUTE": "0",
                         **{f"GATEHOUSE_{name.upper()}": value for name, value in settings.items()}}
        self.sites = {}

    def site(self, name):
        if name not in self.sites:
            self.sites[name] = self.stack.start(name, self.settings)
        return self.sites[name]

    def stop(self):
        end_workers(self.stack)
        for site in self.sites.values():
            site.stop()
        self.server.stop()


class Events:
    """A stream of server-sent events, read one by one."""

    def __init__(self, visitor, path, timeout=20, last=None):
        self.connection = http.client.HTTPConnection(visitor.host, visitor.server.port, timeout=timeout)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        self.connection.request("GET", path, headers={
            "Accept": "text/event-stream", "Cookie": cookies, **({"Last-Event-ID": last} if last else {})})
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.type = self.response.headers["Content-Type"]

    def next(self):
        """(name, data, id) of the next event; None at the end."""
        name, data, id = "message", [], None
        while True:
            line = self.response.readline().decode()
            if line == "":
                return None
            line = line.rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif line.startswith("id: "):
                id = line[4:]
            elif line == "" and data:
                return name, json.loads("\n".join(data)), id

    def rest(self):
        """All events until the stream ends."""
        found = []
        while (event := self.next()) is not None:
            found.append(event)
        return found

    def close(self):
        self.connection.close()


def shown(events):
    """The HTML that a page has after these events."""
    settled, tail = "", ""
    for name, data, _ in events:
        if name == "grow":
            settled, tail = settled + data["settled"], data["tail"]
    return settled + tail


def ask(visitor, text, **more):
    """A question of a program; the reply's JSON."""
    reply = visitor.api("/api/chat", {"message": text, **more})
    assert reply.status == 200, reply.text
    return reply.json


def state(visitor, answer):
    reply = Visitor.request(visitor, "GET", answer["poll"], headers={"Accept": "application/json"})
    assert reply.status == 200, reply.text
    return reply.json


def finished(visitor, answer, seconds=15):
    """The answer when it has ended."""
    def ended():
        now = state(visitor, answer)
        return now if now["state"] not in ("waiting", "running") else None
    found = wait_until(ended, seconds)
    assert found, state(visitor, answer)
    return found

#!/usr/bin/python3
"""`make soak`: people who chat for ten minutes, with clients that vanish, workers that are killed and a program that
is told to stop in the middle. Nothing that was acknowledged may be lost, no answer may stay stuck, and memory may
not grow. Ends with what was counted; its status is 0 only when all of it held."""
import argparse
import asyncio
import json
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.answers import Models, end_workers, workers  # noqa: E402
from support.model_server import openai  # noqa: E402
from support.site import Visitor, add_person  # noqa: E402
from support.stack import Stack, wait_until  # noqa: E402

ANSWER = [f"Word {number} of an answer that takes its time. " for number in range(12)]
MESSAGES_IN_A_CONVERSATION = 8
WORKER_DIES_AFTER_S = 45
PROGRAM_STOPS_AFTER_S = 150
GROWTH_ALLOWED = 1.15  # of what was used after the first third, and never counted below 2 MB


class Vanished(Exception):
    """This client closed its window."""


class Client:
    """One person's browser: HTTP by hand, because it closes connections where no library would."""

    def __init__(self, visitor):
        self.port = visitor.server.port
        self.cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        self.token = visitor.cookies["csrftoken"]

    async def send(self, method, path, data=None, accept="application/json"):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = b"" if data is None else json.dumps(data).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {self.cookies}", f"Accept: {accept}",
                "Connection: close"]
        if data is not None:
            head += ["Content-Type: application/json", f"X-CSRFToken: {self.token}", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        chunked = False
        while (line := await reader.readline()) not in (b"\r\n", b""):
            chunked = chunked or line.lower().startswith(b"transfer-encoding: chunked")
        return status, Body(reader, chunked), writer

    async def ask(self, method, path, data=None):
        status, body, writer = await self.send(method, path, data)
        text = await body.whole()
        writer.close()
        return status, json.loads(text) if text.startswith(b"{") else {}


class Body:
    def __init__(self, reader, chunked):
        self.reader, self.chunked, self.rest = reader, chunked, b""

    async def more(self):
        if not self.chunked:
            return await self.reader.read(65536)
        size = int((await self.reader.readline()) or b"0", 16)
        data = await self.reader.readexactly(size)
        await self.reader.readline()
        return data

    async def whole(self):
        found = b""
        while data := await self.more():
            found += data
        return found

    async def line(self):
        while b"\n" not in self.rest:
            data = await self.more()
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()


class Soak:
    def __init__(self, stack, site, options):
        self.stack, self.site, self.options = stack, site, options
        self.random = random.Random(options.seed)
        self.end = time.monotonic() + options.seconds
        self.asked = {}  # id of each acknowledged question → (person, what it says)
        self.counts = dict.fromkeys(("questions", "vanished", "stopped", "watched", "resumed", "retried", "too early", "refused",
                                     "broken", "workers killed", "programs stopped"), 0)
        self.memory = []  # (seconds, KB of the chat program, KB of the workers)

    async def person(self, visitor):
        client, conversation, count = Client(visitor), "", 0
        await asyncio.sleep(self.random.uniform(0, min(10, self.options.seconds / 4)))
        while time.monotonic() < self.end:
            if count % MESSAGES_IN_A_CONVERSATION == 0:
                conversation = ""
            count += 1
            text = f"Question {count} of {client.token[:8]}"
            try:
                conversation = await self.question(client, conversation, text)
            except (OSError, asyncio.IncompleteReadError, IndexError, ValueError):
                self.counts["broken"] += 1  # what a person sees while a program starts anew; they send it again
                await asyncio.sleep(0.5)
            await asyncio.sleep(self.random.expovariate(1 / self.options.pause))

    async def question(self, client, conversation, text):
        status, reply = await client.ask("POST", "/api/chat", {"message": text, "session_id": conversation})
        if status == 409:  # the answer before, which they did not wait for, is still being written
            self.counts["too early"] += 1
            return conversation
        if status != 200:
            self.counts["refused"] += 1
            self.counts[f"refused: {status}"] = self.counts.get(f"refused: {status}", 0) + 1
            return conversation
        self.counts["questions"] += 1
        question = next(message for message in reply["messages"] if message["role"] == "user")
        self.asked[int(question["id"])] = text
        answer, what = reply["answer"], self.random.random()
        try:
            if what < 0.3:
                await self.watch(client, answer, self.random.randrange(1, 8))
            elif what < 0.4:
                await client.ask("POST", answer["stop"], {})
                self.counts["stopped"] += 1
            else:
                await self.watch(client, answer)
        except Vanished:
            self.counts["vanished"] += 1
        return reply["session_id"]

    async def watch(self, client, answer, leave_after=None):
        """Until it ends, coming back when told to; or until the window is closed."""
        seen = 0
        while True:
            status, body, writer = await client.send("GET", answer["events"], accept="text/event-stream")
            name = ""
            while (line := await asyncio.wait_for(body.line(), 60)) is not None:
                name = line[7:] if line.startswith("event: ") else name
                if not line.startswith("data: "):
                    continue
                seen += 1
                if leave_after is not None and seen >= leave_after:
                    writer.transport.abort()
                    raise Vanished
                if name in ("end", "resume"):
                    break
            writer.close()
            if status != 200 or name != "resume":
                self.counts["watched"] += name == "end"
                return
            self.counts["resumed"] += 1

    async def disturb(self):
        """Workers die, and a program is told to stop, as when it is installed anew."""
        start, stops = time.monotonic(), 0
        while time.monotonic() < self.end - 5:
            await asyncio.sleep(min(WORKER_DIES_AFTER_S, max(1, self.options.seconds / 4)))
            for pid in workers(self.stack)[:1]:
                os.kill(pid, signal.SIGKILL)
                self.counts["workers killed"] += 1
            if (time.monotonic() - start) / PROGRAM_STOPS_AFTER_S > stops + 1:
                stops += 1
                await asyncio.to_thread(self.stack.call, "restart-program", self.site.name, self.stack.folder, self.site.port, "chat",
                                        extra=self.site.extra)
                self.counts["programs stopped"] += 1

    def chat_program(self):
        return int(self.stack.call("pid", f"{self.site.name}-{self.site.port}.chat", self.stack.folder))

    async def weigh(self):
        start = time.monotonic()
        while time.monotonic() < self.end:
            try:
                used = used_kb(await asyncio.to_thread(self.chat_program)), sum(map(used_kb, workers(self.stack)))
                self.memory.append((time.monotonic() - start, *used))
            except (OSError, RuntimeError, ValueError):
                pass  # it is being started anew
            await asyncio.sleep(2)

    async def run(self, visitors):
        people = [asyncio.create_task(self.person(visitor)) for visitor in visitors]
        others = [asyncio.create_task(self.weigh()), asyncio.create_task(self.disturb())]
        await asyncio.gather(*people)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    # ---- What must hold ----

    def problems(self):
        database = self.stack.postgresql()
        cursor = database.cursor()
        found = []

        def row(statement, *parameters):
            cursor.execute(statement, parameters)
            return cursor.fetchone()[0]
        still = "SELECT count(*) FROM gatehouse_answer WHERE gatehouse_answer_state(gatehouse_answer) IN ('waiting', 'running')"
        if not wait_until(lambda: row(still) == 0, 180, 1):
            found.append(f"{row(still)} answers are stuck")
        cursor.execute("SELECT id, content FROM chats_chatmessage WHERE role = 'user'")
        stored = dict(cursor.fetchall())
        lost = [id for id, text in self.asked.items() if stored.get(id) != text]
        if lost:
            found.append(f"{len(lost)} acknowledged questions are lost, such as {self.asked[lost[0]]!r}")
        texts = list(stored.values())
        if len(set(texts)) != len(texts):
            found.append("a question is stored twice")
        orphans = row("SELECT count(*) FROM chats_chatmessage m WHERE role = 'user' AND NOT EXISTS "
                      "(SELECT FROM gatehouse_answer a WHERE a.question_id = m.id)")
        if orphans:
            found.append(f"{orphans} questions have no answer, not even a broken one")
        whole = "".join(ANSWER)
        torn = row("SELECT count(*) FROM chats_chatmessage c JOIN gatehouse_message m ON m.message_id = c.id "
                   "WHERE c.role = 'assistant' AND m.state = 'done' AND c.content <> %s", whole)
        if torn:
            found.append(f"{torn} answers are called complete and are not")
        return found + self.retry_broken(cursor) + self.growth()

    def retry_broken(self, cursor):
        """Every answer that broke off can be tried again."""
        cursor.execute("SELECT DISTINCT ON (a.session_id) a.question_id, a.user_id FROM gatehouse_answer a "
                       "WHERE gatehouse_answer_state(a) IN ('interrupted', 'failed') AND NOT EXISTS (SELECT FROM gatehouse_answer b "
                       "WHERE b.question_id = a.question_id AND b.state = 'done') LIMIT 20")
        found = []
        for question, user in cursor.fetchall():
            visitor = self.visitors[str(user)]
            reply = visitor.api(f"/api/messages/{question}", {"action": "retry"})
            if reply.status != 200:
                found.append(f"trying again was answered {reply.status}: {reply.text[:200]}")
            self.counts["retried"] += 1
        cursor.execute("SELECT 1")
        return found

    def growth(self):
        found = []
        third = self.options.seconds / 3
        for name, column in (("the chat program", 1), ("the workers", 2)):
            early = [entry[column] for entry in self.memory if third <= entry[0] < 2 * third]
            late = [entry[column] for entry in self.memory if entry[0] >= 2 * third]
            if not early or not late:
                found.append(f"the memory of {name} was not measured")
            elif max(late) > max(max(early), 2048) * GROWTH_ALLOWED:
                found.append(f"{name} grew from {max(early)} KB to {max(late)} KB")
        return found


def used_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_Dirty", "Private_Clean")))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--pause", type=float, default=6, help="seconds between two questions of a person, on average")
    parser.add_argument("--server", default="nginx", choices=("nginx", "apache-proxy"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    stack = Stack()
    models = Models(stack, quota_answers_at_once="0")
    try:
        site = models.site(options.server)
        models.server.script(openai(*ANSWER, pause=0.2))
        with stack.mysql() as database:
            people = [add_person(database) for _ in range(options.people)]
        visitors = []
        for person in people:
            visitor = Visitor(site)
            assert visitor.sign_in(person).status == 303
            visitors.append(visitor)
        soak = Soak(stack, site, options)
        soak.visitors = {str(person.id): visitor for person, visitor in zip(people, visitors)}
        asyncio.run(soak.run(visitors))
        problems = soak.problems()
        for name, count in soak.counts.items():
            print(f"{name}: {count}")
        print(f"questions a second: {soak.counts['questions'] / options.seconds:.1f}")
        for name, column in (("chat program", 1), ("workers", 2)):
            figures = [entry[column] for entry in soak.memory]
            print(f"memory of the {name}, KB: {figures[0]} at first, {max(figures)} at most, {figures[-1]} at last")
        for problem in problems:
            print(f"NOT GOOD: {problem}")
    finally:
        models.stop()
        stack.stop()
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""`make bench-chat`: what Gatehouse adds to an answer of a model, in three figures.

- The time to the first words: from sending the question to reading the first words in the stream, less the time that
  the same model takes when it is asked directly. The model server answers at once.
- The memory of an open stream: what 200 people who watch their answers grow add to the chat program, divided by 200.
- Messages stored a second, questions with their answers from the articles, by eight people at once."""
import argparse
import http.client
import json
import statistics
import sys
import threading
import time

from stack import SETTINGS, Stack, Visitor, add_person
from support.answers import Events, Models, ask
from support.model_server import openai

READERS = 200
SENDERS = 8


def used_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Dirty", "Private_Clean")))


def directly(server):
    """Milliseconds to the model's first words, without us."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/v1/chat/completions", json.dumps({"stream": True, "messages": []}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    while b"content" not in response.readline():
        pass
    took = (time.perf_counter() - start) * 1000
    response.read()
    connection.close()
    return took


def through_us(visitor, conversation):
    """The same to a reader's stream: the question is sent, its stream is opened, the first words come."""
    start = time.perf_counter()
    answer = ask(visitor, "What?", session_id=conversation)["answer"]
    events = Events(visitor, answer["events"])
    assert events.next()[0] == "grow"
    took = (time.perf_counter() - start) * 1000
    events.rest()
    events.close()
    return took


def first_words(models, visitor, rounds):
    models.server.script(openai("First words. ", "And the rest."))
    conversation = ask(visitor, "To begin with")["session_id"]
    time.sleep(2)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(directly(models.server))
        ours.append(through_us(visitor, conversation))
    return statistics.median(ours), statistics.median(theirs)


def stream_memory(stack, models, site, members):
    """KiB of the chat program for a person who watches an answer."""
    gate = threading.Semaphore(0)
    models.server.script(openai(*["Some words of an answer. "] * 40, gate=gate))
    pid = int(stack.call("pid", f"{site.name}-{site.port}.chat", stack.folder))
    answers = [ask(member, "A long one?")["answer"] for member in members]
    first = Events(members[0], answers[0]["events"])
    first.next()
    before = used_kb(pid)
    readers = [Events(member, answer["events"]) for member, answer in zip(members[1:], answers[1:])]
    for reader in readers:
        assert reader.next()[0] == "grow"
    used = used_kb(pid) - before
    gate.release(40 * len(members))
    for reader in [first, *readers]:
        reader.close()
    return used / len(readers)


def messages_a_second(members, seconds):
    """Questions of eight people, each with its answer."""
    counts, end = [0] * SENDERS, time.perf_counter() + seconds

    def send(number):
        visitor, conversation = members[number], ""
        while time.perf_counter() < end:
            conversation = ask(visitor, "thanks", session_id=conversation, model="knowledge")["session_id"]
            counts[number] += 1
    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * sum(counts) / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="nginx", choices=("nginx", "apache-proxy"))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    stack = Stack()
    models = Models(stack, quota_answers_at_once="0", **{name.removeprefix("GATEHOUSE_").lower(): value for name, value in SETTINGS.items()})
    try:
        site = models.site(options.server)
        members = []
        with stack.mysql() as database:
            people = [add_person(database) for _ in range(READERS + 1)]
        for person in people:
            members.append(Visitor(site))
            assert members[-1].sign_in(person).status == 303
        ours, theirs = first_words(models, members[0], options.rounds)
        stream = stream_memory(stack, models, site, members)
        stored = messages_a_second(members, options.seconds)
    finally:
        models.stop()
        stack.stop()
    print(f"first words: {ours:.1f} ms with us, {theirs:.1f} ms without, {ours - theirs:.1f} ms added")
    print(f"memory of a stream: {stream:.1f} KiB")
    print(f"messages stored: {stored:.0f} a second, by {SENDERS} people at once on {options.server}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""`make bench`: Gatehouse against floors that do the same with nothing around it. See README.md."""
import argparse
import os
import pathlib
import platform
import resource
import statistics
import time
import subprocess
import sys

import cpu
import load
import workers
from stack import BUILD, COST, PASSWORD, SERVERS, THREADS, Bench, bcrypt
from support import fastcgi
from wall import LINES, Wall

PAGES = {"/protected": "text/html", "/dashboard": "text/html", "/auth/status": "application/json"}
CONVERSATIONS_SHOWN = 20  # what the dashboard asks for
PEOPLE = 300


def say(text):
    print(text, file=sys.stderr, flush=True)


def start_floors(bench, visitor):
    """Record what the pages send, and serve the same bytes after the same statements."""
    socket = next(path for path in bench.folder.iterdir() if "account" in path.name)
    person, key = visitor.person, visitor.cookies["sessionid"]
    words = {page: [bench.conninfo(), key] for page in PAGES}
    words["/dashboard"] += [person.id, CONVERSATIONS_SHOWN]
    bench.add_floor("A", "plain", b"Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nHello\n")
    for page, accept in PAGES.items():
        reply = fastcgi.exchange(socket, fastcgi.request(page, visitor.cookies, accept=accept))
        assert reply.startswith(b"Status: 200 "), reply[:300]
        bench.add_floor(f"B {page}", "plain", reply, *words[page])
        bench.add_floor(f"C {page}", "early", reply, *words[page])
    bench.serve_floors()


def measure_pages(bench, visitor, options):
    """name → list of (requests a second, microseconds of processor time for one request)."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())

    def asking(path, accept="text/html"):
        headers = {"Cookie": cookies, "Accept": accept}

        def ask():
            before = cpu.used_us(pids)
            speed, count = load.wrk(bench.server.url + path, options.seconds, headers)
            return speed, (cpu.used_us(pids) - before) / count
        return ask
    measurements = {"floor A": asking(bench.floors["A"].path)}
    for page, accept in PAGES.items():
        measurements[f"floor C {page}"] = asking(bench.floors[f"C {page}"].path)
        measurements[page] = asking(page, accept)
        measurements[f"floor B {page}"] = asking(bench.floors[f"B {page}"].path)
    for page in PAGES:  # connect to the database
        load.wrk(bench.server.url + page, 1, {"Cookie": cookies})
    pids = bench.processes()
    return load.interleaved(measurements, options.rounds, lambda text: say(f"pages, {text}"))


def measure_sign_in(bench, people, options):
    """The same of sign-ins and of hashes alone."""
    names = bench.instance / "names"
    names.write_text("\n".join(people) + "\n")
    os.environ.update(BENCH_NAMES=str(names), BENCH_PASSWORD=PASSWORD)
    stored, seconds = bcrypt(PASSWORD, COST), max(10, options.seconds * 2)
    script = pathlib.Path(__file__).with_name("sign_in.lua")

    def floor():
        words = [BUILD / "hash_floor", str(os.cpu_count()), str(seconds), stored, PASSWORD]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        speed, count = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return float(speed), used * 1e6 / int(count)

    def sign_in():
        time.sleep(1)  # what an earlier measurement left unfinished still hashes
        before = cpu.used_us(pids)
        speed, count = load.wrk(bench.server.url + "/auth/login", seconds, script=script)
        return speed, (cpu.used_us(pids) - before) / count
    load.wrk(bench.server.url + "/auth/login", 1, script=script)  # connect to the databases
    pids = bench.processes()
    return load.interleaved({"floor crypt_r": floor, "sign-in": sign_in}, max(2, options.rounds // 2),
                            lambda text: say(f"sign-in, {text}"))


def measure_wall(options):
    """server → figures of the gate and its floors, one server after the other."""
    figures = {}
    for server in LINES:
        with Wall(server) as wall:
            figures[server] = wall.measure(options, say)
    return figures


def row(name, *pairs):
    """A line of a table: for each pair of lists the median ratio and the middle half."""
    cells = []
    for above, below in pairs:
        middle, (low, high) = load.ratio(above, below)
        cells.append(f"{middle:.2f} ({low:.2f} – {high:.2f})")
    return " | ".join(["| " + name, *cells]) + " |"


def page_row(pages, name, page, floor):
    """Speed is page ÷ floor; processor time is floor ÷ page, so that 1 is the goal in both."""
    page_speed, page_cost = zip(*pages[page])
    floor_speed, floor_cost = zip(*pages[floor])
    return row(name, (page_speed, floor_speed), (floor_cost, page_cost))


def wall_rows(walls):
    for server, figures in walls.items():
        yield page_row(figures, f"{server}: an authorizer with one SELECT", "gate", "plain")
        yield page_row(figures, f"{server}: the same that also ends connections as we do", "gate", "early")


def named_walls(walls):
    return {f"{server} {name}": values for server, figures in walls.items() for name, values in figures.items()}


def report(bench, pages, sign_ins, memory, first, walls, out):
    def line(text=""):
        print(text, file=out)
    if pages:
        line(f"| behind {bench.server_name} | requests a second, page ÷ floor | processor time, floor ÷ page |")
        line("|---|---|---|")
        for page in PAGES:
            line(page_row(pages, f"{page}, floor B: same statements, same bytes", page, f"floor B {page}"))
        for page in PAGES:
            line(page_row(pages, f"{page}, floor C: B that also ends connections as we do", page, f"floor C {page}"))
        for page in PAGES:
            line(page_row(pages, f"{page}, floor A: hello", page, "floor A"))
        line(page_row(pages, "floor B of /protected, floor A", "floor B /protected", "floor A"))
    if sign_ins:
        line()
        line(f"| sign-in at cost {COST} | sign-ins a second ÷ hashes a second | processor time, hash ÷ sign-in |")
        line("|---|---|---|")
        line(page_row(sign_ins, "JSON sign-in, floor: crypt_r on all cores", "sign-in", "floor crypt_r"))
    if memory:
        line()
        line("| memory under load, mean of a process | PSS as it was | PSS if alone on a machine | of it private |")
        line("|---|---|---|---|")
        for what, count, pss, private, shared in memory:
            alone = private + shared / count
            line(f"| {what} | {pss / 1024:.2f} MB | {alone / 1024:.2f} MB | {private / 1024:.2f} MB |")
    if first:
        line()
        line("| first answer of a fresh process | median | middle half |")
        line("|---|---|---|")
        for what, taken in first.items():
            low, high = load.quartiles(taken)
            line(f"| {what} | {statistics.median(taken):.1f} ms | {low:.1f} – {high:.1f} ms |")
    if walls:
        line()
        line("| a static file behind the gate | requests a second, gate ÷ floor | processor time, floor ÷ gate |")
        line("|---|---|---|")
        for text in wall_rows(walls):
            line(text)
    if not pages and not sign_ins and not walls:
        return
    line()
    absolute = [f"{name} {statistics.median(speed):,.0f} ({statistics.median(cost):,.0f} µs)"
                for name, values in {**pages, **sign_ins, **named_walls(walls)}.items() for speed, cost in [zip(*values)]]
    line(f"Of this one machine ({os.cpu_count()} cores, {platform.machine()}, wrk -c{load.CONNECTIONS}, {THREADS} "
         f"threads), a second, and processor time of web server, program and database together: {', '.join(absolute)}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="lighttpd", choices=SERVERS)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement in a round")
    parser.add_argument("--only", choices=["pages", "sign-in", "memory", "first", "wall"], action="append")
    options = parser.parse_args()
    wanted = options.only or ["pages", "sign-in", "memory", "first", "wall"]
    pages, sign_ins, memory, first, walls = {}, {}, [], {}, {}
    if "wall" in wanted:
        walls = measure_wall(options)
    say("starting databases and web server")
    with Bench(options.server) as bench:
        visitor = bench.sign_in()
        start_floors(bench, visitor)
        people = bench.add_people(PEOPLE)
        if "pages" in wanted:
            pages = measure_pages(bench, visitor, options)
        if "sign-in" in wanted:
            sign_ins = measure_sign_in(bench, people, options)
        if "memory" in wanted:
            say("memory")
            memory = workers.measure_memory(bench, visitor, people, options.seconds)
        if "first" in wanted:
            say("first answers")
            floors = {"floor A": [bench.floors["A"].file],
                      "floor B /protected": [bench.floors["B /protected"].file, bench.conninfo(),
                                             visitor.cookies["sessionid"]]}
            first = workers.measure_first_answers(bench, visitor, floors, 5 * options.rounds)
        results = pathlib.Path(__file__).with_name("results")
        results.mkdir(exist_ok=True)
        file = results / f"{options.server}.md"
        with file.open("w") as out:
            report(bench, pages, sign_ins, memory, first, walls, out)
        print(file.read_text())


if __name__ == "__main__":
    main()

"""What the figures are measured on: private databases, one web server, and the floors in it.

The floors are served by the very web server that serves Gatehouse, beside it: its shipped
configuration gets a few lines in front and is read again."""
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess
import sys

import cpu

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.site import Visitor, add_person, bcrypt  # noqa: E402,F401
from support.stack import Stack, wait_until  # noqa: E402

BUILD = ROOT / os.environ.get("BUILD", "build") / "bench"
THREADS = 8
PASSWORD = "correct horse battery"
COST = 10
SETTINGS = {"GATEHOUSE_USERS_BCRYPT_COST": str(COST), "GATEHOUSE_SERVER_THREADS": str(THREADS)}

# How each server is told that a path goes to a socket, where in its configuration that stands
# (after the line that begins so, or at the end), and the signal upon which it reads it again.
SERVERS = {
    "lighttpd": ('$HTTP["url"] == "{path}" {{ fastcgi.server = ( "" => (( "socket" => "{socket}", '
                 '"check-local" => "disable" ))) }}', None, signal.SIGUSR1),
    "nginx": ("location = {path} {{ fastcgi_pass unix:{socket}; }}", "server {", signal.SIGHUP),
    "apache-proxy": ('ProxyPassMatch "^{path}$" "unix:{socket}|fcgi://floor{number}/"', "Define GATEHOUSE_FOLDER",
                     signal.SIGUSR1),
}


class Floor:
    """A running floor: where it is served, what it sends, and the file with that."""

    def __init__(self, path, reply, file):
        self.path, self.reply, self.file = path, reply, file


class Bench:
    """Use with `with`: everything is ended at its end."""

    def __init__(self, server):
        self.server_name = server
        self.exit = contextlib.ExitStack()
        self.floors = {}
        self.floor_processes = []

    def __enter__(self):
        self.stack = Stack()
        self.exit.callback(self.stack.stop)
        # mod_fcgid gives a process one request at a time; it gets one thread there, as the floors do.
        threads = {"GATEHOUSE_SERVER_THREADS": "1"} if self.server_name == "apache" else {}
        self.server = self.stack.start(self.server_name, {**SETTINGS, **threads})
        self.private = self.stack.private_folder()
        self.instance = self.private / f"{self.server_name}-{self.server.port}"
        self.folder = self.instance / "own"  # the one that the web server may enter
        return self

    def __exit__(self, *reason):
        self.exit.close()

    def program(self, name):
        return self.private / "app/lib/gatehouse/cgi-bin" / name

    def as_service(self):
        """The words in front of a command that the web server's account is to run."""
        words = subprocess.run(["bash", "-c", f'. {shlex.quote(str(ROOT))}/scripts/common.sh; echo "${{drop_privileges[@]}}"'],
                               text=True, capture_output=True, check=True, cwd=ROOT).stdout
        return words.split()

    def processes(self):
        """All processes that have a part in answering: web server, programs, floors, databases."""
        names = self.stack.call("list", self.stack.folder).split()
        roots = [int(self.stack.call("pid", name, self.stack.folder)) for name in names]
        return cpu.family(roots + [process.pid for process in self.floor_processes])

    def conninfo(self):
        return f"host={self.stack.variables()['PGHOST']} dbname=gatehouse user=gatehouse_app"

    def spawn(self, words, **more):
        process = subprocess.Popen([*self.as_service(), *map(str, words)], **more)
        self.exit.callback(lambda: (process.kill(), process.wait()))
        return process

    def add_floor(self, name, close, reply, *words):
        """Start a floor that sends `reply`; it is served after serve_floors. See floor.c."""
        number = len(self.floors)
        file, socket = self.instance / f"floor-{number}.reply", self.folder / f"floor-{number}.sock"
        file.write_bytes(reply)
        file.chmod(0o644)
        binary = self.instance / "floor"
        if not binary.exists():
            binary.write_bytes((BUILD / "floor").read_bytes())
            binary.chmod(0o755)
        self.floor_processes.append(self.spawn([binary, socket, THREADS, close, file, *words]))
        assert wait_until(socket.exists), f"the floor {name} did not start"
        self.floors[name] = Floor(f"/floor-{number}", reply, file)

    def serve_floors(self):
        """Put the floors into the web server's configuration and have it read again."""
        line, after, reload_signal = SERVERS[self.server_name]
        added = [line.format(path=f"/floor-{i}", socket=self.folder / f"floor-{i}.sock", number=i)
                 for i in range(len(self.floors))]
        file = self.instance / "server.conf"
        lines = file.read_text().splitlines()
        place = len(lines) if after is None else 1 + next(
            i for i, text in enumerate(lines) if text.strip().startswith(after))
        file.write_text("\n".join(lines[:place] + added + lines[place:]) + "\n")
        pid = int(self.stack.call("pid", f"{self.server_name}-{self.server.port}", self.stack.folder))
        os.kill(pid, reload_signal)
        for floor in self.floors.values():
            body = floor.reply.split(b"\r\n\r\n", 1)[1]
            assert wait_until(lambda: self.answer(floor.path) == body), f"{floor.path} is not served"
        assert wait_until(lambda: self.answer("/health") is not None)

    def answer(self, path):
        """The body of a page with status 200, else None."""
        try:
            reply = Visitor(self.server).get(path)
        except OSError:
            return None
        return reply.body if reply.status == 200 else None

    def add_people(self, count):
        """Names of new people, all with the same password."""
        stored = bcrypt(PASSWORD, COST)
        with self.stack.mysql() as database:
            return [add_person(database, stored=stored).username for _ in range(count)]

    def sign_in(self):
        """A signed-in visitor with a few conversations, as a regular has."""
        with self.stack.mysql() as database:
            person = add_person(database, PASSWORD, stored=bcrypt(PASSWORD, COST))
        visitor = Visitor(self.server)
        assert visitor.sign_in(person).status == 303
        for question in ("How do I register a company?", "When is the tax return due?", "Can I extend my visa?"):
            assert visitor.get("/country/").status == 200
            assert visitor.api("/api/chat", {"message": question}).status == 200
        visitor.person = person
        return visitor

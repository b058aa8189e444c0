"""The wall in front of a static file: the gate against authorizers that run its one statement and say yes.

All of them stand in the same web server, in front of the same file, configured by the same lines; one
run measures every server."""
import os
import pathlib
import re
import shlex
import signal
import socket

import cpu
import load
from stack import BUILD, THREADS, Bench, wait_until

PAGE = b"<!doctype html><title>Walled</title>" + b"x" * 1000
FLOORS = ("plain", "early")
ALLOW = b"Status: 200 OK\r\nVariable-REMOTE_USER: somebody\r\n\r\n"

# What puts an authorizer in front of a folder (its files are in folders named as their addresses, because
# lighttpd finds what an authorizer allowed below "docroot"), for each server: lines, where they go (as in stack.py),
# and whether it is reached by a socket, a port, or started by the web server.
LINES = {
    "lighttpd": ("socket", None, """
$HTTP["url"] =~ "^/{name}/" {{
	fastcgi.server = ( "" => (( "socket" => "{place}", "mode" => "authorizer", "docroot" => "{folder}",
		"check-local" => "disable" )))
}}"""),
    "nginx": ("socket", "server {", """
location ^~ /{name}/ {{ root {folder}; auth_request /ask-{name}; }}
location = /ask-{name} {{ internal; fastcgi_pass_request_body off; fastcgi_pass unix:{place}; }}"""),
    "apache-proxy": ("port", "Define GATEHOUSE_FOLDER", """
AuthnzFcgiDefineProvider authn {name} fcgi://127.0.0.1:{place}/
Alias /{name}/ {folder}/{name}/
<Location /{name}/>
	ProxyPass !
	AuthType Gatehouse
	AuthName "{name}"
	AuthnzFcgiCheckAuthnProvider {name} RequireBasicAuth Off UserExpr "%{{reqenv:REMOTE_USER}}"
	Require valid-user
</Location>"""),
    "apache": ("command", "Define GATEHOUSE_FOLDER", """
Alias /{name}/ {folder}/{name}/
<Location /{name}/>
	FcgidAccessChecker {place}
	Require all granted
</Location>"""),
}
# mod_fcgid keeps who finds all processes busy waiting for a second, so it gets no more at once than it
# has processes.
CONNECTIONS = {"apache": 4}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Wall:
    """The authorizers in one web server: `gate`, and the floors `plain` and `early` (see floor.c)."""

    def __init__(self, server):
        self.bench = Bench(server)
        self.server = server

    def __enter__(self):
        self.bench.__enter__()
        try:
            self.prepare()
        except BaseException:
            self.bench.__exit__(None, None, None)
            raise
        return self

    def prepare(self):
        self.visitor = self.bench.sign_in()
        self.key = self.visitor.cookies["sessionid"]
        folder = self.bench.instance / "walled"
        for path in (self.bench.instance, folder, *(folder / name for name in ("gate", *FLOORS))):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
            if path.parent == folder:
                (path / "page.html").write_bytes(PAGE)
        self.reply = self.bench.instance / "allow"
        self.reply.write_bytes(ALLOW)
        self.reply.chmod(0o644)
        kind, after, lines = LINES[self.server]
        start = getattr(self, f"start_{kind}")
        added = [lines.format(name=name, folder=folder, place=start(name, words))
                 for name, words in self.authorizers().items()]
        self.configure(after, added)

    def __exit__(self, *reason):
        self.bench.__exit__(*reason)

    def authorizers(self):
        """Words that start each; PLACE is where it listens, "-" its standard input."""
        floor = self.bench.instance / "floor"
        floor.write_bytes((BUILD / "floor").read_bytes())
        floor.chmod(0o755)
        floors = {close: [floor, "PLACE", THREADS if self.server != "apache" else 1, close, self.reply,
                          self.bench.conninfo(), self.key] for close in FLOORS}
        gate = [self.bench.program("gate")]
        return {"gate": gate if self.server == "apache" else [*gate, "--listen", "PLACE"], **floors}

    def environment(self):
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEHOUSE_")}
        return {**kept, "GATEHOUSE_CONF": str(self.bench.instance / "gatehouse.conf"),
                "GATEHOUSE_SERVER_THREADS": str(THREADS)}

    def start(self, words, place, unix):
        spoken = f"unix:{place}" if unix and "--listen" in words else str(place)
        if not unix:
            spoken = f"127.0.0.1:{place}" if "--listen" in words else f":{place}"
        words = [spoken if word == "PLACE" else word for word in words]
        self.bench.floor_processes.append(self.bench.spawn(words, env=self.environment()))

    def start_socket(self, name, words):
        place = self.bench.folder / f"wall-{name}.sock"
        self.start(words, place, True)
        assert wait_until(place.exists), f"{name} did not start"
        place.chmod(0o666)
        return place

    def start_port(self, name, words):
        place = free_port()
        self.start(words, place, False)

        def answers():
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", place)) == 0
        assert wait_until(answers), f"{name} did not start"
        return place

    def start_command(self, name, words):
        """mod_fcgid starts a program without words, so that they stand in a script."""
        if words[1:]:
            script = self.bench.instance / f"wall-{name}"
            words = ["-" if word == "PLACE" else str(word) for word in words]
            script.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
            script.chmod(0o755)
            return script
        return words[0]

    def configure(self, after, added):
        file = self.bench.instance / "server.conf"
        lines = file.read_text().splitlines()
        place = len(lines) if after is None else 1 + next(
            i for i, text in enumerate(lines) if text.strip().startswith(after))
        head = []
        if self.server == "apache-proxy" and "authnz_fcgi" not in file.read_text():
            modules = pathlib.Path("/usr/lib/apache2/modules")
            head = [f"LoadModule {name}_module {modules}/mod_{name}.so"
                    for name in ("authn_core", "authz_user", "auth_basic", "authnz_fcgi")
                    if not re.search(rf"LoadModule {name}_module", file.read_text())]
        file.write_text("\n".join(head + lines[:place] + added + lines[place:]) + "\n")
        pid = int(self.bench.stack.call("pid", f"{self.server}-{self.bench.server.port}", self.bench.stack.folder))
        os.kill(pid, signal.SIGHUP if self.server == "nginx" else signal.SIGUSR1)
        for name in ("gate", *FLOORS):
            assert wait_until(lambda: self.status(name) == 200), \
                f"{self.server}: /{name}/ answers {self.status(name)}\n{self.bench.stack.log()[-2000:]}"

    def status(self, name):
        try:
            return self.visitor.get(f"/{name}/page.html").status
        except OSError:
            return None

    def measure(self, options, say):
        """name → list of (requests a second, microseconds of processor time for one request)."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.visitor.cookies.items())}
        connections = CONNECTIONS.get(self.server, load.CONNECTIONS)

        def asking(name):
            def ask():
                before = cpu.used_us(self.bench.processes())
                speed, count = load.wrk(f"{self.bench.server.url}/{name}/page.html", options.seconds, headers,
                                        connections=connections)
                return speed, (cpu.used_us(self.bench.processes()) - before) / count
            return ask
        measurements = {name: asking(name) for name in (*FLOORS[1:], "gate", "plain")}
        for ask in measurements.values():
            ask()  # start, connect
        return load.interleaved(measurements, options.rounds, lambda text: say(f"wall, {self.server}, {text}"))

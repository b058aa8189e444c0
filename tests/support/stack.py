"""Private databases and web servers for the tests, through the same scripts as `make run`."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import psycopg2
import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ROOT / "scripts" / "services"
IS_SANITIZED = "SANITIZE=1" in os.environ.get("GATEHOUSE_TEST_INSTALL", "")
SERVERS = ["apache", "apache-proxy", "lighttpd", "nginx"]

# Hashes of the tests are cheap, so that a test takes milliseconds; one test asks for the default.
# All tests come from one address and fail on purpose, so what is counted for an address is not
# limited; tests/http/test_throttle.py has the defaults (None: not set).
CHEAP = {"GATEHOUSE_USERS_BCRYPT_COST": "8", "GATEHOUSE_THROTTLE_ADDRESS_FAILURES": "10000",
         "GATEHOUSE_THROTTLE_POSTS_PER_MINUTE": "10000", "GATEHOUSE_THROTTLE_SIGN_INS_PER_HOUR": "10000"}


def environment(extra=None):
    """The environment of the tests without what the caller's own trials left in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_")}
    wanted = {**kept, **CHEAP, "DATABASES_SYNC": "off", **(extra or {}),
              "INSTALL_OPTIONS": os.environ.get("GATEHOUSE_TEST_INSTALL", "")}
    return {name: value for name, value in wanted.items() if value is not None}


class Stack:
    """One PostgreSQL and one MariaDB, and the web servers that were started on them."""

    def __init__(self):
        # Short: socket paths are limited to 107 bytes. Open: databases run as another user.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gh-test-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.call("start-databases", self.folder)
        done = self.command("knowledge", "import", str(ROOT / "demo" / "knowledge"))
        assert done.returncode == 0, done.stderr
        if IS_SANITIZED:
            program = self.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "account"
            assert b"__asan_init" in program.read_bytes(), "these are not the programs with sanitizers"

    def call(self, *words, extra=None, check=True):
        done = subprocess.run([SERVICES, *map(str, words)], env=environment(extra), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
        if check and done.returncode != 0:
            raise RuntimeError(f"services {' '.join(map(str, words))}: {done.stdout}")
        return done.stdout

    def variables(self):
        text = (self.folder / "env").read_text()
        return dict(re.findall(r"^export (\w+)='(.*)'$", text, re.M))

    def free_port(self):
        return int(self.call("free-port"))

    def start(self, server, extra=None):
        port = self.free_port()
        self.call("start-server", server, self.folder, port, extra=extra)
        return Server(self, server, port, extra)

    def private_folder(self):
        return pathlib.Path(self.call("private-folder", self.folder).strip())

    def postgresql(self, user=None):
        """A connection as that role, or as the owner of the tables."""
        v = self.variables()
        connection = psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"],
                                      user=user or v["PGUSER"])
        connection.autocommit = True
        return connection

    def mysql(self):
        v = self.variables()
        return pymysql.connect(unix_socket=v["MYSQL_UNIX_PORT"], database=v["MYSQL_DATABASE"],
                               user=v["MYSQL_USER"], autocommit=True, charset="utf8mb4")

    def command(self, *words, given="", extra=None):
        """Run gatehousectl as the operator; gives the finished process."""
        v = self.variables()
        program = self.private_folder() / "app" / "bin" / "gatehousectl"
        return subprocess.run([program, *words], input=given, text=True, capture_output=True,
                              env={**environment(extra), "GATEHOUSE_CONF": v["GATEHOUSE_CONF"]}, timeout=60)

    def log(self):
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob("*"))
                       if "access" not in path.name)

    def stop(self):
        self.call("stop", self.folder, check=False)
        log = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)
        # Programs built with sanitizers say here what they found, leaks when they end.
        found = re.search(r"(ERROR: \w+Sanitizer|runtime error: ).*(?:\n.*){0,40}", log)
        assert not found, found.group(0)


class Server:
    """A running web server in front of the programs."""

    def __init__(self, stack, name, port, extra):
        self.stack, self.name, self.port, self.extra = stack, name, port, extra
        self.url = f"http://127.0.0.1:{port}"

    def restart(self):
        self.stack.call("restart-server", self.name, self.stack.folder, self.port, extra=self.extra)

    def stop(self):
        self.stack.call("stop-server", self.name, self.stack.folder, self.port)


def wait_until(question, seconds=10, pause=0.05):
    """Ask until the answer is true; what it was in the end."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)

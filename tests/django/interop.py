"""What the tests need of Django: a project in a process of its own, a browser that goes to both sites,
and session texts as Django signs them."""
import json
import os
import pathlib
import select
import subprocess
import sys

from django.core.signing import TimestampSigner
from django.utils.crypto import salted_hmac

from support.site import Visitor
from support.stack import ROOT

HERE = pathlib.Path(__file__).resolve().parent
BACKEND = "gatehouse_django.backends.GatehouseBackend"


def secret_key(stack):
    return (stack.folder / "secret_key").read_text()


class Signer:
    """Session texts as Django makes and reads them."""

    def __init__(self, key):
        self.key = key
        self.signer = TimestampSigner(key=key, salt="django.contrib.sessions.SessionStore", algorithm="sha256")

    def write(self, data):
        return self.signer.sign_object(data, compress=True)

    def read(self, text):
        return self.signer.unsign_object(text)

    def auth_hash(self, stored_password):
        return salted_hmac("django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", stored_password,
                           secret=self.key, algorithm="sha256").hexdigest()


class Neighbour:
    """The Django project of tests/django/site in a process of its own."""

    def __init__(self, stack, **given):
        variables = stack.variables()
        given = {
            "secret_key": secret_key(stack),
            "postgresql": {"host": variables["PGHOST"], "port": variables["PGPORT"],
                           "database": variables["PGDATABASE"], "user": "gatehouse_app"},
            "mysql": {"socket": variables["MYSQL_UNIX_PORT"], "database": variables["MYSQL_DATABASE"],
                      "user": given.pop("mysql_user", "gatehouse_app")},
            **given,
        }
        path = os.pathsep.join([str(ROOT / "django"), str(HERE / "site")])
        self.environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
                            "DJANGO_SETTINGS_MODULE": "neighbour.settings", "NEIGHBOUR": json.dumps(given)}
        self.process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "neighbour.serve"],
                                        cwd=HERE / "site", env=self.environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        port = self.process.stdout.readline() if ready else ""
        if not port:
            self.stop()
            raise RuntimeError("the Django project did not start; what it says is above")
        self.port = int(port)

    def run(self, code):
        """What a piece of code prints, inside the project."""
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", "import django; django.setup()\n" + code],
                              cwd=HERE / "site", env=self.environment, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def manage(self, *words):
        return subprocess.run([sys.executable, "-W", "ignore", "-m", "django", *words], cwd=HERE / "site",
                              env=self.environment, text=True, capture_output=True, timeout=60)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Browser:
    """One person's browser, and both sites in it: cookies do not know ports."""

    def __init__(self, gatehouse, project):
        self.gatehouse = Visitor(gatehouse)
        self.django = Visitor(project)
        self.django.cookies = self.gatehouse.cookies
        self.cookies = self.gatehouse.cookies

    @property
    def key(self):
        return self.cookies.get("sessionid")

    def sign_in_at_gatehouse(self, person):
        token = self.gatehouse.token("/auth/login")
        reply = self.gatehouse.post("/auth/login", {"username": person.username, "password": person.password}, token)
        assert reply.status == 303, reply.text
        return self

    def sign_in_at_django(self, person):
        reply = self.django.post("/login", {"username": person.username, "password": person.password}, None)
        assert reply.status == 200, reply.text
        return self

    def name_at_gatehouse(self):
        """Whom Gatehouse takes this browser for, or None."""
        reply = self.gatehouse.get("/auth/status", headers={"Accept": "application/json"})
        return reply.json.get("username")

    def name_at_django(self):
        reply = self.django.get("/whoami")
        assert reply.status == 200, reply.text
        return reply.json["username"] or None

    def names(self):
        return self.name_at_gatehouse(), self.name_at_django()

    def stored(self):
        """What the project's views find in the session."""
        return self.django.get("/whoami").json["session"]

    def store(self, data):
        assert self.django.post_json("/store", data).status == 200

"""What the tests need of Django: a project in a process of its own, a browser that goes to both sites,
and session texts as Django signs them."""
import json
import os
import select
import subprocess
import sys
import zlib

from django.core.signing import TimestampSigner, b64_decode
from django.utils.crypto import salted_hmac

from support.site import Visitor
from support.stack import ROOT

SITE = ROOT / "tests" / "django_site"
SHIPPED_MODEL = "gatehouse_django.User"
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


def json_text(signed):
    """The JSON bytes in a signed text."""
    payload = signed.split(":")[0].encode()
    return zlib.decompress(b64_decode(payload[1:])) if payload.startswith(b".") else b64_decode(payload)


def given_of(stack, **given):
    """What the project's settings ask for; see tests/django_site/neighbour/given.py."""
    variables = stack.variables()
    return {
        "secret_key": secret_key(stack),
        "postgresql": {"host": variables["PGHOST"], "port": variables["PGPORT"],
                       "database": variables["PGDATABASE"], "user": given.pop("postgresql_user", "gatehouse_app")},
        "mysql": {"socket": variables["MYSQL_UNIX_PORT"], "database": variables["MYSQL_DATABASE"],
                  "user": given.pop("mysql_user", "gatehouse_app")},
        **given,
    }


def environment_of(given):
    path = os.pathsep.join([str(ROOT / "django"), str(SITE)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "neighbour.settings", "NEIGHBOUR": json.dumps(given)}


def manage(given, *words):
    """Run the project's manage.py; gives the finished process."""
    return subprocess.run([sys.executable, "-W", "ignore", SITE / "manage.py", *words], cwd=SITE,
                          env=environment_of(given), text=True, capture_output=True, timeout=60)


def migrate(stack):
    """Make the project's tables, as an owner does once: Django's beside the people, its own in PostgreSQL."""
    given = given_of(stack, shared=True, postgresql_user="gatehouse_owner", mysql_user="gatehouse_owner")
    for words in (["--database", "users"], ["--fake-initial"]):
        done = manage(given, "migrate", *words)
        assert done.returncode == 0, done.stderr


class Neighbour:
    """The Django project of tests/django_site in a process of its own."""

    def __init__(self, stack, **given):
        self.given = given_of(stack, **given)
        self.environment = environment_of(self.given)
        self.process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "neighbour.serve"],
                                        cwd=SITE, env=self.environment, stdin=subprocess.PIPE,
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
                              cwd=SITE, env=self.environment, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def manage(self, *words):
        return manage(self.given, *words)

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

    def sign_in_at_admin(self, person):
        """As a colleague would, with the form of Django's admin site."""
        fields = {"username": person.username, "password": person.password, "next": "/admin/"}
        reply = self.django.post("/admin/login/", fields, self.django.token("/admin/login/"))
        assert (reply.status, reply.location) == (302, "/admin/"), reply.text
        return self

    def sign_out_at_admin(self):
        reply = self.django.post("/admin/logout/", {}, self.django.token("/admin/password_change/"))
        assert reply.status == 200, reply.text

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

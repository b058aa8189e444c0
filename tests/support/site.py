"""A client that shows what a browser or a program would notice."""
import crypt
import http.client
import json
import re
import secrets
import urllib.parse


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.text = body.decode("utf-8", "replace")
        self.location = response.headers.get("Location")

    @property
    def json(self):
        assert self.headers.get("Content-Type", "").startswith("application/json"), self.headers.items()
        return json.loads(self.text)

    def cookies(self):
        return self.headers.get_all("Set-Cookie") or []

    def cookie(self, name):
        """The whole Set-Cookie line of that name, or None."""
        for line in self.cookies():
            if line.startswith(name + "="):
                return line
        return None

    def field_error(self, field):
        """The sentence that a page shows beside a field."""
        for tag in re.findall(rf"<(?:input|textarea|select)[^>]*\bname=\"{field}\"[^>]*>", self.text):
            described = re.search(r'aria-describedby="([^"]+)"', tag)
            if 'aria-invalid="true"' not in tag or not described:
                continue
            for name in described.group(1).split():
                found = re.search(rf'id="{name}"[^>]*>(.*?)<', self.text, re.S)
                if found and "error" in name:
                    return found.group(1).strip()
        return None

    def value(self, field):
        """What a form has typed into a field."""
        tag = re.search(rf"<input[^>]*\bname=\"{field}\"[^>]*>", self.text)
        if tag:
            found = re.search(r'\bvalue="([^"]*)"', tag.group(0))
            return _unescape(found.group(1)) if found else ""
        area = re.search(rf"<textarea[^>]*\bname=\"{field}\"[^>]*>(.*?)</textarea>", self.text, re.S)
        return _unescape(area.group(1)) if area else None


def _unescape(text):
    import html
    return html.unescape(text)


class Visitor:
    """Somebody with a cookie jar. Nothing is followed or retried on its own."""

    def __init__(self, server, html=True, address=None):
        self.server = server
        self.address = address  # on the loopback network, or None
        self.host = "127.0.0.1"
        self.cookies = {}
        self.headers = {"Accept": "text/html"} if html else {"Accept": "application/json"}

    def request(self, method, path, body=None, headers=None, type=None):
        connection = http.client.HTTPConnection(self.host, self.server.port, timeout=60,
                                                source_address=(self.address, 0) if self.address else None)
        sent = dict(self.headers)
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if type:
            sent["Content-Type"] = type
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        reply = Reply(response, response.read())
        connection.close()
        for line in reply.cookies():
            name, value = line.split(";")[0].split("=", 1)
            if value and "Max-Age=0" not in line:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return reply

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def token(self, path="/auth/login"):
        """A fresh CSRF token, from a page as a browser would see it."""
        page = self.get(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', page.text)
        assert found, f"no token on {path}: {page.status} {page.text[:300]}"
        return found.group(1)

    def post(self, path, fields, token=True, headers=None):
        """A form post; `token` True: fetch one first, None: without."""
        fields = dict(fields)
        if token is True:
            token = self.token("/auth/login" if "sessionid" not in self.cookies else "/protected")
        if token:
            fields["csrfmiddlewaretoken"] = token
        body = urllib.parse.urlencode(fields)
        return self.request("POST", path, body, headers, "application/x-www-form-urlencoded")

    def post_json(self, path, data, headers=None):
        sent = {"Accept": "application/json", **(headers or {})}
        body = data if isinstance(data, (str, bytes)) else json.dumps(data)
        return self.request("POST", path, body, sent, "application/json")

    def api(self, path, data):
        """JSON from a page's script: with the session and its token."""
        return self.post_json(path, data, {"X-CSRFToken": self.cookies["csrftoken"]})

    def sign_in(self, person, **more):
        return self.post("/auth/login", {"username": person.username, "password": person.password, **more})


class Person:
    def __init__(self, id, username, email, password):
        self.id, self.username, self.email, self.password = id, username, email, password


def bcrypt(password, cost=8, variant="2b"):
    return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2 ** cost).replace("$2b$", f"${variant}$"))


def new_name(prefix="p"):
    """A name unlike any other; without digits, so that no page shows a number that is none."""
    return prefix + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))


def add_person(mysql, password="correct horse battery", stored=None, active=1, name=None):
    """A new person in the users table, unlike anybody else."""
    name = name or new_name()
    with mysql.cursor() as cursor:
        cursor.execute("INSERT INTO users (username, email, password_hash, is_active) VALUES (%s, %s, %s, %s)",
                       (name, f"{name}@example.org", stored or bcrypt(password), active))
        return Person(cursor.lastrowid, name, f"{name}@example.org", password)

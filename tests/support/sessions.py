"""Sessions of every kind, and what the tests of their policy ask about them."""
from support.site import Visitor

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"

# requirements.md: minutes to the absolute end, minutes of rest, how many at once, and how far the end lies
# ahead while it moves: a quarter of the lifetime, two hours at most, but never less than the rest.
KINDS = {
    "anonymous": (120, 30, 3, 30),
    "authenticated": (480, 60, 5, 120),
    "sso": (240, 45, 3, 60),
    "admin": (120, 15, 2, None),
    "api": (60, 30, 10, None),
    "bot": (60, None, 1, None),
}


def sign_in(site, person, address=None, browser=BROWSER, **fields):
    """Somebody who is signed in, with a browser that says what it is."""
    visitor = Visitor(site, address=address)
    visitor.headers["User-Agent"] = browser
    reply = visitor.sign_in(person, **fields)
    assert reply.status == 303, reply.text
    visitor.person = person
    return visitor


def begin_guest(site, email, address=None):
    visitor = Visitor(site, address=address)
    reply = visitor.post_json("/auth/guest", {"email": email})
    assert reply.status == 200, reply.text
    visitor.email = email
    return visitor


def kind_of(visitor):
    """The kind of the visitor's session; None: it is over."""
    return visitor.get("/auth/status", headers={"Accept": "application/json"}).json.get("kind")


def become(postgresql, visitor, kind):
    """Make the session one of a kind that nothing begins yet, as session_create would have made it."""
    lifetime, idle, _, step = KINDS[kind]
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET kind = %s, ends_at = created_at + %s * interval '1 minute', "
                       "expires_at = created_at + %s * interval '1 minute', step_seconds = %s, idle_seconds = %s "
                       "WHERE session_key = %s", (kind, lifetime, step or lifetime, (step or 0) * 60, idle * 60,
                                                  visitor.cookies["sessionid"]))
        assert cursor.rowcount == 1

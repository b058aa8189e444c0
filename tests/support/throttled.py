"""A server with the limits that a new site has (those of other tests do not limit their one address),
and what its tests have in common. They import the fixtures by name."""

import pytest

from support.site import Visitor, new_name

DEFAULTS = {"GATEHOUSE_THROTTLE_ADDRESS_FAILURES": None, "GATEHOUSE_THROTTLE_POSTS_PER_MINUTE": None,
            "GATEHOUSE_THROTTLE_SIGN_INS_PER_HOUR": None}
COOKIE = "gatehouse_device"


@pytest.fixture(scope="module")
def server(stack):
    server = stack.start("lighttpd", DEFAULTS)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def nothing_counted_yet(postgresql):
    def forget():
        with postgresql.cursor() as cursor:
            cursor.execute("DELETE FROM gatehouse_throttle")
    forget()
    yield
    forget()


@pytest.fixture
def guess(server):
    """guess(person, address="127.0.0.9"): the status of a sign-in with a wrong password."""
    def guess(person, address=None, **fields):
        name = person if isinstance(person, str) else person.username
        return Visitor(server, address=address).post_json("/auth/login", {"username": name, "password": "wrong", **fields})
    return guess


def lock(guess, person, address=None):
    assert [guess(person, address).status for _ in range(6)] == [401] * 5 + [429]


def try_in(visitor, person):
    return visitor.post_json("/auth/login", {"username": person.username, "password": person.password}, {"Cookie": device(visitor)})


def device(visitor):
    """The Cookie header of a program that keeps nothing but the device's cookie; None: nothing."""
    return f"{COOKIE}={visitor.cookies[COOKIE]}" if COOKIE in visitor.cookies else None


def known(server, person, address=None):
    """A device on which this person signed in, and signed out again."""
    visitor = Visitor(server, address=address)
    assert visitor.sign_in(person).status == 303
    assert visitor.post("/auth/logout", {}).status == 303
    assert "sessionid" not in visitor.cookies
    return visitor


def sign_up_fields():
    name = new_name("n")
    return {"username": name, "email": f"{name}@example.org", "password": "a long password",
            "password_confirm": "a long password", "terms": "on"}

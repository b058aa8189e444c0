"""identity = shared_table: which sessions of the table count, and which are refused and left untouched."""
import random

import pytest

from interop import BACKEND, Signer
from support.site import add_person


def write_row(postgresql, key, data):
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES (%s, %s, now() + interval '14 days')", (key, data))


def identity(person, signer, stored, **other):
    return {"_auth_user_id": str(person.id), "_auth_user_backend": BACKEND,
            "_auth_user_hash": signer.auth_hash(stored), **other}


@pytest.mark.parametrize("wrong", [
    {"_auth_user_backend": "django.contrib.auth.backends.ModelBackend"},
    {"_auth_user_backend": ""},
    {"_auth_user_backend": None},
    {"_auth_user_hash": "0" * 64},
    {"_auth_user_hash": ""},
    {"_auth_user_hash": None},
    {"_auth_user_id": "999999999"},
    {"_auth_user_id": "1 OR 1=1"},
    {"_auth_user_id": None},
])
def test_a_session_that_says_something_wrong_is_refused_and_left_untouched(
        browser, person, signer, stored_hash, postgresql, row, companion, wrong):
    key = "wrong" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=27))
    write_row(postgresql, key, signer.write({**identity(person, signer, stored_hash(person)), **wrong}))
    before = row(key)
    browser.cookies["sessionid"] = key
    assert browser.name_at_gatehouse() is None
    assert browser.gatehouse.get("/protected").status == 303
    assert row(key) == before and companion(key) is None
    # Signing out and in with that cookie does not touch it either.
    browser.gatehouse.post("/auth/logout", {}, browser.gatehouse.token("/auth/login"))
    assert row(key) == before
    browser.cookies["sessionid"] = key
    browser.sign_in_at_gatehouse(person)
    assert browser.key != key
    assert row(key) == before


def test_a_right_one_in_the_same_way_is_accepted(browser, person, signer, stored_hash, postgresql):
    key = "right" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=27))
    write_row(postgresql, key, signer.write(identity(person, signer, stored_hash(person))))
    browser.cookies["sessionid"] = key
    assert browser.names() == (person.username, person.username)


def test_signed_with_another_secret_it_is_refused_and_left_untouched(
        browser, person, stored_hash, postgresql, row):
    foreign = Signer("another secret of fifty characters, nobody knows it")
    key = "other" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=27))
    write_row(postgresql, key, foreign.write(identity(person, foreign, stored_hash(person))))
    before = row(key)
    browser.cookies["sessionid"] = key
    assert browser.name_at_gatehouse() is None
    assert row(key) == before


def test_what_we_cannot_parse_is_left_untouched(browser, person, signer, postgresql, row):
    nested = {}
    for _ in range(300):
        nested = {"deeper": nested}
    for number, data in enumerate((nested, [1, 2], "text")):
        key = f"odd{number}" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=28))
        write_row(postgresql, key, signer.write(data))
        before = row(key)
        browser.cookies["sessionid"] = key
        assert browser.name_at_gatehouse() is None
        assert row(key) == before


def test_a_disabled_person_is_refused_at_both(browser, mysql):
    gone = add_person(mysql, active=0)
    token = browser.gatehouse.token()
    reply = browser.gatehouse.post("/auth/login", {"username": gone.username, "password": gone.password}, token)
    assert reply.status == 403 and "disabled" in reply.text
    reply = browser.django.post("/login", {"username": gone.username, "password": gone.password}, None)
    assert reply.status == 401
    assert browser.names() == (None, None)

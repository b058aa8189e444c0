"""identity = shared_table: what others put into a session stays as it is, whatever Gatehouse does."""
import pytest

from interop import json_text
from support.site import add_person, bcrypt


NESTED = {
    "basket": [{"article": "Ä-17", "count": 2, "price": 19.99}, {}, []],
    "big": 2 ** 80, "negative": -(10 ** 30), "small": 1e-300, "flag": True, "nothing": None,
    "": "empty name", "quoted \"name\"": "\\ / \b\f\n\r\t\x00\x1f\x7f", "emoji": "👩‍👩‍👧 naïve",
    "deep": {"a": {"b": {"c": {"d": [[[[1]]]]}}}},
}


def test_what_django_stored_survives_whatever_gatehouse_does(browser, person, clock, row):
    browser.sign_in_at_django(person)
    browser.store(NESTED)
    data = row(browser.key)[0]
    assert browser.name_at_gatehouse() == person.username  # adopted
    assert browser.gatehouse.get("/dashboard").status == 200
    assert browser.gatehouse.post("/chat/", {"message": "help"}, browser.gatehouse.token("/chat/")).status == 303
    clock(minutes=5)  # noted as used, person looked up again
    assert browser.gatehouse.get("/protected").status == 200
    assert row(browser.key)[0] == data
    assert browser.stored() == NESTED


@pytest.mark.parametrize("begun_at", ["gatehouse", "django"])
def test_a_stronger_hash_re_signs_sessions_and_changes_nothing_else(
        browser, other_browser, mysql, signer, row, stored_hash, begun_at):
    person = add_person(mysql, stored=bcrypt("correct horse battery", 5))
    weak = stored_hash(person)
    getattr(browser, f"sign_in_at_{begun_at}")(person)
    if begun_at == "gatehouse":  # that made it stronger; a neighbour writes a weak one
        with mysql.cursor() as cursor:
            cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (weak, person.id))
        browser.cookies.clear()
        browser.sign_in_at_django(person)
    browser.store(NESTED)
    assert browser.name_at_gatehouse() == person.username
    before = json_text(row(browser.key)[0])
    other_browser.sign_in_at_gatehouse(person)
    strong = stored_hash(person)
    assert strong != weak and strong.startswith("$2b$08$")
    after = json_text(row(browser.key)[0])
    old_hash, new_hash = signer.auth_hash(weak).encode(), signer.auth_hash(strong).encode()
    assert before.count(old_hash) == 1
    assert after == before.replace(old_hash, new_hash)
    assert browser.names() == other_browser.names() == (person.username, person.username)
    assert browser.stored() == NESTED


def test_a_visitors_basket_moves_on_when_they_sign_in_at_gatehouse(browser, person, row):
    browser.store(NESTED)
    visitor_key = browser.key
    assert browser.name_at_gatehouse() is None
    reply = browser.gatehouse.get("/protected")
    assert reply.status == 303 and "notice" not in reply.location  # nobody's sign-in has ended
    browser.sign_in_at_gatehouse(person)
    assert browser.key != visitor_key and row(visitor_key) is None
    assert browser.name_at_django() == person.username
    assert browser.stored() == NESTED


def test_signing_in_again_keeps_what_the_same_person_had(browser, person, clock, row):
    browser.sign_in_at_gatehouse(person)
    browser.store(NESTED)
    first = browser.key
    clock(hours=2)
    assert browser.name_at_gatehouse() is None
    browser.sign_in_at_gatehouse(person)
    assert browser.key != first and row(first) is None
    assert browser.stored() == NESTED


def test_somebody_else_does_not_get_it(browser, person, mysql, clock):
    browser.sign_in_at_gatehouse(person)
    browser.store({"secret": "mine"})
    clock(hours=2)
    browser.sign_in_at_gatehouse(add_person(mysql))
    assert browser.stored() == {}


def test_a_visitor_who_signs_out_keeps_the_basket(browser, row):
    browser.store({"basket": [1]})
    browser.gatehouse.post("/auth/logout", {}, browser.gatehouse.token("/auth/login"))
    assert browser.stored() == {"basket": [1]}

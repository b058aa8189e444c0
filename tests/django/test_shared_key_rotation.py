"""identity = shared_table: the secret key is changed at both sites. Django 3.2 knows one key at a time,
so here it has the new one while sessions of the old one are still in the table."""
import secrets

import pytest

from interop import Browser, Neighbour, Signer

OLD, NEW = (secrets.token_urlsafe(48) for _ in range(2))
RECHECK = 61  # [users] recheck_seconds, and a second


def keys(current, *earlier):
    return {"GATEHOUSE_DJANGO_IDENTITY": "shared_table", "GATEHOUSE_DJANGO_SECRET_KEY": current,
            "GATEHOUSE_DJANGO_SECRET_KEY_FALLBACKS": " ".join(earlier)}


@pytest.fixture(scope="module")
def projects(stack, neighbour):
    """The project with the old key, and with the new one."""
    made = [Neighbour(stack, shared=True, secret_key=key) for key in (OLD, NEW)]
    yield made
    for project in made:
        project.stop()


@pytest.fixture
def gatehouse(stack):
    server = stack.start("lighttpd", keys(OLD))
    yield server
    server.stop()


@pytest.fixture
def change(gatehouse, projects):
    """change(browsers, current, *earlier): the keys of Gatehouse; the new project takes the old one's place."""
    def change(browsers, *given):
        gatehouse.extra = keys(*given)
        gatehouse.restart()
        for browser in browsers:
            browser.django.server = projects[1]
    return change


def test_sessions_in_use_are_djangos_again_when_gatehouse_has_signed_them_anew(
        gatehouse, projects, person, clock, change, row):
    here, there, unused = (Browser(gatehouse, projects[0]) for _ in range(3))
    here.sign_in_at_gatehouse(person)
    there.sign_in_at_django(person)
    there.store({"big": 2 ** 80})
    unused.sign_in_at_gatehouse(person)
    for browser in (here, there):
        assert browser.names() == (person.username, person.username)
    change((here, there, unused), NEW, OLD)
    before = row(here.key)[0]
    for browser in (here, there):  # Django cannot read them yet, and leaves them as they are
        assert browser.names() == (person.username, None)
    assert row(here.key)[0] == before
    clock(seconds=RECHECK)
    for browser in (here, there):
        assert browser.names() == (person.username, person.username)
        assert "_auth_user_hash" in Signer(NEW).read(row(browser.key)[0])
    assert there.stored() == {"big": 2 ** 80}
    change((here, there, unused), NEW)
    for browser in (here, there):
        assert browser.names() == (person.username, person.username)
    assert unused.names() == (None, None)


def test_a_session_of_django_that_gatehouse_never_saw_is_taken_over_too(gatehouse, projects, person, clock, change):
    browser = Browser(gatehouse, projects[0]).sign_in_at_django(person)
    change([browser], NEW, OLD)
    assert browser.name_at_gatehouse() == person.username
    clock(seconds=RECHECK)
    assert browser.names() == (person.username, person.username)
    change([browser], NEW)
    assert browser.names() == (person.username, person.username)


def test_the_new_key_can_be_known_before_anybody_signs_with_it(gatehouse, projects, person, change, clock, row):
    """Step 2 of docs/DJANGO.md: Django signs with the new key already, Gatehouse still with the old."""
    browser = Browser(gatehouse, projects[1]).sign_in_at_django(person)
    assert browser.name_at_gatehouse() is None
    change([browser], OLD, NEW)
    assert browser.names() == (person.username, person.username)
    clock(seconds=RECHECK)  # it now signs with what it takes for current
    assert browser.name_at_gatehouse() == person.username
    assert Signer(OLD).read(row(browser.key)[0])["_auth_user_id"] == str(person.id)


def test_without_the_earlier_key_everybody_is_signed_out_at_both(gatehouse, projects, person, change, row):
    here, there = Browser(gatehouse, projects[0]), Browser(gatehouse, projects[0])
    here.sign_in_at_gatehouse(person)
    there.sign_in_at_django(person)
    rows = [row(browser.key) for browser in (here, there)]
    change((here, there), NEW)
    for browser in (here, there):
        assert browser.names() == (None, None)
    assert [row(browser.key) for browser in (here, there)] == rows
    for browser in (here, there):
        browser.cookies.clear()
        browser.sign_in_at_gatehouse(person)
        assert browser.names() == (person.username, person.username)

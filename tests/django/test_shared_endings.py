"""identity = shared_table: a password changed or an account disabled at either ends the old sessions at
both: at Django at its next request, at Gatehouse within recheck_seconds."""
import pytest

from interop import Browser
from support.site import Person, add_person, bcrypt

RECHECK = 61  # [users] recheck_seconds, and a second
NEW = "another quite long secret"


@pytest.fixture
def browsers(shared_site, neighbour):
    """Two old sign-ins of a person: begun at Gatehouse, and at Django."""
    return Browser(shared_site, neighbour), Browser(shared_site, neighbour)


@pytest.fixture
def change_password(stack, mysql, shared_site, neighbour, colleague):
    """The ways to change a person's password, by name; each gives the browser that did it, if one did."""
    def at_their_own_admin_page(person):
        browser = Browser(shared_site, neighbour).sign_in_at_admin(person)
        fields = {"old_password": person.password, "new_password1": NEW, "new_password2": NEW}
        reply = browser.django.post("/admin/password_change/", fields, browser.django.token("/admin/password_change/"))
        assert (reply.status, reply.location) == (302, "/admin/password_change/done/"), reply.text
        return browser

    def by_a_colleague_at_the_admin_site(person):
        browser = Browser(shared_site, neighbour).sign_in_at_admin(colleague)
        path = f"/admin/people/person/{person.id}/password/"
        reply = browser.django.post(path, {"password1": NEW, "password2": NEW}, browser.django.token(path))
        assert reply.status == 302, reply.text

    def with_gatehousectl(person):
        done = stack.command("user", "password", person.username, given=NEW + "\n")
        assert done.returncode == 0, done.stderr

    def by_another_program(person):
        with mysql.cursor() as cursor:
            cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (bcrypt(NEW), person.id))

    def at_gatehouses_own_page(person):
        browser = Browser(shared_site, neighbour).sign_in_at_gatehouse(person)
        fields = {"current_password": person.password, "password": NEW, "password_confirm": NEW}
        reply = browser.gatehouse.post("/profile/password", fields, browser.gatehouse.token("/profile/password"))
        assert reply.status == 303, reply.text
        return browser

    ways = {way.__name__: way for way in (at_their_own_admin_page, by_a_colleague_at_the_admin_site, at_gatehouses_own_page,
                                          with_gatehousectl, by_another_program)}
    return lambda way, person: ways[way](person)


WAYS = ["at_their_own_admin_page", "by_a_colleague_at_the_admin_site", "at_gatehouses_own_page", "with_gatehousectl", "by_another_program"]


@pytest.fixture
def staff(colleague_of, mysql):
    """Somebody who may change their own password at the admin site."""
    return colleague_of(add_person(mysql))


def sign_in(browsers, person):
    first, second = browsers
    first.sign_in_at_gatehouse(person)
    second.sign_in_at_django(person)
    for browser in browsers:
        assert browser.names() == (person.username, person.username)


@pytest.mark.parametrize("way", WAYS)
def test_a_new_password_ends_old_sessions_at_gatehouse_within_a_minute(browsers, staff, clock, change_password, way):
    sign_in(browsers, staff)
    change_password(way, staff)
    clock(seconds=RECHECK)
    for browser in browsers:
        assert browser.name_at_gatehouse() is None  # which is asked first: Django would delete the session
        assert browser.name_at_django() is None


@pytest.mark.parametrize("way", WAYS)
def test_a_new_password_ends_old_sessions_at_django_at_once(browsers, staff, row, change_password, way):
    sign_in(browsers, staff)
    keys = [browser.key for browser in browsers]
    change_password(way, staff)
    for browser in browsers:
        assert browser.name_at_django() is None
        assert browser.name_at_gatehouse() is None  # Django deletes such a session
    assert [row(key) for key in keys] == [None, None]


@pytest.mark.parametrize("way", WAYS)
def test_only_the_new_password_signs_in_at_both(browser, staff, change_password, way):
    change_password(way, staff)
    reply = browser.django.post("/login", {"username": staff.username, "password": staff.password}, None)
    assert reply.status == 401
    token = browser.gatehouse.token()
    reply = browser.gatehouse.post("/auth/login", {"username": staff.username, "password": staff.password}, token)
    assert reply.status == 401
    renewed = Person(staff.id, staff.username, staff.email, NEW)
    for sign_in in (browser.sign_in_at_gatehouse, browser.sign_in_at_django, browser.sign_in_at_admin):
        browser.cookies.clear()
        sign_in(renewed)
        assert browser.names() == (staff.username, staff.username)


@pytest.mark.parametrize("way", ["at_their_own_admin_page", "at_gatehouses_own_page"])
def test_who_changes_their_own_password_stays_signed_in_at_both(staff, clock, change_password, way):
    browser = change_password(way, staff)
    assert browser.names() == (staff.username, staff.username)
    clock(seconds=RECHECK)
    assert browser.names() == (staff.username, staff.username)


def test_the_admin_site_says_when_a_password_is_too_long(browser, staff, stored_hash):
    before = stored_hash(staff)
    browser.sign_in_at_admin(staff)
    fields = {"old_password": staff.password, "new_password1": "ä" * 37, "new_password2": "ä" * 37}
    reply = browser.django.post("/admin/password_change/", fields, browser.django.token("/admin/password_change/"))
    assert reply.status == 200 and "A password can have 72 letters" in reply.text
    assert stored_hash(staff) == before


def test_disabling_a_person_ends_the_sign_in_at_both(browsers, person, mysql, clock):
    sign_in(browsers, person)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (person.id,))
    for browser in browsers:
        assert browser.name_at_django() is None  # it asks at every request
    clock(seconds=RECHECK)
    for browser in browsers:
        assert browser.names() == (None, None)

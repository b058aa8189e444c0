"""identity = off, the default: Gatehouse and a Django project with people of its own keep their
sessions in one table, and neither takes the other's sign-in nor destroys the other's row."""
import pytest

from interop import Browser
from support.site import Person, add_person, bcrypt


@pytest.fixture
def browser(one_site, stranger_project):
    return Browser(one_site, stranger_project)


@pytest.fixture
def namesake(stranger_project, person):
    """Somebody else in Django's own table, with the id that a person has at Gatehouse."""
    code = ("from django.contrib.auth.models import User\n"
            f"User.objects.create_user('d-{person.username}', password='{person.password}', id={person.id})")
    stranger_project.run(code)
    person_at_django = type(person)(person.id, f"d-{person.username}", "", person.password)
    return person_at_django


def test_a_sign_in_at_django_is_nobodys_at_gatehouse(browser, namesake, row, companion):
    browser.sign_in_at_django(namesake)
    key, before = browser.key, row(browser.key)
    assert browser.names() == (None, namesake.username)
    reply = browser.gatehouse.get("/protected")
    assert reply.status == 303 and "notice" not in reply.location  # a stranger, whose sign-in has not ended
    assert browser.key == key and row(key) == before and companion(key) is None


def test_user_1_of_django_is_nobody_here(browser, stranger_project, mysql, row, companion):
    """The first person of nearly every Django project is its administrator."""
    stranger_project.run("from django.contrib.auth.models import User\n"
                         "User.objects.filter(pk=1).delete()\n"
                         "User.objects.create_superuser('root', password='correct horse battery', id=1)")
    with mysql.cursor() as cursor:
        cursor.execute("INSERT INTO users (id, username, email, password_hash) "
                       "VALUES (1, 'first', 'first@example.org', %s) "
                       "ON DUPLICATE KEY UPDATE password_hash = VALUES(password_hash)",
                       (bcrypt("correct horse battery"),))
        cursor.execute("SELECT username FROM users WHERE id = 1")
        first = Person(1, cursor.fetchone()[0], "", "correct horse battery")
    browser.sign_in_at_admin(Person(1, "root", "", "correct horse battery"))
    assert browser.django.get("/whoami").json["id"] == 1
    theirs, before = browser.key, row(browser.key)
    assert browser.names() == (None, "root")
    for path in ("/protected", "/dashboard", "/profile"):
        assert browser.gatehouse.get(path).status == 303
    assert row(theirs) == before and companion(theirs) is None
    browser.sign_in_at_gatehouse(first)
    assert browser.names() == (first.username, None)
    assert browser.django.get("/admin/").status == 302
    browser.cookies["sessionid"] = theirs
    assert browser.names() == (None, "root")


def test_a_sign_in_at_gatehouse_is_nobodys_at_django(browser, person, namesake, row):
    browser.sign_in_at_gatehouse(person)
    key, before = browser.key, row(browser.key)
    assert browser.names() == (person.username, None)
    assert browser.key == key and row(key) == before
    assert browser.name_at_gatehouse() == person.username


def test_signing_in_at_gatehouse_leaves_djangos_row(browser, person, namesake, row):
    browser.sign_in_at_django(namesake)
    browser.store({"basket": [1, 2]})
    theirs, before = browser.key, row(browser.key)
    browser.sign_in_at_gatehouse(person)
    assert browser.key != theirs and row(theirs) == before
    browser.cookies["sessionid"] = theirs
    assert browser.name_at_django() == namesake.username
    assert browser.stored() == {"basket": [1, 2]}


def test_signing_out_at_gatehouse_leaves_djangos_row(browser, namesake, row):
    browser.sign_in_at_django(namesake)
    theirs, before = browser.key, row(browser.key)
    browser.gatehouse.post("/auth/logout", {}, browser.gatehouse.token("/auth/login"))
    assert row(theirs) == before and browser.key == theirs
    assert browser.name_at_django() == namesake.username


def test_signing_up_at_gatehouse_leaves_djangos_row(browser, namesake, row):
    browser.sign_in_at_django(namesake)
    theirs, before = browser.key, row(browser.key)
    name = "up" + namesake.username
    fields = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery",
              "password_confirm": "correct horse battery", "terms": "on"}
    assert browser.gatehouse.post("/register", fields, browser.gatehouse.token("/register")).status == 303
    assert row(theirs) == before


def test_a_visitor_of_django_is_a_stranger_and_keeps_the_basket(browser, person, row):
    browser.store({"basket": [1, 2]})
    theirs, before = browser.key, row(browser.key)
    assert browser.names() == (None, None)
    browser.sign_in_at_gatehouse(person)
    assert browser.key != theirs and row(theirs) == before


def test_a_wrong_password_at_gatehouse_leaves_both_rows(browser, person, namesake, row):
    browser.sign_in_at_gatehouse(person)
    ours, our_row = browser.key, row(browser.key)
    browser.cookies.clear()
    browser.sign_in_at_django(namesake)
    theirs, their_row = browser.key, row(browser.key)
    token = browser.gatehouse.token("/auth/login")
    reply = browser.gatehouse.post("/auth/login", {"username": person.username, "password": "wrong"}, token)
    assert reply.status == 401
    assert row(ours) == our_row and row(theirs) == their_row


def test_what_django_makes_of_our_row_signs_nobody_in_at_gatehouse(browser, person, namesake, companion):
    """With one cookie name for both, Django's login() gives our row a new key and its own members."""
    browser.sign_in_at_gatehouse(person)
    browser.sign_in_at_django(namesake)
    assert companion(browser.key) is None
    assert browser.names() == (None, namesake.username)


def test_what_django_stores_in_our_row_stays_there(browser, person):
    browser.sign_in_at_gatehouse(person)
    browser.store({"language": "de"})
    assert browser.names() == (person.username, None)
    assert browser.stored()["language"] == "de"
    browser.gatehouse.get("/dashboard")
    assert browser.stored()["language"] == "de"


def test_nothing_that_django_knows_stands_in_our_row(browser, person, signer, row):
    browser.sign_in_at_gatehouse(person)
    members = signer.read(row(browser.key)[0])
    assert set(members) == {"gatehouse_user_id", "gatehouse_auth_hash"}


def test_the_shared_members_are_not_believed(browser, person, signer, stored_hash, postgresql, row):
    """A row that would sign in with identity = shared_table, even for the right person."""
    data = signer.write({"_auth_user_id": str(person.id), "_auth_user_hash": signer.auth_hash(stored_hash(person)),
                         "_auth_user_backend": "gatehouse_django.backends.GatehouseBackend",
                         "gatehouse_user_id": str(person.id),
                         "gatehouse_auth_hash": signer.auth_hash(stored_hash(person))})
    key = "shared" + person.username.ljust(26, "0")
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES (%s, %s, now() + interval '1 day')", (key, data))
    browser.cookies["sessionid"] = key
    assert browser.name_at_gatehouse() is None
    assert row(key)[0] == data


def test_ending_a_disabled_persons_session_leaves_djangos(browser, mysql, namesake, clock, row):
    browser.sign_in_at_django(namesake)
    theirs, before = browser.key, row(browser.key)
    browser.cookies.clear()
    other = add_person(mysql)
    browser.sign_in_at_gatehouse(other)
    ours = browser.key
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (other.id,))
    clock(seconds=61)
    assert browser.name_at_gatehouse() is None
    assert row(ours) is None and row(theirs) == before

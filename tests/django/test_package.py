"""What the package gatehouse_django does inside a project: passwords, the users table, the chat."""
import hashlib

import pymysql
import pytest

from interop import SHIPPED_MODEL, Browser, Neighbour, given_of, manage, secret_key
from support.site import add_person, bcrypt


DJANGO_HASHES = {
    "$2a$": lambda password: bcrypt(password, variant="2a"),
    "$2b$": bcrypt,
    "$2x$": lambda password: bcrypt(password).replace("$2b$", "$2x$"),  # the same for plain ASCII
    "$2y$": lambda password: bcrypt(password, variant="2y"),
    "bcrypt$$2b$": lambda password: "bcrypt$" + bcrypt(password),
    "bcrypt_sha256$$2b$": lambda password: "bcrypt_sha256$" + bcrypt(_sha256(password)),
}


def _sha256(password):
    return hashlib.sha256(password.encode()).hexdigest()


@pytest.mark.parametrize("kind", DJANGO_HASHES)
def test_every_kind_of_hash_signs_in_at_both(browser, mysql, kind):
    person = add_person(mysql, stored=DJANGO_HASHES[kind]("correct horse battery"))
    browser.sign_in_at_django(person)
    assert browser.names() == (person.username, person.username)
    browser.cookies.clear()
    browser.sign_in_at_gatehouse(person)
    assert browser.names() == (person.username, person.username)


def test_sign_in_at_django_by_email_and_in_any_case(browser, person):
    for login in (person.email, person.username.upper(), f" {person.email.upper()} "):
        reply = browser.django.post("/login", {"username": login, "password": person.password}, None)
        assert reply.status == 200, login


def test_sign_in_at_django_refuses_what_gatehouse_refuses(browser, person, mysql):
    accented = add_person(mysql)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET username = CONCAT('é', username) WHERE id = %s", (accented.id,))
    broken = add_person(mysql, stored="!not a hash")
    for login, password in ((person.username, "wrong"), (person.username, ""), ("", "x"), ("nobody-at-all", "x"),
                            ("e" + accented.username, accented.password), (person.username, person.password + "\0"),
                            (person.username + "%", person.password), (broken.username, "!not a hash"),
                            (broken.username, "correct horse battery")):
        reply = browser.django.post("/login", {"username": login, "password": password}, None)
        assert reply.status == 401, (login, password)


def test_sign_in_at_django_is_noted_where_there_is_a_column(browser, person, mysql, sql):
    browser.sign_in_at_django(person)
    recent = "SELECT last_login > UTC_TIMESTAMP() - INTERVAL 1 MINUTE FROM users WHERE id = %s"
    assert sql(mysql, recent, person.id) == (1,)


@pytest.fixture(scope="session")
def reader(stack):
    """An account that may only read the users table."""
    with pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root") as root:
        with root.cursor() as cursor:
            cursor.execute("CREATE USER IF NOT EXISTS django_reader@localhost")
            cursor.execute("GRANT SELECT ON gatehouse.users TO django_reader@localhost")
    return "django_reader"


@pytest.mark.parametrize("users", [{}, {"last_login": ""}])
def test_a_read_only_account_is_enough(stack, shared_site, reader, person, users, mysql, sql):
    project = Neighbour(stack, shared=True, user_model=SHIPPED_MODEL, mysql_user=reader, users=users)
    try:
        browser = Browser(shared_site, project).sign_in_at_django(person)
        assert browser.names() == (person.username, person.username)
        assert sql(mysql, "SELECT last_login FROM users WHERE id = %s", person.id) == (None,)
    finally:
        project.stop()


def test_nothing_else_is_written_to_the_users_table(plain_neighbour, person, mysql, sql):
    before = sql(mysql, "SELECT * FROM users WHERE id = %s", person.id)
    code = f"""
from gatehouse_django.models import ReadOnlyTable, User
user = User.objects.get(pk={person.id})
user.set_password("quite another one")
attempts = [user.save, user.delete, lambda: user.save(update_fields=["password"]), User(email="a@b.example").save,
            User.objects.all().delete, lambda: User.objects.update(email="x"), lambda: User.objects.create(email="x"),
            lambda: User.objects.bulk_create([User(email="x")]), lambda: User.objects.filter(pk=1).update(email="x")]
for attempt in attempts:
    try:
        attempt()
        print("written")
    except ReadOnlyTable:
        print("refused")
"""
    assert set(plain_neighbour.run(code).split()) == {"refused"}
    assert sql(mysql, "SELECT * FROM users WHERE id = %s", person.id) == before


def test_a_project_that_may_write_changes_passwords_the_neighbours_way(
        stack, neighbour, browser, person, mysql, stored_hash):
    for stored, expected in ((bcrypt("x", 8, "2y"), "$2y$12$"), ("bcrypt_sha256$" + bcrypt("x", 8), "bcrypt_sha256$$2b$12$")):
        with mysql.cursor() as cursor:
            cursor.execute("UPDATE users SET password_hash = %s ORDER BY id DESC LIMIT 5", (stored,))
        project = Neighbour(stack, shared=True, user_model=SHIPPED_MODEL, users={"writable": True})
        try:
            project.run(f"""
from gatehouse_django.models import User
user = User.objects.get(pk={person.id})
user.set_password("pässword of mine")
user.save(update_fields=["password"])
""")
        finally:
            project.stop()
        assert stored_hash(person).startswith(expected)
        person.password = "pässword of mine"
        assert browser.sign_in_at_gatehouse(person).names() == (person.username, person.username)
        browser.cookies.clear()


def test_what_belongs_to_a_person_is_kept_in_the_projects_own_database(neighbour, person):
    """Django would take it from the person's database, where there is no such table."""
    done = neighbour.manage("colleague", person.email.upper())
    assert done.returncode == 0 and done.stdout == f"{person.username} may use the admin site.\n", done.stderr
    assert neighbour.run(f"""
from people.models import Colleague, Person
person = Person.objects.get(pk={person.id})
print(person.colleague._state.db, person.colleague.person._state.db, person.is_staff)
person.colleague.delete()
Colleague(person=person).save()
print(Colleague.objects.get(person=person)._state.db, person.has_perm("people.change_person"))
""").split() == ["default", "users", "True", "default", "True"]
    done = neighbour.manage("colleague", "nobody-at-all")
    assert done.returncode != 0 and "there is nobody" in done.stderr


def test_conversations_can_be_read_in_django(browser, person):
    browser.sign_in_at_gatehouse(person)
    reply = browser.gatehouse.post("/chat/", {"message": "VAT in India?"}, browser.gatehouse.token("/chat/"))
    assert reply.status == 303
    [conversation] = browser.django.get("/conversations").json["conversations"]
    assert conversation["title"] == "VAT in India?"
    assert [role for role, _ in conversation["messages"]] == ["user", "assistant"]


def test_django_finds_nothing_to_migrate_in_our_tables(neighbour):
    done = neighbour.manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0 and "No changes detected" in done.stdout, done.stdout + done.stderr
    planned = neighbour.manage("sqlmigrate", "gatehouse_django", "0001").stdout
    planned += neighbour.manage("sqlmigrate", "gatehouse_chats", "0001").stdout
    assert "CREATE" not in planned and "ALTER" not in planned


def test_without_crypt_the_bcrypt_package_does_the_same(neighbour):
    """The package is not installed here; what stands for it has its two functions."""
    known = [make("correct horse") for kind, make in DJANGO_HASHES.items() if kind != "$2x$"]
    assert neighbour.run(f"""
import crypt, types
from django.core.exceptions import ImproperlyConfigured
from gatehouse_django import passwords
made = [passwords.make("pässword", [stored]) for stored in {known!r}]
passwords._crypt = None
try:
    passwords.matches("correct horse", {known[0]!r})
except ImproperlyConfigured as error:
    print("bcrypt package" in str(error))
passwords._bcrypt = types.SimpleNamespace(
    hashpw=lambda password, salt: crypt.crypt(password.decode(), salt.decode()).encode(),
    gensalt=lambda cost: crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=1 << cost).encode())
print(all(passwords.matches("correct horse", stored) for stored in {known!r}))
print(any(passwords.matches("correct horses", stored) for stored in {known!r}))
print(all(passwords.matches("pässword", stored) for stored in made))
print(passwords.matches("correct horse", {DJANGO_HASHES["$2x$"]("correct horse")!r}))
print(passwords.make("pässword", [{known[-1]!r}])[:21])
""").split() == ["True", "True", "False", "True", "False", "bcrypt_sha256$$2b$12$"]


@pytest.mark.parametrize("users, words", [({"tabel": "x"}, "tabel"), ({"active_when": "is_active"}, "active_when"),
                                          ({"id_type": "serial"}, "id_type")])
def test_a_setting_that_is_wrong_is_said(stack, users, words):
    done = manage(given_of(stack, shared=True, users=users), "check")
    assert done.returncode != 0 and "ImproperlyConfigured" in done.stderr and words in done.stderr


def test_our_secret_is_djangos(stack):
    assert len(secret_key(stack)) >= 50

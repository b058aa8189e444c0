"""Other people's users tables, for real: whatever their names, flags and hashes are, people sign in."""
import hashlib
import re
import subprocess
import threading

import pymysql
import pytest

from support.site import Person, Visitor, bcrypt, new_name
from support.stack import ROOT, SERVICES, Server, environment

PASSWORD = "correct horse battery"

# As an application in Java would make it: no username, an inverted flag in one bit, hashes $2a$10$.
INVERTED = """
CREATE TABLE `user` (
	user_id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	email varchar(255) NOT NULL,
	full_name varchar(255) NOT NULL,
	password varchar(255) NOT NULL,
	phone varchar(30) DEFAULT NULL,
	is_deleted bit(1) NOT NULL DEFAULT b'0',
	created_date datetime(6) DEFAULT NULL,
	UNIQUE KEY user_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
"""

# As Laravel's own migration makes it.
LARAVEL = """
CREATE TABLE users (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name varchar(255) NOT NULL,
	email varchar(255) NOT NULL,
	email_verified_at timestamp NULL DEFAULT NULL,
	password varchar(255) NOT NULL,
	remember_token varchar(100) DEFAULT NULL,
	created_at timestamp NULL DEFAULT NULL,
	updated_at timestamp NULL DEFAULT NULL,
	UNIQUE KEY users_email_unique (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
"""


class Layout:
    """A users table, and how Gatehouse is told of it."""

    def __init__(self, name, create, settings, **columns):
        self.name, self.create = name, create
        self.database = f"people_{name}"
        self.extra = {f"GATEHOUSE_USERS_{key.upper()}": value for key, value in settings.items()}
        self.extra["GATEHOUSE_MYSQL_DATABASE"] = self.database
        self.table = columns["table"]
        self.id, self.hash = columns["id"], columns["hash"]
        self.flag = columns.get("flag")  # column, value of the active, value of the disabled
        self.name_column = columns.get("name_column")
        self.has_username = columns.get("has_username", False)
        self.indexes = columns["indexes"]
        self.style = columns["style"]  # how its hashes begin


LAYOUTS = {layout.name: layout for layout in (
    Layout("ours", (ROOT / "sql/mysql/001_users.sql").read_text(), {},
           table="users", id="id", hash="password_hash", flag=("is_active", 1, 0), has_username=True,
           indexes={"users_username": "username", "users_email": "email"}, style="2b"),
    Layout("inverted", INVERTED,
           {"table": "user", "id": "user_id", "username": "", "password_hash": "password",
            "active_when": "is_deleted:0", "full_name": "full_name", "created_at": "created_date", "last_login": ""},
           table="user", id="user_id", hash="password", flag=("is_deleted", 0, 1), name_column="full_name",
           indexes={"user_email": "email"}, style="2a"),
    Layout("laravel", LARAVEL,
           {"table": "users", "username": "", "password_hash": "password", "active_when": "", "full_name": "name",
            "last_login": ""},
           table="users", id="id", hash="password", name_column="name",
           indexes={"users_email_unique": "email"}, style="2y"),
)}


class People:
    """The table of a layout, and Gatehouse in front of it."""

    def __init__(self, layout, stack, connection):
        self.layout, self.stack, self.connection = layout, stack, connection
        self.servers = {}

    def site(self, **extra):
        """Gatehouse over this table, with more settings; one server for each set of them."""
        key = tuple(sorted(extra.items()))
        if key not in self.servers:
            self.servers[key] = self.stack.start("lighttpd", {**self.layout.extra, **extra})
        return self.servers[key]

    def visitor(self, **extra):
        return Visitor(self.site(**extra))

    def run(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()

    def add(self, stored=None, active=True):
        layout, name = self.layout, new_name()
        row = {"email": f"{name}@example.org", layout.hash: stored or bcrypt(PASSWORD, variant=layout.style)}
        if layout.has_username:
            row["username"] = name
        if layout.name_column:
            row[layout.name_column] = "A full name"
        if layout.flag:
            row[layout.flag[0]] = layout.flag[1 if active else 2]
        self.run(f"INSERT INTO `{layout.table}` ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
                 *row.values())
        id = self.run("SELECT LAST_INSERT_ID()")[0]
        return Person(id, name if layout.has_username else row["email"], row["email"], PASSWORD)

    def find(self, column, value, *wanted):
        return self.run(f"SELECT {', '.join(wanted)} FROM `{self.layout.table}` WHERE {column} = %s", value)

    def stored_hash(self, person):
        return self.find(self.layout.id, person.id, self.layout.hash)[0]

    def log(self, site):
        return (self.stack.folder / "log" / f"{site.name}-{site.port}.log").read_text(errors="replace")

    def stop(self):
        for server in self.servers.values():
            server.stop()
        self.connection.close()


@pytest.fixture(scope="module")
def root(stack):
    """MariaDB's own account, who may make databases."""
    connection = pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root", autocommit=True)
    yield connection
    connection.close()


def run_all(connection, *statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="module", params=LAYOUTS)
def people(request, stack, root):
    layout = LAYOUTS[request.param]
    run_all(root, f"CREATE DATABASE {layout.database}", f"USE {layout.database}", layout.create,
            # Apart from the people of other tests, whose limits and endings PostgreSQL knows by their numbers.
            f"ALTER TABLE `{layout.table}` AUTO_INCREMENT = {1000000 * (1 + list(LAYOUTS).index(request.param))}",
            f"GRANT SELECT, INSERT, UPDATE ON {layout.database}.* TO gatehouse_app@localhost")
    connection = pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root", autocommit=True,
                                 database=layout.database, charset="utf8mb4")
    people = People(layout, stack, connection)
    yield people
    people.stop()
    run_all(root, f"DROP DATABASE {layout.database}")


def sign_in(visitor, login, password=PASSWORD):
    return visitor.post("/auth/login", {"username": login, "password": password}, visitor.token("/auth/login"))


def new_fields(**changes):
    name = new_name("n")
    return {"username": name, "email": f"{name}@example.org", "password": "a long password",
            "password_confirm": "a long password", "terms": "on", **changes}


def sha256(password):
    return hashlib.sha256(password.encode()).hexdigest()


# --- signing in ----------------------------------------------------------------------------

def test_sign_in_by_email(people):
    person = people.add()
    for login in (person.email, person.email.upper()):
        visitor = people.visitor()
        assert sign_in(visitor, login).status == 303
        page = visitor.get("/dashboard")
        assert page.status == 200 and person.username in page.text


def test_sign_in_by_username_where_there_is_one(people):
    person = people.add()
    reply = sign_in(people.visitor(), person.email.split("@")[0])
    assert reply.status == (303 if people.layout.has_username else 401)


def test_strangers_and_wrong_passwords_are_refused(people):
    person = people.add()
    for login, password in ((person.email, "wrong"), ("nobody@example.org", PASSWORD), ("A full name", PASSWORD),
                            (str(person.id), PASSWORD), (person.email.replace("e", "é", 1), PASSWORD),
                            ("%", PASSWORD)):
        assert sign_in(people.visitor(), login, password).status == 401, login


def test_letters_that_the_table_cannot_hold_are_nobodys(people):
    assert sign_in(people.visitor(), "👋@example.org").status == 401


def test_a_disabled_person_is_refused(people):
    person = people.add(active=False)
    reply = sign_in(people.visitor(), person.email)
    if people.layout.flag:
        assert reply.status == 403 and "disabled" in reply.text
        assert sign_in(people.visitor(), person.email, "wrong").status == 401  # says nothing about strangers
    else:
        assert reply.status == 303  # a table without a flag has no disabled people


def test_disabling_a_person_ends_the_session(people, clock):
    if not people.layout.flag:
        person, change = people.add(), f"DELETE FROM `{people.layout.table}`"
    else:
        column, _, disabled = people.layout.flag
        person, change = people.add(), f"UPDATE `{people.layout.table}` SET {column} = {disabled}"
    visitor = people.visitor()
    assert sign_in(visitor, person.email).status == 303
    assert visitor.get("/protected").status == 200
    people.run(f"{change} WHERE {people.layout.id} = %s", person.id)
    clock(seconds=61)
    assert visitor.get("/protected").status == 303


HASHES = {
    "$2a$": lambda cost: bcrypt(PASSWORD, cost, "2a"),
    "$2b$": lambda cost: bcrypt(PASSWORD, cost, "2b"),
    "$2x$": lambda cost: bcrypt(PASSWORD, cost, "2b").replace("$2b$", "$2x$"),  # the same for plain ASCII
    "$2y$": lambda cost: bcrypt(PASSWORD, cost, "2y"),
    "bcrypt$$2b$": lambda cost: "bcrypt$" + bcrypt(PASSWORD, cost),
    "bcrypt_sha256$$2b$": lambda cost: "bcrypt_sha256$" + bcrypt(sha256(PASSWORD), cost),
}


@pytest.mark.parametrize("kind", HASHES)
@pytest.mark.parametrize("cost", [8, 10])
def test_every_kind_of_hash_signs_in(people, kind, cost):
    person = people.add(stored=HASHES[kind](cost))
    before = people.stored_hash(person)
    assert sign_in(people.visitor(), person.email).status == 303
    assert people.stored_hash(person) == before  # strong enough: left as it is


@pytest.mark.parametrize("kind", HASHES)
def test_a_weak_hash_becomes_a_strong_one_of_the_same_kind(people, kind):
    person = people.add(stored=HASHES[kind](5))
    assert sign_in(people.visitor(), person.email).status == 303
    stored = people.stored_hash(person)
    # Nobody writes new hashes of the fault that $2x$ marks.
    assert stored.startswith(kind.replace("$2x$", "$2y$") + "08$")
    assert sign_in(people.visitor(), person.email).status == 303
    assert people.stored_hash(person) == stored


@pytest.fixture(autouse=True)
def no_failures_yet(postgresql):
    """Each layout counts its people from 1, and all share one PostgreSQL: their failures must not add up."""
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_throttle")


def test_a_hash_nobody_knows_signs_nobody_in(people):
    for stored in ("!", "", "plain text", "$1$abc$def", "pbkdf2_sha256$1$a$b", "$2b$08$short", bcrypt(PASSWORD) + "x"):
        person = people.add()
        people.run(f"UPDATE `{people.layout.table}` SET {people.layout.hash} = %s WHERE {people.layout.id} = %s",
                   stored, person.id)
        for password in (PASSWORD, stored or "x"):
            assert sign_in(people.visitor(), person.email, password).status == 401


def test_two_people_for_one_login_are_both_refused(people):
    """Without a unique index such tables exist."""
    layout = people.layout
    with_index = people.add()
    other = people.add()
    if layout.has_username:  # a username that is somebody's email
        people.run(f"UPDATE users SET username = %s WHERE id = %s", with_index.email, other.id)
        assert sign_in(people.visitor(), with_index.email).status == 401
        assert "users_ambiguous" in people.log(people.site())
        assert sign_in(people.visitor(), other.email).status == 303
    else:
        for name in layout.indexes:
            people.run(f"ALTER TABLE `{layout.table}` DROP INDEX {name}")
        try:
            people.run(f"UPDATE `{layout.table}` SET email = %s WHERE {layout.id} = %s", with_index.email, other.id)
            assert sign_in(people.visitor(), with_index.email).status == 401
            assert "users_ambiguous" in people.log(people.site())
        finally:
            people.run(f"DELETE FROM `{layout.table}` WHERE {layout.id} = %s", other.id)
            for name, column in layout.indexes.items():
                people.run(f"ALTER TABLE `{layout.table}` ADD UNIQUE KEY {name} ({column})")


# --- signing up ----------------------------------------------------------------------------

def test_signing_up_fills_the_table_as_its_neighbours_do(people):
    layout, wanted = people.layout, new_fields()
    for _ in range(2):
        people.add()
    # A program looks once at how its neighbours write, so this one is new.
    visitor = people.visitor(GATEHOUSE_SITE_NAME="Signing up")
    reply = visitor.post("/register", wanted)
    assert (reply.status, reply.location) == (303, "/"), reply.text
    assert visitor.get("/protected").status == 200
    [stored] = people.find("email", wanted["email"], layout.hash)
    assert stored.startswith(f"${layout.style}$08$")
    if layout.flag:
        assert people.find("email", wanted["email"], f"{layout.flag[0]} + 0") == (layout.flag[1],)
    if layout.has_username:
        assert people.find("email", wanted["email"], "username") == (wanted["username"],)
    if layout.name_column:
        assert people.find("email", wanted["email"], layout.name_column) == (wanted["username"],)
    made = {"ours": "created_at", "inverted": "created_date", "laravel": "created_at"}[layout.name]
    assert people.find("email", wanted["email"], f"{made} > UTC_TIMESTAMP() - INTERVAL 1 MINUTE") == (1,)
    assert sign_in(people.visitor(), wanted["email"], wanted["password"]).status == 303


def test_a_taken_email_is_told(people):
    person = people.add()
    reply = people.visitor().post("/register", new_fields(email=person.email.upper()))
    assert reply.status == 409
    assert people.run(f"SELECT count(*) FROM `{people.layout.table}` WHERE email = %s", person.email) == (1,)


def test_of_two_who_sign_up_at_once_one_wins(people):
    wanted, statuses = new_fields(), []
    visitors = [people.visitor() for _ in range(4)]
    tokens = [visitor.token("/register") for visitor in visitors]
    threads = [threading.Thread(target=lambda v=v, t=t: statuses.append(v.post("/register", wanted, t).status))
               for v, t in zip(visitors, tokens)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409, 409, 409]


def test_without_unique_indexes_nobody_signs_up(people):
    layout, site = people.layout, people.site()
    for name, column in layout.indexes.items():
        people.run(f"ALTER TABLE `{layout.table}` DROP INDEX {name}, ADD KEY {name} ({column})")
        try:
            wanted = new_fields()
            reply = Visitor(site).post("/register", wanted)
            assert reply.status == 503 and reply.headers["Retry-After"]
            assert people.find("email", wanted["email"], "1") is None
            assert f'a unique index on {column} of table {layout.table}' in people.log(site)
            assert sign_in(Visitor(site), people.add().email).status == 303  # which needs none
        finally:
            people.run(f"ALTER TABLE `{layout.table}` DROP INDEX {name}, ADD UNIQUE KEY {name} ({column})")


# --- an account that may only read ---------------------------------------------------------

@pytest.fixture
def reading(people, root):
    """The settings of an account that may read the columns a sign-in needs, and nothing else."""
    layout, account = people.layout, f"reads_{people.layout.name}"
    columns = [layout.id, "email", layout.hash] + (["username"] if layout.has_username else [])
    columns += [layout.flag[0]] if layout.flag else []
    run_all(root, f"CREATE USER IF NOT EXISTS {account}@localhost",
            f"GRANT SELECT ({', '.join(columns)}) ON {layout.database}.`{layout.table}` TO {account}@localhost")
    return {"GATEHOUSE_MYSQL_USER": account}


def test_an_account_that_may_only_read_is_enough_to_sign_in(people, reading, clock):
    person = people.add(stored=bcrypt(PASSWORD, 5, people.layout.style))
    before = people.find("email", person.email, "*")
    site = people.site(**reading)
    visitor = Visitor(site)
    assert sign_in(visitor, person.email).status == 303
    clock(minutes=5)
    assert visitor.get("/protected").status == 200  # also looked up again
    assert people.find("email", person.email, "*") == before  # no last_login, no stronger hash
    assert "level=error" not in people.log(site)


def test_an_account_that_may_only_read_cannot_sign_anybody_up(people, reading):
    wanted = new_fields()
    reply = people.visitor(**reading).post("/register", wanted)
    assert reply.status == 503
    assert people.find("email", wanted["email"], "1") is None


def test_with_an_account_that_may_only_read_the_operator_is_told(people, reading):
    def command(*words, given=""):
        return people.stack.command(*words, given=given, extra={**people.layout.extra, **reading})
    checked = command("check").stdout
    assert "weak hashes are not strengthened" in checked
    assert "people are offered a change of their password that is refused then" in checked
    person, wanted = people.add(), new_fields()
    for words in (("add", "reads_only", wanted["email"]), ("password", person.email)):
        done = command("user", *words, given=PASSWORD + " and more\n")
        assert done.returncode == 1 and re.search("may not write|the log above says why", done.stderr), done.stderr
        assert "Your account" not in done.stderr and "temporarily" not in done.stderr


def change(visitor, current, new):
    return visitor.post("/profile/password", {"current_password": current, "password": new, "password_confirm": new})


def test_a_password_is_changed_as_the_table_writes_them(people):
    person = people.add()
    visitor = people.visitor()
    assert sign_in(visitor, person.email).status == 303
    assert change(visitor, PASSWORD, "another long password").status == 303
    stored, = people.find("email", person.email, people.layout.hash)
    assert stored.startswith(f"${people.layout.style}$")
    assert visitor.get("/protected").status == 200
    assert sign_in(people.visitor(), person.email, "another long password").status == 303


def test_an_account_that_may_only_read_changes_no_password_and_says_so(people, reading):
    person = people.add()
    visitor = people.visitor(**reading)
    assert sign_in(visitor, person.email).status == 303
    reply = change(visitor, PASSWORD, "another long password")
    assert reply.status == 403 and "cannot be changed here" in reply.text
    assert sign_in(people.visitor(**reading), person.email).status == 303


def test_last_login_is_noted_where_there_is_a_column_and_a_right(people):
    if people.layout.name != "ours":
        assert "last_login" not in people.layout.create
        return
    person = people.add()
    assert sign_in(people.visitor(), person.email).status == 303
    assert people.find("email", person.email, "last_login > UTC_TIMESTAMP() - INTERVAL 1 MINUTE") == (1,)


# --- settings ------------------------------------------------------------------------------

def test_the_cost_of_a_new_hash_is_12_when_nothing_is_said(people, stack):
    port = stack.free_port()
    settings = environment(people.layout.extra)
    del settings["GATEHOUSE_USERS_BCRYPT_COST"]
    subprocess.run([SERVICES, "start-server", "lighttpd", stack.folder, str(port)], env=settings, check=True,
                   stdout=subprocess.DEVNULL, timeout=180)
    site = Server(stack, "lighttpd", port, None)
    try:
        wanted = new_fields()
        assert Visitor(site).post("/register", wanted).status == 303
        assert people.find("email", wanted["email"], f"substr({people.layout.hash}, 5, 2)") == ("12",)
        person = people.add(stored=bcrypt(PASSWORD, 10, people.layout.style))
        assert sign_in(Visitor(site), person.email).status == 303
        assert people.stored_hash(person).startswith(f"${people.layout.style}$12$")
    finally:
        site.stop()


def another_database(people):
    """The settings for the same table as database.table."""
    layout = people.layout
    return {"GATEHOUSE_USERS_TABLE": f"{layout.database}.{layout.table}", "GATEHOUSE_MYSQL_DATABASE": "gatehouse"}


def test_the_table_may_lie_in_another_database(people):
    person = people.add()
    assert sign_in(people.visitor(**another_database(people)), person.email).status == 303


def test_the_indexes_are_looked_for_in_that_database(people):
    layout, extra, wanted = people.layout, another_database(people), new_fields()
    for name, column in layout.indexes.items():
        people.run(f"ALTER TABLE `{layout.table}` DROP INDEX {name}, ADD KEY {name} ({column})")
        try:
            assert people.visitor(**extra).post("/register", new_fields()).status == 503
        finally:
            people.run(f"ALTER TABLE `{layout.table}` DROP INDEX {name}, ADD UNIQUE KEY {name} ({column})")
    assert people.visitor(**extra).post("/register", wanted).status == 303
    assert people.find("email", wanted["email"], "1") == (1,)

"""identity = shared_table: one sign-in for Gatehouse and a real Django project."""
import random
import subprocess

import pytest

from interop import BACKEND, HERE, Browser, Neighbour, secret_key
from support.site import Person, add_person, bcrypt
from support.stack import ROOT

DJANGO_HASHES = {
    "$2a$": lambda password: bcrypt(password, variant="2a"),
    "$2b$": bcrypt,
    "$2x$": lambda password: bcrypt(password).replace("$2b$", "$2x$"),  # the same for plain ASCII
    "$2y$": lambda password: bcrypt(password, variant="2y"),
    "bcrypt$$2b$": lambda password: "bcrypt$" + bcrypt(password),
    "bcrypt_sha256$$2b$": lambda password: "bcrypt_sha256$" + bcrypt(_sha256(password)),
}

NESTED = {
    "basket": [{"article": "Ä-17", "count": 2, "price": 19.99}, {}, []],
    "big": 2 ** 80, "negative": -(10 ** 30), "small": 1e-300, "flag": True, "nothing": None,
    "": "empty name", "quoted \"name\"": "\\ / \b\f\n\r\t\x00\x1f\x7f", "emoji": "👩‍👩‍👧 naïve",
    "deep": {"a": {"b": {"c": {"d": [[[[1]]]]}}}},
}


def _sha256(password):
    import hashlib
    return hashlib.sha256(password.encode()).hexdigest()


# --- signing in and out --------------------------------------------------------------------

def test_who_signs_in_at_gatehouse_is_signed_in_at_django(browser, person):
    browser.sign_in_at_gatehouse(person)
    seen = browser.django.get("/whoami").json
    assert seen["signed_in"] is True
    assert (seen["id"], seen["username"], seen["email"]) == (person.id, person.username, person.email)
    assert browser.names() == (person.username, person.username)


def test_who_signs_in_at_django_is_signed_in_at_gatehouse(browser, person, companion):
    browser.sign_in_at_django(person)
    assert companion(browser.key) is None
    assert browser.name_at_gatehouse() == person.username
    assert companion(browser.key) == (str(person.id), person.username, "django")
    page = browser.gatehouse.get("/dashboard")
    assert page.status == 200 and person.username in page.text


def test_signing_up_at_gatehouse_is_enough_for_django(browser, mysql, sql):
    name = "newcomer" + str(random.randrange(10 ** 9))
    fields = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery",
              "password_confirm": "correct horse battery", "terms": "on"}
    reply = browser.gatehouse.post("/register", fields, browser.gatehouse.token("/register"))
    assert reply.status == 303, reply.text
    assert browser.names() == (name, name)


def test_two_requests_at_once_adopt_a_session_once(browser, person, postgresql, sql):
    import threading
    browser.sign_in_at_django(person)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(browser.gatehouse.get("/protected").status))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE session_key = %s", browser.key) == (1,)


def test_signing_out_at_gatehouse_ends_it_at_both(browser, person, row):
    for sign_in in (browser.sign_in_at_gatehouse, browser.sign_in_at_django):
        sign_in(person)
        assert browser.names() == (person.username, person.username)
        key = browser.key
        assert browser.gatehouse.post("/auth/logout", {}).status == 303
        assert row(key) is None
        browser.cookies["sessionid"] = key  # a copy of the cookie is worth nothing either
        assert browser.names() == (None, None)
        browser.cookies.clear()


def test_signing_out_at_django_ends_it_at_both(browser, person, row, companion):
    for sign_in in (browser.sign_in_at_gatehouse, browser.sign_in_at_django):
        sign_in(person)
        assert browser.names() == (person.username, person.username)
        key = browser.key
        assert browser.django.post("/logout", {}, None).status == 200
        assert row(key) is None and companion(key) is None
        browser.cookies["sessionid"] = key
        assert browser.names() == (None, None)
        browser.cookies.clear()


def test_another_person_at_django_takes_the_place_of_the_first(browser, person, mysql, row):
    browser.sign_in_at_gatehouse(person)
    first = browser.key
    other = add_person(mysql)
    browser.sign_in_at_django(other)
    assert browser.names() == (other.username, other.username)
    assert row(first) is None


# --- what is refused -----------------------------------------------------------------------

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
    from interop import Signer
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


def test_disabling_a_person_ends_the_sign_in_at_both(browser, other_browser, person, mysql, clock):
    browser.sign_in_at_gatehouse(person)
    other_browser.sign_in_at_django(person)
    for each in (browser, other_browser):
        assert each.names() == (person.username, person.username)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (person.id,))
    for each in (browser, other_browser):
        assert each.name_at_django() is None  # it asks at every request
    clock(seconds=61)
    for each in (browser, other_browser):
        assert each.names() == (None, None)


def test_a_new_password_ends_old_sessions_at_gatehouse_within_a_minute(
        browser, other_browser, person, mysql, clock):
    browser.sign_in_at_gatehouse(person)
    other_browser.sign_in_at_django(person)
    for each in (browser, other_browser):
        assert each.name_at_gatehouse() == person.username
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (bcrypt("another secret"), person.id))
    clock(seconds=61)
    for each in (browser, other_browser):
        assert each.names() == (None, None)


def test_a_new_password_ends_old_sessions_at_django_at_once(browser, other_browser, person, mysql):
    browser.sign_in_at_gatehouse(person)
    other_browser.sign_in_at_django(person)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (bcrypt("another secret"), person.id))
    for each in (browser, other_browser):
        assert each.name_at_django() is None
        assert each.name_at_gatehouse() is None  # Django deletes such a session


# --- time ----------------------------------------------------------------------------------

@pytest.mark.parametrize("begun_at", ["gatehouse", "django"])
def test_django_never_stretches_our_eight_hours(browser, person, clock, row, postgresql, sql, begun_at):
    getattr(browser, f"sign_in_at_{begun_at}")(person)
    assert browser.name_at_gatehouse() == person.username
    browser.store({"page": 1})
    assert sql(postgresql, "SELECT expire_date > now() + interval '13 days' FROM django_session "
                           "WHERE session_key = %s", browser.key) == (True,)
    for minutes in range(50, 480, 50):
        clock(minutes=minutes)
        assert browser.name_at_gatehouse() == person.username, minutes
    clock(minutes=479)
    browser.store({"page": 2})
    assert browser.name_at_gatehouse() == person.username
    clock(minutes=481)
    assert browser.name_at_gatehouse() is None
    browser.store({"page": 3})
    assert browser.name_at_gatehouse() is None


def test_django_can_shorten_it(browser, person, postgresql):
    browser.sign_in_at_gatehouse(person)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE django_session SET expire_date = now() - interval '1 second' WHERE session_key = %s",
                       (browser.key,))
    assert browser.names() == (None, None)


# --- what others put into the session ------------------------------------------------------

def json_text(signer, data):
    """The JSON bytes in a signed text."""
    import zlib
    from django.core.signing import b64_decode
    payload = data.split(":")[0].encode()
    return zlib.decompress(b64_decode(payload[1:])) if payload.startswith(b".") else b64_decode(payload)


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
    before = json_text(signer, row(browser.key)[0])
    other_browser.sign_in_at_gatehouse(person)
    strong = stored_hash(person)
    assert strong != weak and strong.startswith("$2b$08$")
    after = json_text(signer, row(browser.key)[0])
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


@pytest.fixture(scope="session")
def session_text(stack):
    """The helper that writes and reads session texts with Gatehouse's library."""
    import os
    words = os.environ.get("GATEHOUSE_TEST_INSTALL", "").split()
    made = subprocess.run(["make", "-s", "--no-print-directory", *words, "django-test-helper"],
                          cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert made.returncode == 0, made.stderr
    program = ROOT / made.stdout.split()[-1]

    def ask(command, texts):
        given = "".join(f"{command} {text}\n" for text in texts)
        done = subprocess.run([program, stack.folder / "secret_key"], input=given, text=True, capture_output=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        answers = done.stdout.splitlines()
        assert len(answers) == len(texts)
        return answers
    return ask


def random_text(dice):
    alphabets = ["abc_ ", "\"\\/\b\f\n\r\t", "\x00\x01\x1f\x7f", "äöüßéñ", "日本語हिन्दी", "👋🏽\U0010ffff", "\u2028\ufeff\ufffd"]
    return "".join(dice.choice(dice.choice(alphabets)) for _ in range(dice.choice([0, 1, 3, 10, 60])))


def random_value(dice, depth):
    kind = dice.randrange(10 if depth < 5 else 7)
    if kind < 3:
        return random_text(dice)
    if kind == 3:
        return dice.choice([0, -1, 2 ** 31, -(2 ** 63), 2 ** 64, dice.randrange(10 ** 40), -dice.randrange(10 ** 25)])
    if kind == 4:
        return dice.choice([0.0, -0.0, 1.5, 1e308, 5e-324, dice.random(), dice.uniform(-1e12, 1e12)])
    if kind < 7:
        return dice.choice([True, False, None])
    if kind == 7:
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(5))]
    return random_dictionary(dice, depth + 1)


def random_dictionary(dice, depth=0):
    return {random_text(dice): random_value(dice, depth) for _ in range(dice.choice([0, 1, 2, 4, 8]))}


def dictionaries(seed):
    dice = random.Random(seed)
    return [{}] + [random_dictionary(dice) for _ in range(499)]


def compact(data):
    """As Django's serializer writes it."""
    import json
    return json.dumps(data, separators=(",", ":"))


def test_500_sessions_of_django_are_read_without_a_difference(session_text, signer):
    sessions = dictionaries("django writes")
    assert session_text("decode", [signer.write(data) for data in sessions]) == [compact(data) for data in sessions]


def test_500_sessions_of_ours_are_read_by_django_without_a_difference(session_text, signer):
    sessions = dictionaries("gatehouse writes")
    texts = session_text("encode", [compact(data) for data in sessions])
    assert [signer.read(text) for text in texts] == sessions
    assert [json_text(signer, text).decode() for text in texts] == [compact(data) for data in sessions]


def test_500_re_signed_sessions_differ_in_nothing_but_the_hash(session_text, signer):
    sessions = [{**data, "_auth_user_hash": "0" * 64, "after": 1} for data in dictionaries("gatehouse changes")]
    texts = session_text("resign", [signer.write(data) for data in sessions])
    expected = [{**data, "_auth_user_hash": signer.auth_hash("another")} for data in sessions]
    assert [json_text(signer, text).decode() for text in texts] == [compact(data) for data in expected]


def test_django_itself_agrees_about_what_it_signs(neighbour, signer):
    """The signer of these tests is Django's SessionStore in every byte but the time."""
    code = ("from django.contrib.sessions.backends.db import SessionStore\n"
            "print(SessionStore().encode({'a': ['ä', 2 ** 70], 'long': 'x' * 200}))")
    theirs, ours = neighbour.run(code).split(":"), signer.write({"a": ["ä", 2 ** 70], "long": "x" * 200}).split(":")
    assert theirs[0] == ours[0]
    assert signer.read(":".join(theirs)) == {"a": ["ä", 2 ** 70], "long": "x" * 200}


# --- CSRF ----------------------------------------------------------------------------------

def test_a_csrf_cookie_of_django_works_in_our_form(browser, person):
    browser.django.get("/form")
    cookie = browser.cookies["csrftoken"]
    token = browser.gatehouse.token()
    assert browser.cookies["csrftoken"] == cookie
    reply = browser.gatehouse.post("/auth/login", {"username": person.username, "password": person.password}, token)
    assert reply.status == 303


def test_a_token_of_django_works_in_our_form_too(browser, person):
    token = browser.django.get("/form").text.strip()
    assert len(token) == 64
    reply = browser.gatehouse.post("/auth/login", {"username": person.username, "password": person.password}, token)
    assert reply.status == 303


def test_a_csrf_cookie_of_ours_works_in_a_form_of_django(browser, person):
    token = browser.gatehouse.token()
    assert browser.django.post("/form", {}, token).text == "accepted"
    assert browser.django.post("/form", {}, "a" * 64).status == 403
    browser.sign_in_at_gatehouse(person)  # which changes the cookie
    token = browser.django.get("/form").text.strip()
    assert browser.django.post("/form", {}, token).text == "accepted"
    token = browser.gatehouse.token("/protected")
    assert browser.django.post("/form", {}, token).text == "accepted"


# --- what the package does -----------------------------------------------------------------

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
    import pymysql
    with pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root") as root:
        with root.cursor() as cursor:
            cursor.execute("CREATE USER IF NOT EXISTS django_reader@localhost")
            cursor.execute("GRANT SELECT ON gatehouse.users TO django_reader@localhost")
    return "django_reader"


@pytest.mark.parametrize("users", [{}, {"last_login": ""}])
def test_a_read_only_account_is_enough(stack, shared_site, reader, person, users, mysql, sql):
    project = Neighbour(stack, shared=True, mysql_user=reader, users=users)
    try:
        browser = Browser(shared_site, project).sign_in_at_django(person)
        assert browser.names() == (person.username, person.username)
        assert sql(mysql, "SELECT last_login FROM users WHERE id = %s", person.id) == (None,)
    finally:
        project.stop()


def test_nothing_else_is_written_to_the_users_table(neighbour, person, mysql, sql):
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
    assert set(neighbour.run(code).split()) == {"refused"}
    assert sql(mysql, "SELECT * FROM users WHERE id = %s", person.id) == before


def test_a_project_that_may_write_changes_passwords_the_neighbours_way(
        stack, neighbour, browser, person, mysql, stored_hash):
    for stored, expected in ((bcrypt("x", 8, "2y"), "$2y$12$"), ("bcrypt_sha256$" + bcrypt("x", 8), "bcrypt_sha256$$2b$12$")):
        with mysql.cursor() as cursor:
            cursor.execute("UPDATE users SET password_hash = %s ORDER BY id DESC LIMIT 5", (stored,))
        project = Neighbour(stack, shared=True, users={"writable": True})
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


def test_conversations_can_be_read_in_django(browser, person):
    browser.sign_in_at_gatehouse(person)
    reply = browser.gatehouse.post("/chat/", {"message": "thanks"}, browser.gatehouse.token("/chat/"))
    assert reply.status == 303
    [conversation] = browser.django.get("/conversations").json["conversations"]
    assert conversation["title"] == "thanks"
    assert [role for role, _ in conversation["messages"]] == ["user", "assistant"]


def test_django_finds_nothing_to_migrate_in_our_tables(neighbour):
    done = neighbour.manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0 and "No changes detected" in done.stdout, done.stdout + done.stderr
    planned = neighbour.manage("sqlmigrate", "gatehouse_django", "0001").stdout
    planned += neighbour.manage("sqlmigrate", "gatehouse_chats", "0001").stdout
    assert "CREATE" not in planned and "ALTER" not in planned


LAYOUTS = {
    # An inverted flag in one bit, no username, no last_login.
    "inverted": ("""CREATE TABLE `user` (user_id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(255) UNIQUE,
                        full_name varchar(255), password varchar(255), is_deleted bit(1) NOT NULL DEFAULT b'0')
                        DEFAULT CHARSET=latin1""",
                 {"table": "user", "id": "user_id", "username": "", "password_hash": "password", "last_login": "",
                  "active_when": "is_deleted:0"},
                 {"created_at": "", "full_name": "full_name"}, "UPDATE `user` SET is_deleted = b'1'", "$2a$"),
    # As Laravel makes it: no flag either.
    "laravel": ("""CREATE TABLE users (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(255) NOT NULL DEFAULT "",
                        email varchar(255) NOT NULL UNIQUE, password varchar(255) NOT NULL,
                        remember_token varchar(100), created_at timestamp NULL, updated_at timestamp NULL)""",
                {"table": "users", "username": "", "password_hash": "password", "last_login": "", "active_when": ""},
                {"full_name": "name"}, "DELETE FROM users", "$2y$"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_tables_are_shared_too(stack, layout, clock):
    import pymysql
    create, names, more, disable, prefix = LAYOUTS[layout]
    database = f"shared_{layout}"
    connection = pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root", autocommit=True)
    with connection.cursor() as cursor:
        for statement in (f"CREATE DATABASE {database}", f"USE {database}", create,
                          f"GRANT SELECT, INSERT, UPDATE ON {database}.* TO gatehouse_app@localhost"):
            cursor.execute(statement)
        cursor.execute(f"INSERT INTO `{names['table']}` (email, password) VALUES ('ann@example.org', %s)",
                       (bcrypt("correct horse battery", variant=prefix[1:3]),))
    extra = {f"GATEHOUSE_USERS_{key.upper()}": value for key, value in {**names, **more}.items()}
    extra = {**extra, "GATEHOUSE_MYSQL_DATABASE": database, "GATEHOUSE_DJANGO_IDENTITY": "shared_table"}
    site = stack.start("lighttpd", extra)
    project = None
    try:
        # The table as database.table, through a connection to another database.
        project = Neighbour(stack, shared=True, users={**names, "table": f"{database}.{names['table']}"})
        ann = Person(1, "ann@example.org", "ann@example.org", "correct horse battery")
        first, second = Browser(site, project), Browser(site, project)
        first.sign_in_at_gatehouse(ann)
        second.sign_in_at_django(ann)
        for browser in (first, second):
            assert browser.names() == (ann.username, ann.username)
            assert browser.django.get("/whoami").json["id"] == 1
        counts = project.run("from gatehouse_django.models import User\n"
                             "if isinstance(User.is_active, bool): print(1, 0)\n"
                             "else: print(*(User.objects.filter(is_active=active).count() for active in (True, False)))")
        assert counts == "1 0"
        with connection.cursor() as cursor:
            cursor.execute(disable)
        clock(seconds=61)
        for browser in (first, second):
            assert browser.names() == (None, None)
    finally:
        if project:
            project.stop()
        site.stop()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database}")
        connection.close()


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


def test_a_setting_that_does_not_exist_is_said(stack, neighbour):
    import json
    import os
    given = json.loads(neighbour.environment["NEIGHBOUR"])
    for users, words in (({"tabel": "x"}, "tabel"), ({"active_when": "is_active"}, "active_when")):
        environment = {**neighbour.environment, "NEIGHBOUR": json.dumps({**given, "users": users})}
        done = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-m", "django", "check"], cwd=HERE / "site",
                              env={**os.environ, **environment}, text=True, capture_output=True, timeout=60)
        assert done.returncode != 0 and "ImproperlyConfigured" in done.stderr and words in done.stderr


def test_our_secret_is_djangos(stack):
    assert len(secret_key(stack)) >= 50

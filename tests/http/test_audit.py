"""The audit trail: what is written, by whom it is read, and that nobody changes it."""
import json
import re
import secrets
import threading

import psycopg2
import psycopg2.extras
import pytest

from support.site import Visitor, add_person, new_name
from support.sql import rows_of

HOSTILE = "Mozilla <script>alert(1)</script> \"'&{{user}} \x85"


def select(connection, condition, *parameters):
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(f"SELECT *, host(address) AS address FROM gatehouse_audit WHERE {condition} ORDER BY id", parameters)
        return cursor.fetchall()


@pytest.fixture
def entries(postgresql):
    """entries(person) or entries("a condition", …): rows as dictionaries, oldest first."""
    def find(whose, *parameters):
        if isinstance(whose, str):
            return select(postgresql, whose, *parameters)
        return select(postgresql, "user_id = %s", str(whose.id))
    return find


@pytest.fixture
def unwritable(postgresql):
    """A trail that takes no entry, as with a full disk."""
    with postgresql.cursor() as cursor:
        cursor.execute("ALTER TABLE gatehouse_audit ADD CONSTRAINT nothing CHECK (event = '') NOT VALID")
    yield
    with postgresql.cursor() as cursor:
        cursor.execute("ALTER TABLE gatehouse_audit DROP CONSTRAINT nothing")


def what(rows):
    return [(row["event"], row["reason"]) for row in rows]


def public_id(sql, postgresql, visitor):
    return sql(postgresql, "SELECT public_id::text FROM gatehouse_session WHERE session_key = %s",
               visitor.cookies["sessionid"])[0]


def at_once(calls):
    """Make these calls (a function and what it takes) side by side; what came back."""
    results = []
    threads = [threading.Thread(target=lambda call=call: results.append(call[0](*call[1:]))) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# ---- What is written ----

def test_signing_in_and_out_is_written_with_where_and_how(site, person, postgresql, sql, entries):
    visitor = Visitor(site)
    visitor.headers["User-Agent"] = "Testfox/1.0"
    into = visitor.sign_in(person)
    session = public_id(sql, postgresql, visitor)
    out = visitor.post("/auth/logout", {})
    rows = entries(person)
    assert what(rows) == [("sign_in", "password"), ("sign_out", None)]
    for row, reply in zip(rows, (into, out)):
        assert row["username"] == person.username and row["actor"] is None
        assert (row["session"], row["kind"]) == (session, "authenticated")
        assert row["address"] in ("127.0.0.1", "::1") and row["user_agent"] == "Testfox/1.0"
        assert row["request_id"] == reply.headers["X-Request-Id"]


def test_a_wrong_password_is_written_for_the_account(site, person, entries):
    for login in (person.username, person.email.upper()):
        assert Visitor(site).post("/login", {"username": login, "password": "wrong"}).status == 401
    rows = entries(person)
    assert what(rows) == [("sign_in_failed", "wrong_password")] * 2
    assert all(row["username"] == person.username and row["session"] is None and row["address"] for row in rows)


def test_what_was_typed_where_nobody_has_the_name_is_kept_nowhere(one_site, postgresql, sql, entries):
    typed = "s3cret" + secrets.token_hex(6)
    visitor = Visitor(one_site)
    reply = visitor.post("/login", {"username": typed, "password": typed + "!"})
    assert reply.status == 401
    (row,) = entries("request_id = %s", reply.headers["X-Request-Id"])
    assert (row["event"], row["reason"]) == ("sign_in_failed", "unknown_name")
    assert row["user_id"] is None and row["username"] is None and row["address"]
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_audit a WHERE a::text ILIKE %s", f"%{typed}%") == (0,)


def test_neither_passwords_nor_keys_are_written(one_member, postgresql, sql, entries):
    one_member.post("/login", {"username": one_member.person.username, "password": "a wrong one"})
    key = one_member.cookies["sessionid"]
    assert len(entries(one_member.person)) == 2
    for secret in (one_member.person.password, "a wrong one", key):
        assert sql(postgresql, "SELECT count(*) FROM gatehouse_audit a WHERE a::text LIKE %s", f"%{secret}%") == (0,)


def test_a_disabled_account_is_written_as_refused(one_visitor, mysql, entries):
    person = add_person(mysql, active=0)
    assert one_visitor.sign_in(person).status == 403
    assert what(entries(person)) == [("sign_in_failed", "account_disabled")]


def test_attempts_while_locked_are_one_entry_a_minute(one_site, person, entries, clock):
    wrong = {"username": person.username, "password": "wrong"}
    for _ in range(5):
        assert Visitor(one_site).post_json("/login", wrong).status == 401
    replies = at_once([(Visitor(one_site).post_json, "/login", wrong) for _ in range(12)])
    assert [reply.status for reply in replies] == [429] * 12
    failed = [("sign_in_failed", "wrong_password")] * 5
    assert what(entries(person)) == failed + [("locked_out", None)]
    clock(seconds=61)
    for _ in range(3):
        assert Visitor(one_site).post_json("/login", wrong).status == 429
    assert what(entries(person)) == failed + [("locked_out", None)] * 2


def test_signing_up_is_written_with_the_sign_in_that_follows(one_visitor, postgresql, sql, entries):
    name = new_name("n")
    one_visitor.post("/register", {"username": name, "email": f"{name}@example.org", "password": "a long password",
                                   "password_confirm": "a long password", "terms": "on"})
    rows = entries("username = %s", name)
    assert what(rows) == [("sign_up", None), ("sign_in", "password")]
    assert {row["session"] for row in rows} == {public_id(sql, postgresql, one_visitor)}


def test_signing_in_again_says_that_the_session_before_ended(one_member, mysql, postgresql, sql, entries):
    first, other = public_id(sql, postgresql, one_member), add_person(mysql)
    one_member.sign_in(other)
    rows = entries(one_member.person)
    assert what(rows) == [("sign_in", "password"), ("session_ended", "replaced")]
    assert {row["session"] for row in rows} == {first}
    assert what(entries(other)) == [("sign_in", "password")]


@pytest.mark.parametrize("last_use, minutes, reason", [(50, 120, "idle"), (450, 490, "expired"), (450, 600, "expired")])
def test_a_session_that_was_over_says_so_when_its_place_is_taken(one_member, entries, clock, last_use, minutes, reason):
    for passed in range(50, last_use + 1, 50):
        clock(minutes=passed)
        assert one_member.get("/protected").status == 200
    clock(minutes=minutes)
    # the same cookie, on a page that does not look at it first
    assert one_member.post_json("/login", {"username": one_member.person.username,
                                           "password": one_member.person.password},
                                {"X-CSRFToken": one_member.cookies["csrftoken"]}).status == 200
    assert what(entries(one_member.person))[1:] == [("session_ended", reason), ("sign_in", "password")]


@pytest.mark.parametrize("change, reason", [
    ("UPDATE users SET is_active = 0 WHERE id = %s", "account_disabled"),
    ("UPDATE users SET password_hash = '$2b$08$aaaaaaaaaaaaaaaaaaaaaOaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE id = %s",
     "password_changed"),
    ("DELETE FROM users WHERE id = %s", "account_gone")])
def test_what_ends_a_session_is_written_once(one_member, mysql, postgresql, sql, entries, clock, change, reason):
    session = public_id(sql, postgresql, one_member)
    with mysql.cursor() as cursor:
        cursor.execute(change, (one_member.person.id,))
    clock(seconds=90)
    at_once([(twin(one_member).get, "/protected") for _ in range(12)])
    ended = entries("user_id = %s AND event = 'session_ended'", str(one_member.person.id))
    assert what(ended) == [("session_ended", reason)]
    assert (ended[0]["session"], ended[0]["actor"]) == (session, "system")
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE public_id = %s", session) == (0,)


def twin(visitor):
    """The same browser once more."""
    other = Visitor(visitor.server)
    other.cookies.update(visitor.cookies)
    return other


def test_two_who_sign_out_at_once_are_one_entry(one_member, entries):
    token = one_member.token("/protected")
    at_once([(twin(one_member).post, "/logout", {}, token) for _ in range(8)])
    assert what(entries(one_member.person)) == [("sign_in", "password"), ("sign_out", None)]


def test_cleaning_says_of_each_session_when_and_why_it_had_ended(one_site, mysql, stack, postgresql, sql, entries, clock):
    people = [add_person(mysql) for _ in range(2)]
    for person in people:
        assert Visitor(one_site).sign_in(person).status == 303
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET last_seen_at = created_at + interval '475 minutes' WHERE user_id = %s",
                       (str(people[1].id),))
    began = [sql(postgresql, "SELECT created_at, expires_at FROM gatehouse_session WHERE user_id = %s", str(person.id))
             for person in people]
    clock(hours=9)
    done = stack.command("session", "clean")
    assert done.returncode == 0, done.stderr
    for person, reason, (created, expires) in zip(people, ("idle", "expired"), began):
        ended = entries(person)[-1]
        assert (ended["event"], ended["reason"], ended["actor"]) == ("session_ended", reason, "system")
        assert ended["username"] == person.username and ended["session"] and ended["address"]
        (given,) = sql(postgresql, "SELECT (%s)::timestamptz", ended["detail"]["ended_at"])
        wanted = (expires - created).total_seconds() if reason == "expired" else 3600
        assert abs((given - created).total_seconds() - wanted) <= 1
    count = len(entries("event = 'session_ended'"))
    assert stack.command("session", "clean").returncode == 0
    assert len(entries("event = 'session_ended'")) == count


def test_what_the_operator_does_is_written(stack, entries):
    name = new_name("o")
    assert stack.command("user", "add", name, f"{name}@example.org", given="a long password\n").returncode == 0
    assert stack.command("user", "password", name, given="another password\n").returncode == 0
    assert stack.command("user", "password", name, given="short\n").returncode == 1
    rows = entries("username = %s", name)
    assert what(rows) == [("user_added", None), ("password_changed", None)]
    assert all(row["actor"] == "operator" and row["user_id"] for row in rows)


# ---- When it cannot be written ----

def test_nobody_gets_in_unwritten_and_a_refusal_stays_one(one_member, mysql, unwritable, postgresql, sql):
    person, visitor = add_person(mysql), Visitor(one_member.server)
    assert visitor.sign_in(person).status == 500
    assert "sessionid" not in visitor.cookies
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE user_id = %s", str(person.id)) == (0,)
    for _ in range(4):
        assert visitor.post("/login", {"username": person.username, "password": "wrong"}).status == 401
    assert visitor.post("/login", {"username": "nobody-at-all", "password": "wrong"}).status == 401
    for _ in range(2):
        assert visitor.post("/login", {"username": person.username, "password": "wrong"}).status in (401, 429)
    assert visitor.post("/login", {"username": person.username, "password": "wrong"}).status == 429
    assert one_member.post("/logout", {}).status == 500
    assert one_member.get("/protected").status == 200, "the session stands as long as its end is not written"


def test_an_operator_is_told_when_an_act_could_not_be_written(stack, mysql, unwritable):
    person = add_person(mysql)
    done = stack.command("user", "password", person.username, given="another password\n")
    assert done.returncode == 1 and "is changed" in done.stdout
    assert "could not be written to the audit trail" in done.stderr


# ---- Nobody changes it ----

def test_the_programs_role_can_only_add_and_read(stack, one_member, postgresql, sql):
    one_member.get("/protected")
    role = stack.postgresql("gatehouse_app")
    partitions = [row[0] for row in rows_of(postgresql, "SELECT inhrelid::regclass::text FROM pg_inherits "
                                                        "WHERE inhparent = 'gatehouse_audit'::regclass")]
    assert len(partitions) >= 5
    before = sql(postgresql, "SELECT count(*) FROM gatehouse_audit")
    forbidden = ["INSERT INTO gatehouse_audit (event, at) VALUES ('sign_in', now() - interval '1 day')",
                 "INSERT INTO gatehouse_audit (event, id) OVERRIDING SYSTEM VALUE VALUES ('sign_in', 1)",
                 "ALTER TABLE gatehouse_audit DETACH PARTITION gatehouse_audit_default",
                 "UPDATE gatehouse_audit_retention SET months = 1", "DELETE FROM gatehouse_audit_retention",
                 "INSERT INTO gatehouse_audit_retention (months) VALUES (1) "
                 "ON CONFLICT (is_only_row) DO UPDATE SET months = excluded.months",
                 "SELECT gatehouse_audit_rearrange('{}', now() + interval '1 year')", "SELECT gatehouse_audit_rights()",
                 "SELECT gatehouse_audit_add_partition('mine', 'DEFAULT')",
                 "CREATE OR REPLACE FUNCTION gatehouse_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"]
    for table in ["gatehouse_audit", *partitions]:
        forbidden += [f"UPDATE {table} SET event = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}",
                      f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"ALTER TABLE {table} ADD COLUMN more text",
                      f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION gatehouse_audit_refuse()",
                      f"CREATE TEMP TABLE mine (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES {table})"]
    forbidden += [f"INSERT INTO {table} (event) VALUES ('sign_in')" for table in partitions]
    with role.cursor() as cursor:
        for statement in forbidden:
            with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidTableDefinition)):
                cursor.execute(statement)
        cursor.execute("INSERT INTO gatehouse_audit (event) VALUES ('policy_changed')")
        cursor.execute("SELECT months FROM gatehouse_audit_retention")
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_audit") == (before[0] + 1,)
    role.close()


def test_not_even_the_owner_changes_it_in_passing(one_member, postgresql, sql):
    partitions = [row[0] for row in rows_of(postgresql, "SELECT DISTINCT tableoid::regclass::text FROM gatehouse_audit")]
    before = sql(postgresql, "SELECT count(*), md5(string_agg(a::text, '' ORDER BY id)) FROM gatehouse_audit a")
    for table in ["gatehouse_audit", *partitions]:
        for statement in (f"UPDATE {table} SET event = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only grows"):
                sql(postgresql, statement)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only grows"):
        sql(postgresql, "TRUNCATE gatehouse_audit_default")
    assert sql(postgresql, "SELECT count(*), md5(string_agg(a::text, '' ORDER BY id)) FROM gatehouse_audit a") == before


# ---- The page ----

def titles(page):
    return [" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in
            re.findall(r'<p class="entry-title">(.*?)</p>', page.text, re.S)]


def test_the_page_tells_what_happened_in_plain_words(site, person):
    visitor, other = Visitor(site), Visitor(site)
    other.post("/login", {"username": person.username, "password": "wrong"})
    visitor.sign_in(person)
    visitor.post("/logout", {})
    visitor.sign_in(person)
    page = visitor.get("/activity")
    assert page.status == 200
    assert titles(page) == ["You signed in this sign-in", "You signed out", "You signed in",
                            "! Somebody tried to sign in with a wrong password"]
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z">\d+ \w+ \d{4}, \d\d:\d\d UTC</time>', page.text)
    assert "just now" in page.text and "127.0.0.1" in page.text
    assert '<a href="/activity">' in visitor.get("/profile").text
    assert 'aria-label="More activity"' not in page.text


def test_everybody_sees_only_their_own(one_member, mysql, entries):
    other = add_person(mysql)
    stranger = Visitor(one_member.server)
    stranger.sign_in(other)
    own_ids = {str(row["id"]) for row in entries(one_member.person)}
    for path in ("/activity", "/activity?before=999999999", "/activity?after=1", f"/activity?user_id={other.id}",
                 f"/activity?user={other.id}", f"/activity?before=999999999&user_id={other.id}"):
        seen = one_member.get(path, headers={"Accept": "application/json"}).json["entries"]
        assert seen and {entry["id"] for entry in seen} == own_ids, path
    assert Visitor(one_member.server).get("/activity").location.startswith("/auth/login?next=")


def test_programs_get_the_same_as_json(one_member, postgresql, sql):
    data = one_member.get("/activity", headers={"Accept": "application/json"}).json
    (entry,) = data["entries"]
    assert set(data) == {"entries"}
    assert entry.pop("id").isdigit() and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", entry.pop("at"))
    assert entry == {"event": "sign_in", "reason": "password", "message": "You signed in",
                     "session": public_id(sql, postgresql, one_member), "is_this_session": True, "address": "127.0.0.1",
                     "user_agent": None, "device": None, "actor": None}


def test_many_entries_come_in_pages_that_lose_and_repeat_nothing(one_member, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_audit (event, user_id) SELECT 'sign_out', %s FROM generate_series(1, 129)",
                       (str(one_member.person.id),))
    one_member.headers["Accept"] = "application/json"
    data, path, seen, sizes = None, "/activity", [], []
    while path:
        data = one_member.get(path).json
        sizes.append(len(data["entries"]))
        seen += [int(entry["id"]) for entry in data["entries"]]
        path = data.get("older")
    assert sizes == [50, 50, 30]
    assert seen == sorted(set(seen), reverse=True) and len(seen) == 130
    back, path = [data["entries"]], data["newer"]
    while path:
        data = one_member.get(path).json
        assert data["older"]
        back.append(data["entries"])
        path = data.get("newer")
    assert [int(entry["id"]) for entries in reversed(back) for entry in entries] == seen
    # exactly one page: no way to an empty one
    one_member.headers["Accept"] = "text/html"
    page = one_member.get("/activity")
    assert ">Older<" in page.text and ">Newer<" not in page.text
    page = one_member.get(f"/activity?before={seen[49]}")
    assert ">Older<" in page.text and ">Newer<" in page.text
    page = one_member.get(f"/activity?before={seen[99]}")
    assert ">Older<" not in page.text and ">Newer<" in page.text
    assert len(titles(one_member.get(f"/activity?after={seen[0]}"))) == 50  # nothing newer: the newest
    page = one_member.get(f"/activity?before={seen[-1]}")
    assert "nothing here" in page.text and '<a class="btn btn-outline-secondary" href="/activity" rel="prev">' in page.text


@pytest.mark.parametrize("query", ["before=x", "before=0", "before=-1", "after=1x", "before=99999999999999999999",
                                   "after=1&before=%27"])
def test_a_place_that_is_none_is_refused(one_member, query):
    assert one_member.get(f"/activity?{query}").status == 400


def test_every_event_has_words_and_others_are_no_secret(one_member, stack, postgresql):
    names = stack.command("audit", "--event", "?").stderr.split("there are:")[1].split()
    assert len(names) > 15
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_audit (event, user_id, actor) SELECT name, %s, 'alice-the-admin' "
                       "FROM unnest(%s) name", (str(one_member.person.id), names + ["of_a_later_version"]))
    page = one_member.get("/activity")
    words = titles(page)[:-1]
    assert words[0] == "Something else happened" and len(words) == len(names) + 1
    assert "Something else happened" not in words[1:] and not any("_" in text or not text for text in words)
    # an administrator is not named to everybody
    assert "alice-the-admin" not in page.text and "by the people who run this site" in page.text
    data = one_member.get("/activity", headers={"Accept": "application/json"})
    assert "alice-the-admin" not in data.text and data.json["entries"][0]["actor"] == "administrator"


def test_what_a_browser_says_of_itself_is_harmless_everywhere(site, person, stack, entries):
    visitor = Visitor(site)
    visitor.headers["User-Agent"] = HOSTILE
    assert visitor.sign_in(person).status == 303
    stored = entries(person)[0]["user_agent"]
    assert stored.startswith("Mozilla <script>") and stored.endswith("{{user}} ?")
    page = visitor.get("/activity").text
    assert "alert(1)" not in page and ", an unknown browser</p>" in page
    assert visitor.get("/activity", headers={"Accept": "application/json"}).json["entries"][0]["user_agent"] == stored
    line = stack.command("audit", "--user", person.username)
    assert line.stdout.count("\n") == 1 and stored in line.stdout
    (found,) = [json.loads(text) for text in stack.command("audit", "--user", person.username, "--json").stdout.splitlines()]
    assert found["user_agent"] == stored


def test_long_texts_are_cut_between_characters(one_site, person, entries):
    visitor = Visitor(one_site)
    visitor.headers["User-Agent"] = "x" + "ä".encode().decode("latin-1") * 400
    visitor.sign_in(person)
    assert entries(person)[0]["user_agent"] == "x" + "ä" * 149


# ---- gatehousectl audit ----

def test_the_operator_sees_aligned_lines_and_json(stack, one_member):
    name = one_member.person.username
    done = stack.command("audit", "--user", name)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ  sign_in +password +{name} \({one_member.person.id}\) +127\.0\.0\.1"
                        r" +- +[0-9a-f-]{36}  -\n", done.stdout)
    (entry,) = [json.loads(line) for line in stack.command("audit", "list", "--json", "--user", name).stdout.splitlines()]
    assert list(entry) == ["id", "at", "event", "reason", "user_id", "username", "session", "kind", "address", "user_agent",
                           "actor", "request_id", "detail"]
    assert (entry["event"], entry["username"], entry["user_id"]) == ("sign_in", name, str(one_member.person.id))


def listed(stack, *words):
    done = stack.command("audit", *words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_filters_narrow_the_list(stack, one_site, mysql, postgresql):
    person, mark = add_person(mysql), secrets.token_hex(4)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_audit (at, event, reason, user_id, username, address, detail) VALUES "
                       "('2026-03-01 00:00+00', 'sign_in', %(mark)s, %(id)s, 'old-name', '192.0.2.7', '{\"a\": [1, \"<\"]}'),"
                       "('2026-03-01 23:59:59.9+00', 'sign_out', %(mark)s, %(id)s, 'old-name', '192.0.2.7', NULL),"
                       "('2026-03-02 08:15+00', 'sign_in', %(mark)s, %(id)s, 'old-name', '2001:db8::7', NULL),"
                       "('2026-03-02 08:16+00', 'sign_in', %(mark)s, %(gone)s, %(name)s, '192.0.2.130', NULL)",
                       {"mark": mark, "id": str(person.id), "gone": "gone-" + mark, "name": "name-" + mark})

    def count(*words):
        return len([entry for entry in listed(stack, *words) if entry["reason"] == mark])
    assert count() == 4
    assert count("--user", person.username) == count("--user", person.email) == count("--user", str(person.id)) == 3
    assert count("--user", "name-" + mark) == count("--user", "gone-" + mark) == 1  # nobody's any more
    assert count("--user", "nobody-" + mark) == 0 and count("--user", "name-" + mark, "--user", person.username) == 3
    assert count("--event", "sign_in") == 3 and count("--event", "sign_out") == 1 and count("--event", "locked_out") == 0
    assert count("--address", "192.0.2.7") == 2 and count("--address", "192.0.2.0/24") == 3
    assert count("--address", "2001:DB8::/64") == 1
    assert count("--since", "2026-03-02") == 2 and count("--until", "2026-03-01") == 2
    assert count("--since", "2026-03-01", "--until", "2026-03-01") == 2 and count("--until", "2026-02-28") == 0
    assert count("--since", "2026-03-02 08:15", "--until", "2026-03-02T08:16:00Z") == 1
    assert count("--since", "2026-03-02 08:15:01") == 1
    assert count("--user", str(person.id), "--limit", "1") == 1
    assert [entry["detail"] for entry in listed(stack, "--user", str(person.id))] == [None, None, {"a": [1, "<"]}]


def test_any_number_of_entries_is_listed_each_once(stack, postgresql, sql):
    mark = secrets.token_hex(4)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_audit (event, user_id) SELECT 'sign_in', %s FROM generate_series(1, 1700)", (mark,))
    ids = [entry["id"] for entry in listed(stack, "--user", mark)]
    assert len(ids) == 1700 and ids == sorted(set(ids), reverse=True)
    for limit in (1, 499, 500, 501, 1000, 1700, 5000):
        assert [entry["id"] for entry in listed(stack, "--user", mark, "--limit", str(limit))] == ids[:limit]
    done = stack.command("audit", "--user", mark, "--limit", "700")
    assert done.stdout.count("\n") == 700


def test_what_others_wrote_cannot_play_with_the_terminal(stack, postgresql):
    mark = "t" + secrets.token_hex(4)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_audit (event, user_id, user_agent, username) VALUES (%s, %s, %s, %s)",
                       ("sign_in", mark, "a\x1b[31mred\nforged line\u202egpj", "käthe\x07"))
    line = stack.command("audit", "--user", mark).stdout
    assert line.count("\n") == 1 and "\x1b" not in line and "\x07" not in line and "\u202e" not in line
    assert "a?[31mred?forged line?gpj" in line and f"käthe? ({mark})" in line
    json_line = stack.command("audit", "--user", mark, "--json").stdout
    assert json_line.count("\n") == 1 and "\x1b" not in json_line
    assert json.loads(json_line)["user_agent"] == "a\x1b[31mred\nforged line\u202egpj"


@pytest.mark.parametrize("words, sentence", [
    (("--colour",), 'no option "--colour"'), (("lits",), 'no option "lits"'), (("--event", "sing_in"), 'no event "sing_in"'),
    (("--user",), "--user needs a value"), (("--since", "yesterday"), '"yesterday" is no time'),
    (("--until", "2026-02-30"), "is no time"), (("--since", "2026-01-01 25:00"), "is no time"),
    (("--since", "2026-01-01x"), "is no time"), (("--limit", "0"), "a number from 1 on"), (("--limit", "many"), "a number"),
    (("--user", "\udcff"), "no text in UTF-8"),
    (("--address", "localhost"), '"localhost" is no address'), (("--address", "1.2.3.4/40"), "is no address")])
def test_what_makes_no_sense_is_answered_with_a_sentence(stack, words, sentence):
    done = stack.command("audit", *words)
    assert done.returncode == 2 and done.stdout == ""
    assert sentence in done.stderr


# ---- Confirmed passwords, refusals, lifted waits ----

def test_confirming_the_password_is_written_either_way(one_member, entries):
    person = one_member.person
    one_member.post("/auth/confirm", {"password": "wrong"})
    one_member.post("/auth/confirm", {"password": person.password})
    assert what(entries(person)) == [("sign_in", "password"), ("confirm_failed", "wrong_password"),
                                     ("session_ended", "replaced"), ("password_confirmed", "password")]


def test_a_refused_page_is_written_once_a_minute(one_member, entries):
    for _ in range(5):
        assert one_member.get("/admin/devices").status == 403
    rows = [row for row in entries(one_member.person) if row["event"] == "access_refused"]
    assert len(rows) == 1
    assert rows[0]["detail"] == {"path": "/admin/devices"} and rows[0]["reason"] == "forbidden"


def test_a_lifted_wait_is_written(stack, person, entries):
    assert stack.command("throttle", "clear", person.username).returncode == 0
    (row,) = entries(person)
    assert (row["event"], row["actor"]) == ("throttle_cleared", "operator")
    assert stack.command("throttle", "clear", "198.51.100.7").returncode == 0
    (row,) = entries("event = 'throttle_cleared' AND detail ->> 'of' LIKE '198.51.100.7%%'")
    assert row["user_id"] is None

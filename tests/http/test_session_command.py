"""gatehousectl session, group and policy: what an operator sees and does from a shell."""
import json
import re
import subprocess
import threading

import psycopg2
import pytest

from support.sessions import PHONE, begin_guest, kind_of, sign_in
from support.site import add_person
from support.stack import ROOT


@pytest.fixture
def run(stack):
    """run("session", "count"): what it prints; it must work."""
    def run(*words, **more):
        done = stack.command(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


@pytest.fixture
def refused(stack):
    """refused("session", "end", "x"): the status and what it says, when it does not work."""
    def refused(*words):
        done = stack.command(*words)
        assert done.returncode != 0, done.stdout
        return done.returncode, done.stderr
    return refused


def id_of(visitor):
    return visitor.get("/auth/status").json["session"]


def trail(postgresql, person):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT event, reason, kind, actor, detail FROM gatehouse_audit WHERE user_id = %s "
                       "AND event <> 'sign_in' ORDER BY id", (str(person.id),))
        return cursor.fetchall()


# session list, end, count

def test_list_shows_who_is_signed_in_where(one_site, person, mysql, run, clock):
    laptop = sign_in(one_site, person, "127.0.0.5")
    other = sign_in(one_site, add_person(mysql))
    clock(minutes=10)
    phone = sign_in(one_site, person, "127.0.0.6", PHONE, remember_me="1")
    clock(minutes=12)
    lines = run("session", "list", person.username).splitlines()
    assert len(lines) == 2
    assert re.fullmatch(rf"{id_of(phone)}  {person.username} +authenticated +127\.0\.0\.6 +used 2 min ago, begun 2 min ago  Chrome on Android", lines[0])
    assert re.fullmatch(rf"{id_of(laptop)}  {person.username} +authenticated +127\.0\.0\.5 +used 12 min ago, begun 12 min ago  Firefox on Linux", lines[1])
    assert run("session", "list", person.email) != ""
    everybody = run("session", "list")
    assert all(id_of(visitor) in everybody for visitor in (laptop, phone, other))
    for visitor in (laptop, phone, other):
        assert visitor.cookies["sessionid"] not in everybody


def test_list_as_json(one_site, person, run):
    visitor = sign_in(one_site, person)
    one = json.loads(run("session", "list", person.username, "--json"))
    assert 0 <= one.pop("age_seconds") < 10 and 0 <= one.pop("idle_seconds") < 10 and one.pop("since") > 1.6e9
    assert one == {"id": id_of(visitor), "user_id": str(person.id), "username": person.username, "kind": "authenticated",
                   "method": "password", "address": "127.0.0.1", "device": "Firefox on Linux", "remember": False}
    assert id_of(visitor) in {json.loads(line)["id"] for line in run("session", "list", "--json").splitlines()}


def test_end_one_or_all_of_a_person(one_site, person, run, postgresql):
    first, second, third = (sign_in(one_site, person) for _ in range(3))
    assert run("session", "end", id_of(first)) == "1 session ended\n"
    assert [kind_of(visitor) for visitor in (first, second, third)] == [None, "authenticated", "authenticated"]
    assert run("session", "end", "--user", person.email) == "2 sessions ended\n"
    assert [kind_of(visitor) for visitor in (second, third)] == [None, None]
    assert run("session", "end", "--user", person.username) == "0 sessions ended\n"
    assert [entry[:4] for entry in trail(postgresql, person)] == [("session_ended", "by_operator", "authenticated", "operator")] * 3


def test_what_cannot_be_ended_is_said(refused, run, mysql, person):
    assert refused("session", "end", "x") == (1, 'gatehousectl: x is no session; "gatehousectl session list" '
                                               'has them, and "session end --user NAME" ends all of a person\n')
    unknown = "00000000-0000-4000-8000-000000000000"
    assert refused("session", "end", unknown) == (1, f"gatehousectl: there is no session {unknown}\n")
    assert refused("session", "end", "--user", "nobody") == (1, "gatehousectl: there is nobody with the username or email nobody\n")
    assert refused("session", "list", "nobody")[0] == 1
    nobody = add_person(mysql)
    assert run("session", "list", nobody.username) == "This person has no session.\n"
    assert run("session", "list", nobody.username, "--json") == ""
    for words in ([], ["end"], ["end", "--user"], ["end", "a", "b"], ["list", "a", "b"], ["clean", "x"], ["count", "x"], ["purge"]):
        status, said = refused("session", *words)
        assert status == 2 and "that is not how session is used" in said and "gatehousectl session list [NAME] [--json]" in said


def test_count(one_site, mysql, run, clock):
    def figures():
        return [int(number) for number in re.fullmatch(r"(\d+) sessions in use, of (\d+) people; (\d+) stored\n", run("session", "count")).groups()]
    run("session", "clean")  # one sign-in in a hundred does so, too
    before = figures()
    people = [add_person(mysql) for _ in range(2)]
    for person in (people[0], people[0], people[1]):
        sign_in(one_site, person)
    assert [after - early for after, early in zip(figures(), before)] == [3, 2, 3]
    clock(minutes=61)
    in_use, _, stored = figures()
    assert in_use <= before[0] and stored == before[2] + 3


# session clean

def clone(postgresql, key, count, ends):
    """So many sessions like the one of this key, which end at another time."""
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT session_data FROM django_session WHERE session_key = %s", (key,))
        data = cursor.fetchone()[0]
        cursor.execute("INSERT INTO django_session SELECT md5(%s || n), %s, gatehouse_now() + %s::interval FROM generate_series(1, %s) n",
                       (key, data, ends, count))
        cursor.execute("INSERT INTO gatehouse_session (session_key, user_id, username, kind, created_at, last_seen_at, authenticated_at, "
                       "user_checked_at, address, expires_at, ends_at) SELECT md5(%s || n), user_id, username, kind, created_at, last_seen_at, "
                       "authenticated_at, user_checked_at, address, gatehouse_now() + %s::interval, gatehouse_now() + %s::interval "
                       "FROM gatehouse_session, generate_series(1, %s) n WHERE session_key = %s", (key, ends, ends, count, key))


def test_clean_throws_away_what_is_over_in_batches(one_site, person, run, postgresql, sql):
    run("session", "clean")
    visitor = sign_in(one_site, person)
    clone(postgresql, visitor.cookies["sessionid"], 1234, "-1 minute")
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO django_session SELECT md5('django' || n), 'x', gatehouse_now() - interval '1 day' FROM generate_series(1, 7) n")
        cursor.execute("INSERT INTO django_session SELECT md5('live' || n), 'x', gatehouse_now() + interval '1 day' FROM generate_series(1, 7) n")
    try:
        assert "1241 expired sessions thrown away\n" in run("session", "clean")
        assert "0 expired sessions thrown away\n" in run("session", "clean")
        assert kind_of(visitor) == "authenticated"
        assert sql(postgresql, "SELECT count(*) FROM django_session WHERE session_data = 'x'") == (7,)
        assert sql(postgresql, "SELECT count(*), count(DISTINCT session), min(detail->>'ended_at') ~ '^20.*Z$' FROM gatehouse_audit "
                   "WHERE user_id = %s AND event = 'session_ended' AND reason = 'expired' AND actor = 'system'", str(person.id)) == (1234, 1234, True)
        # A transaction each, of 500 by Django's date and 500 by ours: so long at most is a row locked.
        batches = ("SELECT count(*), max(rows) FROM (SELECT count(*) AS rows FROM gatehouse_audit WHERE user_id = %s "
                   "AND reason = 'expired' GROUP BY xmin::text) one")
        count, largest = sql(postgresql, batches, str(person.id))
        assert count >= 2 and largest <= 1000
    finally:
        with postgresql.cursor() as cursor:
            cursor.execute("DELETE FROM django_session WHERE session_data = 'x'")


def test_clean_throws_away_figures_of_addresses_where_no_worker_does(one_site, run, postgresql, sql):
    run("session", "clean")
    with postgresql.cursor() as cursor:
        for who, days in (("guests of 192.0.2.78", 3), ("guests of 192.0.2.78", 0), ("cleaned", 3), ("cleaned", 181)):
            cursor.execute("INSERT INTO gatehouse_usage (user_id, day, messages) VALUES (%s, gatehouse_now()::date - %s, 1)", (who, days))
    try:
        assert "\n2 old figures of usage thrown away\n" in run("session", "clean")
        assert sql(postgresql, "SELECT array_agg(user_id || ' ' || (gatehouse_now()::date - day) ORDER BY user_id) FROM gatehouse_usage "
                   "WHERE user_id IN ('guests of 192.0.2.78', 'cleaned')") == (["cleaned 3", "guests of 192.0.2.78 0"],)
        assert "\n0 old figures of usage thrown away\n" in run("session", "clean")
    finally:
        sql(postgresql, "DELETE FROM gatehouse_usage WHERE user_id IN ('guests of 192.0.2.78', 'cleaned') RETURNING 1")


def test_clean_ends_what_rested_too_long_before_its_end(one_site, person, run, postgresql, sql, clock):
    run("session", "clean")
    visitor = sign_in(one_site, person, remember_me="1")
    key = visitor.cookies["sessionid"]
    clone(postgresql, key, 1100, "20 days")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET idle_seconds = 300 WHERE user_id = %s AND session_key <> %s", (str(person.id), key))
    assert "\n0 sessions that nobody used for too long ended\n" in run("session", "clean")
    clock(minutes=5, seconds=30)
    words = run("session", "clean")
    assert int(re.search(r"^(\d+) sessions that nobody used", words, re.M).group(1)) >= 1100, words  # and other tests' own
    assert "\n0 sessions that nobody used for too long ended\n" in run("session", "clean")
    assert kind_of(visitor) == "authenticated"
    assert sql(postgresql, "SELECT count(*), count(DISTINCT session), bool_and((detail->>'ended_at')::timestamptz < gatehouse_now() - interval '20 seconds') "
               "FROM gatehouse_audit WHERE user_id = %s AND reason = 'idle'", str(person.id)) == (1100, 1100, True)


def test_clean_leaves_what_a_django_project_may_be_using(one_site, person, run, clock):
    shared = {"GATEHOUSE_DJANGO_IDENTITY": "shared_table"}
    sign_in(one_site, person)
    clock(minutes=61)
    assert "too long" not in run("session", "clean", extra=shared)
    assert re.search(r"^[1-9]\d* sessions that nobody used for too long", run("session", "clean"), re.M)


def test_clean_waits_for_nobody_and_keeps_nobody_waiting(one_site, person, stack, run, postgresql, sql):
    """Somebody holds a row that is over: the others go, that one stays, and pages answer meanwhile."""
    visitor = sign_in(one_site, person)
    key = visitor.cookies["sessionid"]
    clone(postgresql, key, 20, "-1 minute")
    v = stack.variables()
    holder = psycopg2.connect(host=v["PGHOST"], port=v["PGPORT"], dbname=v["PGDATABASE"], user=v["PGUSER"])
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT FROM django_session WHERE session_key = md5(%s || 7) FOR UPDATE", (key,))
            assert re.search(r"^19 expired", run("session", "clean"), re.M)
            assert kind_of(visitor) == "authenticated"
    finally:
        holder.rollback()
        holder.close()
    assert re.search(r"^1 expired", run("session", "clean"), re.M)


def test_clean_while_people_use_the_site(one_site, person, run, postgresql):
    """Signing in, using and ending sessions goes on; none that is good is lost."""
    visitors = [sign_in(one_site, person) for _ in range(4)]
    clone(postgresql, visitors[0].cookies["sessionid"], 3000, "-1 minute")
    statuses, stop = [], threading.Event()

    def use(visitor):
        while not stop.is_set():
            statuses.append(visitor.get("/protected").status)
    threads = [threading.Thread(target=use, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    try:
        run("session", "clean")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200} and len(statuses) > 20


def test_clean_ends_sessions_of_people_who_are_gone_or_disabled(one_site, mysql, run, postgresql):
    gone, disabled, here = (add_person(mysql) for _ in range(3))
    visitors = [sign_in(one_site, person) for person in (gone, disabled, here)]
    with mysql.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", (gone.id,))
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (disabled.id,))
    said = run("session", "clean")
    assert re.search(r"^[2-9]\d* sessions of people who are gone or disabled ended$", said, re.M)
    assert [kind_of(visitor) for visitor in visitors] == [None, None, "authenticated"]
    for person, reason in ((gone, "account_gone"), (disabled, "account_disabled")):
        assert [entry[:4] for entry in trail(postgresql, person)] == [("session_ended", reason, "authenticated", "system")]


def test_clean_ends_nobody_while_mysql_is_away(one_site, person, run):
    visitor = sign_in(one_site, person)
    said = run("session", "clean", extra={"GATEHOUSE_MYSQL_SOCKET": "/nowhere/mysql.sock"})
    assert "\n0 sessions of people" in "\n" + said
    assert kind_of(visitor) == "authenticated"


def test_clean_leaves_guests_their_hour(stack, run):
    site = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        guest = begin_guest(site, "guest-of-cleaning@example.org")
        run("session", "clean")
        assert kind_of(guest) == "bot"
    finally:
        site.stop()


def test_clean_without_postgresql_fails_and_says_so(stack):
    done = stack.command("session", "clean", extra={"GATEHOUSE_POSTGRESQL_DSN": "host=/nowhere dbname=x user=x"})
    assert done.returncode == 1 and done.stderr.endswith("gatehousectl: PostgreSQL does not answer\n")


def read_cron():
    """What cron makes of conf/gatehouse-clean.cron: the environment and the command without where its output goes."""
    text = (ROOT / "conf" / "gatehouse-clean.cron").read_text()
    assert text.endswith("\n"), "cron passes over a last line without its end"
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    environment = dict(line.split("=", 1) for line in lines[:-1])
    command = re.fullmatch(r"\d+ \* \* \* \* www-data ([^%]+) >/dev/null", lines[-1]).group(1)
    return environment, command


def test_the_file_for_cron_works_as_cron_runs_it(stack, tmp_path):
    """With its environment and no other, by /bin/sh, from a folder of somebody else's."""
    environment, command = read_cron()
    assert environment == {"GATEHOUSE_CONF": "/etc/gatehouse/gatehouse.conf", "GATEHOUSE_SERVER_RUNTIME_DIR": "/tmp"}
    environment["GATEHOUSE_CONF"] = stack.variables()["GATEHOUSE_CONF"]
    here = command.replace("/usr/local/bin", str(stack.private_folder() / "app" / "bin"))
    done = subprocess.run(["/bin/sh", "-c", here], env={"PATH": "/usr/bin:/bin", **environment}, cwd=tmp_path, capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and "expired sessions thrown away" in done.stdout
    for page in ("DEPLOY.md", "SESSIONS.md"):
        copied = re.search(r"install -m 644 conf/gatehouse-clean.cron /etc/cron.d/([\w.-]+)", (ROOT / "docs" / page).read_text())
        assert re.fullmatch(r"[A-Za-z0-9_-]+", copied.group(1)), "cron reads no file with a dot in its name"


def test_the_timers_command_is_one(stack):
    """The unit for systemd and the file for cron run what is installed, with words that it understands."""
    unit = (ROOT / "conf" / "gatehouse-clean.service").read_text()
    _, cron = read_cron()
    assert re.search(r"^ExecStart=(.*)$", unit, re.M).group(1) == cron == "/usr/local/bin/gatehousectl session clean"
    assert (stack.private_folder() / "app" / "bin" / "gatehousectl").exists()
    assert stack.command(*cron.split()[1:], extra={"GATEHOUSE_SERVER_RUNTIME_DIR": "/tmp"}).returncode == 0
    timer = (ROOT / "conf" / "gatehouse-clean.timer").read_text()
    assert "OnCalendar=hourly" in timer and "WantedBy=timers.target" in timer


# group

def test_groups_are_changed_and_listed(one_site, person, mysql, run, refused, postgresql):
    name = person.username
    visitor = sign_in(one_site, person)
    assert run("group", "add", "staff", name) == f"{name} is now in the group staff.\n"
    assert run("group", "add", "staff", person.email) == f"{name} is already in the group staff.\n"
    line = next(line for line in run("group", "list", "staff").splitlines() if name in line)
    assert re.fullmatch(rf"staff +{name} +id {person.id}, since \d{{4}}-\d\d-\d\d", line)
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT groups FROM gatehouse_session WHERE session_key = %s", (visitor.cookies["sessionid"],))
        assert cursor.fetchone() == ("staff",), "a session that runs knows it at once"
    assert run("group", "remove", "staff", name) == f"{name} is no longer in the group staff.\n"
    assert run("group", "remove", "staff", name) == f"{name} is not in the group staff.\n"
    assert name not in run("group", "list")
    for bad in ("", "Staff", "a,b", "a b", "x" * 65, "é"):
        assert refused("group", "add", bad, name)[0] == 1
    assert refused("group", "add", "staff", "nobody")[0] == 1
    assert run("group", "list", "empty-group") == "Nobody is in this group.\n"
    assert run("audit", "list", "--user", add_person(mysql).username) == "There are no such entries.\n"
    for words in ([], ["add", "staff"], ["list", "a", "b"], ["rename", "a", "b"]):
        assert refused("group", *words)[0] == 2


def test_changes_of_groups_are_in_the_trail(person, run, postgresql):
    run("group", "add", "staff", person.username)
    run("group", "remove", "staff", person.username)
    assert trail(postgresql, person) == [("group_changed", "added", None, "operator", {"group": "staff"}),
                                         ("group_changed", "removed", None, "operator", {"group": "staff"})]


# policy

def test_limits_of_a_person_are_set_shown_and_taken_away(person, run, postgresql):
    name = person.username
    table = run("policy", "show").splitlines()[:6]
    assert table[1] == ("authenticated  lifetime_minutes=480 idle_minutes=60 concurrent=5 bind_address=subnet bind_browser=log "
                        "extends=on reauthenticate_hours=24 messages_per_minute=20 messages_per_day=0 tokens_per_day=0 "
                        "answers_at_once=3 conversation_messages=0")
    assert [line.split()[0] for line in table] == ["anonymous", "authenticated", "sso", "admin", "api", "bot"]
    assert run("policy", "set", name, "authenticated", "idle_minutes=5", "concurrent=1") == f"{name}, authenticated: idle_minutes=5 concurrent=1\n"
    assert run("policy", "set", name, "admin", "bind_address=off") == f"{name}, admin: bind_address=off\n"
    own = [f"{name} (id {person.id}), admin: bind_address=off", f"{name} (id {person.id}), authenticated: idle_minutes=5 concurrent=1"]
    assert run("policy", "show", name).splitlines()[6:] == own
    assert set(own) <= set(run("policy", "show").splitlines())
    assert run("policy", "clear", name, "admin") == f"{name}: 1 removed; the limits of the kind hold again.\n"
    assert run("policy", "clear", name) == f"{name}: 1 removed; the limits of the kind hold again.\n"
    assert run("policy", "show", name).splitlines()[6:] == []
    assert trail(postgresql, person) == [
        ("policy_changed", "set", "authenticated", "operator", {"limits": "idle_minutes=5 concurrent=1"}),
        ("policy_changed", "set", "admin", "operator", {"limits": "bind_address=off"}),
        ("policy_changed", "cleared", "admin", "operator", None), ("policy_changed", "cleared", None, "operator", None)]


@pytest.mark.parametrize("limit, words", [
    ("idle_minutes=x", '"idle_minutes=x" is no limit'), ("idle_minutes", "no limit"), ("lifetime_minutes=0", "out of its bounds"),
    ("lifetime_minutes=525601", "out of its bounds"), ("concurrent=-1", "out of its bounds"), ("bind_address=tight", "no limit"),
    ("extends=yes", "no limit"), ("sleep=1", "no limit"), ("idle_minutes=5 ; rm", "no limit")])
def test_a_limit_that_makes_no_sense_is_not_stored(person, refused, run, limit, words):
    status, said = refused("policy", "set", person.username, "authenticated", "idle_minutes=5", limit)
    assert status == 1 and words in said
    assert run("policy", "show", person.username).splitlines()[6:] == []


def test_kinds_and_people_must_exist(person, refused):
    assert "there is no kind of session called root" in refused("policy", "set", person.username, "root", "idle_minutes=5")[1]
    assert "there is nobody" in refused("policy", "set", "nobody", "admin", "idle_minutes=5")[1]
    for words in ([], ["set", person.username], ["set", person.username, "admin"], ["clear"], ["clear", "a", "b", "c"], ["drop"]):
        assert refused("policy", *words)[0] == 2

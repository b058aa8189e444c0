"""The audit trail's months: partitions come and go by themselves, and nobody else drops them. On databases
of their own."""
import re
import secrets
import threading
import time

import psycopg2
import pytest

from support.sql import rows_of
from support.stack import ROOT, Stack, wait_until


@pytest.fixture(scope="module")
def own():
    stack = Stack()
    yield stack
    stack.stop()


@pytest.fixture
def owner(own):
    connection = own.postgresql("gatehouse_owner")
    yield connection
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_audit_retention SET months = 12")
        cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'")
        cursor.execute("SELECT gatehouse_audit_partitions()")
    connection.close()


@pytest.fixture
def app(own):
    connection = own.postgresql("gatehouse_app")
    yield connection
    connection.close()


def months(connection):
    return [row[0] for row in rows_of(connection, "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
                                                  "WHERE inhparent = 'gatehouse_audit'::regclass ORDER BY 1")]


def month(connection, offset):
    """The partition of a month, as the number of months from this one."""
    return rows_of(connection, "SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => %s), "
                               "'\"gatehouse_audit_\"YYYY_MM')", offset)[0][0]


def add_entry(owner, offset, event="sign_in", seconds=0):
    """An entry so many seconds from the beginning of a month (UTC)."""
    rows_of(owner, "INSERT INTO gatehouse_audit (at, event) SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') "
                   "+ make_interval(months => %s, secs => %s)) AT TIME ZONE 'UTC', %s RETURNING id", offset, seconds, event)


def where(owner, event):
    return [row[0] for row in rows_of(owner, "SELECT tableoid::regclass::text FROM gatehouse_audit WHERE event = %s "
                                             "ORDER BY id", event)]


def test_there_are_partitions_for_this_month_and_the_next_three(own, owner):
    assert months(owner) == [month(owner, n) for n in range(4)] + ["gatehouse_audit_default"]
    assert own.command("session", "clean").returncode == 0
    assert months(owner) == [month(owner, n) for n in range(4)] + ["gatehouse_audit_default"]


def test_as_time_passes_months_are_added(own, owner, app):
    with owner.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamptz LANGUAGE sql STABLE "
                       "AS 'SELECT date_trunc(''month'', now()) + interval ''40 days'''")
    rows_of(app, "SELECT gatehouse_audit_partitions()")
    assert month(owner, 4) in months(owner)
    with app.cursor() as cursor:
        for change in ("UPDATE {} SET event = 'x'", "DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} (event) VALUES ('x')"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(change.format(month(owner, 4)))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only grows"):
        rows_of(owner, f"TRUNCATE {month(owner, 4)}")


def test_a_month_begins_and_ends_by_utc_wherever_the_clock_hangs(own, owner, app):
    event = secrets.token_hex(4)
    with owner.cursor() as cursor:
        cursor.execute(f"DROP TABLE {month(owner, 1)}, {month(owner, 2)}")
    for offset, seconds in ((1, -0.001), (1, 0), (2, -0.001), (2, 0), (3, -0.001), (3, 0)):
        add_entry(owner, offset, event, seconds)
    assert set(where(owner, event)) == {month(owner, 0), month(owner, 3), "gatehouse_audit_default"}
    with app.cursor() as cursor:
        cursor.execute("SET timezone = 'Pacific/Auckland'; SET datestyle = 'German, DMY'; SELECT gatehouse_audit_partitions()")
    assert where(owner, event) == [month(owner, n) for n in (0, 1, 1, 2, 2, 3)]


def test_what_has_no_partition_is_kept_and_moves_when_there_is_one(own, owner, app):
    event = secrets.token_hex(4)
    before = rows_of(owner, "SELECT count(*) FROM gatehouse_audit")
    for offset in (-3, -2, 7):
        add_entry(owner, offset, event)
    written = rows_of(owner, "SELECT id, at FROM gatehouse_audit WHERE event = %s ORDER BY id", event)
    assert where(owner, event) == ["gatehouse_audit_default"] * 3
    rows_of(app, "SELECT gatehouse_audit_partitions()")
    assert where(owner, event) == [month(owner, n) for n in (-3, -2, 7)]
    assert rows_of(owner, "SELECT id, at FROM gatehouse_audit WHERE event = %s ORDER BY id", event) == written
    assert rows_of(owner, "SELECT count(*) FROM gatehouse_audit") == [(before[0][0] + 3,)]
    assert rows_of(owner, "SELECT count(*) FROM gatehouse_audit_default") == [(0,)]
    # the new default partition is as well kept as the one before it
    with app.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("DELETE FROM gatehouse_audit_default")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="only grows"):
        rows_of(owner, "TRUNCATE gatehouse_audit_default")


def test_what_is_wholly_older_than_the_retention_goes_and_nothing_else(own, owner, app):
    event = secrets.token_hex(4)
    for offset in (-14, -13, -12, -11):
        add_entry(owner, offset, event)
    add_entry(owner, -12, event, -0.001)
    rows_of(app, "SELECT gatehouse_audit_partitions()")
    assert where(owner, event) == [month(owner, -12), month(owner, -11)]
    assert not {month(owner, -14), month(owner, -13)} & set(months(owner))
    migrated = migrate(own, months=3)
    assert migrated.returncode == 0, migrated.stderr
    assert where(owner, event) == []
    assert min(months(owner)) >= month(owner, -3)


def test_a_retention_of_nothing_keeps_for_ever(own, owner, app):
    assert migrate(own, months=0).returncode == 0
    event = secrets.token_hex(4)
    add_entry(owner, -200, event)
    rows_of(app, "SELECT gatehouse_audit_partitions()")
    assert where(owner, event) == [month(owner, -200)]
    assert "for ever" in own.command("audit", "partitions").stdout


def migrate(stack, **settings):
    v = stack.variables()
    extra = {f"GATEHOUSE_AUDIT_RETENTION_{name.upper()}": str(value) for name, value in settings.items()}
    return stack.command("migrate", extra={
        "GATEHOUSE_POSTGRESQL_DSN": f"host={v['PGHOST']} port={v['PGPORT']} dbname={v['PGDATABASE']} user=gatehouse_owner",
        "GATEHOUSE_MYSQL_USER": "gatehouse_owner", **extra})


@pytest.fixture
def transaction():
    """transaction(stack): a connection of the programs' role that holds on to what it has done."""
    connections = []

    def begin(stack):
        connections.append(stack.postgresql("gatehouse_app"))
        connections[-1].autocommit = False
        return connections[-1]
    yield begin
    for connection in connections:
        connection.close()


def while_waiting(watcher, holder, work):
    """Do the work in a thread; once it waits for a lock of the holder's, let the holder commit. What came of it."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    waits = wait_until(lambda: rows_of(watcher, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"), 5)
    holder.commit()
    thread.join()
    assert waits, "nobody had to wait"
    return results


def test_two_who_put_the_months_in_order_at_once_do_it_once(owner, own, app, transaction):
    with owner.cursor() as cursor:
        cursor.execute(f"DROP TABLE {month(owner, 1)}, {month(owner, 2)}")
    event = secrets.token_hex(4)
    add_entry(owner, 1, event)
    first = transaction(own)
    rows_of(first, "SELECT gatehouse_audit_partitions()")
    assert while_waiting(owner, first, lambda: rows_of(app, "SELECT gatehouse_audit_partitions()::text")) == [[("",)]]
    assert where(owner, event) == [month(owner, 1)]
    assert {month(owner, n) for n in range(4)} <= set(months(owner))


def test_the_same_at_the_same_moment_is_one_entry(owner, own, app, transaction):
    """Who comes second waits for the first, and then knows."""
    text = (ROOT / "sql/postgresql/queries/audit.sql").read_text()
    statement = re.search(r"-- name: audit_write\n(.*?)\n-- name:", text, re.S).group(1)
    first = transaction(own)
    for connection in (first, app):
        with connection.cursor() as cursor:
            cursor.execute("PREPARE write AS " + re.sub(r"^--.*\n", "", statement, flags=re.M))

    def write(connection, user_id="7", session=None, reason="admin", address="192.0.2.7", event="access_refused"):
        with connection.cursor() as cursor:
            cursor.execute("EXECUTE write (%s, %s, %s, NULL, %s, NULL, %s, NULL, NULL, NULL, NULL, 'once')",
                           (event, reason, user_id, session, address))
            return cursor.rowcount
    session = "00000000-0000-4000-8000-00000000000"
    assert write(first, session=session + "1") == 1
    assert while_waiting(owner, first, lambda: write(app, session=session + "1")) == [0]
    # of a session another address, reason, event or session is not the same
    assert write(app, session=session + "1", address="198.51.100.1") == 1
    assert write(app, session=session + "1", address="198.51.100.1") == 0
    assert write(app, session=session + "1", reason=None) == write(app, session=session + "2") == 1
    assert write(app, session=session + "1", event="address_changed") == 1
    # and after thirty a minute it is enough, whatever they say
    written = [write(app, session=session + "3", address=f"198.51.100.{n}") for n in range(40)]
    assert sum(written) == 30 and written[30:] == [0] * 10
    # without a session: an account, from what one customer has of addresses
    assert [write(app, address=address) for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8", None, None)] == [1, 0, 1, 1, 0]
    assert [write(app, address=address) for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")] == [1, 0, 1]
    assert [write(app, address=address) for address in ("::ffff:192.0.2.9", "::ffff:192.0.2.10")] == [1, 1]
    assert write(app, user_id="8") == write(app, user_id=None) == 1


def test_a_long_read_is_not_waited_for(own, owner, app, transaction):
    """Sign-ins would queue behind the one that waits."""
    reader = transaction(own)
    rows_of(reader, "SELECT count(*) FROM gatehouse_audit")
    with owner.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_audit_retention SET months = 1")
        add_entry(owner, -5)
        cursor.execute("SET statement_timeout = '20s'")
        app.cursor().execute("SET statement_timeout = '20s'")
    start = time.monotonic()
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        rows_of(app, "SELECT gatehouse_audit_partitions()")
    assert time.monotonic() - start < 5
    done = own.command("session", "clean")
    assert done.returncode == 1 and "try again later" in done.stderr
    rows_of(app, "INSERT INTO gatehouse_audit (event) VALUES ('sign_in') RETURNING 1")
    reader.rollback()
    assert own.command("session", "clean").returncode == 0
    assert min(months(owner)) >= month(owner, -1)


def test_nobody_else_may_drop_months(own, owner):
    superuser = own.postgresql("postgres")
    with superuser.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS stranger")
        cursor.execute("CREATE ROLE stranger LOGIN")
        cursor.execute("GRANT CONNECT ON DATABASE gatehouse TO stranger")
        cursor.execute("GRANT USAGE ON SCHEMA public TO stranger")
    stranger = own.postgresql("stranger")
    for statement in ("SELECT gatehouse_audit_partitions()", "SELECT * FROM gatehouse_audit"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows_of(stranger, statement)
    stranger.close()
    superuser.close()


def test_rights_that_were_given_by_mistake_are_told_and_taken_away(own, owner, app):
    with owner.cursor() as cursor:
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO gatehouse_app")
    done = own.command("check")
    assert done.returncode == 0 and "rights to change the audit trail" in done.stdout
    assert migrate(own).returncode == 0
    done = own.command("check")
    assert done.returncode == 0 and "audit trail" not in done.stdout
    for table in ("gatehouse_audit", *months(owner)):
        assert rows_of(app, f"SELECT has_table_privilege('{table}', 'SELECT'), "
                            f"has_table_privilege('{table}', 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')") == [(True, False)]
    rows_of(app, "INSERT INTO gatehouse_audit (event) VALUES ('sign_in') RETURNING 1")


def test_one_role_for_everything_is_told_that_triggers_alone_protect_the_trail(own):
    v = own.variables()
    done = own.command("check", extra={"GATEHOUSE_POSTGRESQL_DSN": f"host={v['PGHOST']} port={v['PGPORT']} "
                                       f"dbname={v['PGDATABASE']} user=gatehouse_owner"})
    assert done.returncode == 0 and "owns the audit trail" in done.stdout


def test_the_months_are_shown_with_the_retention(stack, postgresql):
    done = stack.command("audit", "partitions")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Kept: 12 whole months beside the running one"
    names = [line.split()[0] for line in lines[1:]]
    assert month(postgresql, 0) in names and month(postgresql, 3) in names and names[-1] == "gatehouse_audit_default"
    assert all(re.fullmatch(r"\w+ +\d+ kB", line) for line in lines[1:])
    assert stack.command("audit", "partitions", "now").returncode == 2

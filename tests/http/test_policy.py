"""How long a session lasts: the table of kinds, limits of single persons, and that every check fails closed.

Kinds that nothing begins yet (anonymous, sso, api) are tested with the row of a real session, to which is
done what session_create does for the kind."""
import pathlib
import re

import pytest

from support.sessions import KINDS, become, begin_guest, kind_of, sign_in
from support.site import Visitor, add_person


@pytest.fixture(scope="module")
def open_site(stack):
    """A server that also takes guests."""
    server = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    yield server
    server.stop()


@pytest.fixture
def row(postgresql, sql):
    """row(visitor): seconds from its beginning to its end, when last seen, and to the last possible end."""
    def read(visitor):
        return sql(postgresql, "SELECT extract(epoch FROM expires_at - created_at)::int, "
                   "extract(epoch FROM last_seen_at - created_at)::int, extract(epoch FROM ends_at - created_at)::int "
                   "FROM gatehouse_session WHERE session_key = %s", visitor.cookies["sessionid"])
    return read


@pytest.fixture
def begin(open_site, mysql, postgresql, stack):
    """begin(kind): a visitor with a session of this kind."""
    def begin(kind):
        person = add_person(mysql)
        if kind == "bot":
            return begin_guest(open_site, person.email)
        if kind == "admin":
            assert stack.command("group", "add", "administrators", person.username).returncode == 0
        visitor = sign_in(open_site, person)
        if kind not in ("admin", "authenticated"):
            become(postgresql, visitor, kind)
        return visitor
    return begin


def is_good(visitor, kind):
    return kind_of(visitor) == kind


# The table.

def test_the_table_of_requirements_is_what_holds_by_default(one_member):
    data = one_member.get("/api/session/policies").json
    found = {kind: (one["lifetime_minutes"], one["idle_minutes"] or None, one["concurrent"],
                    one["extension_minutes"] or None) for kind, one in data["policies"].items()}
    assert found == KINDS
    assert {kind: one["extends"] for kind, one in data["policies"].items()} == \
        {kind: numbers[3] is not None for kind, numbers in KINDS.items()}
    assert {kind: (one["bind_address"], one["bind_browser"], one["reauthenticate_hours"])
            for kind, one in data["policies"].items()} == {
        "anonymous": ("off", "off", 0), "authenticated": ("subnet", "log", 24), "sso": ("strict", "strict", 12),
        "admin": ("strict", "strict", 4), "api": ("off", "off", 0), "bot": ("strict", "off", 0)}
    assert (data["remember_days"], data["remember_bind_address"]) == (30, "log")
    assert data["this_session"] == data["policies"]["authenticated"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_at_its_limit_however_much_it_is_used(begin, kind, clock, row):
    lifetime, idle, _, _ = KINDS[kind]
    visitor = begin(kind)
    every = (idle or lifetime) - 1
    for minutes in [*range(every, lifetime, every), lifetime - 1]:
        clock(minutes=minutes)
        assert is_good(visitor, kind), minutes
        assert row(visitor)[0] <= lifetime * 60
    clock(minutes=lifetime, seconds=-2)
    assert is_good(visitor, kind)
    clock(minutes=lifetime, seconds=1)
    assert not is_good(visitor, kind)
    clock(minutes=lifetime + 1)
    assert not is_good(visitor, kind)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind][1]])
def test_it_ends_when_it_was_not_used_for_so_long(begin, kind, clock):
    idle = KINDS[kind][1]
    visitor = begin(kind)
    clock(minutes=idle, seconds=-3)
    assert is_good(visitor, kind)
    clock(minutes=idle, seconds=1)
    assert is_good(visitor, kind)  # it was used a moment ago
    if idle * 2 < KINDS[kind][0]:
        clock(minutes=idle * 2, seconds=2)
        assert not is_good(visitor, kind)
    other = begin(kind)
    clock(minutes=idle * 3, seconds=5)
    assert not is_good(other, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_moves_on_by_its_step_and_never_past_the_limit(begin, kind, clock, row):
    lifetime, idle, _, step = KINDS[kind]
    visitor = begin(kind)
    assert row(visitor) == ((step or lifetime) * 60, 0, lifetime * 60)
    for minutes in range((idle or lifetime) - 2, lifetime, (idle or lifetime) - 2):
        clock(minutes=minutes)
        assert is_good(visitor, kind)
        end, seen, last = row(visitor)
        assert minutes * 60 <= seen <= minutes * 60 + 5, "its use is noted"
        assert last == lifetime * 60
        expected = min(lifetime * 60, seen + step * 60) if step else lifetime * 60
        assert abs(end - expected) <= 1, minutes


def test_a_clock_that_stands_still_for_a_minute_moves_nothing(begin, clock, row):
    visitor = begin("authenticated")
    before = row(visitor)
    clock(seconds=50)
    assert is_good(visitor, "authenticated")
    assert row(visitor) == before
    clock(seconds=70)
    assert is_good(visitor, "authenticated")
    assert row(visitor)[0] >= before[0] + 70


# Too many at once.

@pytest.mark.parametrize("kind, limit", [("authenticated", 5), ("admin", 2)])
def test_one_more_than_allowed_ends_the_oldest(open_site, person, stack, kind, limit, clock, postgresql, sql):
    if kind == "admin":
        assert stack.command("group", "add", "administrators", person.username).returncode == 0
    visitors = []
    for number in range(limit + 2):
        clock(seconds=number)
        visitors.append(sign_in(open_site, person))
    assert [is_good(visitor, kind) for visitor in visitors] == [False, False] + [True] * limit
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_audit WHERE event = 'session_ended' AND reason = 'over_limit' "
               "AND user_id = %s AND kind = %s AND actor = 'system'", str(person.id), kind) == (2,)


def test_what_is_over_does_not_take_the_place_of_what_is_good(open_site, person, clock):
    old = [sign_in(open_site, person) for _ in range(3)]
    clock(minutes=61)  # the three were left lying
    new = [sign_in(open_site, person) for _ in range(5)]
    assert [is_good(visitor, "authenticated") for visitor in old + new] == [False] * 3 + [True] * 5


def test_signing_in_again_in_the_same_browser_takes_no_second_place(open_site, person, clock):
    others = []
    for number in range(4):
        clock(seconds=number)
        others.append(sign_in(open_site, person))
    for number in range(4, 8):
        clock(seconds=number)
        token = others[3].token("/auth/confirm")
        assert others[3].post("/auth/confirm", {"password": person.password}, token).status == 303
    assert all(is_good(visitor, "authenticated") for visitor in others)


def test_administrators_sign_in_with_limits_of_their_own(begin, clock):
    admin = begin("admin")
    assert admin.sign_in(admin.person, remember_me="1").status == 303
    line = admin.get("/auth/status").json
    assert line["kind"] == "admin" and line["expires_in"] <= 7200, "no sign-in for a month"
    clock(minutes=16)
    assert kind_of(admin) is None


# Remember me.

def test_remember_me_lasts_thirty_days_however_much_or_little_it_is_used(open_site, person, clock, row):
    visitor = Visitor(open_site)
    reply = visitor.sign_in(person, remember_me="1")
    assert "Max-Age=2592000" in reply.cookie("sessionid")
    assert row(visitor)[0] == 2592000
    for days in (0.9, 1, 9, 10, 29):
        clock(hours=int(days * 24))
        assert kind_of(visitor) == "authenticated"
        assert row(visitor)[0] == 2592000, "using it neither shortens nor lengthens it"
    clock(days=30, seconds=-5)
    assert kind_of(visitor) == "authenticated"
    clock(days=30, seconds=1)
    assert kind_of(visitor) is None


def test_limits_of_a_person_never_make_remember_me_slide(open_site, person, stack, clock, row):
    assert stack.command("policy", "set", person.username, "authenticated", "extends=on").returncode == 0
    visitor = sign_in(open_site, person, remember_me="1")
    assert row(visitor)[0] == 2592000
    clock(days=29)
    assert kind_of(visitor) == "authenticated"


# Of the kinds that nothing begins yet, the statement that makes room for one more.

def make_room(postgresql, person, kind, concurrent):
    text = (pathlib.Path(__file__).resolve().parents[2] / "sql" / "postgresql" / "queries" / "session.sql").read_text()
    statement = re.search(r"^-- name: session_trim\n(.*?)^-- name:", text, re.M | re.S).group(1)
    with postgresql.cursor() as cursor:
        cursor.execute("PREPARE make_room (text, text, text, text) AS " + statement)
        cursor.execute("EXECUTE make_room (%s, %s, %s, NULL)", (str(person.id), kind, str(concurrent - 1)))
        cursor.execute("DEALLOCATE make_room")


@pytest.mark.parametrize("kind", ["sso", "api"])
def test_one_more_than_a_kind_may_have_ends_its_oldest(open_site, person, postgresql, clock, kind):
    visitors = []
    most = sign_in(open_site, person).get("/api/session/policies").json["policies"][kind]["concurrent"]
    assert most == {"sso": 3, "api": 10}[kind]
    for number in range(most):
        clock(seconds=number)
        visitors.append(sign_in(open_site, person))
        become(postgresql, visitors[-1], kind)
    other = sign_in(open_site, person)
    make_room(postgresql, person, kind, most + 1)
    assert [kind_of(visitor) for visitor in visitors] == [kind] * most, "there was room for one more"
    make_room(postgresql, person, kind, most)
    assert [kind_of(visitor) for visitor in visitors] == [None] + [kind] * (most - 1)
    assert kind_of(other) == "authenticated", "kinds are counted apart"
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT reason, kind FROM gatehouse_audit WHERE user_id = %s AND reason = 'over_limit'", (str(person.id),))
        assert cursor.fetchall() == [("over_limit", kind)]


# Limits of single persons.

def test_a_persons_own_limits_hold_at_once_and_for_nobody_else(open_site, mysql, stack, clock):
    tight, usual = (sign_in(open_site, add_person(mysql)) for _ in range(2))
    assert stack.command("policy", "set", tight.person.username, "authenticated", "idle_minutes=5", "concurrent=1").returncode == 0
    assert tight.get("/api/session/policies").json["this_session"]["idle_minutes"] == 5
    clock(minutes=6)
    assert (kind_of(tight), kind_of(usual)) == (None, "authenticated")
    first, second = sign_in(open_site, tight.person), sign_in(open_site, tight.person)
    assert (kind_of(first), kind_of(second)) == (None, "authenticated")
    assert stack.command("policy", "clear", tight.person.username).returncode == 0
    third = sign_in(open_site, tight.person)
    assert (kind_of(second), kind_of(third)) == ("authenticated",) * 2


@pytest.mark.parametrize("limits, dies_after", [
    (["lifetime_minutes=20"], dict(minutes=20, seconds=1)),
    (["lifetime_minutes=20", "idle_minutes=0"], dict(minutes=5, seconds=1)),  # a quarter of them
    (["idle_minutes=0"], dict(hours=2, seconds=1)),  # its end lies two hours ahead when nobody uses it
    (["idle_minutes=180"], dict(hours=3, seconds=1)),
    (["extends=off", "idle_minutes=0"], dict(hours=8, seconds=1)),
    (["lifetime_minutes=60", "idle_minutes=10"], dict(minutes=10, seconds=1)),
])
def test_every_number_can_be_a_persons_own(open_site, person, stack, clock, limits, dies_after):
    assert stack.command("policy", "set", person.username, "authenticated", *limits).returncode == 0
    visitor = sign_in(open_site, person)
    clock(**{unit: count - 3 if unit == "seconds" else count for unit, count in dies_after.items()})
    assert kind_of(visitor) == "authenticated"
    clock(seconds=0)
    visitor = sign_in(open_site, person)
    clock(**{unit: count + 2 if unit == "seconds" else count for unit, count in dies_after.items()})
    assert kind_of(visitor) is None


def test_more_room_than_the_kind_has_begins_with_the_next_sign_in(open_site, person, stack, clock):
    """A session that runs keeps what it began with where that is less."""
    visitor = sign_in(open_site, person)
    assert stack.command("policy", "set", person.username, "authenticated", "idle_minutes=120", "lifetime_minutes=600").returncode == 0
    clock(minutes=61)
    assert kind_of(visitor) is None
    visitor = sign_in(open_site, person)
    for minutes in (180, 299, 418, 537, 656, 660):
        clock(minutes=minutes)
        assert kind_of(visitor) == "authenticated", minutes
    clock(minutes=61 + 601)
    assert kind_of(visitor) is None


def test_the_password_is_asked_for_again_when_it_was_given_too_long_ago(open_site, person, stack, clock):
    assert stack.command("policy", "set", person.username, "authenticated", "reauthenticate_hours=1").returncode == 0
    visitor = sign_in(open_site, person)
    clock(minutes=59)
    assert visitor.get("/protected?a=1").status == 200
    clock(minutes=61)
    assert visitor.get("/protected?a=1").location == "/auth/confirm?next=%2Fprotected%3Fa%3D1"
    reply = visitor.get("/protected", headers={"Accept": "application/json"})
    assert (reply.status, reply.json["error"]) == (401, "password_required")
    token = visitor.token("/auth/confirm")
    assert visitor.post("/auth/confirm", {"password": person.password, "next": "/protected?a=1"}, token).location == "/protected?a=1"
    assert visitor.get("/protected?a=1").status == 200


@pytest.mark.parametrize("kind, hours", [("authenticated", 24), ("sso", 12), ("admin", 4), ("api", None)])
def test_each_kind_asks_for_the_password_after_its_hours(begin, stack, postgresql, clock, kind, hours):
    """With a lifetime of three days, or it would be over by then."""
    visitor = begin(kind)
    assert stack.command("policy", "set", visitor.person.username, kind, "lifetime_minutes=4320", "idle_minutes=0").returncode == 0
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET ends_at = created_at + interval '3 days', expires_at = created_at + interval '3 days', "
                       "idle_seconds = NULL WHERE session_key = %s", (visitor.cookies["sessionid"],))
        cursor.execute("UPDATE django_session SET expire_date = now() + interval '3 days' WHERE session_key = %s", (visitor.cookies["sessionid"],))
    clock(hours=hours or 71, seconds=-5)
    assert visitor.get("/protected").status == 200
    clock(hours=hours or 71, seconds=2)
    if hours is None:
        assert visitor.get("/protected").status == 200
    else:
        assert visitor.get("/protected").location == "/auth/confirm?next=%2Fprotected"


def test_the_strict_profile_can_be_reached(stack, person, clock):
    """Four hours, seven days, three sessions, twelve characters, three attempts in thirty minutes."""
    site = stack.start("lighttpd", {f"GATEHOUSE_{name}": value for name, value in {
        "SESSION_LIFETIME_MINUTES": "240", "SESSION_REMEMBER_DAYS": "7", "SESSION_CONCURRENT": "3",
        "USERS_PASSWORD_MIN_LENGTH": "12", "THROTTLE_FAILURES": "3", "THROTTLE_WINDOW_MINUTES": "30"}.items()})
    try:
        guesses = [Visitor(site).post_json("/auth/login", {"username": person.username, "password": "x"}) for _ in range(4)]
        assert [reply.status for reply in guesses] == [401] * 3 + [429]
        assert 1790 < int(guesses[3].headers["Retry-After"]) <= 1800
        clock(minutes=31)
        visitors = [sign_in(site, person) for _ in range(4)]
        assert [kind_of(visitor) for visitor in visitors] == [None] + ["authenticated"] * 3
        assert "Max-Age=604800" in Visitor(site).sign_in(person, remember_me="1").cookie("sessionid")
        assert "at least 12" in Visitor(site).post("/register", {"password": "only eleven"}).field_error("password")
        for minutes in (80, 130, 180, 230, 269):
            clock(minutes=minutes)
            assert kind_of(visitors[3]) == "authenticated"
        clock(minutes=272)
        assert kind_of(visitors[3]) is None
    finally:
        site.stop()


# Every check fails closed.

def test_limits_that_cannot_be_read_let_nobody_in(open_site, person, postgresql):
    visitor = sign_in(open_site, person)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_policy (user_id, kind, limits) VALUES (%s, 'authenticated', 'idle_minutes=a lot')",
                       (str(person.id),))
    assert visitor.get("/protected").status == 303
    assert kind_of(sign_in(open_site, person)) is None
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_policy WHERE user_id = %s", (str(person.id),))
    assert kind_of(sign_in(open_site, person)) == "authenticated"


@pytest.mark.parametrize("column, value", [("kind", "root"), ("kind", ""), ("kind", "bot"), ("user_id", "0")])
def test_a_row_that_says_something_odd_is_refused(open_site, person, postgresql, column, value):
    visitor = sign_in(open_site, person)
    with postgresql.cursor() as cursor:
        cursor.execute(f"UPDATE gatehouse_session SET {column} = %s WHERE session_key = %s",
                       (value, visitor.cookies["sessionid"]))
    assert visitor.get("/protected").status == 303
    assert visitor.get("/chat/").status == 303


def test_what_bindings_need_and_is_not_known_ends_the_session(open_site, person, stack, postgresql):
    visitor = sign_in(open_site, person)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET address = NULL WHERE session_key = %s", (visitor.cookies["sessionid"],))
    assert visitor.get("/protected").status == 303
    assert stack.command("policy", "set", person.username, "authenticated", "bind_browser=strict").returncode == 0
    nameless = Visitor(open_site)  # a program that does not say what it is
    assert nameless.sign_in(person).status == 303
    assert nameless.get("/protected").status == 303


def test_a_session_without_its_companion_is_nobodys(open_site, person, postgresql):
    visitor = sign_in(open_site, person)
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_session WHERE session_key = %s", (visitor.cookies["sessionid"],))
    assert visitor.get("/protected").status == 303

"""Sessions as programs see them: /auth/status, /profile, /api/session/… and /api/auth/…."""
import json

import pytest

from support.sessions import BROWSER, PHONE, begin_guest, become, kind_of, sign_in
from support.site import Visitor, add_person

JSON = {"Accept": "application/json"}


@pytest.fixture
def admin(one_site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    return sign_in(one_site, person)


# Who is there.

def test_status_says_whether_one_is_signed_in_and_until_when(site, person, clock):
    assert Visitor(site).get("/auth/status").json == {"authenticated": False}
    visitor = sign_in(site, person)
    clock(minutes=30)
    status = visitor.get("/auth/status").json
    assert 8 * 3600 - 1810 <= status.pop("expires_in") <= 8 * 3600 - 1800, "to the end that nothing moves"
    assert len(status.pop("session")) == 36
    assert status == {"authenticated": True, "username": person.username, "kind": "authenticated", "idle_seconds": 3600}


def test_status_of_what_is_not_good_says_so(one_member, clock):
    clock(hours=9)
    over = {"authenticated": False, "detail": "Invalid or expired session"}
    assert one_member.get("/auth/status").json == over
    stranger = Visitor(one_member.server)
    stranger.cookies["sessionid"] = "x" * 32
    assert stranger.get("/auth/status").json == over
    for method in ("POST", "PUT", "DELETE"):
        assert stranger.request(method, "/auth/status").status == 405


def test_a_remembered_sign_in_has_its_month(one_site, person):
    status = sign_in(one_site, person, remember_me="1").get("/auth/status").json
    assert 2591990 <= status["expires_in"] <= 2592000 and status["idle_seconds"] == 0


def test_an_end_that_is_fixed_comes_nearer(one_site, person, postgresql, clock):
    visitor = sign_in(one_site, person)
    become(postgresql, visitor, "api")
    clock(minutes=20)
    assert 2395 <= visitor.get("/auth/status").json["expires_in"] <= 2400


def test_the_profile_is_what_earlier_systems_said(site, person, clock):
    """A cookie demo: {"message": "Welcome, alice!"}, or 401 with a detail."""
    visitor = sign_in(site, person)
    reply = visitor.get("/profile", headers=JSON)
    assert (reply.status, reply.json) == (200, {"message": f"Welcome, {person.username}!", "username": person.username})
    for somebody in (Visitor(site), visitor):
        clock(hours=9)
        reply = somebody.get("/profile", headers=JSON)
        assert (reply.status, reply.json["detail"]) == (401, "Invalid or expired session")


# The policy.

def test_everybody_may_read_what_holds_for_them(one_site, person, stack):
    assert Visitor(one_site).get("/api/session/policies").status == 401
    assert stack.command("policy", "set", person.username, "authenticated", "idle_minutes=7", "bind_address=off").returncode == 0
    data = sign_in(one_site, person, remember_me="1").get("/api/session/policies").json
    assert set(data) == {"policies", "remember_days", "remember_bind_address", "this_session"}
    assert data["this_session"] == {"lifetime_minutes": 43200, "idle_minutes": 7, "concurrent": 5, "bind_address": "off",
                                    "bind_browser": "log", "extends": False, "extension_minutes": 0, "reauthenticate_hours": 24}
    assert data["policies"]["authenticated"]["idle_minutes"] == 60


# Ending all of one's own.

def test_all_sessions_of_a_person_end_at_once_with_this_one(site, person, mysql, postgresql, sql):
    here, *others = (sign_in(site, person, browser=browser) for browser in (BROWSER, PHONE, BROWSER))
    stranger = sign_in(site, add_person(mysql))
    assert here.post_json("/api/auth/logout-all-sessions", {}).status == 403, "not without a token"
    key = here.cookies["sessionid"]
    reply = here.api("/api/auth/logout-all-sessions", {})
    assert (reply.status, reply.json) == (200, {"success": True, "logged_out_sessions": 3})
    assert "Max-Age=0" in reply.cookie("sessionid")
    here.cookies["sessionid"] = key
    assert [kind_of(visitor) for visitor in (here, *others, stranger)] == [None] * 3 + ["authenticated"]
    assert sql(postgresql, "SELECT count(*), count(DISTINCT session) FROM gatehouse_audit WHERE user_id = %s AND "
               "event = 'session_ended' AND reason = 'by_person' AND actor IS NULL", str(person.id)) == (3, 3)
    assert Visitor(site).post_json("/api/auth/logout-all-sessions", {}).status == 401
    assert here.get("/api/auth/logout-all-sessions").status == 405


def test_without_a_body_it_works_too(one_member):
    reply = one_member.request("POST", "/api/auth/logout-all-sessions", None,
                               {**JSON, "X-CSRFToken": one_member.cookies["csrftoken"]})
    assert reply.json == {"success": True, "logged_out_sessions": 1}


# A person's summary.

def test_the_summary_counts_what_happened_with_the_account(one_site, person, mysql, clock):
    for _ in range(3):
        Visitor(one_site).post_json("/auth/login", {"username": person.username, "password": "wrong"})
    first = sign_in(one_site, person, "127.0.0.5")
    visitor = sign_in(one_site, person, "127.0.0.6")
    Visitor(one_site).post_json("/auth/login", {"username": add_person(mysql).username, "password": "wrong"})
    data = visitor.get("/api/auth/security-summary").json
    assert data.pop("last_failed_sign_in_at")[:4].isdigit()
    assert data.pop("authenticated_seconds_ago") < 10
    assert data == {"username": person.username, "kind": "authenticated", "concurrent_limit": 5, "active_sessions": 2,
                    "sign_ins_30_days": 2, "failed_sign_ins_24_hours": 3, "addresses_30_days": 2}
    clock(minutes=59)
    assert kind_of(first) == "authenticated"
    clock(minutes=61)
    assert first.get("/api/auth/security-summary").json["active_sessions"] == 1
    first = sign_in(one_site, person, remember_me="1")
    clock(hours=26)
    assert first.get("/api/auth/security-summary").json["failed_sign_ins_24_hours"] == 0
    assert Visitor(one_site).get("/api/auth/security-summary").status == 401


def test_nothing_failed_yet(one_member):
    data = one_member.get("/api/auth/security-summary").json
    assert (data["failed_sign_ins_24_hours"], data["last_failed_sign_in_at"]) == (0, None)


# For administrators.

def test_only_administrators_see_what_cleaning_has_to_do(admin, one_member):
    assert one_member.get("/api/session/cleanup-stats").status == 403
    assert Visitor(admin.server).get("/api/session/cleanup-stats").status == 401
    assert admin.get("/api/session/cleanup-stats").status == 200


def test_the_figures_of_cleaning(admin, mysql, postgresql, stack):
    assert stack.command("session", "clean").returncode == 0
    before = admin.get("/api/session/cleanup-stats").json
    assert set(before) == {"stored", "live", "expired", "idle", "orphaned", "ended_today", "idle_ended_today",
                           "over_limit_ended_today"}
    people = [add_person(mysql) for _ in range(4)]
    sign_in(admin.server, people[0])  # will rest too long
    ended = sign_in(admin.server, people[1])
    for _ in range(6):
        sign_in(admin.server, people[2])
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET expires_at = gatehouse_now() - interval '1 second' WHERE user_id = %s", (str(people[1].id),))
        cursor.execute("UPDATE gatehouse_session SET last_seen_at = last_seen_at - interval '61 minutes' WHERE user_id = %s", (str(people[0].id),))
        cursor.execute("INSERT INTO django_session VALUES (%s, 'x', gatehouse_now() - interval '1 second')", ("orphan" * 5,))
    after = admin.get("/api/session/cleanup-stats").json
    assert {name: after[name] - before[name] for name in after} == {
        "stored": 8, "live": 5, "expired": 1, "idle": 1, "orphaned": 1, "ended_today": 1, "idle_ended_today": 0,
        "over_limit_ended_today": 1}
    assert stack.command("session", "clean").returncode == 0
    clean = admin.get("/api/session/cleanup-stats").json
    assert {name: clean[name] - before[name] for name in clean} == {
        "stored": 5, "live": 5, "expired": 0, "idle": 0, "orphaned": 0, "ended_today": 3, "idle_ended_today": 1,
        "over_limit_ended_today": 1}
    assert kind_of(ended) is None


def test_an_administrator_ends_all_sessions_of_a_user_id(admin, mysql, one_member, postgresql, sql):
    person = add_person(mysql)
    visitors = [sign_in(admin.server, person) for _ in range(3)]
    path = f"/api/session/force-cleanup/{person.id}"
    assert one_member.api(path, {}).status == 403
    assert admin.post_json(path, {}).status == 403
    assert admin.get(path).status == 405
    reply = admin.api(path, {})
    assert (reply.status, reply.json) == (200, {"success": True, "user_id": str(person.id), "cleaned_sessions": 3})
    assert [kind_of(visitor) for visitor in visitors] == [None] * 3
    assert kind_of(admin) == "admin"
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_audit WHERE user_id = %s AND event = 'session_ended' AND "
               "reason = 'by_administrator' AND actor = %s", str(person.id), admin.person.username) == (3,)
    assert admin.api(path, {}).json["cleaned_sessions"] == 0
    assert admin.api("/api/session/force-cleanup/", {}).status == 404
    assert admin.api("/api/session/force-cleanup/nobody%27--", {}).json["cleaned_sessions"] == 0


def test_a_guests_session_can_be_ended_by_its_id_too(admin, stack):
    site = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        guest = begin_guest(site, "somebody@example.org")
        listed = stack.command("session", "list", "--json").stdout
        id = guest.get("/auth/status").json["session"]
        owner = next(line["user_id"] for line in map(json.loads, listed.splitlines()) if line["id"] == id)
        assert admin.api(f"/api/session/force-cleanup/{owner}", {}).json["cleaned_sessions"] == 1
        assert kind_of(guest) is None
    finally:
        site.stop()

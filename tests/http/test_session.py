"""What keeps somebody signed in, and what ends it."""
import threading

from support.site import Visitor


def test_it_ends_after_eight_hours_even_in_use(member, clock):
    for minutes in range(50, 480, 50):
        clock(minutes=minutes)
        assert member.get("/protected").status == 200
    clock(minutes=479)
    assert member.get("/protected").status == 200
    clock(minutes=481)
    reply = member.get("/protected")
    assert reply.status == 303 and "notice=expired" in reply.location


def test_it_ends_after_an_hour_without_use(member, clock):
    clock(minutes=59)
    assert member.get("/protected").status == 200
    clock(minutes=118)
    assert member.get("/protected").status == 200
    clock(minutes=180)
    assert member.get("/protected").status == 303


def test_programs_are_told_in_their_words(member, clock):
    member.headers["Accept"] = "application/json"
    assert member.get("/protected").json == {"message": f"Hello {member.person.username}"}
    clock(hours=9)
    reply = member.get("/protected")
    assert reply.status == 401
    assert reply.json["error"] == "session_expired"
    assert reply.json["detail"] == "Invalid or expired session"
    assert reply.json["login_url"] == "/auth/login"
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    reply = Visitor(member.server, html=False).get("/protected")
    assert reply.status == 401 and reply.json["error"] == "authentication_required"


def test_a_changed_cookie_lets_nobody_in(one_member):
    key = one_member.cookies["sessionid"]
    for changed in (key[:-1] + ("a" if key[-1] != "a" else "b"), key.upper(), key + "a", key[:-1], "", "x" * 5000,
                    "'; DROP TABLE django_session; --", key + "%00"):
        one_member.cookies["sessionid"] = changed
        assert one_member.get("/protected").status == 303, changed
    one_member.cookies["sessionid"] = key
    assert one_member.get("/protected").status == 200


def test_a_row_that_was_tampered_with_is_refused_and_left_alone(one_member, postgresql, sql):
    key = one_member.cookies["sessionid"]
    data = sql(postgresql, "SELECT session_data FROM django_session WHERE session_key = %s", key)[0]
    payload, time, signature = data.split(":")
    for bad in (f"{payload[:-2]}AA:{time}:{signature}", f"{payload}:1r31eq:{signature}", "nonsense", "",
                f"{payload}:{time}:{signature[:-1]}", "::", "e30:1r31eq:waMZJhLTNFAzbSK4udQnoGO6T3_Mb-cLgIHMvVF3Dek"):
        with postgresql.cursor() as cursor:
            cursor.execute("UPDATE django_session SET session_data = %s WHERE session_key = %s", (bad, key))
        assert one_member.get("/protected").status == 303, bad
        assert sql(postgresql, "SELECT session_data FROM django_session WHERE session_key = %s", key) == (bad,)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE django_session SET session_data = %s WHERE session_key = %s", (data, key))
    assert one_member.get("/protected").status == 200


def test_a_companion_that_names_somebody_else_is_refused(one_member, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET user_id = '1' WHERE session_key = %s",
                       (one_member.cookies["sessionid"],))
    assert one_member.get("/protected").status == 303


def test_django_may_move_its_date_but_not_our_limit(one_member, postgresql, clock):
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE django_session SET expire_date = now() + interval '14 days' WHERE session_key = %s",
                       (one_member.cookies["sessionid"],))
    clock(hours=9)
    assert one_member.get("/protected").status == 303


def test_a_stranger_costs_no_row(visitor, postgresql, sql):
    before = sql(postgresql, "SELECT count(*) FROM django_session")
    visitor.get("/auth/login")
    visitor.get("/dashboard")
    visitor.get("/auth/status")
    assert sql(postgresql, "SELECT count(*) FROM django_session") == before


def test_status_tells_whether_one_is_signed_in(member, visitor):
    assert visitor.get("/auth/status").json == {"authenticated": False}
    status = member.get("/auth/status").json
    assert status["authenticated"] is True and status["username"] == member.person.username
    assert 28700 < status["expires_in"] <= 28800
    assert member.cookies["sessionid"] not in str(status)


def test_use_is_noted_about_once_a_minute(one_member, postgresql, sql, clock):
    key = one_member.cookies["sessionid"]

    def seen():
        return sql(postgresql, "SELECT last_seen_at FROM gatehouse_session WHERE session_key = %s", key)[0]
    first = seen()
    one_member.get("/protected")
    assert seen() == first
    clock(seconds=90)
    one_member.get("/protected")
    assert seen() > first


def test_a_session_that_ended_is_never_brought_back(one_site, person, postgresql, sql, clock):
    """Twenty requests that would note its use, while it is destroyed."""
    visitor = Visitor(one_site)
    visitor.sign_in(person)
    key = visitor.cookies["sessionid"]
    clock(seconds=120)
    others = [Visitor(one_site) for _ in range(20)]
    for other in others:
        other.cookies["sessionid"] = key
    threads = [threading.Thread(target=other.get, args=("/protected",)) for other in others]
    for i, thread in enumerate(threads):
        thread.start()
        if i == 10:
            with postgresql.cursor() as cursor:
                cursor.execute("DELETE FROM django_session WHERE session_key = %s", (key,))
    for thread in threads:
        thread.join()
    assert sql(postgresql, "SELECT count(*) FROM django_session WHERE session_key = %s", key) == (0,)
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_session WHERE session_key = %s", key) == (0,)
    assert visitor.get("/protected").status == 303

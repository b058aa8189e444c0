"""Signing in."""
import re
import threading
import time

import pytest

from support.site import Visitor, add_person, bcrypt


def test_the_page_has_a_form_that_works_without_javascript(visitor):
    for path in ("/auth/login", "/login"):
        page = visitor.get(path)
        assert page.status == 200
        assert 'name="username"' in page.text and 'name="password"' in page.text
        assert 'name="remember_me"' in page.text and 'name="csrfmiddlewaretoken"' in page.text
        assert page.headers["Cache-Control"] == "no-store"


def test_a_username_and_password_lead_to_the_landing_page(visitor, person):
    reply = visitor.sign_in(person)
    assert (reply.status, reply.location) == (303, "/dashboard")
    assert visitor.get("/dashboard").status == 200


def test_the_email_address_works_as_well_and_case_does_not_matter(visitor, person):
    for name in (person.email, person.username.upper(), person.email.upper()):
        reply = Visitor(visitor.server).post("/login", {"username": f" {name} ", "password": person.password})
        assert reply.status == 303, name


def test_a_wrong_password_keeps_what_was_typed_but_never_the_password(visitor, person):
    reply = visitor.post("/auth/login", {"username": person.username, "password": "wrong horse",
                                         "remember_me": "on", "next": "/chat/"})
    assert reply.status == 401
    assert "Invalid username or password" in reply.text
    assert reply.value("username") == person.username
    assert reply.value("next") == "/chat/"
    assert "wrong horse" not in reply.text
    assert reply.cookie("sessionid") is None


def test_an_unknown_person_gets_the_same_answer(visitor):
    reply = visitor.post("/auth/login", {"username": "nobody-here", "password": "x"})
    assert reply.status == 401 and "Invalid username or password" in reply.text


def quickest_refusal(visitor, names):
    """Seconds; the quickest of them, because other work on the machine only ever adds."""
    took = []
    for name in names:
        start = time.monotonic()
        assert visitor.post_json("/auth/login", {"username": name, "password": "wrong"}).status == 401
        took.append(time.monotonic() - start)
    return min(took)


@pytest.mark.alone
def test_an_unknown_person_costs_the_same_work(one_visitor, mysql):
    """At cost 8 a hash takes about 15 ms, a look-up without one a millisecond."""
    known = [add_person(mysql).username for _ in range(10)]
    wrong = quickest_refusal(one_visitor, known)
    nobody = quickest_refusal(one_visitor, [f"nobody-{i}-{known[0]}" for i in range(10)])
    assert wrong / 2 < nobody < wrong * 2


def test_somebody_disabled_is_told_so_only_with_the_right_password(one_visitor, mysql):
    person = add_person(mysql, active=0)
    assert one_visitor.sign_in(person).status == 403
    assert "Account is disabled" in one_visitor.sign_in(person).text
    reply = one_visitor.post("/auth/login", {"username": person.username, "password": "wrong"})
    assert reply.status == 401


def test_empty_fields_are_named(visitor):
    reply = visitor.post("/auth/login", {"username": "", "password": ""})
    assert reply.status == 400
    assert reply.field_error("username") == "Enter your username or email address."
    assert reply.field_error("password") == "Enter your password."


@pytest.mark.parametrize("bytes_", ["a%00b", "%ff%fe", "%ed%a0%80", "a%1bb"])
def test_bytes_that_are_no_text_are_refused_beside_the_field(one_visitor, bytes_):
    token = one_visitor.token()
    reply = one_visitor.request("POST", "/auth/login",
                                f"csrfmiddlewaretoken={token}&username={bytes_}&password=x",
                                type="application/x-www-form-urlencoded")
    assert reply.status == 400
    assert reply.field_error("username")
    reply = one_visitor.request("POST", "/auth/login",
                                f"csrfmiddlewaretoken={token}&username=x&password={bytes_}",
                                type="application/x-www-form-urlencoded")
    assert reply.status == 400
    assert reply.field_error("password")


def test_overlong_fields_are_refused_beside_the_field(one_visitor):
    reply = one_visitor.post("/auth/login", {"username": "a" * 255, "password": "p" * 4097})
    assert reply.status == 400
    assert reply.field_error("username") and reply.field_error("password")


def test_an_old_password_longer_than_bcrypt_reads_still_works(one_visitor, mysql):
    person = add_person(mysql, password="é" * 50)
    assert one_visitor.sign_in(person).status == 303


@pytest.mark.parametrize("wanted, landed", [
    ("/chat/?session_id=1&x=%2F", "/chat/?session_id=1&x=%2F"), ("//evil.example/", "/dashboard"),
    ("https://evil.example/", "/dashboard"), ("/\\evil.example", "/dashboard"), ("/%0d%0aX: y", "/%0d%0aX: y"),
    ("javascript:alert(1)", "/dashboard"), ("", "/dashboard")])
def test_only_a_local_path_is_gone_to_after_sign_in(one_visitor, person, wanted, landed):
    reply = one_visitor.sign_in(person, next=wanted)
    if " " in wanted:
        landed = "/dashboard"
    assert (reply.status, reply.location) == (303, landed)


def test_somebody_signed_in_is_sent_on(member):
    assert member.get("/auth/login").location == "/dashboard"
    assert member.get("/auth/login?next=/chat/").location == "/chat/"
    assert member.get("/auth/login?next=//evil.example").location == "/dashboard"


def test_the_wall_remembers_where_somebody_was_going(visitor, person):
    reply = visitor.get("/chat/?session_id=abc&b=1")
    assert reply.status == 303
    assert reply.location == "/auth/login?next=%2Fchat%2F%3Fsession_id%3Dabc%26b%3D1"
    page = visitor.get(reply.location)
    assert page.value("next") == "/chat/?session_id=abc&b=1"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor, person):
    cookie = visitor.sign_in(person).cookie("sessionid")
    assert re.match(r"sessionid=[a-z0-9]{32}; Path=/; SameSite=Lax; HttpOnly$", cookie)


def test_remember_me_lasts_thirty_days(visitor, person, clock):
    cookie = visitor.sign_in(person, remember_me="on").cookie("sessionid")
    assert "Max-Age=2592000" in cookie
    clock(days=29)
    assert visitor.get("/dashboard").status == 200
    clock(days=31)
    assert visitor.get("/dashboard").status == 303


def test_each_sign_in_has_a_new_key_and_the_old_one_is_worth_nothing(one_visitor, person, postgresql, sql):
    one_visitor.sign_in(person)
    first = one_visitor.cookies["sessionid"]
    csrf = one_visitor.cookies["csrftoken"]
    reply = one_visitor.post("/auth/login", {"username": person.username, "password": person.password})
    assert reply.status == 303
    assert one_visitor.cookies["sessionid"] != first
    assert one_visitor.cookies["csrftoken"] != csrf
    assert sql(postgresql, "SELECT count(*) FROM django_session WHERE session_key = %s", first) == (0,)


def test_a_key_chosen_by_somebody_else_is_never_taken(one_visitor, person):
    planted = "a" * 32
    one_visitor.cookies["sessionid"] = planted
    reply = one_visitor.post("/auth/login", {"username": person.username, "password": person.password},
                             one_visitor.token())
    assert reply.status == 303
    assert one_visitor.cookies["sessionid"] != planted


def test_five_failures_make_the_sixth_wait_even_with_the_right_password(visitor, person, clock):
    for _ in range(5):
        assert visitor.post("/auth/login", {"username": person.username, "password": "wrong"}).status == 401
    for password in ("wrong", person.password):
        reply = visitor.post("/auth/login", {"username": person.username, "password": password})
        assert reply.status == 429
        assert 0 < int(reply.headers["Retry-After"]) <= 900
        assert "Too many attempts. Try again in 15 minutes." in reply.text
    clock(minutes=16)
    assert visitor.sign_in(person).status == 303


def test_a_username_and_an_email_are_one_account(one_visitor, person):
    for name in (person.username, person.email, person.username.upper(), f" {person.email} ", person.username):
        assert one_visitor.post("/auth/login", {"username": name, "password": "wrong"}).status == 401
    assert one_visitor.post("/auth/login", {"username": person.email, "password": person.password}).status == 429


@pytest.mark.alone
def test_a_wrong_password_takes_as_long_on_a_weaker_hash(one_visitor, mysql):
    """Tables are re-hashed bit by bit; how long an answer takes must not tell whose hash is old."""
    weak = [add_person(mysql, stored=bcrypt("x", 5)) for _ in range(8)]
    usual = [add_person(mysql) for _ in range(8)]
    one = quickest_refusal(one_visitor, [person.username for person in weak])
    other = quickest_refusal(one_visitor, [person.username for person in usual])
    assert other / 2 < one < other * 2


def test_a_success_forgives_the_failures_before_it(one_visitor, person):
    for _ in range(2):
        for _ in range(4):
            one_visitor.post("/auth/login", {"username": person.username, "password": "wrong"})
        assert one_visitor.sign_in(person).status == 303


def test_a_lock_is_for_one_account_only(one_visitor, person, mysql):
    for _ in range(6):
        one_visitor.post("/auth/login", {"username": person.username, "password": "wrong"})
    assert one_visitor.sign_in(add_person(mysql)).status == 303


def test_many_guesses_at_once_are_many(one_site, person):
    """Twenty at the same moment: five are tried, the rest wait."""
    statuses = []

    def guess():
        statuses.append(Visitor(one_site).post_json(
            "/auth/login", {"username": person.username, "password": "wrong"}).status)
    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(401) == 5
    assert statuses.count(429) == 15


def test_programs_sign_in_with_json(site, person):
    program = Visitor(site, html=False)
    reply = program.post_json("/auth/login", {"username": person.username, "password": person.password})
    assert reply.status == 200
    assert reply.json == {"success": True, "message": "You are signed in.", "redirect": "/dashboard"}
    assert program.get("/profile").json["message"] == f"Welcome, {person.username}!"
    reply = Visitor(site).post_json("/auth/login", {"username": person.username, "password": "wrong"})
    assert reply.status == 401
    assert reply.json["error"] == "invalid_credentials"
    assert reply.json["message"] == "Invalid username or password."
    reply = Visitor(site).post_json("/auth/login", {"username": "", "password": ""})
    assert reply.status == 400 and set(reply.json["fields"]) == {"username", "password"}


def test_a_weak_hash_is_replaced_and_nobody_is_signed_out(one_site, mysql, sql, postgresql):
    person = add_person(mysql, stored=bcrypt("correct horse battery", 5, "2y"))
    before = sql(mysql, "SELECT password_hash FROM users WHERE id = %s", person.id)[0]
    other = Visitor(one_site)
    # signed in elsewhere while the hash was the old one
    other.sign_in(person)
    middle = sql(mysql, "SELECT password_hash FROM users WHERE id = %s", person.id)[0]
    assert before.startswith("$2y$05$") and middle.startswith("$2y$08$")
    assert other.get("/dashboard").status == 200
    # once more by hand: weaken it, keep the first session signed with the weak one
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s",
                       (bcrypt("correct horse battery", 6), person.id))
    third = Visitor(one_site)
    third.sign_in(person)
    fourth = Visitor(one_site)
    fourth.sign_in(person)
    assert third.get("/dashboard").status == 200


def test_sessions_follow_a_rehash(one_site, mysql, clock, stack):
    """Two devices; the second signs in after the table's hash was strengthened by the first."""
    person = add_person(mysql, stored=bcrypt("correct horse battery", 8))
    first = Visitor(one_site)
    first.sign_in(person)
    weak = bcrypt("correct horse battery", 5)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (weak, person.id))
    # a session begun with the weak hash, on a server that does not re-hash
    lazy = stack.start("lighttpd", {"GATEHOUSE_USERS_REHASH": "off"})
    second = Visitor(lazy)
    second.sign_in(person)
    third = Visitor(one_site)
    third.sign_in(person)  # this one re-hashes
    clock(seconds=61)      # and now everybody is looked up again
    second.server = one_site
    assert second.get("/dashboard").status == 200
    assert third.get("/dashboard").status == 200
    assert first.get("/dashboard").status == 303  # its password had been another
    lazy.stop()


def test_a_new_password_ends_the_other_sessions(one_member, mysql, clock):
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s",
                       (bcrypt("another horse"), one_member.person.id))
    assert one_member.get("/dashboard").status == 200  # looked up a moment ago
    clock(seconds=61)
    assert one_member.get("/dashboard").status == 303


def test_somebody_who_was_disabled_is_out_within_a_minute(one_member, mysql, clock):
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET is_active = 0 WHERE id = %s", (one_member.person.id,))
    clock(seconds=61)
    assert one_member.get("/dashboard").status == 303


def test_a_name_that_only_the_database_holds_equal_is_nobody(one_visitor, mysql):
    person = add_person(mysql)
    accented = person.username.replace("p", "ṗ", 1)
    reply = one_visitor.post("/auth/login", {"username": accented, "password": person.password})
    assert reply.status == 401


def test_one_text_that_names_two_people_names_nobody(one_visitor, mysql):
    person, other = add_person(mysql), add_person(mysql)
    with mysql.cursor() as cursor:
        cursor.execute("UPDATE users SET email = %s WHERE id = %s", (person.username, other.id))
    assert one_visitor.sign_in(person).status == 401

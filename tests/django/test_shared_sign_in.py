"""identity = shared_table: one sign-in for Gatehouse and a real Django project."""
import threading

from support.site import add_person, new_name


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
    name = new_name("newcomer")
    fields = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery",
              "password_confirm": "correct horse battery", "terms": "on"}
    reply = browser.gatehouse.post("/register", fields, browser.gatehouse.token("/register"))
    assert reply.status == 303, reply.text
    assert browser.names() == (name, name)


def test_two_requests_at_once_adopt_a_session_once(browser, person, postgresql, sql):
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
    assert sql(postgresql, "SELECT count(*), min(event), min(reason), bool_and(a.username = g.username) "
                           "FROM gatehouse_audit a JOIN gatehouse_session g ON a.session = g.public_id "
                           "WHERE session_key = %s", browser.key) == (1, "sign_in", "django", True)


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


def endings(postgresql, person):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT event, reason, actor, session IS NOT NULL, kind FROM gatehouse_audit WHERE user_id = %s "
                       "AND event IN ('session_ended', 'sign_out') ORDER BY id", (str(person.id),))
        return cursor.fetchall()


def test_what_django_ends_is_in_the_audit_trail(browser, person, postgresql):
    browser.sign_in_at_gatehouse(person)
    assert browser.django.post("/logout", {}, None).status == 200
    by_django = ("session_ended", "django", "django", True, "authenticated")
    assert endings(postgresql, person) == [by_django]
    browser.cookies.clear()
    browser.sign_in_at_django(person)
    assert browser.name_at_gatehouse() == person.username
    assert browser.django.post("/logout", {}, None).status == 200
    assert endings(postgresql, person) == [by_django] * 2
    browser.cookies.clear()
    browser.sign_in_at_gatehouse(person)
    activity = browser.gatehouse.get("/activity").text
    assert activity.count("A sign-in ended at the site that shares it with this one") == 2 and "by the other site" in activity


def test_what_gatehouse_ends_is_there_once(browser, person, postgresql):
    for _ in range(2):
        browser.sign_in_at_gatehouse(person)
        assert browser.gatehouse.post("/auth/logout", {}).status == 303
        browser.cookies.clear()
    assert [entry[:3] for entry in endings(postgresql, person)] == [("sign_out", None, None)] * 2


def test_what_was_over_when_django_cleared_it_is_no_act_of_django(browser, neighbour, person, postgresql, clock):
    browser.sign_in_at_gatehouse(person)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_session SET created_at = created_at - interval '9 hours', expires_at = expires_at - interval '9 hours', "
                       "ends_at = ends_at - interval '9 hours' WHERE user_id = %s", (str(person.id),))
        cursor.execute("UPDATE django_session SET expire_date = expire_date - interval '9 hours' WHERE session_key = %s", (browser.key,))
    neighbour.manage("clearsessions")
    assert [entry[:3] for entry in endings(postgresql, person)] == [("session_ended", "expired", "django")]


def test_a_project_whose_role_knows_no_trail_can_sign_out(browser, person, postgresql, stack):
    """The trigger writes with the owner's rights, and finds the owner's tables whatever the caller put in the way."""
    browser.sign_in_at_gatehouse(person)
    superuser = stack.postgresql("postgres")
    with superuser.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS some_project")
        cursor.execute("CREATE ROLE some_project")
        cursor.execute("GRANT SELECT, DELETE ON django_session TO some_project")
        cursor.execute("GRANT USAGE ON SCHEMA public TO some_project")
        cursor.execute("CREATE TEMP TABLE gatehouse_audit AS SELECT public_id AS session, 'session_ended' AS event FROM gatehouse_session")
        cursor.execute("SET ROLE some_project")
        cursor.execute("DELETE FROM django_session WHERE session_key = %s", (browser.key,))
        cursor.execute("RESET ROLE")
        cursor.execute("DROP OWNED BY some_project")
        cursor.execute("DROP ROLE some_project")
    superuser.close()
    assert [entry[:3] for entry in endings(postgresql, person)] == [("session_ended", "django", "django")]


def test_another_person_at_django_takes_the_place_of_the_first(browser, person, mysql, row):
    browser.sign_in_at_gatehouse(person)
    first = browser.key
    other = add_person(mysql)
    browser.sign_in_at_django(other)
    assert browser.names() == (other.username, other.username)
    assert row(first) is None

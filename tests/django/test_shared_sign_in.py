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


def test_another_person_at_django_takes_the_place_of_the_first(browser, person, mysql, row):
    browser.sign_in_at_gatehouse(person)
    first = browser.key
    other = add_person(mysql)
    browser.sign_in_at_django(other)
    assert browser.names() == (other.username, other.username)
    assert row(first) is None

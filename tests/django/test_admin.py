"""identity = shared_table: the admin site of a real Django project is one of both sites."""
from support.site import add_person


def test_signing_in_at_the_admin_site_gives_a_session_at_gatehouse(browser, colleague, companion):
    browser.sign_in_at_admin(colleague)
    assert companion(browser.key) is None
    assert browser.names() == (colleague.username, colleague.username)
    assert companion(browser.key) == (str(colleague.id), colleague.username, "django")
    page = browser.gatehouse.get("/dashboard")
    assert page.status == 200 and colleague.username in page.text


def test_who_signs_in_at_gatehouse_need_not_at_the_admin_site(browser, colleague):
    browser.sign_in_at_gatehouse(colleague)
    page = browser.django.get("/admin/")
    assert page.status == 200 and "Site administration" in page.text and "Colleagues" in page.text


def test_signing_out_at_the_admin_site_ends_it_at_both(browser, colleague, row, companion):
    for sign_in in (browser.sign_in_at_gatehouse, browser.sign_in_at_admin):
        sign_in(colleague)
        assert browser.names() == (colleague.username, colleague.username)
        key = browser.key
        browser.sign_out_at_admin()
        assert row(key) is None and companion(key) is None
        browser.cookies["sessionid"] = key  # a copy of the cookie is worth nothing either
        assert browser.names() == (None, None)
        assert browser.django.get("/admin/").status == 302
        browser.cookies.clear()


def test_signing_out_at_gatehouse_ends_it_at_the_admin_site(browser, colleague):
    browser.sign_in_at_admin(colleague)
    assert browser.gatehouse.post("/auth/logout", {}).status == 303
    reply = browser.django.get("/admin/")
    assert reply.status == 302 and reply.location.startswith("/admin/login/")


def test_the_admin_site_is_for_colleagues(browser, neighbour, person):
    browser.sign_in_at_gatehouse(person)
    assert browser.django.get("/admin/").status == 302
    browser.cookies.clear()
    fields = {"username": person.username, "password": person.password}
    reply = browser.django.post("/admin/login/", fields, browser.django.token("/admin/login/"))
    assert reply.status == 200 and "staff account" in reply.text
    assert browser.names() == (None, None)


def test_what_a_colleague_does_there_is_noted_beside_the_people(browser, colleague, mysql, sql):
    browser.sign_in_at_gatehouse(colleague)
    friend = add_person(mysql)
    token = browser.django.token("/admin/people/colleague/add/")
    assert browser.django.post("/admin/people/colleague/add/", {"person": friend.id}, token).status == 302
    assert sql(mysql, "SELECT count(*) FROM django_admin_log WHERE user_id = %s", colleague.id) == (1,)
    page = browser.django.get("/admin/")
    assert "Colleague object" in page.text  # under "Recent actions", for which the log is joined with the people
    browser.cookies.clear()
    browser.sign_in_at_admin(friend)
    assert browser.name_at_gatehouse() == friend.username

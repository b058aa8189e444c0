"""identity = shared_table: each other's CSRF cookies and tokens, in each other's forms."""


def test_a_csrf_cookie_of_django_works_in_our_form(browser, person):
    browser.django.get("/form")
    cookie = browser.cookies["csrftoken"]
    token = browser.gatehouse.token()
    assert browser.cookies["csrftoken"] == cookie
    reply = browser.gatehouse.post("/auth/login", {"username": person.username, "password": person.password}, token)
    assert reply.status == 303


def test_a_token_of_django_works_in_our_form_too(browser, person):
    token = browser.django.get("/form").text.strip()
    assert len(token) == 64
    reply = browser.gatehouse.post("/auth/login", {"username": person.username, "password": person.password}, token)
    assert reply.status == 303


def test_a_csrf_cookie_of_ours_works_in_a_form_of_django(browser, person):
    token = browser.gatehouse.token()
    assert browser.django.post("/form", {}, token).text == "accepted"
    assert browser.django.post("/form", {}, "a" * 64).status == 403
    browser.sign_in_at_gatehouse(person)  # which changes the cookie
    token = browser.django.get("/form").text.strip()
    assert browser.django.post("/form", {}, token).text == "accepted"
    token = browser.gatehouse.token("/protected")
    assert browser.django.post("/form", {}, token).text == "accepted"

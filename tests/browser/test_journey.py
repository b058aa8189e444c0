"""The main job in a browser: sign up, sign in, chat, sign out. With JavaScript and without."""
import re

import pytest

from conftest import WAYS
from support.site import new_name


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def browser(open_device, request):
    javascript, device = request.param
    return open_device(device, javascript=javascript)


def newcomer():
    name = new_name("b")
    return {"username": name, "email": f"{name}@example.org", "password": "a long password"}


def sign_up(browser, person):
    browser.open("/")
    browser.wait(lambda: browser.path.startswith("/auth/login"))
    browser.press("Create an account")
    browser.wait(lambda: browser.path == "/auth/register")
    browser.type("username", person["username"])
    browser.type("email", person["email"])
    browser.type("password", person["password"])
    browser.type("password_confirm", person["password"])
    browser.one('main form [type="submit"]').click()
    browser.wait(lambda: browser.path == "/")


def ask(browser, question, answers):
    """Ask, and wait until there are so many answers."""
    browser.type("message", question)
    browser.one("#send").click()
    browser.wait(lambda: len(browser.all(".messages .message-answer .prose")) >= answers and question in browser.text
                 and not browser.all('.messages[aria-busy="true"]'))


def sign_out(browser):
    for button in browser.all('form[action$="/auth/logout"] button'):
        if button.is_displayed():
            button.click()
            break
    else:
        browser.one("header summary").click()
        browser.one('form[action$="/auth/logout"] button').click()
    browser.wait(lambda: browser.path.startswith("/auth/login"))


def test_the_whole_journey(browser):
    person = newcomer()
    sign_up(browser, person)
    assert person["username"] in browser.text

    browser.open("/chat/")
    ask(browser, "How do I register a GmbH in Germany?", 1)
    links = [link.get_attribute("href") for link in browser.all('.messages a[href*="/articles/germany-"]')]
    assert links
    ask(browser, "And what taxes does the company pay?", 2)
    browser.wait(lambda: re.search(r"session_id=[0-9a-f-]{36}", browser.path))
    conversation = browser.path.split("#")[0]

    browser.open(links[0].removeprefix(browser.site.url))
    assert "Sample text" in browser.text

    browser.open("/dashboard")
    assert "How do I register a GmbH in Germany?" in browser.text
    row = next(a for a in browser.all("main a") if "How do I register a GmbH" in a.text)
    assert "Continue" in row.text
    row.click()
    browser.wait(lambda: "session_id=" in browser.path)
    assert browser.path.split("#")[0] == conversation
    assert "And what taxes does the company pay?" in browser.text

    sign_out(browser)
    assert "signed out" in browser.text
    browser.driver.back()
    browser.driver.refresh()
    assert "GmbH" not in browser.text

    browser.open(conversation)
    browser.wait(lambda: browser.path.startswith("/auth/login"))
    browser.type("username", person["email"])
    browser.type("password", "not the password")
    browser.one('main form [type="submit"]').click()
    browser.wait(lambda: "Invalid username or password" in browser.text)
    assert browser.one('main [name="username"]').get_attribute("value") == person["email"]
    assert browser.one('main [name="password"]').get_attribute("value") == ""
    browser.type("password", person["password"])
    browser.one('main form [type="submit"]').click()
    browser.wait(lambda: browser.path == conversation)
    assert "And what taxes does the company pay?" in browser.text
    assert browser.complaints() == []


def test_country_and_service_are_chosen_and_shown(browser):
    sign_up(browser, newcomer())
    browser.open("/country/")
    for name, value in (("country", "Singapore"), ("service_type", "Tax")):
        field = browser.one(f'main [name="{name}"]')
        if field.tag_name == "select":
            browser.one(f'main [name="{name}"] option[value="{value}"]').click()
        else:
            browser.one(f'main [name="{name}"][value="{value}"]').click()
    browser.one('main form[action$="/proceed-to-chat"] [type="submit"]').click()
    browser.wait(lambda: browser.path.startswith("/chat/?session_id="))
    assert "Singapore" in browser.text and "Tax" in browser.text
    ask(browser, "When is my tax return due?", 1)
    assert browser.all('.messages a[href*="/articles/singapore-"]')


def test_a_suggestion_is_a_question_that_can_be_asked(browser):
    sign_up(browser, newcomer())
    browser.open("/chat/")
    suggestion = browser.one('button[name="message"]')
    title = suggestion.text
    suggestion.click()
    browser.wait(lambda: len(browser.all(".messages .message-answer")) == 1)
    assert title in browser.text


def test_a_mistake_at_sign_up_is_explained_beside_the_field(browser):
    browser.open("/auth/register")
    browser.type("username", "a@b")
    browser.type("email", "nothing")
    browser.type("password", "short")
    browser.one('main form [type="submit"]').click()
    browser.wait(lambda: browser.all('[aria-invalid="true"]'))
    for name in ("username", "email", "password", "password_confirm"):
        field = browser.one(f'main [name="{name}"]')
        assert field.get_attribute("aria-invalid") == "true"
        described = field.get_attribute("aria-describedby").split()
        assert any(browser.one(f"#{id}").text for id in described)
    assert browser.one('main [name="username"]').get_attribute("value") == "a@b"
    assert browser.one('main [name="password"]').get_attribute("value") == ""

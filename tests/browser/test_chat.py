"""The chat with JavaScript: without a page load, and kind when something goes wrong."""
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support.site import Visitor
from test_pages import give_cookies


@pytest.fixture
def chat(browser, one_member):
    give_cookies(browser, one_member)
    browser.open("/chat/")
    browser.member = one_member
    return browser


def answers(browser):
    return browser.all(".messages .message-answer")


def test_enter_sends_and_shift_enter_breaks_the_line(chat):
    chat.driver.execute_script("window.sameDocument = true")
    box = chat.one("#message")
    box.send_keys("How do I register")
    ActionChains(chat.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    box.send_keys("a GmbH in Germany?")
    assert "\n" in box.get_attribute("value")
    assert not answers(chat)
    box.send_keys(Keys.ENTER)
    chat.wait(lambda: len(answers(chat)) == 1)
    chat.wait(lambda: "session_id=" in chat.path and chat.one("#message").get_attribute("value") == "")
    assert chat.driver.execute_script("return window.sameDocument") is True  # no page load
    chat.wait(lambda: chat.one("#announcer").get_attribute("textContent").strip() != "")
    chat.driver.refresh()
    assert len(answers(chat)) == 1 and "a GmbH in Germany?" in chat.text


def test_a_second_question_goes_into_the_same_conversation(chat):
    for count, text in ((1, "hello"), (2, "thanks")):
        chat.one("#message").send_keys(text, Keys.ENTER)
        chat.wait(lambda: len(answers(chat)) == count)
    assert len(chat.member.get("/api/chat").json["conversations"]) == 1


def test_markup_in_a_message_stays_text(chat):
    chat.one("#message").send_keys("<img src=x onerror=\"document.title='broken in'\"> <b>x</b>", Keys.ENTER)
    chat.wait(lambda: len(answers(chat)) == 1)
    assert "<b>x</b>" in chat.text
    assert chat.driver.title != "broken in"
    assert chat.complaints() == []


def test_a_sign_in_that_ran_out_keeps_the_message(chat, clock, person):
    clock(hours=9)
    chat.one("#message").send_keys("My question about VAT", Keys.ENTER)
    chat.wait(lambda: "ign in" in chat.text)
    link = chat.one('main a[href*="/auth/login"]')
    link.click()
    chat.wait(lambda: chat.path.startswith("/auth/login"))
    chat.type("username", person.username)
    chat.type("password", person.password)
    chat.one('main form [type="submit"]').click()
    chat.wait(lambda: chat.path.startswith("/chat/"))
    chat.wait(lambda: chat.one("#message").get_attribute("value") == "My question about VAT")


def test_a_failure_can_be_tried_again(chat, one_site, stack):
    chat.driver.execute_cdp_cmd("Network.enable", {})
    chat.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    chat.one("#message").send_keys("hello", Keys.ENTER)
    chat.wait(lambda: any(b.is_displayed() and b.text == "Try again" for b in chat.all("main button")))
    chat.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    chat.press("Try again")
    chat.wait(lambda: len(answers(chat)) == 1)


def test_an_answer_can_be_copied(chat):
    chat.one("#message").send_keys("hello", Keys.ENTER)
    chat.wait(lambda: len(answers(chat)) == 1)
    chat.driver.execute_cdp_cmd("Browser.grantPermissions", {
        "origin": chat.site.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    chat.press("Copy")
    chat.wait(lambda: "Copied" in chat.text)


def test_somebody_else_cannot_be_reached_through_the_script(chat, one_site, mysql):
    from support.site import add_person
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    foreign = other.api("/api/chat", {"message": "mine"}).json["session_id"]
    chat.open(f"/chat/?session_id={foreign}")
    assert "mine" not in chat.text and "nothing at this address" in chat.text

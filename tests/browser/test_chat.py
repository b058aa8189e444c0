"""The chat with JavaScript: without a page load, and kind when something goes wrong."""
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from support.site import Visitor, add_person
from test_pages import give_cookies


@pytest.fixture
def chat(browser, one_member):
    give_cookies(browser, one_member)
    browser.open("/chat/")
    browser.member = one_member
    return browser


def answers(browser):
    return browser.all(".messages .message-answer > .prose")  # not the one that is awaited


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
    chat.wait(lambda: chat.all('[data-tool="copy"]'))
    chat.may_copy()
    chat.press("Copy")
    chat.wait(lambda: "Copied" in chat.text)


def test_somebody_else_cannot_be_reached_through_the_script(chat, one_site, mysql):
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    foreign = other.api("/api/chat", {"message": "mine"}).json["session_id"]
    chat.open(f"/chat/?session_id={foreign}")
    assert "mine" not in chat.text and "nothing at this address" in chat.text


def test_what_was_just_asked_can_be_edited_in_its_place_and_on_a_page_of_its_own(chat):
    chat.one("#message").send_keys("How do I register a GmbH?", Keys.ENTER)
    chat.wait(lambda: chat.all('[data-tool="edit"]'))
    page = chat.one('[data-tool="edit"]').get_attribute("href")
    chat.wait(lambda: chat.all(".talk-tools [value=clear]"))  # what there is for a conversation is there at once
    chat.press("Edit")
    assert chat.one(".edit-form a.tool").get_attribute("href") == page
    chat.one(".edit-form textarea").send_keys(" Soon.", Keys.ENTER)
    chat.wait(lambda: "2 of 2" in chat.text)
    assert "a GmbH? Soon." in chat.one(".bubble").text and len(answers(chat)) == 1
    chat.driver.get(page)
    chat.type("message", "How do I register an UG?")
    chat.press("Save only")
    chat.wait(lambda: chat.path.startswith("/chat/?session_id="))
    chat.one('[data-tool="previous"]').click()
    chat.wait(lambda: "How do I register an UG?" in chat.one(".bubble").text)
    assert chat.complaints() == []


def value(browser):
    return browser.one("#message").get_attribute("value")


def test_a_draft_belongs_to_its_conversation_and_survives_closing_the_tab(chat):
    chat.one("#message").send_keys("hello", Keys.ENTER)
    chat.wait(lambda: "session_id=" in chat.path and chat.one("#send").is_displayed())
    conversation = chat.path
    chat.one("#message").send_keys("half a thought")
    chat.open("/chat/")
    assert value(chat) == ""
    chat.one("#message").send_keys("another one")
    first = chat.driver.current_window_handle
    chat.driver.switch_to.new_window("tab")
    second = chat.driver.current_window_handle
    chat.driver.switch_to.window(first)
    chat.driver.close()
    chat.driver.switch_to.window(second)
    chat.open("/chat/")
    assert value(chat) == "another one"
    chat.open(conversation)
    assert value(chat) == "half a thought"
    chat.one("#message").send_keys(Keys.ENTER)
    chat.wait(lambda: len(answers(chat)) == 2)
    chat.driver.refresh()
    assert value(chat) == ""


def kept(browser):
    return browser.driver.execute_script("return Object.keys(localStorage).filter(k => k.startsWith('gatehouse-draft')).length")


def test_drafts_are_gone_after_sign_out_and_for_somebody_else(chat, one_site, mysql):
    chat.one("#message").send_keys("a secret")
    assert kept(chat) == 1
    cookies = chat.driver.get_cookies()
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    give_cookies(chat, other)
    chat.open("/chat/")
    assert value(chat) == "" and kept(chat) == 0
    chat.driver.delete_all_cookies()
    for cookie in cookies:
        chat.driver.add_cookie(cookie)
    chat.open("/chat/")
    chat.one("#message").send_keys("a secret")
    assert kept(chat) == 1
    chat.press("Sign out")
    chat.wait(lambda: "signed out" in chat.text)
    assert kept(chat) == 0


def test_whoever_wants_sends_with_shift_and_enter(chat):
    chat.open("/settings")
    chat.one("#enter_sends").click()
    chat.press("Save")
    chat.wait(lambda: "done=saved" in chat.path)
    chat.open("/chat/")
    box = chat.one("#message")
    box.send_keys("one", Keys.ENTER, "two")
    assert value(chat) == "one\ntwo"
    ActionChains(chat.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    chat.wait(lambda: len(answers(chat)) == 1)


def test_the_box_grows_with_what_is_typed_and_scrolls_when_it_is_large(chat):
    def height():
        return chat.one("#message").size["height"]
    low = height()
    chat.driver.execute_script("""
        const box = document.getElementById('message');
        window.set = lines => { box.value = Array(lines).fill('a line').join('\\n'); box.dispatchEvent(new Event('input')); };
        set(4)""")
    assert height() > low * 2
    chat.driver.execute_script("set(200)")
    assert height() <= 900 * 0.4 + 1
    chat.driver.execute_script("set(0)")
    assert height() == low

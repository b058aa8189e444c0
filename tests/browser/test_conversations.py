"""Conversations in the browser: searching, renaming, pinning, archiving, deleting with undo, earlier messages."""
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support.conversations import ask, details, done, ids, write_conversations, write_long_conversation
from test_pages import give_cookies

LIST = 'nav[aria-label="Conversations"]'  # in a drawer on phones
SIZES = {"phone": (360, 800), "desktop": (1280, 900)}


@pytest.fixture(params=SIZES, ids=SIZES)
def chat(request, browser, one_member):
    """The chat of somebody with three conversations, on a phone and on a desk; `ids` has them, oldest first."""
    browser.resize(*SIZES[request.param])
    browser.is_phone = request.param == "phone"
    browser.member = one_member
    browser.ids = [ask(one_member, question) for question in
                   ("How do I register a GmbH in Germany?", "What is the VAT rate in India?", "Which visa is there for a zitherist?")]
    give_cookies(browser, one_member)
    return browser


def open_chat(browser, id=None):
    browser.open(f"/chat/?session_id={id}" if id else "/chat/")
    if browser.is_phone:
        browser.one(".drawer-open").click()
        browser.wait(lambda: browser.one(LIST).text)  # it comes in from the side


def titles(browser, list="conversations"):
    return [one.text for one in browser.all(f"#{list} .conversation-title")]


def entry(browser, title):
    return next(one for one in browser.all(f"{LIST} .conversations > li") if title in one.text)


def press_in(browser, title, words):
    """A button or link of the conversation with this title."""
    item = entry(browser, title)
    item.find_element(By.CSS_SELECTOR, "summary").click()
    for part in item.find_elements(By.CSS_SELECTOR, ".acts .tool"):
        if part.text == words:
            part.click()
            return
    raise AssertionError(f"{title} has no {words}: {item.text}")


def test_what_is_typed_is_searched_at_once(chat, axe):
    open_chat(chat)
    before = titles(chat)
    assert len(before) == 3
    box = chat.one(".drawer-search input")
    box.send_keys("zither")
    chat.wait(lambda: [one.text for one in chat.all("#found .conversation-title")] == ["Which visa is there for a zitherist?"])
    assert not chat.one("#conversations").is_displayed()
    assert "1 conversation found" in chat.one("#announcer").get_attribute("textContent")
    assert axe(chat) == []
    box.send_keys("xyz")
    chat.wait(lambda: "Nothing was found." in chat.one(LIST).text)
    box.send_keys(Keys.BACKSPACE * 9)
    chat.wait(lambda: titles(chat) == before and chat.one("#conversations").is_displayed())
    box.send_keys("zither", Keys.ENTER)
    chat.wait(lambda: chat.path.startswith("/chat/conversations?q=zither"))
    assert chat.one("mark").text == "zitherist"
    assert axe(chat) == []
    chat.one(".found h2 a").click()
    chat.wait(lambda: chat.path.startswith(f"/chat/?session_id={chat.ids[2]}&at="))
    assert chat.driver.execute_script("return document.querySelector(':target').closest('.message').textContent").strip() != ""
    assert chat.complaints() == []


def test_the_list_beside_the_chat_is_filtered(chat, axe):
    germany = chat.member.api("/api/chat", {"message": "And when?", "country": "Germany", "service_type": "Tax"}).json["session_id"]
    open_chat(chat)
    chat.one(".drawer-filters summary").click()
    chat.one('#filter-country option[value="Germany"]').click()
    chat.wait(lambda: [germany in one.get_attribute("href") for one in chat.all("#found .conversation")] == [True])
    assert "1 conversation found." in chat.one("#announcer").get_attribute("textContent")
    chat.one('#filter-service option[value="Business Setup"]').click()
    chat.wait(lambda: "Nothing was found." in chat.one(LIST).text)
    assert axe(chat) == []
    for kind in ("country", "service"):
        chat.one(f'#filter-{kind} option[value=""]').click()
    chat.wait(lambda: len(titles(chat)) == 4 and chat.one("#conversations").is_displayed())


def test_a_title_of_ones_own(chat, axe):
    open_chat(chat, chat.ids[0])
    press_in(chat, "VAT rate", "Rename")
    chat.wait(lambda: chat.path == f"/chat/conversations/{chat.ids[1]}")
    assert axe(chat) == []
    chat.type("title", "Taxes")
    chat.type("folder", "Money")
    chat.press("Save")
    chat.wait(lambda: "Saved." in chat.text)
    assert axe(chat) == []
    open_chat(chat)
    assert "Taxes" in titles(chat)


def test_pinned_and_archived(chat, axe):
    open_chat(chat, chat.ids[2])
    press_in(chat, "GmbH", "Pin")
    chat.wait(lambda: chat.path == f"/chat/?session_id={chat.ids[2]}&done=pin")
    open_chat(chat, chat.ids[2])
    chat.wait(lambda: titles(chat, "pinned") == ["How do I register a GmbH in Germany?"] and len(titles(chat)) == 2)
    entry(chat, "VAT rate").find_element(By.CSS_SELECTOR, "summary").click()
    assert axe(chat) == []
    entry(chat, "VAT rate").find_element(By.CSS_SELECTOR, "summary").click()
    press_in(chat, "VAT rate", "Archive")
    chat.wait(lambda: chat.path == f"/chat/?session_id={chat.ids[2]}&done=archive")
    open_chat(chat)
    assert titles(chat) == ["Which visa is there for a zitherist?"]
    chat.open("/chat/conversations?shelf=archived")
    assert "VAT rate" in chat.text and axe(chat) == []
    chat.press("Unarchive")
    chat.wait(lambda: "Out of the archive." in chat.text)


def test_deleting_another_one_and_having_it_back_in_place(chat, axe):
    open_chat(chat, chat.ids[2])
    chat.driver.execute_script("window.sameDocument = true")
    press_in(chat, "VAT rate", "Delete")
    chat.wait(lambda: "Deleted." in chat.one(LIST).text)
    assert ids(chat.member, shelf="deleted") == [chat.ids[1]]
    assert chat.driver.switch_to.active_element.text == "Undo"
    assert axe(chat) == []
    chat.driver.switch_to.active_element.send_keys(Keys.ENTER)
    chat.wait(lambda: "What is the VAT rate in India?" in titles(chat))
    assert ids(chat.member, shelf="deleted") == []
    assert chat.driver.execute_script("return window.sameDocument") is True
    assert chat.complaints() == []


def test_deleting_what_is_open_and_having_it_back(chat, axe):
    open_chat(chat, chat.ids[1])
    press_in(chat, "VAT rate", "Delete")
    chat.wait(lambda: chat.path == f"/chat/?done=delete&deleted={chat.ids[1]}")
    assert axe(chat) == []
    chat.press("Undo")
    chat.wait(lambda: chat.path.startswith(f"/chat/?session_id={chat.ids[1]}"))
    assert "What is the VAT rate in India?" in chat.one("h1").text


def test_clearing_what_is_open_and_having_it_back(chat, axe):
    chat.open(f"/chat/?session_id={chat.ids[1]}")
    chat.one(".talk-tools button").click()
    chat.wait(lambda: "Deleted." in chat.one("main").text)
    assert not chat.all("#messages .message") and len(ids(chat.member)) == 2
    assert axe(chat) == []
    chat.press("Undo")
    chat.wait(lambda: "What is the VAT rate in India?" in chat.one("#title").text)
    assert len(ids(chat.member)) == 3


def test_a_new_conversation_is_named_as_the_server_names_it(chat):
    chat.open("/chat/")
    chat.one("#message").send_keys("Hello! What is **due** in Germany? And when?", Keys.ENTER)
    chat.wait(lambda: chat.one("#title").text == "What is due in Germany?")
    chat.driver.refresh()
    assert chat.one("#title").text == "What is due in Germany?"


def test_more_of_the_list_comes_in_place(browser, one_member, person, postgresql):
    write_conversations(postgresql, person, 90)
    give_cookies(browser, one_member)
    browser.is_phone = False
    open_chat(browser)
    assert len(titles(browser)) == 30
    browser.one(".more-conversations a").click()
    browser.wait(lambda: len(titles(browser)) == 80)
    browser.one(".more-conversations a").click()
    browser.wait(lambda: len(titles(browser)) == 90)
    assert titles(browser) == [f"Conversation {n}" for n in range(90, 0, -1)]
    assert not browser.all(".more-conversations")
    assert browser.path == "/chat/" and browser.complaints() == []


def numbers(browser):
    return browser.driver.execute_script(
        "return [...document.querySelectorAll('#messages > .message')].map(e => Number(e.textContent.match(/number (\\d+)\\./)[1]))")


@pytest.mark.parametrize("size", SIZES)
def test_earlier_messages_come_where_they_belong_and_the_reader_stays(browser, one_member, person, postgresql, size, axe):
    id = write_long_conversation(postgresql, person, 320)
    give_cookies(browser, one_member)
    browser.resize(*SIZES[size])
    browser.open(f"/chat/?session_id={id}#latest")
    assert numbers(browser) == list(range(220, 320))
    browser.driver.execute_script("""
        window.watched = [...document.querySelectorAll('#messages > .message')][2];
        window.scrollTo(0, window.watched.getBoundingClientRect().top + scrollY - 300);
        window.before = window.watched.getBoundingClientRect().top;""")
    browser.wait(lambda: numbers(browser)[0] == 120)
    moved = browser.driver.execute_script("return window.watched.getBoundingClientRect().top - window.before")
    assert abs(moved) < 3
    assert numbers(browser) == list(range(120, 320))
    browser.wait(lambda: browser.driver.execute_script(  # and they have what the others have
        "return document.querySelector('#messages > .message-answer .tool')?.textContent").startswith("Copy"))
    assert len(browser.all("#latest")) == 1
    assert axe(browser) == []
    for first in (20, 0):
        browser.driver.execute_script("document.querySelector('#messages .earlier a, #messages .message').scrollIntoView()")
        browser.wait(lambda: numbers(browser)[0] == first)
    assert numbers(browser) == list(range(320)) and not browser.all(".earlier")
    assert browser.complaints() == []


def test_without_scripts_everything_is_a_form_or_a_link(open_browser, one_member, person, postgresql):
    browser = open_browser(javascript=False)
    browser.resize(*SIZES["phone"])
    long = write_long_conversation(postgresql, person, 120)
    id = ask(one_member, "Which visa is there for a zitherist?")
    give_cookies(browser, one_member)
    browser.open(f"/chat/?session_id={long}")
    browser.press("Earlier messages")
    browser.wait(lambda: "before=" in browser.path)
    assert "Message number 0." in browser.text
    browser.one(".newest a").send_keys(Keys.ENTER)
    browser.wait(lambda: "Message number 119." in browser.text)
    browser.one(".drawer > summary").click()
    item = entry(browser, "zitherist")
    item.find_element(By.CSS_SELECTOR, "summary").click()
    item.find_element(By.CSS_SELECTOR, 'button[value="delete"]').click()
    browser.wait(lambda: "Deleted." in browser.text)
    assert browser.path.startswith(f"/chat/?session_id={long}")
    browser.press("Undo")
    browser.wait(lambda: "zitherist" in browser.one("h1").text)
    assert details(one_member, id).status == 200
    browser.one(".drawer > summary").click()
    browser.one(".drawer-search input").send_keys("zither")
    browser.one(".drawer-search button").click()
    browser.wait(lambda: browser.path.startswith("/chat/conversations?q=zither"))
    assert browser.one("mark").text == "zitherist"
    done(one_member, id, "delete")
    browser.open("/chat/conversations?shelf=deleted")
    browser.press("Delete for good")
    browser.wait(lambda: "Deleted for good." in browser.text)

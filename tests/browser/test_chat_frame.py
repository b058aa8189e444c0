"""What is around the chat: keyboard shortcuts, the drawer on phones, room for a phone's keyboard."""
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from test_chat import answers, value
from test_pages import give_cookies


@pytest.fixture
def chat(browser, one_member):
    give_cookies(browser, one_member)
    one_member.api("/api/chat", {"message": "How do I register a GmbH?"})
    return browser.open("/chat/")


def press(browser, *keys):
    """Keys for the page, not for the message box."""
    browser.driver.execute_script("document.activeElement.blur()")
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(*keys)


def focused(browser):
    return browser.driver.execute_script("return document.activeElement.id")


def test_a_question_mark_shows_the_shortcuts_and_escape_hides_them(chat):
    press(chat, "?")
    chat.wait(lambda: chat.one("#shortcuts").is_displayed())
    assert "Begin a new line" in chat.text
    chat.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    chat.wait(lambda: not chat.one("#shortcuts").is_displayed())
    chat.press("Keyboard shortcuts")
    chat.wait(lambda: chat.one("#shortcuts").is_displayed())
    chat.press("Close")
    chat.wait(lambda: not chat.one("#shortcuts").is_displayed())
    assert focused(chat) == "show-shortcuts"


def test_a_key_does_what_the_list_says(chat):
    chat.may_copy()
    press(chat, "m")
    chat.wait(lambda: focused(chat) == "message")
    assert value(chat) == ""
    chat.one("#message").send_keys("hello", Keys.ENTER)
    chat.wait(lambda: chat.all('[data-tool="copy"]'))
    press(chat, "c")
    chat.wait(lambda: chat.one('[data-tool="copy"]').text.startswith("Copied"))
    press(chat, "n")
    chat.wait(lambda: chat.path == "/chat/")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_slash_leads_to_the_search_wherever_it_is(chat, width):
    """A template of the operator's may put one into the list of conversations, as ours may."""
    chat.resize(width, 740)
    chat.open("/chat/")
    chat.driver.execute_script("""
        document.getElementById('search')?.remove();
        const field = Object.assign(document.createElement('input'), { id: 'search', type: 'search' });
        document.getElementById('conversations').before(field);""")
    press(chat, "/")
    chat.wait(lambda: focused(chat) == "search" and chat.one("#search").is_displayed())  # on a phone it comes in from the side
    assert chat.one("#search").get_attribute("value") == ""


def test_no_key_is_taken_from_somebody_who_types(chat):
    chat.one("#message").send_keys("mnc/?")
    assert value(chat) == "mnc/?" and chat.path == "/chat/" and not chat.one("#shortcuts").is_displayed()


def test_the_single_keys_can_be_switched_off_for_good(chat):
    press(chat, "?")
    chat.wait(lambda: chat.one("#shortcuts").is_displayed())
    chat.one("#use-shortcuts").click()
    chat.press("Close")
    chat.driver.refresh()
    press(chat, "m", "?")
    assert focused(chat) == "" and not chat.one("#shortcuts").is_displayed()
    chat.press("Keyboard shortcuts")
    chat.wait(lambda: chat.one("#shortcuts").is_displayed() and not chat.one("#use-shortcuts").is_selected())


@pytest.fixture
def phone(chat):
    chat.resize(360, 740)
    return chat.open("/chat/")


def test_the_drawer_opens_and_closes_and_keeps_the_focus(phone):
    def is_open():
        return bool(phone.all("dialog.drawer-sheet[open]"))
    opener = phone.one(".drawer-open")
    assert not phone.one("#conversations").is_displayed()
    opener.click()
    phone.wait(is_open)
    assert phone.one("#conversations").is_displayed()
    # what is behind it cannot be reached
    reached = set()
    for _ in range(12):
        phone.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(phone.driver.execute_script(
            "const e = document.activeElement; return e === document.body || e.closest('dialog') !== null"))
    assert reached == {True}
    phone.driver.execute_script("document.querySelector('.drawer-close').focus()")
    phone.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    phone.wait(lambda: not is_open())
    assert phone.driver.switch_to.active_element == opener
    opener.click()
    phone.wait(is_open)
    phone.press("Close")
    phone.wait(lambda: not is_open())
    opener.click()
    phone.one(".drawer-sheet .conversation").click()
    phone.wait(lambda: "session_id=" in phone.path)
    assert not is_open() and len(answers(phone)) == 1


def test_the_drawer_becomes_a_column_where_there_is_room(phone):
    phone.one(".drawer-open").click()
    phone.resize(1280, 800)
    phone.wait(lambda: not phone.all("dialog.drawer-sheet[open]") and phone.one("#conversations").is_displayed())
    assert not phone.one(".drawer-open").is_displayed()
    phone.resize(360, 740)
    phone.wait(lambda: phone.one(".drawer-open").is_displayed())


def test_the_column_folds_away_and_stays_so(chat, axe):
    def is_open():  # what a closed <details> hides, the driver takes for displayed
        return chat.driver.execute_script("return document.getElementById('conversations').checkVisibility()")
    assert is_open()
    left = chat.one(".talk").location["x"]
    chat.one(".drawer > summary").click()
    chat.wait(lambda: not is_open())
    assert chat.one(".talk").location["x"] < left and axe(chat) == []
    chat.driver.refresh()
    chat.wait(lambda: chat.all(".drawer.folds"))
    assert not is_open()
    press(chat, "/")  # the search is in it
    chat.wait(lambda: focused(chat) == "search")
    chat.driver.refresh()
    chat.wait(is_open)


def test_on_a_phone_enter_breaks_the_line_and_the_button_sends(open_device, one_member):
    browser = open_device("phone")
    give_cookies(browser, one_member)
    browser.open("/chat/")
    box = browser.one("#message")
    box.send_keys("How do I register", Keys.ENTER, "a GmbH?")
    assert value(browser) == "How do I register\na GmbH?" and not answers(browser)
    assert not browser.one("#show-shortcuts").is_displayed()  # there are no keys
    browser.one("#send").click()
    browser.wait(lambda: len(answers(browser)) == 1)
    assert focused(browser) != "message"  # its keyboard would cover the answer


def box_bottom(browser):
    return browser.driver.execute_script("return document.querySelector('.composer').getBoundingClientRect().bottom")


def test_a_phones_keyboard_does_not_hide_the_box(browser, one_member):
    """Both ways: the page shrinks (as Chromium does it when the layout asks for it), or only what is seen of it."""
    give_cookies(browser, one_member)
    browser.resize(360, 740)
    for _ in range(4):
        conversation = one_member.api("/api/chat", {"message": "How do I register a GmbH in Germany?"}).json["session_id"]
    browser.open(f"/chat/?session_id={conversation}")
    assert "interactive-widget=resizes-content" in browser.one('meta[name="viewport"]').get_attribute("content")
    browser.resize(360, 340)
    browser.driver.execute_script("scrollTo(0, 0)")
    assert box_bottom(browser) <= 340
    browser.resize(360, 740)
    browser.driver.execute_script("""
        Object.defineProperty(visualViewport, 'height', { get: () => 420, configurable: true });
        visualViewport.dispatchEvent(new Event('resize'));
        scrollTo(0, 0);""")
    assert box_bottom(browser) <= 420


def test_without_scripts_the_conversations_unfold_and_the_box_is_there(open_browser, one_member):
    browser = open_browser(javascript=False)
    give_cookies(browser, one_member)
    one_member.api("/api/chat", {"message": "How do I register a GmbH?"})
    browser.resize(360, 740)
    browser.open("/chat/")
    browser.press("Conversations")
    browser.wait(lambda: browser.one(".conversation").is_displayed())
    assert not browser.all("dialog[open]") and browser.one("#message").is_displayed()


def test_who_wants_less_motion_gets_none(chat):
    chat.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    moving = chat.driver.execute_script("""
        document.querySelector('dialog').showModal();
        return [...document.querySelectorAll('*')].filter(e => getComputedStyle(e).animationName !== 'none').length""")
    assert moving == 0


def test_in_forced_colours_what_is_chosen_is_still_to_be_seen(chat):
    chat.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "forced-colors", "value": "active"}]})
    width = chat.driver.execute_script("return getComputedStyle(document.querySelector('.page-nav [aria-current]')).borderTopWidth")
    assert width == "1px"

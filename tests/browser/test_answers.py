"""Answers of a model in a browser: while they grow, when they end, and what can be done with them."""
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from conftest import DEVICES
from support.answers import Models, ask as ask_there
from support.model_server import openai, openai_piece, raw, status
from support.proxy import HoldingProxy
from support.site import Visitor, add_person
from test_pages import give_cookies

WORDS = ["The sea ", "is **deep** ", "and calm."]
WHOLE = "The sea is deep and calm."
LONG = "\n\n".join(f"Paragraph {i} of a long answer, with enough words to fill a line of the page." for i in range(60))
CUT = raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n" + openai_piece("Half of "))


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack)
    yield models
    models.stop()


@pytest.fixture(params=DEVICES)
def talk(models, open_device, mysql, request):
    """A browser with scripts, signed in at a site whose chat asks a model; on a phone and on a desk."""
    def begin(site="lighttpd", **more):
        site = models.site(site) if isinstance(site, str) else site
        browser = open_device(request.param, site, **more)
        browser.is_phone = request.param == "phone"
        browser.visitor = Visitor(site)
        browser.visitor.sign_in(add_person(mysql))
        give_cookies(browser, browser.visitor)
        return browser.open("/chat/")
    return begin


@pytest.fixture
def gate():
    gate = threading.Semaphore(0)
    yield gate
    gate.release(1000)


def ask(browser, text):
    browser.one("#message").send_keys(text)
    browser.one("#send").click()


def answers(browser):
    return [item.text for item in browser.all(".message-answer .prose")]


def shows(browser, text):
    browser.wait(lambda: text in "\n".join(answers(browser)))


def ended(browser, text):
    """The last answer is complete, and the page is the server's."""
    browser.wait(lambda: text in "".join(answers(browser)[-1:]) and browser.all(".messages > li:last-child[data-id]")
                 and not browser.all('.messages[aria-busy="true"]'))


def listen(browser):
    """From now on, note what is announced."""
    browser.driver.execute_script("""
        window.announced = [];
        new MutationObserver(() => announced.push(document.getElementById('announcer').textContent))
            .observe(document.getElementById('announcer'), { childList: true, characterData: true, subtree: true });""")


def announced(browser):
    return browser.driver.execute_script("return window.announced")


def test_an_answer_grows_on_the_page_and_is_announced_once_when_it_is_complete(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    listen(browser)
    browser.driver.execute_script("window.sameDocument = true")
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    assert browser.one("#stop").is_displayed() and not browser.one("#send").is_displayed()
    in_list = browser.one("#conversations .conversation-title").get_attribute("textContent")  # in the drawer of a phone
    assert browser.one("#title").text == in_list == "What is the sea like?"
    assert "is" not in answers(browser)[-1].split()
    gate.release()
    shows(browser, "The sea is deep")
    assert browser.one(".message-answer strong").text == "deep"
    assert not any("sea" in text for text in announced(browser))
    gate.release(5)
    ended(browser, WHOLE)
    browser.wait(lambda: announced(browser)[-1] == f"Answer: {WHOLE}")
    assert [text for text in announced(browser) if text] == ["Gatehouse is thinking", f"Answer: {WHOLE}"]
    assert browser.driver.execute_script("return window.sameDocument") is True
    assert browser.one("#send").is_displayed() and browser.one("#title").text == "What is the sea like?"
    assert browser.complaints() == []


@pytest.mark.parametrize("by", ["button", "escape"])
def test_an_answer_is_stopped_and_what_came_is_kept(models, talk, gate, by):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    browser.one("#stop").click() if by == "button" else browser.one("#message").send_keys(Keys.ESCAPE)
    ended(browser, "The sea")
    assert "Stopped." in browser.text and "deep" not in browser.one(".messages").text


def test_retry_makes_another_version_and_both_can_be_seen_without_a_page_load(models, talk):
    models.server.script(openai("The first answer."), openai("The second answer."))
    browser = talk()
    ask(browser, "Hello?")
    ended(browser, "The first answer.")
    browser.driver.execute_script("window.sameDocument = true")
    browser.press("Retry")
    ended(browser, "The second answer.")
    assert "2 of 2" in browser.text
    browser.one('[data-tool="previous"]').click()
    shows(browser, "The first answer.")
    assert "1 of 2" in browser.text
    # the focus went along, to what is there now
    browser.wait(lambda: browser.driver.execute_script("return document.activeElement.closest('.messages') !== null"))
    browser.one('[data-tool="next"]').click()
    shows(browser, "The second answer.")
    assert browser.driver.execute_script("return window.sameDocument") is True
    assert len(answers(browser)) == 1


def test_a_page_that_is_loaded_again_goes_on_and_so_does_a_second_tab(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    browser.driver.refresh()
    shows(browser, "The sea")
    assert browser.one("#stop").is_displayed()
    page, first = browser.path, browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.open(page)
    shows(browser, "The sea")
    gate.release(5)
    ended(browser, WHOLE)
    browser.driver.switch_to.window(first)
    ended(browser, WHOLE)


def test_a_connection_that_breaks_is_taken_up_again(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    models.site("lighttpd").restart()
    gate.release(5)
    ended(browser, WHOLE)
    assert "connection" not in browser.one(".messages").text


def test_where_streams_do_not_work_the_page_asks_again_and_again(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/events"]})
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    gate.release()
    shows(browser, "The sea is deep")
    gate.release(5)
    ended(browser, WHOLE)


def test_where_each_stream_would_hold_a_process_the_page_asks_from_the_start(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk("apache")
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    for word in WORDS[1:]:
        gate.release()
        shows(browser, word.strip().replace("**", ""))
    gate.release(5)
    ended(browser, WHOLE)
    requested = browser.driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert any("/api/answers/" in address for address in requested)
    assert not any(address.endswith("/events") for address in requested)


@pytest.fixture
def held_back(stack, models, tmp_path):
    proxy = HoldingProxy(stack, "lighttpd", models.settings, tmp_path)
    yield proxy.site
    proxy.stop()


def test_a_proxy_that_holds_events_back_is_noticed(models, held_back, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk(held_back)
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")  # long before the answer is complete
    requested = browser.driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert any("/api/answers/" in address for address in requested)
    gate.release(5)
    ended(browser, WHOLE)


def test_who_comes_back_to_a_tab_sees_what_was_said_elsewhere(models, talk, gate):
    models.server.script(openai("About the sea."), openai("About ", "the wood.", gate=gate))
    browser = talk()
    ask(browser, "What is the sea like?")
    ended(browser, "About the sea.")
    browser.driver.execute_script("""
        Object.defineProperty(document, 'hidden', { get: () => window.isAway, configurable: true });
        window.isAway = true;
        document.dispatchEvent(new Event('visibilitychange'));""")
    conversation = browser.path.split("session_id=")[1]
    ask_there(browser.visitor, "And the wood?", session_id=conversation)
    browser.driver.execute_script("""
        const now = Date.now() + 60000;
        Date.now = () => now;
        window.isAway = false;
        document.dispatchEvent(new Event('visibilitychange'));""")
    shows(browser, "About")
    browser.wait(lambda: "And the wood?" in browser.text)
    gate.release(5)
    ended(browser, "About the wood.")
    assert len(browser.all(".messages > li")) == 4 and browser.complaints() == []


def test_code_is_copied_as_it_is(models, talk):
    code = 'for x in range(3):\n    print(f"<{x}>")\n'
    models.server.script(openai(f"Like this:\n\n```python\n{code}```\n\nand that is all."))
    browser = talk()
    browser.may_copy()
    ask(browser, "How do I count?")
    ended(browser, "and that is all.")
    browser.one(".code .tool").click()
    browser.wait(lambda: browser.one(".code .tool").text.startswith("Copied"))
    assert browser.copied.strip() == code.strip()
    label = browser.driver.execute_script("return getComputedStyle(document.querySelector('.code pre'), '::before').content")
    assert label == '"python"'


def test_while_the_network_is_away_the_page_says_so(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk()
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/events"]})
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    away = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", away)
    browser.wait(lambda: "The connection is lost. Trying again" in browser.text)
    gate.release(5)
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**away, "offline": False})
    ended(browser, WHOLE)
    assert "connection is lost" not in browser.text


def test_a_failure_is_said_kindly_and_can_be_tried_again(models, talk):
    models.server.script(status(401, {"error": {"message": "bad key"}}), openai("Now it works."))
    browser = talk()
    listen(browser)
    ask(browser, "Hello?")
    browser.wait(lambda: browser.all('[data-tool="retry"]'))
    assert "401" not in browser.text and "bad key" not in browser.text
    browser.press("Try again")
    ended(browser, "Now it works.")
    assert len(browser.all(".messages > li")) == 2


def test_an_answer_that_broke_off_keeps_what_came(models, talk):
    models.server.script(CUT, openai("All of it."))
    browser = talk()
    ask(browser, "Hello?")
    ended(browser, "Half of")
    assert "This answer broke off." in browser.text
    browser.press("Retry")
    ended(browser, "All of it.")
    assert "2 of 2" in browser.text


def at_end(browser):
    return browser.driver.execute_script(
        "return document.documentElement.scrollHeight - innerHeight - scrollY < 48")


def test_the_page_follows_the_end_unless_the_reader_has_gone_elsewhere(models, talk, gate):
    models.server.script(openai(LONG, "\n\nMore to read.", "\n\nThe end.", gate=gate))
    browser = talk()
    if not browser.is_phone:
        browser.resize(1280, 600)
    ask(browser, "Tell me a lot.")
    shows(browser, "Paragraph 59")
    browser.wait(lambda: at_end(browser))
    assert not browser.one("#newer").is_displayed()
    browser.driver.execute_script("scrollTo({ top: 200, behavior: 'instant' })")
    browser.wait(lambda: not at_end(browser))
    gate.release()
    shows(browser, "More to read.")
    assert browser.driver.execute_script("return scrollY") == 200
    browser.wait(lambda: browser.one("#newer").is_displayed())
    browser.one("#newer").click()
    browser.wait(lambda: at_end(browser) and not browser.one("#newer").is_displayed())
    gate.release(5)
    ended(browser, "The end.")
    browser.wait(lambda: at_end(browser))


def test_a_message_is_edited_in_its_place_and_the_first_one_stays_a_version(models, talk):
    models.server.script(openai("About the sea."), openai("About the wood."))
    browser = talk()
    ask(browser, "What is the sea like?")
    ended(browser, "About the sea.")
    browser.press("Edit")
    box = browser.one(".edit-form textarea")
    assert box.get_attribute("value") == "What is the sea like?" and box == browser.driver.switch_to.active_element
    box.send_keys(Keys.ESCAPE)
    browser.wait(lambda: not browser.all(".edit-form"))
    assert browser.driver.switch_to.active_element.get_attribute("data-tool") == "edit"
    browser.press("Edit")
    box = browser.one(".edit-form textarea")
    box.clear()
    send = browser.one(".edit-form .btn-primary").click if browser.is_phone else lambda: box.send_keys(Keys.ENTER)
    send()
    browser.wait(lambda: "Write a message first." in browser.text)
    box.send_keys("What is the wood like?")
    send()
    ended(browser, "About the wood.")
    assert [item.text.split("\n")[0] for item in browser.all(".bubble")] == ["What is the wood like?"]
    browser.one('.message-person [data-tool="previous"]').click()
    shows(browser, "About the sea.")
    assert len(browser.all(".messages > li")) == 2 and browser.complaints() == []


def test_an_answer_is_rated_with_a_note_and_the_rating_taken_back(models, talk):
    models.server.script(openai("About the sea."))
    browser = talk()
    ask(browser, "What is the sea like?")
    ended(browser, "About the sea.")

    def pressed(tool):
        return browser.one(f'[data-tool="{tool}"]').get_attribute("aria-pressed") == "true"
    browser.one('[data-tool="good"]').click()
    browser.wait(lambda: pressed("good"))
    assert browser.driver.switch_to.active_element == browser.one('[data-tool="good"]')
    browser.one('[data-tool="bad"]').click()
    browser.wait(lambda: pressed("bad") and not pressed("good"))
    browser.wait(lambda: browser.one(".why textarea").is_displayed())
    # not behind the message box
    assert browser.driver.execute_script("""return document.querySelector('.why').getBoundingClientRect().bottom
        <= document.querySelector('.composer').getBoundingClientRect().top""")
    browser.one(".why textarea").send_keys("Too short.")
    browser.press("Send")  # of the note: the other one is below
    browser.wait(lambda: browser.one(".why summary").text == "Your note")
    browser.driver.refresh()
    browser.press("Your note")
    assert browser.one(".why textarea").get_attribute("value") == "Too short."
    browser.one('[data-tool="bad"]').click()
    browser.wait(lambda: not pressed("bad") and not browser.all(".why"))


def test_without_scripts_the_page_refreshes_itself_while_an_answer_grows(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate), openai("Another answer."), openai("About the wood."))
    browser = talk(javascript=False)
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    # what somebody types now would be gone with the page
    assert not browser.one("#message").is_displayed() and "The message box is back" in browser.text
    gate.release(5)
    browser.wait(lambda: WHOLE in browser.text and browser.all('[data-tool="retry"]'))
    assert browser.one("#message").is_displayed() and "The message box is back" not in browser.text
    browser.press("Good")
    browser.wait(lambda: browser.all(".why"))
    browser.press("Say why")
    browser.type("note", "It is true.")
    browser.press("Send")
    browser.wait(lambda: "Your note" in browser.text)
    browser.press("Retry")
    browser.wait(lambda: "Another answer." in browser.text and "2 of 2" in browser.text)
    browser.press("Edit")
    browser.wait(lambda: browser.path.startswith("/chat/messages/"))
    browser.type("message", "What is the wood like?")
    browser.press("Send again")
    browser.wait(lambda: "About the wood." in browser.text and "2 of 2" in browser.text)
    assert "What is the sea like?" not in browser.one(".messages").text


def test_without_scripts_an_answer_is_stopped(models, talk, gate):
    models.server.script(openai(*WORDS, gate=gate))
    browser = talk(javascript=False)
    ask(browser, "What is the sea like?")
    shows(browser, "The sea")
    browser.press("Stop")
    browser.wait(lambda: "Stopped." in browser.text)
    assert "deep" not in browser.one(".messages").text

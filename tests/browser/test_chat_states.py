"""The chat in every state it can be in: readable for everybody, on a phone and on a desk, light and dark."""
import re
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from support.answers import Models, ask, finished, state
from support.model_server import openai, status
from support.sessions import begin_guest
from support.site import Visitor, add_person
from support.stack import wait_until
from test_chat_frame import press
from test_pages import give_cookies

LONG = "W" * 60
MARKDOWN = ("# Heading\n\nSome **bold** text.\n\n```python\n" + "x = 1 # " * 30 + "\n```\n\n| a | b |\n|---|---|\n| 1 | " + LONG + " |\n\n"
            "- [x] done\n\n> quote\n\nhttps://example.org/" + LONG)


@pytest.fixture
def models(stack):
    """Each test has its own: the states come from the order in which it answers."""
    models = Models(stack, session_guest="on")
    yield models
    models.stop()


@pytest.fixture
def gate():
    gate = threading.Semaphore(0)
    yield gate
    gate.release(1000)


@pytest.fixture
def states(stack, models, mysql, postgresql, gate):
    """Addresses of conversations by what is to be seen in them, and what makes something happen in them."""
    site = models.site("nginx")
    visitor = Visitor(site)
    person = add_person(mysql)
    visitor.sign_in(person)

    def page(reply):
        return "/chat/?session_id=" + reply["session_id"]
    models.server.script(openai(MARKDOWN), openai("Once more."), openai("Another."), openai("Over."), openai("Bad."),
                         status(401, {}), openai("It is ", "growing.", gate=gate))
    long_gate = threading.Semaphore(0)
    lines = "\n\n".join(f"Line {i} of a long answer." for i in range(31))

    def answered(text, **more):
        reply = ask(visitor, text, **more)
        finished(visitor, reply["answer"])
        return reply
    first = answered("What is the sea like? " + LONG)
    retried = visitor.api(f"/api/messages/{first['messages'][0]['id']}", {"action": "retry"}).json
    finished(visitor, retried["answer"])
    answered("And the wood?", session_id=first["session_id"])
    over = answered("Is it over?")
    rated = answered("Was it good?")
    answer = finished(visitor, rated["answer"])["message_id"]
    assert visitor.api(f"/api/messages/{answer}", {"action": "rate", "rating": "-1", "note": "No."}).status == 200
    failed = answered("Will it fail?")
    growing = ask(visitor, "Does it grow?")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 day' WHERE session_id = %s",
                       (over["session_id"],))
    assert wait_until(lambda: state(visitor, growing["answer"])["content"], 15)  # or the next one could come first
    models.server.script(openai(lines, "\n\nLine 31.", *["\n\nAnd more."] * 50, gate=long_gate))
    long = ask(visitor, "Tell me all")
    character = visitor.api("/api/characters", {
        "name": "Captain " + LONG, "category": "Sea", "greeting": "Ask me about the tide, {{user}}.", "backstory": LONG})
    assert character.status == 201, character.text
    guest = begin_guest(site, LONG.lower() + "@example.org")
    return {"site": site, "visitor": visitor, "guest": guest, "versions": page(first), "ended": page(over), "rated": page(rated),
            "failed": page(failed), "growing": page(growing), "long": page(long),
            "character": "/chat/?character=" + character.json["id"], "more": long_gate.release,
            "restart": lambda: stack.call("restart-program", "nginx", stack.folder, site.port, "chat", extra=site.extra),
            "limit": lambda: stack.command("policy", "set", person.username, "authenticated", "messages_per_day=1")}


def each_state(browser, states, width):
    give_cookies(browser, states["visitor"])
    browser.open("/chat/")
    yield "empty"
    browser.one("#message").send_keys("x" * 3950)
    yield "nearly-full"
    browser.one("#message").clear()
    browser.one("#send").click()
    browser.wait(lambda: browser.all("#message-error"))
    yield "nothing-typed"
    press(browser, "?")
    browser.wait(lambda: browser.all("#shortcuts[open]"))
    yield "shortcuts"
    browser.open(states["versions"])
    yield "versions"
    if width < 992:
        browser.one(".drawer-open").click()
        browser.wait(lambda: browser.all(".drawer-sheet[open]"))
        yield "drawer"
        browser.press("Close")
    browser.driver.execute_script("scrollTo({ top: 0, behavior: 'instant' })")
    browser.press("Edit")
    browser.one(".edit-form textarea").clear()
    browser.one(".edit-form textarea").send_keys(LONG, Keys.SHIFT, Keys.ENTER)
    yield "editing"
    for name in ("rated", "failed", "ended"):
        browser.open(states[name])
        if name == "rated":
            browser.press("Your note")
        yield name
    browser.open(states["growing"])
    browser.wait(lambda: "It is" in browser.text)
    yield "growing"
    browser.one("#stop").click()
    browser.wait(lambda: browser.all("li[data-id] .message-note"))
    yield "stopped"
    browser.open(states["character"])
    browser.wait(lambda: "Ask me about the tide" in browser.text)
    yield "character"
    network = browser.driver.execute_cdp_cmd
    network("Network.enable", {})
    network("Network.setBlockedURLs", {"urls": ["*/api/*"]})
    browser.one("#message").send_keys("Does it arrive?")
    browser.one("#send").click()
    browser.wait(lambda: browser.all(".message-failed .tool"))
    yield "not-sent"
    network("Network.setBlockedURLs", {"urls": []})
    browser.open(states["long"])
    browser.wait(lambda: "Line 30" in browser.text)
    browser.driver.execute_script("scrollTo({ top: 0, behavior: 'instant' })")
    states["more"]()
    browser.wait(lambda: browser.one("#newer").is_displayed())
    yield "new-answer-below"
    network("Network.setBlockedURLs", {"urls": ["*/events", "*/api/*"]})
    states["restart"]()
    browser.wait(lambda: "The connection is lost" in browser.text, 30)
    yield "connection-lost"
    network("Network.setBlockedURLs", {"urls": []})
    browser.driver.get_log("browser")  # it told of what was blocked
    done = states["limit"]()
    assert done.returncode == 0, done.stderr
    browser.open("/chat/")
    browser.one("#message").clear()  # a draft, by now
    browser.one("#message").send_keys("One too many " + LONG)
    browser.driver.execute_script("HTMLFormElement.prototype.submit.call(document.getElementById('composer'))")
    browser.wait(lambda: "What you have used" in browser.text)
    yield "over-quota"
    give_cookies(browser, states["guest"])
    browser.open("/chat/")
    yield "guest"


# What lies behind the message box or is still moving, axe takes for too small and too pale. At the page's
# end nothing is behind the box.
SETTLE = """
    scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
    return document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity);"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_state_of_the_chat_is_fit_for_everybody(open_browser, states, axe, width, scheme):
    browser = open_browser(states["site"])
    browser.resize(width, 740)
    browser.scheme(scheme)
    found, wide = {}, []
    for name in each_state(browser, states, width):
        browser.wait(lambda: browser.driver.execute_script(SETTLE))
        violations = axe(browser)
        if violations:
            found[name] = violations
        if browser.driver.execute_script("return document.documentElement.scrollWidth") > width:
            wide.append(name)
    assert not found, "\n".join(f"{name}: {text}" for name, texts in found.items() for text in texts)
    assert not wide and browser.complaints() == []


def test_the_html_of_every_state_has_no_errors(states, html_validate):
    visitor, pages = states["visitor"], {"guest": states["guest"].get("/chat/").text}
    for name in ("versions", "ended", "rated", "failed", "growing"):
        pages[name] = visitor.get(states[name]).text
    # That only those without scripts get, and it is what they wait for.
    pages["growing"], count = re.subn(r"<noscript><meta .*?</noscript>", "", pages["growing"])
    assert count == 1
    assert html_validate(pages) == ""

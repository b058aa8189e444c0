"""Every page and state: readable for everybody, at every width, light and dark, without errors."""
import pytest

from support.site import Visitor, add_person

LONG = "W" * 60


@pytest.fixture
def states(one_site, person, mysql, postgresql, clock):
    """Pages as (name, who, path or a reply's text)."""
    stranger, member, fresh = Visitor(one_site), Visitor(one_site), Visitor(one_site)
    member.sign_in(person)
    newcomer = add_person(mysql)
    fresh.sign_in(newcomer)
    chat = member.api("/api/chat", {"message": "How do I register a GmbH in Germany? " + LONG}).json["session_id"]
    member.api("/api/chat", {"message": "thanks", "session_id": chat})
    ended = member.api("/api/chat", {"message": "hello"}).json["session_id"]
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 day' WHERE session_id = %s", (ended,))
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) VALUES (%s, 'assistant', %s)", (chat, (
            "# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\n" + "x = 1 # " * 30 + "\n```\n\n- [x] done\n- [ ] open\n\n"
            "> quote\n\n1. one\n2. two\n\n~~gone~~ **bold** *it* `code` https://example.org/" + LONG)))
    return {"stranger": stranger, "member": member, "fresh": fresh, "chat": chat, "ended": ended}


SIGNED_IN = {
    "home": "/", "dashboard": "/dashboard", "profile": "/profile", "protected": "/protected", "country": "/country/",
    "chat-new": "/chat/", "chat": "/chat/?session_id={chat}", "chat-ended": "/chat/?session_id={ended}",
    "article": "/articles/germany-vat", "not-found": "/nowhere", "logout": "/auth/logout",
}
EMPTY = {"home-empty": "/", "dashboard-empty": "/dashboard", "chat-empty": "/chat/"}
OPEN = {"login": "/auth/login", "login-notice": "/auth/login?notice=signed_out", "register": "/auth/register"}


def give_cookies(browser, visitor):
    browser.open("/health")
    browser.driver.delete_all_cookies()
    for name, value in visitor.cookies.items():
        browser.driver.add_cookie({"name": name, "value": value, "path": "/"})


def each_page(browser, states):
    for who, pages in (("stranger", OPEN), ("fresh", EMPTY), ("member", SIGNED_IN)):
        give_cookies(browser, states[who])
        for name, path in pages.items():
            browser.open(path.format(**states))
            yield name
    # forms with errors, sent as they are
    give_cookies(browser, states["stranger"])
    for name, path in (("login-errors", "/auth/login"), ("register-errors", "/auth/register")):
        browser.open(path)
        browser.one('main form [type="submit"]').click()
        browser.wait(lambda: browser.all('[aria-invalid="true"]'))
        yield name
    give_cookies(browser, states["member"])
    browser.open("/country/")
    browser.one('main form[action$="/proceed-to-chat"] [type="submit"]').click()
    browser.wait(lambda: browser.path == "/proceed-to-chat" and browser.all('[aria-invalid="true"]'))
    yield "country-errors"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_to_object_to(browser, states, axe, scheme, width):
    browser.resize(width, 800)
    browser.scheme(scheme)
    found = {}
    for name in each_page(browser, states):
        violations = axe(browser)
        if violations:
            found[name] = violations
    assert not found, "\n".join(f"{name}: {text}" for name, texts in found.items() for text in texts)
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_page_is_wider_than_the_window(browser, states, width):
    browser.resize(width, 700)
    wide = [name for name in each_page(browser, states)
            if browser.driver.execute_script("return document.documentElement.scrollWidth") > width]
    assert not wide


def test_fields_are_large_enough_not_to_be_zoomed_and_to_be_hit(browser, states):
    browser.resize(360, 800)
    for name in each_page(browser, states):
        small = browser.driver.execute_script("""
            return [...document.querySelectorAll('input:not([type=hidden]):not([type=checkbox]):not([type=radio]), select, textarea')]
                .filter(e => e.offsetParent && parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML)""")
        assert not small, (name, small)
        # WCAG 2.2, 2.5.8: at least 24 by 24 pixels, links in running text excepted
        tiny = browser.driver.execute_script("""
            return [...document.querySelectorAll('button, select, input:not([type=hidden]):not([disabled]), summary')]
                .filter(e => e.offsetParent).filter(e => {
                    const box = (e.labels && e.labels[0] || e).getBoundingClientRect();
                    return Math.max(e.getBoundingClientRect().height, box.height) < 24; }).map(e => e.outerHTML)""")
        assert not tiny, (name, tiny)


def test_the_html_has_no_errors(states, html_validate):
    pages = {}
    for who, paths in (("stranger", OPEN), ("fresh", EMPTY), ("member", SIGNED_IN)):
        for name, path in paths.items():
            pages[name] = states[who].get(path.format(**states)).text
    member, stranger = states["member"], states["stranger"]
    pages["login-errors"] = stranger.post("/auth/login", {}).text
    pages["register-errors"] = stranger.post("/auth/register", {"username": "<\"'&>"}).text
    pages["stale"] = stranger.post("/auth/login", {"username": "x"}, token="a" * 64).text
    pages["country-errors"] = member.post("/proceed-to-chat", {}).text
    pages["message-errors"] = member.post("/chat/", {"message": ""}).text
    pages["too-large"] = stranger.request("POST", "/auth/login", "a=" + "x" * 1100000, type="application/x-www-form-urlencoded").text
    pages["wrong-method"] = member.request("PUT", "/dashboard").text
    for _ in range(6):
        pages["throttled"] = stranger.post("/auth/login", {"username": "knocker", "password": "x"}).text
    assert html_validate(pages) == ""


def focus_is_visible(browser):
    return browser.driver.execute_script("""
        const e = document.activeElement, s = getComputedStyle(e);
        const box = e.closest('.composer-box') ? getComputedStyle(e.closest('.composer-box')) : s;
        return [s, box].some(s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none');""")


def test_the_first_tab_offers_to_skip_to_the_content(browser, states):
    from selenium.webdriver.common.keys import Keys
    give_cookies(browser, states["member"])
    browser.open("/dashboard")
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    link = browser.driver.switch_to.active_element
    assert link.text == "Skip to the content" and focus_is_visible(browser)
    link.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.driver.switch_to.active_element.get_attribute("id") == "main")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, states):
    from selenium.webdriver.common.keys import Keys
    give_cookies(browser, states["member"])
    browser.open("/chat/?session_id=" + states["chat"])
    wanted = {e.id for e in browser.all("a, button, textarea, summary, input:not([type=hidden]):not([disabled])")
              if e.is_displayed() and not e.get_attribute("class").startswith("skip-link")}
    reached = set()
    for key in (Keys.TAB, Keys.SHIFT + Keys.TAB):
        for _ in range(len(wanted) * 2 + 4):
            browser.driver.switch_to.active_element.send_keys(key)
            element = browser.driver.switch_to.active_element
            if element.tag_name == "body":
                break
            reached.add(element.id)
            assert focus_is_visible(browser), f"no focus to be seen on {element.get_attribute('outerHTML')[:200]}"
    assert wanted <= reached

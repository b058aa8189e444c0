"""Every page and state: readable for everybody, at every width, light and dark, without errors."""
import pytest

from support.characters import create
from support.sessions import PHONE, begin_guest, sign_in
from support.site import Visitor, add_person

LONG = "W" * 60


@pytest.fixture(scope="module")
def guest_site(stack):
    server = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on", "GATEHOUSE_CHAT_OWN_KEYS": "on", "GATEHOUSE_SITE_TERMS_URL": "/terms"})
    yield server
    server.stop()


@pytest.fixture
def admin(one_site, mysql, stack):
    """Somebody who administrates, with whatever browser."""
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    assert stack.command("policy", "set", person.username, "admin", "bind_browser=off").returncode == 0
    return sign_in(one_site, person)


@pytest.fixture
def states(one_site, guest_site, person, admin, mysql, postgresql, clock):
    """Pages as (name, who, path or a reply's text)."""
    stranger, member, fresh = Visitor(one_site), Visitor(one_site), Visitor(one_site)
    member.sign_in(person)
    newcomer = add_person(mysql)
    fresh.sign_in(newcomer)
    chat = member.api("/api/chat", {"message": "How do I register a GmbH in Germany? " + LONG}).json["session_id"]
    message = member.api("/api/chat", {"message": "thanks", "session_id": chat}).json["messages"][0]["id"]
    over = member.api("/api/chat", {"message": "hello"}).json
    ended, late = over["session_id"], over["messages"][0]["id"]
    for action in ({"action": "pin"}, {"action": "folder", "folder": LONG}):
        member.api(f"/api/conversations/{chat}", action)
    for action in ("archive", "delete"):
        kept = member.api("/api/chat", {"message": "What is the VAT rate? " + LONG}).json["session_id"]
        member.api(f"/api/conversations/{kept}", {"action": action})
    sign_in(one_site, person, browser=PHONE, remember_me="1")
    sign_in(one_site, person, browser=LONG * 4)
    character = create(member, name="The " + LONG[:50], backstory=(LONG + "\n") * 5, category="Stories", tags=[LONG[:30], "sea"], is_shared=False)
    for i in range(13):
        create(admin, name=f"Shared {i}", backstory="Somebody who knows about the sea and its weather. " * 3, is_shared=True)
    shared = create(admin, name="Shared, and seen", is_shared=True)
    keeper = Visitor(guest_site)
    keeper.sign_in(person)
    keeper.post("/settings/key", {"protocol": "openai", "api_key": "sk-0123456789abcdefWXYZ", "action": "save"})
    guest = begin_guest(guest_site, LONG.lower() + "@example.org")
    guests_chat = guest.api("/api/chat", {"message": "hello"}).json["session_id"]
    guest.api("/api/chat", {"message": "How do I register a GmbH in Germany?", "session_id": guests_chat})
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 day' WHERE session_id = %s", (ended,))
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) VALUES (%s, 'assistant', %s)", (chat, (
            "# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\n" + "x = 1 # " * 30 + "\n```\n\n- [x] done\n- [ ] open\n\n"
            "> quote\n\n1. one\n2. two\n\n~~gone~~ **bold** *it* `code` https://example.org/" + LONG)))
        cursor.execute("INSERT INTO gatehouse_audit (event, reason, user_id, address, user_agent, actor) "
                       "SELECT 'session_ended', 'idle', %s, '2001:db8:1234:5678:9abc:def0:1234:5678', %s, 'system' "
                       "FROM generate_series(1, 60)", (str(person.id), LONG * 5))
        cursor.execute("INSERT INTO gatehouse_audit (event, reason, user_id, address) VALUES "
                       "('sign_in_failed', 'wrong_password', %s, '192.0.2.7')", (str(person.id),))
    return {"stranger": stranger, "member": member, "fresh": fresh, "chat": chat, "ended": ended, "message": message,
            "late": late, "admin": admin, "name": person.username, "quiet": add_person(mysql).username,
            "character": character["id"], "shared": shared["id"], "keeper": keeper,
            "guest": guest, "guests_chat": guests_chat, "guest_site": guest_site}


SIGNED_IN = {
    "home": "/", "dashboard": "/dashboard", "profile": "/profile", "activity": "/activity", "activity-end": "/activity?before=1",
    "protected": "/protected", "password": "/profile/password", "country": "/country/",
    "chat-new": "/chat/", "chat": "/chat/?session_id={chat}", "chat-ended": "/chat/?session_id={ended}",
    "article": "/articles/germany-vat", "not-found": "/nowhere", "logout": "/auth/logout",
    "devices": "/devices", "devices-ended": "/devices?ended=2", "confirm-password": "/auth/confirm?next=/profile",
    "message": "/chat/messages/{message}", "message-late": "/chat/messages/{late}",
    "characters": "/characters", "characters-none": "/characters?q=nothing-like-this", "characters-tag": "/characters?tag=sea",
    "character": "/characters/{character}", "character-shared": "/characters/{shared}",
    "personality": "/personality?done=saved", "character-edit": "/personality/{character}", "character-new": "/personality/new",
    "conversations": "/chat/conversations", "conversations-found": "/chat/conversations?q=register", "conversations-none": "/chat/conversations?q=" + LONG,
    "conversations-archived": "/chat/conversations?shelf=archived", "conversations-deleted": "/chat/conversations?shelf=deleted&done=purge",
    "conversation": "/chat/conversations/{chat}", "chat-undo": "/chat/?session_id={chat}&deleted={ended}", "chat-at": "/chat/?session_id={chat}&at={message}#m{message}",
    "character-delete": "/personality/delete?id={character}", "settings": "/settings?done=saved",
}
EMPTY = {"home-empty": "/", "dashboard-empty": "/dashboard", "chat-empty": "/chat/", "devices-alone": "/devices",
         "personality-empty": "/personality", "conversations-empty": "/chat/conversations"}
ADMIN = {"config": "/config", "character-share": "/personality/{shared}", "admin-devices": "/admin/devices", "admin-devices-of": "/admin/devices?user={name}",
         "admin-devices-none": "/admin/devices?user={quiet}", "admin-devices-nobody": "/admin/devices?user=nobody",
         "knowledge": "/knowledge", "knowledge-none": "/knowledge?words=" + LONG, "knowledge-new": "/knowledge/new",
         "knowledge-edit": "/knowledge/edit/germany-vat", "knowledge-delete": "/knowledge/delete/germany-vat",
         "knowledge-import": "/knowledge/import", "admin-profile": "/profile"}
GUEST = {"guest-chat": "/chat/?session_id={guests_chat}", "guest-chat-new": "/chat/", "guest-wall": "/auth/login?next=/dashboard"}
OPEN = {"login": "/auth/login", "login-notice": "/auth/login?notice=signed_out", "register": "/auth/register", "docs": "/docs"}


def give_cookies(browser, visitor):
    browser.open("/health")
    browser.driver.delete_all_cookies()
    for name, value in visitor.cookies.items():
        browser.driver.add_cookie({"name": name, "value": value, "path": "/"})


def each_page(browser, states):
    for who, pages in (("stranger", OPEN), ("fresh", EMPTY), ("member", SIGNED_IN), ("admin", ADMIN)):
        give_cookies(browser, states[who])
        for name, path in pages.items():
            browser.open(path.format(**states))
            if name == "docs":    # as long as it can be
                browser.driver.execute_script("document.querySelectorAll('details').forEach(e => { e.open = true; })")
            yield name

    # forms with errors, sent as they are
    def send(path):
        browser.open(path)
        browser.one('main form [type="submit"]').click()
        browser.wait(lambda: browser.all('[aria-invalid="true"]'))
    give_cookies(browser, states["stranger"])
    for name, path in (("login-errors", "/auth/login"), ("register-errors", "/auth/register")):
        send(path)
        yield name
    give_cookies(browser, states["admin"])
    for name, path in (("knowledge-new-errors", "/knowledge/new"), ("knowledge-import-errors", "/knowledge/import")):
        send(path)
        yield name
    browser.open("/knowledge/edit/germany-vat")
    browser.one('main [value="preview"]').click()
    browser.wait(lambda: browser.all("#preview"))
    yield "knowledge-preview"
    give_cookies(browser, states["member"])
    browser.open("/country/")
    browser.one('main form[action$="/proceed-to-chat"] [type="submit"]').click()
    browser.wait(lambda: browser.path == "/proceed-to-chat" and browser.all('[aria-invalid="true"]'))
    yield "country-errors"
    send("/auth/confirm")
    yield "confirm-password-errors"
    send("/profile/password")
    yield "password-errors"
    browser.open(f"/chat/messages/{states['message']}")
    browser.one("#message").clear()
    browser.one('main [value="save"]').click()
    browser.wait(lambda: browser.all('[aria-invalid="true"]'))
    yield "message-errors"

    send("/personality/new")
    yield "character-errors"
    for action in ("preview", "suggest"):
        browser.open("/personality/new")
        browser.one("#backstory").send_keys("A detective who tells jokes.")
        browser.one(f'main [value="{action}"]').click()
        browser.wait(lambda: browser.path == "/personality" and browser.all("#backstory"))
        yield f"character-{action}"
    browser.open("/personality")
    browser.one('main form[action$="/import"] [type="submit"]').click()
    browser.wait(lambda: browser.all('[aria-invalid="true"]'))
    yield "import-errors"

    site, browser.site = browser.site, states["guest_site"]
    try:
        give_cookies(browser, states["keeper"])
        browser.open("/settings")
        yield "settings-keys"
        browser.one('main form[action$="/settings/key"] [value="save"]').click()
        browser.wait(lambda: browser.all('[aria-invalid="true"]'))
        yield "settings-errors"
        give_cookies(browser, states["stranger"])
        for name, path in (("guest", "/auth/guest"), ("login-guests", "/auth/login"), ("register-terms", "/auth/register")):
            browser.open(path)
            yield name
        send("/auth/guest")
        yield "guest-errors"
        give_cookies(browser, states["guest"])
        for name, path in GUEST.items():
            browser.open(path.format(**states))
            yield name
    finally:
        browser.site = site


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
    for who, paths in (("stranger", OPEN), ("fresh", EMPTY), ("member", SIGNED_IN), ("admin", ADMIN), ("guest", GUEST)):
        for name, path in paths.items():
            pages[name] = states[who].get(path.format(**states).partition("#")[0]).text
    member, stranger = states["member"], states["stranger"]
    newcomer = Visitor(states["guest_site"])
    pages["guest"] = newcomer.get("/auth/guest").text
    pages["guest-errors"] = newcomer.post("/auth/guest", {"email": "<\"'&>"}, newcomer.token("/auth/guest")).text
    pages["register-terms-errors"] = newcomer.post("/auth/register", {}, newcomer.token("/auth/register")).text
    pages["confirm-password-errors"] = member.post("/auth/confirm", {"password": ""}).text
    pages["confirm-password-kept"] = member.post("/auth/confirm", {
        "password": "x", "pending_path": "/devices/end", "pending_fields": "id=%22%3E&x=1"}).text
    pages["conversation-errors"] = member.post(f"/chat/conversations/{states['chat']}", {"title": "<\"'&>" * 40, "action": "save"}).text
    pages["conversations-import-errors"] = member.post("/chat/conversations/import", {}).text
    pages["password-errors"] = member.post("/profile/password", {"password": "x"}).text
    pages["message-refused"] = member.post(f"/chat/messages/{states['message']}", {"message": " "}).text
    pages["message-late-refused"] = member.post(f"/chat/messages/{states['late']}", {"message": "x"}).text
    pages["devices-stale"] = member.post("/devices/end-others", {}, "a" * 64).text
    pages["character-errors"] = member.post("/personality", {"name": "", "temperature": "<\"'&>", "action": "save"}).text
    pages["character-preview"] = member.post("/personality", {"backstory": "<\"'&>", "action": "preview"}).text
    pages["character-delete-stale"] = member.post("/personality/delete", {"id": states["character"]}, "a" * 64).text
    pages["import-errors"] = member.post("/personality/import", {}).text
    pages["settings-errors"] = member.post("/settings", {"theme": "<\"'&>", "model": "<\"'&>", "answer_language": "<"}).text
    pages["settings-keys"] = states["keeper"].get("/settings").text
    pages["settings-keys-errors"] = states["keeper"].post("/settings/key", {"protocol": "openai", "api_key": "<\"'&>"}).text
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

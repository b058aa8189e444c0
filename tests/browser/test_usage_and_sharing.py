"""Usage, shared conversations and temporary ones: readable for everybody, at every width, light and dark."""
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from support.answers import Models, ask, finished
from support.model_server import openai
from support.sessions import sign_in
from support.site import Visitor, add_person
from test_pages import give_cookies


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack, chat_sharing="anyone", quota_messages_per_day="3")
    yield models
    models.stop()


@pytest.fixture
def chat_site(models, request):
    return models.site(request.config.getoption("--servers").split(",")[0])


@pytest.fixture
def chatter(open_browser, chat_site):
    return open_browser(chat_site)


@pytest.fixture
def member(chat_site, mysql, postgresql):
    person = add_person(mysql)
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_usage (user_id, day, messages, prompt_tokens, answer_tokens) SELECT %s, "
                       "(gatehouse_now() AT TIME ZONE 'UTC')::date - n, (n * 7919) %% 43, ((n * 104729) %% 977) * 41, n * 13 "
                       "FROM generate_series(1, 29) n WHERE n %% 7 NOT IN (2, 3)", (str(person.id),))
    return sign_in(chat_site, person)


@pytest.fixture
def shared(member, models, postgresql):
    """Addresses: the page of sharing, and the link."""
    models.server.script(openai("A *GmbH* needs:\n\n1. articles\n2. a notary\n\n```\n", "x = 1 # " * 30, "\n```\n"))
    reply = ask(member, "What is a GmbH? " + "W" * 60)
    finished(member, reply["answer"])
    id = reply["session_id"]
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) VALUES (%s, 'assistant', %s)", (id, "One\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    page = f"/chat/conversations/{id}/share"
    member.post(page, {"action": "share"})
    return page, member.get(page, headers={"Accept": "application/json"}).json["link"]


def each_page(browser, models, member, shared):
    page, link = shared
    link = "/shared/" + link.rsplit("/", 1)[1]
    give_cookies(browser, member)
    browser.open("/usage")
    yield "usage"
    browser.one(".usage-table summary").click()
    yield "usage-table"
    browser.open(page + "?done=shared")
    yield "share-on"
    member.post(page, {"action": "revoke"})
    browser.open(page)
    yield "share-off"
    browser.open("/chat/temporary")
    yield "temporary"
    gate = threading.Semaphore(0)
    models.server.script(openai("It grows,\n\n", "word ", "by word.", gate=gate))
    browser.one("#message").send_keys("How long does it take? " + "W" * 60, Keys.ENTER)
    gate.release()
    browser.wait(lambda: "It grows" in browser.one("#growing .prose").text)
    yield "temporary-growing"
    gate.release()
    gate.release()
    browser.wait(lambda: browser.one("#latest .prose").text.endswith("by word."))
    yield "temporary-answered"
    for text in ("Two", "Three"):
        member.api("/api/chat/temporary", {"message": text})
    browser.one("#message").send_keys("One more", Keys.ENTER)
    browser.wait(lambda: browser.all("#problem"))
    yield "temporary-refused"
    browser.open("/usage")
    yield "usage-reached"
    member.post(page, {"action": "share"})
    give_cookies(browser, Visitor(member.server))
    browser.open("/shared/" + member.get(page, headers={"Accept": "application/json"}).json["link"].rsplit("/", 1)[1])
    yield "shared"
    browser.open(link)
    yield "shared-gone"


def test_the_link_is_copied(chatter, member, shared):
    page, link = shared
    give_cookies(chatter, member)
    chatter.may_copy()
    chatter.open(page)
    chatter.press("Copy")
    chatter.wait(lambda: "Copied" in chatter.one("#link-hint").text)
    assert chatter.copied == link


@pytest.mark.parametrize("scheme, width", [("light", 360), ("dark", 1280)])
def test_axe_finds_nothing_to_object_to(chatter, models, member, shared, axe, scheme, width):
    chatter.resize(width, 800)
    chatter.scheme(scheme)
    found = {}
    for name in each_page(chatter, models, member, shared):
        wide = chatter.driver.execute_script("return document.documentElement.scrollWidth") > width
        if problems := axe(chatter) + (["wider than the window"] if wide else []):
            found[name] = problems
    assert not found, found
    assert chatter.complaints() == []


@pytest.mark.parametrize("width", [320, 768])
def test_no_page_is_wider_than_the_window(chatter, models, member, shared, width):
    chatter.resize(width, 700)
    assert [name for name in each_page(chatter, models, member, shared)
            if chatter.driver.execute_script("return document.documentElement.scrollWidth") > width] == []


def test_the_html_has_no_errors(models, member, shared, html_validate):
    page, _ = shared
    models.server.script(openai("Fine."))
    pages = {"usage": member.get("/usage").text, "share-on": member.get(page).text, "temporary": member.get("/chat/temporary").text,
             "temporary-errors": member.post("/chat/temporary", {"message": "", "turns": '[{"role":"user","content":"<\\"\'&>"}]'}).text,
             "temporary-growing": member.post("/chat/temporary", {"message": "<\"'&>"}).text,
             "temporary-stale": member.post("/chat/temporary", {"message": "<\"'&>"}, "a" * 64).text,
             "shared": Visitor(member.server).get("/shared/" + shared[1].rsplit("/", 1)[1]).text}
    member.post(page, {"action": "revoke"})
    pages["share-off"] = member.get(page + "?done=revoked").text
    pages["shared-gone"] = Visitor(member.server).get("/shared/" + shared[1].rsplit("/", 1)[1]).text
    assert html_validate(pages) == ""


def answered(browser):
    return [item.text for item in browser.all(".messages .message-answer .prose")]


def test_a_temporary_conversation_needs_no_page_load_and_stops(chatter, models, member, postgresql):
    gate = threading.Semaphore(0)
    models.server.script(openai("First **answer**."), openai("Kept", " never", gate=gate))
    give_cookies(chatter, member)
    chatter.open("/chat/")
    chatter.press("Temporary chat") if chatter.all(".drawer[open]") else chatter.open("/chat/?temporary=1")
    chatter.wait(lambda: chatter.path == "/chat/temporary")
    chatter.driver.execute_script("window.sameDocument = true")
    chatter.one("#message").send_keys("One", Keys.ENTER)
    chatter.wait(lambda: answered(chatter) == ["First answer."])
    assert chatter.all("strong") and not chatter.all("#growing")
    chatter.one("#message").send_keys("Two", Keys.ENTER)
    chatter.wait(lambda: answered(chatter)[-1] == "Kept")
    chatter.one("#message").send_keys("typed meanwhile")
    chatter.press("Stop")
    chatter.wait(lambda: not chatter.all("#growing"))
    assert answered(chatter) == ["First answer.", "Kept"] and chatter.one("#message").get_attribute("value") == "typed meanwhile"
    assert chatter.driver.execute_script("return window.sameDocument") is True and chatter.path == "/chat/temporary"
    gate.release()
    gate.release()
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gatehouse_temporary_answer WHERE user_id = %s", (str(member.person.id),))
        assert cursor.fetchone() == (0,)
    assert chatter.complaints() == []
    chatter.driver.refresh()
    assert "First answer." not in chatter.text


def test_a_temporary_conversation_works_without_scripts(open_browser, chat_site, models, member):
    browser = open_browser(chat_site, javascript=False)
    gate = threading.Semaphore(0)
    models.server.script(openai("Slow", " answer.", gate=gate))
    give_cookies(browser, member)
    browser.open("/chat/temporary")
    browser.type("message", "Without scripts")
    browser.press("Send")
    browser.wait(lambda: "Show the answer" in browser.text)
    gate.release()
    gate.release()

    def is_there():
        if browser.all("[data-show]"):
            browser.press("Show the answer")
        return "Slow answer." in browser.text and not browser.all("[data-show]")
    browser.wait(is_there)

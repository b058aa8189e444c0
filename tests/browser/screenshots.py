"""Not a test: pictures of every page, to look at. `make screenshots` runs it; see the README.

Each page is opened once and taken at every width, light and dark, as high as it is. index.html shows them
side by side."""
import base64
import html
import itertools
import os
import pathlib
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from support.answers import Models, ask, finished
from support.characters import create
from support.model_server import openai, status
from support.sessions import PHONE, begin_guest, sign_in
from support.site import Visitor, add_person
from test_pages import give_cookies

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("SCREENSHOTS") or ROOT / "build" / "screenshots")
WIDTHS = {360: 740, 768: 1024, 1280: 800}
SCHEMES = ("light", "dark")
HIGHEST = 12000    # a browser draws no picture of any height

MARKDOWN = """A **GmbH** is founded in three steps:

1. Agree on the *articles of association* and have a notary certify them.
2. Pay in the share capital, at least **€12,500** of the €25,000.
3. The notary enters it in the commercial register.

| Step | How long | What it costs |
|---|---|---|
| Notary | 1 to 2 weeks | about €800 |
| Register | 1 to 3 weeks | about €150 |

```python
capital = 25_000
paid_in = capital / 2    # at least this much before the register is asked
```

- [x] Find a name
- [ ] Open a bank account

> The register's entry makes it a company, not the contract.

See https://www.example.org/gmbh for the forms."""
CARDS = [("Ada", "Work", "A patient engineer who explains how things work, step by step, and draws on napkins.", ["Analytical", "Logical"]),
         ("Captain Brine", "Stories", "Forty years at sea, and a story for every one of them.", ["Playful", "Witty"])]


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack, session_guest="on", chat_own_keys="on", chat_key_secret="pictures are not secret, this key is long", chat_sharing="anyone",
                    chat_services="Tax,Business Setup,Migration/Visa", site_terms_url="/terms", site_forgot_password_url="/forgot",
                    openai_models="test,larger", openai_idle_seconds="600", openai_total_seconds="3600")
    for card in sorted((ROOT / "demo" / "characters").glob("*.json")):
        assert stack.command("character", "import", str(card), "--shared").returncode == 0
    yield models
    models.stop()


@pytest.fixture
def gate():
    gate = threading.Semaphore(0)
    yield gate
    gate.release(1000)


@pytest.fixture
def people(models, mysql, postgresql, stack):
    """Who looks at the pages, by what they are."""
    site = models.site("nginx")
    ada, root = add_person(mysql, name="ada.lovelace"), add_person(mysql, name="root")
    for person in (ada, root):    # one browser signs in here, and another one takes the pictures
        for kind in ("authenticated", "admin"):
            assert stack.command("policy", "set", person.username, kind, "bind_browser=off").returncode == 0
    assert stack.command("group", "add", "administrators", root.username).returncode == 0
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_usage (user_id, day, messages, prompt_tokens, answer_tokens) SELECT %s, "
                       "(gatehouse_now() AT TIME ZONE 'UTC')::date - n, (n * 7919) %% 43, ((n * 104729) %% 977) * 41, n * 13 "
                       "FROM generate_series(1, 29) n WHERE n %% 7 NOT IN (2, 3)", (str(ada.id),))
    member = sign_in(site, ada)
    sign_in(site, ada, browser=PHONE, remember_me="1")
    Visitor(site).post("/auth/login", {"username": ada.username, "password": "wrong"})
    return {"stranger": Visitor(site), "member": member, "admin": sign_in(site, root), "fresh": sign_in(site, add_person(mysql, name="grace")),
            "guest": begin_guest(site, "visitor@example.org"), "waiting": Visitor(site)}


@pytest.fixture
def places(models, people, postgresql, gate):
    """What the addresses of pages are made of."""
    member, admin = people["member"], people["admin"]

    def answered(text, reply=openai("Thank you, noted."), who=member, **more):
        models.server.script(reply)
        asked = ask(who, text, **more)
        finished(who, asked["answer"])
        return asked
    first = answered("How do I register a GmbH in Germany?", openai("In short: notary, bank, register."), country="Germany", service_type="Business Setup")
    models.server.script(openai(MARKDOWN))
    finished(member, member.api(f"/api/messages/{first['messages'][0]['id']}", {"action": "retry"}).json["answer"])
    second = answered("And how long does all of that take?", session_id=first["session_id"])
    answer = finished(member, second["answer"])["message_id"]
    member.api(f"/api/messages/{answer}", {"action": "rate", "rating": "-1", "note": "That is no answer."})
    chat = first["session_id"]
    for action in ({"action": "pin"}, {"action": "folder", "folder": "Company"}):
        member.api(f"/api/conversations/{chat}", action)
    for text, action in (("When is my tax return due?", None), ("Which visa does a carpenter need for Canada?", None), ("What is the VAT rate in Spain?", "archive"),
                         ("May I deduct a home office that I share with somebody?", "delete")):
        id = answered(text)["session_id"]
        if action:
            member.api(f"/api/conversations/{id}", {"action": action})
    failed = answered("Will this one fail?", status(401, {}))
    ended = answered("Is it over?")["session_id"]
    guests = answered("Do I need a visa for a holiday in Japan?", who=people["guest"])["session_id"]
    models.server.script(openai("Growing answers show\n\n- what is there,\n- and then ", "the rest.", gate=gate))
    growing = ask(member, "Does this one grow?")["session_id"]
    own = [create(member, name=name, category=category, backstory=about, greeting=f"Hello, I am {name}.", traits=traits, tags=["demo"], model="")
           for name, category, about, traits in CARDS]
    member.post(f"/chat/conversations/{chat}/share", {"action": "share"})
    link = member.get(f"/chat/conversations/{chat}/share", headers={"Accept": "application/json"}).json["link"]
    member.post("/settings/key", {"protocol": "openai", "api_key": "sk-0123456789abcdefWXYZ", "action": "save"})
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 day' WHERE session_id = %s", (ended,))
    return {"chat": chat, "failed": failed["session_id"], "ended": ended, "growing": growing, "guests": guests, "character": own[0]["id"],
            "message": first["messages"][0]["id"], "shared": "/shared/" + link.rsplit("/", 1)[1], "name": admin.person.username,
            "member": member.person.username}


# Pages by who looks at them. A name with a "+" needs something done first: see ACTS.
PAGES = {
    "stranger": {
        "login": "/auth/login", "login-signed-out": "/auth/login?notice=signed_out", "login+errors": "/auth/login", "register": "/auth/register",
        "register+errors": "/auth/register", "guest-begin": "/auth/guest", "shared": "{shared}", "docs": "/docs", "docs+open": "/docs", "error-gone": "/shared/nothing"},
    "member": {
        "home": "/", "dashboard": "/dashboard", "profile": "/profile", "password": "/profile/password", "password+errors": "/profile/password", "devices": "/devices",
        "activity": "/activity", "usage": "/usage", "usage+table": "/usage", "settings": "/settings?done=saved", "confirm-password": "/auth/confirm", "logout": "/auth/logout",
        "protected": "/protected", "country": "/country/", "chat": "/chat/?session_id={chat}", "chat-new": "/chat/", "chat+drawer": "/chat/?session_id={chat}",
        "chat+shortcuts": "/chat/", "chat+edit": "/chat/?session_id={chat}", "chat-failed": "/chat/?session_id={failed}", "chat-ended": "/chat/?session_id={ended}",
        "chat-growing": "/chat/?session_id={growing}", "temporary": "/chat/temporary", "temporary+said": "/chat/temporary", "message": "/chat/messages/{message}",
        "conversations": "/chat/conversations", "conversations-search": "/chat/conversations?q=visa", "conversations-none": "/chat/conversations?q=nothing-like-this",
        "conversations-archived": "/chat/conversations?shelf=archived", "conversations-deleted": "/chat/conversations?shelf=deleted",
        "conversations+import-error": "/chat/conversations", "conversation": "/chat/conversations/{chat}", "share": "/chat/conversations/{chat}/share",
        "characters": "/characters", "characters-none": "/characters?q=nothing-like-this", "character": "/characters/{character}", "character-chat": "/chat/?character={character}",
        "personality": "/personality?done=saved", "character-new": "/personality/new", "character-new+errors": "/personality/new", "character-edit": "/personality/{character}",
        "character-delete": "/personality/delete?id={character}", "article": "/articles/germany-vat", "error-not-found": "/nowhere", "error-forbidden": "/config"},
    "fresh": {"home-empty": "/", "dashboard-empty": "/dashboard", "chat-empty": "/chat/", "personality-empty": "/personality", "conversations-empty": "/chat/conversations",
              "usage-empty": "/usage", "activity-first": "/activity"},
    "admin": {
        "config": "/config", "admin-devices": "/admin/devices?user={member}", "admin-devices-ask": "/admin/devices", "admin-devices-nobody": "/admin/devices?user=nobody",
        "knowledge": "/knowledge", "knowledge-none": "/knowledge?words=nothing-like-this", "knowledge-new": "/knowledge/new", "knowledge-new+errors": "/knowledge/new",
        "knowledge-edit": "/knowledge/edit/germany-vat", "knowledge-delete": "/knowledge/delete/germany-vat", "knowledge-import": "/knowledge/import", "admin-profile": "/profile"},
    "guest": {"guest-chat": "/chat/?session_id={guests}", "guest-chat-new": "/chat/", "guest-usage": "/usage"},
    "waiting": {"error-too-often": "/auth/login"},
}


def send_as_it_is(browser):
    browser.one('main form[method="post"] [type="submit"]').click()
    browser.wait(lambda: browser.all('[aria-invalid="true"]'))


def open_details(browser):
    browser.driver.execute_script("[...document.querySelectorAll('main details')].filter((e, i) => [0, 9, 20].includes(i)).forEach(e => { e.open = true; })")


def talk(browser, models):
    models.server.script(openai("Nothing of this is kept: *closing the page* ends it."))
    browser.one("#message").send_keys("Who reads this?", Keys.ENTER)
    browser.wait(lambda: browser.all("#latest .prose"))


def click(selector, then):
    def act(browser):
        browser.one(selector).click()
        browser.wait(lambda: browser.all(then))
    return act


def edit(browser):
    browser.press("Edit")
    browser.wait(lambda: browser.all(".edit-form textarea"))


def knock(browser):
    for _ in range(6):
        browser.type("username", "knocker")
        browser.type("password", "x")
        browser.driver.execute_script("document.body.dataset.sent = 'yes'")
        browser.one('main form [type="submit"]').click()
        browser.wait(lambda: browser.all("body:not([data-sent]) #problem"))  # not that of the page before


def show_shortcuts(browser):
    browser.one("#show-shortcuts").click()
    browser.wait(lambda: browser.all("#shortcuts[open]"))


def import_nothing(browser):
    browser.one('main form[enctype="multipart/form-data"] [type="submit"]').click()
    browser.wait(lambda: browser.all('[aria-invalid="true"]'))


ACTS = {"errors": send_as_it_is, "open": open_details, "table": click(".usage-table summary", ".usage-table[open]"), "edit": edit, "shortcuts": show_shortcuts,
        "import-error": import_nothing}


def take(browser, name):
    """Pictures of the page that is open, by width and scheme; what of it is wider than the window."""
    wide = []
    for width, scheme in itertools.product(WIDTHS, SCHEMES):
        browser.resize(width, WIDTHS[width])
        browser.scheme(scheme)
        browser.driver.execute_script("document.activeElement.blur(); scrollTo({ top: 0, behavior: 'instant' });")
        browser.wait(lambda: browser.driver.execute_script(
            "return document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)"))
        size = browser.driver.execute_script("const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]")
        if size[0] > width:
            wide.append(f"{name} at {width}: {size[0]}")
        # What stays at the window's edge, such as the message box, belongs to the end of the picture.
        height = min(max(size[1], WIDTHS[width]), HIGHEST)
        browser.resize(width, height)
        picture = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        (FOLDER / f"{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    return wide


def write_index(names):
    rows = "".join(
        f'<h2 id="{name}">{name}</h2><div>' + "".join(
            f'<a href="{name}-{width}-{scheme}.png"><img loading="lazy" src="{name}-{width}-{scheme}.png" width="{width // 3}" alt="{name}, {width} pixels, {scheme}"></a>'
            for scheme in SCHEMES for width in WIDTHS) + "</div>" for name in map(html.escape, names))
    (FOLDER / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages</title>'
        "<style>body { font: 1rem sans-serif; background: #888 } div { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start }</style>" + rows)


def test_every_page_has_its_picture(models, people, places, open_browser):
    FOLDER.mkdir(parents=True, exist_ok=True)
    site = models.site("nginx")
    browser = open_browser(site)
    only = os.environ.get("ONLY", "").split()
    names, wide = [], []
    for who, pages in PAGES.items():
        give_cookies(browser, people[who])
        for name, path in pages.items():
            page, _, act = name.partition("+")
            name = name.replace("+", "-")
            if only and not any(word in name for word in only):
                continue
            browser.resize(360 if act == "drawer" else 1280, 800)
            browser.open(path.format(**places))
            if act == "drawer":
                click(".drawer-open", ".drawer-sheet[open]")(browser)
            elif act == "said":
                talk(browser, models)
            elif who == "waiting":
                knock(browser)
            elif act:
                ACTS[act](browser)
            names.append(name)
            wide += take(browser, name)
    write_index(names)
    print(f"\n{len(names)} pages: {FOLDER}/index.html")
    assert not wide, "\n".join(wide)

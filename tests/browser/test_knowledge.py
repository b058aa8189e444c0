"""Keeping the articles in a browser, also without scripts."""
import secrets

import pytest

from support.sessions import sign_in
from support.site import add_person


@pytest.fixture
def admin(one_site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    assert stack.command("policy", "set", person.username, "admin", "bind_browser=off").returncode == 0
    return sign_in(one_site, person)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_article_is_written_looked_at_saved_found_and_deleted(open_browser, admin, javascript):
    browser = open_browser(javascript=javascript)
    browser.open("/health")
    for name, value in admin.cookies.items():
        browser.driver.add_cookie({"name": name, "value": value, "path": "/"})
    name = "test-" + secrets.token_hex(5)
    browser.open("/profile").press("Articles")
    browser.wait(lambda: browser.path == "/knowledge")
    browser.press("Write an article")
    browser.wait(lambda: browser.path == "/knowledge/new")
    browser.type("slug", name)
    browser.type("title", "Kites")
    browser.type("tags", "kite")
    browser.type("body", "Fly it.\n\n```python\nprint('up')\n```")
    browser.press("Preview")
    browser.wait(lambda: browser.all("#preview"))
    code = browser.one(".preview pre")
    label = browser.driver.execute_script("return getComputedStyle(arguments[0], '::before').content", code) if javascript else None
    assert label in ('"python"', None) and code.get_attribute("data-language") == "python"
    assert "print('up')" in code.text and "python" not in code.text
    assert browser.one("#title").get_attribute("value") == "Kites"
    browser.press("Save")
    browser.wait(lambda: "The article is there now." in browser.text)
    browser.type("words", name)
    browser.press("Search")
    browser.wait(lambda: "1 article" in browser.text and "Kites" in browser.text)
    browser.press("Delete")
    browser.wait(lambda: "Delete this article?" in browser.text)
    browser.press("Delete")
    browser.wait(lambda: "The article is deleted." in browser.text)
    assert browser.complaints() == []

"""Home, profile and the rest, for browsers and for programs."""
from support.characters import create


def test_home_greets_by_name(member):
    page = member.get("/")
    assert page.status == 200 and member.person.username in page.text


def test_profile_tells_about_the_account_and_the_sign_in(member):
    page = member.get("/profile")
    assert page.status == 200
    assert member.person.username in page.text and member.person.email in page.text
    assert member.get("/profile", headers={"Accept": "application/json"}).json == {
        "message": f"Welcome, {member.person.username}!", "username": member.person.username}


def test_protected_says_hello(member):
    assert f"Hello {member.person.username}" in member.get("/protected").text
    assert member.get("/protected", headers={"Accept": "application/json"}).json == {
        "message": f"Hello {member.person.username}"}


def test_what_an_accept_header_asks_for_is_what_comes(member):
    for accept, kind in (("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"), ("application/json", "application/json"),
                         ("*/*", "text/html"), ("application/json;q=0.5, text/html", "text/html"),
                         ("text/html;q=0.5, application/json", "application/json"), (None, "text/html")):
        reply = member.get("/protected", headers={"Accept": accept})
        assert reply.headers["Content-Type"].startswith(kind), accept


def test_every_page_shows_who_is_signed_in_and_the_way_out(member):
    for path in ("/", "/dashboard", "/profile", "/activity", "/chat/", "/country/", "/nowhere"):
        text = member.get(path).text
        assert member.person.username in text and 'action="/auth/logout"' in text, path


def test_every_page_is_a_whole_document_with_one_heading(member, visitor):
    pages = [member.get(path).text for path in ("/", "/dashboard", "/profile", "/activity", "/protected", "/chat/", "/country/",
                                                "/logout", "/articles/germany-vat", "/nowhere")]
    pages += [visitor.get(path).text for path in ("/auth/login", "/auth/register")]
    for text in pages:
        assert text.startswith("<!DOCTYPE html>") or text.startswith("<!doctype html>")
        assert '<html lang="en"' in text and text.count("<h1") == 1 and "<title>" in text and "<main" in text


def test_home_offers_characters_to_talk_with(member):
    character = create(member, name="0 comes first", backstory="Somebody who knows the sea.")["id"]
    page = member.get("/").text
    assert f'href="/chat/?character={character}"' in page and "0 comes first" in page
    assert set(member.get("/", headers={"Accept": "application/json"}).json) == {"message"}

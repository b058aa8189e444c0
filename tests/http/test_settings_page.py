"""What people set for themselves, and their own keys of model servers."""
import json
import re

import pytest

from support.characters import JSON, administrator, create, send
from support.site import Visitor, add_person

FORM = {"display_name": "Ada", "theme": "dark", "model": "knowledge", "default_character": "", "answer_language": "de",
        "no_storage": "1", "enter_sends": "1"}
DEFAULT = {"display_name": "", "theme": "system", "model": "", "default_character": "", "no_storage": False, "enter_sends": True,
           "answer_language": "", "own_keys": False, "keys": []}
KEY = "sk-test-0123456789abcdefWXYZ"


@pytest.fixture(scope="module")
def keys_site(stack):
    server = stack.start("lighttpd", {"GATEHOUSE_CHAT_OWN_KEYS": "on", "GATEHOUSE_CHAT_KEY_SECRET": "another secret of fifty characters, 0123456789 ABCDEF"})
    yield server
    server.stop()


@pytest.fixture
def keeper(keys_site, mysql):
    visitor = Visitor(keys_site)
    visitor.person = add_person(mysql)
    visitor.sign_in(visitor.person)
    return visitor


def submit(visitor, **fields):
    sent = {name: text for name, text in {**FORM, **fields}.items() if text is not None}
    return visitor.post("/settings", sent, visitor.token("/settings"))


def settings(visitor):
    return visitor.get("/api/settings").json


def test_nothing_is_set_at_first(one_member):
    assert settings(one_member) == DEFAULT


def test_settings_are_stored_with_a_form(member):
    reply = submit(member)
    assert (reply.status, reply.location) == (303, "/settings?done=saved")
    page = member.get(reply.location)
    assert "Your settings are saved." in page.text and page.value("display_name") == "Ada"
    assert settings(member) == {**DEFAULT, "display_name": "Ada", "theme": "dark", "model": "knowledge", "answer_language": "de", "no_storage": True}
    submit(member, no_storage=None, enter_sends=None)
    assert (settings(member)["no_storage"], settings(member)["enter_sends"]) == (False, False)


def test_the_first_byte_of_a_page_has_the_theme(member):
    assert "data-bs-theme" not in member.get("/profile").text
    submit(member, theme="dark")
    assert re.search(r'<html lang="en" data-bs-theme="dark">', member.get("/profile").text)
    submit(member, theme="light")
    page = member.get("/profile").text
    assert 'data-bs-theme="light"' in page and '<meta name="color-scheme" content="light">' in page
    submit(member, theme="system")
    assert "data-bs-theme" not in member.get("/profile").text and "gatehouse_theme" not in member.cookies


def test_the_theme_follows_to_another_device(one_site, one_member):
    submit(one_member, theme="dark")
    elsewhere = Visitor(one_site)
    elsewhere.sign_in(one_member.person)
    assert 'data-bs-theme="dark"' in elsewhere.get("/profile").text
    # and the next person at this device has their own
    for name in ("sessionid", "csrftoken"):
        elsewhere.cookies.pop(name)
    assert 'data-bs-theme="dark"' in elsewhere.get("/auth/login").text


def test_a_theme_that_is_none_is_ignored(one_member):
    for cookie in ("blue", '"><script>', "dark light"):
        page = one_member.get("/profile", headers={"Cookie": f"sessionid={one_member.cookies['sessionid']}; gatehouse_theme={cookie}"})
        assert page.status == 200 and "data-bs-theme" not in page.text


def test_programs_say_only_what_changes(one_member):
    submit(one_member)
    reply = send(one_member, "PATCH", "/api/settings", {"enter_sends": False})
    assert reply.status == 200 and reply.json["display_name"] == "Ada" and reply.json["enter_sends"] is False
    assert settings(one_member)["enter_sends"] is False
    reply = send(one_member, "PUT", "/api/settings", {"display_name": "Bea"})
    assert settings(one_member) == {**DEFAULT, "display_name": "Bea"}


@pytest.mark.parametrize("field, value, sentence", [
    ("display_name", "é" * 81, "longer than 80"), ("theme", "blue", "system, light or dark"), ("theme", "", "system, light or dark"),
    ("model", "openai/x", "not offered"), ("default_character", "x", "no such character"),
    ("default_character", "00000000-0000-0000-0000-000000000000", "no such character"), ("answer_language", "xx", "not in the list"),
])
def test_what_cannot_be_set_is_said_beside_its_field(one_member, field, value, sentence):
    page = submit(one_member, **{field: value})
    assert page.status == 400 and sentence in page.text
    reply = send(one_member, "PATCH", "/api/settings", {field: value})
    assert reply.status == 400 and sentence in reply.json["fields"][field]
    assert settings(one_member) == DEFAULT


@pytest.mark.parametrize("field, value", [("no_storage", "yes"), ("enter_sends", 1), ("theme", None), ("display_name", ["a"])])
def test_values_have_their_kind(one_member, field, value):
    assert field in send(one_member, "PATCH", "/api/settings", {field: value}).json["fields"]


def test_a_default_character_is_one_that_is_seen(one_site, one_member, mysql, stack):
    mine = create(one_member, name="My own")
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    assert send(other, "PATCH", "/api/settings", {"default_character": mine["id"]}).status == 400
    assert send(one_member, "PATCH", "/api/settings", {"default_character": mine["id"]}).status == 200
    assert f'value="{mine["id"]}" selected' in one_member.get("/settings").text
    one_member.request("DELETE", f"/api/characters/{mine['id']}", None, {**JSON, "X-CSRFToken": one_member.cookies["csrftoken"]})
    assert settings(one_member)["default_character"] == ""
    # and one that is no longer shared is none
    admin = administrator(one_site, mysql, stack)
    shared = create(admin, is_shared=True)
    send(one_member, "PATCH", "/api/settings", {"default_character": shared["id"]})
    assert settings(one_member)["default_character"] == shared["id"]
    send(admin, "PATCH", f"/api/characters/{shared['id']}", {"is_shared": False})
    assert settings(one_member)["default_character"] == ""


def test_settings_are_ones_own(one_site, one_member, mysql):
    submit(one_member)
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    assert settings(other) == DEFAULT


def test_a_stale_form_keeps_what_was_typed(one_member):
    page = one_member.post("/settings", FORM, "a" * 64)
    assert page.status == 403 and page.value("display_name") == "Ada" and settings(one_member) == DEFAULT
    for method, path in (("PUT", "/api/settings"), ("PATCH", "/api/settings"), ("PUT", "/api/settings/keys/openai"), ("DELETE", "/api/settings/keys/openai")):
        assert one_member.request(method, path, '{"theme": "dark"}', JSON, "application/json").json["error"] == "csrf_failed"
    assert one_member.post("/settings/key", {"protocol": "openai", "api_key": KEY}, "a" * 64).status == 403


# ---- Own keys ----

def test_keys_are_off_unless_the_operator_allows_them(one_member, postgresql, sql):
    assert "Your own keys" not in one_member.get("/settings").text
    assert send(one_member, "PUT", "/api/settings/keys/openai", {"api_key": KEY}).status == 403
    assert one_member.post("/settings/key", {"protocol": "openai", "api_key": KEY, "action": "save"}).status == 403
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_person_key WHERE user_id = %s", str(one_member.person.id)) == (0,)


def test_a_key_is_stored_encrypted_and_never_shown_again(keeper, postgresql, sql):
    reply = keeper.post("/settings/key", {"protocol": "openai", "api_key": KEY, "action": "save"})
    assert (reply.status, reply.location) == (303, "/settings?done=key_saved")
    page = keeper.get("/settings")
    assert "A key ending in <code>…WXYZ</code> is stored." in page.text and KEY[:12] not in page.text
    assert settings(keeper)["keys"] == [{"protocol": "openai", "ending": "WXYZ"}]
    sealed, hint = sql(postgresql, "SELECT sealed, hint FROM gatehouse_person_key WHERE user_id = %s", str(keeper.person.id))
    assert sealed.startswith("1.") and KEY not in sealed and hint == "WXYZ"
    assert KEY not in json.dumps(settings(keeper))
    # the same key twice looks different
    keeper.post("/settings/key", {"protocol": "openai", "api_key": KEY, "action": "save"})
    assert sql(postgresql, "SELECT sealed FROM gatehouse_person_key WHERE user_id = %s", str(keeper.person.id)) != (sealed,)
    submit(keeper)
    assert settings(keeper)["keys"] == [{"protocol": "openai", "ending": "WXYZ"}], "other settings leave it alone"

    reply = keeper.post("/settings/key", {"protocol": "openai", "action": "remove"})
    assert reply.location == "/settings?done=key_removed" and settings(keeper)["keys"] == []
    assert keeper.post("/settings/key", {"protocol": "openai", "action": "remove"}).status == 404


def test_programs_store_and_remove_keys(keeper):
    assert send(keeper, "PUT", "/api/settings/keys/anthropic", {"api_key": KEY}).status == 200
    assert send(keeper, "PUT", "/api/settings/keys/openai", {"api_key": KEY[::-1]}).status == 200
    assert settings(keeper)["keys"] == [{"protocol": "anthropic", "ending": "WXYZ"}, {"protocol": "openai", "ending": "t-ks"}]
    reply = keeper.request("DELETE", "/api/settings/keys/anthropic", None, {**JSON, "X-CSRFToken": keeper.cookies["csrftoken"]})
    assert reply.status == 200 and [key["protocol"] for key in settings(keeper)["keys"]] == ["openai"]
    for protocol in ("knowledge", "", "openai/x"):
        assert send(keeper, "PUT", f"/api/settings/keys/{protocol}", {"api_key": KEY}).status == 404


@pytest.mark.parametrize("key, sentence", [("", "Enter the key."), ("short", "too short"), ("x" * 501, "too long"), ("sk with spaces in it", "no spaces"),
                                           ("schlüssel-0123456789", "no spaces"), ("a\tb0123456789012345", "no such characters")])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(keeper, key, sentence):
    page = keeper.post("/settings/key", {"protocol": "openai", "api_key": key, "action": "save"})
    assert page.status == 400 and sentence in page.field_error("api_key") and (not key or f'value="{key}"' not in page.text)
    assert settings(keeper)["keys"] == []


def test_a_key_is_not_kept_while_somebody_signs_in_again(keeper):
    token = keeper.token("/settings")
    del keeper.cookies["sessionid"]
    page = keeper.post("/settings/key", {"protocol": "openai", "api_key": KEY, "action": "save"}, token)
    assert page.status == 401 and KEY not in page.text and "pending_fields" in page.text


def test_the_profile_leads_to_the_settings(one_member):
    assert 'href="/settings"' in one_member.get("/profile").text

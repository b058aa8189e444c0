"""Characters: who sees and who changes which, on the pages and as a program."""
import json
import re
import urllib.parse

import pytest

from support.characters import JSON, SAMPLE, administrator, create, send
from support.sessions import sign_in
from support.site import Visitor, add_person


@pytest.fixture
def admin(one_site, mysql, stack):
    return administrator(one_site, mysql, stack)


@pytest.fixture
def other(one_site, mysql):
    other = Visitor(one_site)
    other.sign_in(add_person(mysql))
    return other


def test_a_character_is_made_read_changed_and_deleted(member):
    made = create(member)
    assert {name: made[name] for name in SAMPLE} == SAMPLE
    assert (made["is_mine"], made["is_shared"], made["can_change"]) == (True, False, True)
    path = f"/api/characters/{made['id']}"
    assert member.get(path).json == made

    changed = send(member, "PATCH", path, {"name": "Bea", "temperature": None}).json
    assert (changed["name"], changed["temperature"], changed["backstory"]) == ("Bea", None, SAMPLE["backstory"])
    replaced = send(member, "PUT", path, {"name": "Cleo"}).json
    assert (replaced["name"], replaced["backstory"], replaced["directness"], replaced["tags"]) == ("Cleo", "", 5, [])
    assert replaced["created_at"] == made["created_at"]

    reply = member.request("DELETE", path, None, {**JSON, "X-CSRFToken": member.cookies["csrftoken"]})
    assert (reply.status, reply.json["id"]) == (200, made["id"])
    assert member.get(path).status == 404


def test_the_prompt_says_what_the_fields_say(one_member):
    prompt = create(one_member)["prompt"]
    assert prompt.startswith("You are Ada.") and "You count things.\nCarefully." in prompt
    assert "You are analytical and witty." in prompt
    assert "Get straight to the point." in prompt and "Stay reserved" in prompt and "Do not joke." in prompt
    assert "Notice how people feel" in prompt and "complete sentences" not in prompt, "the middle says nothing"
    own = create(one_member, system_prompt="Be {{char}} for {{USER}}.\n{{original}}")["prompt"]
    assert own == "Be Ada for the person you talk with.\n" + prompt


def test_somebody_elses_character_is_not_there(one_member, other):
    mine = create(one_member, name="Secret")
    id, path = mine["id"], f"/api/characters/{mine['id']}"
    assert other.get(path).status == 404
    for method, data in (("PUT", {"name": "Mine now"}), ("PATCH", {"name": "Mine now"}), ("DELETE", None)):
        assert send(other, method, path, data if data else "").status in (404, 400), method
        assert one_member.get(path).json == mine
    for page in (f"/characters/{id}", f"/personality/{id}", f"/personality/delete?id={id}", f"/personality/export?id={id}",
                 f"/personality/export?id={id}&format=png"):
        assert other.get(page).status == 404, page
    for page, fields in ((f"/personality/{id}", {"name": "x"}), ("/personality/delete", {"id": id}), ("/personality/copy", {"id": id})):
        assert other.post(page, fields, other.token("/personality")).status == 404, page
    assert all(one["id"] != id for one in other.get("/api/characters").json["characters"])
    assert "Secret" not in other.get("/characters").text + other.get("/personality").text
    assert one_member.get(path).json == mine
    for method in ("PUT", "PATCH"):
        assert send(other, method, path, {"name": "Mine now"}).status == 404
    assert other.request("DELETE", path, None, {**JSON, "X-CSRFToken": other.cookies["csrftoken"]}).status == 404


def test_only_administrators_share(one_member, admin, other):
    refused = send(one_member, "POST", "/api/characters", {**SAMPLE, "is_shared": True})
    assert (refused.status, refused.json["fields"]) == (400, {"is_shared": "Only administrators share characters."})
    mine = create(one_member)
    assert send(one_member, "PATCH", f"/api/characters/{mine['id']}", {"is_shared": True}).status == 400
    # a form's box that is not offered counts for nothing
    one_member.post("/personality", {"name": "Sneaky", "is_shared": "1"}, one_member.token("/personality/new"))
    assert other.get("/api/characters?q=Sneaky").json["total"] == 0

    shared = create(admin, name="For all", is_shared=True)
    path = f"/api/characters/{shared['id']}"
    seen = other.get(path).json
    assert (seen["name"], seen["is_mine"], seen["can_change"]) == ("For all", False, False)
    assert other.get(f"/characters/{shared['id']}").status == 200
    assert send(other, "PATCH", path, {"name": "x"}).status == 403
    assert other.request("DELETE", path, None, {**JSON, "X-CSRFToken": other.cookies["csrftoken"]}).status == 403
    assert other.get(f"/personality/{shared['id']}").status == 403
    assert other.post("/personality/delete", {"id": shared["id"]}, other.token("/personality")).status == 403
    assert admin.get(path).json["name"] == "For all"


def test_another_administrator_changes_what_is_shared_and_nobody_else_what_is_private(one_site, mysql, stack, admin, one_member, other):
    second = administrator(one_site, mysql, stack)
    shared = create(admin, name="House style", is_shared=True)
    path = f"/api/characters/{shared['id']}"
    assert send(second, "PATCH", path, {"name": "New style"}).json["name"] == "New style"
    private = create(one_member, name="Diary")
    assert second.get(f"/api/characters/{private['id']}").status == 404
    # no longer shared, it is its maker's again
    assert send(second, "PATCH", path, {"is_shared": False}).json["is_shared"] is False
    assert second.get(path).status == 404 and admin.get(path).json["is_shared"] is False


def test_who_is_no_longer_an_administrator_changes_nothing_shared(admin, stack):
    shared = create(admin, name="Once mine", is_shared=True)
    assert stack.command("group", "remove", "administrators", admin.person.username).returncode == 0
    assert send(admin, "PATCH", f"/api/characters/{shared['id']}", {"name": "x"}).status == 403


@pytest.mark.parametrize("id", ["0", "x", "", "00000000-0000-0000-0000-000000000000", "1/2", "%27%20OR%20true"])
def test_what_is_no_character_is_not_there(one_member, id):
    for path in (f"/api/characters/{id}", f"/characters/{id}", f"/personality/{id}"):
        assert one_member.get(path).status == 404, path
    assert send(one_member, "PUT", f"/api/characters/{id}", SAMPLE).status == 404
    assert one_member.request("DELETE", f"/api/characters/{id}", None, {"X-CSRFToken": one_member.cookies["csrftoken"]}).status == 404


@pytest.mark.parametrize("field, value, sentence", [
    ("name", "", "Give the character a name."), ("name", "é" * 81, "longer than 80"), ("name", 5, "should be text"),
    ("category", "x" * 41, "longer than 40"), ("backstory", "é" * 20001, "longer than 20000"), ("greeting", "x" * 8001, "longer than 8000"),
    ("system_prompt", "x" * 20001, "longer than 20000"), ("directness", 11, "from 0 to 10"), ("warmth", -1, "from 0 to 10"),
    ("humour", "5", "from 0 to 10"), ("empathy", 2.5, "from 0 to 10"), ("formality", None, "from 0 to 10"),
    ("temperature", 2.1, "from 0 to 2"), ("temperature", -0.1, "from 0 to 2"), ("temperature", "warm", "from 0 to 2"),
    ("traits", ["Evil"], "Traits are"), ("traits", "Witty", "list of traits"), ("tags", "a,b", "list of tags"),
    ("tags", [f"t{i}" for i in range(11)], "at most 10"), ("tags", ["x" * 31], "at most 30"), ("tags", ["a,b"], "no comma"),
    ("model", "openai/nowhere", "not offered"), ("is_shared", "yes", "true or false"),
])
def test_what_cannot_be_is_said_beside_its_field(one_member, field, value, sentence):
    reply = send(one_member, "POST", "/api/characters", {**SAMPLE, field: value})
    assert reply.status == 400 and sentence in reply.json["fields"][field], reply.text
    assert reply.json["error"] == "invalid_fields"


@pytest.mark.parametrize("wrong, field", [
    ({"backstory": "{{char}}" * 2500, "system_prompt": ""}, "backstory"), ({"system_prompt": "{{original}}" * 1600 + "{{char}}" * 90}, "system_prompt"),
    ({"greeting": "{{user}}" * 1000}, "greeting"), ({"backstory": "{{char}}" * 2500, "system_prompt": "{{original}}"}, "system_prompt"),
])
def test_what_grows_too_long_when_filled_in_is_refused(one_member, wrong, field):
    character = {**SAMPLE, "name": "\U0001f600" * 80, "backstory": "x" * 18000 + "{{char}}" * 120, **wrong}
    reply = send(one_member, "POST", "/api/characters", character)
    assert reply.status == 400 and list(reply.json["fields"]) == [field], reply.text[:2000]
    assert "filled in" in reply.json["fields"][field] and len(reply.body) < 2000
    form = one_member.post("/personality", {**{name: text for name, text in character.items() if isinstance(text, str)}, "action": "preview"})
    assert len(form.body) < 500000, "the page shows what was typed, and at most 64 KiB of what it becomes"


def test_texts_are_kept_as_typed_but_for_what_is_no_text(one_member):
    made = create(one_member, name="  Ada\tof  \r\nLondon ", backstory="a\r\nb\x07c\n", tags=[" one ", "ONE", "", "two"])
    assert made["backstory"] == "a\nbc" and made["tags"] == ["one", "two"]
    assert made["name"] == "Ada of   London"
    escaped = create(one_member, name="<script>alert(1)</script>", backstory="</pre><b>")
    page = one_member.get(f"/characters/{escaped['id']}").text
    assert "<script>alert" not in page and "</pre><b>" not in page


@pytest.mark.parametrize("body", ["", "[]", "{", '{"name": "a", "name": "b"}', '"x"', b'{"name": "\xff"}'])
def test_a_body_that_is_no_object_is_refused(one_member, body):
    assert send(one_member, "POST", "/api/characters", body).status == 400
    made = create(one_member)
    assert send(one_member, "PATCH", f"/api/characters/{made['id']}", body).status == 400


def test_nothing_changes_without_a_token(one_member):
    made = create(one_member)
    path = f"/api/characters/{made['id']}"
    for method, where, body in (("POST", "/api/characters", SAMPLE), ("PUT", path, SAMPLE), ("PATCH", path, {"name": "x"}), ("DELETE", path, {}),
                                ("POST", "/api/characters/import", {"gatehouse_character": 1, **SAMPLE}), ("POST", "/api/suggest_traits", {"text": "x"})):
        reply = one_member.request(method, where, json.dumps(body), JSON, "application/json")
        assert (reply.status, reply.json["error"]) == (403, "csrf_failed"), (method, where)
    assert one_member.get("/api/characters?whose=mine").json["total"] == 1
    assert one_member.get(path).json == made


def test_strangers_are_asked_to_sign_in(site):
    stranger = Visitor(site)
    for path in ("/characters", "/personality", "/personality/new", "/settings", "/config"):
        assert stranger.get(path).location == "/auth/login?next=" + urllib.parse.quote(path, safe=""), path
    for path in ("/api/characters", "/api/models", "/api/categories", "/api/tags", "/api/health", "/api/settings"):
        reply = stranger.get(path, headers=JSON)
        assert (reply.status, reply.json["error"]) == (401, "authentication_required"), path
    for method in ("PUT", "PATCH", "DELETE"):
        assert stranger.request(method, "/api/characters/x", "{}", JSON, "application/json").status == 401


def test_a_method_that_is_not_meant_is_refused_with_those_that_are(site, member):
    reply = send(member, "PATCH", "/api/models", {})
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    made = create(member)
    reply = send(member, "POST", f"/api/characters/{made['id']}", {})
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, PUT, PATCH, DELETE"


def test_the_list_is_searched_filtered_and_paged(one_member):
    for i in range(14):
        create(one_member, name=f"Number {i:02}", category="Maths" if i < 3 else "Other", tags=["even"] if i % 2 == 0 else [],
               backstory=f"100%_sure {i}")

    def found(**query):
        data = one_member.get("/api/characters?" + urllib.parse.urlencode({"whose": "mine", **query})).json
        return [one["name"] for one in data["characters"]]
    assert len(found()) == 14 and found(q="number 03") == ["Number 03"]
    assert found(category="maths") == ["Number 00", "Number 01", "Number 02"]
    assert len(found(tag="even")) == 7 and found(tag="odd") == []
    assert len(found(q="100%_SURE")) == 14 and found(q="100xx") == [], "no wildcards"
    data = one_member.get("/api/characters?whose=mine").json
    assert (data["total"], data["page"], data["pages"]) == (14, 1, 1)
    assert "system_prompt" not in data["characters"][0]

    first = one_member.get("/characters?whose=mine")
    assert first.text.count('class="character"') == 12 and "Page 1 of 2" in first.text
    following = re.search(r'href="(/characters\?page=2[^"]*)"', first.text).group(1).replace("&amp;", "&")
    second = one_member.get(following).text
    assert second.count('class="character"') == 2 and "Page 2 of 2" in second and "whose=mine" in second
    for page in ("0", "-1", "x", "99999999999999999999"):
        assert "Page 1 of 2" in one_member.get(f"/characters?whose=mine&page={page}").text
    assert one_member.get("/characters?whose=mine&page=50").status == 200
    filtered = one_member.get("/characters?q=nothing-like-this").text
    assert "No character fits." in filtered


def test_a_card_leads_to_the_chat(one_member):
    made = create(one_member)
    for path in ("/characters?whose=mine", f"/characters/{made['id']}"):
        assert f'href="/chat/?character={made["id"]}"' in one_member.get(path).text


def test_a_greeting_calls_the_reader_and_the_character_by_their_names(one_member):
    made = create(one_member, name="Ada", greeting="Hello {{user}}, **{{char}}** here. {{other}} stays.")
    for path in (f"/characters/{made['id']}", f"/chat/?character={made['id']}", f"/chat/temporary?character={made['id']}"):
        page = one_member.get(path).text
        assert "{{user}}" not in page and "{{char}}" not in page, path
        assert "Hello you, <strong>Ada</strong> here. {{other}} stays." in page or "Hello you, **Ada** here. {{other}} stays." in page, path


def test_without_a_model_the_page_says_who_answers(one_member):
    made = create(one_member)
    sentence = "No language model is connected here"
    for path in ("/chat/?", "/chat/temporary?"):
        assert sentence in one_member.get(f"{path}character={made['id']}").text, path
        assert sentence not in one_member.get(path).text


def test_what_helps_to_fill_one_in(one_member):
    create(one_member, category="Zebras", tags=["stripes"])
    assert one_member.get("/api/models").json == {"models": [
        {"name": "knowledge", "label": "Knowledge (articles only)", "protocol": "knowledge"}]}
    assert {"name": "Zebras", "count": 1} in one_member.get("/api/categories").json["categories"]
    assert {"name": "stripes", "count": 1} in one_member.get("/api/tags").json["tags"]
    health = one_member.get("/api/health").json
    assert health["status"] == "ok" and health["models"] == 1


def test_traits_are_suggested_from_the_words_of_a_text(one_member):
    def suggest(text):
        reply = send(one_member, "POST", "/api/suggest_traits", {"text": text})
        return {one["trait"]: one["words"] for one in reply.json["suggestions"]}
    assert suggest("A detective who examines evidence, and tells jokes.") == {
        "Analytical": ["detective", "examines", "evidence"], "Witty": ["jokes"]}
    assert suggest("She is not funny, never serious and isn’t playful; with an article.") == {}
    assert list(suggest("joke joke data")) == ["Witty", "Analytical"], "most words first"
    assert suggest("Qwertz.") == {}
    for text, sentence in (("", "Write something"), ("  ", "Write something"), ("x" * 20001, "longer than 20000")):
        reply = send(one_member, "POST", "/api/suggest_traits", {"text": text})
        assert reply.status == 400 and sentence in reply.json["fields"]["text"]


def test_one_person_has_two_hundred_at_most(one_member, postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO gatehouse_character (owner_id, name) SELECT %s, 'filler' FROM generate_series(1, 199)",
                       (str(one_member.person.id),))
    create(one_member, name="The last")
    refused = send(one_member, "POST", "/api/characters", SAMPLE)
    assert refused.status == 409 and "as many characters" in refused.json["message"]
    page = one_member.post("/personality", {"name": "One more"}, one_member.token("/personality/new"))
    assert page.status == 409 and page.value("name") == "One more"


def test_a_guest_has_no_characters(stack):
    server = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        guest = Visitor(server)
        assert guest.post_json("/auth/guest", {"email": "visitor@example.org"}).status == 200
        assert guest.get("/api/characters", headers=JSON).status in (401, 403)
        assert guest.get("/settings").status != 200
    finally:
        server.stop()


def test_a_character_that_can_talk_is_not_asked_what_articles_answer(started, person):
    suggestion = 'name="message" value='
    talker = sign_in(started(openai_models="test", chat_model="openai/test", openai_base_url="http://127.0.0.1:9/v1", chat_model_hosts="127.0.0.1:9"), person)
    made = create(talker)
    for path in ("/chat/?", "/chat/temporary?"):
        assert suggestion in talker.get(path).text, path
        assert suggestion not in talker.get(f"{path}character={made['id']}").text, path


def test_where_only_articles_answer_their_titles_are_offered_with_a_character_too(one_member):
    made = create(one_member)
    for path in ("/chat/?", "/chat/temporary?"):
        assert 'name="message" value=' in one_member.get(f"{path}character={made['id']}").text, path

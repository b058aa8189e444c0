"""The API's description: GET /openapi.json, GET /docs, GET /redoc. It must say what the programs do."""
import itertools
import json
import re

import pytest

from guards.test_layers import ROOT, routes
from support.answers import Models, finished
from support.characters import CARD, JSON, SAMPLE, administrator, send
from support.model_server import openai
from support.sessions import sign_in
from support.site import Visitor, add_person

METHODS = ("get", "post", "put", "patch", "delete")
DOCUMENT = json.loads((ROOT / "templates" / "openapi.json").read_text())

# Rows that have nothing for a program: forms, whose answer to a program would be empty, pages of what the
# document has under another address, and what browsers and the web server ask for by themselves.
NOT_FOR_PROGRAMS = {
    ("GET", path) for path in (
        "/auth/login", "/auth/register", "/auth/logout", "/auth/confirm", "/auth/guest", "/profile/password", "/usage", "/chat/temporary",
        "/characters", "/characters/*", "/personality", "/personality/new", "/personality/delete", "/personality/*",
        "/knowledge/new", "/knowledge/edit/*", "/knowledge/delete/*", "/knowledge/import",
        "/favicon.ico", "/apple-touch-icon.png", "/robots.txt", "/docs")
} | {
    ("POST", path) for path in (
        "/settings/key", "/personality", "/personality/import", "/personality/delete", "/personality/*",
        "/knowledge/edit/*", "/knowledge/delete/*", "/knowledge/import")
}


def operations(document=DOCUMENT):
    return {(method.upper(), path): operation for path, item in document["paths"].items() for method, operation in item.items()}


def resolve(thing):
    while "$ref" in thing:
        node = DOCUMENT
        for name in thing["$ref"].removeprefix("#/").split("/"):
            node = node[name]
        thing = node
    return thing


TYPES = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None), "number": (int, float), "integer": int}


def is_of(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def problems(value, schema, where="answer"):
    """What of a value the schema does not allow or, which JSON Schema would let pass, does not name."""
    schema = resolve(schema)
    names = schema.get("type", list(TYPES))
    names = [names] if isinstance(names, str) else names
    if not any(is_of(value, name) for name in names):
        return [f"{where} is {value!r:.60}, not {names}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is {value!r}, not one of {schema['enum']}")
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        found += [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            part = known.get(name, other)
            found += [f"{where} has {name}, which is not described"] if part is None else problems(member, part, f"{where}.{name}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += problems(item, schema.get("items", {}), f"{where}[{i}]")
    return found


# ---- The document itself

def schema_problems(schema, where):
    """Whether it is written in the part of JSON Schema that we use."""
    if "$ref" in schema:
        return [] if list(schema) == ["$ref"] and resolve(schema) else [f"{where}: a reference beside something else"]
    unknown = set(schema) - {"type", "description", "properties", "required", "items", "enum", "format", "minimum", "maximum", "additionalProperties"}
    names = schema.get("type")
    found = [f"{where}: {unknown}"] if unknown else []
    if not names or set([names] if isinstance(names, str) else names) - set(TYPES):
        found.append(f"{where}: type {names!r}")
    found += [f"{where}: requires {name}, which it does not have" for name in schema.get("required", []) if name not in schema.get("properties", {})]
    for name, part in schema.get("properties", {}).items():
        found += schema_problems(part, f"{where}.{name}")
    for name in ("items", "additionalProperties"):
        if name in schema:
            found += schema_problems(schema[name], f"{where}.{name}")
    return found + ([f"{where}: a list of what?"] if names == "array" and "items" not in schema else [])


def content_problems(content, where):
    found = []
    for type, media in content.items():
        if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", type) or set(media) - {"schema", "example"}:
            found.append(f"{where}: {type}")
        found += schema_problems(media["schema"], where)
        if "example" in media:
            found += problems(media["example"], media["schema"], f"{where}, example")
        elif type == "application/json" and resolve(media["schema"]).get("properties") and len(content) == 1:
            found.append(f"{where} has no example")
    return found


def operation_problems(path, method, operation):
    where = f"{method.upper()} {path}"
    found = [f"{where}: {name}" for name in set(operation) - {"tags", "summary", "description", "operationId", "security", "parameters", "requestBody", "responses"}]
    found += [f"{where} has no {name}" for name in ("tags", "summary", "operationId", "responses") if not operation.get(name)]
    found += [f"{where}: there is no tag {tag}" for tag in operation["tags"] if tag not in [one["name"] for one in DOCUMENT["tags"]]]
    for scheme in itertools.chain.from_iterable(operation.get("security", [])):
        if scheme not in DOCUMENT["components"]["securitySchemes"]:
            found.append(f"{where}: there is no {scheme}")
    parameters = operation.get("parameters", [])
    in_path = {one["name"] for one in parameters if one["in"] == "path" and one.get("required") is True}
    if in_path != set(re.findall(r"\{(\w+)\}", path)):
        found.append(f"{where}: parameters of the path are {in_path}")
    for one in parameters:
        if one["in"] not in ("path", "query") or not one.get("description"):
            found.append(f"{where}: parameter {one}")
        found += schema_problems(one["schema"], f"{where} {one['name']}")
    if "requestBody" in operation:
        found += content_problems(operation["requestBody"]["content"], f"{where}, body")
    if not any(status.startswith("2") for status in operation["responses"]):
        found.append(f"{where} never answers well")
    for status, response in operation["responses"].items():
        response = resolve(response)
        if not re.fullmatch(r"[2-5]\d\d", status) or not response.get("description"):
            found.append(f"{where}: response {status}")
        found += content_problems(response.get("content", {}), f"{where}, {status}")
    return found


def test_the_document_is_well_formed():
    assert DOCUMENT["openapi"] == "3.1.0"
    assert set(DOCUMENT) == {"openapi", "info", "servers", "security", "tags", "paths", "components"}
    found = [problem for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
             for problem in operation_problems(path, method, operation)]
    found += [method for item in DOCUMENT["paths"].values() for method in item if method not in METHODS]
    for name, schema in DOCUMENT["components"]["schemas"].items():
        found += schema_problems(schema, name)
    names = [operation["operationId"] for operation in operations().values()]
    found += [f"{name} is there twice" for name in set(names) if names.count(name) > 1]
    text = json.dumps(DOCUMENT)
    for kind in ("schemas", "responses"):
        found += [f"nothing uses {name}" for name in DOCUMENT["components"][kind] if f'"#/components/{kind}/{name}"' not in text]
    assert not found, "\n".join(found)


def fits(path, pattern):
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*", pattern.count("*") - pattern.endswith("*")).replace(r"\*", ".*"), path)


def test_every_route_for_programs_is_described_and_nothing_else():
    rows = {(method, path): (page, handler) for page, method, path, _, handler, _ in routes()}
    reached = set()
    for method, path in operations():
        plain = re.sub(r"\{\w+\}", "x", path)
        patterns = [pattern for other, pattern in rows if other == method and fits(plain, pattern)]
        assert patterns, f"nothing answers {method} {path}"
        reached.add((method, max(patterns, key=len)))
    # the same under another name is described with it
    described = {rows[row] for row in reached}
    assert {handler for handler in rows.values() if handler not in described} == {rows[row] for row in NOT_FOR_PROGRAMS}


# ---- What is served

@pytest.fixture(scope="module")
def quiet_site(stack):
    """Under a folder, with names of its own, and with everything that can be switched on."""
    site = stack.start("lighttpd", {
        "GATEHOUSE_SITE_BASE_PATH": "/suite", "GATEHOUSE_SITE_NAME": "Suite & Co", "GATEHOUSE_SESSION_COOKIE_NAME": "visit", "GATEHOUSE_SESSION_CSRF_COOKIE_NAME": "proof"})
    yield site
    site.stop()


def test_strangers_read_it(site):
    stranger = Visitor(site)
    reply = stranger.get("/openapi.json")
    assert reply.status == 200 and reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.json["paths"] == DOCUMENT["paths"] and reply.json["servers"] == [{"url": site.url}]
    assert reply.json["info"]["version"] == stranger.get("/health").json["version"]
    for path in ("/docs", "/redoc"):
        page = stranger.get(path)
        assert page.status == 200 and "<h1>For programs</h1>" in page.text, path
        assert not re.search(r'(src|href)="https?:', page.text)
    assert stranger.get("/docs", headers=JSON).json == reply.json
    assert stranger.get("/docs/more").status == 303 and stranger.request("POST", "/openapi.json").status == 405


def test_the_page_has_every_operation_and_field(one_visitor):
    text = one_visitor.get("/docs").text
    for (method, path), operation in operations().items():
        part = re.search(rf'<details class="operation" id="{operation["operationId"]}">(.*?)</details>', text, re.S).group(1)
        assert f">{method}</code>" in part and f">{path}</code>" in part and operation["summary"] in part.replace("&#39;", "'")
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for name in body.get("schema", {}).get("properties", {}):
            assert f"<code>{name}</code>" in part, (path, name)
        for status in operation["responses"]:
            assert f"<code>{status}</code>" in part or f"Answer {status}" in part, (path, status)
    for name in DOCUMENT["components"]["schemas"]:
        assert f'id="shape-{name}"' in text
    for link in set(re.findall(r'href="#([\w-]+)"', text)):
        assert f'id="{link}"' in text, link


def test_below_a_folder_and_with_other_names(quiet_site):
    stranger = Visitor(quiet_site)
    document = stranger.get("/suite/openapi.json").json
    assert document["servers"] == [{"url": quiet_site.url + "/suite"}] and document["info"]["title"] == "Suite & Co"
    schemes = document["components"]["securitySchemes"]
    assert schemes["session"]["name"] == "visit" and "the cookie proof," in schemes["token"]["description"]
    page = stranger.get("/suite/docs").text
    assert f"{quiet_site.url}/suite/auth/login" in page and 'href="/suite/openapi.json"' in page and "<code>proof</code>" in page
    assert stranger.get("/openapi.json").status == 404


# ---- Whether it is true

class Program:
    """Calls operations and holds each answer against what the document says of it."""

    def __init__(self, visitor):
        self.visitor = visitor
        self.called = set()

    def call(self, method, path, body=None, status=200, query="", **names):
        operation = operations()[(method, path)]
        address = path
        for name, value in names.items():
            address = address.replace("{%s}" % name, value)
        if method == "GET":
            reply = self.visitor.get(address + query, headers=JSON)
        else:
            if body is not None:
                about = operation["requestBody"]["content"]["application/json"]["schema"]
                assert not problems(body, about, "body"), problems(body, about, "body")
            reply = send(self.visitor, method, address + query, body if body is not None else {})
        assert reply.status == status, f"{method} {path}: {reply.status} {reply.text}"
        response = resolve(operation["responses"][str(status)])
        found = problems(reply.json, response["content"]["application/json"]["schema"])
        if status >= 400:    # a refusal may also show what is stored
            found = [problem for problem in found if not problem.endswith("not described")]
        assert not found, f"{method} {path}: " + "; ".join(found)
        self.called.add((method, path))
        return reply.json


@pytest.fixture(scope="module")
def models(stack):
    models = Models(stack, session_guest="on", chat_own_keys="on", chat_sharing="members", chat_key_secret="a secret that is long enough to be one, really")
    models.server.script(openai("Some **answer**."))
    yield models
    models.stop()


def try_the_chat(program):
    call = program.call
    names = call("GET", "/country/")
    opened = call("POST", "/proceed-to-chat", {"country": names["countries"][0], "service_type": names["services"][0]})
    asked = call("POST", "/api/chat", {"message": "hello", "session_id": opened["session_id"], "submit_key": "k"})
    answer = asked["answer"]["id"]
    assert finished(program.visitor, asked["answer"])
    call("GET", "/api/answers/{id}", id=answer)
    call("POST", "/api/answers/{id}/stop", id=answer)
    call("GET", "/api/chat")
    shown = call("GET", "/api/chat", query="?session_id=" + opened["session_id"])
    question, answered = shown["messages"][0]["id"], shown["messages"][1]["id"]
    call("GET", "/api/messages/{id}", id=question)
    call("PUT", "/api/messages/{id}", {"message": "hello again"}, id=question)
    call("POST", "/api/messages/{id}", {"action": "rate", "rating": 1, "note": "good"}, id=answered)
    again = call("POST", "/api/messages/{id}", {"action": "retry"}, id=question)
    assert finished(program.visitor, again["answer"])
    call("GET", "/api/chat", query="?session_id=" + opened["session_id"])
    call("DELETE", "/api/messages/{id}", id=question)
    refused = call("PUT", "/api/messages/{id}", {"message": " "}, 400, id=answered)
    assert refused["error"] == "invalid_fields"
    turns = call("POST", "/api/chat/temporary", {"message": "hello", "turns": []})
    call("POST", "/api/chat/temporary", {"action": "forget", "answer": turns["answer"]["id"], "turns": []})
    return opened["session_id"]


def try_conversations(program, id):
    call = program.call
    call("GET", "/api/conversations", query="?q=hello")
    call("GET", "/api/conversations/{id}", id=id)
    call("POST", "/api/conversations/{id}", {"action": "folder", "folder": "Taxes"}, id=id)
    call("POST", "/api/chat", {"message": "once more", "session_id": id})
    call("GET", "/chat/conversations/{id}/share", id=id)
    link = call("POST", "/chat/conversations/{id}/share", {"action": "share"}, id=id)["link"]
    call("GET", "/chat/conversations/{id}/share", id=id)
    call("GET", "/shared/{token}", token=link.rsplit("/", 1)[1])
    file = call("GET", "/api/conversations/export")
    call("POST", "/api/conversations/import", file)
    call("POST", "/api/conversations/{id}", {"action": "delete"}, id=id)
    call("GET", "/dashboard")


def try_characters(program):
    call = program.call
    made = call("POST", "/api/characters", {**SAMPLE, "model": ""}, 201)
    call("GET", "/api/characters", query="?whose=mine")
    call("GET", "/api/characters/{id}", id=made["id"])
    call("PATCH", "/api/characters/{id}", {"warmth": 8}, id=made["id"])
    call("PUT", "/api/characters/{id}", {"name": "Ada"}, id=made["id"])
    call("PUT", "/api/characters/{id}", {"name": ""}, 400, id=made["id"])
    call("POST", "/personality/copy", {"id": made["id"]})
    call("POST", "/api/characters/import", CARD, 201)
    call("GET", "/personality/export", query="?id=" + made["id"])
    call("DELETE", "/api/characters/{id}", id=made["id"])
    call("GET", "/api/characters/{id}", status=404, id=made["id"])
    for path in ("/api/models", "/api/categories", "/api/tags"):
        call("GET", path)
    call("POST", "/api/suggest_traits", {"text": "A detective who tells jokes."})


def try_the_account(program, password):
    call = program.call
    for path in ("/", "/protected", "/profile", "/api/usage", "/activity", "/devices", "/auth/status", "/api/auth/security-summary",
                 "/api/session/policies", "/api/settings", "/api/health", "/health", "/openapi.json"):
        call("GET", path)
    call("GET", "/articles/{slug}", slug="germany-vat")
    call("PUT", "/api/settings", {"theme": "dark"})
    call("PATCH", "/api/settings", {"display_name": "A"})
    call("PUT", "/api/settings/keys/{protocol}", {"api_key": "sk-0123456789abcdefWXYZ"}, protocol="openai")
    call("GET", "/api/settings")
    call("DELETE", "/api/settings/keys/{protocol}", protocol="openai")
    call("POST", "/auth/confirm", {"password": password})
    call("POST", "/devices/end-others")
    call("POST", "/devices/end", {"id": "00000000-0000-0000-0000-000000000000"}, 404)
    call("POST", "/profile/password", {"current_password": "wrong", "password": "four quite unrelated words", "password_confirm": "four quite unrelated words"}, 401)
    call("POST", "/profile/password", {"current_password": password, "password": "four quite unrelated words", "password_confirm": "four quite unrelated words"})
    own = next(one for one in call("GET", "/devices")["sessions"] if one["is_this"])
    call("POST", "/devices/end", {"id": own["id"]})
    call("GET", "/profile", status=401)


def try_administration(program, user, slug):
    call = program.call
    call("GET", "/config")
    call("GET", "/knowledge")
    call("POST", "/knowledge/new", {"slug": slug, "title": "Tea", "language": "english", "body": "Green tea.", "action": "preview"})
    call("POST", "/knowledge/new", {"slug": slug, "title": "Tea", "language": "english", "body": "Green tea."})
    call("POST", "/knowledge/new", {"slug": slug, "title": "Tea", "language": "english", "body": "Green tea."}, 400)
    call("GET", "/admin/devices", query="?user=" + user.username)
    call("POST", "/admin/devices/end", {"user": user.username})
    call("POST", "/api/session/force-cleanup/{user_id}", user_id=str(user.id))
    call("GET", "/api/session/cleanup-stats")
    call("POST", "/api/auth/logout-all-sessions")


def try_signing_in(stranger, person, name):
    program = Program(stranger)
    stranger.cookies["csrftoken"] = "x"
    program.call("POST", "/auth/login", {"username": name, "password": "no"}, 401)
    program.call("POST", "/auth/login", {"username": "", "password": ""}, 400)
    program.call("POST", "/auth/login", {"username": person.username, "password": person.password, "remember_me": True})
    program.call("POST", "/auth/logout")
    stranger.cookies.clear()
    stranger.cookies["csrftoken"] = "x"
    password = "four quite unrelated words"
    program.call("POST", "/auth/register", {"username": name, "email": f"{name}@example.org", "password": password, "password_confirm": password, "terms": True})
    program.call("POST", "/auth/logout")
    return program.called


def test_every_operation_answers_as_described(models, person, mysql, stack):
    site = models.site("nginx")
    program = Program(sign_in(site, person))
    guest = Visitor(site)
    guest.cookies["csrftoken"] = "x"
    chat = try_the_chat(program)
    try_conversations(program, chat)
    try_characters(program)
    try_the_account(program, person.password)
    admin = Program(administrator(site, mysql, stack))
    other = add_person(mysql)
    sign_in(site, other)
    try_administration(admin, other, "tea-" + other.username)
    visitor = Program(guest)
    visitor.call("POST", "/auth/guest", {"email": "somebody@example.org"})
    visitor.call("GET", "/auth/status")
    visitor.call("GET", "/activity", status=401)
    called = program.called | admin.called | visitor.called | try_signing_in(Visitor(site), other, "new" + other.username)
    assert set(operations()) - called == {("GET", "/api/answers/{id}/events")}, "try it, or say here where it is tried"


def test_what_is_public_and_what_needs_the_token(one_site, person):
    stranger, member = Visitor(one_site, html=False), sign_in(one_site, person)
    for (method, path), operation in operations().items():
        address = re.sub(r"\{\w+\}", "1", path)
        security = operation.get("security", DOCUMENT["security"])
        if method == "GET":
            assert (stranger.get(address).status == 401) == (security != []), path
        elif path not in ("/auth/login", "/auth/register", "/auth/guest"):
            assert security == [{"session": [], "token": []}], path
            refused = member.request(method, address, "{}", JSON, "application/json")
            assert refused.status in (403, 401) and refused.json["error"] in ("csrf_failed", "forbidden", "password_required"), (method, path, refused.text)

"""A sign-in that must be younger than so many minutes: what is asked, and that nothing typed is lost.

The page that asks has its own tests in test_confirm_password.py."""
import html
import re
import urllib.parse

import pytest

from support import fastcgi
from support.site import Visitor, add_person


@pytest.fixture
def remembered(one_site, person):
    """Somebody whose sign-in lasts a month, so that the password is soon a day old."""
    visitor = Visitor(one_site)
    assert visitor.sign_in(person, remember_me="1").status == 303
    visitor.person = person
    return visitor


def hidden_fields(page):
    return {name: html.unescape(value) for name, value in re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index("<main"):])}


def test_a_form_that_was_sent_is_kept_until_the_password_is_confirmed(remembered, clock):
    person = remembered.person
    clock(hours=24, minutes=1)
    other = Visitor(remembered.server)
    other.sign_in(person)
    page = remembered.post("/devices/end-others", {"note": "keep me"}, remembered.token("/profile"),
                           {"Origin": remembered.server.url})
    assert page.status == 401 and "What you wrote is kept" in page.text
    assert other.get("/protected").status == 200, "nothing has happened yet"
    fields = hidden_fields(page.text)
    assert fields["next"] == fields["pending_path"] == "/devices/end-others"
    token = fields.pop("csrfmiddlewaretoken")
    wrong = remembered.post("/auth/confirm", {**fields, "password": "wrong"}, token)
    assert wrong.status == 401 and hidden_fields(wrong.text)["pending_fields"] == fields["pending_fields"]
    ask = remembered.post("/auth/confirm", {**fields, "password": person.password}, token)
    assert ask.status == 200 and 'action="/devices/end-others"' in ask.text
    kept = hidden_fields(ask.text)
    assert kept["note"] == "keep me"
    assert remembered.post("/devices/end-others", kept, None).status == 303
    assert other.get("/protected").status == 303


def test_another_sites_form_is_not_kept(remembered, clock):
    clock(hours=25)
    page = remembered.post("/devices/end-others", {"note": "theirs"}, None, {"Origin": "https://evil.example"})
    assert page.status == 403 and "theirs" not in page.text
    page = remembered.post("/devices/end-others", {"note": "theirs"}, None)
    assert page.status == 401 and "theirs" not in page.text


def test_a_program_is_told_what_is_missing_and_where(remembered, clock):
    clock(hours=25)
    reply = remembered.get("/devices", headers={"Accept": "application/json"})
    assert (reply.status, reply.json["error"], reply.json["confirm_url"]) == (401, "password_required", "/auth/confirm")
    assert remembered.api("/auth/confirm", {"password": remembered.person.password}).status == 200
    assert remembered.get("/devices", headers={"Accept": "application/json"}).status == 200


def test_a_confirmed_password_is_young_again_and_the_month_is_whole(remembered, clock, postgresql, sql):
    clock(days=20)
    token = remembered.token("/auth/confirm")
    remembered.post("/auth/confirm", {"password": remembered.person.password}, token)
    clock(days=20, hours=23)
    assert remembered.get("/devices").status == 200
    clock(days=21, minutes=1)
    assert remembered.get("/devices").status == 303
    assert remembered.get("/profile").status == 200
    clock(days=49)
    assert remembered.get("/profile").status == 200
    events = "SELECT array_agg(event ORDER BY id) FROM gatehouse_audit WHERE user_id = %s"
    assert sql(postgresql, events, str(remembered.person.id)) == (["sign_in", "session_ended", "password_confirmed"],)


# Pages that ask for a sign-in of the last minutes ([session] fresh_minutes).

@pytest.fixture
def administrator(one_site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    visitor = Visitor(one_site)
    visitor.headers["User-Agent"] = "an administrator's browser"
    assert visitor.sign_in(person).status == 303
    visitor.person = person
    return visitor


def test_what_concerns_other_people_asks_for_a_sign_in_of_the_last_quarter_of_an_hour(administrator, person, clock):
    path = f"/admin/devices?user={person.username}&from=here"
    clock(minutes=14)
    assert administrator.get(path).status == 200
    clock(minutes=14, seconds=50)
    assert administrator.get(path).status == 200
    clock(minutes=15, seconds=5)
    reply = administrator.get(path)
    assert reply.status == 303 and reply.location.startswith("/auth/confirm?next=")
    assert administrator.get("/config").status == 200, "only what asks for it asks again"
    page = administrator.get(reply.location)
    assert page.value("next") == path
    reply = administrator.post("/auth/confirm", {"password": administrator.person.password, "next": path},
                               hidden_fields(page.text)["csrfmiddlewaretoken"])
    assert (reply.status, reply.location) == (303, path)
    assert administrator.get(path).status == 200
    clock(minutes=30)
    assert administrator.get("/config").status == 200
    clock(minutes=31)
    for path, data in ((f"/api/session/force-cleanup/{person.id}", {}), ("/admin/devices/end", {"user": person.username})):
        reply = administrator.api(path, data)
        assert (reply.status, reply.json["error"]) == (401, "password_required")


def test_ending_other_sign_ins_asks_and_keeps_the_form(one_site, person, clock):
    visitor, other = Visitor(one_site), Visitor(one_site)
    for one in (visitor, other):
        assert one.sign_in(person).status == 303
    clock(minutes=14, seconds=50)
    assert visitor.api("/devices/end", {"id": "00000000-0000-4000-8000-000000000000"}).status == 404
    clock(minutes=15, seconds=5)
    assert visitor.get("/devices").status == 200
    token = visitor.token("/devices")
    page = visitor.post("/devices/end-others", {}, token, {"Origin": one_site.url})
    assert page.status == 401 and "Confirm your password" in page.text
    assert other.get("/protected").status == 200
    fields = hidden_fields(page.text)
    ask = visitor.post("/auth/confirm", {**fields, "password": person.password}, None)
    assert ask.status == 200 and 'action="/devices/end-others"' in ask.text
    assert visitor.post("/devices/end-others", hidden_fields(ask.text), None).status == 303
    assert other.get("/protected").status == 303


def test_the_minutes_are_a_setting(started, person, clock):
    short, none = started(session_fresh_minutes="5"), started(session_fresh_minutes="0")
    visitors = [Visitor(site) for site in (short, none)]
    for visitor in visitors:
        assert visitor.sign_in(person).status == 303
    nobody = {"id": "00000000-0000-4000-8000-000000000000"}
    clock(minutes=6)
    assert [visitor.api("/devices/end", nobody).status for visitor in visitors] == [401, 404]


# In front of pages that are not ours: the gate, asked as a web server asks it.

def ask_gate(path, visitor, target, rule):
    """Status and headers of the answer to "may this visitor see the target under this rule?"."""
    answer = fastcgi.exchange(path, fastcgi.request(target, visitor.cookies, role=fastcgi.AUTHORIZER, more={"GATEHOUSE_RULE": rule}))
    head = answer.decode().split("\r\n\r\n")[0]
    headers = dict(line.split(": ", 1) for line in head.split("\r\n"))
    return int(headers.pop("Status", "200 OK").split()[0]), headers


def test_a_rule_of_the_wall_can_ask_for_a_sign_in_of_the_last_minutes(stack, person, clock, tmp_path):
    rules = stack.private_folder() / "fresh.rules"
    rules.write_text("[recent]\nfresh_minutes = 10\n[any]\n")
    rules.chmod(0o644)
    site = stack.start("nginx", {"GATEHOUSE_ACCESS_RULES": str(rules)})
    try:
        configuration = stack.call("configuration", "nginx", stack.folder, site.port).strip()
        gate = configuration.replace("gatehouse.conf", "own/gate.sock")
        visitor = Visitor(site)
        visitor.sign_in(person, remember_me="1")
        assert ask_gate(gate, visitor, "/vault/?page=2", "recent")[0] == 200
        clock(minutes=9, seconds=50)
        status, headers = ask_gate(gate, visitor, "/vault/?page=2", "recent")
        assert status == 200 and headers["Variable-REMOTE_USER"] == person.username
        clock(minutes=10, seconds=1)
        assert ask_gate(gate, visitor, "/vault/?page=2", "any")[0] == 200
        status, headers = ask_gate(gate, visitor, "/vault/?page=2", "recent")
        assert status == 303 and "Variable-REMOTE_USER" not in headers
        assert headers["Location"] == "/auth/confirm?next=%2Fvault%2F%3Fpage%3D2"
        page = visitor.get(headers["Location"])
        reply = visitor.post("/auth/confirm", {"password": person.password, "next": page.value("next")},
                             hidden_fields(page.text)["csrfmiddlewaretoken"])
        assert urllib.parse.unquote(reply.location) == "/vault/?page=2"
        assert ask_gate(gate, visitor, "/vault/?page=2", "recent")[0] == 200
    finally:
        site.stop()

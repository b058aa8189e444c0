"""One's own characters on the pages: plain forms, files in and out."""
import base64
import json
import re

import pytest

from support.characters import CARD, SAMPLE, administrator, card_png, chunk, chunks_of, create, multipart, png, send
from support.site import Visitor, add_person

FORM = {"name": "Ada", "category": "Work", "backstory": "You count.", "greeting": "Hello.", "tags": "numbers, café",
        "directness": "8", "warmth": "5", "formality": "5", "empathy": "5", "humour": "1", "model": "", "temperature": "0.7",
        "system_prompt": "", "action": "save"}


def submit(visitor, path="/personality", **fields):
    sent = {**FORM, **fields}
    return visitor.post(path, {name: text for name, text in sent.items() if text is not None}, visitor.token("/personality/new"))


def mine(visitor):
    return visitor.get("/api/characters?whose=mine").json["characters"]


def upload(visitor, data, filename="a.json", token=True, path="/personality/import"):
    fields = {"csrfmiddlewaretoken": visitor.token("/personality")} if token is True else {"csrfmiddlewaretoken": token} if token else {}
    body, type = multipart(fields, {"file": (filename, data)})
    return visitor.request("POST", path, body, None, type)


def test_a_character_is_made_and_changed_with_forms_alone(member):
    reply = submit(member)
    assert (reply.status, reply.location) == (303, "/personality?done=saved")
    assert "The character is saved." in member.get(reply.location).text
    [made] = mine(member)
    stored = member.get(f"/api/characters/{made['id']}").json
    assert (stored["directness"], stored["humour"], stored["temperature"], stored["tags"]) == (8, 1, 0.7, ["numbers", "café"])
    form = member.get(f"/personality/{made['id']}")
    assert form.value("name") == "Ada" and form.value("tags") == "numbers, café" and form.value("temperature") == "0.7"
    assert form.value("directness") == "8" and re.search(r'<output for="directness">8</output>', form.text)
    assert submit(member, f"/personality/{made['id']}", name="Ada the second", traits="Witty").status == 303
    changed = member.get(f"/api/characters/{made['id']}").json
    assert (changed["name"], changed["traits"]) == ("Ada the second", ["Witty"])


def test_a_form_with_mistakes_comes_back_with_what_was_typed(one_member):
    reply = submit(one_member, name=" ", temperature="hot", tags="a" * 40, backstory="kept <b>")
    assert reply.status == 400
    assert reply.field_error("name") == "Give the character a name." and "0 to 2" in reply.field_error("temperature")
    assert "30 characters" in reply.field_error("tags")
    assert (reply.value("temperature"), reply.value("tags"), reply.value("backstory")) == ("hot", "a" * 40, "kept <b>")
    assert mine(one_member) == []


@pytest.mark.parametrize("typed, stored", [("", None), ("0", 0), ("1,5", 1.5), ("2", 2), ("0.25", 0.25)])
def test_a_temperature_is_typed_as_people_write_it(one_member, typed, stored):
    assert submit(one_member, temperature=typed).status == 303
    assert one_member.get(f"/api/characters/{mine(one_member)[0]['id']}").json["temperature"] == stored


def test_the_prompt_is_shown_before_anything_is_stored(one_member):
    page = submit(one_member, action="preview", name="", backstory="You <count>.")
    assert page.status == 200 and "You &lt;count&gt;." in page.text and "Say what you think early" in page.text
    assert "Nothing is saved yet." in page.text and mine(one_member) == []
    assert page.value("backstory") == "You <count>."


def test_traits_are_suggested_into_the_form(one_member):
    page = submit(one_member, action="suggest", backstory="A detective who tells jokes.")
    ticked = re.findall(r'name="traits" value="(\w+)" checked', page.text)
    assert ticked == ["Analytical", "Witty"] and mine(one_member) == []
    assert "speaks of none" in submit(one_member, action="suggest", backstory="Qwertz.", greeting="").text


def test_deleting_asks_first(one_member):
    made = create(one_member)
    page = one_member.get(f"/personality/delete?id={made['id']}")
    assert page.status == 200 and "Delete Ada?" in page.text and len(mine(one_member)) == 1
    reply = one_member.post("/personality/delete", {"id": made["id"]})
    assert (reply.status, reply.location) == (303, "/personality?done=deleted") and mine(one_member) == []
    assert one_member.post("/personality/delete", {"id": made["id"]}).status == 404


def test_a_shared_one_becomes_ones_own_copy(one_site, one_member, mysql, stack):
    admin = administrator(one_site, mysql, stack)
    shared = create(admin, name="For all", is_shared=True)
    reply = one_member.post("/personality/copy", {"id": shared["id"]})
    assert reply.status == 303 and reply.location.endswith("?done=copied")
    assert "This copy is yours" in one_member.get(reply.location).text
    [copy] = mine(one_member)
    assert (copy["name"], copy["is_shared"], copy["is_mine"]) == ("For all", False, True) and copy["id"] != shared["id"]


def test_an_administrator_shares_with_a_box(one_site, mysql, stack):
    admin = administrator(one_site, mysql, stack)
    assert 'name="is_shared"' in admin.get("/personality/new").text
    assert submit(admin, name="Boxed", is_shared="1").status == 303
    [made] = mine(admin)
    assert made["is_shared"] is True
    assert submit(admin, f"/personality/{made['id']}", name="Boxed").status == 303
    assert mine(admin)[0]["is_shared"] is False


def test_only_administrators_are_offered_to_share(one_member):
    assert 'name="is_shared"' not in one_member.get("/personality/new").text


def test_stale_forms_lose_nothing_and_change_nothing(one_member):
    made = create(one_member)
    page = one_member.post("/personality", FORM, "a" * 64)
    assert page.status == 403 and page.value("backstory") == "You count."
    page = one_member.post(f"/personality/{made['id']}", {**FORM, "name": "Typed"}, "a" * 64)
    assert page.status == 403 and page.value("name") == "Typed"
    assert one_member.post("/personality/delete", {"id": made["id"]}, "a" * 64).status == 403
    assert one_member.post("/personality/copy", {"id": made["id"]}, "a" * 64).status == 403
    assert upload(one_member, b"{}", token="a" * 64).status == 403 and upload(one_member, b"{}", token=None).status == 403
    assert [one["name"] for one in mine(one_member)] == ["Ada"]


# ---- Files ----

def test_a_file_of_ours_comes_back_as_it_was(member):
    made = create(member)
    file = member.get(f"/personality/export?id={made['id']}")
    assert file.headers["Content-Disposition"] == 'attachment; filename="Ada.json"'
    assert {**SAMPLE, "gatehouse_character": 1} == file.json
    reply = upload(member, file.body)
    assert reply.status == 303 and reply.location.endswith("?done=imported"), reply.text
    copy = member.get("/api/characters/" + reply.location.split("/")[2].split("?")[0]).json
    # what runs it is decided here, not in a file
    assert {name: copy[name] for name in SAMPLE} == {**SAMPLE, "model": ""} and copy["is_shared"] is False


@pytest.mark.parametrize("format", ["card", "png"])
def test_a_card_comes_back_as_it_was(site, member, format):
    made = create(member, name="Zoë / \"Z\"", system_prompt="Be kind.")
    file = member.get(f"/personality/export?id={made['id']}&format={format}")
    assert file.status == 200 and re.fullmatch(r'attachment; filename="Zo-Z-\.(card\.json|png)"', file.headers["Content-Disposition"])
    if format == "png":
        assert file.headers["Content-Type"] == "image/png"
        chunks = chunks_of(file.body)
        assert [kind for kind, _ in chunks] == [b"IHDR", b"PLTE", b"tEXt", b"IDAT", b"IEND"]
        card = json.loads(base64.b64decode(dict(chunks)[b"tEXt"].split(b"\0", 1)[1]))
    else:
        card = json.loads(file.body)
    assert (card["spec"], card["spec_version"]) == ("chara_card_v2", "2.0")
    assert {"name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
            "post_history_instructions", "alternate_greetings", "tags", "creator", "character_version", "extensions"} == set(card["data"])
    reply = upload(member, file.body, "x." + format)
    assert reply.status == 303, reply.text
    copy = member.get("/api/characters/" + reply.location.split("/")[2].split("?")[0]).json
    assert {name: copy[name] for name in SAMPLE} == {**SAMPLE, "name": "Zoë / \"Z\"", "system_prompt": "Be kind.", "model": ""}


@pytest.mark.parametrize("data", [json.dumps(CARD).encode(), card_png(CARD), b"\xef\xbb\xbf" + json.dumps(CARD).encode()],
                         ids=["json", "png", "byte-order-mark"])
def test_a_card_of_another_program_is_read(one_member, data):
    reply = upload(one_member, data)
    assert reply.status == 303, reply.text
    got = one_member.get("/api/characters/" + reply.location.split("/")[2].split("?")[0]).json
    assert (got["name"], got["greeting"], got["directness"]) == ("Rook", "Kraa, {{user}}!", 5)
    assert got["backstory"] == ("A raven.\n\nPersonality:\nCurious.\n\nWhere this takes place:\nA roof.\n\n"
                                "Examples of how you talk:\n<START>\n{{char}}: Kraa.")
    assert got["tags"][0] == "bird" and len(got["tags"]) == 10
    assert "Rook: Kraa." in got["prompt"]


def test_a_card_of_the_first_version_is_read(one_member):
    assert upload(one_member, json.dumps({name: CARD["data"][name] for name in
                                          ("name", "description", "personality", "scenario", "first_mes", "mes_example")}).encode()).status == 303


GOOD = card_png(CARD)


@pytest.mark.parametrize("data, sentence", [
    (b"", "damaged, or not the file"), (b"\0\1\2", "damaged, or not"), (b"[]", "not the file of a character"), (b"{}", "not the file of a character"),
    (b'{"name": "x"}', "not the file of a character"), (b'{"gatehouse_character": 1}', "Its name cannot be used"),
    (b'{"gatehouse_character": 1, "name": "x", "warmth": 99}', "Its warmth cannot be used"),
    (b"[" * 100, "damaged"), (GOOD[:-5], "picture is damaged"), (GOOD[:8], "picture is damaged"), (GOOD[:100], "picture is damaged"),
    (GOOD.replace(b"chara\0", b"charb\0"), "picture is damaged"), (png(), "no character in this picture"),
    (png(chunk(b"tEXt", b"chara\0!!!")), "character in this picture is damaged"), (png(chunk(b"tEXt", b"chara\0")), "damaged"),
    (png(chunk(b"tEXt", b"chara")), "no character in this picture"),
    (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", "picture is damaged"),
    (json.dumps({**CARD, "data": {**CARD["data"], "description": "x" * 30000}}).encode(), "Its backstory cannot be used"),
    (json.dumps({**CARD, "data": [1]}).encode(), "not the file"),
], ids=range(19))
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(one_member, data, sentence):
    reply = upload(one_member, data)
    assert reply.status == 400 and sentence in (reply.field_error("file") or ""), reply.field_error("file")
    assert mine(one_member) == []


def test_a_file_has_to_be_chosen(one_member):
    assert upload(one_member, b"", filename="").field_error("file") == "Choose a file first."
    reply = one_member.post("/personality/import", {"file": "typed"})
    assert reply.status == 400 and reply.field_error("file") == "Choose a file first."


def test_a_file_that_is_too_large_is_refused_with_a_page(site, member):
    reply = upload(member, b"x" * 1100000)
    assert reply.status == 413 and "larger than this site accepts" in reply.text


@pytest.mark.parametrize("type, body", [
    ("multipart/form-data", b"x"), ("multipart/form-data; boundary=", b"--\r\n"), ("multipart/form-data; boundary=" + "b" * 71, b"x"),
    ("multipart/form-data; boundary=b", b"--b\r\n\r\nno name\r\n--b--\r\n"), ("multipart/form-data; boundary=b", b"--b\r\n"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nnever ends'),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 501 + b"--b--\r\n"),
])
def test_a_form_in_pieces_that_is_broken_is_refused(one_member, type, body):
    assert one_member.request("POST", "/personality/import", body, None, type).status == 400


def test_programs_import_files_too(one_member):
    reply = send(one_member, "POST", "/api/characters/import", CARD)
    assert reply.status == 201 and reply.json["name"] == "Rook"
    body, type = multipart({"csrfmiddlewaretoken": one_member.token("/personality")}, {"file": ("a.png", GOOD)})
    reply = one_member.request("POST", "/api/characters/import", body, {"Accept": "application/json"}, type)
    assert reply.status == 201 and reply.json["name"] == "Rook"
    reply = send(one_member, "POST", "/api/characters/import", {"x": 1})
    assert reply.status == 400 and "not the file" in reply.json["fields"]["file"]


def test_an_export_is_of_a_known_kind(one_member):
    made = create(one_member)
    assert one_member.get(f"/personality/export?id={made['id']}&format=exe").status == 404
    assert one_member.get("/personality/export").status == 404


def test_an_upload_after_the_sign_in_ended_keeps_no_file(one_member):
    token = one_member.token("/personality")
    del one_member.cookies["sessionid"]
    page = upload(one_member, json.dumps(CARD).encode(), token=token)
    assert page.status == 401 and "Rook" not in page.text


# ---- The operator's command ----

def test_the_operator_imports_characters_for_everybody(stack, one_site, one_member, mysql, postgresql, tmp_path):
    import pathlib
    demo = sorted(map(str, (pathlib.Path(__file__).resolve().parents[2] / "demo" / "characters").glob("*.json")))
    assert len(demo) >= 8
    done = stack.command("character", "import", *demo, "--shared")
    assert done.returncode == 0 and f"{len(demo)} characters: {len(demo)} new" in done.stdout, done.stderr
    done = stack.command("character", "import", "--shared", *demo)
    assert f"{len(demo)} as before" in done.stdout
    names = {json.loads(pathlib.Path(path).read_text())["name"] for path in demo}
    seen = one_member.get("/api/characters?whose=shared").json["characters"]
    assert names <= {one["name"] for one in seen}

    file = tmp_path / "card.png"
    file.write_bytes(card_png(CARD))
    assert "1 new" in stack.command("character", "import", str(file), "--shared").stdout
    def imported():
        with postgresql.cursor() as cursor:
            cursor.execute("SELECT actor, detail ->> 'name' FROM gatehouse_audit WHERE event = 'character_changed' "
                           "AND reason = 'imported' ORDER BY id")
            return cursor.fetchall()
    assert sorted(imported()) == sorted([("operator", name) for name in names] + [("operator", "Rook")])
    file.write_bytes(card_png({**CARD, "data": {**CARD["data"], "first_mes": "Hm."}}))
    assert "1 changed" in stack.command("character", "import", str(file), "--shared").stdout
    assert imported()[len(names):] == [("operator", "Rook")] * 2, "what was like this already is not written"
    file.write_bytes(b"{}")
    done = stack.command("character", "import", str(file), "--shared")
    assert done.returncode == 1 and "not the file of a character" in done.stderr and "1 refused" in done.stdout
    for words in ((), ("import",), ("import", str(file)), ("import", "--shared"), ("import", str(file), "--all")):
        assert stack.command("character", *words).returncode == 2, words

    # the site's own stays shared, and an administrator may delete it
    admin = administrator(one_site, mysql, stack)
    [rook] = admin.get("/api/characters?q=Rook&whose=shared").json["characters"]
    assert rook["can_change"] and 'name="is_shared"' not in admin.get(f"/personality/{rook['id']}").text
    assert send(admin, "PATCH", f"/api/characters/{rook['id']}", {"is_shared": False}).status == 400
    assert submit(admin, f"/personality/{rook['id']}", name="Rook", action="save").status == 303
    assert admin.post("/personality/delete", {"id": rook["id"]}).status == 303


def test_a_newcomer_is_told_how_to_begin(one_site, mysql):
    newcomer = Visitor(one_site)
    newcomer.sign_in(add_person(mysql))
    assert "You have none yet." in newcomer.get("/personality").text

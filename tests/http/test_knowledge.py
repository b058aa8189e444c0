"""Articles for administrators: finding, writing, editing, looking before saving, deleting, pasting a file."""
import json
import re
import secrets

import pytest

from support.sessions import sign_in
from support.site import Visitor, add_person

JSON = {"Accept": "application/json"}


@pytest.fixture
def admin(one_site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    visitor = sign_in(one_site, person)
    visitor.person = person
    return visitor


@pytest.fixture
def slug(postgresql):
    name = "test-" + secrets.token_hex(6)
    yield name
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_article WHERE slug = %s", (name,))


def fields(slug, **more):
    return {"slug": slug, "title": "Zeppelin permits", "country": "Germany", "service": "Tax", "language": "english",
            "tags": "zeppelin, airship", "body": "A zeppelin needs a permit.\n\n## Cost\nIt costs **9** euro.\n",
            "content_hash": "", "action": "save", **more}


def shown(page):
    """The form as somebody sees it, to be sent back."""
    form = {name: page.value(name) for name in ("title", "tags", "body", "content_hash")}
    for name in ("country", "service", "language"):
        select = re.search(rf'<select[^>]*name="{name}".*?</select>', page.text, re.S).group(0)
        chosen = re.search(r'<option value="([^"]*)" selected', select)
        form[name] = chosen.group(1) if chosen else ""
    form["body"] = form["body"].lstrip("\n")
    return form


def entries(postgresql, slug):
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT reason, username FROM gatehouse_audit WHERE event = 'knowledge_changed' "
                       "AND detail->>'slug' = %s ORDER BY id", (slug,))
        return cursor.fetchall()


def write(admin, slug, **more):
    reply = admin.post("/knowledge/new", fields(slug, **more))
    assert (reply.status, reply.location) == (303, "/knowledge?done=created"), reply.text
    return reply


PATHS = ["/knowledge", "/knowledge/new", "/knowledge/import", "/knowledge/edit/germany-vat", "/knowledge/delete/germany-vat"]


def test_only_administrators_come_in_on_every_server(site, member):
    for path in PATHS:
        assert member.get(path).status == 403, path
        assert Visitor(site).get(path).status == 303, path
    assert member.post("/knowledge/delete/germany-vat", {"content_hash": ""}).status == 403
    assert member.get("/articles/germany-vat").status == 200


def test_articles_are_found_by_words_place_and_language(admin):
    page = admin.get("/knowledge?words=umsatzsteuer")
    assert "germany-vat" in page.text and "1 article<" in page.text
    found = admin.get("/knowledge?country=Germany&service=Tax", headers=JSON).json
    assert found["total"] == len(found["articles"]) >= 1
    assert {one["country"] for one in found["articles"]} == {"Germany"}
    assert "Nothing was found." in admin.get("/knowledge?language=german").text
    assert admin.get("/knowledge?page=2", headers=JSON).json["articles"]
    assert "rel=\"next\"" in admin.get("/knowledge").text
    assert "100%25" not in admin.get("/knowledge?words=100%25%3Cb%3E").text


def test_an_article_is_looked_at_before_it_is_saved(admin, slug, one_member, postgresql):
    preview = admin.post("/knowledge/new", fields(slug, action="preview"))
    assert preview.status == 200 and "<strong>9</strong>" in preview.text and "nothing is saved yet" in preview.text
    assert preview.value("title") == "Zeppelin permits" and preview.value("slug") == slug
    assert one_member.get(f"/articles/{slug}").status == 404 and entries(postgresql, slug) == []
    write(admin, slug)
    assert "<strong>9</strong>" in one_member.get(f"/articles/{slug}").text
    assert entries(postgresql, slug) == [("created", admin.person.username)]
    answer = one_member.api("/api/chat", {"message": "What does a zeppelin permit cost in Germany?"}).json
    assert f"/articles/{slug}" in json.dumps(answer)


def test_what_is_typed_wrong_is_said_beside_its_field(admin, slug):
    reply = admin.post("/knowledge/new", fields("No Good", title="", body=" ", language="klingon"))
    assert reply.status == 400
    assert reply.field_error("title") and reply.field_error("body") and reply.field_error("language")
    assert "lower-case letters" in reply.field_error("slug")
    reply = admin.post("/knowledge/new", fields(slug, title="x" * 201, tags=",".join("abc" + str(n) for n in range(41))))
    assert "200 characters" in reply.field_error("title")
    assert "40 tags" in admin.post("/knowledge/new", fields(slug, tags=",".join(str(n) for n in range(41)))).field_error("body")
    injected = admin.post("/knowledge/new", fields(slug, title="A\nlanguage: german"))
    assert injected.status == 400 and injected.field_error("title")
    assert "nothing below" not in injected.text


def test_an_edit_is_saved_once_and_nobodys_change_is_lost(admin, slug, one_member, postgresql):
    write(admin, slug)
    form = shown(admin.get(f"/knowledge/edit/{slug}"))
    assert form["country"] == "Germany" and form["tags"] == "zeppelin, airship"
    same = admin.post(f"/knowledge/edit/{slug}", {**form, "action": "save"})
    assert same.location == "/knowledge?done=unchanged"
    changed = admin.post(f"/knowledge/edit/{slug}", {**form, "body": "All is new.", "action": "save"})
    assert changed.location == "/knowledge?done=saved"
    assert "All is new." in one_member.get(f"/articles/{slug}").text
    late = admin.post(f"/knowledge/edit/{slug}", {**form, "body": "Something else.", "action": "save"})
    assert late.status == 400 and "Somebody changed" in late.field_error("body")
    assert late.value("body").strip() == "Something else."
    taken = admin.post("/knowledge/new", fields(slug))
    assert taken.status == 400 and "already" in taken.field_error("slug")
    assert [reason for reason, _ in entries(postgresql, slug)] == ["created", "edited"]
    assert "written here" in admin.get(f"/knowledge?words={slug}").text


def test_deleting_asks_and_deletes_what_was_looked_at(admin, slug, one_member, postgresql):
    write(admin, slug)
    page = admin.get(f"/knowledge/delete/{slug}")
    assert "Delete this article?" in page.text and "Zeppelin permits" in page.text
    form = shown(admin.get(f"/knowledge/edit/{slug}"))
    admin.post(f"/knowledge/edit/{slug}", {**form, "body": "All is new.", "action": "save"})
    reply = admin.post(f"/knowledge/delete/{slug}", {"content_hash": page.value("content_hash")})
    assert reply.status == 409 and one_member.get(f"/articles/{slug}").status == 200
    reply = admin.post(f"/knowledge/delete/{slug}", {"content_hash": reply.value("content_hash")})
    assert reply.location == "/knowledge?done=deleted"
    assert one_member.get(f"/articles/{slug}").status == 404
    assert admin.post(f"/knowledge/delete/{slug}", {"content_hash": ""}).status == 404
    assert [reason for reason, _ in entries(postgresql, slug)] == ["created", "edited", "removed"]
    late = admin.post(f"/knowledge/edit/{slug}", {**form, "action": "save"})
    assert "deleted this article" in late.field_error("body")


def test_the_text_of_a_file_is_pasted_looked_at_and_saved(admin, slug, one_member):
    text = "---\r\ntitle: Zeppelin rules\r\ntags: zeppelin\r\nlanguage: german\r\n---\r\nLuftschiffe *fliegen*.\r\n"
    broken = admin.post("/knowledge/import", {"slug": slug, "text": "no front matter"})
    assert broken.status == 400 and "must begin with a line" in broken.field_error("text")
    assert broken.value("slug") == slug
    page = admin.post("/knowledge/import", {"slug": slug, "text": text})
    assert "<em>fliegen</em>" in page.text and "Saving replaces" not in page.text
    assert one_member.get(f"/articles/{slug}").status == 404
    reply = admin.post("/knowledge/new", {**shown(page), "slug": slug, "action": "save"})
    assert reply.location == "/knowledge?done=created"
    page = admin.post("/knowledge/import", {"slug": slug, "text": text.replace("fliegen", "schweben")})
    assert "Saving replaces" in page.text
    reply = admin.post(f"/knowledge/edit/{slug}", {**shown(page), "action": "save"})
    assert reply.location == "/knowledge?done=saved"
    assert "schweben" in one_member.get(f"/articles/{slug}").text


def test_raw_html_is_shown_as_text_in_the_preview(admin, slug):
    page = admin.post("/knowledge/new", fields(slug, action="preview", body="<script>alert(1)</script>", title="<b>x"))
    assert "<script>alert" not in page.text and "&lt;script&gt;alert(1)" in page.text
    assert page.value("title") == "<b>x"


def test_a_stale_form_keeps_what_was_typed(admin, slug):
    reply = admin.post("/knowledge/new", fields(slug), token="x" * 64)
    assert reply.status == 403 and reply.value("title") == "Zeppelin permits"


def test_programs_use_the_same_addresses(admin, slug):
    admin.get("/protected")
    reply = admin.api("/knowledge/new", fields(slug))
    assert reply.status == 200 and reply.json["message"]
    assert admin.get(f"/knowledge/edit/{slug}", headers=JSON).json["content"].startswith("A zeppelin")
    assert admin.api("/knowledge/new", fields(slug)).json["fields"]["slug"]


def test_the_form_has_the_text_exactly_as_it_is_stored(admin):
    """An article that grew by some white space with every preview would end as a block of code."""
    stored = admin.get("/articles/germany-vat", headers={"Accept": "application/json"}).json["content"]
    page = admin.get("/knowledge/edit/germany-vat")
    # the first line break of a textarea is no part of it (HTML, 13.2.6.4.7)
    assert page.value("body").removeprefix("\n") == stored
    fields = {name: page.value(name) for name in ("title", "tags", "content_hash")}
    looked = admin.post("/knowledge/edit/germany-vat", {**fields, "language": "english", "body": "Some text.", "action": "preview"})
    assert looked.value("body").removeprefix("\n") == "Some text."
    pasted = admin.post("/knowledge/import", {"slug": "", "text": "Some text."})
    assert pasted.value("text").removeprefix("\n") == "Some text."

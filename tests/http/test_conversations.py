"""Keeping conversations: the list and its pages, search, titles, folders, pinning, archiving, deleting."""
import re
import threading

import pytest

from support.answers import Models, finished, state
from support.answers import ask as ask_model
from support.characters import create
from support.conversations import JSON, act, ask, details, done, ids, listed, write_conversations
from support.model_server import openai
from support.sessions import begin_guest
from support.site import Visitor, add_person
from support.stack import wait_until


@pytest.fixture
def other(one_site, mysql):
    visitor = Visitor(one_site)
    visitor.sign_in(add_person(mysql))
    return visitor


def sidebar(visitor, id=None):
    """Titles in the list beside the chat, pinned ones and others."""
    page = visitor.get(f"/chat/?session_id={id}" if id else "/chat/").text
    lists = [re.search(rf'<ul class="conversations" id="{name}".*?</ul>', page, re.S) for name in ("pinned", "conversations")]
    return [re.findall(r'conversation-title">([^<]*)<', found.group(0)) if found else [] for found in lists]


def main_of(page):
    return page.text.split("<h1", 1)[1]


# Titles.

@pytest.mark.parametrize("question, title", [
    ("Hello! How do I register a GmbH in Germany?", "How do I register a GmbH in Germany?"),
    ("Hi, what is the VAT rate? And when is it due?", "What is the VAT rate?"),
    ("## Tax\n\nWhat is **due** in [Germany](https://example.org/x)?", "Tax"),
    ("What is the rate. I mean in Germany", "What is the rate"),
    ("> quoted `code` and *stars*", "quoted code and stars"),
    ("- first\n- second", "first"),
    ("x" * 80, "x" * 59 + "…"),
    ("How many days may somebody with a permit of another country stay here?", "How many days may somebody with a permit of another country…"),
])
def test_a_title_is_what_the_first_question_is_about(one_member, question, title):
    assert details(one_member, ask(one_member, question)).json["title"] == title


def test_a_greeting_is_no_title_once_a_question_comes(one_member):
    id = ask(one_member, "hello")
    assert sidebar(one_member)[1] == ["hello"]
    ask(one_member, "How do I register a GmbH?", session_id=id)
    assert sidebar(one_member)[1] == ["How do I register a GmbH?"]


def test_a_title_of_ones_own_stays_until_it_is_taken_away(one_member):
    id = ask(one_member, "How do I register a GmbH?")
    done(one_member, id, "title", title="  My company ")
    message = one_member.get(f"/api/chat?session_id={id}").json["messages"][0]["id"]
    one_member.post(f"/chat/messages/{message}", {"message": "How do I register a UG?", "action": "save"})
    assert details(one_member, id).json["title"] == "My company"
    done(one_member, id, "title", title="")
    assert details(one_member, id).json["title"] == "How do I register a UG?"


def test_the_form_saves_title_and_folder(member):
    id = ask(member, "How do I register a GmbH?")
    page = member.get(f"/chat/conversations/{id}")
    assert page.status == 200 and page.value("title") == "How do I register a GmbH?" and page.value("folder") == ""
    reply = member.post(f"/chat/conversations/{id}", {"title": "How do I register a GmbH?", "folder": "Company", "action": "save"})
    assert (reply.status, reply.location) == (303, f"/chat/conversations/{id}?done=save")
    assert "Saved." in member.get(reply.location).text
    assert details(member, id).json["folder"] == "Company"
    assert details(member, id).json["has_own_title"] is False  # it was not changed
    member.post(f"/chat/conversations/{id}", {"title": "<b>Mine</b> & \"yours\"", "folder": "", "action": "save"})
    page = member.get(f"/chat/conversations/{id}")
    assert page.value("title") == "<b>Mine</b> & \"yours\"" and "<b>Mine" not in page.text
    assert details(member, id).json["has_own_title"] is True and details(member, id).json["folder"] == ""


@pytest.mark.parametrize("field, text, sentence", [
    ("title", "x" * 121, "This is longer than 120 characters."), ("folder", "x" * 61, "This is longer than 60 characters."),
    ("title", "a\x01b", "This holds characters that are no text."), ("folder", "a\nb", "This holds characters that are no text."),
])
def test_a_title_or_folder_that_cannot_be_is_refused(one_member, field, text, sentence):
    id = ask(one_member, "How do I register a GmbH?")
    reply = one_member.post(f"/chat/conversations/{id}", {"title": "T", "folder": "F", field: text, "action": "save"})
    assert reply.status == 400 and reply.field_error(field) == sentence
    reply = act(one_member, id, field, **{field: text})
    assert reply.status == 400 and reply.json["fields"] == {field: sentence}
    assert details(one_member, id).json["title"] == "How do I register a GmbH?"


def test_a_stale_form_keeps_what_was_typed(one_member):
    id = ask(one_member, "How do I register a GmbH?")
    reply = one_member.post(f"/chat/conversations/{id}", {"title": "Mine", "folder": "F", "action": "save"}, "a" * 64)
    assert reply.status == 403 and reply.value("title") == "Mine" and reply.value("folder") == "F"


# The list.

def test_pinned_ones_stand_above_and_archived_ones_are_put_away(one_member):
    first, second, third = (ask(one_member, f"About the matter {n}") for n in "123")
    assert sidebar(one_member) == [[], ["About the matter 3", "About the matter 2", "About the matter 1"]]
    done(one_member, first, "pin")
    done(one_member, first, "pin")  # twice is once
    assert sidebar(one_member, second) == [["About the matter 1"], ["About the matter 3", "About the matter 2"]]
    done(one_member, second, "archive")
    assert sidebar(one_member) == [["About the matter 1"], ["About the matter 3"]]
    assert ids(one_member) == [third, first] and ids(one_member, shelf="archived") == [second]
    assert one_member.get(f"/chat/?session_id={second}").status == 200  # it can still be read
    done(one_member, first, "archive")
    assert details(one_member, first).json["is_pinned"] is False
    done(one_member, first, "unarchive")
    done(one_member, second, "pin")
    assert details(one_member, second).json["is_archived"] is False
    done(one_member, second, "unpin")
    assert sidebar(one_member)[0] == []
    program = one_member.get("/api/chat").json
    assert [one["id"] for one in program["conversations"]] == [third, second, first]


def test_every_button_leads_back_to_where_it_was_pressed(member):
    id, other = ask(member, "One"), ask(member, "Another")
    page = member.get(f"/chat/?session_id={other}").text
    assert f'formaction="/chat/conversations/{id}" name="action" value="pin"' in page
    assert f'name="from" value="{other}"' in page
    post = lambda action, **more: member.post(f"/chat/conversations/{id}", {"action": action, **more}).location
    assert post("pin", **{"from": other}) == f"/chat/?session_id={other}&done=pin"
    assert post("pin", **{"from": id}) == f"/chat/?session_id={id}&done=pin"
    assert post("unpin", **{"from": "new"}) == "/chat/?done=unpin"
    assert post("archive") == f"/chat/conversations/{id}?done=archive"
    assert post("unarchive", **{"from": "archived"}) == "/chat/conversations?shelf=archived&done=unarchive"
    assert post("pin", **{"from": "//evil.example/"}) == f"/chat/conversations/{id}?done=pin"
    assert post("delete", **{"from": id}) == f"/chat/?done=delete&deleted={id}"
    assert post("restore") == f"/chat/?session_id={id}&done=restore"
    assert post("delete", **{"from": other}) == f"/chat/?session_id={other}&done=delete&deleted={id}"


def test_the_list_comes_in_pages(one_member, person, postgresql):
    found = write_conversations(postgresql, person, 75)
    with postgresql.cursor() as cursor:  # several of the same moment
        cursor.execute("UPDATE chats_chatsession SET last_activity = '2026-01-01' WHERE session_id = ANY (%s::uuid[])", (found[:30],))
    done(one_member, found[40], "pin")
    page = one_member.get("/chat/").text
    assert len(re.findall('class="conversation"', page)) == 31 and "Show more" in page
    seen, query = [], {}
    for _ in range(9):
        part = listed(one_member, **query)
        seen += [one["id"] for one in part["conversations"]]
        if "next" not in part:
            break
        query["after"] = part["next"]
    assert len(seen) == 75 and set(seen) == set(found)
    first = one_member.get("/chat/conversations").text
    link = re.search(r'href="(/chat/conversations\?after=[^"]+)"', first).group(1)
    second = one_member.get(link).text
    titles = lambda text: re.findall(r"\?session_id=([0-9a-f-]{36})", text)
    assert len(titles(first)) == len(titles(second)) == 20 and not set(titles(first)) & set(titles(second))
    program = one_member.get("/api/chat").json
    assert len(program["conversations"]) == 31
    more = listed(one_member, after=program["more_conversations"])["conversations"]  # pinned ones in their order
    assert not {one["id"] for one in more if not one["is_pinned"]} & {one["id"] for one in program["conversations"]}
    for nonsense in ("x", "1-2", "-1-" + "0" * 36, "99999999999999999999-00000000-0000-4000-8000-000000000000"):
        assert len(ids(one_member, after=nonsense)) == 50  # the top


def test_folders_can_be_chosen(one_member):
    first, second, third = (ask(one_member, f"About the matter {n}") for n in "123")
    for id, folder in ((first, "Visa"), (second, "Visa"), (third, "Größe & <b>")):
        done(one_member, id, "folder", folder=folder)
    assert ids(one_member, folder="Visa") == [second, first] and ids(one_member, folder="visa") == []
    assert [(one["name"], one["conversations"]) for one in listed(one_member)["folders"]] == [("Größe & <b>", 1), ("Visa", 2)]
    page = one_member.get("/chat/conversations?folder=Visa").text
    assert '<option value="Visa" selected>Visa (2)</option>' in page and "&lt;b&gt;" in page and "<b>" not in page
    assert '<option value="Visa">' in one_member.get(f"/chat/conversations/{third}").text
    done(one_member, first, "delete")
    assert ids(one_member, folder="Visa") == [second]


def test_country_and_service_filter(one_member):
    tax = ask(one_member, "What is due?", country="Germany", service_type="Tax")
    visa = ask(one_member, "What is due?", country="India", service_type="Migration/Visa")
    assert ids(one_member, country="Germany") == [tax]
    assert ids(one_member, service_type="Migration/Visa") == [visa]
    assert ids(one_member, country="Germany", service_type="Migration/Visa") == []
    assert ids(one_member, q="due", country="India") == [visa]


# Search.

def runs(parts):
    return "".join(f"[{part['text']}]" if part["is_hit"] else part["text"] for part in parts)


def test_words_are_found_in_ones_own_messages(one_member, other, postgresql):
    id = ask(one_member, "How do I register a limited liability company with a zitherist from Österreich?")
    second = ask(one_member, "What about the residence permit for my spouse?")
    ask(other, "My zitherist from Österreich")
    assert ids(one_member, q="zitherist") == [id]
    assert ids(one_member, q="ZITHER österr") == [id]        # beginnings, any case, all of them
    assert ids(one_member, q="zitherist spouse") == []
    assert ids(one_member, q="spouse") == [second]
    assert ids(one_member, q="o'reilly \\ & | ! ( :* <->") == []
    assert ids(one_member, q="'") == [] and ids(one_member, q="...") == []
    found = next(one for one in listed(one_member, q="zither")["conversations"] if one["id"] == id)
    assert "[zitherist] from Österreich" in runs(found["passage"])
    assert found["message_id"] == one_member.get(f"/api/chat?session_id={id}").json["messages"][0]["id"]
    page = one_member.get("/chat/conversations?q=zither").text
    assert "<mark>zitherist</mark>" in page and f"/chat/?session_id={id}&amp;at={found['message_id']}#m{found['message_id']}" in page


def test_answers_and_titles_are_found_too(one_member, postgresql):
    id = ask(one_member, "hello")
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) VALUES (%s, 'assistant', %s), (%s, 'system', %s)",
                       (id, "Look at **the** [`zymurgy`](https://example.org/beer) <script>alert(1)</script> page", id, "xylographic"))
    found = listed(one_member, q="zymur")["conversations"]
    assert [one["id"] for one in found] == [id]
    assert "[zymurgy]" in runs(found[0]["passage"]) and "example.org" not in runs(found[0]["passage"])
    page = one_member.get("/chat/conversations?q=zymurgy").text
    assert "<mark>zymurgy</mark>" in page and "<script>alert" not in page
    assert ids(one_member, q="xylographic") == []  # what the system said is not the person's
    done(one_member, id, "title", title="Quixotic plans")
    found = listed(one_member, q="quixot")["conversations"]
    assert [one["id"] for one in found] == [id] and runs(found[0]["title_runs"]) == "[Quixotic] plans"
    assert "message_id" not in found[0] or found[0]["message_id"] is None
    assert "<mark>Quixotic</mark> plans" in one_member.get("/chat/conversations?q=quixotic").text


def test_what_was_changed_or_deleted_is_not_found_any_more(one_member):
    reply = one_member.api("/api/chat", {"message": "About zygotes"}).json
    id, message = reply["session_id"], reply["messages"][0]["id"]
    one_member.request("PUT", f"/api/messages/{message}", '{"message": "About yeast"}',
                       {**JSON, "X-CSRFToken": one_member.cookies["csrftoken"]}, "application/json")
    assert ids(one_member, q="zygotes") == [] and ids(one_member, q="yeast") == [id]
    one_member.api(f"/api/messages/{message}", {"action": "delete"})
    assert ids(one_member, q="yeast") == []


def test_a_search_leads_to_the_message_in_a_long_conversation(one_member, person, postgresql):
    id = write_conversations(postgresql, person, 1, 400)[0]
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatmessage SET content = 'The needle is here' WHERE id = (SELECT id FROM chats_chatmessage "
                       "WHERE session_id = %s ORDER BY id OFFSET 90 LIMIT 1)", (id,))
    found = listed(one_member, q="needle")["conversations"][0]
    page = one_member.get(f"/chat/?session_id={id}&at={found['message_id']}").text
    assert "The needle is here" in page and f'id="m{found["message_id"]}"' in page
    assert "of 110" in page and "of 111<" not in page  # and what follows it
    assert "Newest messages" in page and "Earlier messages" in page
    assert "Newest messages" not in one_member.get(f"/chat/?session_id={id}").text


def test_nothing_of_others_is_found_in_whatever_way(one_member, other):
    id = ask(one_member, "About zeppelins")
    done(one_member, id, "folder", folder="Secret")
    for query in ({}, {"q": "zeppelins"}, {"folder": "Secret"}, {"shelf": "archived"}, {"shelf": "deleted"}):
        assert ids(other, **query) == []
    assert listed(other)["folders"] == []
    message = one_member.get(f"/api/chat?session_id={id}").json["messages"][0]["id"]
    mine = ask(other, "hello")
    assert "zeppelins" not in other.get(f"/chat/?session_id={mine}&at={message}").text
    assert "zeppelins" not in other.get(f"/chat/?session_id={mine}&before={message}").text


# Deleting.

def test_a_deleted_conversation_is_gone_everywhere_and_can_be_had_back(member):
    reply = member.api("/api/chat", {"message": "About zeppelins"}).json
    id, message, answer = reply["session_id"], reply["messages"][0]["id"], reply["messages"][1]["id"]
    reply = member.post(f"/chat/conversations/{id}", {"action": "delete"})
    assert (reply.status, reply.location) == (303, f"/chat/?done=delete&deleted={id}")
    page = member.get(reply.location).text
    assert "Deleted." in page and f'action="/chat/conversations/{id}"' in page and "About zeppelins" not in page
    for path in (f"/chat/?session_id={id}", f"/api/chat?session_id={id}", f"/chat/conversations/{id}", f"/api/conversations/{id}",
                 f"/chat/messages/{message}", f"/api/messages/{answer}"):
        assert member.get(path).status == 404, path
    for path, data in ((f"/api/messages/{message}", {"action": "delete"}), (f"/api/messages/{message}", {"action": "show"}),
                       (f"/api/messages/{message}", {"message": "x"}), (f"/api/messages/{message}", {"action": "retry"}),
                       (f"/api/messages/{answer}", {"action": "rate", "rating": "1"}), ("/api/chat", {"message": "x", "session_id": id}),
                       (f"/api/conversations/{id}", {"action": "pin"}), (f"/api/conversations/{id}", {"action": "title", "title": "x"})):
        assert member.api(path, data).status == 404, (path, data)
    for path in ("/", "/dashboard", "/chat/", "/chat/conversations", "/chat/conversations?q=zeppelins", "/api/chat"):
        assert "zeppelins" not in member.get(path).text.replace('value="zeppelins"', ""), path
    assert member.get("/dashboard", headers=JSON).json["conversations_total"] == 0
    assert ids(member, shelf="deleted") == [id]
    reply = member.post(f"/chat/conversations/{id}", {"action": "restore"})
    assert "About zeppelins" in member.get(reply.location).text
    ask(member, "And balloons?", session_id=id)


def test_what_had_ended_has_ended_when_it_is_restored(one_member, postgresql, sql):
    id = ask(one_member, "About zeppelins")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET is_active = false WHERE session_id = %s", (id,))
    done(one_member, id, "delete")
    assert act(one_member, id, "delete").status == 404
    done(one_member, id, "restore")
    done(one_member, id, "restore")
    assert details(one_member, id).json["is_open"] is False


def test_clearing_deletes_and_begins_anew_at_the_same_place(member):
    started = member.post("/proceed-to-chat", {"country": "Germany", "service_type": "Tax"}).location
    id = started.rsplit("=", 1)[1]
    assert 'value="clear"' not in member.get(started).text, "there is nothing to clear yet"
    ask(member, "How do I pay VAT?", session_id=id)
    assert 'value="clear"' in member.get(started).text
    reply = member.post(f"/chat/conversations/{id}", {"action": "clear"})
    assert (reply.status, reply.location) == (
        303, f"/chat/?done=delete&deleted={id}&country=Germany&service_type=Tax")
    page = member.get(reply.location)
    assert "How do I pay VAT?" not in main_of(page) and "Germany" in page.text and "Undo" in page.text
    assert (page.value("session_id"), page.value("country"), page.value("service_type")) == ("", "Germany", "Tax")
    assert ids(member) == [] and ids(member, shelf="deleted") == [id]
    done(member, id, "restore")
    assert ids(member) == [id]
    assert member.post("/chat/conversations/00000000-0000-4000-8000-000000000000", {"action": "clear"}).status == 404


def test_clearing_keeps_whom_the_conversation_is_with(one_member, other):
    own = create(one_member, name="Ada Clear")["id"]
    id = one_member.api("/api/chat", {"message": "Who are you?", "character": own}).json["session_id"]
    assert "With Ada Clear" in one_member.get(f"/chat/?session_id={id}").text
    assert f"&character={own}" in one_member.post(f"/chat/conversations/{id}", {"action": "clear"}).location
    assert act(other, id, "clear").status == 404
    act(one_member, id, "restore")
    assert one_member.request("DELETE", f"/api/characters/{own}", None, {**JSON, "X-CSRFToken": one_member.cookies["csrftoken"]}).status in (200, 204)
    reply = one_member.post(f"/chat/conversations/{id}", {"action": "clear"})
    assert "character" not in reply.location and one_member.get(reply.location).status == 200


def test_who_keeps_nothing_clears_into_a_temporary_chat(member):
    id = ask(member, "How do I pay VAT?")
    assert member.request("PATCH", "/api/settings", '{"no_storage": true}',
                          {**JSON, "X-CSRFToken": member.cookies["csrftoken"]}, "application/json").status == 200
    reply = member.get(member.post(f"/chat/conversations/{id}", {"action": "clear"}).location)
    assert reply.location == f"/chat/temporary?deleted={id}"
    page = member.get(reply.location)
    assert page.status == 200 and "Undo" in page.text and f"/chat/conversations/{id}" in page.text
    done(member, id, "restore")
    assert ids(member) == [id]


def test_a_place_that_is_not_on_offer_counts_as_left_open(one_member):
    page = one_member.get("/chat/?country=Atlantis&service_type=%3Cb%3E")
    assert (page.value("country"), page.value("service_type")) == ("", "") and "Atlantis" not in main_of(page)


def test_what_a_new_conversation_was_to_be_is_still_chosen_after_a_refusal(one_member):
    own = create(one_member, name="Ada Refused")["id"]
    page = one_member.post("/chat/", {"message": " ", "character": own, "country": "Germany", "service_type": "Tax"})
    assert page.status == 400 and "Ada Refused" in main_of(page)
    assert (page.value("character"), page.value("country"), page.value("service_type")) == (own, "Germany", "Tax")
    gone = "00000000-0000-4000-8000-000000000000"
    page = one_member.post("/chat/", {"message": "Is it kept?", "character": gone}, "a" * 64)
    assert page.status == 403 and page.value("message") == "Is it kept?"
    id = one_member.api("/api/chat?country=Germany&service_type=Tax", {"message": "hello", "country": "Canada"}).json["session_id"]
    assert details(one_member, id).json["country"] == "Canada", "what was sent counts, not where it was sent to"


def test_a_choice_of_country_does_not_find_what_was_deleted(one_member):
    fields = {"country": "Germany", "service_type": "Tax"}
    first = one_member.api("/proceed-to-chat", fields).json["session_id"]
    done(one_member, first, "delete")
    assert one_member.api("/proceed-to-chat", fields).json["session_id"] != first


def test_deleting_for_good_takes_everything_along(one_member, postgresql, sql):
    id = ask(one_member, "About zeppelins")
    assert act(one_member, id, "purge").status == 404  # not at once
    done(one_member, id, "delete")
    page = one_member.get("/chat/conversations?shelf=deleted").text
    assert "Delete for good" in page and "gone for good after 30 days" in page
    reply = one_member.post(f"/chat/conversations/{id}", {"action": "purge", "from": "deleted"})
    assert reply.location == "/chat/conversations?shelf=deleted&done=purge"
    for table in ("chats_chatsession", "chats_chatmessage", "gatehouse_conversation", "gatehouse_message"):
        assert sql(postgresql, f"SELECT count(*) FROM {table} WHERE session_id = %s", id) == (0,)
    assert act(one_member, id, "restore").status == 404


def test_cleaning_throws_away_what_was_deleted_long_ago(one_member, stack, clock, postgresql, sql):
    old, new, kept = (ask(one_member, f"About the matter {n}") for n in "123")
    done(one_member, old, "delete")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE gatehouse_conversation SET deleted_at = now() - interval '30 days 1 minute' WHERE session_id = %s", (old,))
    done(one_member, new, "delete")
    cleaned = stack.command("session", "clean")
    assert cleaned.returncode == 0 and "1 deleted conversations thrown away" in cleaned.stdout
    assert ids(one_member, shelf="deleted") == [new] and ids(one_member) == [kept]
    assert sql(postgresql, "SELECT count(*) FROM chats_chatmessage WHERE session_id = %s", old) == (0,)
    stack.command("session", "clean", extra={"GATEHOUSE_CHAT_DELETED_DAYS": "1"})
    assert ids(one_member, shelf="deleted") == [new]


def test_nobody_asks_in_what_is_deleted_at_the_same_moment(one_member, postgresql, sql):
    """Whoever comes first, nothing is asked in a conversation that is gone."""
    for _ in range(6):
        id = ask(one_member, "hello")
        deleted, asked = [], []
        threads = [threading.Thread(target=lambda: deleted.append(act(one_member, id, "delete").status)),
                   threading.Thread(target=lambda: asked.append(one_member.api("/api/chat", {"message": "x", "session_id": id}).status))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert deleted == [200] and asked[0] in (200, 404, 409)
        stored = sql(postgresql, "SELECT count(*) FROM chats_chatmessage WHERE session_id = %s", id)
        assert stored == (4 if asked == [200] else 2,)
        assert one_member.api("/api/chat", {"message": "y", "session_id": id}).status == 404


def test_somebody_elses_conversation_is_not_there(one_member, other):
    id = ask(one_member, "About zeppelins")
    for path in (f"/chat/conversations/{id}", f"/api/conversations/{id}"):
        assert other.get(path).status == 404
        assert one_member.get(path).status == 200
    for action in ("title", "folder", "pin", "unpin", "archive", "unarchive", "delete", "restore", "purge", "save"):
        assert act(other, id, action, title="x", folder="x").status == 404, action
        assert other.post(f"/chat/conversations/{id}", {"action": action}).status == 404, action
    for id in ("00000000-0000-4000-8000-000000000000", "1", "';--", "%00", ""):
        assert act(one_member, id, "pin").status in (400, 404), id
    assert act(one_member, ask(one_member, "hello"), "explode").status == 400


def test_strangers_and_other_sites_can_do_nothing(one_visitor, one_member):
    id = ask(one_member, "About zeppelins")
    for path in ("/chat/conversations", f"/chat/conversations/{id}"):
        assert one_visitor.get(path).status == 303
    for path in ("/api/conversations", f"/api/conversations/{id}"):
        assert one_visitor.get(path, headers=JSON).status == 401
    assert one_member.post_json(f"/api/conversations/{id}", {"action": "delete"}).status == 403
    assert details(one_member, id).status == 200


# Guests.

def test_guests_have_their_list_and_nothing_to_keep(stack):
    server = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        guest = begin_guest(server, "zeppelin@example.org")
        id = ask(guest, "About zeppelins")
        page = guest.get(f"/chat/?session_id={id}").text
        assert 'class="conversation"' in page and "/chat/conversations" not in page
        for path in ("/chat/conversations", f"/chat/conversations/{id}"):
            assert guest.get(path).status in (303, 403), path
        for path in ("/api/conversations", f"/api/conversations/{id}"):
            assert guest.get(path, headers=JSON).status in (401, 403), path
        assert act(guest, id, "delete").status in (401, 403)
        assert guest.get(f"/chat/?session_id={id}").status == 200
    finally:
        server.stop()


def test_what_a_guest_wrote_is_found_by_the_person_they_become(stack, postgresql, sql, person):
    server = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        visitor = begin_guest(server, "balloon@example.org")
        id = ask(visitor, "About zeppelins")
        visitor.post("/auth/login", {"username": person.username, "password": person.password}, visitor.token("/auth/login"))
        assert ids(visitor) == [id] and ids(visitor, q="zeppelins") == [id]
        done(visitor, id, "pin")
        assert sidebar(visitor)[0] == ["About zeppelins"]
    finally:
        server.stop()


# Answers of models.

@pytest.fixture
def model_site(stack):
    models = Models(stack)
    yield models
    models.stop()


def test_an_answer_that_grows_is_stopped_when_its_conversation_is_deleted(model_site, person, postgresql, sql):
    visitor = Visitor(model_site.site("lighttpd"))
    visitor.sign_in(person)
    gate = threading.Semaphore(0)
    model_site.server.script(openai("Kept", " never", gate=gate))
    reply = ask_model(visitor, "Talk for ever")
    assert wait_until(lambda: state(visitor, reply["answer"])["content"] == "Kept", 15)
    done(visitor, reply["session_id"], "delete")
    assert visitor.get(reply["answer"]["poll"], headers=JSON).status == 404
    assert wait_until(lambda: sql(postgresql, "SELECT state FROM gatehouse_answer WHERE id = %s", reply["answer"]["id"]) == ("stopped",), 10)
    gate.release()
    gate.release()
    assert model_site.server.requests[-1].left.wait(10), "the model's server still has its reader"
    done(visitor, reply["session_id"], "restore")
    answer = finished(visitor, reply["answer"])
    assert (answer["state"], answer["content"]) == ("stopped", "Kept")

"""The chat: asking, continuing, choosing a country and a service, and who may read what."""
import re
from urllib.parse import urlencode

from support.conversations import write_conversations
from support.site import Visitor, add_person


def ask(visitor, message, **more):
    reply = visitor.post("/chat/", {"message": message, **more})
    assert reply.status == 303, reply.text[:500]
    return re.match(r"/chat/\?session_id=([0-9a-f-]{36})", reply.location).group(1)


def test_a_question_gets_a_useful_answer_with_its_source(member):
    id = ask(member, "How do I register a GmbH in Germany?")
    page = member.get(f"/chat/?session_id={id}")
    assert page.status == 200
    assert "How do I register a GmbH in Germany?" in page.text
    link = re.search(r'href="(/articles/germany-[\w-]+)"', page.text)
    assert link
    article = member.get(link.group(1))
    assert article.status == 200 and "Sample text" in article.text


def test_nonsense_is_answered_honestly(one_member):
    reply = one_member.api("/api/chat", {"message": "asdfgh qwertz"})
    answer = reply.json["messages"][1]["content"].lower()
    assert "did not understand" in answer or "found nothing" in answer, answer
    assert "](/articles/" not in answer.split("\n")[0]


def test_small_talk_is_understood(one_member):
    for message in ("Hello!", "thank you", "help"):
        answer = one_member.api("/api/chat", {"message": message}).json["messages"][1]
        assert answer["role"] == "assistant" and len(answer["content"]) > 10


def test_a_conversation_goes_on_and_is_named_after_its_first_question(member, postgresql, sql):
    id = ask(member, "What is the VAT rate in Germany?")
    assert ask(member, "And what about the United Kingdom?", session_id=id) == id
    page = member.get(f"/chat/?session_id={id}")
    assert page.text.index("VAT rate in Germany") < page.text.index("And what about the United Kingdom?")
    assert sql(postgresql, "SELECT title FROM chats_chatsession WHERE session_id = %s", id) == ("What is the VAT rate in Germany?",)
    assert sql(postgresql, "SELECT count(*) FROM chats_chatmessage WHERE session_id = %s", id) == (4,)
    other = ask(member, "A new one")
    assert other != id
    assert "A new one" in member.get("/dashboard").text


def test_a_program_asks_with_json(member):
    reply = member.api("/api/chat", {"message": "How do I register a GmbH in Germany?"})
    assert reply.status == 200
    data = reply.json
    assert [message["role"] for message in data["messages"]] == ["user", "assistant"]
    again = member.api("/api/chat", {"message": "thanks", "session_id": data["session_id"]}).json
    assert again["session_id"] == data["session_id"]
    listed = member.get(f"/api/chat?session_id={data['session_id']}").json
    assert len(listed["messages"]) == 4
    assert any(item["id"] == data["session_id"] for item in member.get("/api/chat").json["conversations"])


def test_somebody_elses_conversation_is_not_there(member, mysql):
    id = ask(member, "My secret question about tax")
    other = Visitor(member.server)
    other.sign_in(add_person(mysql))
    assert other.get(f"/chat/?session_id={id}").status == 404
    assert other.get(f"/api/chat?session_id={id}").status == 404
    assert other.post("/chat/", {"message": "x", "session_id": id}).status == 404
    assert other.api("/api/chat", {"message": "x", "session_id": id}).status == 404
    assert "secret question" not in other.get("/chat/").text + other.get("/dashboard").text + other.get("/").text


def test_a_conversation_that_does_not_exist_is_not_there(one_member):
    for id in ("00000000-0000-4000-8000-000000000000", "1", "';--", "x" * 36):
        assert one_member.get(f"/chat/?session_id={id}").status == 404, id
        assert one_member.api("/api/chat", {"message": "x", "session_id": id}).status == 404


def test_a_message_must_be_text_of_some_length(one_member):
    reply = one_member.post("/chat/", {"message": "  \n "})
    assert reply.status == 400 and reply.field_error("message") == "Write a message first."
    long = "é" * 4001
    reply = one_member.post("/chat/", {"message": long})
    assert reply.status == 400 and "4000" in reply.field_error("message")
    assert reply.value("message") == long
    assert one_member.post("/chat/", {"message": "é" * 4000}).status == 303
    token = one_member.token("/chat/")
    for bytes_ in ("a%00b", "%ff"):
        reply = one_member.request("POST", "/chat/", f"csrfmiddlewaretoken={token}&message={bytes_}",
                                   type="application/x-www-form-urlencoded")
        assert reply.status == 400 and reply.field_error("message")


def test_messages_are_shown_as_text(one_member):
    bad = "<script>alert(1)</script> <img src=x onerror=alert(1)> & \"quotes\""
    page = one_member.get(f"/chat/?session_id={ask(one_member, bad)}").text
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_stored_answers_are_rendered_safely(one_member, postgresql):
    id = ask(one_member, "hello")
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) VALUES (%s, 'assistant', %s)",
                       (id, "**bold** <script>alert(1)</script> [x](javascript:alert(1)) [ok](https://example.org/)"))
    page = one_member.get(f"/chat/?session_id={id}").text
    assert "<strong>bold</strong>" in page
    assert "<script>alert" not in page and "javascript:" not in page
    assert 'href="https://example.org/"' in page


def test_country_and_service_open_a_conversation_and_find_it_again(member, postgresql, sql):
    page = member.get("/country/")
    assert page.status == 200 and "Germany" in page.text and "Migration/Visa" in page.text
    fields = {"country": "Germany", "service_type": "Business Setup"}
    first = member.post("/proceed-to-chat", fields)
    assert first.status == 303 and first.location.startswith("/chat/?session_id=")
    assert member.post("/proceed-to-chat", fields).location == first.location
    assert member.post("/proceed-to-chat", {**fields, "country": "India"}).location != first.location
    chat = member.get(first.location)
    assert "Germany" in chat.text and "Business Setup" in chat.text
    id = first.location[-36:]
    ask(member, "How do I register a company?", session_id=id)
    assert "germany-register-a-company" in member.get(first.location).text
    assert sql(postgresql, "SELECT country, service_type, is_authenticated, auth_username FROM chats_chatsession "
               "WHERE session_id = %s", id) == ("Germany", "Business Setup", True, member.person.username)


def test_a_choice_that_is_missing_or_made_up_is_asked_for_again(one_member):
    for fields in ({}, {"country": "Germany"}, {"country": "Atlantis", "service_type": "Tax"}):
        reply = one_member.post("/proceed-to-chat", fields)
        assert reply.status == 400
        assert "Choose a" in reply.text
    reply = one_member.api("/proceed-to-chat", {"country": "Germany"})
    assert reply.status == 400 and set(reply.json["fields"]) == {"service_type"}


def test_an_ended_conversation_can_be_read_but_not_continued(one_member, postgresql):
    id = ask(one_member, "About tax in India")
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE chats_chatsession SET expires_at = now() - interval '1 hour' WHERE session_id = %s", (id,))
    page = one_member.get(f"/chat/?session_id={id}")
    assert page.status == 200 and "About tax in India" in page.text
    reply = one_member.post("/chat/", {"message": "more", "session_id": id})
    assert reply.status == 409 and "ended" in reply.text
    assert "Expired" in one_member.get("/dashboard").text


def test_the_dashboard_counts(member):
    data = lambda: {k: v for k, v in member.get("/dashboard", headers={"Accept": "application/json"}).json.items() if k != "conversations"}
    assert data() == {"active_sessions": 1, "total_messages": 0, "countries_explored": 0, "conversations_total": 0}
    ask(member, "hello")
    member.post("/proceed-to-chat", {"country": "Germany", "service_type": "Tax"})
    assert data() == {"active_sessions": 1, "total_messages": 1, "countries_explored": 1, "conversations_total": 2}
    page = member.get("/dashboard")
    assert "Continue" in page.text


def test_an_empty_chat_suggests_something(member):
    page = member.get("/chat/")
    assert page.status == 200
    title = re.search(r'<button[^>]*name="message"[^>]*value="([^"]{5,})"', page.text).group(1)
    id = ask(member, title)
    assert "/articles/" in member.get(f"/chat/?session_id={id}").text


def suggestions(page):
    return re.findall(r'<button[^>]*name="message"[^>]*value="([^"]{5,})"', page.text)


def test_what_is_suggested_fits_the_country_and_the_service(member, postgresql):
    for country, service in (("Germany", "Tax"), ("India", "Migration/Visa")):
        opened = member.post("/proceed-to-chat", {"country": country, "service_type": service})
        for path in (opened.location, f"/chat/temporary?country={country}&service_type={service}".replace(" ", "+")):
            titles = suggestions(member.get(path))
            assert titles, path
            with postgresql.cursor() as cursor:
                cursor.execute("SELECT country, service FROM gatehouse_article WHERE title = ANY (%s)", (titles,))
                assert set(cursor.fetchall()) == {(country, service)}, (path, titles)
        id = ask(member, titles[0], session_id=opened.location[-36:])
        assert "/articles/" in member.get(f"/chat/?session_id={id}").text
        assert not suggestions(member.get(f"/chat/?session_id={id}")), "they are to begin with"


def test_the_dashboard_shows_the_twenty_latest_conversations(member, postgresql):
    ids = write_conversations(postgresql, member.person, 23)
    shown = member.get("/dashboard")
    found = list(dict.fromkeys(re.findall(r"/chat/\?session_id=([0-9a-f-]{36})", shown.text)))
    assert found == list(reversed(ids))[:20]
    data = member.get("/dashboard", headers={"Accept": "application/json"}).json
    assert [one["id"] for one in data["conversations"]] == found
    assert (data["conversations_total"], data["total_messages"]) == (23, 23)  # answers are not counted
    assert 'href="/chat/conversations"' in shown.text


def test_an_article_has_its_page(member):
    page = member.get("/articles/germany-register-a-company")
    assert page.status == 200 and "<h2" in page.text
    data = member.get("/articles/germany-register-a-company", headers={"Accept": "application/json"}).json
    assert data["country"] == "Germany"


def test_an_article_leads_to_a_question_about_it(one_member):
    article = one_member.get("/articles/germany-register-a-company")
    title = article.value("message")
    assert title and 'action="/chat/"' in article.text and f"<h1>{title}</h1>" in article.text
    typed = title + '"> <script>'
    page = one_member.get("/chat/?" + urlencode({"message": typed}))
    assert page.value("message") == typed and typed not in page.text
    assert one_member.get("/api/conversations").json["conversations"] == [], "sending it is the person's"
    page = one_member.get("/chat/?message=Evil", headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status == 200 and "Evil" not in page.text

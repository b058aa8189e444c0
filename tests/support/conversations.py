"""Conversations for tests: asked for, or written straight into the database when there have to be many."""
from psycopg2.extras import execute_values

JSON = {"Accept": "application/json"}


def ask(visitor, message, **more):
    """The id of the conversation that this question is in."""
    reply = visitor.api("/api/chat", {"message": message, **more})
    assert reply.status == 200, reply.text
    return reply.json["session_id"]


def act(visitor, id, action, **more):
    return visitor.api(f"/api/conversations/{id}", {"action": action, **more})


def done(visitor, id, action, **more):
    reply = act(visitor, id, action, **more)
    assert reply.status == 200, reply.text
    return reply.json


def listed(visitor, **query):
    """What a search or list gives to a program."""
    from urllib.parse import urlencode
    reply = visitor.get("/api/conversations?" + urlencode(query), headers=JSON)
    assert reply.status == 200, reply.text
    return reply.json


def ids(visitor, **query):
    return [one["id"] for one in listed(visitor, **query)["conversations"]]


def details(visitor, id):
    return visitor.get(f"/api/conversations/{id}", headers=JSON)


def write_conversations(postgresql, person, count, messages=2):
    """So many conversations, one a minute, the first the oldest; their ids."""
    with postgresql.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username, is_authenticated, title, "
            "created_at, last_activity) SELECT gen_random_uuid(), %s, %s, %s, true, 'Conversation ' || n, "
            "now() - (%s - n) * interval '1 minute', now() - (%s - n) * interval '1 minute' "
            "FROM generate_series(1, %s) AS n RETURNING session_id, title", (str(person.id), str(person.id), person.username, count, count, count))
        found = [id for id, _ in sorted(cursor.fetchall(), key=lambda row: int(row[1].split()[1]))]
        rows = [(id, role, f"{word} {i} of {place}") for i, id in enumerate(found) for place in range(messages)
                for role, word in [("user", "Question") if place % 2 == 0 else ("assistant", "Answer")]]
        execute_values(cursor, "INSERT INTO chats_chatmessage (session_id, role, content) VALUES %s", rows, page_size=5000)
        cursor.execute("ANALYZE chats_chatsession, chats_chatmessage, gatehouse_conversation, gatehouse_message")
    return found


def write_long_conversation(postgresql, person, messages):
    """One conversation of so many messages, each after the one before; its id."""
    with postgresql.cursor() as cursor:
        cursor.execute("INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username, is_authenticated, title) "
                       "VALUES (gen_random_uuid(), %s, %s, %s, true, 'Long') RETURNING session_id",
                       (str(person.id), str(person.id), person.username))
        id = cursor.fetchone()[0]
        # in parts: a row that changes for each message leaves a version of itself each time
        for begin in range(0, messages, 500):
            cursor.execute("INSERT INTO chats_chatmessage (session_id, role, content) SELECT %s, "
                           "CASE WHEN n %% 2 = 0 THEN 'user' ELSE 'assistant' END, 'Message number ' || n || '. ' || repeat('Some words. ', 20) "
                           "FROM generate_series(%s, %s) AS n", (id, begin, min(begin + 500, messages) - 1))
            cursor.execute("VACUUM gatehouse_conversation")
        cursor.execute("ANALYZE chats_chatsession, chats_chatmessage, gatehouse_conversation, gatehouse_message")
    return id

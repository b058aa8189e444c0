-- name: conversation_create
INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username, is_authenticated,
	authentication_method, session_token, expires_at, country, service_type, title, is_active,
	created_at, last_activity)
VALUES (gen_random_uuid(), $1, $1, $2, true, 'password', NULL,
	gatehouse_now() + make_interval(days => $5::int), $3, $4, NULL, true,
	gatehouse_now(), gatehouse_now())
RETURNING session_id

-- name: conversation_find_open
-- The newest open conversation of a person about this country and service.
SELECT session_id FROM chats_chatsession
WHERE auth_user_id = $1 AND is_active AND country IS NOT DISTINCT FROM $2
	AND service_type IS NOT DISTINCT FROM $3
	AND (expires_at IS NULL OR expires_at > gatehouse_now())
ORDER BY last_activity DESC LIMIT 1

-- name: conversation_load
-- A conversation, if it is this person's. Open tells whether it can go on.
SELECT session_id, coalesce(title, ''), coalesce(country, ''), coalesce(service_type, ''),
	is_active AND (expires_at IS NULL OR expires_at > gatehouse_now()),
	extract(epoch FROM last_activity)::bigint
FROM chats_chatsession WHERE session_id = $1::uuid AND auth_user_id = $2

-- name: conversation_list
-- A person's latest conversations, newest first; ages in seconds.
SELECT session_id, coalesce(title, ''), coalesce(country, ''), coalesce(service_type, ''),
	is_active AND (expires_at IS NULL OR expires_at > gatehouse_now()),
	extract(epoch FROM gatehouse_now() - last_activity)::bigint
FROM chats_chatsession WHERE auth_user_id = $1
ORDER BY last_activity DESC LIMIT $2::int

-- name: message_list
-- The newest messages of a person's conversation, in the order they were written.
SELECT id, role, content, created_at FROM (
	SELECT m.id, m.role, m.content, extract(epoch FROM m.created_at)::bigint AS created_at
	FROM chats_chatmessage m JOIN chats_chatsession s USING (session_id)
	WHERE m.session_id = $1::uuid AND s.auth_user_id = $2
	ORDER BY m.id DESC LIMIT $3::int) newest
ORDER BY id

-- name: exchange_store
-- A question and its answer, together or not at all; the first question names the conversation.
WITH conversation AS (
	UPDATE chats_chatsession
	SET last_activity = gatehouse_now(), title = coalesce(nullif(title, ''), $5)
	WHERE session_id = $1::uuid AND auth_user_id = $2 AND is_active
		AND (expires_at IS NULL OR expires_at > gatehouse_now())
	RETURNING session_id
)
INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at)
SELECT session_id, role, content, '{}'::jsonb, gatehouse_now()
FROM conversation, (VALUES (1, 'user', $3::text), (2, 'assistant', $4::text))
	AS written (place, role, content)
ORDER BY place
RETURNING id

-- name: account_figures
-- Active sessions, messages written, countries and services explored, conversations of a person.
SELECT
	(SELECT count(*) FROM gatehouse_session
	 WHERE user_id = $1 AND expires_at > gatehouse_now() AND (remember
		OR last_seen_at > gatehouse_now() - make_interval(secs => $2::double precision))),
	(SELECT count(*) FROM chats_chatmessage m JOIN chats_chatsession s USING (session_id)
	 WHERE s.auth_user_id = $1 AND m.role = 'user'),
	(SELECT count(DISTINCT country) FROM chats_chatsession
	 WHERE auth_user_id = $1 AND country <> ''),
	(SELECT count(*) FROM chats_chatsession WHERE auth_user_id = $1)

-- name: message_list
-- The newest messages of the branch of a person's conversation that is shown, in the order they were
-- written: at most $3, before message $4 (0: the newest of all), or, unless it is 0, of a branch with
-- message $5 and up to twenty that follow it. Of these as many as have $6 bytes, at least one: from the
-- newest back, or from message $5 on and then back from it. Each with the versions there are of it.
WITH shown AS (
	SELECT s.session_id, c.id, c.role, c.content, c.created_at, b.place, row_number() OVER nearest AS nth,
		-- What is stored apart has its length beside its name: it is not read for that.
		sum(octet_length(c.content)) OVER nearest AS bytes
	FROM chats_chatsession s
	JOIN gatehouse_conversation o ON o.session_id = s.session_id AND o.deleted_at IS NULL
	CROSS JOIN LATERAL gatehouse_branch(s.session_id, CASE
		WHEN $5::bigint <> 0 THEN gatehouse_message_below($5::bigint, 20)
		WHEN $4::bigint = 0 THEN o.leaf_id
		ELSE (SELECT b.parent_id FROM gatehouse_message b
			WHERE b.message_id = $4::bigint AND b.session_id = s.session_id) END, $3::int) AS b
	JOIN chats_chatmessage c ON c.id = b.message_id
	WHERE s.session_id = $1::uuid AND s.auth_user_id = $2
	-- What follows has the larger id.
	WINDOW nearest AS (ORDER BY $5::bigint <> 0 AND c.id < $5::bigint,
		CASE WHEN $5::bigint <> 0 AND c.id >= $5::bigint THEN -b.place ELSE b.place END)
)
SELECT shown.id, role, content, extract(epoch FROM created_at)::bigint, m.state, m.model,
	coalesce(m.rating, 0), m.rating_note, coalesce(m.parent_id, 0), versions.before, versions.after,
	versions.place, versions.all
FROM shown
JOIN gatehouse_message m ON m.message_id = shown.id
CROSS JOIN LATERAL (
	SELECT coalesce(max(o.message_id) FILTER (WHERE o.message_id < m.message_id), 0) AS before,
		coalesce(min(o.message_id) FILTER (WHERE o.message_id > m.message_id), 0) AS after,
		count(*) FILTER (WHERE o.message_id <= m.message_id) AS place, count(*) AS all
	FROM gatehouse_message o
	WHERE o.session_id = m.session_id AND coalesce(o.parent_id, 0) = coalesce(m.parent_id, 0)
) AS versions
WHERE nth = 1 OR bytes <= $6::bigint
ORDER BY shown.place DESC

-- name: message_load
-- A message of a person's conversation, whether that can go on, and what the message follows.
SELECT m.id, m.role, m.content, extract(epoch FROM m.created_at)::bigint, m.session_id,
	s.is_active AND (s.expires_at IS NULL OR s.expires_at > gatehouse_now()),
	(SELECT coalesce(g.parent_id, 0) FROM gatehouse_message g WHERE g.message_id = m.id)
FROM chats_chatmessage m JOIN chats_chatsession s USING (session_id)
WHERE m.id = $1::bigint AND s.auth_user_id = $2
	AND NOT EXISTS (SELECT FROM gatehouse_conversation c
		WHERE c.session_id = s.session_id AND c.deleted_at IS NOT NULL)

-- name: message_edit
-- Only what the person wrote, and while the conversation can go on. What it said before is gone.
UPDATE chats_chatmessage m SET content = $3,
	metadata = m.metadata || jsonb_build_object('edited_at', to_char(
		gatehouse_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM chats_chatsession s
WHERE m.id = $1::bigint AND s.session_id = m.session_id AND s.auth_user_id = $2
	AND m.role = 'user' AND s.is_active
	AND (s.expires_at IS NULL OR s.expires_at > gatehouse_now())
RETURNING m.id, m.role, m.content, extract(epoch FROM m.created_at)::bigint, m.session_id, true, 0

-- name: message_delete
-- The session is locked first, as by everybody.
WITH s AS MATERIALIZED (
	SELECT * FROM chats_chatsession o
	WHERE o.session_id = (SELECT session_id FROM chats_chatmessage WHERE id = $1::bigint)
		AND o.auth_user_id = $2
		AND NOT EXISTS (SELECT FROM gatehouse_conversation c
			WHERE c.session_id = o.session_id AND c.deleted_at IS NOT NULL)
	FOR UPDATE
)
DELETE FROM chats_chatmessage m USING s
WHERE m.id = $1::bigint AND m.session_id = s.session_id
RETURNING m.id, m.role, m.content, extract(epoch FROM m.created_at)::bigint, m.session_id,
	s.is_active AND (s.expires_at IS NULL OR s.expires_at > gatehouse_now()), 0

-- name: message_show
-- Show the branch of a message: the newest one through it.
UPDATE gatehouse_conversation c SET leaf_id = gatehouse_leaf_below(m.message_id)
FROM gatehouse_message m JOIN chats_chatsession s USING (session_id)
WHERE m.message_id = $1::bigint AND s.auth_user_id = $2 AND c.session_id = m.session_id
	AND c.deleted_at IS NULL
RETURNING c.session_id

-- name: message_rate
-- What the person thinks of an answer: 1, -1, or 0 for nothing any more.
UPDATE gatehouse_message m SET rating = nullif($3::smallint, 0),
	rating_note = CASE WHEN $3::smallint = 0 THEN '' ELSE $4 END
FROM chats_chatmessage c, chats_chatsession s
WHERE m.message_id = $1::bigint AND c.id = m.message_id AND c.role = 'assistant'
	AND s.session_id = c.session_id AND s.auth_user_id = $2
	AND NOT EXISTS (SELECT FROM gatehouse_conversation o
		WHERE o.session_id = s.session_id AND o.deleted_at IS NOT NULL)
RETURNING c.session_id

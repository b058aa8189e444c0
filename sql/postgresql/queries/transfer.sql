-- name: export_conversations
-- Conversations to take along: the one with the id $2, or (NULL) all but the deleted ones that come
-- after $3, $4 of them.
SELECT s.session_id, coalesce(nullif(title, ''), gatehouse_conversation_name(s.session_id, title)),
	coalesce(c.is_titled, false), coalesce(country, ''), coalesce(service_type, ''), coalesce(c.folder, ''),
	to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	to_char(last_activity AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	c.pinned_at IS NOT NULL, c.archived_at IS NOT NULL, coalesce(c.leaf_id, 0),
	extract(epoch FROM created_at)::bigint
FROM chats_chatsession s LEFT JOIN gatehouse_conversation c USING (session_id)
WHERE auth_user_id = $1 AND c.deleted_at IS NULL AND ($2::uuid IS NULL OR s.session_id = $2::uuid)
	AND s.session_id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY s.session_id LIMIT $4::int

-- name: export_messages
-- Messages of a person's conversation after message $3, in the order they were written: $4 of them.
SELECT c.id, coalesce(m.parent_id, 0), c.role, c.content,
	to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), m.state, m.model,
	coalesce(m.rating, 0), m.rating_note, extract(epoch FROM c.created_at)::bigint
FROM chats_chatsession s JOIN chats_chatmessage c USING (session_id)
JOIN gatehouse_message m ON m.message_id = c.id
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.id > $3::bigint
ORDER BY c.id LIMIT $4::int

-- name: export_branch
-- The ids of the messages that are shown, the first first.
SELECT b.message_id
FROM chats_chatsession s JOIN gatehouse_conversation c USING (session_id)
CROSS JOIN LATERAL gatehouse_branch(s.session_id, c.leaf_id, 2147483647) AS b
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2
ORDER BY b.message_id

-- name: export_shown
-- The messages with these ids.
SELECT c.id, 0, c.role, c.content, '', m.state, m.model, 0, '', extract(epoch FROM c.created_at)::bigint
FROM chats_chatsession s JOIN chats_chatmessage c USING (session_id)
JOIN gatehouse_message m ON m.message_id = c.id
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.id = ANY ($3::bigint[])
ORDER BY c.id

-- name: import_conversations
SELECT stored, messages FROM gatehouse_import($1::jsonb, $2::jsonb)

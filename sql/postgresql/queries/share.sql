-- name: share_load
-- How a person's conversation is shared, if it is.
SELECT coalesce(s.title, ''), coalesce(c.share_sealed, ''), c.share_token IS NOT NULL,
	coalesce(extract(epoch FROM c.shared_at)::bigint, 0),
	c.leaf_id IS DISTINCT FROM c.shared_leaf_id, c.leaf_id IS NOT NULL
FROM chats_chatsession s JOIN gatehouse_conversation c USING (session_id)
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.deleted_at IS NULL

-- name: share_begin
-- From now on whoever has the token whose hash is $3 reads what is shown now; nothing_there when it is
-- shared already.
WITH done AS (
	UPDATE gatehouse_conversation c SET share_token = $3, share_sealed = $4,
		shared_at = gatehouse_now(), shared_leaf_id = c.leaf_id
	FROM chats_chatsession s
	WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.session_id = s.session_id
		AND c.deleted_at IS NULL AND c.share_token IS NULL AND c.leaf_id IS NOT NULL
	RETURNING 'done'
)
SELECT coalesce((SELECT * FROM done), gatehouse_nothing_there())

-- name: share_update
-- The same link, with what is shown now.
WITH done AS (
	UPDATE gatehouse_conversation c SET shared_at = gatehouse_now(), shared_leaf_id = c.leaf_id
	FROM chats_chatsession s
	WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.session_id = s.session_id
		AND c.deleted_at IS NULL AND c.share_token IS NOT NULL AND c.leaf_id IS NOT NULL
	RETURNING 'done'
)
SELECT coalesce((SELECT * FROM done), gatehouse_nothing_there())

-- name: share_end
WITH done AS (
	UPDATE gatehouse_conversation c SET share_token = NULL, share_sealed = NULL, shared_at = NULL,
		shared_leaf_id = NULL
	FROM chats_chatsession s
	WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND c.session_id = s.session_id
		AND c.share_token IS NOT NULL
	RETURNING 'done'
)
SELECT coalesce((SELECT * FROM done), gatehouse_nothing_there())

-- name: share_read
-- What the token with this hash opens: $2 messages of the branch, after skipping the $3 newest, and of
-- these the newest that have $4 bytes, at least one, in the order they were written; each row has the
-- title and the time of sharing.
WITH shown AS (
	SELECT coalesce(s.title, '') AS title, extract(epoch FROM o.shared_at)::bigint AS shared_at, c.role,
		c.content, m.state, m.parent_id IS NULL AS is_first, b.place, row_number() OVER newest AS nth,
		sum(octet_length(c.content)) OVER newest AS bytes
	FROM gatehouse_conversation o
	JOIN chats_chatsession s ON s.session_id = o.session_id
	CROSS JOIN LATERAL gatehouse_branch(o.session_id, o.shared_leaf_id, $2::int + $3::int) AS b
	JOIN gatehouse_message m ON m.message_id = b.message_id
	JOIN chats_chatmessage c ON c.id = b.message_id
	WHERE o.share_token = $1 AND o.deleted_at IS NULL AND b.place > $3::int
	WINDOW newest AS (ORDER BY b.place)
)
SELECT title, shared_at, role, content, state, is_first FROM shown
WHERE nth = 1 OR bytes <= $4::bigint ORDER BY place DESC

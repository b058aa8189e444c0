-- name: conversation_create
INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username, is_authenticated,
	authentication_method, session_token, expires_at, country, service_type, title, is_active,
	created_at, last_activity)
VALUES (gen_random_uuid(), $1, $1, $2, $6::boolean, $7, NULL,
	gatehouse_now() + make_interval(days => $5::int), $3, $4, NULL, true,
	gatehouse_now(), gatehouse_now())
RETURNING session_id

-- name: conversation_find_open
-- The newest open conversation of a person about this country and service. One that is put away stays
-- there; one that is deleted is not open.
SELECT s.session_id FROM chats_chatsession s LEFT JOIN gatehouse_conversation c USING (session_id)
WHERE auth_user_id = $1 AND is_active AND country IS NOT DISTINCT FROM $2
	AND service_type IS NOT DISTINCT FROM $3 AND c.archived_at IS NULL
	AND (expires_at IS NULL OR expires_at > gatehouse_now())
ORDER BY last_activity DESC LIMIT 1

-- name: conversation_load
-- A conversation, if it is this person's and not deleted. Open tells whether it can go on.
SELECT s.session_id, gatehouse_conversation_name(s.session_id, title), coalesce(country, ''),
	coalesce(service_type, ''), is_active AND (expires_at IS NULL OR expires_at > gatehouse_now()),
	extract(epoch FROM last_activity)::bigint,
	coalesce(c.folder, ''), c.pinned_at IS NOT NULL, c.archived_at IS NOT NULL, NULL,
	coalesce(c.character_id::text, ''), coalesce(c.model, ''), coalesce(c.is_titled, false),
	extract(epoch FROM s.created_at)::bigint, coalesce(h.name, '')
FROM chats_chatsession s LEFT JOIN gatehouse_conversation c USING (session_id)
	LEFT JOIN gatehouse_character h ON h.id = c.character_id
WHERE s.session_id = $1::uuid AND auth_user_id = $2 AND c.deleted_at IS NULL

-- name: conversation_list
-- A person's conversations but the deleted and archived ones, newest first; ages in seconds. $2: how
-- many; those after the one that was last used at $3 (in microseconds; NULL: from the first) and has
-- the id $4. $5: "pinned" puts those first, however many, "unpinned" leaves them out, "all" mixes them.
WITH pinned AS (
	SELECT s.*, c.folder, c.pinned_at
	FROM gatehouse_conversation c JOIN chats_chatsession s USING (session_id)
	WHERE $5 = 'pinned' AND c.owner_id = $1 AND c.pinned_at IS NOT NULL AND c.deleted_at IS NULL
		AND c.archived_at IS NULL AND s.auth_user_id = $1
), recent AS (
	SELECT s.*, c.folder, c.pinned_at
	FROM chats_chatsession s LEFT JOIN gatehouse_conversation c USING (session_id)
	WHERE s.auth_user_id = $1 AND c.deleted_at IS NULL AND c.archived_at IS NULL
		AND ($5 = 'all' OR c.pinned_at IS NULL)
		AND (s.last_activity, s.session_id) < (coalesce(
			'epoch'::timestamptz + $3::bigint * interval '1 microsecond', 'infinity'),
			coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	ORDER BY s.last_activity DESC, s.session_id DESC LIMIT $2::int
)
SELECT session_id, gatehouse_conversation_name(session_id, title), coalesce(country, ''),
	coalesce(service_type, ''), is_active AND (expires_at IS NULL OR expires_at > gatehouse_now()),
	extract(epoch FROM gatehouse_now() - last_activity)::bigint, coalesce(folder, ''),
	pinned_at IS NOT NULL, false, (extract(epoch FROM last_activity) * 1000000)::bigint
FROM (SELECT 1 AS part, * FROM pinned UNION ALL SELECT 2, * FROM recent) AS both_parts
ORDER BY part, CASE WHEN part = 1 THEN pinned_at END DESC, last_activity DESC, session_id DESC

-- name: conversation_search
-- A person's conversations in whose title or messages all words of $2 are found ('': any), about a
-- country $3, a service $4, in a folder $5 ('': any), that are not put away ($6 '') or are ('archived',
-- 'deleted'). $7, $8, $9: how many, and after which, as of conversation_list; of deleted ones the
-- moment is that of deleting. Also the newest message that was found, and its passage and the title
-- with the words between U+0001 and U+0002.
WITH wanted AS MATERIALIZED (
	SELECT gatehouse_search_words($2) AS words
), hits AS MATERIALIZED (
	SELECT conversation AS session_id, newest AS message_id
	FROM gatehouse_search_hits($1, $2) WHERE $2 <> ''
), page AS MATERIALIZED (
	SELECT s.*, c.folder, c.pinned_at, c.archived_at, hits.message_id, words,
		gatehouse_conversation_name(s.session_id, title) AS name, moment
	FROM chats_chatsession s LEFT JOIN gatehouse_conversation c USING (session_id)
	CROSS JOIN wanted LEFT JOIN hits USING (session_id)
	CROSS JOIN LATERAL (SELECT CASE WHEN $6 = 'deleted' THEN c.deleted_at ELSE s.last_activity END
		AS moment) AS sorted
	WHERE s.auth_user_id = $1
		AND ($2 = '' OR hits.message_id IS NOT NULL OR to_tsvector('simple', coalesce(title, '')) @@ words)
		AND ($3 = '' OR s.country = $3) AND ($4 = '' OR s.service_type = $4)
		AND ($5 = '' OR c.folder = $5)
		AND (c.deleted_at IS NOT NULL) = ($6 = 'deleted')
		AND ($6 = 'deleted' OR (c.archived_at IS NOT NULL) = ($6 = 'archived'))
		AND (moment, s.session_id) < (coalesce(
			'epoch'::timestamptz + $8::bigint * interval '1 microsecond', 'infinity'),
			coalesce($9::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	ORDER BY moment DESC, s.session_id DESC LIMIT $7::int
)
SELECT page.session_id, name, coalesce(country, ''), coalesce(service_type, ''),
	is_active AND (expires_at IS NULL OR expires_at > gatehouse_now()),
	extract(epoch FROM gatehouse_now() - moment)::bigint, coalesce(folder, ''),
	pinned_at IS NOT NULL, archived_at IS NOT NULL, (extract(epoch FROM moment) * 1000000)::bigint,
	coalesce(message_id, 0),
	-- Without the marks of Markdown, and the addresses of its links.
	coalesce(ts_headline('simple', regexp_replace(regexp_replace(translate(left(m.content, 100000), '*`', ''),
			'\]\([^)[:space:]]*\)|\n[[:space:]]*[-+][[:space:]]|:?-{3,}:?', ' ', 'g'), '[][#>|~' || chr(1) || chr(2) || ']+', ' ', 'g'), words,
		'MaxFragments=1,MaxWords=30,MinWords=12,StartSel=' || chr(1) || ',StopSel=' || chr(2)), ''),
	CASE WHEN words IS NULL THEN name ELSE ts_headline('simple', name, words,
		'HighlightAll=true,StartSel=' || chr(1) || ',StopSel=' || chr(2)) END
FROM page LEFT JOIN chats_chatmessage m ON m.id = message_id
ORDER BY moment DESC, page.session_id DESC

-- name: conversation_folders
-- The folders somebody has, with how many conversations are in each.
SELECT folder, count(*) FROM gatehouse_conversation
WHERE owner_id = $1 AND folder <> '' AND deleted_at IS NULL GROUP BY folder ORDER BY lower(folder), folder

-- name: conversation_act
SELECT gatehouse_conversation_act($1::uuid, $2, $3, $4)

-- name: conversation_questions
-- The first questions of a conversation, of which a title can be made.
SELECT left(m.content, 2000) FROM chats_chatsession s JOIN chats_chatmessage m USING (session_id)
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2 AND m.role = 'user' ORDER BY m.id LIMIT 5

-- name: conversation_retitle
-- A title made of the questions; one of the person's own stays.
UPDATE chats_chatsession s SET title = nullif($3, '')
WHERE s.session_id = $1::uuid AND s.auth_user_id = $2
	AND NOT EXISTS (SELECT FROM gatehouse_conversation c WHERE c.session_id = s.session_id AND c.is_titled)

-- name: conversation_clean
-- Throw away for good what was deleted $2 days ago: at most $1 of them; how many.
SELECT count(*) FROM (SELECT gatehouse_conversation_purge(session_id) FROM (
	-- Both rows, and none that somebody is about to restore: what is held is looked at again.
	SELECT session_id FROM gatehouse_conversation c JOIN chats_chatsession s USING (session_id)
	WHERE c.deleted_at < gatehouse_now() - make_interval(days => $2::int)
	ORDER BY c.deleted_at LIMIT $1::int FOR UPDATE OF s, c SKIP LOCKED) AS old) AS gone

-- name: conversation_hand_over
-- Everything that was $1's is $2's from now on.
UPDATE chats_chatsession SET user_id = $2, auth_user_id = $2, auth_username = $3,
	is_authenticated = $5::boolean, authentication_method = $4
WHERE auth_user_id = $1

-- name: account_figures
-- Active sessions, messages written, countries and services explored, conversations of a person, as far
-- as they are not deleted.
WITH mine AS MATERIALIZED (
	SELECT s.session_id, s.country FROM chats_chatsession s
	LEFT JOIN gatehouse_conversation c USING (session_id)
	WHERE s.auth_user_id = $1 AND c.deleted_at IS NULL
)
SELECT
	(SELECT count(*) FROM gatehouse_session s WHERE user_id = $1 AND gatehouse_is_live(s)),
	(SELECT count(*) FROM chats_chatmessage m JOIN mine USING (session_id) WHERE m.role = 'user'),
	(SELECT count(DISTINCT country) FROM mine WHERE country <> ''),
	(SELECT count(*) FROM mine)

-- name: settings_load
-- What a person has set, with the defaults where nothing was; a default character that they no longer
-- see is none. The column before the last: their keys, "protocol hint" in lines.
SELECT coalesce(s.display_name, ''), coalesce(s.theme, 'system'), coalesce(s.model, ''),
	coalesce(c.id::text, ''), coalesce(s.enter_sends, true),
	coalesce(s.answer_language, ''),
	coalesce((SELECT string_agg(k.protocol || ' ' || k.hint, E'\n' ORDER BY k.protocol)
		FROM gatehouse_person_key k WHERE k.user_id = $1), ''),
	coalesce(s.no_storage, false)
FROM (VALUES (1)) AS one
	LEFT JOIN gatehouse_person_settings s ON s.user_id = $1
	LEFT JOIN gatehouse_character c ON c.id = s.character_id AND gatehouse_character_seen(c, $1)

-- name: settings_store
-- A character that the person does not see is stored as none.
INSERT INTO gatehouse_person_settings (user_id, display_name, theme, model, character_id,
	enter_sends, answer_language, no_storage, updated_at)
VALUES ($1::text, $2, $3, $4, (SELECT c.id FROM gatehouse_character c
		WHERE c.id = $5::uuid AND gatehouse_character_seen(c, $1::text)),
	$6::boolean, $7, $8::boolean, gatehouse_now())
ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name, theme = excluded.theme,
	model = excluded.model, character_id = excluded.character_id,
	enter_sends = excluded.enter_sends,
	answer_language = excluded.answer_language, no_storage = excluded.no_storage, updated_at = excluded.updated_at

-- name: settings_key_store
INSERT INTO gatehouse_person_key (user_id, protocol, sealed, hint, stored_at)
VALUES ($1, $2, $3, $4, gatehouse_now())
ON CONFLICT (user_id, protocol) DO UPDATE SET sealed = excluded.sealed, hint = excluded.hint,
	stored_at = excluded.stored_at

-- name: settings_key_load
SELECT sealed FROM gatehouse_person_key WHERE user_id = $1 AND protocol = $2

-- name: settings_key_remove
WITH gone AS (
	DELETE FROM gatehouse_person_key WHERE user_id = $1 AND protocol = $2 RETURNING protocol::text
)
SELECT coalesce((SELECT protocol FROM gone), gatehouse_nothing_there())

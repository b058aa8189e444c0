-- name: health
SELECT 1

-- name: sequence_rights
-- Whether this role may take the numbers that statements ask for by themselves.
SELECT coalesce(has_sequence_privilege(pg_get_serial_sequence('chats_chatmessage', 'id'), 'USAGE')
	AND has_sequence_privilege('gatehouse_temporary_id', 'USAGE'), false)

-- name: migration_lock
-- Two migrations at once wait for each other. The number is arbitrary, but must never change; the
-- lock goes with the connection.
SELECT pg_advisory_lock(718281828)

-- name: migration_table
CREATE TABLE IF NOT EXISTS gatehouse_migration (
	name text PRIMARY KEY,
	applied_at timestamp with time zone NOT NULL DEFAULT now()
)

-- name: migration_list
SELECT name FROM gatehouse_migration ORDER BY name

-- name: migration_note
INSERT INTO gatehouse_migration (name) VALUES ($1)

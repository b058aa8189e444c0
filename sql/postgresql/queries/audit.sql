-- name: audit_write
-- One entry; its number and time are the database's. $12 says when: "standing" only while the
-- session is there, so that of many who end it at once one says so; "once" unless the same was
-- written within the last minute; else always.
INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address, user_agent,
	actor, request_id, detail)
SELECT $1, $2, $3, $4, $5::uuid, $6, $7::inet, $8, $9, $10, $11::jsonb
WHERE CASE $12
	WHEN 'standing' THEN EXISTS (
		SELECT FROM django_session d JOIN gatehouse_session g USING (session_key)
		WHERE g.public_id = $5::uuid FOR UPDATE OF d)
	WHEN 'once' THEN NOT gatehouse_audit_seen($1, $2, $3, $5::uuid, $7::inet, $8, $11::jsonb)
	ELSE true END

-- name: audit_list
-- Newest first, before entry $7, from second $5 to before second $6. $2 is another name for whom $1
-- means. What is always given is no "IS NULL OR", so that any plan can begin where the last list ended.
SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
	extract(epoch FROM at)::bigint, extract(epoch FROM gatehouse_now() - at)::bigint,
	event, reason, user_id, username, session, kind, host(address), user_agent, actor, request_id,
	detail
FROM gatehouse_audit
WHERE ($1::text IS NULL OR user_id = $1 OR username = $2)
	AND ($3::text IS NULL OR event = $3)
	AND ($4::inet IS NULL OR address <<= $4::inet)
	AND at >= to_timestamp($5::bigint) AND at < to_timestamp($6::bigint)
	AND id < $7::bigint
ORDER BY id DESC LIMIT $8::int

-- name: audit_list_older
-- A person's entries before entry $2, newest first.
SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
	extract(epoch FROM at)::bigint, extract(epoch FROM gatehouse_now() - at)::bigint,
	event, reason, user_id, username, session, kind, host(address), user_agent, actor, request_id,
	detail
FROM gatehouse_audit
WHERE user_id = $1 AND id < $2::bigint
ORDER BY id DESC LIMIT $3::int

-- name: audit_list_newer
-- A person's entries after entry $2, oldest first.
SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
	extract(epoch FROM at)::bigint, extract(epoch FROM gatehouse_now() - at)::bigint,
	event, reason, user_id, username, session, kind, host(address), user_agent, actor, request_id,
	detail
FROM gatehouse_audit
WHERE user_id = $1 AND id > $2::bigint
ORDER BY id LIMIT $3::int

-- name: audit_retention_set
-- Only the owner of the tables can.
INSERT INTO gatehouse_audit_retention (months) VALUES ($1::int)
ON CONFLICT (is_only_row) DO UPDATE SET months = excluded.months

-- name: audit_partitions
-- The months' partitions are made and dropped, as the migration says.
SELECT gatehouse_audit_partitions()

-- name: audit_partition_list
-- The partitions, their sizes in bytes with their indexes, and the retention in months.
SELECT c.relname, pg_total_relation_size(c.oid), (SELECT months FROM gatehouse_audit_retention)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'gatehouse_audit'::regclass
ORDER BY c.relname

-- name: audit_rights
-- Whether this role owns the trail, and whether it could change it or a part of it.
SELECT bool_or(pg_has_role(c.relowner, 'USAGE')),
	bool_or(has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
		OR has_any_column_privilege(c.oid, 'UPDATE'))
FROM pg_class c
WHERE c.oid = 'gatehouse_audit'::regclass OR c.oid IN
	(SELECT inhrelid FROM pg_inherits WHERE inhparent = 'gatehouse_audit'::regclass)

-- name: session_load
-- A session and what the policy must know of it, ages in seconds. One row or none.
SELECT d.session_data, d.expire_date > gatehouse_now(),
	g.public_id, g.user_id, g.username, g.kind,
	extract(epoch FROM gatehouse_now() - g.created_at)::bigint,
	extract(epoch FROM gatehouse_now() - g.last_seen_at)::bigint,
	extract(epoch FROM gatehouse_now() - g.authenticated_at)::bigint,
	extract(epoch FROM gatehouse_now() - g.user_checked_at)::bigint,
	extract(epoch FROM g.expires_at - gatehouse_now())::bigint,
	g.remember, host(g.address), extract(epoch FROM g.created_at)::bigint
FROM django_session d LEFT JOIN gatehouse_session g USING (session_key)
WHERE d.session_key = $1

-- name: session_create
-- A signed-in session with its companion. The session it takes the place of goes in the same
-- statement, so that a key from before the sign-in is worth nothing after it.
WITH replaced AS (
	DELETE FROM django_session WHERE session_key = $11
), stored AS (
	INSERT INTO django_session (session_key, session_data, expire_date)
	VALUES ($1, $2, gatehouse_now() + make_interval(secs => $3::double precision))
	RETURNING session_key
)
INSERT INTO gatehouse_session (session_key, user_id, username, kind, method, created_at,
	last_seen_at, authenticated_at, user_checked_at, address, user_agent, expires_at, remember)
SELECT session_key, $4, $5, $6, $7, gatehouse_now(), gatehouse_now(), gatehouse_now(),
	gatehouse_now(), $8::inet, $9,
	gatehouse_now() + make_interval(secs => $3::double precision), $10::boolean
FROM stored
RETURNING public_id

-- name: session_adopt
-- The companion of a session that Django made. Two requests may do it at once.
INSERT INTO gatehouse_session (session_key, user_id, username, kind, method, created_at,
	last_seen_at, authenticated_at, user_checked_at, address, user_agent, expires_at, remember)
SELECT session_key, $2, $3, 'authenticated', 'django', gatehouse_now(), gatehouse_now(),
	gatehouse_now(), gatehouse_now(), $4::inet, $5,
	gatehouse_now() + make_interval(secs => $6::double precision), false
FROM django_session WHERE session_key = $1
ON CONFLICT (session_key) DO NOTHING

-- name: session_touch
-- The session was used. An update only: a session that was ended meanwhile stays ended.
UPDATE gatehouse_session SET last_seen_at = gatehouse_now()
WHERE session_key = $1 AND last_seen_at < gatehouse_now()

-- name: session_user_checked
-- The person behind the session was looked up again and is still welcome.
UPDATE gatehouse_session SET user_checked_at = gatehouse_now() WHERE session_key = $1

-- name: session_destroy
DELETE FROM django_session WHERE session_key = $1

-- name: session_list_of_user
-- Every session of a person with its data, to re-sign them after a re-hash.
SELECT session_key, session_data
FROM django_session JOIN gatehouse_session USING (session_key)
WHERE user_id = $1

-- name: session_replace_data
-- Compare and set: what somebody else wrote meanwhile is not overwritten.
UPDATE django_session SET session_data = $3 WHERE session_key = $1 AND session_data = $2

-- name: session_clean
-- Throw away up to $1 sessions whose time is over; gives how many.
WITH gone AS (
	DELETE FROM django_session WHERE session_key IN (
		SELECT session_key FROM django_session WHERE expire_date < gatehouse_now()
		ORDER BY expire_date LIMIT $1::int FOR UPDATE SKIP LOCKED)
	RETURNING 1
)
SELECT count(*) FROM gone

-- name: session_count
-- Sessions in use, the people behind them, and rows stored.
SELECT
	count(*) FILTER (WHERE expires_at > gatehouse_now() AND (remember
		OR last_seen_at > gatehouse_now() - make_interval(secs => $1::double precision))),
	count(DISTINCT user_id) FILTER (WHERE expires_at > gatehouse_now() AND (remember
		OR last_seen_at > gatehouse_now() - make_interval(secs => $1::double precision))),
	count(*)
FROM gatehouse_session

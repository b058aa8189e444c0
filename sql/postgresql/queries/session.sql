-- name: session_load
-- A session and what the policy must know of it, moments in seconds since 1970. One row or none.
SELECT d.session_data, g.public_id, g.user_id, g.username, g.email, g.kind, g.groups, g.limits,
	g.remember, g.address, g.user_agent,
	date_part('epoch', gatehouse_now())::bigint, date_part('epoch', g.created_at)::bigint,
	date_part('epoch', g.last_seen_at)::bigint, date_part('epoch', g.authenticated_at)::bigint,
	date_part('epoch', g.user_checked_at)::bigint,
	date_part('epoch', least(g.expires_at, d.expire_date))::bigint,
	date_part('epoch', g.ends_at)::bigint, g.idle_seconds
FROM django_session d LEFT JOIN gatehouse_session g USING (session_key)
WHERE d.session_key = $1

-- name: session_load_and_touch
-- The same, and if it was not used in the last minute, a note that it is used now, which moves its
-- end where it may. What is over stays over, by the limits it began with, by those of today ($2: seconds
-- that a session of each kind may rest) and by its person's own; what was ended meanwhile stays ended.
-- The row that comes back is from before the note.
WITH touched AS (
	UPDATE gatehouse_session s SET last_seen_at = gatehouse_now(),
		expires_at = greatest(expires_at,
			least(ends_at, gatehouse_now() + make_interval(secs => step_seconds)))
	WHERE session_key = $1 AND last_seen_at < gatehouse_now() - interval '1 minute'
		AND gatehouse_is_live(s) AND gatehouse_may_rest(s, $2::jsonb)
)
SELECT d.session_data, g.public_id, g.user_id, g.username, g.email, g.kind, g.groups, g.limits,
	g.remember, g.address, g.user_agent,
	date_part('epoch', gatehouse_now())::bigint, date_part('epoch', g.created_at)::bigint,
	date_part('epoch', g.last_seen_at)::bigint, date_part('epoch', g.authenticated_at)::bigint,
	date_part('epoch', g.user_checked_at)::bigint,
	date_part('epoch', least(g.expires_at, d.expire_date))::bigint,
	date_part('epoch', g.ends_at)::bigint, g.idle_seconds
FROM django_session d LEFT JOIN gatehouse_session g USING (session_key)
WHERE d.session_key = $1

-- name: session_are_live
-- Whether each of these still holds, by public_id and in their order.
SELECT coalesce(gatehouse_is_live(s), false)
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, place)
LEFT JOIN gatehouse_session s ON s.public_id = w.id
ORDER BY w.place

-- name: session_lock_person
-- Two sign-ins of one person count their sessions one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('gatehouse_session ' || $1, 0))

-- name: session_trim
-- Make room for one more session of this person and kind: of those that are still good, all but the
-- newest $3 end. Each that ends is noted. What is over already is left to session_clean, which knows
-- what a Django project may still be using.
WITH ranked AS (
	SELECT s.*, row_number() OVER (ORDER BY created_at DESC, public_id) AS place
	FROM gatehouse_session s
	WHERE user_id = $1 AND kind = $2 AND session_key IS DISTINCT FROM $4 AND gatehouse_is_live(s)
), ended AS (
	DELETE FROM django_session d USING ranked r
	WHERE d.session_key = r.session_key AND r.place > $3::int
	RETURNING r.user_id, r.username, r.public_id, r.kind, r.address, r.user_agent
)
INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address, user_agent,
	actor)
SELECT 'session_ended', 'over_limit', user_id, username, public_id, kind, address, user_agent,
	'system'
FROM ended

-- name: session_trim_guest
-- The same for a guest: by the email address they gave and the network address they come from.
WITH ranked AS (
	SELECT s.*, row_number() OVER (ORDER BY created_at DESC, public_id) AS place
	FROM gatehouse_session s
	WHERE kind = 'bot' AND username = $1 AND address IS NOT DISTINCT FROM $2::inet
		AND session_key IS DISTINCT FROM $4
), ended AS (
	DELETE FROM django_session d USING ranked r
	WHERE d.session_key = r.session_key AND r.place > $3::int
	RETURNING r.user_id, r.username, r.public_id, r.kind, r.address, r.user_agent
)
INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address, user_agent,
	actor)
SELECT 'session_ended', 'over_limit', user_id, username, public_id, kind, address, user_agent,
	'system'
FROM ended

-- name: session_create
-- A session with its companion. The session it takes the place of goes in the same statement, so
-- that a key from before the sign-in is worth nothing after it.
WITH replaced AS (
	DELETE FROM django_session WHERE session_key = $11
), stored AS (
	INSERT INTO django_session (session_key, session_data, expire_date)
	VALUES ($1, $2, gatehouse_now() + make_interval(secs => $3::double precision))
	RETURNING session_key, expire_date
)
INSERT INTO gatehouse_session (session_key, public_id, user_id, username, email, kind, method,
	created_at, last_seen_at, authenticated_at, user_checked_at, address, user_agent, remember,
	groups, limits, ends_at, step_seconds, idle_seconds, expires_at)
SELECT session_key, $15::uuid, $4, $5, $12, $6, $7, gatehouse_now(), gatehouse_now(), gatehouse_now(),
	gatehouse_now(), $8::inet, $9, $10::boolean, gatehouse_groups($4),
	(SELECT limits FROM gatehouse_policy WHERE user_id = $4 AND kind = $6),
	expire_date, $13::int, $14::int,
	CASE WHEN $13::int > 0
		THEN least(expire_date, gatehouse_now() + make_interval(secs => $13::int))
		ELSE expire_date END
FROM stored

-- name: session_adopt
-- The companion of a session that Django made, and the entry of a sign-in that is seen here for the
-- first time; when the password was given at Django, nobody here knows. Two requests may do it at once; the first writes both. Who ends the session meanwhile is
-- waited for.
WITH adopted AS (
	INSERT INTO gatehouse_session (session_key, user_id, username, email, kind, method, created_at,
		last_seen_at, authenticated_at, user_checked_at, address, user_agent, remember, groups, limits,
		ends_at, step_seconds, idle_seconds, expires_at)
	SELECT session_key, $2, $3, $9, $10, 'django', gatehouse_now(), gatehouse_now(),
		to_timestamp(0), gatehouse_now(), $4::inet, $5, false, gatehouse_groups($2),
		(SELECT limits FROM gatehouse_policy WHERE user_id = $2 AND kind = $10),
		gatehouse_now() + make_interval(secs => $6::double precision), $7::int, $8::int,
		gatehouse_now() + make_interval(secs => CASE WHEN $7::int > 0
			THEN least($7::double precision, $6::double precision) ELSE $6::double precision END)
	FROM django_session WHERE session_key = $1 FOR KEY SHARE
	ON CONFLICT (session_key) DO NOTHING
	RETURNING user_id, username, public_id, kind, address, user_agent
)
INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address, user_agent)
SELECT 'sign_in', 'django', user_id, username, public_id, kind, address, user_agent FROM adopted

-- name: session_person
-- The groups of a person, and the limits that are theirs alone, one row for each kind and at least
-- one.
SELECT gatehouse_groups($1), p.kind, p.limits
FROM (SELECT 1) AS one LEFT JOIN gatehouse_policy p ON p.user_id = $1

-- name: session_stays_over
UPDATE gatehouse_session SET expires_at = least(expires_at, gatehouse_now()),
	ends_at = least(ends_at, gatehouse_now())
WHERE session_key = $1

-- name: session_moved
-- The session is used from another address or browser, which it may be.
UPDATE gatehouse_session SET address = $2::inet, user_agent = $3 WHERE session_key = $1

-- name: session_user_checked
-- The person behind the session was looked up again and is still welcome. Also mends what a sign-in
-- at the same moment as a change of groups or limits may have missed.
UPDATE gatehouse_session SET user_checked_at = gatehouse_now(), username = $2, email = $3,
	groups = gatehouse_groups(user_id), limits = (SELECT p.limits FROM gatehouse_policy p
		WHERE p.user_id = gatehouse_session.user_id AND p.kind = gatehouse_session.kind)
WHERE session_key = $1

-- name: session_destroy
DELETE FROM django_session WHERE session_key = $1

-- name: session_destroy_moved
-- The same for one that is used from elsewhere. The web server may only have asked whether to let
-- somebody in; who asks for the words a moment later finds why not.
WITH gone AS (
	DELETE FROM django_session WHERE session_key = $1 RETURNING session_key
)
INSERT INTO gatehouse_moved (session_key) SELECT session_key FROM gone
ON CONFLICT (session_key) DO NOTHING

-- name: session_has_moved
-- One row when the session of this key ended because it was used from elsewhere.
SELECT 1 FROM gatehouse_moved WHERE session_key = $1

-- name: session_list_of_user
-- Every session of a person with its data, to re-sign them after a re-hash.
SELECT session_key, session_data
FROM django_session JOIN gatehouse_session USING (session_key)
WHERE user_id = $1

-- name: session_replace_data
-- Compare and set: what somebody else wrote meanwhile is not overwritten.
UPDATE django_session SET session_data = $3 WHERE session_key = $1 AND session_data = $2

-- name: session_clean
-- Throw away sessions that are over, up to $1 by Django's date and as many by our own end, which a
-- session that nobody uses reaches soon; $2 false leaves those alone, because a Django project goes by
-- its date only. Each of ours is noted, with when it was over. Why others ended is forgotten after a
-- day. Gives how many were thrown away.
WITH forgotten AS (
	DELETE FROM gatehouse_moved WHERE session_key IN (SELECT session_key FROM gatehouse_moved
		WHERE moved_at < gatehouse_now() - interval '1 day' LIMIT $1::int)
), past AS (
	SELECT session_key FROM django_session WHERE expire_date < gatehouse_now()
	ORDER BY expire_date LIMIT $1::int FOR UPDATE SKIP LOCKED
), over AS (
	SELECT d.session_key FROM gatehouse_session g JOIN django_session d USING (session_key)
	WHERE $2::boolean AND g.expires_at < gatehouse_now()
	ORDER BY g.expires_at LIMIT $1::int FOR UPDATE OF d SKIP LOCKED
), gone AS (
	DELETE FROM django_session
	WHERE session_key IN (SELECT session_key FROM past UNION SELECT session_key FROM over)
	RETURNING session_key, expire_date
), ended AS (
	SELECT g.*, least(g.expires_at, gone.expire_date) AS over_at,
		g.last_seen_at + make_interval(secs => g.idle_seconds) AS idle_at
	FROM gone JOIN gatehouse_session g USING (session_key)
), noted AS (
	INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address,
		user_agent, actor, detail)
	SELECT 'session_ended', CASE WHEN idles THEN 'idle' ELSE 'expired' END, user_id, username,
		public_id, kind, address, user_agent, 'system', jsonb_build_object('ended_at',
			to_char(CASE WHEN idles THEN idle_at ELSE over_at END AT TIME ZONE 'UTC',
				'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
	FROM ended CROSS JOIN LATERAL (SELECT coalesce(idle_at < over_at, false) AS idles) why
)
SELECT count(*) FROM gone

-- name: session_clean_rested
-- Throw away up to $1 sessions that rested too long and have not reached their end yet, those after id
-- $2 in order: no index knows them, so that each run goes through the table once. Nothing brings
-- them back meanwhile. Gives how many they were and the id of the last.
WITH rested AS (
	SELECT g.*, g.last_seen_at + make_interval(secs => g.idle_seconds) AS idle_at
	FROM gatehouse_session g JOIN django_session d USING (session_key)
	WHERE g.public_id > $2::uuid
		AND g.last_seen_at + make_interval(secs => g.idle_seconds) < gatehouse_now()
	ORDER BY g.public_id LIMIT $1::int FOR UPDATE OF d SKIP LOCKED
), gone AS (
	DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM rested)
	RETURNING session_key
), noted AS (
	INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address,
		user_agent, actor, detail)
	SELECT 'session_ended', 'idle', user_id, username, public_id, kind, address, user_agent, 'system',
		jsonb_build_object('ended_at', to_char(idle_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
	FROM rested JOIN gone USING (session_key)
)
SELECT count(*), max(public_id::text) FROM rested JOIN gone USING (session_key)

-- name: session_count
-- Sessions in use, the people behind them, and rows stored.
SELECT count(*) FILTER (WHERE gatehouse_is_live(s)),
	count(DISTINCT user_id) FILTER (WHERE gatehouse_is_live(s)), count(*)
FROM gatehouse_session s

-- name: session_list
-- Sessions that hold, those used last first; of person $1 or of everybody.
SELECT public_id, kind, method, address, user_agent,
	date_part('epoch', gatehouse_now() - created_at)::bigint,
	date_part('epoch', gatehouse_now() - last_seen_at)::bigint,
	date_part('epoch', created_at)::bigint, remember, user_id, username
FROM gatehouse_session s
WHERE ($1::text IS NULL OR user_id = $1) AND gatehouse_is_live(s)
ORDER BY last_seen_at DESC, public_id LIMIT $2::int

-- name: session_end_listed
-- End a person's sessions: one, or all but one, or all. Each that ends is noted.
WITH ended AS (
	DELETE FROM django_session d USING gatehouse_session g
	WHERE g.session_key = d.session_key AND g.user_id = $1
		AND ($2::uuid IS NULL OR g.public_id = $2::uuid)
		AND ($3::uuid IS NULL OR g.public_id <> $3::uuid)
	RETURNING g.user_id, g.username, g.public_id, g.kind, g.user_agent
), noted AS (
	INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address,
		user_agent, actor, request_id)
	SELECT 'session_ended', $4, user_id, username, public_id, kind, $6::inet, user_agent, $5, $7
	FROM ended
)
SELECT count(*) FROM ended

-- name: session_cleanup_stats
-- What is stored and good; what the next cleaning throws away: past its end, rested too long, or a
-- Django row past its date; and what ended in the last day, in all, by resting, over the limit.
SELECT (SELECT count(*) FROM django_session),
	count(*) FILTER (WHERE gatehouse_is_live(s)),
	count(*) FILTER (WHERE expires_at <= gatehouse_now()),
	count(*) FILTER (WHERE expires_at > gatehouse_now() AND NOT gatehouse_is_live(s)),
	(SELECT count(*) FROM django_session d WHERE d.expire_date <= gatehouse_now()
		AND NOT EXISTS (SELECT FROM gatehouse_session g WHERE g.session_key = d.session_key)),
	(SELECT count(*) FROM gatehouse_audit
		WHERE event = 'session_ended' AND at > gatehouse_now() - interval '1 day'),
	(SELECT count(*) FROM gatehouse_audit WHERE event = 'session_ended' AND reason = 'idle'
		AND at > gatehouse_now() - interval '1 day'),
	(SELECT count(*) FROM gatehouse_audit WHERE event = 'session_ended' AND reason = 'over_limit'
		AND at > gatehouse_now() - interval '1 day')
FROM gatehouse_session s

-- name: session_security_summary
-- A person's sessions that hold, sign-ins and the addresses they came from in 30 days, failures in a
-- day and the last of them.
SELECT (SELECT count(*) FROM gatehouse_session s WHERE user_id = $1 AND gatehouse_is_live(s)),
	count(*) FILTER (WHERE event = 'sign_in'),
	count(*) FILTER (WHERE event = 'sign_in_failed' AND at > gatehouse_now() - interval '1 day'),
	count(DISTINCT address) FILTER (WHERE event = 'sign_in'),
	to_char(max(at) FILTER (WHERE event = 'sign_in_failed') AT TIME ZONE 'UTC',
		'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM gatehouse_audit WHERE user_id = $1 AND at > gatehouse_now() - interval '30 days'

-- name: session_people
-- People who have sessions, after $1 in order; guests are nobody's to look up.
SELECT DISTINCT user_id FROM gatehouse_session WHERE kind <> 'bot' AND user_id > $1
ORDER BY user_id LIMIT $2::int

-- name: session_owner
SELECT user_id FROM gatehouse_session WHERE public_id = $1::uuid

-- name: throttle_count
-- Count one attempt by the rules $1 before it is made, so that a hundred at once are a hundred. $2:
-- not at all if one of their buckets is locked.
SELECT name, refused, wait_s, counted_at FROM gatehouse_throttle_count($1::jsonb, $2::boolean)

-- name: throttle_end
-- What was counted at $2 by the rules $1 was no failure after all: take it back, with a lock that
-- it began. $3: it was a success, so the failures before it are forgotten where the rule says so.
WITH mine AS MATERIALIZED (
	SELECT t.bucket, r.forgives AND $3::boolean AS forgotten
	FROM jsonb_to_recordset($1::jsonb) AS r (bucket text, counts boolean, forgives boolean)
	JOIN gatehouse_throttle t USING (bucket)
	WHERE r.counts
	ORDER BY t.bucket FOR UPDATE OF t
), gone AS (
	DELETE FROM gatehouse_throttle t USING mine WHERE t.bucket = mine.bucket AND mine.forgotten
)
UPDATE gatehouse_throttle t SET
	attempts = ARRAY(SELECT at FROM unnest(t.attempts) WITH ORDINALITY AS a (at, place)
		WHERE place IS DISTINCT FROM array_position(t.attempts, $2::timestamp with time zone)
		ORDER BY place),
	locks = CASE WHEN t.locked_by = $2::timestamp with time zone THEN t.locks - 1
		ELSE t.locks END,
	locked_until = CASE WHEN t.locked_by = $2::timestamp with time zone THEN t.locked_before
		ELSE t.locked_until END,
	locked_by = nullif(t.locked_by, $2::timestamp with time zone)
FROM mine WHERE t.bucket = mine.bucket AND NOT mine.forgotten

-- name: throttle_list
-- Every bucket that is locked or counting. $1: the longest lock, in seconds.
SELECT bucket, counted, most, window_s, locks, wait_s,
	CASE WHEN wait_s > 0 THEN
		to_char(locked_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
FROM gatehouse_throttle
CROSS JOIN LATERAL (
	SELECT gatehouse_throttle_wait(locked_until, $1::integer), (
		SELECT count(*) FROM unnest(attempts) AS at
		WHERE at > gatehouse_now() - make_interval(secs => window_s)
			AND at < gatehouse_now() + make_interval(secs => window_s))
) AS present (wait_s, counted)
WHERE wait_s > 0 OR counted > 0
ORDER BY wait_s DESC, counted::real / most DESC, bucket

-- name: throttle_clear
-- Forget what was counted for an account ($1, $2: the forms it is counted under) or an address
-- ($3), or everything ($4); gives how many buckets.
WITH gone AS (
	DELETE FROM gatehouse_throttle WHERE bucket IN (
		SELECT bucket FROM gatehouse_throttle
		WHERE split_part(bucket, ' ', 2) IN ($1, $2) OR split_part(bucket, ' ', 3) = $3
			OR $4::boolean
		ORDER BY bucket FOR UPDATE)
	RETURNING 1
)
SELECT count(*) FROM gone

-- name: throttle_clean
-- Throw away up to $1 buckets that say nothing any more; gives how many.
WITH gone AS (
	DELETE FROM gatehouse_throttle WHERE bucket IN (
		SELECT bucket FROM gatehouse_throttle WHERE forget_at < gatehouse_now()
		LIMIT $1::int FOR UPDATE SKIP LOCKED)
	RETURNING 1
)
SELECT count(*) FROM gone

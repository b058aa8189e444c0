-- name: throttle_count
-- Count one attempt before it is made, so that a hundred at once are a hundred. Gives the attempts
-- in the running window and the seconds until it ends.
INSERT INTO gatehouse_throttle AS t (bucket, attempts, window_ends_at)
VALUES ($1, 1, gatehouse_now() + make_interval(secs => $2::double precision))
ON CONFLICT (bucket) DO UPDATE SET
	attempts = CASE WHEN t.window_ends_at <= gatehouse_now() THEN 1
		ELSE least(t.attempts + 1, 1000000) END,
	window_ends_at = CASE WHEN t.window_ends_at <= gatehouse_now()
		THEN excluded.window_ends_at ELSE t.window_ends_at END
RETURNING attempts, ceil(extract(epoch FROM window_ends_at - gatehouse_now()))::bigint

-- name: throttle_forgive
-- The right password: the failures before it no longer count.
DELETE FROM gatehouse_throttle WHERE bucket = $1

-- name: throttle_uncount
-- The attempt could not be made, through no fault of the person.
UPDATE gatehouse_throttle SET attempts = greatest(attempts - 1, 0) WHERE bucket = $1

-- name: throttle_clean
-- Throw away up to $1 windows that have ended; gives how many.
WITH gone AS (
	DELETE FROM gatehouse_throttle WHERE bucket IN (
		SELECT bucket FROM gatehouse_throttle WHERE window_ends_at < gatehouse_now()
		LIMIT $1::int FOR UPDATE SKIP LOCKED)
	RETURNING 1
)
SELECT count(*) FROM gone

-- The throttle: every bucket in which attempts are counted has a row. Its table only ever held
-- counters, so it is made anew.
DROP TABLE gatehouse_throttle;
CREATE TABLE gatehouse_throttle (
	-- Kind, account and address or device, with a space between: see lib/auth/throttle.c.
	bucket text PRIMARY KEY,
	-- The attempts of the window that slides along with the clock, the newest `most` of them.
	attempts timestamp with time zone[] NOT NULL DEFAULT '{}',
	-- The rule that they were counted with, for people who look.
	most integer NOT NULL,
	window_s integer NOT NULL,
	-- Locks in a row, and the end of the last one.
	locks integer NOT NULL DEFAULT 0,
	locked_until timestamp with time zone,
	-- The attempt that began it and what locked_until was before, so that it can be taken back.
	locked_by timestamp with time zone,
	locked_before timestamp with time zone,
	-- From then on the row says nothing any more.
	forget_at timestamp with time zone NOT NULL
);
CREATE INDEX gatehouse_throttle_forget ON gatehouse_throttle (forget_at);

-- For how many more seconds a lock stands; 0: it is over. One that ends later than the rule allows
-- is none: the clock was set back, or the operator shortened the longest lock. (The minute is for
-- transactions that began a moment before the one that locked.)
CREATE FUNCTION gatehouse_throttle_wait(locked_until timestamp with time zone, longest_s integer)
	RETURNS integer LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN locked_until > gatehouse_now()
		AND locked_until <= gatehouse_now() + make_interval(secs => longest_s + 60)
		THEN least(ceil(extract(epoch FROM locked_until - gatehouse_now())), longest_s)::integer
		ELSE 0 END
$$;

-- Count one attempt in several buckets. `rules` is an array of objects:
--   bucket
--   most, window_s   so many attempts in so many seconds fill it
--   grows            a full bucket is locked for window_s, each time twice as long as before, and
--                    a day after the end of its last lock that is forgotten; else it is locked
--                    until an attempt slides out of the window
--   longest_s        no lock is longer
--   counts           count the attempt here; else only look whether it is locked
-- With `may_refuse`, a single locked bucket refuses the attempt and nothing is counted anywhere:
-- then there is a row with refused for each locked bucket, and wait_s is for how long. Otherwise
-- there is a row for each bucket that counted, wait_s is how long a lock is that this attempt
-- began (0: none), and counted_at is what takes the attempt back. The attempt that fills a bucket
-- is itself still good.
--
-- Rows are locked in the order of their names, here and in every statement, so that no two wait
-- for each other; then they are read again, because this function sees what others have done
-- meanwhile. That makes a hundred attempts at the same moment exactly a hundred.
CREATE FUNCTION gatehouse_throttle_count(rules jsonb, may_refuse boolean)
	RETURNS TABLE (name text, refused boolean, wait_s integer, counted_at text)
	LANGUAGE plpgsql AS $$
DECLARE
	present CONSTANT timestamp with time zone := gatehouse_now();
BEGIN
	FOR turn IN 1 .. 2 LOOP
		IF may_refuse THEN
			RETURN QUERY
			SELECT t.bucket, true, gatehouse_throttle_wait(t.locked_until, r.longest_s), NULL::text
			FROM jsonb_to_recordset(rules) AS r (bucket text, longest_s integer)
			JOIN gatehouse_throttle t USING (bucket)
			WHERE gatehouse_throttle_wait(t.locked_until, r.longest_s) > 0;
			IF FOUND THEN
				RETURN;
			END IF;
		END IF;
		IF turn = 1 THEN
			INSERT INTO gatehouse_throttle AS t (bucket, most, window_s, forget_at)
			SELECT r.bucket, r.most, r.window_s, present
			FROM jsonb_to_recordset(rules)
				AS r (bucket text, most integer, window_s integer, counts boolean)
			WHERE r.counts ORDER BY r.bucket
			ON CONFLICT (bucket) DO UPDATE SET bucket = excluded.bucket;
		END IF;
	END LOOP;

	RETURN QUERY
	UPDATE gatehouse_throttle t SET
		attempts = n.kept,
		most = n.most,
		window_s = n.window_s,
		locks = CASE WHEN n.fills AND n.grows THEN n.streak + 1 ELSE n.streak END,
		locked_until = CASE WHEN n.fills THEN n.until ELSE t.locked_until END,
		locked_by = CASE WHEN n.fills THEN present ELSE t.locked_by END,
		locked_before = CASE WHEN n.fills THEN t.locked_until ELSE t.locked_before END,
		forget_at = greatest(present + make_interval(secs => n.window_s),
			CASE WHEN n.fills THEN n.until ELSE t.locked_until END
				+ CASE WHEN n.grows THEN interval '1 day' ELSE interval '0' END)
	FROM (
		SELECT r.bucket, r.most, r.window_s, r.grows, newest.kept, before.streak,
			before.locked,
			cardinality(newest.kept) >= r.most AND NOT (r.grows AND before.locked) AS fills,
			CASE WHEN r.grows THEN
				present + make_interval(secs =>
					least(r.window_s * power(2, least(before.streak, 30)), r.longest_s))
				ELSE newest.kept[1] + make_interval(secs => r.window_s) END AS until
		FROM jsonb_to_recordset(rules) AS r (bucket text, most integer, window_s integer,
			longest_s integer, grows boolean, counts boolean)
		JOIN gatehouse_throttle o USING (bucket)
		CROSS JOIN LATERAL (
			SELECT gatehouse_throttle_wait(o.locked_until, r.longest_s) > 0,
				CASE WHEN o.locked_until > present - interval '1 day'
					AND o.locked_until <= present + make_interval(secs => r.longest_s + 60)
					THEN o.locks ELSE 0 END
		) AS before (locked, streak)
		CROSS JOIN LATERAL (
			SELECT array_agg(at ORDER BY at) AS kept FROM (
				SELECT at FROM unnest(o.attempts || present) AS at
				-- What lies far ahead was written before the clock was set back.
				WHERE at > present - make_interval(secs => r.window_s)
					AND at < present + make_interval(secs => r.window_s)
				ORDER BY at DESC LIMIT r.most
			) AS in_window
		) AS newest
		WHERE r.counts
	) AS n
	WHERE t.bucket = n.bucket
	RETURNING t.bucket, false,
		CASE WHEN n.fills AND NOT n.locked
			THEN ceil(extract(epoch FROM n.until - present))::integer ELSE 0 END,
		to_json(present) #>> '{}';
END
$$;

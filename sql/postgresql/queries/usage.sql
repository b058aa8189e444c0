-- name: usage_now
-- What somebody is using: messages of the last minute, answers being written, seconds until the next
-- day (UTC) begins.
SELECT (SELECT count(*) FROM gatehouse_usage, unnest(recent) AS at
		WHERE user_id = $1 AND at > gatehouse_now() - interval '1 minute' AND at <= gatehouse_now()
			AND day >= (gatehouse_now() AT TIME ZONE 'UTC')::date - 1),
	(SELECT count(*) FROM gatehouse_answer a WHERE user_id = $1 AND state IN ('waiting', 'running')
		AND gatehouse_answer_state(a) <> 'interrupted'),
	ceil(extract(epoch FROM (((gatehouse_now() AT TIME ZONE 'UTC')::date + 1)::timestamp
		AT TIME ZONE 'UTC') - gatehouse_now()))::bigint

-- name: usage_days
-- What somebody used on each of the last $2 days (UTC), oldest first, today last.
SELECT to_char(today - n, 'YYYY-MM-DD'), to_char(today - n, 'FMDD Mon'),
	coalesce(messages, 0), coalesce(prompt_tokens, 0), coalesce(answer_tokens, 0)
FROM (SELECT (gatehouse_now() AT TIME ZONE 'UTC')::date AS today) AS clock
CROSS JOIN generate_series($2::integer - 1, 0, -1) AS n
LEFT JOIN gatehouse_usage ON user_id = $1 AND day = today - n
ORDER BY n DESC

-- name: usage_add
-- Tokens of an answer that has no row any more.
INSERT INTO gatehouse_usage AS u (user_id, day, prompt_tokens, answer_tokens)
VALUES ($1, (gatehouse_now() AT TIME ZONE 'UTC')::date, $2::bigint, $3::bigint)
ON CONFLICT (user_id, day) DO UPDATE SET prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
	answer_tokens = u.answer_tokens + excluded.answer_tokens

-- name: chat_ask
-- Store a question, and its answer or the wish for one; $1 and the verdict: gatehouse_ask.
SELECT verdict, wait, conversation, question_id, answer_message_id, answer_id, has_worker
FROM gatehouse_ask($1::jsonb)

-- name: chat_limit
-- Whether $1 may ask now, before any work is done for it: the limit that stands against it, of those in
-- $2 (as of gatehouse_limit), in the form of the other verdicts; "again": this form ($3, "": none) was
-- here before with this text ($4), whatever the limits say; "full": the conversation $5 ("": a new one) is
-- as long as it may be. No row: none of these.
WITH known AS (
	SELECT FROM gatehouse_message m JOIN chats_chatsession s USING (session_id)
	JOIN chats_chatmessage c ON c.id = m.message_id
	WHERE m.submit_key = nullif($3, '') AND s.auth_user_id = $1 AND c.content = $4
), filled AS (
	SELECT FROM chats_chatsession
	WHERE session_id = nullif($5, '')::uuid AND auth_user_id = $1
		AND gatehouse_is_full(session_id, ($2::jsonb ->> 'longest')::integer)
)
SELECT CASE WHEN EXISTS (SELECT FROM known) THEN 'again' WHEN EXISTS (SELECT FROM filled) THEN 'full'
		ELSE 'limit:' || against END, wait,
	NULL, NULL, NULL, NULL, false
FROM gatehouse_limit($1, $2::jsonb)
WHERE against IS NOT NULL OR EXISTS (SELECT FROM known) OR EXISTS (SELECT FROM filled)

-- name: chat_ask_temporary
-- Ask without keeping anything; $1 and the verdict: gatehouse_ask_temporary. $2: sealed turns.
SELECT verdict, wait, NULL, NULL, NULL, answer_id, has_worker
FROM gatehouse_ask_temporary($1::jsonb, $2)

-- name: temporary_forget
-- The page has the answer: nothing of it stays here.
DELETE FROM gatehouse_temporary_answer WHERE id = $1::bigint AND user_id = $2
	AND state NOT IN ('waiting', 'running')

-- name: temporary_clean
SELECT gatehouse_temporary_clean()

-- name: chat_retry
-- Another answer to one's question.
SELECT verdict, wait, conversation, NULL, NULL, answer_id, has_worker
FROM gatehouse_retry($1, $2::bigint, $3, $4::jsonb)

-- name: answer_load
-- An answer on its way or ended, if it is this person's, with what came after piece $3; of one whose
-- pieces are gone, the message.
SELECT a.id, a.session_id, a.question_id, gatehouse_answer_state(a), coalesce(a.error, ''), coalesce(a.sentence, ''),
	coalesce(a.message_id, 0), coalesce(p.content, (SELECT m.content FROM chats_chatmessage m
		WHERE m.id = a.message_id AND $3::integer = 0), ''), coalesce(p.newest, $3::integer),
	gatehouse_answer_waits(a)
FROM gatehouse_answer a
CROSS JOIN LATERAL gatehouse_answer_text(a.id, $3::integer) p
WHERE a.id = $1::bigint AND gatehouse_answer_owner(a) = $2
	AND NOT EXISTS (SELECT FROM gatehouse_conversation c
		WHERE c.session_id = a.session_id AND c.deleted_at IS NOT NULL)

-- name: answer_of_conversation
-- The newest answer to the question that ends the branch shown, when none has become a message yet.
SELECT a.id, a.session_id, a.question_id, gatehouse_answer_state(a), coalesce(a.error, ''), coalesce(a.sentence, ''),
	coalesce(a.message_id, 0), coalesce(p.content, ''), coalesce(p.newest, 0), gatehouse_answer_waits(a)
FROM gatehouse_conversation c
JOIN chats_chatsession s USING (session_id)
JOIN gatehouse_answer a ON a.id = (SELECT max(o.id) FROM gatehouse_answer o
	WHERE o.question_id = c.leaf_id)
CROSS JOIN LATERAL (
	SELECT string_agg(content, '' ORDER BY ordinal) AS content, max(ordinal) AS newest
	FROM gatehouse_answer_piece WHERE answer_id = a.id) p
WHERE c.session_id = $1::uuid AND s.auth_user_id = $2 AND c.deleted_at IS NULL
	AND a.message_id IS NULL

-- name: answer_progress
-- What came of each answer in $1 after the piece in $2.
SELECT a.id, gatehouse_answer_state(a), coalesce(a.error, ''), coalesce(a.sentence, ''), coalesce(a.message_id, 0),
	coalesce(p.content, ''), coalesce(p.newest, w.seen), gatehouse_answer_waits(a)
FROM unnest($1::bigint[], $2::integer[]) AS w (id, seen)
JOIN gatehouse_answer a USING (id)
CROSS JOIN LATERAL gatehouse_answer_text(a.id, w.seen) p

-- name: answer_stop
-- Ask whoever works on an answer to stop; one that nobody works on ends here.
WITH asked AS (
	UPDATE gatehouse_answer a SET stop_asked = true
	WHERE a.id = $1::bigint AND gatehouse_answer_owner(a) = $2
		AND a.state IN ('waiting', 'running')
	RETURNING a.id, a.session_id, a.state
)
SELECT id, session_id, state, pg_notify('gatehouse_stop', id::text) FROM asked

-- name: answer_end
SELECT gatehouse_answer_end($1::bigint, $2, $3, $4, $5, $6::integer, $7::integer)

-- name: answer_claim
-- Answers to work on, with what the model is to know of their conversations; of a temporary one the
-- last column has all that was said, sealed.
SELECT a.id, a.session_id, a.question_id, a.user_id, a.model, coalesce(s.country, t.country, ''),
	coalesce(s.service_type, t.service, ''), coalesce(c.character_id::text, t.character_id, ''),
	coalesce(m.content, ''), coalesce(t.sealed_turns, '')
FROM gatehouse_answer_claim($1, $2::integer, $3::integer, $4::bigint) a
LEFT JOIN chats_chatsession s ON s.session_id = a.session_id AND a.id > 0
LEFT JOIN gatehouse_conversation c ON c.session_id = s.session_id
LEFT JOIN chats_chatmessage m ON m.id = a.question_id
LEFT JOIN gatehouse_temporary_answer t ON t.id = a.id

-- name: answer_turns
-- The question and what was said before it in its branch, newest first: at most $2 messages.
SELECT c.role, c.content
FROM gatehouse_message q
CROSS JOIN LATERAL gatehouse_branch(q.session_id, q.message_id, $2::integer) AS b
JOIN chats_chatmessage c ON c.id = b.message_id
WHERE q.message_id = $1::bigint
ORDER BY b.place

-- name: answer_append
-- Pieces of answers that $1 works on: answers, their places, texts. One that is not ours any more
-- gets nothing and does not come back; the others say whether they are to stop. Answers are only
-- locked, as the pieces' foreign key would in any case, so that neither their end nor another worker
-- comes in between: a row that is written leaves a dead one behind, so that is for the first piece and
-- for a lease that is half over, which answer_renew hardly ever lets happen.
WITH ours AS (
	SELECT a.id, a.stop_asked, a.first_piece_at IS NULL OR a.lease_until
		< gatehouse_now() + make_interval(secs => $5::integer / 2) AS is_due
	FROM gatehouse_answer a
	WHERE a.id = ANY ($2::bigint[]) AND a.worker = $1 AND a.state = 'running'
	FOR KEY SHARE
), noted AS (
	UPDATE gatehouse_answer a SET first_piece_at = coalesce(first_piece_at, gatehouse_now()),
		lease_until = gatehouse_now() + make_interval(secs => $5::integer)
	FROM ours WHERE a.id = ours.id AND ours.is_due
), added AS (
	INSERT INTO gatehouse_answer_piece (answer_id, ordinal, content)
	SELECT n.id, n.ordinal, n.content
	FROM unnest($2::bigint[], $3::integer[], $4::text[]) AS n (id, ordinal, content)
	JOIN ours USING (id)
)
SELECT id, stop_asked, pg_notify('gatehouse_answer', id::text) FROM ours

-- name: answer_renew
-- This worker is there, and still works on these.
WITH here AS (
	INSERT INTO gatehouse_answer_worker AS w (worker, seen_at) VALUES ($1, gatehouse_now())
	ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at
)
UPDATE gatehouse_answer SET lease_until = gatehouse_now() + make_interval(secs => $3::integer)
WHERE id = ANY ($2::bigint[]) AND worker = $1 AND state = 'running'
RETURNING id, stop_asked

-- name: answer_leave
-- A worker goes; what it could not finish waits for another.
WITH gone AS (DELETE FROM gatehouse_answer_worker WHERE worker = $1)
UPDATE gatehouse_answer SET lease_until = gatehouse_now() - interval '1 second'
WHERE worker = $1 AND state = 'running'

-- name: answer_clean
-- Pieces of what ended a while ago, workers that never said good-bye, figures of half a year ago;
-- those of addresses are of no use once their day is over. How many figures.
WITH pieces AS (
	DELETE FROM gatehouse_answer_piece p USING gatehouse_answer a
	WHERE a.id = p.answer_id AND a.finished_at < gatehouse_now() - interval '10 minutes'
), workers AS (
	DELETE FROM gatehouse_answer_worker WHERE seen_at < gatehouse_now() - interval '1 hour'
), figures AS (
	DELETE FROM gatehouse_usage WHERE day < (gatehouse_now() - interval '180 days')::date
		OR (day < (gatehouse_now() - interval '2 days')::date AND user_id LIKE 'guests of %')
	RETURNING day
)
SELECT count(*) FROM figures

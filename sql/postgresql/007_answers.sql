-- Answers that grow, versions and branches of a conversation, and what a person does with it. Beside the
-- Django models' tables, which stay as they are: a message of a Django project takes part as well.

CREATE TABLE gatehouse_conversation (
	session_id   uuid PRIMARY KEY REFERENCES chats_chatsession (session_id) ON DELETE CASCADE,
	leaf_id      bigint,                        -- the last message of the branch that is shown
	is_titled    boolean NOT NULL DEFAULT false, -- by the person: the first question gives no other
	character_id uuid,
	model        text NOT NULL DEFAULT '',      -- "openai/NAME"; empty: as the operator says
	folder       text NOT NULL DEFAULT '',
	pinned_at    timestamptz,
	archived_at  timestamptz,
	deleted_at   timestamptz,                   -- can be undone until it is cleaned away
	share_token  text UNIQUE,                   -- who has it may read
	shared_at    timestamptz
);

-- Where a message stands in its conversation's tree. Two questions of one parent are branches, two
-- answers of one question are versions.
CREATE TABLE gatehouse_message (
	message_id    bigint PRIMARY KEY REFERENCES chats_chatmessage (id) ON DELETE CASCADE,
	session_id    uuid NOT NULL,
	parent_id     bigint,                       -- NULL: it begins the conversation
	state         text NOT NULL DEFAULT 'done'
		CHECK (state IN ('done', 'cut', 'stopped', 'interrupted', 'failed')),
	model         text NOT NULL DEFAULT '',
	prompt_tokens integer,
	answer_tokens integer,
	rating        smallint CHECK (rating IN (-1, 1)),
	rating_note   text NOT NULL DEFAULT '',
	submit_key    text UNIQUE                   -- of the form: the same one twice is one message
);
-- Siblings, those without a parent too; IS NOT DISTINCT FROM would read the whole conversation.
CREATE INDEX gatehouse_message_parent ON gatehouse_message (session_id, coalesce(parent_id, 0), message_id);

-- An answer on its way. It goes to chats_chatmessage when it ends with some text.
CREATE TABLE gatehouse_answer (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	session_id     uuid NOT NULL REFERENCES chats_chatsession (session_id) ON DELETE CASCADE,
	question_id    bigint NOT NULL REFERENCES chats_chatmessage (id) ON DELETE CASCADE,
	user_id        text NOT NULL,
	model          text NOT NULL,
	state          text NOT NULL DEFAULT 'waiting' CHECK (state IN
		('waiting', 'running', 'done', 'cut', 'stopped', 'interrupted', 'failed')),
	stop_asked     boolean NOT NULL DEFAULT false,
	worker         text,                        -- who works on it, until when nobody else may
	lease_until    timestamptz,
	error          text,                        -- a code, and a sentence for the person
	sentence       text,
	prompt_tokens  integer,
	answer_tokens  integer,
	message_id     bigint,                      -- the whole text, once it is there
	created_at     timestamptz NOT NULL DEFAULT gatehouse_now(),
	first_piece_at timestamptz,
	finished_at    timestamptz
);
CREATE INDEX gatehouse_answer_question ON gatehouse_answer (question_id, id);
CREATE INDEX gatehouse_answer_conversation ON gatehouse_answer (session_id);
CREATE INDEX gatehouse_answer_open ON gatehouse_answer (user_id, id) WHERE state IN ('waiting', 'running');

-- Only ever added to while an answer grows; gone a while after it has ended.
CREATE TABLE gatehouse_answer_piece (
	answer_id bigint NOT NULL REFERENCES gatehouse_answer (id) ON DELETE CASCADE,
	ordinal   integer NOT NULL,
	content   text NOT NULL,
	PRIMARY KEY (answer_id, ordinal)
);

-- Programs that make answers, and when each was last at work.
CREATE TABLE gatehouse_answer_worker (
	worker  text PRIMARY KEY,
	seen_at timestamptz NOT NULL DEFAULT gatehouse_now()
);

-- Whether one is at work. It may well have been seen after this transaction began, whose clock stands
-- still; one that was seen much later than now comes from a clock that was set back.
CREATE FUNCTION gatehouse_has_worker() RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM gatehouse_answer_worker
		WHERE seen_at > gatehouse_now() - interval '12 seconds'
			AND seen_at < gatehouse_now() + interval '12 seconds')
$$;

-- What somebody used, for their limits and their page of figures.
CREATE TABLE gatehouse_usage (
	user_id       text NOT NULL,
	day           date NOT NULL,
	messages      integer NOT NULL DEFAULT 0,
	prompt_tokens bigint NOT NULL DEFAULT 0,
	answer_tokens bigint NOT NULL DEFAULT 0,
	recent        timestamptz[] NOT NULL DEFAULT '{}', -- messages of the last minute
	PRIMARY KEY (user_id, day)
);

-- Whoever writes a message, by whatever means, continues the branch that is shown.
CREATE FUNCTION gatehouse_message_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	parent bigint;
BEGIN
	-- Everybody locks the session before the conversation; its foreign key would do so at the very end.
	PERFORM FROM chats_chatsession WHERE session_id = NEW.session_id FOR KEY SHARE;
	INSERT INTO gatehouse_conversation (session_id) VALUES (NEW.session_id)
	ON CONFLICT (session_id) DO NOTHING;
	SELECT leaf_id INTO parent FROM gatehouse_conversation WHERE session_id = NEW.session_id FOR UPDATE;
	INSERT INTO gatehouse_message (message_id, session_id, parent_id)
	VALUES (NEW.id, NEW.session_id, parent);
	UPDATE gatehouse_conversation SET leaf_id = NEW.id WHERE session_id = NEW.session_id;
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_message_added AFTER INSERT ON chats_chatmessage
	FOR EACH ROW EXECUTE FUNCTION gatehouse_message_added();

-- What followed a deleted message follows the one before it.
CREATE FUNCTION gatehouse_message_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	parent bigint;
BEGIN
	-- As whoever adds one: so a message that is being added after this one is there, or waits.
	PERFORM FROM chats_chatsession WHERE session_id = OLD.session_id FOR KEY SHARE;
	IF NOT FOUND THEN
		RETURN OLD; -- the whole conversation goes
	END IF;
	PERFORM FROM gatehouse_conversation WHERE session_id = OLD.session_id FOR UPDATE;
	SELECT parent_id INTO parent FROM gatehouse_message WHERE message_id = OLD.id;
	UPDATE gatehouse_message SET parent_id = parent
	WHERE session_id = OLD.session_id AND coalesce(parent_id, 0) = OLD.id;
	UPDATE gatehouse_conversation SET leaf_id = parent
	WHERE session_id = OLD.session_id AND leaf_id = OLD.id;
	RETURN OLD;
END $$;
CREATE TRIGGER gatehouse_message_deleted BEFORE DELETE ON chats_chatmessage
	FOR EACH ROW EXECUTE FUNCTION gatehouse_message_deleted();

INSERT INTO gatehouse_conversation (session_id, leaf_id)
SELECT session_id, max(id) FROM chats_chatmessage GROUP BY session_id;
INSERT INTO gatehouse_message (message_id, session_id, parent_id)
SELECT id, session_id, lag(id) OVER (PARTITION BY session_id ORDER BY id) FROM chats_chatmessage;

-- The end of the newest branch below a message.
CREATE FUNCTION gatehouse_leaf_below(message bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
	conversation uuid := (SELECT session_id FROM gatehouse_message WHERE message_id = message);
	below bigint := message;
BEGIN
	LOOP
		SELECT max(message_id) INTO below FROM gatehouse_message
		WHERE session_id = conversation AND coalesce(parent_id, 0) = message;
		EXIT WHEN below IS NULL;
		message := below;
	END LOOP;
	RETURN message;
END $$;

-- A message of a conversation and those it follows, the newest first (place 1): at most `most`. One after the
-- other: a recursive query that was planned while the tables were small would read all of them each time.
CREATE FUNCTION gatehouse_branch(conversation uuid, newest bigint, most integer)
RETURNS TABLE (message_id bigint, place integer) LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
	parent bigint;
BEGIN
	message_id := newest;
	place := 0;
	WHILE place < most LOOP
		SELECT m.parent_id INTO parent FROM gatehouse_message m
		WHERE m.message_id = gatehouse_branch.message_id AND m.session_id = conversation;
		EXIT WHEN NOT FOUND;
		place := place + 1;
		RETURN NEXT;
		message_id := parent;
	END LOOP;
END $$;

-- How an answer stands, whatever its row says: one whose worker has not been heard of for long has
-- broken off, though nobody was there to write that down.
CREATE FUNCTION gatehouse_answer_state(a gatehouse_answer) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN a.state = 'running' AND a.lease_until < gatehouse_now() - interval '20 seconds' THEN 'interrupted'
		WHEN a.state = 'waiting' AND a.created_at < gatehouse_now() - interval '2 minutes' THEN 'interrupted'
		ELSE a.state END
$$;

-- The seconds for which an answer has waited that nobody has begun; 0 for any other.
CREATE FUNCTION gatehouse_answer_waits(a gatehouse_answer) RETURNS integer LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN a.state = 'waiting' OR (a.state = 'running' AND a.lease_until < gatehouse_now())
		THEN extract(epoch FROM gatehouse_now() - a.created_at)::integer ELSE 0 END
$$;

-- Whether an answer of this conversation is on its way. What has broken off is ended first.
CREATE FUNCTION gatehouse_is_answering(conversation uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM gatehouse_answer_end(a.id, NULL, 'interrupted', 'interrupted',
		'The answer broke off. Try again.', NULL, NULL)
	FROM gatehouse_answer a WHERE a.session_id = conversation
		AND a.state IN ('waiting', 'running') AND gatehouse_answer_state(a) = 'interrupted';
	RETURN EXISTS (SELECT FROM gatehouse_answer WHERE session_id = conversation
		AND state IN ('waiting', 'running'));
END $$;

-- Let an answer begin, for whoever works on answers to find. One of a question at a time.
CREATE FUNCTION gatehouse_answer_begin(conversation uuid, question bigint, person text, model text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	started bigint;
BEGIN
	INSERT INTO gatehouse_answer (session_id, question_id, user_id, model)
	VALUES (conversation, question, person, model) RETURNING id INTO started;
	PERFORM pg_notify('gatehouse_question', started::text);
	RETURN started;
END $$;

-- Messages of the last minute.
CREATE FUNCTION gatehouse_recent(sent timestamptz[]) RETURNS timestamptz[] LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT at FROM unnest(sent) AS at
		WHERE at > gatehouse_now() - interval '1 minute' AND at <= gatehouse_now() ORDER BY at)
$$;

-- Which limit of this person stands against one more message, and seconds to wait; NULL: none does.
-- Limits (0: none) are {"minute", "day", "tokens", "answers"}, and of a guest perhaps "also": such limits
-- of something else that they count for, which is its "who".
CREATE FUNCTION gatehouse_limit(person text, limits jsonb, OUT against text, OUT wait integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	present timestamptz := gatehouse_now();
	today date := (present AT TIME ZONE 'UTC')::date;
	used gatehouse_usage;
	kept timestamptz[];
	next_day integer := ceil(extract(epoch FROM
		((today + 1)::timestamp AT TIME ZONE 'UTC') - present))::integer;
BEGIN
	SELECT * INTO used FROM gatehouse_usage WHERE user_id = person AND day = today;
	kept := gatehouse_recent(used.recent);
	IF cardinality(kept) >= nullif((limits ->> 'minute')::bigint, 0) THEN
		against := 'minute';
		wait := greatest(1, ceil(extract(epoch FROM kept[1] + interval '1 minute' - present)));
	ELSIF used.messages >= nullif((limits ->> 'day')::bigint, 0) THEN
		against := 'day';
		wait := next_day;
	ELSIF used.prompt_tokens + used.answer_tokens >= nullif((limits ->> 'tokens')::bigint, 0) THEN
		against := 'tokens';
		wait := next_day;
	ELSIF (SELECT count(*) FROM gatehouse_answer a WHERE user_id = person AND state IN ('waiting', 'running')
			AND gatehouse_answer_state(a) <> 'interrupted') >= nullif((limits ->> 'answers')::integer, 0) THEN
		against := 'answers';
		wait := 5;
	ELSIF limits ? 'also' THEN
		SELECT l.against, l.wait INTO against, wait
		FROM gatehouse_limit(limits -> 'also' ->> 'who', limits -> 'also') AS l;
	END IF;
END $$;

-- Count one message of this person, unless a limit stands against it: which, as of gatehouse_limit.
CREATE FUNCTION gatehouse_use(person text, limits jsonb, OUT against text, OUT wait integer)
LANGUAGE plpgsql AS $$
DECLARE
	present timestamptz := gatehouse_now();
	today date := (present AT TIME ZONE 'UTC')::date;
	whose text[] := array_remove(ARRAY[person, limits -> 'also' ->> 'who'], NULL);
BEGIN
	-- Everybody in one order, so that nobody waits for each other.
	INSERT INTO gatehouse_usage (user_id, day)
	SELECT one, today FROM unnest(whose) AS one ORDER BY one
	ON CONFLICT (user_id, day) DO NOTHING;
	PERFORM FROM gatehouse_usage WHERE user_id = ANY (whose) AND day = today
	ORDER BY user_id FOR UPDATE;
	SELECT l.against, l.wait INTO against, wait FROM gatehouse_limit(person, limits) AS l;
	IF against IS NULL THEN
		UPDATE gatehouse_usage SET messages = messages + 1, recent = gatehouse_recent(recent) || present
		WHERE user_id = ANY (whose) AND day = today;
	END IF;
END $$;

-- Whether a conversation has as many messages as it may have (0: any number).
CREATE FUNCTION gatehouse_is_full(conversation uuid, longest integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT count(*) >= nullif(longest, 0)
	FROM (SELECT FROM gatehouse_message WHERE session_id = conversation LIMIT longest) AS m
$$;

-- Store a question. `wanted` has: user_id, username, is_authenticated, method, conversation (null: a
-- new one), country, service, days, character, new_model, question, title, submit_key, parent (null:
-- after what is shown; 0: at the beginning; else after that message), answer (null: one is to be
-- made), model, limits (those of gatehouse_limit, and longest: messages in a conversation).
-- `verdict`: stored, again (this form came before), not_found, over, full, running (an answer is
-- still being written), or limit:NAME.
CREATE FUNCTION gatehouse_ask(wanted jsonb, OUT verdict text, OUT wait integer, OUT conversation uuid,
	OUT question_id bigint, OUT answer_message_id bigint, OUT answer_id bigint, OUT has_worker boolean)
LANGUAGE plpgsql AS $$
DECLARE
	person text := wanted ->> 'user_id';
	form text := nullif(wanted ->> 'submit_key', '');
	parent bigint := (wanted ->> 'parent')::bigint;
	present timestamptz := gatehouse_now();
	open_now boolean;
	earlier text;
BEGIN
	conversation := nullif(wanted ->> 'conversation', '')::uuid;
	IF form IS NOT NULL THEN
		PERFORM pg_advisory_xact_lock(hashtextextended(form, 0));
		SELECT m.message_id, m.session_id, c.content INTO question_id, conversation, earlier
		FROM gatehouse_message m JOIN chats_chatsession s USING (session_id)
		JOIN chats_chatmessage c ON c.id = m.message_id
		WHERE m.submit_key = form AND s.auth_user_id = person;
		IF FOUND AND earlier <> wanted ->> 'question' THEN
			form := NULL; -- somebody went back and wrote something else
			question_id := NULL;
		ELSIF FOUND THEN
			verdict := 'again';
			SELECT max(id) INTO answer_id FROM gatehouse_answer a
			WHERE a.question_id = gatehouse_ask.question_id;
			SELECT max(message_id) INTO answer_message_id FROM gatehouse_message
			WHERE session_id = conversation AND coalesce(parent_id, 0) = question_id;
			has_worker := true;
			RETURN;
		END IF;
		conversation := nullif(wanted ->> 'conversation', '')::uuid;
	END IF;
	IF conversation IS NOT NULL THEN
		SELECT is_active AND (expires_at IS NULL OR expires_at > present) INTO open_now
		FROM chats_chatsession WHERE session_id = conversation AND auth_user_id = person
		FOR UPDATE;
		IF NOT FOUND THEN
			verdict := 'not_found';
		ELSIF NOT open_now THEN
			verdict := 'over';
		ELSIF gatehouse_is_answering(conversation) THEN
			verdict := 'running';
		ELSIF gatehouse_is_full(conversation, (wanted -> 'limits' ->> 'longest')::integer) THEN
			verdict := 'full';
		ELSIF parent > 0 AND NOT EXISTS (SELECT FROM gatehouse_message
				WHERE message_id = parent AND session_id = conversation) THEN
			verdict := 'not_found';
		END IF;
	END IF;
	IF verdict IS NULL THEN
		SELECT 'limit:' || used.against, used.wait INTO verdict, wait
		FROM gatehouse_use(person, wanted -> 'limits') used;
	END IF;
	IF verdict IS NOT NULL THEN
		RETURN;
	END IF;

	IF conversation IS NULL THEN
		INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username,
			is_authenticated, authentication_method, expires_at, country, service_type,
			title, is_active, created_at, last_activity)
		VALUES (gen_random_uuid(), person, person, wanted ->> 'username',
			(wanted ->> 'is_authenticated')::boolean, wanted ->> 'method',
			present + make_interval(days => (wanted ->> 'days')::integer),
			nullif(wanted ->> 'country', ''), nullif(wanted ->> 'service', ''),
			wanted ->> 'title', true, present, present)
		RETURNING session_id INTO conversation;
		INSERT INTO gatehouse_conversation (session_id, character_id, model)
		VALUES (conversation, nullif(wanted ->> 'character', '')::uuid,
			coalesce(wanted ->> 'new_model', ''));
	ELSE
		UPDATE chats_chatsession SET last_activity = present,
			title = coalesce(nullif(title, ''), wanted ->> 'title')
		WHERE session_id = conversation;
		IF parent IS NOT NULL THEN
			UPDATE gatehouse_conversation SET leaf_id = nullif(parent, 0)
			WHERE session_id = conversation;
		END IF;
	END IF;
	INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at)
	VALUES (conversation, 'user', wanted ->> 'question', '{}', present) RETURNING id INTO question_id;
	IF form IS NOT NULL THEN
		UPDATE gatehouse_message SET submit_key = form WHERE message_id = question_id;
	END IF;
	verdict := 'stored';
	IF wanted ->> 'answer' IS NOT NULL THEN
		INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at)
		VALUES (conversation, 'assistant', wanted ->> 'answer', '{}', present)
		RETURNING id INTO answer_message_id;
		has_worker := true;
	ELSE
		answer_id := gatehouse_answer_begin(conversation, question_id, person, wanted ->> 'model');
		has_worker := gatehouse_has_worker();
	END IF;
END $$;

-- Another answer to a question: a version of its own. Verdicts as of gatehouse_ask.
CREATE FUNCTION gatehouse_retry(person text, question bigint, wanted_model text, limits jsonb,
	OUT verdict text, OUT wait integer, OUT conversation uuid, OUT answer_id bigint, OUT has_worker boolean)
LANGUAGE plpgsql AS $$
DECLARE
	present timestamptz := gatehouse_now();
	open_now boolean;
BEGIN
	SELECT s.session_id, s.is_active AND (s.expires_at IS NULL OR s.expires_at > present)
	INTO conversation, open_now
	FROM chats_chatmessage m JOIN chats_chatsession s USING (session_id)
	WHERE m.id = question AND m.role = 'user' AND s.auth_user_id = person FOR UPDATE OF s;
	IF NOT FOUND THEN
		verdict := 'not_found';
	ELSIF NOT open_now THEN
		verdict := 'over';
	ELSIF gatehouse_is_answering(conversation) THEN
		verdict := 'running';
	ELSIF gatehouse_is_full(conversation, (limits ->> 'longest')::integer) THEN
		verdict := 'full';
	ELSE
		SELECT 'limit:' || used.against, used.wait INTO verdict, wait
		FROM gatehouse_use(person, limits) used;
	END IF;
	IF verdict IS NOT NULL THEN
		RETURN;
	END IF;
	UPDATE gatehouse_conversation SET leaf_id = question WHERE session_id = conversation;
	answer_id := gatehouse_answer_begin(conversation, question, person, wanted_model);
	verdict := 'stored';
	has_worker := gatehouse_has_worker();
END $$;

-- End an answer that `by` works on (NULL: whoever does). Text that came goes to its conversation,
-- without taking the reader to another branch; that of a temporary one (below 0) goes nowhere. False:
-- somebody else has ended it or works on it.
CREATE FUNCTION gatehouse_answer_end(answer bigint, by text, ended text, failure text, said text,
	asked_tokens integer, told_tokens integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	ending gatehouse_answer;
	whole text;
	shown bigint;
	stored bigint;
BEGIN
	-- The conversation first, as whoever asks does.
	PERFORM FROM chats_chatsession WHERE session_id =
		(SELECT session_id FROM gatehouse_answer WHERE id = answer) FOR UPDATE;
	SELECT * INTO ending FROM gatehouse_answer
	WHERE id = answer AND state IN ('waiting', 'running') AND (by IS NULL OR worker = by)
		AND (by IS NOT NULL OR ended <> 'interrupted' OR lease_until < gatehouse_now()
			OR gatehouse_answer_state(gatehouse_answer) = 'interrupted')
	FOR UPDATE;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	IF answer > 0 THEN
		SELECT string_agg(content, '' ORDER BY ordinal) INTO whole
		FROM gatehouse_answer_piece WHERE answer_id = answer;
	END IF;
	IF whole ~ '[^[:space:]]' THEN
		SELECT leaf_id INTO shown FROM gatehouse_conversation
		WHERE session_id = ending.session_id FOR UPDATE;
		UPDATE gatehouse_conversation SET leaf_id = ending.question_id
		WHERE session_id = ending.session_id;
		INSERT INTO chats_chatmessage (session_id, role, content, metadata, created_at)
		VALUES (ending.session_id, 'assistant', whole,
			CASE WHEN ended = 'done' THEN '{}' ELSE jsonb_build_object('state', ended) END,
			gatehouse_now())
		RETURNING id INTO stored;
		UPDATE gatehouse_message SET state = ended, model = ending.model,
			prompt_tokens = asked_tokens, answer_tokens = told_tokens
		WHERE message_id = stored;
		IF shown IS DISTINCT FROM ending.question_id THEN
			UPDATE gatehouse_conversation SET leaf_id = shown
			WHERE session_id = ending.session_id;
		END IF;
		UPDATE chats_chatsession SET last_activity = gatehouse_now()
		WHERE session_id = ending.session_id;
	END IF;
	UPDATE gatehouse_answer SET state = ended, error = failure, sentence = said,
		prompt_tokens = asked_tokens, answer_tokens = told_tokens, message_id = stored,
		finished_at = gatehouse_now(), lease_until = NULL
	WHERE id = answer;
	INSERT INTO gatehouse_usage AS u (user_id, day, prompt_tokens, answer_tokens)
	VALUES (ending.user_id, (gatehouse_now() AT TIME ZONE 'UTC')::date, coalesce(asked_tokens, 0),
		coalesce(told_tokens, 0))
	ON CONFLICT (user_id, day) DO UPDATE SET
		prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
		answer_tokens = u.answer_tokens + excluded.answer_tokens;
	PERFORM pg_notify('gatehouse_answer', answer::text);
	RETURN true;
END $$;

-- Take up to `most` answers to work on, oldest first: those that wait, and those whose worker has not
-- been heard of since its lease ran out. Of the latter, one that readers have seen a part of is ended
-- as interrupted instead: the person may ask for another, and nothing changes under their eyes.
-- `only_one`: nothing but that; its worker does not stay, and is no sign of one that does.
CREATE FUNCTION gatehouse_answer_claim(by text, most integer, lease_s integer, only_one bigint)
RETURNS SETOF gatehouse_answer LANGUAGE plpgsql AS $$
DECLARE
	lost bigint;
BEGIN
	IF only_one IS NULL THEN
		INSERT INTO gatehouse_answer_worker AS w (worker) VALUES (by)
		ON CONFLICT (worker) DO UPDATE SET seen_at = gatehouse_now();
	END IF;
	FOR lost IN
		SELECT a.id FROM gatehouse_answer a
		WHERE only_one IS NULL AND state = 'running' AND lease_until < gatehouse_now()
			AND (stop_asked OR EXISTS (SELECT FROM gatehouse_answer_piece WHERE answer_id = a.id))
	LOOP
		PERFORM gatehouse_answer_end(lost, NULL, 'interrupted', 'interrupted',
			'The answer broke off. Try again.', NULL, NULL);
	END LOOP;
	RETURN QUERY
	UPDATE gatehouse_answer a SET state = 'running', worker = by,
		lease_until = gatehouse_now() + make_interval(secs => lease_s)
	FROM (
		SELECT id FROM gatehouse_answer
		WHERE (state = 'waiting' OR (state = 'running' AND lease_until < gatehouse_now()))
			AND (only_one IS NULL OR id = only_one)
		ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED
	) AS free
	WHERE a.id = free.id
	RETURNING a.*;
END $$;

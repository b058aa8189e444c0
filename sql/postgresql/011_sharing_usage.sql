-- Conversations that are read by a link, and temporary ones, which leave nothing here.

-- The link holds a token. share_token is its SHA-256: who reads a copy of the database can open nothing.
-- share_sealed is the token itself, sealed by the programs, so that its owner can see the link again.
ALTER TABLE gatehouse_conversation
	ADD COLUMN share_sealed text,
	ADD COLUMN shared_leaf_id bigint; -- readers see the branch that ends here

-- Deleting a message deletes it for the readers of a link, too.
CREATE FUNCTION gatehouse_shared_message_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE gatehouse_conversation SET shared_leaf_id =
		(SELECT parent_id FROM gatehouse_message WHERE message_id = OLD.id)
	WHERE session_id = OLD.session_id AND shared_leaf_id = OLD.id;
	RETURN OLD;
END $$;
CREATE TRIGGER gatehouse_shared_message_deleted BEFORE DELETE ON chats_chatmessage
	FOR EACH ROW EXECUTE FUNCTION gatehouse_shared_message_deleted();

-- What was to be changed is not there: nothing else of the transaction happens either, such as the
-- entry in the audit trail that would tell of it.
CREATE FUNCTION gatehouse_nothing_there() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RAISE no_data_found;
END $$;

-- ---- Temporary conversations ----
--
-- Their turns travel with the page. An answer on its way is a row of these two tables, which are parts
-- of the two for answers that are kept: the same statements claim it, add pieces to it, stop and show
-- it. Its id is negative. What the person or the model says is sealed by the programs, here too, so
-- that no log, dump or disk holds a word of it; the tables are unlogged, so that replicas and archives
-- of the write-ahead log hold nothing of it at all. Rows are deleted when the page has the answer, and
-- at the latest some minutes after it has ended.
ALTER TABLE gatehouse_person_settings ADD COLUMN no_storage boolean NOT NULL DEFAULT false;

CREATE SEQUENCE gatehouse_temporary_id;

-- session_id is of the form that was sent: the same one twice is one question. question_id is 0.
CREATE UNLOGGED TABLE gatehouse_temporary_answer (
	id           bigint NOT NULL DEFAULT -nextval('gatehouse_temporary_id') PRIMARY KEY CHECK (id < 0),
	message_id   bigint CHECK (message_id IS NULL),
	sentence     text,
	sealed_turns text NOT NULL,   -- what was said so far, the question last
	country      text NOT NULL DEFAULT '',
	service      text NOT NULL DEFAULT '',
	character_id text NOT NULL DEFAULT ''
) INHERITS (gatehouse_answer);
CREATE UNIQUE INDEX gatehouse_temporary_answer_form ON gatehouse_temporary_answer (session_id);
CREATE INDEX gatehouse_temporary_answer_open ON gatehouse_temporary_answer (user_id, id)
	WHERE state IN ('waiting', 'running');

CREATE UNLOGGED TABLE gatehouse_temporary_piece (
	answer_id bigint NOT NULL REFERENCES gatehouse_temporary_answer (id) ON DELETE CASCADE,
	PRIMARY KEY (answer_id, ordinal)
) INHERITS (gatehouse_answer_piece);

CREATE FUNCTION gatehouse_temporary_piece_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO gatehouse_temporary_piece (answer_id, ordinal, content)
	VALUES (NEW.answer_id, NEW.ordinal, NEW.content);
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_temporary_piece_added BEFORE INSERT ON gatehouse_answer_piece
	FOR EACH ROW WHEN (NEW.answer_id < 0) EXECUTE FUNCTION gatehouse_temporary_piece_added();

-- Whose answer it is.
CREATE FUNCTION gatehouse_answer_owner(a gatehouse_answer) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN a.id < 0 THEN a.user_id
		ELSE (SELECT auth_user_id FROM chats_chatsession WHERE session_id = a.session_id) END
$$;

-- What came of an answer after a piece; of a temporary one the sealed pieces, each on a line.
CREATE FUNCTION gatehouse_answer_text(answer bigint, after integer, OUT content text, OUT newest integer)
LANGUAGE sql STABLE AS $$
	SELECT string_agg(p.content, CASE WHEN answer < 0 THEN E'\n' ELSE '' END ORDER BY ordinal), max(ordinal)
	FROM gatehouse_answer_piece p WHERE answer_id = answer AND ordinal > after
$$;

-- Throw away what was fetched or is not fetched any more; how many.
CREATE FUNCTION gatehouse_temporary_clean() RETURNS bigint LANGUAGE sql AS $$
	WITH gone AS (
		DELETE FROM gatehouse_temporary_answer
		WHERE finished_at < gatehouse_now() - interval '2 minutes'
			OR coalesce(lease_until, created_at) < gatehouse_now() - interval '5 minutes'
		RETURNING 1
	)
	SELECT count(*) FROM gone
$$;

-- A question of a temporary conversation. `wanted` has: user_id, form (of this person; null: none),
-- model (null: there is an answer already, only count it), country, service, character, limits (as of
-- gatehouse_ask), length (turns so far). Verdicts as of gatehouse_ask: stored, again, full, limit:NAME.
CREATE FUNCTION gatehouse_ask_temporary(wanted jsonb, turns text, OUT verdict text, OUT wait integer,
	OUT answer_id bigint, OUT has_worker boolean)
LANGUAGE plpgsql AS $$
DECLARE
	person text := wanted ->> 'user_id';
	form uuid := coalesce(md5(wanted ->> 'form')::uuid, gen_random_uuid());
BEGIN
	PERFORM gatehouse_temporary_clean();
	PERFORM pg_advisory_xact_lock(hashtextextended(form::text, 0));
	SELECT id INTO answer_id FROM gatehouse_temporary_answer
	WHERE session_id = form AND user_id = person;
	IF FOUND THEN
		verdict := 'again';
		has_worker := true;
		RETURN;
	END IF;
	IF (wanted ->> 'length')::integer >= nullif((wanted -> 'limits' ->> 'longest')::integer, 0) THEN
		verdict := 'full';
		RETURN;
	END IF;
	SELECT 'limit:' || used.against, used.wait INTO verdict, wait
	FROM gatehouse_use(person, wanted -> 'limits') used;
	IF verdict IS NOT NULL THEN
		RETURN;
	END IF;
	verdict := 'stored';
	IF wanted ->> 'model' IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO gatehouse_temporary_answer (session_id, question_id, user_id, model, sealed_turns,
		country, service, character_id)
	VALUES (form, 0, person, wanted ->> 'model', turns, coalesce(wanted ->> 'country', ''),
		coalesce(wanted ->> 'service', ''), coalesce(wanted ->> 'character', ''))
	RETURNING id INTO answer_id;
	PERFORM pg_notify('gatehouse_question', answer_id::text);
	has_worker := gatehouse_has_worker();
END $$;


-- Keeping conversations: whose they are where they are pinned, put away or deleted, and words to find
-- messages by. chats_chatsession stays as the Django models have it; a conversation without messages
-- has no row in gatehouse_conversation until something is done with it.

ALTER TABLE gatehouse_conversation
	ADD COLUMN owner_id text,                   -- of chats_chatsession, kept the same by triggers
	ADD COLUMN was_active boolean;              -- before it was deleted, to be so again when it is restored
UPDATE gatehouse_conversation c SET owner_id = s.auth_user_id
FROM chats_chatsession s WHERE s.session_id = c.session_id;

CREATE INDEX gatehouse_conversation_pinned ON gatehouse_conversation (owner_id, pinned_at DESC)
	WHERE pinned_at IS NOT NULL;
CREATE INDEX gatehouse_conversation_folder ON gatehouse_conversation (owner_id, folder) WHERE folder <> '';
CREATE INDEX gatehouse_conversation_deleted ON gatehouse_conversation (deleted_at) WHERE deleted_at IS NOT NULL;
-- The list of conversations, page by page.
CREATE INDEX gatehouse_chatsession_list
	ON chats_chatsession (auth_user_id, last_activity DESC, session_id DESC);
DROP INDEX IF EXISTS gatehouse_chatsession_owner;

-- What a message is found by: its words as they are written, in whatever language, and whose it is, so
-- that a search reads the words of one person only. No word has an @ before it.
ALTER TABLE gatehouse_message ADD COLUMN search tsvector;

CREATE FUNCTION gatehouse_message_words(owner text, content text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	-- A tsvector holds a megabyte; what stands after that much text is not found.
	SELECT array_to_tsvector(ARRAY['@' || coalesce(owner, '')])
		|| to_tsvector('simple'::regconfig, left(content, 100000))
$$;

UPDATE gatehouse_message m SET search = gatehouse_message_words(s.auth_user_id, c.content)
FROM chats_chatmessage c JOIN chats_chatsession s USING (session_id)
WHERE c.id = m.message_id AND c.role <> 'system';
CREATE INDEX gatehouse_message_search ON gatehouse_message USING gin (search);

-- What somebody typed to search for: all of the words, each of which may be the beginning of one. NULL
-- when there is none in it.
CREATE FUNCTION gatehouse_search_words(typed text) RETURNS tsquery
LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN numnode(query) > 0 THEN query END
	FROM (SELECT to_tsquery('simple'::regconfig, string_agg('''' || word || ''''
			-- A word of one or two letters begins too many.
			|| CASE WHEN octet_length(word) < 3 THEN '' ELSE ':*' END, ' & ')) AS query
		FROM (SELECT word FROM regexp_split_to_table(translate(typed, '''\', '  '), '[[:space:]]+') AS word
			WHERE word ~ '[[:alnum:]]' LIMIT 12) AS words) AS built
$$;

-- The same among the messages of one person.
CREATE FUNCTION gatehouse_search_query(owner text, typed text) RETURNS tsquery
LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT ('''@' || replace(replace(owner, '\', '\\'), '''', '''''') || '''')::tsquery
		&& gatehouse_search_words(typed)
$$;

-- The conversations in whose messages all of these words are, each with the newest such message. A plan
-- that does not know the words would read all messages of everybody.
CREATE FUNCTION gatehouse_search_hits(owner text, typed text)
RETURNS TABLE (conversation uuid, newest bigint) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
	wanted tsquery := gatehouse_search_query(owner, typed);
BEGIN
	RETURN QUERY SELECT m.session_id, max(m.message_id) FROM gatehouse_message m
	WHERE m.search @@ wanted GROUP BY m.session_id;
END $$;

-- What a conversation is called: its title, or while it has none, the beginning of its first question.
CREATE FUNCTION gatehouse_conversation_name(conversation uuid, title text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(nullif(title, ''), (SELECT left(btrim(regexp_replace(m.content, '[[:space:]]+', ' ', 'g')), 60)
		FROM chats_chatmessage m WHERE m.session_id = conversation AND m.role = 'user'
		ORDER BY m.id LIMIT 1), '')
$$;

CREATE FUNCTION gatehouse_conversation_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	SELECT auth_user_id INTO NEW.owner_id FROM chats_chatsession WHERE session_id = NEW.session_id;
	RETURN NEW;
END $$;
CREATE TRIGGER gatehouse_conversation_owner BEFORE INSERT ON gatehouse_conversation
	FOR EACH ROW EXECUTE FUNCTION gatehouse_conversation_owner();

CREATE FUNCTION gatehouse_conversation_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE gatehouse_conversation SET owner_id = NEW.auth_user_id WHERE session_id = NEW.session_id;
	UPDATE gatehouse_message m SET search = gatehouse_message_words(NEW.auth_user_id, c.content)
	FROM chats_chatmessage c
	WHERE m.session_id = NEW.session_id AND c.id = m.message_id AND c.role <> 'system';
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_conversation_moved AFTER UPDATE OF auth_user_id ON chats_chatsession
	FOR EACH ROW WHEN (OLD.auth_user_id IS DISTINCT FROM NEW.auth_user_id)
	EXECUTE FUNCTION gatehouse_conversation_moved();

CREATE FUNCTION gatehouse_message_indexed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	SELECT gatehouse_message_words(s.auth_user_id, c.content) INTO NEW.search
	FROM chats_chatmessage c JOIN chats_chatsession s USING (session_id)
	WHERE c.id = NEW.message_id AND c.role <> 'system';
	RETURN NEW;
END $$;
CREATE TRIGGER gatehouse_message_indexed BEFORE INSERT ON gatehouse_message
	FOR EACH ROW EXECUTE FUNCTION gatehouse_message_indexed();

CREATE FUNCTION gatehouse_message_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE gatehouse_message m SET search = gatehouse_message_words(s.auth_user_id, NEW.content)
	FROM chats_chatsession s
	WHERE m.message_id = NEW.id AND s.session_id = NEW.session_id AND NEW.role <> 'system';
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_message_changed AFTER UPDATE OF content ON chats_chatmessage
	FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content)
	EXECUTE FUNCTION gatehouse_message_changed();

-- Do something with one's conversation: title (`said`; empty: one is to be made of the questions again),
-- folder (`said`), pin, unpin, archive, unarchive, delete, restore, purge (what is deleted already).
-- False: it is not this person's, or not there. Nobody asks in a deleted conversation, because it
-- cannot go on; an answer that is on its way is stopped.
CREATE FUNCTION gatehouse_conversation_act(conversation uuid, person text, act text, said text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	present timestamptz := gatehouse_now();
	active boolean;
	gone boolean;
	growing gatehouse_answer;
BEGIN
	SELECT is_active INTO active FROM chats_chatsession
	WHERE session_id = conversation AND auth_user_id = person FOR UPDATE;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	INSERT INTO gatehouse_conversation (session_id) VALUES (conversation)
	ON CONFLICT (session_id) DO NOTHING;
	SELECT deleted_at IS NOT NULL INTO gone FROM gatehouse_conversation
	WHERE session_id = conversation FOR UPDATE;
	IF act = 'purge' AND gone THEN
		PERFORM gatehouse_conversation_purge(conversation);
		RETURN true;
	ELSIF act = 'restore' THEN
		IF gone THEN
			UPDATE chats_chatsession SET is_active = coalesce(
				(SELECT was_active FROM gatehouse_conversation c WHERE c.session_id = conversation), true)
			WHERE session_id = conversation;
			UPDATE gatehouse_conversation SET deleted_at = NULL, was_active = NULL
			WHERE session_id = conversation;
		END IF;
		RETURN true;
	ELSIF gone OR act = 'purge' THEN
		RETURN false;
	END IF;

	CASE act
	WHEN 'title' THEN
		UPDATE chats_chatsession SET title = nullif(said, '') WHERE session_id = conversation;
		UPDATE gatehouse_conversation SET is_titled = said <> '' WHERE session_id = conversation;
	WHEN 'folder' THEN
		UPDATE gatehouse_conversation SET folder = said WHERE session_id = conversation;
	WHEN 'pin' THEN
		UPDATE gatehouse_conversation SET pinned_at = coalesce(pinned_at, present), archived_at = NULL
		WHERE session_id = conversation;
	WHEN 'unpin' THEN
		UPDATE gatehouse_conversation SET pinned_at = NULL WHERE session_id = conversation;
	WHEN 'archive' THEN
		UPDATE gatehouse_conversation SET archived_at = coalesce(archived_at, present), pinned_at = NULL
		WHERE session_id = conversation;
	WHEN 'unarchive' THEN
		UPDATE gatehouse_conversation SET archived_at = NULL WHERE session_id = conversation;
	WHEN 'delete' THEN
		UPDATE chats_chatsession SET is_active = false WHERE session_id = conversation;
		UPDATE gatehouse_conversation SET deleted_at = present, was_active = active
		WHERE session_id = conversation;
		FOR growing IN SELECT * FROM gatehouse_answer
			WHERE session_id = conversation AND state IN ('waiting', 'running')
		LOOP
			UPDATE gatehouse_answer SET stop_asked = true WHERE id = growing.id;
			IF growing.state = 'waiting' THEN
				PERFORM gatehouse_answer_end(growing.id, NULL, 'stopped', NULL, NULL, NULL, NULL);
			END IF;
			PERFORM pg_notify('gatehouse_stop', growing.id::text);
		END LOOP;
	END CASE;
	RETURN true;
END $$;

-- Where the Django models made the tables, their keys do not take the messages along, but wait for the
-- end of the transaction. The messages go last: whoever sees theirs gone first would mend each branch.
CREATE FUNCTION gatehouse_conversation_purge(conversation uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM chats_chatsession WHERE session_id = conversation;
	DELETE FROM chats_chatmessage WHERE session_id = conversation;
END $$;

-- The message `steps` below this one, always in the newest branch, or the last there is.
CREATE FUNCTION gatehouse_message_below(message bigint, steps integer) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
	conversation uuid := (SELECT session_id FROM gatehouse_message WHERE message_id = message);
	below bigint;
BEGIN
	FOR step IN 1..steps LOOP
		SELECT max(message_id) INTO below FROM gatehouse_message
		WHERE session_id = conversation AND coalesce(parent_id, 0) = message;
		EXIT WHEN below IS NULL;
		message := below;
	END LOOP;
	RETURN message;
END $$;

-- Messages that are imported bring their own places along.
DROP TRIGGER gatehouse_message_added ON chats_chatmessage;
CREATE TRIGGER gatehouse_message_added AFTER INSERT ON chats_chatmessage
	FOR EACH ROW WHEN (coalesce(current_setting('gatehouse.importing', true), '') <> 'on')
	EXECUTE FUNCTION gatehouse_message_added();

-- Store conversations that lib/chat/conversation_file.c has read and found in order. A message's "parent"
-- is the place of an earlier one in its array, from 1; 0: it begins the conversation. "shown" likewise.
-- All of them or none, as new ones. `owner` has user_id, username, is_authenticated, method, days.
CREATE FUNCTION gatehouse_import(owner jsonb, conversations jsonb, OUT stored integer, OUT messages integer)
LANGUAGE plpgsql AS $$
DECLARE
	present timestamptz := gatehouse_now();
	one jsonb;
	made uuid;
	places bigint[];
	keys text := pg_get_serial_sequence('chats_chatmessage', 'id');
BEGIN
	stored := 0;
	messages := 0;
	PERFORM set_config('gatehouse.importing', 'on', true);
	FOR one IN SELECT * FROM jsonb_array_elements(conversations) LOOP
		INSERT INTO chats_chatsession (session_id, user_id, auth_user_id, auth_username,
			is_authenticated, authentication_method, expires_at, country, service_type, title,
			is_active, created_at, last_activity)
		VALUES (gen_random_uuid(), owner ->> 'user_id', owner ->> 'user_id', owner ->> 'username',
			(owner ->> 'is_authenticated')::boolean, owner ->> 'method',
			present + make_interval(days => (owner ->> 'days')::integer),
			nullif(one ->> 'country', ''), nullif(one ->> 'service', ''), nullif(one ->> 'title', ''),
			true, least(coalesce((one ->> 'created_at')::timestamptz, present), present),
			least(coalesce((one ->> 'last_activity')::timestamptz, present), present))
		RETURNING session_id INTO made;
		places := ARRAY(SELECT nextval(keys)
			FROM generate_series(1, jsonb_array_length(one -> 'messages')));
		INSERT INTO gatehouse_conversation (session_id, leaf_id, is_titled, folder, pinned_at, archived_at)
		VALUES (made, places[(one ->> 'shown')::integer], (one ->> 'has_own_title')::boolean,
			one ->> 'folder', CASE WHEN (one ->> 'is_pinned')::boolean THEN present END,
			CASE WHEN (one ->> 'is_archived')::boolean THEN present END);
		INSERT INTO chats_chatmessage (id, session_id, role, content, metadata, created_at)
		SELECT places[place], made, m ->> 'role', m ->> 'content',
			CASE WHEN m ->> 'state' = 'done' THEN '{}' ELSE jsonb_build_object('state', m ->> 'state') END,
			least(coalesce((m ->> 'created_at')::timestamptz, present), present)
		FROM jsonb_array_elements(one -> 'messages') WITH ORDINALITY AS given (m, place);
		INSERT INTO gatehouse_message (message_id, session_id, parent_id, state, model, rating, rating_note)
		SELECT places[place], made, places[(m ->> 'parent')::integer], m ->> 'state', m ->> 'model',
			nullif((m ->> 'rating')::smallint, 0), m ->> 'rating_note'
		FROM jsonb_array_elements(one -> 'messages') WITH ORDINALITY AS given (m, place);
		stored := stored + 1;
		messages := messages + cardinality(places);
	END LOOP;
	PERFORM set_config('gatehouse.importing', 'off', true);
END $$;

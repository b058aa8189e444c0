-- What the policy of sessions needs: groups, limits of single persons, and how a session moves on.

-- Groups that people are in; a name is letters, digits, '-' and '_', so that a list of them can be
-- handed to other programs with commas between.
CREATE TABLE gatehouse_member (
	user_id text NOT NULL,
	group_name text NOT NULL CHECK (group_name ~ '^[a-z0-9_-]{1,64}$'),
	added_at timestamp with time zone NOT NULL DEFAULT gatehouse_now(),
	PRIMARY KEY (user_id, group_name)
);

-- Limits that a person has instead of their kind's: "idle_minutes=5 concurrent=1".
CREATE TABLE gatehouse_policy (
	user_id text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('anonymous', 'authenticated', 'sso', 'admin', 'api', 'bot')),
	limits text NOT NULL,
	changed_at timestamp with time zone NOT NULL DEFAULT gatehouse_now(),
	PRIMARY KEY (user_id, kind)
);

-- Sessions carry copies of both, so that a request reads one row of one table.
ALTER TABLE gatehouse_session
	ADD COLUMN email text,
	ADD COLUMN groups text NOT NULL DEFAULT '',
	ADD COLUMN limits text,
	-- The last moment that expires_at can be moved to, how far it is moved at each use (0: not at
	-- all), and how long the session may rest (NULL: as long as it lasts).
	ADD COLUMN ends_at timestamp with time zone,
	ADD COLUMN step_seconds integer NOT NULL DEFAULT 0,
	ADD COLUMN idle_seconds integer;
UPDATE gatehouse_session SET ends_at = expires_at;
ALTER TABLE gatehouse_session ALTER COLUMN ends_at SET NOT NULL;

-- Sessions that ended because they were used from elsewhere, for a day: whoever comes back with such a
-- key is told why. They are gone, and nothing here brings one back.
CREATE TABLE gatehouse_moved (
	session_key varchar(40) PRIMARY KEY,
	moved_at timestamp with time zone NOT NULL DEFAULT gatehouse_now()
);

-- A guest's earlier session is found by the address they gave.
CREATE INDEX gatehouse_session_guest ON gatehouse_session (username) WHERE kind = 'bot';

-- Whether a session still holds by its own limits: its end, and how long it may rest.
CREATE FUNCTION gatehouse_is_live(s gatehouse_session) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT s.expires_at > gatehouse_now() AND (s.idle_seconds IS NULL
		OR s.last_seen_at + make_interval(secs => s.idle_seconds) > gatehouse_now())
$$;

-- Whether it has not rested for longer than it may today: its person's own limit, else that of its kind
-- in `kinds` (seconds by name; 0: any time). Remember-me has none of its kind's.
CREATE FUNCTION gatehouse_may_rest(s gatehouse_session, kinds jsonb) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT coalesce(s.last_seen_at + make_interval(secs => nullif(coalesce(
			substring(s.limits FROM 'idle_minutes=([0-9]{1,6})')::integer * 60,
			CASE WHEN NOT s.remember THEN (kinds ->> s.kind)::integer END), 0))
		> gatehouse_now(), true)
$$;

CREATE FUNCTION gatehouse_groups(person text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT coalesce(string_agg(group_name, ',' ORDER BY group_name), '')
	FROM gatehouse_member WHERE user_id = person
$$;

-- Whoever changes a group or a limit, by whatever means, changes it for sessions that run.
CREATE FUNCTION gatehouse_follow_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	person text := CASE WHEN TG_OP = 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
BEGIN
	UPDATE gatehouse_session SET groups = gatehouse_groups(person) WHERE user_id = person;
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_follow_member AFTER INSERT OR UPDATE OR DELETE ON gatehouse_member
	FOR EACH ROW EXECUTE FUNCTION gatehouse_follow_member();

CREATE FUNCTION gatehouse_follow_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		UPDATE gatehouse_session SET limits = NULL
		WHERE user_id = OLD.user_id AND kind = OLD.kind;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		UPDATE gatehouse_session SET limits = NEW.limits
		WHERE user_id = NEW.user_id AND kind = NEW.kind;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_follow_policy AFTER INSERT OR UPDATE OR DELETE ON gatehouse_policy
	FOR EACH ROW EXECUTE FUNCTION gatehouse_follow_policy();

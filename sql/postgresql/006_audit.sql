-- The audit trail: one row for each thing that somebody may have to answer for. It only grows, and
-- what is too old goes by whole months.

CREATE TABLE gatehouse_audit (
	id         bigint GENERATED ALWAYS AS IDENTITY,
	at         timestamptz NOT NULL DEFAULT gatehouse_now() CHECK (isfinite(at)),
	event      text NOT NULL,    -- of the table in lib/audit/audit.c
	reason     text,
	user_id    text,             -- whom it happened to; empty where nobody is meant
	username   text,             -- as it was then
	session    uuid,             -- gatehouse_session.public_id
	kind       text,             -- of session
	address    inet,
	user_agent text,
	actor      text,             -- who did it, when it was not the person: operator, system, a name
	request_id text,             -- as in the log and on error pages
	detail     jsonb,
	PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX gatehouse_audit_user ON gatehouse_audit (user_id, id DESC);
CREATE INDEX gatehouse_audit_address ON gatehouse_audit (address, id DESC);
CREATE INDEX gatehouse_audit_session ON gatehouse_audit (session, id DESC);
CREATE INDEX gatehouse_audit_at ON gatehouse_audit (at);

-- Nothing is lost where nobody made the month's partition in time: gatehouse_audit_partitions()
-- moves it to where it belongs.
CREATE TABLE gatehouse_audit_default PARTITION OF gatehouse_audit DEFAULT;

-- Whole months beside the running one; 0: for ever. `gatehousectl migrate` writes it; only the
-- owner can, so that the programs cannot shorten it.
CREATE TABLE gatehouse_audit_retention (
	is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
	months      integer NOT NULL CHECK (months >= 0)
);
INSERT INTO gatehouse_audit_retention (months) VALUES (12);

-- Rights can be granted by mistake, and where one role owns everything it has them all. Triggers for
-- rows are inherited by partitions; that for TRUNCATE is not.
CREATE FUNCTION gatehouse_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE insufficient_privilege USING MESSAGE = format('the audit trail only grows: no %s', TG_OP);
END $$;

CREATE TRIGGER gatehouse_audit_append_only BEFORE UPDATE OR DELETE ON gatehouse_audit
	FOR EACH ROW EXECUTE FUNCTION gatehouse_audit_refuse();
CREATE TRIGGER gatehouse_audit_no_truncate BEFORE TRUNCATE ON gatehouse_audit
	FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_audit_refuse();
CREATE TRIGGER gatehouse_audit_no_truncate BEFORE TRUNCATE ON gatehouse_audit_default
	FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_audit_refuse();

-- Whether the same was written within the last minute, so that what happens many times a second is
-- one row. Of a session the same is the same reason, address, browser and detail, and after thirty a
-- minute whatever it is; without a session, the same reason from the same network. Whoever asks at the
-- same moment waits until the first has written, and then sees it.
CREATE FUNCTION gatehouse_audit_seen(event_ text, reason_ text, user_id_ text, session_ uuid,
	address_ inet, user_agent_ text, detail_ jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	-- What one customer gets: an IPv4 address, also one mapped into IPv6, or 64 bits of IPv6.
	source CONSTANT inet := network(set_masklen(address_, CASE
		WHEN family(address_) = 4 THEN 32 WHEN address_ <<= '::ffff:0:0/96' THEN 128 ELSE 64 END));
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', event_,
		coalesce(session_::text, concat_ws(' ', reason_, user_id_, 'from', source))), 0));
	IF session_ IS NOT NULL THEN
		RETURN (SELECT count(*) >= 30 OR coalesce(bool_or((reason, address, user_agent, detail)
				IS NOT DISTINCT FROM (reason_, address_, user_agent_, detail_)), false)
			FROM gatehouse_audit WHERE session = session_ AND event = event_
				AND at > gatehouse_now() - interval '1 minute');
	END IF;
	RETURN EXISTS (SELECT FROM gatehouse_audit
		WHERE at > gatehouse_now() - interval '1 minute' AND event = event_
			AND reason IS NOT DISTINCT FROM reason_ AND user_id IS NOT DISTINCT FROM user_id_
			AND session IS NULL AND (address <<= source OR coalesce(address, source) IS NULL));
END $$;

-- What is below is the owner's, all but gatehouse_audit_partitions().

-- What roles other than the owner may do with the trail, its partitions and its retention; of one
-- column, or of the whole table where column_name is empty.
CREATE FUNCTION gatehouse_audit_grants(OUT relation regclass, OUT role text, OUT privilege text,
	OUT column_name name) RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT c.oid::regclass,
		CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END,
		granted.privilege_type, granted.attname
	FROM pg_class c
	CROSS JOIN LATERAL (
		SELECT whole.grantee, whole.privilege_type, NULL::name AS attname FROM aclexplode(c.relacl) whole
		UNION
		SELECT one.grantee, one.privilege_type, a.attname
		FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) one WHERE a.attrelid = c.oid
	) granted
	WHERE granted.grantee <> c.relowner AND (
		c.oid IN ('gatehouse_audit'::regclass, 'gatehouse_audit_retention'::regclass)
		OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'gatehouse_audit'::regclass))
$$;

-- Leave other roles nothing but reading, and to those that could insert, adding rows; not their
-- number and time, which are the database's. Default privileges give more to each new table.
CREATE FUNCTION gatehouse_audit_rights() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	trail CONSTANT regclass := 'gatehouse_audit';
	granted record;
	writable text;
BEGIN
	FOR granted IN
		SELECT relation, role, string_agg(DISTINCT privilege, ', ') AS privileges
		FROM gatehouse_audit_grants()
		WHERE privilege <> 'SELECT' AND NOT (relation = trail AND privilege = 'INSERT')
		GROUP BY relation, role
	LOOP
		EXECUTE format('REVOKE %s ON %s FROM %s CASCADE', granted.privileges, granted.relation,
			granted.role);
	END LOOP;
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) INTO writable FROM pg_attribute
	WHERE attrelid = trail AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'at');
	FOR granted IN
		SELECT role, bool_or(column_name IS NULL) AS whole,
			string_agg(DISTINCT quote_ident(column_name), ', ') AS columns
		FROM gatehouse_audit_grants() WHERE relation = trail AND privilege = 'INSERT'
		GROUP BY role
	LOOP
		CONTINUE WHEN NOT granted.whole AND granted.columns = writable;
		EXECUTE format('REVOKE INSERT ON %s FROM %s CASCADE', trail, granted.role);
		EXECUTE format('GRANT INSERT (%s) ON %s TO %s', writable, trail, granted.role);
		EXECUTE format('GRANT SELECT ON gatehouse_audit_retention TO %s', granted.role);
		EXECUTE format('GRANT EXECUTE ON FUNCTION gatehouse_audit_partitions() TO %s',
			granted.role);
	END LOOP;
END $$;

CREATE FUNCTION gatehouse_audit_add_partition(name text, bounds text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I PARTITION OF gatehouse_audit %s', name, bounds);
	EXECUTE format('CREATE TRIGGER gatehouse_audit_no_truncate BEFORE TRUNCATE ON %I
		FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_audit_refuse()', name);
END $$;

-- The partitions of months, by their first moment. One that somebody made otherwise is left alone.
CREATE FUNCTION gatehouse_audit_months(OUT name name, OUT month timestamptz) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
	SELECT c.relname, to_timestamp(right(c.relname, 7), 'YYYY_MM')
	FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE i.inhparent = 'gatehouse_audit'::regclass AND c.relname ~ '^gatehouse_audit_\d{4}_\d\d$'
$$;

-- Make the partitions of these months, move what waits in the default partition to where it belongs,
-- and drop the months before the oldest (none where that is empty). The default partition is taken
-- out and made anew, because nobody can delete rows from it.
CREATE FUNCTION gatehouse_audit_rearrange(wanted timestamptz[], oldest timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	moves boolean;
	one record;
BEGIN
	LOCK TABLE ONLY gatehouse_audit IN ACCESS EXCLUSIVE MODE;
	moves := EXISTS (SELECT FROM gatehouse_audit_default);
	IF moves THEN
		wanted := wanted || ARRAY(SELECT DISTINCT date_trunc('month', at) FROM gatehouse_audit_default);
		ALTER TABLE gatehouse_audit DETACH PARTITION gatehouse_audit_default;
		ALTER TABLE gatehouse_audit_default RENAME TO gatehouse_audit_moving;
		PERFORM gatehouse_audit_add_partition('gatehouse_audit_default', 'DEFAULT');
	END IF;
	FOR one IN SELECT DISTINCT month FROM unnest(wanted) AS month
		WHERE month NOT IN (SELECT m.month FROM gatehouse_audit_months() m) ORDER BY month
	LOOP
		PERFORM gatehouse_audit_add_partition('gatehouse_audit_' || to_char(one.month, 'YYYY_MM'),
			format('FOR VALUES FROM (%L) TO (%L)', one.month, one.month + interval '1 month'));
	END LOOP;
	IF moves THEN
		INSERT INTO gatehouse_audit OVERRIDING SYSTEM VALUE SELECT * FROM gatehouse_audit_moving;
		DROP TABLE gatehouse_audit_moving;
	END IF;
	FOR one IN SELECT name FROM gatehouse_audit_months() WHERE month < oldest LOOP
		EXECUTE format('DROP TABLE %I', one.name);
	END LOOP;
END $$;

-- Keep partitions of this month and the next three, drop the months that are wholly older than the
-- retention, put the rights in order. Mostly there is nothing to do, and then no table is locked. It
-- runs with the rights of the owner, for whoever may write the trail, and takes nothing from its
-- caller. Months begin and end by UTC. Where a long read is in the way it gives up after a second,
-- so that no sign-in waits longer behind it; the next run tries again.
CREATE FUNCTION gatehouse_audit_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
	this_month CONSTANT timestamptz := date_trunc('month', gatehouse_now());
	wanted CONSTANT timestamptz[] := ARRAY(SELECT generate_series(this_month,
		this_month + interval '3 months', interval '1 month'));
	kept CONSTANT integer := (SELECT nullif(months, 0) FROM gatehouse_audit_retention);
	oldest CONSTANT timestamptz := this_month - make_interval(months => kept);
BEGIN
	-- Of two at once the second waits, and finds everything done.
	PERFORM pg_advisory_xact_lock(718281829);
	IF NOT wanted <@ ARRAY(SELECT month FROM gatehouse_audit_months())
		OR EXISTS (SELECT FROM gatehouse_audit_default)
		OR EXISTS (SELECT FROM gatehouse_audit_months() WHERE month < oldest)
	THEN
		PERFORM gatehouse_audit_rearrange(wanted, oldest);
	END IF;
	PERFORM gatehouse_audit_rights();
END $$;

-- A session that goes without an entry of how it ended was ended by somebody else: a Django project that
-- signs out, flushes, cycles a key or clears what is over. Every statement of ours writes its entry
-- before it deletes the row or together with it, so nothing needs to know whose connection this is. Runs
-- with the rights of the owner, because that project's role need not have any on the trail.
CREATE FUNCTION gatehouse_audit_session_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	idle_at CONSTANT timestamptz := OLD.last_seen_at + make_interval(secs => OLD.idle_seconds);
BEGIN
	INSERT INTO gatehouse_audit (event, reason, user_id, username, session, kind, address, user_agent,
		actor)
	SELECT 'session_ended', CASE WHEN gatehouse_is_live(OLD) THEN 'django'
			WHEN idle_at < OLD.expires_at THEN 'idle' ELSE 'expired' END,
		OLD.user_id, OLD.username, OLD.public_id, OLD.kind, OLD.address, OLD.user_agent, 'django'
	WHERE NOT EXISTS (SELECT FROM gatehouse_audit
		WHERE session = OLD.public_id AND event IN ('session_ended', 'sign_out'));
	RETURN NULL;
END $$;
CREATE TRIGGER gatehouse_audit_session_gone AFTER DELETE ON gatehouse_session
	FOR EACH ROW EXECUTE FUNCTION gatehouse_audit_session_gone();

-- The owner's functions find their tables where this migration puts them, and never what somebody
-- else has put into the way.
DO $$
DECLARE
	one regprocedure;
BEGIN
	FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
		AND proname ~ '^gatehouse_audit_(grants|rights|add_partition|months|rearrange|partitions|session_gone)$'
	LOOP
		EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one,
			current_schema());
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
	END LOOP;
END $$;

SELECT gatehouse_audit_partitions();

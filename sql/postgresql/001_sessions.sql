-- Sessions: Django's table exactly as Django makes it, and our companion beside it.

CREATE TABLE IF NOT EXISTS django_session (
	session_key varchar(40) NOT NULL PRIMARY KEY,
	session_data text NOT NULL,
	expire_date timestamp with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS django_session_expire_date_a5c62663 ON django_session (expire_date);

-- The clock that decides what is valid. A test can replace it to let time pass.
CREATE FUNCTION gatehouse_now() RETURNS timestamp with time zone
	LANGUAGE sql STABLE AS 'SELECT now()';

-- What the policy needs to know about a session. It decides what is valid here: Django may move
-- expire_date, never these limits. It goes with its session.
CREATE TABLE gatehouse_session (
	session_key varchar(40) PRIMARY KEY REFERENCES django_session ON DELETE CASCADE,
	public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	user_id text NOT NULL,
	username text NOT NULL,
	kind text NOT NULL DEFAULT 'authenticated',
	method text NOT NULL DEFAULT 'password',
	created_at timestamp with time zone NOT NULL,
	last_seen_at timestamp with time zone NOT NULL,
	authenticated_at timestamp with time zone NOT NULL,
	user_checked_at timestamp with time zone NOT NULL,
	address inet,
	user_agent text,
	expires_at timestamp with time zone NOT NULL,
	remember boolean NOT NULL DEFAULT false
);
CREATE INDEX gatehouse_session_user ON gatehouse_session (user_id, last_seen_at);
CREATE INDEX gatehouse_session_expires ON gatehouse_session (expires_at);

-- Failed attempts, one row for each account and address that failed lately.
CREATE TABLE gatehouse_throttle (
	bucket text PRIMARY KEY,
	attempts integer NOT NULL,
	window_ends_at timestamp with time zone NOT NULL
);
CREATE INDEX gatehouse_throttle_window ON gatehouse_throttle (window_ends_at);

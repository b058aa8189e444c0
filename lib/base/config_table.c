#include "base/config_table.h"

#define AT(field) offsetof(struct config, field)

#define BINDINGS "off|log|subnet|strict"

/* The limits of one kind of session. The sentences are about "it", a session of that kind. */
#define KIND_ROWS(section, kind, most, rest, count, place, who, slides, again)                     \
	{ section,                                                                                 \
	  "lifetime_minutes",                                                                      \
	  SETTING_INTEGER,                                                                         \
	  AT(session.kinds[kind].lifetime_minutes),                                                \
	  most,                                                                                    \
	  1,                                                                                       \
	  525600,                                                                                  \
	  NULL,                                                                                    \
	  "It lasts no longer than this, however much it is used." },                              \
		{ section,                                                                         \
		  "idle_minutes",                                                                  \
		  SETTING_INTEGER,                                                                 \
		  AT(session.kinds[kind].idle_minutes),                                            \
		  rest,                                                                            \
		  0,                                                                               \
		  525600,                                                                          \
		  NULL,                                                                            \
		  "It ends after this long without a request. 0: it does not." },                  \
		{ section,                                                                         \
		  "concurrent",                                                                    \
		  SETTING_INTEGER,                                                                 \
		  AT(session.kinds[kind].concurrent),                                              \
		  count,                                                                           \
		  0,                                                                               \
		  10000,                                                                           \
		  NULL,                                                                            \
		  "How many one person can have; one more ends the oldest. 0: any number." },      \
		{ section,                                                                         \
		  "bind_address",                                                                  \
		  SETTING_CHOICE,                                                                  \
		  AT(session.kinds[kind].bind_address),                                            \
		  place,                                                                           \
		  0,                                                                               \
		  0,                                                                               \
		  BINDINGS,                                                                        \
		  "When its address changes: nothing, a note, its end outside the network (the "   \
		  "first 24 "                                                                      \
		  "bits, of IPv6 64), or its end." },                                              \
		{ section,                                                                         \
		  "bind_browser",                                                                  \
		  SETTING_CHOICE,                                                                  \
		  AT(session.kinds[kind].bind_browser),                                            \
		  who,                                                                             \
		  0,                                                                               \
		  0,                                                                               \
		  BINDINGS,                                                                        \
		  "The same for the browser's name (User-Agent); subnet means log." },             \
		{ section,                                                                         \
		  "extends",                                                                       \
		  SETTING_BOOLEAN,                                                                 \
		  AT(session.kinds[kind].extends),                                                 \
		  slides,                                                                          \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "on: its end is always a quarter of its lifetime away, at most 2 hours, and "    \
		  "moves on "                                                                      \
		  "while it is used. off: its end is fixed when it begins." },                     \
	{                                                                                          \
		section, "reauthenticate_hours", SETTING_INTEGER,                                  \
			AT(session.kinds[kind].reauthenticate_hours), again, 0, 8760, NULL,        \
			"The password is asked for again when the last time is longer ago. 0: "    \
			"never."                                                                   \
	}

/* What somebody with a session of one kind may use of the chat. */
#define QUOTA_ROWS(section, kind, least, minute, day, tokens, answers, length)                     \
	{ section,                                                                                 \
	  "messages_per_minute",                                                                   \
	  SETTING_INTEGER,                                                                         \
	  AT(quota[kind].messages_per_minute),                                                     \
	  minute,                                                                                  \
	  least,                                                                                   \
	  100000,                                                                                  \
	  NULL,                                                                                    \
	  "Messages that a person can send in a minute. Here and below, 0: any number; -1 in a "   \
	  "section for a kind of session: as in [quota]." },                                       \
		{ section,                                                                         \
		  "messages_per_day",                                                              \
		  SETTING_INTEGER,                                                                 \
		  AT(quota[kind].messages_per_day),                                                \
		  day,                                                                             \
		  least,                                                                           \
		  1000000,                                                                         \
		  NULL,                                                                            \
		  "Messages that a person can send in a day (UTC)." },                             \
		{ section,                                                                         \
		  "tokens_per_day",                                                                \
		  SETTING_INTEGER,                                                                 \
		  AT(quota[kind].tokens_per_day),                                                  \
		  tokens,                                                                          \
		  least,                                                                           \
		  1000000000,                                                                      \
		  NULL,                                                                            \
		  "Tokens, as models count them, that a person can use in a day (UTC)." },         \
		{ section,                                                                         \
		  "answers_at_once",                                                               \
		  SETTING_INTEGER,                                                                 \
		  AT(quota[kind].answers_at_once),                                                 \
		  answers,                                                                         \
		  least,                                                                           \
		  1000,                                                                            \
		  NULL,                                                                            \
		  "Answers that are written for a person at the same time." },                     \
	{                                                                                          \
		section, "conversation_messages", SETTING_INTEGER,                                 \
			AT(quota[kind].conversation_messages), length, least, 1000000, NULL,       \
			"Messages that a conversation can have, answers included."                 \
	}

/* A server of models. */
#define MODEL_ROWS(section, which, address, about)                                                 \
	{                                                                                          \
		section, "base_url", SETTING_TEXT, AT(models[which].base_url), address, 0,         \
		0,       NULL,       about                                                         \
	},                                                                                         \
		{ section,                                                                         \
		  "key",                                                                           \
		  SETTING_SECRET,                                                                  \
		  AT(models[which].key),                                                           \
		  "",                                                                              \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "Key that the server asks for. Empty: it asks for none." },                      \
		{ section,                                                                         \
		  "models",                                                                        \
		  SETTING_TEXT,                                                                    \
		  AT(models[which].models),                                                        \
		  "",                                                                              \
		  0,                                                                               \
		  0,                                                                               \
		  NULL,                                                                            \
		  "Models of that server that people may use, by the server's own names, with "    \
		  "commas "                                                                        \
		  "between. Here and on the pages each is called " section                         \
		  "/NAME. Empty: none." },                                                         \
		{ section,                                                                         \
		  "connect_seconds",                                                               \
		  SETTING_INTEGER,                                                                 \
		  AT(models[which].connect_seconds),                                               \
		  "10",                                                                            \
		  1,                                                                               \
		  60,                                                                              \
		  NULL,                                                                            \
		  "How long it may take until the connection stands." },                           \
		{ section,                                                                         \
		  "first_byte_seconds",                                                            \
		  SETTING_INTEGER,                                                                 \
		  AT(models[which].first_byte_seconds),                                            \
		  "120",                                                                           \
		  1,                                                                               \
		  3600,                                                                            \
		  NULL,                                                                            \
		  "How long the server may think before the answer begins. One that loads a "      \
		  "model "                                                                         \
		  "first needs long." },                                                           \
		{ section,                                                                         \
		  "idle_seconds",                                                                  \
		  SETTING_INTEGER,                                                                 \
		  AT(models[which].idle_seconds),                                                  \
		  "60",                                                                            \
		  1,                                                                               \
		  3600,                                                                            \
		  NULL,                                                                            \
		  "How long it may fall silent in the middle of an answer." },                     \
		{ section,                                                                         \
		  "total_seconds",                                                                 \
		  SETTING_INTEGER,                                                                 \
		  AT(models[which].total_seconds),                                                 \
		  "600",                                                                           \
		  1,                                                                               \
		  7200,                                                                            \
		  NULL,                                                                            \
		  "How long a whole answer may take, with all tries." },                           \
		{ section,                                                                         \
		  "retries",                                                                       \
		  SETTING_INTEGER,                                                                 \
		  AT(models[which].retries),                                                       \
		  "2",                                                                             \
		  0,                                                                               \
		  10,                                                                              \
		  NULL,                                                                            \
		  "How often it is tried again when the server is busy, broken or away, as long "  \
		  "as "                                                                            \
		  "nothing of an answer has come." },                                              \
	{                                                                                          \
		section, "answer_tokens", SETTING_INTEGER, AT(models[which].answer_tokens),        \
			"2048", 1, 1000000, NULL,                                                  \
			"Longest answer in tokens, of which a word has one or two."                \
	}

const struct setting settings[] = {
	{ "site", "url", SETTING_TEXT, AT(site.url), NULL, 0, 0, NULL,
	  "Where people reach the site, such as https://www.example.org. It alone decides whether "
	  "cookies are Secure and which Origin is ours." },
	{ "site", "base_path", SETTING_TEXT, AT(site.base_path), "", 0, 0, NULL,
	  "Folder under which Gatehouse lives, such as /members. Empty: the whole site." },
	{ "site", "name", SETTING_TEXT, AT(site.name), "Gatehouse", 0, 0, NULL,
	  "Name shown in the navigation and in page titles." },
	{ "site", "templates", SETTING_TEXT, AT(site.templates), "", 0, 0, NULL,
	  "Folder of your own templates; a file there replaces the one of the same name." },
	{ "site", "forgot_password_url", SETTING_TEXT, AT(site.forgot_password_url), "", 0, 0, NULL,
	  "Where 'Forgot your password?' leads. Empty: no such link." },
	{ "site", "terms_url", SETTING_TEXT, AT(site.terms_url), "", 0, 0, NULL,
	  "Where the terms of use are, which people accept at sign-up. Empty: there are none." },
	{ "site", "signed_out", SETTING_TEXT, AT(site.signed_out), "/auth/login", 0, 0, NULL,
	  "Where a person goes after signing out, a path of this site." },
	{ "site", "place_database", SETTING_TEXT, AT(site.place_database), "", 0, 0, NULL,
	  "MaxMind DB file (GeoLite2-City.mmdb or the like) that says where an address is, shown "
	  "in "
	  "the list of one's devices. Empty: no places." },
	{ "site", "hsts_seconds", SETTING_INTEGER, AT(site.hsts_seconds), "0", 0, 63072000, NULL,
	  "Strict-Transport-Security for that long. 0: not sent, because neighbours may share the "
	  "host." },

	{ "server", "threads", SETTING_INTEGER, AT(server.threads), "1", 1, 256, NULL,
	  "Worker threads of each program. 1 for mod_fcgid; 8 or so behind lighttpd, nginx or "
	  "mod_proxy_fcgi." },
	{ "server", "hash_slots", SETTING_INTEGER, AT(server.hash_slots), "0", 0, 256, NULL,
	  "Password checks at the same time, over all programs of this machine. 0: one for each "
	  "processor." },
	{ "server", "hash_wait_ms", SETTING_INTEGER, AT(server.hash_wait_ms), "3000", 0, 30000,
	  NULL,
	  "How long a sign-in waits for its turn to be checked before it is asked to come back." },
	{ "server", "body_limit", SETTING_INTEGER, AT(server.body_limit), "1048576", 1024, 67108864,
	  NULL, "Largest form or JSON body in bytes." },
	{ "server", "runtime_dir", SETTING_TEXT, AT(server.runtime_dir), "/tmp", 0, 0, NULL,
	  "Folder for a small file that the programs of this machine share; they must be able to "
	  "write there." },
	{ "server", "share_dir", SETTING_TEXT, AT(server.share_dir), "/usr/local/share/gatehouse",
	  0, 0, NULL, "Folder with templates, static files and SQL." },
	{ "server", "log_level", SETTING_CHOICE, AT(server.log_level), "info", 0, 0,
	  "debug|info|warning|error", "What is written to the web server's error log." },

	{ "postgresql", "dsn", SETTING_SECRET, AT(postgresql.dsn), NULL, 0, 0, NULL,
	  "How to reach PostgreSQL, as libpq writes it: host=… dbname=… user=… password=…" },
	{ "postgresql", "tls", SETTING_BOOLEAN, AT(postgresql.tls), "on", 0, 0, NULL,
	  "Insist on sslmode in the dsn of a server on another machine. Turn off only on a network "
	  "that nobody else can listen to." },
	{ "postgresql", "prepared_statements", SETTING_BOOLEAN, AT(postgresql.prepared_statements),
	  "on", 0, 0, NULL, "Turn off behind PgBouncer in transaction mode." },
	{ "postgresql", "listen_dsn", SETTING_SECRET, AT(postgresql.listen_dsn), "", 0, 0, NULL,
	  "The same server without a PgBouncer in between, for what must hear of a change at once: "
	  "answers of models while they grow. Empty: dsn." },
	{ "postgresql", "timeout_ms", SETTING_INTEGER, AT(postgresql.timeout_ms), "2000", 100,
	  60000, NULL, "Longest wait for an answer." },

	{ "mysql", "host", SETTING_TEXT, AT(mysql.host), "", 0, 0, NULL,
	  "Server, or several separated by commas, tried in order. Empty: the local socket." },
	{ "mysql", "port", SETTING_INTEGER, AT(mysql.port), "3306", 1, 65535, NULL,
	  "Port of the server." },
	{ "mysql", "socket", SETTING_TEXT, AT(mysql.socket), "", 0, 0, NULL,
	  "Path of the local socket. Empty: the library's own." },
	{ "mysql", "user", SETTING_TEXT, AT(mysql.user), "gatehouse", 0, 0, NULL, "Account." },
	{ "mysql", "password", SETTING_SECRET, AT(mysql.password), "", 0, 0, NULL,
	  "Its password." },
	{ "mysql", "database", SETTING_TEXT, AT(mysql.database), "gatehouse", 0, 0, NULL,
	  "Database that holds the users table." },
	{ "mysql", "tls", SETTING_CHOICE, AT(mysql.tls), "when_remote", 0, 0,
	  "when_remote|always|never", "Encrypt the connection; a server that cannot is refused." },
	{ "mysql", "tls_ca", SETTING_TEXT, AT(mysql.tls_ca), "", 0, 0, NULL,
	  "File with the certificate authority of the server. Empty: the system's." },
	{ "mysql", "timeout_ms", SETTING_INTEGER, AT(mysql.timeout_ms), "2000", 100, 60000, NULL,
	  "Longest wait for an answer, rounded up to whole seconds." },

	{ "users", "table", SETTING_TEXT, AT(users.table), "users", 0, 0, NULL,
	  "Table of the people who may sign in." },
	{ "users", "id", SETTING_TEXT, AT(users.id), "id", 0, 0, NULL, "Its key column." },
	{ "users", "username", SETTING_TEXT, AT(users.username), "username", 0, 0, NULL,
	  "Column of the username. Empty: people sign in by email only." },
	{ "users", "email", SETTING_TEXT, AT(users.email), "email", 0, 0, NULL,
	  "Column of the email address." },
	{ "users", "password_hash", SETTING_TEXT, AT(users.password_hash), "password_hash", 0, 0,
	  NULL, "Column of the bcrypt hash." },
	{ "users", "active_when", SETTING_TEXT, AT(users.active_when), "is_active:1", 0, 0, NULL,
	  "Column and value of people who may sign in, such as is_active:1 or is_deleted:0. Empty: "
	  "everybody." },
	{ "users", "full_name", SETTING_TEXT, AT(users.full_name), "", 0, 0, NULL,
	  "Column that a sign-up fills with the username, where the table wants a name." },
	{ "users", "created_at", SETTING_TEXT, AT(users.created_at), "created_at", 0, 0, NULL,
	  "Column for the time of sign-up. Empty: none." },
	{ "users", "last_login", SETTING_TEXT, AT(users.last_login), "last_login", 0, 0, NULL,
	  "Column for the time of the last sign-in. Empty: none." },
	{ "users", "registration", SETTING_BOOLEAN, AT(users.registration), "off", 0, 0, NULL,
	  "Whether people can sign up. Needs unique indexes on username and email." },
	{ "users", "password_change", SETTING_BOOLEAN, AT(users.password_change), "on", 0, 0, NULL,
	  "Whether people can change their password here. Needs UPDATE on its column; off where "
	  "another system keeps the passwords." },
	{ "users", "bcrypt_cost", SETTING_INTEGER, AT(users.bcrypt_cost), "12", 8, 16, NULL,
	  "Cost of new hashes; each step doubles the work." },
	{ "users", "rehash", SETTING_BOOLEAN, AT(users.rehash), "on", 0, 0, NULL,
	  "Replace a weaker hash at sign-in, where the account may write." },
	{ "users", "recheck_seconds", SETTING_INTEGER, AT(users.recheck_seconds), "60", 5, 3600,
	  NULL, "How often a signed-in person is looked up again: still active, same password?" },
	{ "users", "recheck_grace_minutes", SETTING_INTEGER, AT(users.recheck_grace_minutes), "15",
	  0, 1440, NULL, "How long sessions go on while MySQL does not answer." },
	{ "users", "password_min_length", SETTING_INTEGER, AT(users.password_min_length), "8", 8,
	  64, NULL, "Fewest characters of a new password." },

	KIND_ROWS("session", SESSION_AUTHENTICATED, "480", "60", "5", "subnet", "log", "on", "24"),
	{ "session", "remember_days", SETTING_INTEGER, AT(session.remember_days), "30", 0, 365,
	  NULL, "How long 'Keep me signed in' lasts. 0: not offered." },
	{ "session", "remember_bind_address", SETTING_CHOICE, AT(session.remember_bind_address),
	  "log", 0, 0, BINDINGS,
	  "What bind_address is for a sign-in with 'Keep me signed in', which travels with its "
	  "owner." },
	{ "session", "fresh_minutes", SETTING_INTEGER, AT(session.fresh_minutes), "15", 0, 525600,
	  NULL,
	  "Ending other sign-ins, and whatever concerns somebody else's, asks for the password "
	  "when "
	  "it was given longer ago. 0: as reauthenticate_hours says." },
	{ "session", "cookie_name", SETTING_TEXT, AT(session.cookie_name), "sessionid", 0, 0, NULL,
	  "Name of the session cookie; Django's is sessionid." },
	{ "session", "csrf_cookie_name", SETTING_TEXT, AT(session.csrf_cookie_name), "csrftoken", 0,
	  0, NULL, "Name of the CSRF cookie; Django's is csrftoken." },
	{ "session", "cookie_prefix", SETTING_CHOICE, AT(session.cookie_prefix), "none", 0, 0,
	  "none|secure|host",
	  "Put __Secure- or __Host- in front of both names: browsers then insist on https, and "
	  "with "
	  "__Host- that no neighbouring host can set them." },
	{ "session", "cookie_domain", SETTING_TEXT, AT(session.cookie_domain), "", 0, 0, NULL,
	  "Domain whose other hosts get the cookies too, such as example.org. Empty: this host "
	  "only." },
	{ "session", "cookie_path", SETTING_TEXT, AT(session.cookie_path), "", 0, 0, NULL,
	  "Folder that the cookies are for. Empty: base_path, or the whole site." },
	{ "session", "cookie_partitioned", SETTING_BOOLEAN, AT(session.cookie_partitioned), "off",
	  0, 0, NULL,
	  "Keep the cookies apart for each site that shows this one in a frame (CHIPS). Needs "
	  "https." },
	{ "session", "sign_cookie", SETTING_BOOLEAN, AT(session.sign_cookie), "off", 0, 0, NULL,
	  "Sign the session cookie, so that a made-up one is refused before a database is asked. "
	  "Django's cookie is not signed: not together with identity = shared_table." },
	{ "session", "same_site", SETTING_CHOICE, AT(session.same_site), "Lax", 0, 0,
	  "Lax|Strict|None", "SameSite of the session cookie. None needs an https site." },
	{ "session", "landing", SETTING_TEXT, AT(session.landing), "/dashboard", 0, 0, NULL,
	  "Page after signing in, when no other was asked for." },
	{ "session", "legacy_redirects", SETTING_BOOLEAN, AT(session.legacy_redirects), "off", 0, 0,
	  NULL, "Redirect with 302 instead of 303." },

	{ "session", "guest", SETTING_BOOLEAN, AT(session.guest), "off", 0, 0, NULL,
	  "Whether a visitor may chat for an hour after giving an email address, without an "
	  "account." },

	KIND_ROWS("session_anonymous", SESSION_ANONYMOUS, "120", "30", "3", "off", "off", "on",
		  "0"),

	KIND_ROWS("session_sso", SESSION_SSO, "240", "45", "3", "strict", "strict", "on", "12"),

	KIND_ROWS("session_admin", SESSION_ADMIN, "120", "15", "2", "strict", "strict", "off", "4"),

	KIND_ROWS("session_api", SESSION_API, "60", "30", "10", "off", "off", "off", "0"),

	KIND_ROWS("session_bot", SESSION_BOT, "60", "0", "1", "strict", "off", "off", "0"),

	{ "access", "rules", SETTING_TEXT, AT(access.rules), "", 0, 0, NULL,
	  "File of the rules that the wall in front of your own pages knows by name. Empty: there "
	  "is "
	  "one rule, to be signed in." },
	{ "access", "refuse_unknown_rules", SETTING_BOOLEAN, AT(access.refuse_unknown_rules), "off",
	  0, 0, NULL,
	  "What a rule means that the web server names and the file does not have. off: somebody "
	  "signed "
	  "in, and an error in the log. on: nobody gets in." },
	{ "access", "admin_group", SETTING_TEXT, AT(access.admin_group), "administrators", 0, 0,
	  NULL,
	  "Group whose members administrate: gatehousectl group add administrators NAME. Their "
	  "sign-ins have the limits of [session_admin]." },

	{ "django", "secret_key", SETTING_SECRET, AT(django.secret_key), NULL, 0, 0, NULL,
	  "Signs the sessions: Django's SECRET_KEY, or any 50 random characters." },
	{ "django", "secret_key_fallbacks", SETTING_SECRET, AT(django.secret_key_fallbacks), "", 0,
	  0, NULL,
	  "Earlier secret keys, separated by spaces: what they signed is still good. For changing "
	  "secret_key without signing anybody out." },
	{ "django", "identity", SETTING_CHOICE, AT(django.identity), "off", 0, 0,
	  "off|shared_table",
	  "Whether a Django project reads the same users table, so that one sign-in serves both." },
	{ "django", "backend", SETTING_TEXT, AT(django.backend),
	  "gatehouse_django.backends.GatehouseBackend", 0, 0, NULL,
	  "The authentication backend that the Django project is configured with." },

	{ "throttle", "failures", SETTING_INTEGER, AT(throttle.failures), "5", 1, 1000, NULL,
	  "Failed sign-ins for one account from one address before it has to wait." },
	{ "throttle", "window_minutes", SETTING_INTEGER, AT(throttle.window_minutes), "15", 1, 1440,
	  NULL, "For how long these failures count, and how long the first wait is." },
	{ "throttle", "account_failures", SETTING_INTEGER, AT(throttle.account_failures), "100", 1,
	  10000, NULL,
	  "Failed sign-ins for one account from anywhere before unknown devices have to wait. One "
	  "that "
	  "signed in before does not." },
	{ "throttle", "account_window_minutes", SETTING_INTEGER,
	  AT(throttle.account_window_minutes), "60", 1, 1440, NULL, "For how long these count." },
	{ "throttle", "address_failures", SETTING_INTEGER, AT(throttle.address_failures), "20", 1,
	  10000, NULL,
	  "Failed sign-ins from one address, for whatever accounts, before it has to wait." },
	{ "throttle", "address_window_minutes", SETTING_INTEGER,
	  AT(throttle.address_window_minutes), "60", 1, 1440, NULL, "For how long these count." },
	{ "throttle", "posts_per_minute", SETTING_INTEGER, AT(throttle.posts_per_minute), "10", 1,
	  10000, NULL,
	  "Forms below /auth/ that one address may send in a minute without success." },
	{ "throttle", "sign_ins_per_hour", SETTING_INTEGER, AT(throttle.sign_ins_per_hour), "100",
	  1, 10000, NULL,
	  "Successful sign-ins of one account in an hour: enough for people and for programs that "
	  "keep their session, too few to fill tables and processors with." },
	{ "throttle", "lock_max_minutes", SETTING_INTEGER, AT(throttle.lock_max_minutes), "1440", 1,
	  10080, NULL,
	  "Each wait is twice as long as the one before, up to this; a day of peace forgets "
	  "them." },

	{ "audit", "retention_months", SETTING_INTEGER, AT(audit.retention_months), "12", 0, 120,
	  NULL,
	  "Whole months for which the audit trail is kept. 0: for ever. Takes effect with "
	  "gatehousectl "
	  "migrate." },

	{ "chat", "countries", SETTING_TEXT, AT(chat.countries),
	  "Australia, Canada, Germany, India, Singapore, United Arab Emirates, United Kingdom, "
	  "United States",
	  0, 0, NULL, "Countries to choose from." },
	{ "chat", "services", SETTING_TEXT, AT(chat.services),
	  "Tax, Business Setup, Migration/Visa", 0, 0, NULL, "Services to choose from." },
	{ "chat", "message_limit", SETTING_INTEGER, AT(chat.message_limit), "4000", 100, 100000,
	  NULL, "Longest message in characters." },
	{ "chat", "conversation_days", SETTING_INTEGER, AT(chat.conversation_days), "0", 0, 3650,
	  NULL, "A conversation can be continued for so long. 0: for ever." },
	{ "chat", "import_limit", SETTING_INTEGER, AT(chat.import_limit), "16777216", 1024,
	  67108864, NULL,
	  "Largest file of conversations, in bytes, that somebody signed in can import. Below "
	  "[server] body_limit, that one counts. The web server has a limit of its own." },
	{ "chat", "deleted_days", SETTING_INTEGER, AT(chat.deleted_days), "30", 1, 3650, NULL,
	  "A deleted conversation can be restored for so many days; then gatehousectl session "
	  "clean throws it away." },
	{ "chat", "model", SETTING_TEXT, AT(chat.model), "", 0, 0, NULL,
	  "The model that answers, such as openai/llama3; the word before the first slash is its "
	  "section. Empty: your articles answer, without a model." },
	{ "chat", "system_prompt", SETTING_TEXT, AT(chat.system_prompt),
	  "You are a helpful assistant. Answer in the language of the question, in Markdown, "
	  "briefly. "
	  "Say so when you do not know something.",
	  0, 0, NULL, "What a model is told about itself where no character is chosen." },
	{ "chat", "knowledge", SETTING_BOOLEAN, AT(chat.knowledge), "on", 0, 0, NULL,
	  "Whether models get passages of your articles that fit the question, and name them as "
	  "sources." },
	{ "chat", "knowledge_tags", SETTING_TEXT, AT(chat.knowledge_tags), "", 0, 0, NULL,
	  "Only articles with one of these tags answer, go to models and are suggested; with "
	  "commas "
	  "between. Empty: all. It is no lock: whoever has an article's address can read it." },
	{ "chat", "history_characters", SETTING_INTEGER, AT(chat.history_characters), "24000", 0,
	  10000000, NULL, "How much of a conversation a model is reminded of." },
	{ "chat", "stream_seconds", SETTING_INTEGER, AT(chat.stream_seconds), "240", 10, 240, NULL,
	  "How long an answer is streamed before the page connects again. Less where something "
	  "in between cuts connections sooner." },
	{ "chat", "generation", SETTING_CHOICE, AT(chat.generation), "worker", 0, 0,
	  "worker|inline",
	  "Who makes the answers of models: worker is gatehouse-answerd, which the chat starts "
	  "when it "
	  "is not there; inline is the request itself, for hosts that allow no program to stay." },
	{ "chat", "inline_seconds", SETTING_INTEGER, AT(chat.inline_seconds), "25", 1, 240, NULL,
	  "With generation = inline, how long a request waits for its answer; then the page shows "
	  "what "
	  "has come and asks again. Less than the web server lets a program be silent (mod_fcgid: "
	  "40)." },
	{ "chat", "inline_processes", SETTING_INTEGER, AT(chat.inline_processes), "8", 0, 1000,
	  NULL,
	  "With generation = inline, how many answers of this machine may go on at once when their "
	  "requests wait no longer. Each is a process with about three connections to PostgreSQL. "
	  "What is one too many breaks off after inline_seconds." },
	{ "chat", "worker_program", SETTING_TEXT, AT(chat.worker_program), "", 0, 0, NULL,
	  "Where gatehouse-answerd is. Empty: in the folder of the chat program or the one above. "
	  "On "
	  "shared hosting a place outside the document root." },

	{ "chat", "model_hosts", SETTING_TEXT, AT(chat.model_hosts), "", 0, 0, NULL,
	  "Servers of models that may be on this machine or in a private network, or be reached "
	  "without "
	  "TLS: host or host:port, with commas between. All others must have public addresses." },
	{ "chat", "model_ca_file", SETTING_TEXT, AT(chat.model_ca_file), "", 0, 0, NULL,
	  "PEM file of certificate authorities of your own that servers of models may have their "
	  "certificates from. Those of the system always count." },

	{ "chat", "own_keys", SETTING_BOOLEAN, AT(chat.own_keys), "off", 0, 0, NULL,
	  "People may store keys of their own for the model servers, which are then used instead "
	  "of "
	  "the site's." },
	{ "chat", "key_secret", SETTING_SECRET, AT(chat.key_secret), "", 0, 0, NULL,
	  "What people's own keys are encrypted with. Empty: [django] secret_key." },

	{ "chat", "sharing", SETTING_CHOICE, AT(chat.sharing), "off", 0, 0, "off|members|anyone",
	  "People may share a conversation of theirs by a link that they can take back. members: "
	  "only who is signed in can read it. anyone: whoever has the link. off: links that were "
	  "made open nothing, and come back when it is on again." },

	QUOTA_ROWS("quota", SESSION_AUTHENTICATED, 0, "20", "0", "0", "3", "0"),

	QUOTA_ROWS("quota_sso", SESSION_SSO, QUOTA_AS_USUAL, "-1", "-1", "-1", "-1", "-1"),

	QUOTA_ROWS("quota_admin", SESSION_ADMIN, QUOTA_AS_USUAL, "-1", "-1", "-1", "-1", "-1"),

	QUOTA_ROWS("quota_api", SESSION_API, QUOTA_AS_USUAL, "-1", "-1", "-1", "-1", "-1"),

	/* Nobody knows who they are, and their answers cost the same. */
	QUOTA_ROWS("quota_bot", SESSION_BOT, QUOTA_AS_USUAL, "10", "100", "100000", "2", "200"),
	{ "quota_bot", "guests_per_address", SETTING_INTEGER, AT(chat.guests_per_address), "20", 0,
	  100000, NULL,
	  "All guests of one network address (of IPv6 a /64) together can send so many times the "
	  "messages of one, so that beginning anew gives nobody more. 0: any number." },

	MODEL_ROWS("openai", MODELS_OPENAI, "",
		   "Where a server is that speaks OpenAI's chat completions, such as "
		   "https://api.openai.com/v1 or, for llama.cpp on this machine, "
		   "http://127.0.0.1:8080/v1. Empty: there is none."),

	MODEL_ROWS("anthropic", MODELS_ANTHROPIC, "https://api.anthropic.com/v1",
		   "Where a server is that speaks Anthropic's Messages API."),
};

const size_t setting_count = sizeof settings / sizeof *settings;

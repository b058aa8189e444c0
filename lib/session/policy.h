/* The rules that say whether a session is still valid. Every number is configuration; a person can
 * have other limits than their kind of session (table gatehouse_policy). */
#pragma once
#include "base/config.h"
#include "base/outcome.h"

/* "anonymous", "authenticated", … as rows and rules name them. */
const char *session_kind_name(enum session_kind kind);

/* Whether it is of somebody who signed in: not a guest's, and not an anonymous one. */
bool session_kind_is_signed_in(enum session_kind kind);

/* The kind of that name; SESSION_KINDS: there is none. */
enum session_kind session_kind_find(const char *name);

/* "off", "log", "subnet", "strict". */
const char *session_binding_name(enum binding binding);

/* What somebody may use of the chat; 0: as much as they like. It is a matter of the session, because
 * it depends on its kind and its person like all other limits. */
struct session_quota {
	int64_t messages_per_minute;
	int64_t messages_per_day;
	int64_t tokens_per_day;
	int64_t answers_at_once;
	int64_t conversation_messages;
};

struct session_limits {
	int64_t lifetime_s;
	int64_t idle_s;     /* 0: no such limit */
	int64_t concurrent; /* 0: no such limit */
	enum binding bind_address, bind_browser;
	bool extends;
	int64_t reauthenticate_s; /* 0: never */
	struct session_quota quota;
};

struct session_policy {
	struct session_limits kinds[SESSION_KINDS];
	int64_t remember_s; /* "Remember me": replaces lifetime and idle time */
	enum binding remember_bind_address;
};

/* The policy as configured. */
struct session_policy session_policy_read(const struct config *config);

/* The limits of a session of this kind whose person has `own` limits ("idle_minutes=5 concurrent=1",
 * NULL or "": none), which hold also with "Remember me"; that never extends. Own limits that cannot
 * be read make the session end at once. */
struct session_limits session_policy_limits(const struct session_policy *policy,
					    enum session_kind kind, bool remember, const char *own);

/* Check own limits as an operator writes them, "idle_minutes=5 …". NULL: they are good; else what is
 * wrong, in `pool`. */
const char *session_policy_problem(struct pool *pool, const char *own);

/* How far the end of a session that extends lies ahead whenever it is used: a quarter of its
 * lifetime, at most two hours, but never less than it may rest. 0: its end is fixed. */
int64_t session_policy_step(const struct session_limits *limits);

/* What is known about a session; times are seconds, by the database's clock. */
struct session_times {
	int64_t age_s;           /* since it began */
	int64_t idle_s;          /* since it was last used */
	int64_t authenticated_s; /* since the password was last given */
	int64_t user_checked_s;  /* since the person was last looked up */
	int64_t expires_in_s;    /* until its end, unless it is used before */
	bool remember;
};

/* Seconds until the session ends at the latest, however much it is used. */
int64_t session_policy_ends_in(const struct session_limits *limits,
			       const struct session_times *times);

/* Where a request comes from. */
struct session_client {
	const char *address; /* of the connection; may be NULL */
	const char *browser; /* User-Agent; may be NULL */
};

/* Why a session ends; the names go into log and audit trail. */
enum session_end {
	SESSION_GOES_ON,
	SESSION_END_LIFETIME,
	SESSION_END_IDLE,
	SESSION_END_ADDRESS,
	SESSION_END_BROWSER
};

/* "expired", "idle", "address", "browser". */
const char *session_end_name(enum session_end end);

enum session_end session_policy_check(const struct session_limits *limits,
				      const struct session_times *times,
				      const struct session_client *began,
				      const struct session_client *now);

/* The audit trail: what somebody may have to answer for, in rows that nobody changes any more.
 *
 * An entry is written together with the act it tells of: audit_call gives a call for pg_run_all, so
 * that both happen or neither. Of passwords, keys, cookies and what was typed into a refused sign-in
 * nothing is ever passed here. The rights and the months of the table: sql/postgresql/006_audit.sql. */
#pragma once
#include "base/outcome.h"
#include "base/value.h"
#include "db/postgresql.h"

/* Each has a name, and some a rule that says when it is written: the table in audit.c. */
enum audit_event {
	AUDIT_SIGN_IN,         /* reason: how, "password" or "django" */
	AUDIT_SIGN_IN_FAILED,  /* "wrong_password", "unknown_name", "account_disabled" */
	AUDIT_LOCKED_OUT,      /* too many attempts; nothing was checked */
	AUDIT_SIGN_UP,         /* a sign-in follows */
	AUDIT_SIGN_OUT,        /* by the person, of this session */
	AUDIT_SESSION_ENDED,   /* "expired", "idle", "replaced", "account_disabled", … */
	AUDIT_SESSIONS_ENDED,  /* several at once, at somebody's wish; each has an entry too */
	AUDIT_ACCESS_REFUSED,  /* signed in, but not allowed */
	AUDIT_ADDRESS_CHANGED, /* within a session */
	AUDIT_BROWSER_CHANGED,
	AUDIT_PASSWORD_CONFIRMED, /* typed again for a sensitive page */
	AUDIT_CONFIRM_FAILED,
	AUDIT_PASSWORD_CHANGED,
	AUDIT_GUEST_STARTED,
	AUDIT_USER_ADDED,
	AUDIT_GROUP_CHANGED,
	AUDIT_POLICY_CHANGED,
	AUDIT_THROTTLE_CLEARED,
	AUDIT_KNOWLEDGE_CHANGED,   /* "created", "edited", "removed", "imported" */
	AUDIT_CONVERSATION_SHARED, /* "shared", "updated", "revoked" */
	AUDIT_CHARACTER_CHANGED, /* "shared", "unshared", "deleted", "imported"; other changes are nobody's matter */
	AUDIT_OWN_KEY_CHANGED, /* "stored", "removed": a person's key of a model server */
	AUDIT_EVENT_COUNT
};

const char *audit_event_name(enum audit_event event);

/* AUDIT_EVENT_COUNT: no event has this name. */
enum audit_event audit_event_find(const char *name);

enum {
	AUDIT_TEXT_MAX_BYTES = 300,   /* each text of an entry is cut there */
	AUDIT_DETAIL_MAX_BYTES = 4096 /* as JSON; a longer one is replaced by a note that it was */
};

/* What happened. Everything but the event may be NULL. */
struct audit_entry {
	enum audit_event event;
	const char *reason;   /* one word, as in the enum above */
	const char *user_id;  /* whom it happened to */
	const char *username; /* as it is now; only of an account that exists */
	const char *session;  /* public_id */
	const char *kind;     /* of session */
	const char *address;  /* of the connection */
	const char *user_agent;
	const char *actor; /* who did it, when not the person: "operator", "system", a username */
	const char *request_id;
	const struct value *detail; /* an object */
};

/* A call that writes the entry, its parameters in `pool`. Put it before the statement that ends a
 * session: AUDIT_SIGN_OUT and AUDIT_SESSION_ENDED are written only while the session stands, so that
 * of many who end it at once one says so. AUDIT_LOCKED_OUT, AUDIT_ACCESS_REFUSED and the changes of
 * address and browser are written once a minute for a session and what is in them, and thirty times at
 * most (without a session: for an account, an address and reason), however often they happen. */
struct pg_call audit_call(struct pool *pool, const struct audit_entry *entry);

/* Write it by itself; the outcomes of pg_run. */
enum outcome audit_write(struct pg_pool *database, struct pool *pool,
			 const struct audit_entry *entry);

/* An entry as it is read; texts are NULL where there is nothing. Whoever may write to the table may
 * have written anything: show its texts as foreign ones. */
struct audit_row {
	int64_t id;
	const char *at; /* "2026-11-20T08:15:02.123Z" */
	int64_t at_s;   /* seconds since 1970 */
	int64_t age_s;
	const char *event;
	const char *reason;
	const char *user_id;
	const char *username;
	const char *session;
	const char *kind;
	const char *address;
	const char *user_agent;
	const char *actor;
	const char *request_id;
	const char *detail; /* JSON */
};

struct audit_list {
	size_t count;
	struct audit_row *rows; /* in the pool */
};

/* Which entries; what is NULL or 0 does not matter. */
struct audit_filter {
	const char *user_id;
	const char *or_username; /* with user_id: entries of this name count as well */
	const char *event;
	const char *address;      /* an address, or a network such as 192.0.2.0/24 */
	int64_t since_s, until_s; /* seconds since 1970; `until_s` is the first that is too late */
	int64_t before_id;        /* go on after this entry */
	size_t limit;             /* at most so many; never 0 */
};

/* Entries, newest first. BAD_REQUEST: the address is none. */
enum outcome audit_list(struct pg_pool *database, struct pool *pool,
			const struct audit_filter *filter, struct audit_list *list);

/* A place in a person's entries: the `limit` nearest to entry `id`. */
struct audit_place {
	const char *user_id;
	int64_t id;
	size_t limit;
};

/* Those before it (INT64_MAX: the newest), or after it; newest first in both. */
enum outcome audit_list_older(struct pg_pool *database, struct pool *pool,
			      const struct audit_place *place, struct audit_list *list);
enum outcome audit_list_newer(struct pg_pool *database, struct pool *pool,
			      const struct audit_place *place, struct audit_list *list);

/* The list of a person's sessions, and ending them: by themselves or by an administrator. What ends
 * is noted in the audit trail by the same statement. */
#pragma once
#include "session/store.h"

struct session_listed {
	const char *public_id;
	enum session_kind kind;
	const char *method;
	const char *address;    /* may be NULL */
	const char *user_agent; /* may be NULL */
	int64_t age_s, idle_s;  /* since it began, since it was last used */
	int64_t created_at_s;   /* since 1970 */
	bool remember;
	const char *user_id;
	const char *username;
};

struct session_listing {
	struct session_listed *items;
	size_t count;
};

/* Sessions that hold, those used last first, at most `limit`; of one person, or with `user_id` NULL of
 * everybody. */
enum outcome session_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			  size_t limit, struct session_listing *list);

/* Which of these sessions, named by public_id, still hold: `are_live` gets one for each. */
enum outcome session_are_live(struct pg_pool *database, struct pool *pool,
			      const char *const *public_ids, size_t count, bool *are_live);

/* Which of a person's sessions end, and who says so. */
struct session_ending {
	const char *user_id;
	const char *only;   /* public_id of the one that ends; NULL: all */
	const char *except; /* public_id of one that stays; may be NULL */
	const char *reason; /* "by_person", "by_operator", "by_administrator", "password_changed" */
	const char *actor;  /* NULL: the person */
	const char *address;
	const char *request_id;
};

/* End them. `*ended` gets how many there were; BAD_REQUEST: `only` is no id. */
enum outcome session_end_listed(struct pg_pool *database, struct pool *pool,
				const struct session_ending *ending, int64_t *ended);

/* Throttle: attempts counted in PostgreSQL before they are made, so that many at once are many. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

struct throttle {
	struct pg_pool *database;
	int64_t limit; /* attempts in a window */
	int64_t window_s;
};

/* The bucket of an account and an address. `kind` keeps apart what `account` is: "user" for the id of
 * somebody known, so that their username and their email count together, "name" for a text that
 * names nobody. An IPv6 address counts with its /64 network, which is what one customer gets. The
 * account is hashed: it may be a password typed into the wrong field. */
const char *throttle_bucket(struct pool *pool, const char *kind, const char *account,
			    const char *address);

/* Count one attempt. TOO_MANY_ATTEMPTS: over the limit; `*retry_after_s` says how long to wait. */
enum outcome throttle_count(const struct throttle *throttle, struct pool *pool, const char *bucket,
			    int64_t *retry_after_s);

/* The attempt succeeded: forget the failures before it. */
void throttle_forgive(const struct throttle *throttle, struct pool *pool, const char *bucket);

/* The attempt could not be made: take it back. */
void throttle_uncount(const struct throttle *throttle, struct pool *pool, const char *bucket);

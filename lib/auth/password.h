/* Passwords: checking them against stored bcrypt hashes, and making new ones.
 *
 * Read: $2a$ $2b$ $2x$ $2y$ at any cost, and Django's bcrypt$$2b$… and bcrypt_sha256$$2b$….
 * bcrypt reads 72 bytes: an existing hash is checked the way PHP and others made it, truncating; a
 * new password that is longer is refused elsewhere, never cut silently. */
#pragma once
#include "base/memory.h"

enum { PASSWORD_MAX_BYTES = 72 };

/* How a table's hashes are written, so that new ones look like their neighbours. */
struct password_style {
	char variant;        /* 'a', 'b' or 'y' */
	int cost;            /* work is 2 to the power of it */
	const char *wrapper; /* "", "bcrypt$" or "bcrypt_sha256$" */
};

/* Whether the text is a hash that this module can check; fills `style` (may be NULL). */
bool password_read_style(const char *stored, struct password_style *style);

/* Whether the password is the one. Takes the time of one hash. A text that is no hash: false. */
bool password_matches(const char *password, const char *stored);

/* The work of a check without a check, for people who do not exist. */
void password_waste_time(const char *password, int cost);

/* A new hash; NULL when the system has no random bytes or memory. */
const char *password_hash(struct pool *pool, const char *password,
			  const struct password_style *style);

/* Credentials: is this the person, and is this the password? */
#pragma once
#include "auth/hash_slots.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "auth/users.h"

/* Everything that checking a password needs; made once at start, shared by all threads. */
struct auth {
	struct users *users;
	struct hash_slots *slots;
	struct throttle throttle;
	int64_t hash_wait_ms;
	int bcrypt_cost; /* of new hashes */
	bool rehash;
	size_t password_min_length; /* characters */
	/* How the table's hashes are written, looked at again every few minutes. */
	_Atomic int neighbour_style;
	_Atomic int64_t neighbour_style_until_ms;
};

struct credentials {
	const char *login; /* username or email */
	const char *password;
	const char *address; /* of the connection */
};

struct credentials_verdict {
	struct user *user;             /* after OK */
	int64_t retry_after_s;         /* after TOO_MANY_ATTEMPTS */
	const char *replaced_password; /* the stored hash before a re-hash, else NULL */
};

/* OK, WRONG_CREDENTIALS, ACCOUNT_DISABLED (only with the right password), TOO_MANY_ATTEMPTS (before
 * anything is hashed, so that a lock does not tell the right password), BUSY, SIGN_IN_UNAVAILABLE,
 * UNAVAILABLE. Unknown people cost the same hash as known ones. */
enum outcome credentials_check(struct auth *auth, struct pool *pool,
			       const struct credentials *credentials,
			       struct credentials_verdict *verdict);

/* A new hash in the way the table writes its hashes; waits for a hash slot. BUSY: none came free. */
enum outcome credentials_hash(struct auth *auth, struct pool *pool, const char *password,
			      const char **stored_password);

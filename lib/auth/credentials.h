/* Credentials: is this the person, and is this the password? */
#pragma once
#include "auth/hash_slots.h"
#include "auth/known_device.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "auth/users.h"

/* Everything that checking a password needs; made once at start, shared by all threads. */
struct auth {
	struct users *users;
	struct hash_slots *slots;
	struct throttle throttle;
	struct known_devices *devices;
	int64_t hash_wait_ms;
	int bcrypt_cost; /* of new hashes */
	bool rehash;
	size_t password_min_length; /* characters */
	/* How the table's hashes are written, looked at again every few minutes. */
	_Atomic int neighbour_style;
	_Atomic int64_t neighbour_style_until_ms;
};

struct credentials {
	const char *login;   /* username or email */
	const char *user_id; /* instead of it: somebody known already; may be NULL */
	const char *password;
	const char *address;      /* of the connection */
	const char *known_device; /* what the device's cookie says, or NULL (auth/known_device.h) */
};

struct credentials_verdict {
	struct user *user;             /* whose name it is, also when refused; NULL: nobody's */
	int64_t retry_after_s;         /* after TOO_MANY_ATTEMPTS */
	const char *replaced_password; /* the stored hash before a re-hash, else NULL */
};

/* OK, WRONG_CREDENTIALS, ACCOUNT_DISABLED (only with the right password), TOO_MANY_ATTEMPTS (before
 * anything is hashed, so that a lock does not tell the right password), BUSY, SIGN_IN_UNAVAILABLE,
 * UNAVAILABLE. Unknown people cost the same hash as known ones. */
enum outcome credentials_check(struct auth *auth, struct pool *pool,
			       const struct credentials *credentials,
			       struct credentials_verdict *verdict);

/* Give a person, whose old password was checked, a new one; `user` has its hash then. FORBIDDEN: the
 * account of [mysql] user may only read. NOT_FOUND: the hash changed in the meantime. BUSY,
 * SIGN_IN_UNAVAILABLE. */
enum outcome credentials_replace(struct auth *auth, struct pool *pool, struct user *user,
				 const char *password);

/* A new hash in the way the table writes its hashes; waits for a hash slot. BUSY: none came free. */
enum outcome credentials_hash(struct auth *auth, struct pool *pool, const char *password,
			      const char **stored_password);

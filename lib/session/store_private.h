/* What the files behind session/store.h share. */
#pragma once
#include "base/crypto.h"
#include "session/members.h"
#include "session/seen.h"
#include "session/signed_identity.h"
#include "session/store.h"

/* Django's own: 32 characters of a-z0-9. */
enum { SESSION_KEY_CHARACTERS = 32 };
extern const char session_key_alphabet[];

struct session_store {
	struct session_store_options options;
	const struct signed_identity_names *names;
	const struct django_keys *keys;
	struct signed_identity_reader *identities;
	struct seen_sessions *seen;
	const char *may_rest; /* JSON: seconds that a session of each kind may rest */
	const struct hmac_key *const *cookie_keys; /* NULL: cookies are not signed */
};

/* The members of signed data; NULL when it cannot be trusted. */
struct members *session_read_members(const struct session_store *store, struct pool *pool,
				     const char *signed_data);

/* A User-Agent as rows hold it: at most 300 bytes, plain text. NULL stays NULL. */
const char *session_short_browser(struct pool *pool, const char *browser);

/* Several statements in one round trip and transaction. */
enum outcome session_run_after(const struct session_store *store, struct pool *pool,
			       const struct pg_call *first, size_t first_count,
			       const struct pg_call *last, size_t last_count);

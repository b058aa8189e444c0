/* Who a session's signed data says it belongs to. Checking the signature, unpacking and parsing is most
 * of the work of a request that is let through, and the answer for the same bytes is the same: what a
 * program has read lately it keeps, with the bytes, and compares them. */
#pragma once
#include "session/django.h"

/* The members that name somebody; each NULL where it is missing or no plain text. */
struct signed_identity {
	const char *user_id, *auth_hash, *backend;
	const char *guest_id;
};

/* Names of those members in the JSON; `backend` may be NULL. */
struct signed_identity_names {
	const char *user_id, *auth_hash, *backend;
};

/* A guest is nobody that Django could know. */
#define IDENTITY_GUEST_ID "gatehouse_guest_id"

struct signed_identity_reader;

/* A reader whose memory ends, wiped, with `pool`. `keys` and `names` outlive it. For all threads. */
struct signed_identity_reader *
signed_identity_reader_new(struct pool *pool, const struct django_keys *keys,
			   const struct signed_identity_names *names);

/* Read the data of the session with this key into `pool`. NULL when it is not signed with our secret,
 * damaged, or no JSON object. */
const struct signed_identity *signed_identity_read(struct signed_identity_reader *reader,
						   struct pool *pool, const char *session_key,
						   const char *signed_data);

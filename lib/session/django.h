/* Django's signed session data, version 3.1 and later:
 *
 *   session_data = payload ":" time ":" signature
 *   payload      = base64url(json), or "." base64url(zlib(json)) where that is shorter
 *   time         = seconds since 1970 in base 62 (0-9A-Za-z)
 *   signature    = base64url(HMAC-SHA256(key, payload ":" time))
 *   key          = SHA-256("django.contrib.sessions.SessionStore" "signer" SECRET_KEY)
 *
 * (django.core.signing, django.contrib.sessions.backends.base). The form before 3.1, signed with
 * SHA-1, is refused: Django 4.0 refuses it too. */
#pragma once
#include "base/memory.h"

struct django_keys;

enum { DJANGO_DATA_MAX_BYTES = 1 << 20 };

/* The keys made from SECRET_KEY, which signs, and from earlier ones, which may have signed: separated
 * by spaces, newest first; NULL or "": none. Wiped with `pool`. As Django 4.1 and later do with
 * SECRET_KEY_FALLBACKS. */
const struct django_keys *django_keys_new(struct pool *pool, const char *secret_key,
					  const char *fallbacks);

/* The signed text of a session's JSON. `now_s` is in seconds since 1970. */
const char *django_encode(struct pool *pool, const struct django_keys *keys, const char *json,
			  int64_t now_s);

/* The JSON bytes of signed text, NUL-terminated; NULL when none of the keys signed it, the stream is
 * damaged, or it holds more than DJANGO_DATA_MAX_BYTES. Whether it is JSON is not checked. */
const char *django_decode(struct pool *pool, const struct django_keys *keys,
			  const char *signed_text, size_t *length);

/* Whether the current key signed the text, not an earlier one. */
bool django_is_signed_with_current_key(struct pool *pool, const struct django_keys *keys,
				       const char *signed_text);

/* The hash of a user's stored password that ends sessions when the password changes:
 * hex(HMAC-SHA256(SHA-256(salt SECRET_KEY), stored_password)), made with the current key. */
const char *django_auth_hash(struct pool *pool, const struct django_keys *keys,
			     const char *stored_password);

/* Whether the hash was made of this stored password with any of the keys. `*is_current` (may be
 * NULL): with the current one. */
bool django_auth_hash_fits(struct pool *pool, const struct django_keys *keys, const char *hash,
			   const char *stored_password, bool *is_current);

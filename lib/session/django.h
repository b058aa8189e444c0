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

/* The keys made from SECRET_KEY; wiped with `pool`. */
const struct django_keys *django_keys_new(struct pool *pool, const char *secret_key);

/* The signed text of a session's JSON. `now_s` is in seconds since 1970. */
const char *django_encode(struct pool *pool, const struct django_keys *keys, const char *json,
			  int64_t now_s);

/* The JSON bytes of signed text, NUL-terminated; NULL when the signature does not fit, the stream
 * is damaged, or it holds more than DJANGO_DATA_MAX_BYTES. Whether it is JSON is not checked. */
const char *django_decode(struct pool *pool, const struct django_keys *keys,
			  const char *signed_text, size_t *length);

/* What Django keeps as _auth_user_hash: hexadecimal HMAC-SHA256 of the stored password text
 * (AbstractBaseUser.get_session_auth_hash). */
const char *django_auth_hash(struct pool *pool, const struct django_keys *keys,
			     const char *stored_password);

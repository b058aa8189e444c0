/* Known devices: what tells a device that somebody signed in on from a stranger's, so that strangers
 * who guess cannot lock the owner out of it (OWASP, "Slow Down Online Guessing Attacks with Device
 * Cookies").
 *
 * The text of a cookie, bound to one account and good for a year. It names nobody, and never takes
 * the place of the password: with it, failures are only counted apart. Its form is
 *
 *   1.NONCE.ISSUED.SIGNATURE
 *
 * with 16 random bytes and a signature of 32 in base64url, and the time of issue in seconds since
 * 1970. The signature is HMAC-SHA256 over "1.NONCE.ISSUED.ACCOUNT", where the account is the user's
 * id and stored password hash: a changed password makes all devices strangers again. */
#pragma once
#include "base/memory.h"

enum { KNOWN_DEVICE_SECONDS = 365 * 24 * 60 * 60 };

struct known_devices;

/* Keys derived from the secret, which signs, and from earlier ones (crypto_hmac_keys_new). */
struct known_devices *known_devices_new(struct pool *pool, const char *secret, const char *earlier);

/* What a text is bound to. */
const char *known_device_account(struct pool *pool, const char *user_id,
				 const char *stored_password);

/* A new text for this account, issued at `now_s`. */
const char *known_device_new(const struct known_devices *devices, struct pool *pool,
			     const char *account, int64_t now_s);

/* The nonce of a text that is valid for this account at `now_s`: what tells their devices apart.
 * NULL for anything else; `text` may be NULL. */
const char *known_device_nonce(const struct known_devices *devices, struct pool *pool,
			       const char *text, const char *account, int64_t now_s);

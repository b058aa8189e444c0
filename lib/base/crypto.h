/* Cryptography: OpenSSL behind a few plain functions. */
#pragma once
#include "base/memory.h"

enum { SHA256_BYTES = 32 };

/* Fill with bytes from the operating system's generator; aborts when it has none to give. */
void crypto_random(void *bytes, size_t size);

/* `length` characters drawn evenly from `alphabet` (2 to 256 characters). */
char *crypto_random_text(struct pool *pool, const char *alphabet, size_t length);

/* A random UUID (RFC 9562, version 4) in lower case. */
char *crypto_uuid(struct pool *pool);

void crypto_sha256(const void *data, size_t size, unsigned char digest[static SHA256_BYTES]);

/* A key of HMAC-SHA256 (RFC 2104), set up once: what depends on the key alone is half the work. It
 * is wiped with `pool`, and may be used by several threads at once. */
struct hmac_key;
struct hmac_key *crypto_hmac_key_new(struct pool *pool, const void *key, size_t size);
void crypto_hmac_sign(const struct hmac_key *key, const void *data, size_t size,
		      unsigned char digest[static SHA256_BYTES]);

/* The same with a key that is used once. */
void crypto_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
			unsigned char digest[static SHA256_BYTES]);

/* Keys of HMAC-SHA256 for one purpose, made of a secret and of the earlier ones that are still good
 * (separated by spaces; NULL or "": none). The first signs, each may have signed, NULL ends
 * them. A key is SHA-256(purpose secret), as Django makes its own (django.utils.crypto.salted_hmac):
 * what one purpose signed is worth nothing for another. Purposes of ours are named "gatehouse.…". */
const struct hmac_key *const *crypto_hmac_keys_new(struct pool *pool, const char *purpose,
						   const char *secret, const char *earlier);

/* The place in `keys` of the one that made this digest of the data, 0 for the current one; -1 when
 * none did. Each comparison takes the same time wherever the bytes differ. */
int crypto_hmac_find(const struct hmac_key *const *keys, const void *data, size_t size,
		     const unsigned char digest[static SHA256_BYTES]);

/* Whether the bytes are the same, in a time that does not depend on where they differ. */
bool crypto_equal(const void *left, const void *right, size_t size);
/* The same for texts; their lengths are not secret. */
bool crypto_equal_text(const char *left, const char *right);

/* base64url without padding (RFC 4648, section 5), and back; crypto_base64url_decode gives NULL
 * for anything else, padding included. */
char *crypto_base64url(struct pool *pool, const void *data, size_t size);
unsigned char *crypto_base64url_decode(struct pool *pool, const char *text, size_t length,
				       size_t *size);
/* base64 with padding (section 4), and back; white space between is passed over, and the padding may
 * be missing. NULL for anything else. */
char *crypto_base64(struct pool *pool, const void *data, size_t size);
unsigned char *crypto_base64_decode(struct pool *pool, const char *text, size_t length,
				    size_t *size);

/* Keep a secret of somebody's in a database: AES-256-GCM (NIST SP 800-38D) with a random nonce. The
 * key is SHA-256(purpose secret), as above. `context` says whose it is and what for; the text opens
 * only under the same one, so that it is worth nothing in another row.
 * crypto_unseal tries `secret`, then each of `earlier` (separated by spaces; NULL or "": none), and
 * gives NULL when none fits or the text was changed; what it gives is wiped with `pool`. */
char *crypto_seal(struct pool *pool, const char *purpose, const char *secret, const char *context,
		  const char *text);
char *crypto_unseal(struct pool *pool, const char *purpose, const char *secret, const char *earlier,
		    const char *context, const char *sealed);

/* Lower-case hexadecimal. */
char *crypto_hex(struct pool *pool, const void *data, size_t size);

/* Cryptography: OpenSSL behind a few plain functions. */
#pragma once
#include "base/memory.h"

enum { SHA256_BYTES = 32 };

/* Fill with bytes from the operating system's generator; aborts when it has none to give. */
void crypto_random(void *bytes, size_t size);

/* `length` characters drawn evenly from `alphabet` (2 to 256 characters). */
char *crypto_random_text(struct pool *pool, const char *alphabet, size_t length);

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

/* Whether the bytes are the same, in a time that does not depend on where they differ. */
bool crypto_equal(const void *left, const void *right, size_t size);
/* The same for texts; their lengths are not secret. */
bool crypto_equal_text(const char *left, const char *right);

/* base64url without padding (RFC 4648, section 5), and back; crypto_base64url_decode gives NULL
 * for anything else, padding included. */
char *crypto_base64url(struct pool *pool, const void *data, size_t size);
unsigned char *crypto_base64url_decode(struct pool *pool, const char *text, size_t length,
				       size_t *size);
/* base64 with padding (section 4). */
char *crypto_base64(struct pool *pool, const void *data, size_t size);

/* Lower-case hexadecimal. */
char *crypto_hex(struct pool *pool, const void *data, size_t size);

/* SHA256_Update and its like: OpenSSL 3 would rather have them called through EVP, which looks the
 * algorithm up and allocates each time. Every request checks a signature: there that took longer
 * than the hashing, and threads met at its counters. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void crypto_random(void *bytes, size_t size)
{
	unsigned char *at = bytes;
	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);
		if (got <= 0) {
			fputs("gatehouse: the operating system gives no random bytes\n", stderr);
			abort();
		}
		at += got;
		size -= (size_t)got;
	}
}

char *crypto_random_text(struct pool *pool, const char *alphabet, size_t length)
{
	size_t letters = strlen(alphabet);
	unsigned limit = (unsigned)(256 - 256 % letters); /* above it some letters were likelier */
	char *text = pool_alloc(pool, length + 1);
	unsigned char random[64];
	size_t left = 0;
	for (size_t i = 0; i < length;) {
		if (left == 0) {
			crypto_random(random, sizeof random);
			left = sizeof random;
		}
		unsigned char byte = random[--left];
		if (byte < limit)
			text[i++] = alphabet[byte % letters];
	}
	text[length] = '\0';
	memory_wipe(random, sizeof random);
	return text;
}

void crypto_sha256(const void *data, size_t size, unsigned char digest[static SHA256_BYTES])
{
	SHA256(data, size, digest);
}

struct hmac_key {
	SHA256_CTX inner, outer; /* after the padded key */
};

static void pad_key(SHA256_CTX *state, const unsigned char key[static SHA256_CBLOCK],
		    unsigned char pad)
{
	unsigned char padded[SHA256_CBLOCK];
	for (size_t i = 0; i < sizeof padded; i++)
		padded[i] = key[i] ^ pad;
	SHA256_Init(state);
	SHA256_Update(state, padded, sizeof padded);
	memory_wipe(padded, sizeof padded);
}

static void set_key(struct hmac_key *hmac, const void *key, size_t size)
{
	unsigned char block[SHA256_CBLOCK] = { 0 };
	if (size > sizeof block)
		SHA256(key, size, block);
	else
		memcpy(block, key, size);
	pad_key(&hmac->inner, block, 0x36);
	pad_key(&hmac->outer, block, 0x5c);
	memory_wipe(block, sizeof block);
}

struct hmac_key *crypto_hmac_key_new(struct pool *pool, const void *key, size_t size)
{
	struct hmac_key *hmac = pool_alloc(pool, sizeof *hmac);
	pool_wipe_at_end(pool, hmac, sizeof *hmac);
	set_key(hmac, key, size);
	return hmac;
}

void crypto_hmac_sign(const struct hmac_key *key, const void *data, size_t size,
		      unsigned char digest[static SHA256_BYTES])
{
	SHA256_CTX state = key->inner;
	SHA256_Update(&state, data, size);
	SHA256_Final(digest, &state);
	state = key->outer;
	SHA256_Update(&state, digest, SHA256_BYTES);
	SHA256_Final(digest, &state);
	memory_wipe(&state, sizeof state);
}

void crypto_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
			unsigned char digest[static SHA256_BYTES])
{
	struct hmac_key hmac;
	set_key(&hmac, key, key_size);
	crypto_hmac_sign(&hmac, data, size, digest);
	memory_wipe(&hmac, sizeof hmac);
}

bool crypto_equal(const void *left, const void *right, size_t size)
{
	return CRYPTO_memcmp(left, right, size) == 0;
}

bool crypto_equal_text(const char *left, const char *right)
{
	size_t length = strlen(left);
	return length == strlen(right) && crypto_equal(left, right, length);
}

char *crypto_base64(struct pool *pool, const void *data, size_t size)
{
	char *text = pool_alloc(pool, (size + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)text, data, (int)size);
	return text;
}

char *crypto_base64url(struct pool *pool, const void *data, size_t size)
{
	char *text = crypto_base64(pool, data, size);
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
		if (*c == '\0')
			break;
	}
	return text;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

unsigned char *crypto_base64url_decode(struct pool *pool, const char *text, size_t length,
				       size_t *size)
{
	if (length % 4 == 1)
		return NULL;
	unsigned char *bytes = pool_alloc(pool, length / 4 * 3 + 3);
	uint32_t bits = 0;
	int filled = 0;
	*size = 0;
	for (size_t i = 0; i < length; i++) {
		int value = sextet(text[i]);
		if (value < 0)
			return NULL;
		bits = (bits << 6 | (uint32_t)value) & 0xffffff;
		filled += 6;
		if (filled >= 8) {
			filled -= 8;
			bytes[(*size)++] = (unsigned char)(bits >> filled);
		}
	}
	/* Bits left over must be zero, or two texts would mean the same bytes. */
	return (bits & ((1U << filled) - 1)) == 0 ? bytes : NULL;
}

char *crypto_hex(struct pool *pool, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	char *text = pool_alloc(pool, size * 2 + 1);
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[size * 2] = '\0';
	return text;
}

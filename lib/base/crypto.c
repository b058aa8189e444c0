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

char *crypto_uuid(struct pool *pool)
{
	unsigned char bytes[16];
	crypto_random(bytes, sizeof bytes);
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* the variant of the RFC */
	return pool_printf(pool, "%s-%s-%s-%s-%s", crypto_hex(pool, bytes, 4),
			   crypto_hex(pool, bytes + 4, 2), crypto_hex(pool, bytes + 6, 2),
			   crypto_hex(pool, bytes + 8, 2), crypto_hex(pool, bytes + 10, 6));
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

static void derive_bytes(unsigned char key[static SHA256_BYTES], const char *purpose,
			 const char *secret, size_t length)
{
	SHA256_CTX state;
	SHA256_Init(&state);
	SHA256_Update(&state, purpose, strlen(purpose));
	SHA256_Update(&state, secret, length);
	SHA256_Final(key, &state);
	memory_wipe(&state, sizeof state);
}

static const struct hmac_key *derive_key(struct pool *pool, const char *purpose, const char *secret,
					 size_t length)
{
	unsigned char key[SHA256_BYTES];
	derive_bytes(key, purpose, secret, length);
	const struct hmac_key *derived = crypto_hmac_key_new(pool, key, sizeof key);
	memory_wipe(key, sizeof key);
	return derived;
}

const struct hmac_key *const *crypto_hmac_keys_new(struct pool *pool, const char *purpose,
						   const char *secret, const char *earlier)
{
	if (earlier == NULL)
		earlier = "";
	/* The current one, one for every second byte at most, and the end. */
	const struct hmac_key **keys =
		pool_zalloc(pool, (strlen(earlier) / 2 + 3) * sizeof(struct hmac_key *));
	size_t count = 0;
	keys[count++] = derive_key(pool, purpose, secret, strlen(secret));
	for (size_t length; *(earlier += strspn(earlier, " ")) != '\0'; earlier += length) {
		length = strcspn(earlier, " ");
		keys[count++] = derive_key(pool, purpose, earlier, length);
	}
	return keys;
}

int crypto_hmac_find(const struct hmac_key *const *keys, const void *data, size_t size,
		     const unsigned char digest[static SHA256_BYTES])
{
	for (int i = 0; keys[i] != NULL; i++) {
		unsigned char made[SHA256_BYTES];
		crypto_hmac_sign(keys[i], data, size, made);
		if (crypto_equal(made, digest, sizeof made))
			return i;
	}
	return -1;
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

unsigned char *crypto_base64_decode(struct pool *pool, const char *text, size_t length,
				    size_t *size)
{
	char *url = pool_alloc(pool, length + 1);
	size_t count = 0, padding = 0;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c == '-' || c == '_' || (padding > 0 && c != '='))
			return NULL;
		if (c == '=')
			padding++;
		else
			url[count++] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	if (padding > 0 && (padding > 2 || (count + padding) % 4 != 0))
		return NULL;
	return crypto_base64url_decode(pool, url, count, size);
}

/* A sealed text is "1." and base64url of nonce, encrypted text and tag. */
static const char seal_form[] = "1.";
enum { SEAL_NONCE_BYTES = 12, SEAL_TAG_BYTES = 16 };

struct sealing {
	unsigned char key[SHA256_BYTES];
	const char *context;
	unsigned char *nonce, *text, *tag;
	size_t length; /* of the text */
};

/* The tag is written when encrypting and compared when decrypting. */
static bool run_cipher(const struct sealing *sealing, bool encrypts, const void *in)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int written, size = (int)sealing->length, context = (int)strlen(sealing->context);
	bool done = cipher != NULL &&
		    EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, sealing->key, sealing->nonce,
				      encrypts) == 1 &&
		    EVP_CipherUpdate(cipher, NULL, &written,
				     (const unsigned char *)sealing->context, context) == 1 &&
		    EVP_CipherUpdate(cipher, sealing->text, &written, in, size) == 1 &&
		    (encrypts || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_BYTES,
						     sealing->tag) == 1) &&
		    EVP_CipherFinal_ex(cipher, sealing->text + sealing->length, &written) == 1 &&
		    (!encrypts || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_BYTES,
						      sealing->tag) == 1);
	EVP_CIPHER_CTX_free(cipher);
	return done;
}

char *crypto_seal(struct pool *pool, const char *purpose, const char *secret, const char *context,
		  const char *text)
{
	size_t length = strlen(text), size = SEAL_NONCE_BYTES + length + SEAL_TAG_BYTES;
	unsigned char *bytes = pool_alloc(pool, size);
	struct sealing sealing = { .context = context,
				   .nonce = bytes,
				   .text = bytes + SEAL_NONCE_BYTES,
				   .tag = bytes + SEAL_NONCE_BYTES + length,
				   .length = length };
	derive_bytes(sealing.key, purpose, secret, strlen(secret));
	crypto_random(sealing.nonce, SEAL_NONCE_BYTES);
	bool done = run_cipher(&sealing, true, text);
	memory_wipe(sealing.key, sizeof sealing.key);
	if (!done) {
		fputs("gatehouse: AES-256-GCM is not available\n", stderr);
		abort();
	}
	return pool_printf(pool, "%s%s", seal_form, crypto_base64url(pool, bytes, size));
}

static bool unseal_with(struct sealing *sealing, const char *purpose, const char *secret,
			size_t length, const void *encrypted)
{
	derive_bytes(sealing->key, purpose, secret, length);
	bool done = run_cipher(sealing, false, encrypted);
	memory_wipe(sealing->key, sizeof sealing->key);
	return done;
}

char *crypto_unseal(struct pool *pool, const char *purpose, const char *secret, const char *earlier,
		    const char *context, const char *sealed)
{
	size_t form = sizeof seal_form - 1, size;
	if (strncmp(sealed, seal_form, form) != 0)
		return NULL;
	unsigned char *bytes = crypto_base64url_decode(pool, sealed + form, strlen(sealed + form),
						       &size);
	if (bytes == NULL || size < SEAL_NONCE_BYTES + SEAL_TAG_BYTES)
		return NULL;
	struct sealing sealing = { .context = context,
				   .nonce = bytes,
				   .tag = bytes + size - SEAL_TAG_BYTES,
				   .length = size - SEAL_NONCE_BYTES - SEAL_TAG_BYTES };
	sealing.text = pool_zalloc(pool, sealing.length + 1);
	pool_wipe_at_end(pool, sealing.text, sealing.length);
	const unsigned char *encrypted = bytes + SEAL_NONCE_BYTES;
	bool done = unseal_with(&sealing, purpose, secret, strlen(secret), encrypted);
	for (const char *at = earlier != NULL ? earlier : ""; !done;) {
		at += strspn(at, " ");
		size_t length = strcspn(at, " ");
		if (length == 0)
			return NULL;
		done = unseal_with(&sealing, purpose, at, length, encrypted);
		at += length;
	}
	sealing.text[sealing.length] = '\0';
	return (char *)sealing.text;
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

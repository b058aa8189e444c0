#include "session/django.h"
#include "base/compress.h"
#include "base/crypto.h"
#include <string.h>

struct django_keys {
	const struct hmac_key *const *session, *const *auth_hash; /* the current one first */
};

const struct django_keys *django_keys_new(struct pool *pool, const char *secret_key,
					  const char *fallbacks)
{
	struct django_keys *keys = pool_alloc(pool, sizeof *keys);
	keys->session = crypto_hmac_keys_new(pool, "django.contrib.sessions.SessionStoresigner",
					     secret_key, fallbacks);
	keys->auth_hash = crypto_hmac_keys_new(
		pool, "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash",
		secret_key, fallbacks);
	return keys;
}

static const char *base62(struct pool *pool, int64_t number)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char text[16];
	size_t at = sizeof text - 1;
	text[at] = '\0';
	do {
		text[--at] = digits[number % 62];
		number /= 62;
	} while (number > 0);
	return pool_strdup(pool, text + at);
}

static const char *sign(struct pool *pool, const struct django_keys *keys, const char *value,
			size_t length)
{
	unsigned char digest[SHA256_BYTES];
	crypto_hmac_sign(keys->session[0], value, length, digest);
	return crypto_base64url(pool, digest, sizeof digest);
}

/* Django compresses when that saves at least two bytes. */
static const char *payload_of(struct pool *pool, const char *json)
{
	size_t length = strlen(json), compressed_length;
	const unsigned char *compressed = compress_deflate(pool, json, length, &compressed_length);
	if (compressed != NULL && compressed_length + 1 < length)
		return pool_printf(pool, ".%s",
				   crypto_base64url(pool, compressed, compressed_length));
	return crypto_base64url(pool, json, length);
}

const char *django_encode(struct pool *pool, const struct django_keys *keys, const char *json,
			  int64_t now_s)
{
	const char *value = pool_printf(pool, "%s:%s", payload_of(pool, json), base62(pool, now_s));
	return pool_printf(pool, "%s:%s", value, sign(pool, keys, value, strlen(value)));
}

/* The JSON in a payload whose signature was right. */
static const char *unpack(struct pool *pool, const char *payload, size_t payload_length,
			  size_t *length)
{
	bool compressed = payload_length > 0 && payload[0] == '.';
	size_t size;
	const unsigned char *bytes = crypto_base64url_decode(pool, payload + compressed,
							     payload_length - compressed, &size);
	if (bytes == NULL)
		return NULL;
	if (compressed)
		return (const char *)compress_inflate(pool, bytes, size, DJANGO_DATA_MAX_BYTES,
						      length);
	if (size > DJANGO_DATA_MAX_BYTES)
		return NULL;
	*length = size;
	return pool_strndup(pool, (const char *)bytes, size);
}

/* The place of the key that signed the text, and how long what it signed is; -1: none of ours. */
static int find_signer(struct pool *pool, const struct django_keys *keys, const char *signed_text,
		       size_t *value_length)
{
	const char *colon = strrchr(signed_text, ':');
	if (colon == NULL)
		return -1;
	size_t size;
	const unsigned char *signature = crypto_base64url_decode(pool, colon + 1, strlen(colon + 1),
								 &size);
	if (signature == NULL || size != SHA256_BYTES)
		return -1;
	*value_length = (size_t)(colon - signed_text);
	return crypto_hmac_find(keys->session, signed_text, *value_length, signature);
}

const char *django_decode(struct pool *pool, const struct django_keys *keys,
			  const char *signed_text, size_t *length)
{
	size_t value_length;
	if (find_signer(pool, keys, signed_text, &value_length) < 0)
		return NULL;
	/* The time stands between the last two colons; sessions do not age by it. */
	const char *colon = memchr(signed_text, ':', value_length);
	if (colon == NULL)
		return NULL;
	return unpack(pool, signed_text, (size_t)(colon - signed_text), length);
}

bool django_is_signed_with_current_key(struct pool *pool, const struct django_keys *keys,
				       const char *signed_text)
{
	size_t value_length;
	return find_signer(pool, keys, signed_text, &value_length) == 0;
}

static const char *auth_hash(struct pool *pool, const struct hmac_key *key,
			     const char *stored_password)
{
	unsigned char digest[SHA256_BYTES];
	crypto_hmac_sign(key, stored_password, strlen(stored_password), digest);
	return crypto_hex(pool, digest, sizeof digest);
}

const char *django_auth_hash(struct pool *pool, const struct django_keys *keys,
			     const char *stored_password)
{
	return auth_hash(pool, keys->auth_hash[0], stored_password);
}

bool django_auth_hash_fits(struct pool *pool, const struct django_keys *keys, const char *hash,
			   const char *stored_password, bool *is_current)
{
	for (size_t i = 0; keys->auth_hash[i] != NULL; i++) {
		const char *made = auth_hash(pool, keys->auth_hash[i], stored_password);
		if (!crypto_equal_text(made, hash))
			continue;
		if (is_current != NULL)
			*is_current = i == 0;
		return true;
	}
	return false;
}

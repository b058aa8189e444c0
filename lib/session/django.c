#include "session/django.h"
#include "base/compress.h"
#include "base/crypto.h"
#include <string.h>

struct django_keys {
	const struct hmac_key *session, *auth_hash;
};

static const struct hmac_key *derive(struct pool *pool, const char *salt, const char *secret_key)
{
	unsigned char key[SHA256_BYTES];
	char *text = pool_printf(pool, "%s%s", salt, secret_key);
	crypto_sha256(text, strlen(text), key);
	memory_wipe(text, strlen(text));
	const struct hmac_key *derived = crypto_hmac_key_new(pool, key, sizeof key);
	memory_wipe(key, sizeof key);
	return derived;
}

const struct django_keys *django_keys_new(struct pool *pool, const char *secret_key)
{
	struct django_keys *keys = pool_alloc(pool, sizeof *keys);
	keys->session = derive(pool, "django.contrib.sessions.SessionStoresigner", secret_key);
	keys->auth_hash =
		derive(pool, "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash",
		       secret_key);
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
	crypto_hmac_sign(keys->session, value, length, digest);
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

const char *django_decode(struct pool *pool, const struct django_keys *keys,
			  const char *signed_text, size_t *length)
{
	const char *signature = strrchr(signed_text, ':');
	if (signature == NULL)
		return NULL;
	size_t value_length = (size_t)(signature - signed_text);
	const char *expected = sign(pool, keys, signed_text, value_length);
	if (!crypto_equal_text(expected, signature + 1))
		return NULL;
	/* The time stands between the last two colons; sessions do not age by it. */
	const char *colon = memchr(signed_text, ':', value_length);
	if (colon == NULL)
		return NULL;
	return unpack(pool, signed_text, (size_t)(colon - signed_text), length);
}

const char *django_auth_hash(struct pool *pool, const struct django_keys *keys,
			     const char *stored_password)
{
	unsigned char digest[SHA256_BYTES];
	crypto_hmac_sign(keys->auth_hash, stored_password, strlen(stored_password), digest);
	return crypto_hex(pool, digest, sizeof digest);
}

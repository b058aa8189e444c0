#include "auth/known_device.h"
#include "base/crypto.h"
#include "base/text.h"
#include <string.h>

enum {
	NONCE_BYTES = 16,
	NONCE_CHARACTERS = 22,     /* in base64url */
	SIGNATURE_CHARACTERS = 43, /* likewise */
	ISSUED_MAX_CHARACTERS = 12,
	CLOCK_SKEW_S = 300, /* the machines of a fleet agree so far */
};

struct known_devices {
	const struct hmac_key *const *keys;
};

struct known_devices *known_devices_new(struct pool *pool, const char *secret, const char *earlier)
{
	struct known_devices *devices = pool_alloc(pool, sizeof *devices);
	devices->keys = crypto_hmac_keys_new(pool, "gatehouse.known_device", secret, earlier);
	return devices;
}

const char *known_device_account(struct pool *pool, const char *user_id,
				 const char *stored_password)
{
	return pool_printf(pool, "%s.%s", user_id, stored_password);
}

/* `signed_part` is "1.NONCE.ISSUED": none of it can hold another dot, so that nothing of it can be
 * taken for a part of the account. */
static const char *sign(const struct hmac_key *key, struct pool *pool, const char *signed_part,
			const char *account)
{
	unsigned char digest[SHA256_BYTES];
	const char *text = pool_printf(pool, "%s.%s", signed_part, account);
	crypto_hmac_sign(key, text, strlen(text), digest);
	return crypto_base64url(pool, digest, sizeof digest);
}

const char *known_device_new(const struct known_devices *devices, struct pool *pool,
			     const char *account, int64_t now_s)
{
	unsigned char nonce[NONCE_BYTES];
	crypto_random(nonce, sizeof nonce);
	const char *signed_part = pool_printf(
		pool, "1.%s.%lld", crypto_base64url(pool, nonce, sizeof nonce), (long long)now_s);
	return pool_printf(pool, "%s.%s", signed_part,
			   sign(devices->keys[0], pool, signed_part, account));
}

/* Whether it was issued within the last year. */
static bool is_in_time(const char *issued, int64_t now_s)
{
	int64_t issued_s;
	return text_to_integer(issued, 0, INT64_MAX, &issued_s) &&
	       issued_s <= now_s + CLOCK_SKEW_S && issued_s > now_s - KNOWN_DEVICE_SECONDS;
}

static bool is_signed(const struct known_devices *devices, struct pool *pool,
		      const char *signed_part, const char *account, const char *signature)
{
	const char *text = pool_printf(pool, "%s.%s", signed_part, account);
	size_t size;
	const unsigned char *digest = crypto_base64url_decode(pool, signature, strlen(signature),
							      &size);
	return digest != NULL && size == SHA256_BYTES &&
	       crypto_hmac_find(devices->keys, text, strlen(text), digest) >= 0;
}

const char *known_device_nonce(const struct known_devices *devices, struct pool *pool,
			       const char *text, const char *account, int64_t now_s)
{
	if (text == NULL || !text_starts_with(text, "1."))
		return NULL;
	const char *nonce = text + 2;
	if (strcspn(nonce, ".") != NONCE_CHARACTERS || nonce[NONCE_CHARACTERS] != '.')
		return NULL;
	const char *issued = nonce + NONCE_CHARACTERS + 1;
	size_t length = strcspn(issued, ".");
	if (length > ISSUED_MAX_CHARACTERS || issued[length] != '.' ||
	    strlen(issued + length + 1) != SIGNATURE_CHARACTERS ||
	    !is_in_time(pool_strndup(pool, issued, length), now_s))
		return NULL;
	const char *signed_part = pool_strndup(pool, text, (size_t)(issued + length - text));
	if (!is_signed(devices, pool, signed_part, account, issued + length + 1))
		return NULL;
	return pool_strndup(pool, nonce, NONCE_CHARACTERS);
}

#include "web/csrf.h"
#include "base/crypto.h"
#include <string.h>

enum { SECRET = 32, TOKEN = 64, LETTERS = 62 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Place in the alphabet, or -1. */
static int place(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 26;
	return c >= '0' && c <= '9' ? c - '0' + 52 : -1;
}

/* The secret in a token of either length; false when it is no token. */
static bool unmask(const char *token, char secret[static SECRET + 1])
{
	size_t length = token != NULL ? strlen(token) : 0;
	if (length != SECRET && length != TOKEN)
		return false;
	for (size_t i = 0; i < length; i++)
		if (place(token[i]) < 0)
			return false;
	for (size_t i = 0; i < SECRET; i++) {
		int letter = place(token[i]);
		if (length == TOKEN)
			letter = (place(token[SECRET + i]) - letter + LETTERS) % LETTERS;
		secret[i] = alphabet[letter];
	}
	secret[SECRET] = '\0';
	return true;
}

static const char *mask(struct pool *pool, const char *secret)
{
	char *token = pool_alloc(pool, TOKEN + 1);
	memcpy(token, crypto_random_text(pool, alphabet, SECRET), SECRET);
	for (size_t i = 0; i < SECRET; i++)
		token[SECRET + i] =
			alphabet[(place(secret[i]) + place(token[i]) + LETTERS) % LETTERS];
	token[TOKEN] = '\0';
	return token;
}

const char *csrf_new_cookie(struct pool *pool)
{
	return mask(pool, crypto_random_text(pool, alphabet, SECRET));
}

bool csrf_cookie_is_usable(const char *cookie)
{
	char secret[SECRET + 1];
	return unmask(cookie, secret);
}

const char *csrf_token(struct pool *pool, const char *cookie)
{
	char secret[SECRET + 1];
	return unmask(cookie, secret) ? mask(pool, secret) : "";
}

bool csrf_matches(const char *cookie, const char *token)
{
	char expected[SECRET + 1], given[SECRET + 1];
	return unmask(cookie, expected) && unmask(token, given) &&
	       crypto_equal(expected, given, SECRET);
}

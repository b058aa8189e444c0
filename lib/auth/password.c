#include "auth/password.h"
#include "base/crypto.h"
#include "base/text.h"
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BCRYPT_CHARACTERS = 60, /* $2b$12$ + 22 of salt + 31 of hash */
	COST_MIN = 4,
	COST_MAX = 31,
};

static const char *const wrappers[] = { "bcrypt_sha256$", "bcrypt$" };

/* The bcrypt part of a stored hash, and its wrapper. */
static const char *unwrap(const char *stored, const char **wrapper)
{
	*wrapper = "";
	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
		if (text_starts_with(stored, wrappers[i])) {
			*wrapper = wrappers[i];
			return stored + strlen(wrappers[i]);
		}
	}
	return stored;
}

bool password_read_style(const char *stored, struct password_style *style)
{
	const char *wrapper;
	const char *hash = unwrap(stored, &wrapper);
	if (strlen(hash) != BCRYPT_CHARACTERS || hash[0] != '$' || hash[1] != '2' ||
	    hash[2] == '\0' || strchr("abxy", hash[2]) == NULL || hash[3] != '$' || hash[6] != '$')
		return false;
	int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
	if (hash[4] < '0' || hash[4] > '9' || hash[5] < '0' || hash[5] > '9' || cost < COST_MIN ||
	    cost > COST_MAX)
		return false;
	if (style != NULL)
		*style = (struct password_style){ hash[2], cost, wrapper };
	return true;
}

/* What goes into bcrypt: at most 72 bytes of the password, or of the hexadecimal SHA-256 that
 * Django makes of it first. The caller wipes it. */
static void prepare(const char *password, bool pre_hash,
		    char prepared[static PASSWORD_MAX_BYTES + 1])
{
	if (!pre_hash) {
		snprintf(prepared, PASSWORD_MAX_BYTES + 1, "%s", password);
		return;
	}
	unsigned char digest[SHA256_BYTES];
	crypto_sha256(password, strlen(password), digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(prepared + 2 * i, 3, "%02x", digest[i]);
	memory_wipe(digest, sizeof digest);
}

/* Hash with crypt_r; true when it worked. `hash` gets BCRYPT_CHARACTERS and a NUL. */
static bool run_bcrypt(const char *prepared, const char *setting,
		       char hash[static BCRYPT_CHARACTERS + 1])
{
	struct crypt_data *data = calloc(1, sizeof *data);
	if (data == NULL)
		return false;
	const char *made = crypt_r(prepared, setting, data);
	bool good = made != NULL && strlen(made) == BCRYPT_CHARACTERS;
	if (good)
		memcpy(hash, made, BCRYPT_CHARACTERS + 1);
	memory_wipe(data, sizeof *data);
	free(data);
	return good;
}

bool password_matches(const char *password, const char *stored)
{
	if (!password_read_style(stored, NULL))
		return false;
	const char *wrapper;
	const char *hash = unwrap(stored, &wrapper);
	char prepared[PASSWORD_MAX_BYTES + 1], made[BCRYPT_CHARACTERS + 1];
	prepare(password, strcmp(wrapper, "bcrypt_sha256$") == 0, prepared);
	bool matches = run_bcrypt(prepared, hash, made) &&
		       crypto_equal(made, hash, BCRYPT_CHARACTERS);
	memory_wipe(prepared, sizeof prepared);
	memory_wipe(made, sizeof made);
	return matches;
}

void password_waste_time(const char *password, int cost)
{
	/* Salt and hash of nobody's password. */
	char nobody[BCRYPT_CHARACTERS + 1];
	snprintf(nobody, sizeof nobody,
		 "$2b$%02d$......................"
		 "...............................",
		 cost);
	password_matches(password, nobody);
}

const char *password_hash(struct pool *pool, const char *password,
			  const struct password_style *style)
{
	char setting[BCRYPT_CHARACTERS + 1], prepared[PASSWORD_MAX_BYTES + 1];
	char hash[BCRYPT_CHARACTERS + 1];
	char prefix[5] = { '$', '2', style->variant, '$', '\0' };
	unsigned char random[16];
	crypto_random(random, sizeof random);
	if (crypt_gensalt_rn(prefix, (unsigned long)style->cost, (const char *)random,
			     sizeof random, setting, sizeof setting) == NULL)
		return NULL;
	prepare(password, strcmp(style->wrapper, "bcrypt_sha256$") == 0, prepared);
	bool good = run_bcrypt(prepared, setting, hash);
	memory_wipe(prepared, sizeof prepared);
	return good ? pool_printf(pool, "%s%s", style->wrapper, hash) : NULL;
}

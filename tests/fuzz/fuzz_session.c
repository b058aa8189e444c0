/* Session data from the database: whatever the bytes, what is taken can be written, and reads back
 * the same; what was signed is what comes out. */
#include "session/django.h"
#include "session/members.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_members(struct pool *pool, const char *json, size_t length)
{
	struct members *members = members_parse(pool, json, length);
	if (members == NULL)
		return;
	const char *written = members_write(members, pool);
	struct members *again = members_parse(pool, written, strlen(written));
	if (again == NULL || strcmp(members_write(again, pool), written) != 0)
		abort();
	members_set(again, "_auth_user_hash", "abc");
	const char *hash = members_get(again, "_auth_user_hash");
	if (hash == NULL || strcmp(hash, "abc") != 0)
		abort();
	members_set(again, "_auth_user_hash", NULL);
	if (members_get(again, "_auth_user_hash") != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	const struct django_keys *keys = django_keys_new(pool, "corpora-test-secret-key",
							 "an-earlier-key");
	const char *text = pool_strndup(pool, (const char *)data, size);
	size_t length;
	check_members(pool, (const char *)data, size);
	const char *json = django_decode(pool, keys, text, &length);
	if (json != NULL)
		check_members(pool, json, length);
	const char *back = django_decode(pool, keys, django_encode(pool, keys, text, 1), &length);
	if (back == NULL || strcmp(back, text) != 0)
		abort();
	pool_free(pool);
	return 0;
}

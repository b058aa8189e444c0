/* Session texts as Gatehouse writes and reads them, line by line on standard input and output:
 *
 *   decode SIGNED   the JSON inside
 *   encode JSON     signed
 *   resign SIGNED   the same session with another _auth_user_hash, as after a re-hash
 *
 * A line that is refused is answered with "-". The argument is the file with SECRET_KEY. */
#include "base/clock.h"
#include "session/django.h"
#include "session/members.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *decode(struct pool *pool, const struct django_keys *keys, const char *text)
{
	size_t length;
	const char *json = django_decode(pool, keys, text, &length);
	struct members *members = json != NULL ? members_parse(pool, json, length) : NULL;
	return members != NULL ? members_write(members, pool) : NULL;
}

static const char *encode(struct pool *pool, const struct django_keys *keys, const char *text)
{
	struct members *members = members_parse(pool, text, strlen(text));
	if (members == NULL)
		return NULL;
	return django_encode(pool, keys, members_write(members, pool), clock_now_s());
}

static const char *resign(struct pool *pool, const struct django_keys *keys, const char *text)
{
	size_t length;
	const char *json = django_decode(pool, keys, text, &length);
	struct members *members = json != NULL ? members_parse(pool, json, length) : NULL;
	if (members == NULL)
		return NULL;
	members_set(members, "_auth_user_hash", django_auth_hash(pool, keys, "another"));
	return django_encode(pool, keys, members_write(members, pool), clock_now_s());
}

static const struct {
	const char *name;
	const char *(*run)(struct pool *pool, const struct django_keys *keys, const char *text);
} commands[] = {
	{ "decode ", decode },
	{ "encode ", encode },
	{ "resign ", resign },
};

static const char *answer(struct pool *pool, const struct django_keys *keys, const char *line)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (text_starts_with(line, commands[i].name))
			return commands[i].run(pool, keys, line + strlen(commands[i].name));
	return NULL;
}

int main(int argc, char **argv)
{
	char secret_key[256];
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (file == NULL || fgets(secret_key, sizeof secret_key, file) == NULL)
		return 2;
	fclose(file);
	secret_key[strcspn(secret_key, "\n")] = '\0';
	struct pool *keys_pool = pool_new(NULL);
	const struct django_keys *keys = django_keys_new(keys_pool, secret_key, NULL);
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		struct pool *pool = pool_new(NULL);
		const char *text = answer(pool, keys, line);
		puts(text != NULL ? text : "-");
		pool_free(pool);
	}
	free(line);
	pool_free(keys_pool);
	return 0;
}

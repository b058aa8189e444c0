#include "base/file.h"
#include "chat/character_file.h"
#include "commands.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 0 stored, and counted; 1 refused, with the reason on standard error. */
static int take(struct command_context *context, struct pool *pool, const char *path,
		int counts[static 3])
{
	size_t length;
	const char *problem = NULL, *bytes = file_read(pool, path, CHARACTER_FILE_MAX, &length);
	struct character character = character_blank();
	enum character_change change;
	if (bytes == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	if (!character_file_read(pool, bytes, length, &character, &problem))
		return command_fail("%s: %s", path, problem);
	enum outcome outcome = character_import(context->app->postgresql, pool, &character,
						&change);
	if (outcome != OK)
		return command_fail("%s: %s", path, outcome_meaning(outcome)->message);
	counts[change]++;
	return 0;
}

/* The order of the words does not matter, and --shared has to be said: everybody will see them. */
int command_character(struct command_context *context)
{
	bool shared = false;
	int files = 0, refused = 0, counts[3] = { 0, 0, 0 };
	if (context->argc < 1 || strcmp(context->argv[0], "import") != 0)
		return 2;
	for (int i = 1; i < context->argc; i++) {
		bool is_option = strcmp(context->argv[i], "--shared") == 0;
		if (!is_option && context->argv[i][0] == '-')
			return 2;
		shared = shared || is_option;
		files += !is_option;
	}
	if (!shared || files == 0)
		return 2;
	for (int i = 1; i < context->argc; i++) {
		if (strcmp(context->argv[i], "--shared") == 0)
			continue;
		struct pool *pool = pool_new(context->pool);
		refused += take(context, pool, context->argv[i], counts);
		pool_free(pool);
	}
	printf("%d characters: %d new, %d changed, %d as before, %d refused\n", files,
	       counts[CHARACTER_CREATED], counts[CHARACTER_UPDATED], counts[CHARACTER_UNCHANGED],
	       refused);
	return refused > 0;
}

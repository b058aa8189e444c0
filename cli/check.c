#include "commands.h"
#include <stdio.h>

/* Every statement must fit the database: a missing table or column is found here, not by a visitor. */
static int check_postgresql(struct command_context *context)
{
	int broken = 0;
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		const char *error;
		enum outcome outcome = pg_prepare_check(context->app->postgresql, context->pool,
							(enum statement)i, &error);
		if (outcome == UNAVAILABLE)
			return command_fail("PostgreSQL does not answer; the log above says why");
		if (outcome != OK) {
			command_fail("PostgreSQL: statement %s does not fit: %s. Was gatehousectl "
				     "migrate run?",
				     statement_texts[i].name, error);
			broken++;
		}
	}
	if (broken > 0)
		return 1;
	printf("PostgreSQL: works, %d statements fit\n", (int)STATEMENT_COUNT);
	return 0;
}

static int check_mysql(struct command_context *context)
{
	const char *hashes[5];
	size_t count = 0;
	if (users_sample_hashes(context->app->users, context->pool, hashes, &count) != OK)
		return command_fail(
			"MySQL: the users table cannot be read; the log above says why");
	size_t readable = 0;
	for (size_t i = 0; i < count; i++)
		readable += password_read_style(hashes[i], NULL);
	printf("MySQL: works; of %zu password hashes looked at, %zu can be checked\n", count,
	       readable);
	if (!context->config->users.registration)
		return 0;
	bool unique;
	const char *reason;
	if (users_check_unique(context->app->users, context->pool, &unique, &reason) != OK)
		return command_fail("MySQL: the indexes cannot be read");
	return unique ? 0 : command_fail("MySQL: %s", reason);
}

int command_check(struct command_context *context)
{
	if (context->argc != 0)
		return 2;
	const char *path = config_path(context->pool);
	printf("Configuration: %s\n", path != NULL ? path : "from the environment only");
	puts("Templates: all fit");
	int postgresql = check_postgresql(context);
	int mysql = check_mysql(context);
	return postgresql != 0 || mysql != 0;
}

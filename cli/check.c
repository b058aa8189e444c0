#include "commands.h"
#include <stdio.h>

/* Every statement must fit the database: a missing table or column is found here, not by a visitor. */
static int check_postgresql(struct command_context *context)
{
	int broken = 0;
	const char *first = "";
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		const char *error;
		enum outcome outcome = pg_prepare_check(context->app->postgresql, context->pool,
							(enum statement)i, &error);
		if (outcome == UNAVAILABLE)
			return command_fail("PostgreSQL does not answer; the log above says why");
		if (outcome != OK && broken++ == 0)
			first = pool_printf(context->pool, "%s: %s", statement_texts[i].name,
					    error);
	}
	if (broken > 0)
		return command_fail(
			"PostgreSQL: %d of %d statements do not fit the tables, the first is %s. "
			"Run gatehousectl migrate as the owner's role (docs/DEPLOY.md, step 3)",
			broken, (int)STATEMENT_COUNT, first);
	printf("PostgreSQL: works, %d statements fit\n", (int)STATEMENT_COUNT);
	return 0;
}

/* Which statements on the users table this configuration uses, and what is lost without the right
 * to run them; NULL: nothing works. */
struct user_statement {
	enum mysql_statement statement;
	bool is_used;
	const char *without_right;
};

static int check_columns(struct command_context *context)
{
	const struct config *config = context->config;
	const struct user_statement statements[] = {
		{ MYSQL_STATEMENT_USERS_FIND, true, NULL },
		{ MYSQL_STATEMENT_USERS_LOAD, true, NULL },
		{ MYSQL_STATEMENT_USERS_INSERT, config->users.registration, NULL },
		{ MYSQL_STATEMENT_USERS_REPLACE_HASH, config->users.rehash,
		  "weak hashes are not strengthened" },
		{ MYSQL_STATEMENT_USERS_SIGNED_IN, *config->users.last_login != '\0',
		  "the time of the last sign-in is not noted" },
	};
	int broken = 0;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		const struct user_statement *one = &statements[i];
		const char *error;
		enum outcome outcome =
			one->is_used ? mysql_prepare_check(users_database(context->app->users),
							   context->pool, one->statement, &error)
				     : OK;
		if (outcome == FORBIDDEN && one->without_right != NULL)
			printf("MySQL: the account may not write, so %s\n", one->without_right);
		else if (outcome != OK)
			broken += command_fail(
				"MySQL: the [users] settings do not fit the table: %s", error);
	}
	return broken > 0;
}

static int check_mysql(struct command_context *context)
{
	if (check_columns(context) != 0)
		return 1;
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

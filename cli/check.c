#include "commands.h"
#include <stdio.h>

/* Append-only is worth most where the programs' role cannot undo it. */
static void check_trail(struct command_context *context)
{
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_AUDIT_RIGHTS, NULL, 0,
		   &rows) != OK)
		return; /* the log has said why */
	if (pg_bool(rows, 0, 0))
		puts("PostgreSQL: the programs' role owns the audit trail, so only triggers keep "
		     "it from being changed; give the programs a role of their own "
		     "(docs/DEPLOY.md, step 2)");
	else if (pg_bool(rows, 0, 1))
		puts("PostgreSQL: the programs' role has been given rights to change the audit "
		     "trail; gatehousectl migrate, run as the owner's role, takes them away");
}

static void check_knowledge(struct command_context *context)
{
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_KNOWLEDGE_HAS_TRIGRAMS, NULL,
		   0, &rows) == OK &&
	    !pg_bool(rows, 0, 0))
		puts("PostgreSQL: pg_trgm is not there, so questions with typing mistakes find "
		     "less (docs/KNOWLEDGE.md, \"Typing mistakes\")");
}

/* Importing conversations and temporary ones take numbers by themselves, which INSERT does not allow. */
static int check_sequences(struct command_context *context)
{
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_SEQUENCE_RIGHTS, NULL, 0,
		   &rows) != OK)
		return command_fail("PostgreSQL does not answer; the log above says why");
	return pg_bool(rows, 0, 0)
		       ? 0
		       : command_fail(
				 "PostgreSQL: the programs' role may not use sequences, so "
				 "conversations cannot be imported, nor temporary ones be held. "
				 "As the owner's role: GRANT USAGE ON ALL SEQUENCES IN SCHEMA "
				 "public TO the programs' role (docs/DEPLOY.md, step 2)");
}

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
	int status = check_sequences(context);
	if (status != 0)
		return status;
	printf("PostgreSQL: works, %d statements fit\n", (int)STATEMENT_COUNT);
	check_trail(context);
	check_knowledge(context);
	return 0;
}

/* Which statements on the users table this configuration uses, and what is lost without the right
 * to run them; NULL: nothing works. */
struct user_statement {
	enum mysql_statement statement;
	bool is_used;
	const char *without_right;
};

/* Somebody who begins without a table gets one sentence rather than one for each statement. */
static int check_table(struct command_context *context)
{
	bool exists;
	if (users_check_table(context->app->users, context->pool, &exists) != OK)
		return command_fail("MySQL does not answer; the log above says why");
	return exists ? 0
		      : command_fail(
				"MySQL: there is no table %s, or the account has no right to it "
				"(docs/DEPLOY.md, steps 2 and 3)",
				context->config->users.table);
}

static int check_columns(struct command_context *context)
{
	const struct config *config = context->config;
	const struct user_statement statements[] = {
		{ MYSQL_STATEMENT_USERS_FIND, true, NULL },
		{ MYSQL_STATEMENT_USERS_LOAD, true, NULL },
		{ MYSQL_STATEMENT_USERS_INSERT, config->users.registration, NULL },
		{ MYSQL_STATEMENT_USERS_REPLACE_HASH, config->users.rehash,
		  "weak hashes are not strengthened" },
		{ MYSQL_STATEMENT_USERS_REPLACE_HASH, config->users.password_change,
		  "people are offered a change of their password that is refused then; grant "
		  "UPDATE, or set [users] password_change = off" },
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
	if (check_table(context) != 0 || check_columns(context) != 0)
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
	const char *rules = access_rules_names(context->app->rules, context->pool);
	printf("Rules of the wall: %s\n",
	       *rules != '\0' ? rules : "none of your own; every name means signed_in");
	int postgresql = check_postgresql(context);
	int mysql = check_mysql(context);
	return postgresql != 0 || mysql != 0;
}

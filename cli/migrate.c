#include "base/file.h"
#include "commands.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIGRATION_MAX_BYTES = 1 << 20 };

static int is_migration(const struct dirent *entry)
{
	const char *name = entry->d_name;
	return strspn(name, "0123456789") == 3 && name[3] == '_' && text_ends_with(name, ".sql");
}

static bool is_done(const struct pg_rows *done, const char *name)
{
	for (size_t i = 0; i < pg_row_count(done); i++)
		if (strcmp(pg_text(done, i, 0), name) == 0)
			return true;
	return false;
}

static bool run_script(struct command_context *context, const char *script, const char **error)
{
	return pg_run_script(context->app->postgresql, context->pool, script, error) == OK;
}

/* A migration and the note that it was done are one transaction. */
static int apply(struct command_context *context, const char *folder, const char *name)
{
	struct pg_pool *database = context->app->postgresql;
	const char *path = pool_printf(context->pool, "%s/%s", folder, name), *error, *ignored;
	const char *sql = file_read(context->pool, path, MIGRATION_MAX_BYTES, NULL);
	if (sql == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	const char *const note[] = { name };
	bool done = run_script(context, "BEGIN", &error) && run_script(context, sql, &error);
	if (done &&
	    pg_run(database, context->pool, STATEMENT_MIGRATION_NOTE, note, 1, NULL) != OK) {
		error = "it could not be noted as done";
		done = false;
	}
	if (!done || !run_script(context, "COMMIT", &error)) {
		run_script(context, "ROLLBACK", &ignored);
		return command_fail("%s failed and was undone: %s", path, error);
	}
	printf("PostgreSQL: %s applied\n", name);
	return 0;
}

static int migrate_postgresql(struct command_context *context)
{
	struct pg_pool *database = context->app->postgresql;
	const char *error;
	/* Without a deadline: another migration may hold the lock for a while. */
	if (!run_script(context, statement_texts[STATEMENT_MIGRATION_LOCK].sql, &error) ||
	    !run_script(context, statement_texts[STATEMENT_MIGRATION_TABLE].sql, &error))
		return command_fail("PostgreSQL: %s%s", error,
				    strstr(error, "permission denied") != NULL
					    ? ". migrate needs the owner's role; see "
					      "docs/DEPLOY.md, step 3"
					    : "");
	struct pg_rows *done;
	if (pg_run(database, context->pool, STATEMENT_MIGRATION_LIST, NULL, 0, &done) != OK)
		return command_fail("PostgreSQL: cannot read which migrations were done");
	const char *folder = pool_printf(context->pool, "%s/sql/postgresql",
					 context->config->server.share_dir);
	struct dirent **names;
	int count = scandir(folder, &names, is_migration, alphasort);
	if (count <= 0)
		return command_fail("no migrations in %s", folder);
	int status = 0;
	for (int i = 0; i < count; i++) {
		if (status == 0 && !is_done(done, names[i]->d_name))
			status = apply(context, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return status;
}

/* Somebody's existing table is never touched; ours is made only where there is none. */
static int migrate_mysql(struct command_context *context)
{
	const char *table = context->config->users.table, *error;
	bool exists;
	if (users_check_table(context->app->users, context->pool, &exists) != OK)
		return command_fail("MySQL does not answer; the log above says why");
	if (exists)
		return 0;
	if (strcmp(table, "users") != 0)
		return command_fail("MySQL: there is no table %s; check [users] table", table);
	const char *path = pool_printf(context->pool, "%s/sql/mysql/001_users.sql",
				       context->config->server.share_dir);
	const char *sql = file_read(context->pool, path, MIGRATION_MAX_BYTES, NULL);
	if (sql == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	if (mysql_run_text(users_database(context->app->users), context->pool, sql, &error) != OK)
		return command_fail("MySQL: %s%s", error,
				    strstr(error, "denied") != NULL
					    ? ". The table needs an account that may make it, in "
					      "GATEHOUSE_MYSQL_USER; see docs/DEPLOY.md, step 3"
					    : "");
	puts("MySQL: table users made");
	return 0;
}

/* Only the owner can change for how long the audit trail is kept. */
static int set_retention(struct command_context *context)
{
	const char *const months[] = { pool_printf(
		context->pool, "%lld", (long long)context->config->audit.retention_months) };
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_AUDIT_RETENTION_SET, months,
		   1, NULL) != OK)
		return command_fail(
			"PostgreSQL: the retention of the audit trail could not be set");
	return audit_keep_partitions(context);
}

int command_migrate(struct command_context *context)
{
	int status = migrate_postgresql(context);
	if (status == 0)
		status = set_retention(context);
	return status != 0 ? status : migrate_mysql(context);
}

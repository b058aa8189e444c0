#include "commands.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIGRATION_MAX_BYTES = 1 << 20 };

/* Two migrations at once wait for each other on this lock of PostgreSQL's; the number is arbitrary,
 * but must never change. It goes with the connection. */
#define TAKE_LOCK "SELECT pg_advisory_lock(718281828)"

#define MAKE_TABLE                                                                                 \
	"CREATE TABLE IF NOT EXISTS gatehouse_migration ("                                         \
	"name text PRIMARY KEY, applied_at timestamp with time zone NOT NULL DEFAULT now())"

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

/* A migration and the note that it was done are one transaction. */
static int apply(struct command_context *context, const char *folder, const char *name)
{
	const char *path = pool_printf(context->pool, "%s/%s", folder, name);
	const char *sql = file_read(context->pool, path, MIGRATION_MAX_BYTES, NULL);
	if (sql == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	const char *script = pool_printf(
		context->pool, "%s;\nINSERT INTO gatehouse_migration (name) VALUES ('%s');", sql, name);
	const char *error;
	if (pg_run_script(context->app->postgresql, context->pool, script, &error) != OK)
		return command_fail("%s failed and was undone: %s", path, error);
	printf("PostgreSQL: %s applied\n", name);
	return 0;
}

static int migrate_postgresql(struct command_context *context)
{
	struct pg_pool *database = context->app->postgresql;
	const char *error;
	if (pg_run_script(database, context->pool, TAKE_LOCK, &error) != OK ||
	    pg_run_script(database, context->pool, MAKE_TABLE, &error) != OK)
		return command_fail("PostgreSQL: %s", error);
	struct pg_rows *done;
	if (pg_run(database, context->pool, STATEMENT_MIGRATIONS_DONE, NULL, 0, &done) != OK)
		return command_fail("PostgreSQL: cannot read which migrations were done");
	const char *folder =
		pool_printf(context->pool, "%s/sql/postgresql", context->config->server.share_dir);
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
	struct mysql_pool *database = users_database(context->app->users);
	const char *table = context->config->users.table, *error;
	struct mysql_rows *rows;
	const char *question = pool_printf(context->pool,
					   "SELECT 1 FROM information_schema.tables WHERE table_schema = "
					   "DATABASE() AND table_name = '%s'", table);
	if (strchr(table, '.') != NULL) /* another database: not ours to make */
		return 0;
	if (mysql_run_text(database, context->pool, question, &rows, &error) != OK)
		return command_fail("MySQL: %s", error);
	if (mysql_row_count(rows) > 0)
		return 0;
	if (strcmp(table, "users") != 0)
		return command_fail("MySQL: there is no table %s; check [users] table", table);
	const char *path = pool_printf(context->pool, "%s/sql/mysql/001_users.sql",
				       context->config->server.share_dir);
	const char *sql = file_read(context->pool, path, MIGRATION_MAX_BYTES, NULL);
	if (sql == NULL)
		return command_fail("cannot read %s: %s", path, strerror(errno));
	if (mysql_run_text(database, context->pool, sql, NULL, &error) != OK)
		return command_fail("MySQL: %s", error);
	puts("MySQL: table users made");
	return 0;
}

int command_migrate(struct command_context *context)
{
	int status = migrate_postgresql(context);
	return status != 0 ? status : migrate_mysql(context);
}

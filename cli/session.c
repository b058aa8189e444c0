#include "commands.h"
#include <stdio.h>
#include <string.h>

/* Rows in one statement: small enough to hold no lock for long. */
#define BATCH "500"

static int clean(struct command_context *context, enum statement statement, const char *what)
{
	int64_t total = 0, batch;
	do {
		struct pg_rows *rows;
		if (pg_run(context->app->postgresql, context->pool, statement,
			   (const char *const[]){ BATCH }, 1, &rows) != OK)
			return command_fail("PostgreSQL does not answer");
		batch = pg_integer(rows, 0, 0);
		total += batch;
	} while (batch > 0);
	printf("%lld %s thrown away\n", (long long)total, what);
	return 0;
}

static int count(struct command_context *context)
{
	struct pg_rows *rows;
	const char *idle = pool_printf(context->pool, "%lld",
				       (long long)context->config->session.idle_minutes * 60);
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_SESSION_COUNT,
		   (const char *const[]){ idle }, 1, &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	printf("%s sessions in use, of %s people; %s stored\n", pg_text(rows, 0, 0),
	       pg_text(rows, 0, 1), pg_text(rows, 0, 2));
	return 0;
}

int command_session(struct command_context *context)
{
	const char *what = context->argc == 1 ? context->argv[0] : "";
	if (strcmp(what, "count") == 0)
		return count(context);
	if (strcmp(what, "clean") != 0)
		return 2;
	int status = clean(context, STATEMENT_SESSION_CLEAN, "expired sessions");
	return status != 0 ? status
			   : clean(context, STATEMENT_THROTTLE_CLEAN, "finished throttle windows");
}

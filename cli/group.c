#include "commands.h"
#include <stdio.h>
#include <string.h>

/* As the table checks it, and as rules can name it. */
static bool is_group_name(const char *name)
{
	size_t length = strlen(name);
	return length > 0 && length <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static int change(struct command_context *context, bool adds)
{
	const char *group = context->argv[1], *name = context->argv[2];
	if (!is_group_name(group))
		return command_fail("a group has a name of at most 64 small letters, digits, '-' "
				    "and '_'");
	struct user *user;
	int status = command_find_user(context, name, &user);
	if (status != 0)
		return status;
	const struct audit_entry entry = {
		.event = AUDIT_GROUP_CHANGED,
		.reason = adds ? "added" : "removed",
		.user_id = user->id,
		.username = user->username,
		.actor = "operator",
		.detail = command_detail(context, "group", group),
	};
	const char *const parameters[] = { user->id, group };
	struct pg_call calls[] = {
		{ .statement = adds ? STATEMENT_GROUP_ADD : STATEMENT_GROUP_REMOVE,
		  .parameters = parameters,
		  .parameter_count = 2 },
		audit_call(context->pool, &entry),
	};
	if (pg_run_all(context->app->postgresql, context->pool, calls, 2) != OK)
		return command_fail("PostgreSQL does not answer");
	bool changed = pg_row_count(calls[0].rows) > 0;
	if (adds)
		printf("%s is %s in the group %s.\n", user->username, changed ? "now" : "already",
		       group);
	else
		printf("%s is %s in the group %s.\n", user->username, changed ? "no longer" : "not",
		       group);
	return 0;
}

static int list(struct command_context *context)
{
	const char *const group[] = { context->argc > 1 ? context->argv[1] : NULL };
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_GROUP_LIST, group, 1,
		   &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	for (size_t i = 0; i < pg_row_count(rows); i++) {
		struct user *user;
		const char *id = pg_text(rows, i, 1);
		const char *name = users_load(context->app->users, context->pool, id, &user) == OK
					   ? user->username
					   : "(nobody any more)";
		printf("%-20s %-20s id %s, since %s\n", pg_text(rows, i, 0), name, id,
		       pg_text(rows, i, 2));
	}
	if (pg_row_count(rows) == 0)
		puts(group[0] != NULL ? "Nobody is in this group." : "Nobody is in a group.");
	return 0;
}

int command_group(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "";
	if (strcmp(what, "list") == 0 && context->argc <= 2)
		return list(context);
	bool adds = strcmp(what, "add") == 0;
	if ((!adds && strcmp(what, "remove") != 0) || context->argc != 3)
		return 2;
	return change(context, adds);
}

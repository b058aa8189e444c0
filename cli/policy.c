#include "session/policy.h"
#include "commands.h"
#include <stdio.h>
#include <string.h>

static void print_limits(const char *kind, const struct session_limits *limits)
{
	printf("%-14s lifetime_minutes=%lld idle_minutes=%lld concurrent=%lld bind_address=%s "
	       "bind_browser=%s extends=%s reauthenticate_hours=%lld",
	       kind, (long long)limits->lifetime_s / 60, (long long)limits->idle_s / 60,
	       (long long)limits->concurrent, session_binding_name(limits->bind_address),
	       session_binding_name(limits->bind_browser), limits->extends ? "on" : "off",
	       (long long)limits->reauthenticate_s / 3600);
	printf(" messages_per_minute=%lld messages_per_day=%lld tokens_per_day=%lld "
	       "answers_at_once=%lld conversation_messages=%lld\n",
	       (long long)limits->quota.messages_per_minute,
	       (long long)limits->quota.messages_per_day, (long long)limits->quota.tokens_per_day,
	       (long long)limits->quota.answers_at_once,
	       (long long)limits->quota.conversation_messages);
}

/* What is configured, then who has other limits. */
static int show(struct command_context *context)
{
	struct user *user = NULL;
	if (context->argc == 2) {
		int status = command_find_user(context, context->argv[1], &user);
		if (status != 0)
			return status;
	}
	const struct session_policy *policy = session_store_policy(context->app->sessions);
	for (unsigned kind = 0; kind < SESSION_KINDS; kind++)
		print_limits(session_kind_name((enum session_kind)kind), &policy->kinds[kind]);
	const char *const whose[] = { user != NULL ? user->id : NULL };
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_POLICY_LIST, whose, 1,
		   &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	for (size_t i = 0; i < pg_row_count(rows); i++) {
		struct user *person;
		const char *id = pg_text(rows, i, 0);
		bool known = users_load(context->app->users, context->pool, id, &person) == OK;
		printf("%s (id %s), %s: %s\n", known ? person->username : "nobody any more", id,
		       pg_text(rows, i, 1), pg_text(rows, i, 2));
	}
	return 0;
}

static int change(struct command_context *context, const struct user *user, const char *kind,
		  const char *limits)
{
	const struct audit_entry entry = {
		.event = AUDIT_POLICY_CHANGED,
		.reason = limits != NULL ? "set" : "cleared",
		.user_id = user->id,
		.username = user->username,
		.kind = kind,
		.actor = "operator",
		.detail = limits != NULL ? command_detail(context, "limits", limits) : NULL,
	};
	const char *const parameters[] = { user->id, kind, limits };
	struct pg_call calls[] = {
		{ .statement = limits != NULL ? STATEMENT_POLICY_SET : STATEMENT_POLICY_CLEAR,
		  .parameters = parameters,
		  .parameter_count = limits != NULL ? 3 : 2 },
		audit_call(context->pool, &entry),
	};
	if (pg_run_all(context->app->postgresql, context->pool, calls, 2) != OK)
		return command_fail("PostgreSQL does not answer");
	if (limits != NULL)
		printf("%s, %s: %s\n", user->username, kind, limits);
	else
		printf("%s: %zu removed; the limits of the kind hold again.\n", user->username,
		       pg_row_count(calls[0].rows));
	return 0;
}

static int set(struct command_context *context, const struct user *user, const char *kind)
{
	struct buffer limits = buffer_new(context->pool, 128);
	for (int i = 3; i < context->argc; i++)
		buffer_printf(&limits, "%s%s", i > 3 ? " " : "", context->argv[i]);
	const char *problem = session_policy_problem(context->pool, limits.bytes);
	if (problem != NULL)
		return command_fail("%s", problem);
	return change(context, user, kind, limits.bytes);
}

int command_policy(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "";
	if (strcmp(what, "show") == 0 && context->argc <= 2)
		return show(context);
	bool sets = strcmp(what, "set") == 0 && context->argc >= 4;
	bool clears = strcmp(what, "clear") == 0 && (context->argc == 2 || context->argc == 3);
	if (!sets && !clears)
		return 2;
	const char *kind = context->argc > 2 ? context->argv[2] : NULL;
	if (kind != NULL && session_kind_find(kind) == SESSION_KINDS)
		return command_fail("there is no kind of session called %s", kind);
	struct user *user;
	int status = command_find_user(context, context->argv[1], &user);
	if (status != 0)
		return status;
	return sets ? set(context, user, kind) : change(context, user, kind, NULL);
}

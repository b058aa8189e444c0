#include "app/sign_in.h"
#include "base/json.h"
#include "commands.h"
#include "session/device.h"
#include "session/list.h"
#include <stdio.h>
#include <string.h>

/* Rows in one statement: small enough to hold no lock for long. */
#define BATCH "500"

enum { LIST_MAX = 100000 };

static int clean_rows(struct command_context *context, enum statement statement, const char *what)
{
	const char *const parameters[] = { BATCH, sign_in_cleans_rested(context->app) };
	size_t count = (size_t)statement_texts[statement].parameters;
	int64_t total = 0, batch;
	do {
		struct pg_rows *rows;
		if (pg_run(context->app->postgresql, context->pool, statement, parameters, count,
			   &rows) != OK)
			return command_fail("PostgreSQL does not answer");
		batch = pg_integer(rows, 0, 0);
		total += batch;
	} while (batch > 0);
	printf("%lld %s thrown away\n", (long long)total, what);
	return 0;
}

/* Sessions that nobody used for too long, where a Django project cannot be using them. */
static int clean_rested(struct command_context *context)
{
	const char *after = "00000000-0000-0000-0000-000000000000";
	int64_t total = 0, batch;
	if (context->config->django.identity != IDENTITY_OFF)
		return 0;
	do {
		struct pg_rows *rows;
		if (pg_run(context->app->postgresql, context->pool, STATEMENT_SESSION_CLEAN_RESTED,
			   (const char *const[]){ BATCH, after }, 2, &rows) != OK)
			return command_fail("PostgreSQL does not answer");
		batch = pg_integer(rows, 0, 0);
		after = pg_text(rows, 0, 1);
		total += batch;
	} while (batch > 0);
	printf("%lld sessions that nobody used for too long ended\n", (long long)total);
	return 0;
}

/* Why nobody may use this person's sessions any more; NULL: they may, and also when MySQL does not
 * answer. */
static const char *why_over(struct command_context *context, const char *user_id)
{
	struct user *user;
	enum outcome outcome = users_load(context->app->users, context->pool, user_id, &user);
	if (outcome == NOT_FOUND)
		return "account_gone";
	return outcome == OK && !user->is_active ? "account_disabled" : NULL;
}

/* Sessions of people who are disabled or in the table no more. They would be refused at their next
 * use; nobody may come to use them. */
static int clean_orphans(struct command_context *context)
{
	const char *after = "";
	int64_t total = 0;
	struct pg_rows *rows;
	do {
		if (pg_run(context->app->postgresql, context->pool, STATEMENT_SESSION_PEOPLE,
			   (const char *const[]){ after, BATCH }, 2, &rows) != OK)
			return command_fail("PostgreSQL does not answer");
		for (size_t i = 0; i < pg_row_count(rows); i++) {
			int64_t ended = 0;
			after = pg_text(rows, i, 0);
			const struct session_ending ending = { .user_id = after,
							       .reason = why_over(context, after),
							       .actor = "system" };
			if (ending.reason != NULL &&
			    session_end_listed(context->app->postgresql, context->pool, &ending,
					       &ended) != OK)
				return command_fail("PostgreSQL does not answer");
			total += ended;
		}
	} while (pg_row_count(rows) > 0);
	printf("%lld sessions of people who are gone or disabled ended\n", (long long)total);
	return 0;
}

/* Conversations that were deleted long ago; few at a time, because some are long. */
static int clean_deleted(struct command_context *context)
{
	const char *const parameters[] = {
		"10", text_from_integer(context->pool, context->config->chat.deleted_days)
	};
	int64_t total = 0, batch;
	do {
		struct pg_rows *rows;
		if (pg_run(context->app->postgresql, context->pool, STATEMENT_CONVERSATION_CLEAN,
			   parameters, 2, &rows) != OK)
			return command_fail("PostgreSQL does not answer");
		batch = pg_integer(rows, 0, 0);
		total += batch;
	} while (batch > 0);
	printf("%lld deleted conversations thrown away\n", (long long)total);
	return 0;
}

static int clean(struct command_context *context)
{
	int status = clean_rows(context, STATEMENT_SESSION_CLEAN, "expired sessions");
	if (status == 0)
		status = clean_rested(context);
	if (status == 0)
		status = clean_orphans(context);
	if (status == 0)
		status = clean_rows(context, STATEMENT_TEMPORARY_CLEAN, "temporary answers");
	if (status == 0)
		status = clean_rows(context, STATEMENT_THROTTLE_CLEAN,
				    "finished throttle counters");
	/* Where only articles answer, there is no worker to do it. */
	if (status == 0)
		status = clean_rows(context, STATEMENT_ANSWER_CLEAN, "old figures of usage");
	if (status == 0)
		status = clean_deleted(context);
	return status != 0 ? status : audit_keep_partitions(context);
}

static int count(struct command_context *context)
{
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_SESSION_COUNT, NULL, 0,
		   &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	printf("%s sessions in use, of %s people; %s stored\n", pg_text(rows, 0, 0),
	       pg_text(rows, 0, 1), pg_text(rows, 0, 2));
	return 0;
}

static void print_json(struct pool *pool, const struct session_listed *session)
{
	struct value *value = value_object(pool);
	struct buffer line = buffer_new(pool, 512);
	value_set_string(value, "id", session->public_id);
	value_set_string(value, "user_id", session->user_id);
	value_set_string(value, "username", session->username);
	value_set_string(value, "kind", session_kind_name(session->kind));
	value_set_string(value, "method", session->method);
	value_set_string(value, "address", session->address);
	value_set_string(value, "device", device_text(pool, session->user_agent));
	value_set_integer(value, "since", session->created_at_s);
	value_set_integer(value, "age_seconds", session->age_s);
	value_set_integer(value, "idle_seconds", session->idle_s);
	value_set_bool(value, "remember", session->remember);
	json_write(&line, value);
	puts(line.bytes);
}

static int list(struct command_context *context, const char *login, bool as_json)
{
	struct user *user = NULL;
	int status = login != NULL ? command_find_user(context, login, &user) : 0;
	if (status != 0)
		return status;
	struct session_listing sessions;
	if (session_list(context->app->postgresql, context->pool, user != NULL ? user->id : NULL,
			 LIST_MAX, &sessions) != OK)
		return command_fail("PostgreSQL does not answer");
	for (size_t i = 0; i < sessions.count; i++) {
		const struct session_listed *one = &sessions.items[i];
		if (as_json)
			print_json(context->pool, one);
		else
			printf("%s  %-20s %-13s %-16s used %lld min ago, begun %lld min ago  %s\n",
			       one->public_id, one->username, session_kind_name(one->kind),
			       one->address != NULL ? one->address : "-",
			       (long long)one->idle_s / 60, (long long)one->age_s / 60,
			       device_text(context->pool, one->user_agent));
	}
	if (sessions.count == 0 && !as_json)
		puts(user != NULL ? "This person has no session." : "There are no sessions.");
	return 0;
}

static int report_ended(int64_t ended)
{
	printf("%lld %s ended\n", (long long)ended, ended == 1 ? "session" : "sessions");
	return 0;
}

/* One session, whoever's it is. */
static int end_one(struct command_context *context, const char *public_id)
{
	if (!text_is_uuid(public_id))
		return command_fail("%s is no session; \"gatehousectl session list\" has them, and "
				    "\"session end --user NAME\" ends all of a person",
				    public_id);
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_SESSION_OWNER,
		   (const char *const[]){ public_id }, 1, &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	if (pg_row_count(rows) == 0)
		return command_fail("there is no session %s", public_id);
	const struct session_ending ending = { .user_id = pg_text(rows, 0, 0),
					       .only = public_id,
					       .reason = "by_operator",
					       .actor = "operator" };
	int64_t ended;
	if (session_end_listed(context->app->postgresql, context->pool, &ending, &ended) != OK)
		return command_fail("PostgreSQL does not answer");
	return report_ended(ended);
}

static int end_all_of(struct command_context *context, const char *login)
{
	struct user *user;
	int status = command_find_user(context, login, &user);
	if (status != 0)
		return status;
	const struct session_ending ending = { .user_id = user->id,
					       .reason = "by_operator",
					       .actor = "operator" };
	int64_t ended;
	if (session_end_listed(context->app->postgresql, context->pool, &ending, &ended) != OK)
		return command_fail("PostgreSQL does not answer");
	return report_ended(ended);
}

int command_session(struct command_context *context)
{
	int argc = context->argc;
	char **argv = context->argv;
	const char *what = argc > 0 ? argv[0] : "";
	if (strcmp(what, "count") == 0 && argc == 1)
		return count(context);
	if (strcmp(what, "clean") == 0 && argc == 1)
		return clean(context);
	if (strcmp(what, "end") == 0 && argc == 2 && argv[1][0] != '-')
		return end_one(context, argv[1]);
	if (strcmp(what, "end") == 0 && argc == 3 && strcmp(argv[1], "--user") == 0)
		return end_all_of(context, argv[2]);
	if (strcmp(what, "list") != 0 || argc > 3)
		return 2;
	bool as_json = argc > 1 && strcmp(argv[argc - 1], "--json") == 0;
	int words = argc - as_json;
	return words > 2 ? 2 : list(context, words == 2 ? argv[1] : NULL, as_json);
}

#include "app/visit.h"
#include "base/json.h"
#include "commands.h"
#include <stdio.h>
#include <string.h>

/* The three words of a bucket's name; "-" where the word does not matter. */
struct words {
	const char *kind, *account, *where;
};

static struct words split(struct pool *pool, const char *bucket)
{
	size_t kind = strcspn(bucket, " ");
	const char *account = bucket + kind + 1, *where = strchr(account, ' ') + 1;
	return (struct words){ pool_strndup(pool, bucket, kind),
			       pool_strndup(pool, account, (size_t)(where - account) - 1), where };
}

static const char *given(const char *word)
{
	return strcmp(word, "-") != 0 ? word : NULL;
}

static void print_json(struct pool *pool, const struct pg_rows *rows)
{
	struct value *list = value_array(pool);
	for (size_t i = 0; i < pg_row_count(rows); i++) {
		struct words words = split(pool, pg_text(rows, i, 0));
		bool device = strcmp(words.kind, "device") == 0;
		struct value *one = value_object(pool);
		value_set_string(one, "kind", words.kind);
		value_set_string(one, "account", given(words.account));
		value_set_string(one, "address", device ? NULL : given(words.where));
		value_set_string(one, "device", device ? words.where : NULL);
		value_set_integer(one, "attempts", pg_integer(rows, i, 1));
		value_set_integer(one, "limit", pg_integer(rows, i, 2));
		value_set_integer(one, "window_seconds", pg_integer(rows, i, 3));
		value_set_integer(one, "locks", pg_integer(rows, i, 4));
		value_set_integer(one, "seconds_left", pg_integer(rows, i, 5));
		value_set_string(one, "locked_until", pg_text(rows, i, 6));
		value_append(list, one);
	}
	struct buffer out = buffer_new(pool, 4096);
	json_write(&out, list);
	puts(out.bytes);
}

static void print_lines(struct pool *pool, const struct pg_rows *rows)
{
	for (size_t i = 0; i < pg_row_count(rows); i++) {
		struct words words = split(pool, pg_text(rows, i, 0));
		printf("%-20s %-12s %-24s %s of %s in %s", words.kind, words.account, words.where,
		       pg_text(rows, i, 1), pg_text(rows, i, 2),
		       visit_wait_text(pool, pg_integer(rows, i, 3)));
		if (pg_integer(rows, i, 5) > 0)
			printf("; locked for another %s, until %s",
			       visit_wait_text(pool, pg_integer(rows, i, 5)), pg_text(rows, i, 6));
		putchar('\n');
	}
	if (pg_row_count(rows) == 0)
		puts("Nothing is locked or counted at the moment.");
}

static int list(struct command_context *context, bool json)
{
	struct pool *pool = context->pool;
	const char *longest = pool_printf(pool, "%lld",
					  (long long)context->app->auth.throttle.longest_lock_s);
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, pool, STATEMENT_THROTTLE_LIST,
		   (const char *const[]){ longest }, 1, &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	if (json)
		print_json(pool, rows);
	else
		print_lines(pool, rows);
	return 0;
}

/* Lift the waits of these buckets, and note whose: `user` NULL for an address, or all of them. */
static int clear_buckets(struct command_context *context, const char *const parameters[static 4],
			 const struct user *user, const char *what)
{
	const struct audit_entry entry = {
		.event = AUDIT_THROTTLE_CLEARED,
		.user_id = user != NULL ? user->id : NULL,
		.username = user != NULL ? user->username : NULL,
		.actor = "operator",
		/* Of an account what was typed is its name or nobody's, which is not kept. */
		.detail = user == NULL && what != NULL ? command_detail(context, "of", what) : NULL,
	};
	struct pg_call calls[] = {
		{ .statement = STATEMENT_THROTTLE_CLEAR,
		  .parameters = parameters,
		  .parameter_count = 4 },
		audit_call(context->pool, &entry),
	};
	if (pg_run_all(context->app->postgresql, context->pool, calls, 2) != OK)
		return command_fail("PostgreSQL does not answer");
	printf("%s cleared\n", pg_text(calls[0].rows, 0, 0));
	return 0;
}

/* What was typed as this name counts apart where nobody has it (yet). */
static int clear_account(struct command_context *context, const char *login)
{
	const struct auth *auth = &context->app->auth;
	struct user *user;
	enum outcome outcome = users_find(auth->users, context->pool, login, &user);
	if (outcome != OK && outcome != NOT_FOUND)
		return command_fail("%s", outcome_meaning(outcome)->message);
	if (outcome != OK)
		user = NULL;
	const char *name = throttle_account(&auth->throttle, context->pool, NULL, login);
	const char *account = user == NULL ? name
					   : throttle_account(&auth->throttle, context->pool,
							      user->id, login);
	return clear_buckets(context, (const char *const[]){ account, name, NULL, "false" }, user,
			     NULL);
}

static int clear(struct command_context *context, const char *what)
{
	if (strcmp(what, "all") == 0)
		return clear_buckets(context, (const char *const[]){ NULL, NULL, NULL, "true" },
				     NULL, "all");
	const char *network = throttle_network(context->pool, what);
	if (network != NULL)
		return clear_buckets(context, (const char *const[]){ NULL, NULL, network, "false" },
				     NULL, network);
	return clear_account(context, what);
}

int command_throttle(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "";
	const char *with = context->argc == 2 ? context->argv[1] : "";
	if (strcmp(what, "list") == 0 && (context->argc == 1 || strcmp(with, "--json") == 0))
		return list(context, *with != '\0');
	if (strcmp(what, "clear") == 0 && *with != '\0')
		return clear(context, with);
	return 2;
}

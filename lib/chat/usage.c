#include "chat/usage.h"
#include "base/text.h"

enum outcome usage_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			struct usage *usage)
{
	const char *const parameters[] = { user_id, text_from_integer(pool, USAGE_DAYS) };
	struct pg_call calls[] = {
		{ STATEMENT_USAGE_NOW, parameters, 1, NULL },
		{ STATEMENT_USAGE_DAYS, parameters, 2, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 2);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(calls[1].rows) != USAGE_DAYS)
		return INTERNAL_ERROR;
	usage->messages_last_minute = pg_integer(calls[0].rows, 0, 0);
	usage->answers_now = pg_integer(calls[0].rows, 0, 1);
	usage->next_day_s = pg_integer(calls[0].rows, 0, 2);
	for (size_t i = 0; i < USAGE_DAYS; i++)
		usage->days[i] = (struct usage_day){
			.date = pg_text(calls[1].rows, i, 0),
			.words = pg_text(calls[1].rows, i, 1),
			.messages = pg_integer(calls[1].rows, i, 2),
			.prompt_tokens = pg_integer(calls[1].rows, i, 3),
			.answer_tokens = pg_integer(calls[1].rows, i, 4),
		};
	return OK;
}

enum outcome usage_add(struct pg_pool *database, struct pool *pool, const char *user_id,
		       int64_t prompt_tokens, int64_t answer_tokens)
{
	const char *const parameters[] = { user_id, text_from_integer(pool, prompt_tokens),
					   text_from_integer(pool, answer_tokens) };
	return pg_run(database, pool, STATEMENT_USAGE_ADD, parameters, 3, NULL);
}

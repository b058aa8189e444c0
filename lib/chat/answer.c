#include "chat/answer.h"
#include "base/text.h"
#include "chat/answer_private.h"
#include <string.h>

static const char *const state_names[] = { "waiting", "running",     "done",  "cut",
					   "stopped", "interrupted", "failed" };

bool answer_is_open(enum answer_state state)
{
	return state == ANSWER_WAITING || state == ANSWER_RUNNING;
}

const char *answer_state_name(enum answer_state state)
{
	return state_names[state];
}

enum answer_state answer_state_of(const char *name)
{
	for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
		if (strcmp(state_names[i], name) == 0)
			return (enum answer_state)i;
	return ANSWER_FAILED;
}

static const char *or_null(const char *id)
{
	return strcmp(id, "0") != 0 ? id : NULL;
}

static struct answer read_answer(const struct pg_rows *rows)
{
	return (struct answer){
		.id = pg_text(rows, 0, 0),
		.conversation_id = pg_text(rows, 0, 1),
		.question_id = pg_text(rows, 0, 2),
		.state = answer_state_of(pg_text(rows, 0, 3)),
		.error = pg_text(rows, 0, 4),
		.sentence = pg_text(rows, 0, 5),
		.message_id = or_null(pg_text(rows, 0, 6)),
		.text = pg_text(rows, 0, 7),
		.newest = pg_integer(rows, 0, 8),
		.waits_s = pg_integer(rows, 0, 9),
	};
}

static enum outcome load_one(struct pg_pool *database, struct pool *pool, enum statement statement,
			     const char *const *parameters, size_t count, struct answer *answer)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, statement, parameters, count, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*answer = read_answer(rows);
	return outcome;
}

enum outcome answer_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			 const char *id, int64_t after, struct answer *answer)
{
	int64_t number;
	if (!text_to_integer(id, INT64_MIN, INT64_MAX, &number) || number == 0)
		return NOT_FOUND;
	const char *const parameters[] = { id, user_id,
					   pool_printf(pool, "%lld", (long long)after) };
	return load_one(database, pool, STATEMENT_ANSWER_LOAD, parameters, 3, answer);
}

enum outcome answer_of_conversation(struct pg_pool *database, struct pool *pool,
				    const char *user_id, const char *conversation_id,
				    struct answer *answer)
{
	const char *const parameters[] = { conversation_id, user_id };
	return load_one(database, pool, STATEMENT_ANSWER_OF_CONVERSATION, parameters, 2, answer);
}

const char *answer_number_array(struct pool *pool, size_t count,
				int64_t (*number)(const void *items, size_t index),
				const void *items)
{
	struct buffer text = buffer_new(pool, 16 * count + 8);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%c%lld", i == 0 ? '{' : ',', (long long)number(items, i));
	buffer_puts(&text, count == 0 ? "{}" : "}");
	return text.bytes;
}

static int64_t watched_id(const void *watches, size_t index)
{
	int64_t id = 0;
	text_to_integer(((const struct answer_watch *)watches)[index].id, INT64_MIN, INT64_MAX,
			&id);
	return id;
}

static int64_t watched_after(const void *watches, size_t index)
{
	return ((const struct answer_watch *)watches)[index].after;
}

enum outcome answer_progress(struct pg_pool *database, struct pool *pool,
			     const struct answer_watch *watches, size_t count,
			     struct answer **answers, size_t *answer_count)
{
	const char *const parameters[] = {
		answer_number_array(pool, count, watched_id, watches),
		answer_number_array(pool, count, watched_after, watches),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_ANSWER_PROGRESS, parameters, 2,
				      &rows);
	if (outcome != OK)
		return outcome;
	*answer_count = pg_row_count(rows);
	*answers = pool_zalloc(pool, (*answer_count + 1) * sizeof **answers);
	for (size_t i = 0; i < *answer_count; i++)
		(*answers)[i] = (struct answer){
			.id = pg_text(rows, i, 0),
			.state = answer_state_of(pg_text(rows, i, 1)),
			.error = pg_text(rows, i, 2),
			.sentence = pg_text(rows, i, 3),
			.message_id = or_null(pg_text(rows, i, 4)),
			.text = pg_text(rows, i, 5),
			.newest = pg_integer(rows, i, 6),
			.waits_s = pg_integer(rows, i, 7),
		};
	return OK;
}

enum outcome answer_stop(struct pg_pool *database, struct pool *pool, const char *user_id,
			 const char *id)
{
	struct answer answer;
	enum outcome outcome = answer_load(database, pool, user_id, id, INT32_MAX, &answer);
	if (outcome != OK || !answer_is_open(answer.state))
		return outcome;
	const char *const parameters[] = { id, user_id };
	struct pg_rows *rows;
	outcome = pg_run(database, pool, STATEMENT_ANSWER_STOP, parameters, 2, &rows);
	if (outcome != OK || pg_row_count(rows) == 0 ||
	    answer_state_of(pg_text(rows, 0, 2)) == ANSWER_RUNNING)
		return outcome;
	const char *const end[] = { id, NULL, "stopped", NULL, NULL, NULL, NULL };
	return pg_run(database, pool, STATEMENT_ANSWER_END, end, 7, NULL);
}

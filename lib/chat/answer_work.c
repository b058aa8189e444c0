#include "chat/answer_work.h"
#include "base/text.h"
#include "chat/answer_private.h"
#include <string.h>

enum { TURNS_MAX = 200 };

enum outcome answer_claim(struct pg_pool *database, struct pool *pool, const char *worker,
			  size_t most, const char *only_id, struct answer_tasks *tasks)
{
	const char *const parameters[] = { worker, text_from_integer(pool, (int64_t)most),
					   text_from_integer(pool, ANSWER_LEASE_S), only_id };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_ANSWER_CLAIM, parameters, 4, &rows);
	if (outcome != OK)
		return outcome;
	tasks->count = pg_row_count(rows);
	tasks->items = pool_zalloc(pool, (tasks->count + 1) * sizeof *tasks->items);
	for (size_t i = 0; i < tasks->count; i++)
		tasks->items[i] = (struct answer_task){
			.id = pg_text(rows, i, 0),
			.conversation_id = pg_text(rows, i, 1),
			.question_id = pg_text(rows, i, 2),
			.user_id = pg_text(rows, i, 3),
			.model = pg_text(rows, i, 4),
			.country = pg_text(rows, i, 5),
			.service = pg_text(rows, i, 6),
			.character_id = pg_text(rows, i, 7),
			.question = pg_text(rows, i, 8),
			.sealed_turns = pg_text(rows, i, 9),
		};
	return OK;
}

enum outcome answer_turns(struct pg_pool *database, struct pool *pool, const char *question_id,
			  size_t characters, struct answer_turns *turns)
{
	const char *const parameters[] = { question_id, text_from_integer(pool, TURNS_MAX) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_ANSWER_TURNS, parameters, 2, &rows);
	if (outcome != OK)
		return outcome;
	size_t found = pg_row_count(rows), kept = 0, used = 0;
	while (kept < found) {
		used += text_characters(pg_text(rows, kept, 1));
		if (kept > 0 && used > characters)
			break;
		kept++;
	}
	turns->count = kept;
	turns->items = pool_zalloc(pool, (kept + 1) * sizeof *turns->items);
	for (size_t i = 0; i < kept; i++)
		turns->items[kept - 1 - i] = (struct answer_turn){ pg_text(rows, i, 0),
								   pg_text(rows, i, 1) };
	return OK;
}

static int64_t piece_answer(const void *pieces, size_t index)
{
	int64_t id = 0;
	text_to_integer(((const struct answer_piece *)pieces)[index].answer_id, INT64_MIN,
			INT64_MAX, &id);
	return id;
}

static int64_t piece_ordinal(const void *pieces, size_t index)
{
	return ((const struct answer_piece *)pieces)[index].ordinal;
}

/* An array of texts for PostgreSQL: quotes and backslashes are escaped, nothing else is special
 * between quotes. */
static const char *text_array(struct pool *pool, const struct answer_piece *pieces, size_t count)
{
	struct buffer out = buffer_new(pool, 256 * count + 8);
	for (size_t i = 0; i < count; i++) {
		buffer_puts(&out, i == 0 ? "{\"" : ",\"");
		for (const char *c = pieces[i].text; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				buffer_byte(&out, '\\');
			buffer_byte(&out, *c);
		}
		buffer_byte(&out, '"');
	}
	buffer_puts(&out, count == 0 ? "{}" : "}");
	return out.bytes;
}

/* Which of them are still ours, and which of these are to stop. */
static void read_verdicts(const struct pg_rows *rows, struct answer_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pieces[i].is_lost = true;
		for (size_t row = 0; row < pg_row_count(rows); row++)
			if (strcmp(pg_text(rows, row, 0), pieces[i].answer_id) == 0) {
				pieces[i].is_lost = false;
				pieces[i].is_stopped = pg_bool(rows, row, 1);
			}
	}
}

enum outcome answer_append(struct pg_pool *database, struct pool *pool, const char *worker,
			   struct answer_piece *pieces, size_t count)
{
	const char *const parameters[] = {
		worker,
		answer_number_array(pool, count, piece_answer, pieces),
		answer_number_array(pool, count, piece_ordinal, pieces),
		text_array(pool, pieces, count),
		text_from_integer(pool, ANSWER_LEASE_S),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_ANSWER_APPEND, parameters, 5,
				      &rows);
	if (outcome == OK)
		read_verdicts(rows, pieces, count);
	return outcome;
}

enum outcome answer_renew(struct pg_pool *database, struct pool *pool, const char *worker,
			  struct answer_piece *pieces, size_t count)
{
	const char *const parameters[] = {
		worker,
		answer_number_array(pool, count, piece_answer, pieces),
		text_from_integer(pool, ANSWER_LEASE_S),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_ANSWER_RENEW, parameters, 3, &rows);
	if (outcome == OK)
		read_verdicts(rows, pieces, count);
	return outcome;
}

enum outcome answer_end(struct pg_pool *database, struct pool *pool, const char *worker,
			const char *id, const struct answer_ending *ending)
{
	const char *const parameters[] = {
		id,
		worker,
		answer_state_name(ending->state),
		ending->error,
		ending->sentence,
		ending->prompt_tokens >= 0 ? text_from_integer(pool, ending->prompt_tokens) : NULL,
		ending->answer_tokens >= 0 ? text_from_integer(pool, ending->answer_tokens) : NULL,
	};
	return pg_run(database, pool, STATEMENT_ANSWER_END, parameters, 7, NULL);
}

enum outcome answer_leave(struct pg_pool *database, struct pool *pool, const char *worker)
{
	const char *const parameters[] = { worker };
	return pg_run(database, pool, STATEMENT_ANSWER_LEAVE, parameters, 1, NULL);
}

enum outcome answer_clean(struct pg_pool *database, struct pool *pool)
{
	struct pg_call calls[] = { { .statement = STATEMENT_TEMPORARY_CLEAN },
				   { .statement = STATEMENT_ANSWER_CLEAN } };
	return pg_run_all(database, pool, calls, 2);
}

#include "chat/share.h"
#include "base/text.h"

enum outcome share_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			const char *id, struct share *share)
{
	struct pg_rows *rows;
	if (!text_is_uuid(id))
		return NOT_FOUND;
	enum outcome outcome = pg_run(database, pool, STATEMENT_SHARE_LOAD,
				      (const char *const[]){ id, user_id }, 2, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*share = (struct share){
			.title = pg_text(rows, 0, 0),
			.sealed = pg_text(rows, 0, 1),
			.is_shared = pg_bool(rows, 0, 2),
			.shared_at_s = pg_integer(rows, 0, 3),
			.has_more = pg_bool(rows, 0, 4),
			.has_messages = pg_bool(rows, 0, 5),
		};
	return outcome;
}

/* A statement that fails when it changes nothing, and its entry. */
static enum outcome run_act(struct pg_pool *database, struct pool *pool,
			    const struct share_act *act, enum statement statement,
			    const char *const *parameters, size_t count)
{
	if (!text_is_uuid(act->conversation_id))
		return NOT_FOUND;
	struct pg_call calls[] = { { statement, parameters, count, NULL }, *act->entry };
	return pg_run_all(database, pool, calls, 2);
}

enum outcome share_begin(struct pg_pool *database, struct pool *pool, const struct share_act *act,
			 const char *hash, const char *sealed)
{
	const char *const parameters[] = { act->conversation_id, act->user_id, hash, sealed };
	return run_act(database, pool, act, STATEMENT_SHARE_BEGIN, parameters, 4);
}

enum outcome share_update(struct pg_pool *database, struct pool *pool, const struct share_act *act)
{
	const char *const parameters[] = { act->conversation_id, act->user_id };
	return run_act(database, pool, act, STATEMENT_SHARE_UPDATE, parameters, 2);
}

enum outcome share_end(struct pg_pool *database, struct pool *pool, const struct share_act *act)
{
	const char *const parameters[] = { act->conversation_id, act->user_id };
	return run_act(database, pool, act, STATEMENT_SHARE_END, parameters, 2);
}

enum outcome share_read(struct pg_pool *database, struct pool *pool, const char *hash, size_t limit,
			size_t skip, struct shared *shared)
{
	const char *const parameters[] = { hash, text_from_integer(pool, (int64_t)limit),
					   text_from_integer(pool, (int64_t)skip),
					   text_from_integer(pool, MESSAGES_BYTES_MAX) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_SHARE_READ, parameters, 4, &rows);
	if (outcome != OK || pg_row_count(rows) == 0)
		return outcome != OK ? outcome : NOT_FOUND;
	size_t count = pg_row_count(rows);
	*shared = (struct shared){
		.title = pg_text(rows, 0, 0),
		.shared_at_s = pg_integer(rows, 0, 1),
		.messages = { pool_zalloc(pool, count * sizeof(struct message)), count },
		.has_earlier = !pg_bool(rows, 0, 5),
	};
	for (size_t i = 0; i < count; i++)
		shared->messages.items[i] = (struct message){ .id = NULL,
							      .role = pg_text(rows, i, 2),
							      .content = pg_text(rows, i, 3),
							      .state = pg_text(rows, i, 4) };
	return OK;
}

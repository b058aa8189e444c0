#include "session/list.h"
#include "base/text.h"

enum outcome session_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			  size_t limit, struct session_listing *list)
{
	enum {
		PUBLIC_ID,
		KIND,
		METHOD,
		ADDRESS,
		USER_AGENT,
		AGE,
		IDLE,
		CREATED_AT,
		REMEMBER,
		USER_ID,
		USERNAME
	};
	const char *const parameters[] = { user_id, pool_printf(pool, "%zu", limit) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_SESSION_LIST, parameters, 2, &rows);
	if (outcome != OK)
		return outcome;
	list->count = pg_row_count(rows);
	list->items = pool_zalloc(pool, (list->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = (struct session_listed){
			.public_id = pg_text(rows, i, PUBLIC_ID),
			.kind = session_kind_find(pg_text(rows, i, KIND)),
			.method = pg_text(rows, i, METHOD),
			.address = pg_text(rows, i, ADDRESS),
			.user_agent = pg_text(rows, i, USER_AGENT),
			.age_s = pg_integer(rows, i, AGE),
			.idle_s = pg_integer(rows, i, IDLE),
			.created_at_s = pg_integer(rows, i, CREATED_AT),
			.remember = pg_bool(rows, i, REMEMBER),
			.user_id = pg_text(rows, i, USER_ID),
			.username = pg_text(rows, i, USERNAME),
		};
	return OK;
}

enum outcome session_are_live(struct pg_pool *database, struct pool *pool,
			      const char *const *public_ids, size_t count, bool *are_live)
{
	struct buffer array = buffer_new(pool, 40 * count + 8);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&array, "%c%s", i == 0 ? '{' : ',', public_ids[i]);
	buffer_puts(&array, count == 0 ? "{}" : "}");
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_SESSION_ARE_LIVE,
				      (const char *const[]){ array.bytes }, 1, &rows);
	for (size_t i = 0; outcome == OK && i < count; i++)
		are_live[i] = pg_bool(rows, i, 0);
	return outcome;
}

enum outcome session_end_listed(struct pg_pool *database, struct pool *pool,
				const struct session_ending *ending, int64_t *ended)
{
	*ended = 0;
	if (ending->only != NULL && !text_is_uuid(ending->only))
		return BAD_REQUEST;
	const char *const parameters[] = { ending->user_id,   ending->only,  ending->except,
					   ending->reason,    ending->actor, ending->address,
					   ending->request_id };
	/* Sign-ins of the person end sessions too; neither may wait for what the other holds. */
	struct pg_call calls[] = {
		{ STATEMENT_SESSION_LOCK_PERSON, parameters, 1, NULL },
		{ STATEMENT_SESSION_END_LISTED, parameters, sizeof parameters / sizeof *parameters,
		  NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 2);
	if (outcome == OK)
		*ended = pg_integer(calls[1].rows, 0, 0);
	return outcome;
}

#include "chat/conversation_search.h"
#include "base/text.h"

static void read_found(const struct pg_rows *rows, struct pool *pool,
		       struct conversation_results *results)
{
	results->count = pg_row_count(rows);
	results->items = pool_zalloc(pool, (results->count + 1) * sizeof *results->items);
	for (size_t i = 0; i < results->count; i++) {
		struct conversation_found *found = &results->items[i];
		conversation_read(rows, i, pool, &found->conversation);
		found->message_id = pg_integer(rows, i, 10) > 0 ? pg_text(rows, i, 10) : NULL;
		found->passage = pg_text(rows, i, 11);
		found->marked_title = pg_text(rows, i, 12);
	}
}

static void read_folders(const struct pg_rows *rows, struct pool *pool,
			 struct conversation_results *results)
{
	results->folder_count = pg_row_count(rows);
	results->folders = pool_zalloc(pool,
				       (results->folder_count + 1) * sizeof *results->folders);
	for (size_t i = 0; i < results->folder_count; i++)
		results->folders[i] = (struct conversation_folder){
			.name = pg_text(rows, i, 0),
			.conversations = pg_integer(rows, i, 1),
		};
}

enum outcome conversation_search(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const struct conversation_search *search,
				 struct conversation_results *results)
{
	const struct conversation_cursor cursor = conversation_cursor_read(pool, search->after);
	const char *words = pool_strndup(pool, search->words,
					 text_prefix(search->words, CONVERSATION_WORDS_MAX));
	const char *const found[] = {
		user_id,
		words,
		search->country,
		search->service,
		search->folder,
		search->shelf,
		text_from_integer(pool, (int64_t)search->limit),
		cursor.moment,
		cursor.id,
	};
	const char *const folders[] = { user_id };
	struct pg_call calls[] = {
		{ STATEMENT_CONVERSATION_SEARCH, found, 9, NULL },
		{ STATEMENT_CONVERSATION_FOLDERS, folders, 1, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 2);
	if (outcome != OK)
		return outcome;
	read_found(calls[0].rows, pool, results);
	read_folders(calls[1].rows, pool, results);
	return OK;
}

enum outcome conversation_details(struct pg_pool *database, struct pool *pool, const char *user_id,
				  const char *id, struct conversation *conversation,
				  struct conversation_results *folders)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	const char *const load[] = { id, user_id };
	const char *const all[] = { user_id };
	struct pg_call calls[] = {
		{ STATEMENT_CONVERSATION_LOAD, load, 2, NULL },
		{ STATEMENT_CONVERSATION_FOLDERS, all, 1, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 2);
	if (outcome == OK && pg_row_count(calls[0].rows) == 0)
		outcome = NOT_FOUND;
	if (outcome != OK)
		return outcome;
	conversation_read_loaded(calls[0].rows, pool, conversation);
	read_folders(calls[1].rows, pool, folders);
	return OK;
}

#include "chat/conversation.h"
#include "base/text.h"
#include <string.h>

static const char *or_null(const char *text)
{
	return text_is_empty(text) ? NULL : text;
}

static const char *number(struct pool *pool, int64_t value)
{
	return pool_printf(pool, "%lld", (long long)value);
}

enum outcome conversation_create(struct pg_pool *database, struct pool *pool,
				 const struct conversation_owner *owner, const char *country,
				 const char *service, int64_t days, const char **id)
{
	const char *const parameters[] = {
		owner->user_id,
		owner->username,
		or_null(country),
		or_null(service),
		days > 0 ? number(pool, days) : NULL,
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_CREATE, parameters, 5,
				      &rows);
	if (outcome == OK)
		*id = pg_text(rows, 0, 0);
	return outcome;
}

enum outcome conversation_find_open(struct pg_pool *database, struct pool *pool,
				    const char *user_id, const char *country, const char *service,
				    const char **id)
{
	const char *const parameters[] = { user_id, or_null(country), or_null(service) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_FIND_OPEN, parameters,
				      3, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*id = pg_text(rows, 0, 0);
	return outcome;
}

static struct conversation read_conversation(const struct pg_rows *rows, size_t row)
{
	return (struct conversation){
		.id = pg_text(rows, row, 0),
		.title = pg_text(rows, row, 1),
		.country = pg_text(rows, row, 2),
		.service = pg_text(rows, row, 3),
		.is_open = pg_bool(rows, row, 4),
		.age_s = pg_integer(rows, row, 5),
	};
}

static void read_list(const struct pg_rows *rows, struct pool *pool, struct conversation_list *list)
{
	list->count = pg_row_count(rows);
	list->items = pool_zalloc(pool, (list->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = read_conversation(rows, i);
}

static void read_messages(const struct pg_rows *rows, struct pool *pool, struct message_list *list)
{
	list->count = pg_row_count(rows);
	list->items = pool_zalloc(pool, (list->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = (struct message){
			.id = pg_text(rows, i, 0),
			.role = pg_text(rows, i, 1),
			.content = pg_text(rows, i, 2),
			.created_at_s = pg_integer(rows, i, 3),
		};
}

enum outcome conversation_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const char *id, struct conversation *conversation)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_LOAD,
				      (const char *const[]){ id, user_id }, 2, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*conversation = read_conversation(rows, 0);
	return outcome;
}

enum outcome conversation_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			       size_t limit, struct conversation_list *list)
{
	struct pg_rows *rows;
	enum outcome outcome =
		pg_run(database, pool, STATEMENT_CONVERSATION_LIST,
		       (const char *const[]){ user_id, number(pool, (int64_t)limit) }, 2, &rows);
	if (outcome == OK)
		read_list(rows, pool, list);
	return outcome;
}

/* How many conversations an overview shows, and the list beside a conversation. */
enum { OVERVIEW_LIMIT = 20, SIDEBAR_LIMIT = 30 };

enum outcome conversation_overview(struct pg_pool *database, struct pool *pool, const char *user_id,
				   int64_t idle_s, struct conversation_overview *overview)
{
	const char *const count[] = { user_id, number(pool, idle_s) };
	const char *const latest[] = { user_id, number(pool, OVERVIEW_LIMIT) };
	struct pg_call calls[] = {
		{ STATEMENT_ACCOUNT_FIGURES, count, 2, NULL },
		{ STATEMENT_CONVERSATION_LIST, latest, 2, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 2);
	if (outcome != OK)
		return outcome;
	*overview = (struct conversation_overview){
		.active_sessions = pg_integer(calls[0].rows, 0, 0),
		.total_messages = pg_integer(calls[0].rows, 0, 1),
		.countries_explored = pg_integer(calls[0].rows, 0, 2),
		.conversations_total = pg_integer(calls[0].rows, 0, 3),
	};
	read_list(calls[1].rows, pool, &overview->latest);
	return OK;
}

enum outcome conversation_open(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const char *id, size_t message_limit,
			       struct conversation *conversation, struct message_list *messages,
			       struct conversation_list *list)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	const char *const load[] = { id, user_id };
	const char *const read[] = { id, user_id, number(pool, (int64_t)message_limit) };
	const char *const beside[] = { user_id, number(pool, SIDEBAR_LIMIT) };
	struct pg_call calls[] = {
		{ STATEMENT_CONVERSATION_LOAD, load, 2, NULL },
		{ STATEMENT_MESSAGE_LIST, read, 3, NULL },
		{ STATEMENT_CONVERSATION_LIST, beside, 2, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 3);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(calls[0].rows) == 0)
		return NOT_FOUND;
	*conversation = read_conversation(calls[0].rows, 0);
	read_messages(calls[1].rows, pool, messages);
	read_list(calls[2].rows, pool, list);
	return OK;
}

/* The beginning of the first question, on one line. */
static const char *title_of(struct pool *pool, const char *question)
{
	struct buffer title = buffer_new(pool, 128);
	for (const char *c = question; *c != '\0'; c++) {
		bool space = *c == ' ' || *c == '\n' || *c == '\r' || *c == '\t';
		if (!space)
			buffer_byte(&title, *c);
		else if (title.length > 0 && title.bytes[title.length - 1] != ' ')
			buffer_byte(&title, ' ');
	}
	if (text_characters(title.bytes) <= CONVERSATION_TITLE_CHARACTERS)
		return title.bytes;
	size_t length = text_prefix(title.bytes, CONVERSATION_TITLE_CHARACTERS - 1);
	while (length > 0 && title.bytes[length - 1] == ' ')
		length--;
	return pool_printf(pool, "%.*s…", (int)length, title.bytes);
}

enum outcome conversation_store(struct pg_pool *database, struct pool *pool, const char *user_id,
				const char *id, const char *question, const char *answer,
				const char *ids[static 2])
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	const char *const parameters[] = { id, user_id, question, answer,
					   title_of(pool, question) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_EXCHANGE_STORE, parameters, 5,
				      &rows);
	if (outcome == OK && pg_row_count(rows) != 2)
		outcome = NOT_FOUND;
	if (outcome == OK) {
		ids[0] = pg_text(rows, 0, 0);
		ids[1] = pg_text(rows, 1, 0);
	}
	return outcome;
}

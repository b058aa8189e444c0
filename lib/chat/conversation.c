#include "chat/conversation.h"
#include "base/text.h"
#include "chat/conversation_change.h"
#include <string.h>

static const char *or_null(const char *text)
{
	return text_is_empty(text) ? NULL : text;
}

const char *conversation_method(const struct conversation_owner *owner)
{
	return owner->is_guest ? "guest" : "password";
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
		days > 0 ? text_from_integer(pool, days) : NULL,
		owner->is_guest ? "false" : "true",
		conversation_method(owner),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_CREATE, parameters, 7,
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

void conversation_read(const struct pg_rows *rows, size_t row, struct pool *pool,
		       struct conversation *conversation)
{
	*conversation = (struct conversation){
		.id = pg_text(rows, row, 0),
		.title = pg_text(rows, row, 1),
		.country = pg_text(rows, row, 2),
		.service = pg_text(rows, row, 3),
		.is_open = pg_bool(rows, row, 4),
		.age_s = pg_integer(rows, row, 5),
		.folder = pg_text(rows, row, 6),
		.is_pinned = pg_bool(rows, row, 7),
		.is_archived = pg_bool(rows, row, 8),
	};
	if (pg_text(rows, row, 9) != NULL)
		conversation->cursor = pool_printf(pool, "%s-%s", pg_text(rows, row, 9),
						   conversation->id);
}

void conversation_read_loaded(const struct pg_rows *rows, struct pool *pool,
			      struct conversation *conversation)
{
	conversation_read(rows, 0, pool, conversation);
	conversation->last_activity_s = conversation->age_s;
	conversation->age_s = 0;
	conversation->character_id = pg_text(rows, 0, 10);
	conversation->model = pg_text(rows, 0, 11);
	conversation->has_own_title = pg_bool(rows, 0, 12);
	conversation->created_at_s = pg_integer(rows, 0, 13);
	conversation->character_name = pg_text(rows, 0, 14);
}

static void read_list(const struct pg_rows *rows, struct pool *pool, struct conversation_list *list)
{
	list->count = pg_row_count(rows);
	list->items = pool_zalloc(pool, (list->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < list->count; i++)
		conversation_read(rows, i, pool, &list->items[i]);
}

static const char *id_or_null(const struct pg_rows *rows, size_t row, int column)
{
	return pg_integer(rows, row, column) > 0 ? pg_text(rows, row, column) : NULL;
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
			.state = pg_text(rows, i, 4),
			.model = pg_text(rows, i, 5),
			.rating = pg_integer(rows, i, 6),
			.rating_note = pg_text(rows, i, 7),
			.parent_id = pg_text(rows, i, 8),
			.previous_version = id_or_null(rows, i, 9),
			.next_version = id_or_null(rows, i, 10),
			.version = pg_integer(rows, i, 11),
			.versions = pg_integer(rows, i, 12),
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
		conversation_read_loaded(rows, pool, conversation);
	return outcome;
}

struct conversation_cursor conversation_cursor_read(struct pool *pool, const char *text)
{
	const struct conversation_cursor top = { NULL, NULL };
	const char *dash = strchr(text, '-');
	int64_t moment;
	if (dash == NULL || !text_is_uuid(dash + 1))
		return top;
	const char *digits = pool_strndup(pool, text, (size_t)(dash - text));
	/* Microseconds up to the year 9999. */
	if (!text_to_integer(digits, 0, INT64_C(253402300799000000), &moment))
		return top;
	return (struct conversation_cursor){ digits, dash + 1 };
}

enum { LIST_PARAMETERS = 5 };

/* What conversation_list wants. */
static const char *const *list_parameters(struct pool *pool, const char *user_id,
					  enum conversation_order order, size_t limit,
					  const char *after)
{
	static const char *const orders[] = { "pinned", "unpinned", "all" };
	const struct conversation_cursor cursor = conversation_cursor_read(pool, after);
	const char **parameters = pool_alloc(pool, LIST_PARAMETERS * sizeof *parameters);
	parameters[0] = user_id;
	parameters[1] = text_from_integer(pool, (int64_t)limit);
	parameters[2] = cursor.moment;
	parameters[3] = cursor.id;
	parameters[4] = orders[order];
	return parameters;
}

enum outcome conversation_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			       enum conversation_order order, size_t limit, const char *after,
			       struct conversation_list *list)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_LIST,
				      list_parameters(pool, user_id, order, limit, after),
				      LIST_PARAMETERS, &rows);
	if (outcome == OK)
		read_list(rows, pool, list);
	return outcome;
}

/* How many conversations an overview shows. */
enum { OVERVIEW_LIMIT = 20 };

enum outcome conversation_overview(struct pg_pool *database, struct pool *pool, const char *user_id,
				   struct conversation_overview *overview)
{
	const char *const count[] = { user_id };
	struct pg_call calls[] = {
		{ STATEMENT_ACCOUNT_FIGURES, count, 1, NULL },
		{ STATEMENT_CONVERSATION_LIST,
		  list_parameters(pool, user_id, CONVERSATIONS_BY_TIME, OVERVIEW_LIMIT, ""),
		  LIST_PARAMETERS, NULL },
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

/* "" is as good as the id of a message, and means none. */
static bool is_message_or_none(const char *id)
{
	int64_t unused;
	return *id == '\0' || text_to_integer(id, 1, INT64_MAX, &unused);
}

enum outcome conversation_open(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const struct conversation_view *view,
			       struct conversation *conversation, struct message_list *messages,
			       struct conversation_list *list)
{
	if (!text_is_uuid(view->id) || !is_message_or_none(view->before) ||
	    !is_message_or_none(view->at))
		return NOT_FOUND;
	const char *const load[] = { view->id, user_id };
	const char *const read[] = {
		view->id,
		user_id,
		text_from_integer(pool, (int64_t)view->messages),
		*view->before != '\0' ? view->before : "0",
		*view->at != '\0' ? view->at : "0",
		text_from_integer(pool, MESSAGES_BYTES_MAX),
	};
	struct pg_call calls[] = {
		{ STATEMENT_CONVERSATION_LOAD, load, 2, NULL },
		{ STATEMENT_MESSAGE_LIST, read, 6, NULL },
		{ STATEMENT_CONVERSATION_LIST,
		  list_parameters(pool, user_id, CONVERSATIONS_PINNED_FIRST, view->beside, ""),
		  LIST_PARAMETERS, NULL },
	};
	enum outcome outcome = pg_run_all(database, pool, calls, 3);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(calls[0].rows) == 0)
		return NOT_FOUND;
	conversation_read_loaded(calls[0].rows, pool, conversation);
	read_messages(calls[1].rows, pool, messages);
	read_list(calls[2].rows, pool, list);
	return OK;
}

struct pg_call conversation_hand_over_call(struct pool *pool, const char *from_user_id,
					   const struct conversation_owner *to)
{
	const char **parameters = pool_alloc(pool, 5 * sizeof *parameters);
	parameters[0] = from_user_id;
	parameters[1] = to->user_id;
	parameters[2] = to->username;
	parameters[3] = conversation_method(to);
	parameters[4] = to->is_guest ? "false" : "true";
	return (struct pg_call){ .statement = STATEMENT_CONVERSATION_HAND_OVER,
				 .parameters = parameters,
				 .parameter_count = 5 };
}

/* Run a statement whose first parameters are a message's id and its owner's. */
static enum outcome run_on_message(struct pg_pool *database, struct pool *pool,
				   enum statement statement, const char *const parameters[],
				   size_t count, struct message_place *place)
{
	int64_t id;
	if (!text_to_integer(parameters[0], 1, INT64_MAX, &id))
		return NOT_FOUND;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, statement, parameters, count, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*place = (struct message_place){
			.message = { .id = pg_text(rows, 0, 0),
				     .role = pg_text(rows, 0, 1),
				     .content = pg_text(rows, 0, 2),
				     .created_at_s = pg_integer(rows, 0, 3) },
			.conversation_id = pg_text(rows, 0, 4),
			.is_open = pg_bool(rows, 0, 5),
			.parent_id = pg_text(rows, 0, 6),
		};
	return outcome;
}

enum outcome message_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, struct message_place *place)
{
	return run_on_message(database, pool, STATEMENT_MESSAGE_LOAD,
			      (const char *const[]){ id, user_id }, 2, place);
}

/* What was in a question is not to stay in the title. */
static enum outcome retitle(struct pg_pool *database, struct pool *pool, const char *user_id,
			    const struct message_place *place)
{
	return strcmp(place->message.role, "user") == 0
		       ? conversation_retitle(database, pool, user_id, place->conversation_id)
		       : OK;
}

enum outcome message_edit(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, const char *content, struct message_place *place)
{
	enum outcome outcome = run_on_message(database, pool, STATEMENT_MESSAGE_EDIT,
					      (const char *const[]){ id, user_id, content }, 3,
					      place);
	return outcome == OK ? retitle(database, pool, user_id, place) : outcome;
}

enum outcome message_delete(struct pg_pool *database, struct pool *pool, const char *user_id,
			    const char *id, struct message_place *place)
{
	enum outcome outcome = run_on_message(database, pool, STATEMENT_MESSAGE_DELETE,
					      (const char *const[]){ id, user_id }, 2, place);
	return outcome == OK ? retitle(database, pool, user_id, place) : outcome;
}

/* Run a statement about a message that gives its conversation. */
static enum outcome run_for_conversation(struct pg_pool *database, struct pool *pool,
					 enum statement statement, const char *const *parameters,
					 size_t count, const char **conversation_id)
{
	int64_t id;
	if (!text_to_integer(parameters[0], 1, INT64_MAX, &id))
		return NOT_FOUND;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, statement, parameters, count, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*conversation_id = pg_text(rows, 0, 0);
	return outcome;
}

enum outcome message_show_branch(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const char *id, const char **conversation_id)
{
	const char *const parameters[] = { id, user_id };
	return run_for_conversation(database, pool, STATEMENT_MESSAGE_SHOW, parameters, 2,
				    conversation_id);
}

enum outcome message_rate(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, int64_t rating, const char *note,
			  const char **conversation_id)
{
	const char *const parameters[] = { id, user_id, text_from_integer(pool, rating), note };
	return run_for_conversation(database, pool, STATEMENT_MESSAGE_RATE, parameters, 4,
				    conversation_id);
}

#include "chat/conversation_transfer.h"
#include "base/json.h"
#include "chat/conversation_file.h"
#include <string.h>
#include <time.h>

enum { BATCH = 100, CONVERSATIONS_AT_ONCE = 100 };

/* Where an export has come to. */
enum step { STEP_HEAD, STEP_CONVERSATION, STEP_MESSAGES, STEP_FOOT, STEP_OVER };

struct conversation_export {
	struct pg_pool *database;
	struct pool *pool;
	const char *user_id;
	const char *only_id; /* NULL: all */
	enum conversation_format format;
	enum step step;
	struct pool *listed;    /* of the conversations below; those before are forgotten */
	struct pg_rows *heads;  /* a few of them */
	size_t head;            /* the one that is written */
	struct pool *reading;   /* of the ids below, which are of this conversation */
	int64_t *ids;           /* of its messages so far, rising; Markdown: of all to come */
	size_t count, capacity; /* of ids */
	size_t written;         /* Markdown: so many of them */
	bool is_first;          /* no conversation before it */
};

static enum outcome list_more(struct conversation_export *export)
{
	const char *after = export->heads != NULL
				    ? pg_text(export->heads, pg_row_count(export->heads) - 1, 0)
				    : NULL;
	struct pool *pool = pool_new(export->pool);
	const char *const parameters[] = { export->user_id, export->only_id,
					   pool_strdup(pool, after),
					   text_from_integer(pool, CONVERSATIONS_AT_ONCE) };
	if (export->listed != NULL)
		pool_free(export->listed);
	export->listed = pool;
	export->head = 0;
	return pg_run(export->database, pool, STATEMENT_EXPORT_CONVERSATIONS, parameters, 4,
		      &export->heads);
}

/* "How do I register a GmbH?" as "how-do-i-register-a-gmbh". */
static const char *file_name(struct pool *pool, const char *title, const char *ending)
{
	enum { LONGEST = 60 };
	struct buffer name = buffer_new(pool, 80);
	for (const char *c = text_lower(pool, title); *c != '\0' && name.length < LONGEST; c++) {
		bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
		if (is_plain)
			buffer_byte(&name, *c);
		else if (name.length > 0 && name.bytes[name.length - 1] != '-')
			buffer_byte(&name, '-');
	}
	while (name.length > 0 && name.bytes[name.length - 1] == '-')
		name.bytes[--name.length] = '\0';
	return pool_printf(pool, "%s.%s", name.length > 0 ? name.bytes : "conversation", ending);
}

enum outcome conversation_export_begin(struct pg_pool *database, struct pool *pool,
				       const char *user_id, const char *id,
				       enum conversation_format format,
				       struct conversation_export **export, const char **name)
{
	struct conversation_export *begun = pool_zalloc(pool, sizeof *begun);
	if (id != NULL && !text_is_uuid(id))
		return NOT_FOUND;
	begun->database = database;
	begun->pool = pool;
	begun->user_id = user_id;
	begun->only_id = id;
	begun->format = format;
	begun->is_first = true;
	enum outcome outcome = list_more(begun);
	if (outcome != OK)
		return outcome;
	if (id != NULL && pg_row_count(begun->heads) == 0)
		return NOT_FOUND;
	*export = begun;
	*name = id == NULL ? "conversations.json"
			   : file_name(pool, pg_text(begun->heads, 0, 1),
				       format == CONVERSATION_JSON ? "json" : "md");
	return OK;
}

static void add_id(struct conversation_export *export, int64_t id)
{
	if (export->count == export->capacity) {
		size_t capacity = export->capacity * 2 + BATCH;
		int64_t *ids = pool_alloc(export->reading, capacity * sizeof *ids);
		if (export->count > 0)
			memcpy(ids, export->ids, export->count * sizeof *ids);
		export->ids = ids;
		export->capacity = capacity;
	}
	export->ids[export->count++] = id;
}

/* What a message is called in the file. 0: it is not among those so far. */
static int64_t place_of(const struct conversation_export *export, int64_t id)
{
	return (int64_t)conversation_file_place(export->ids, export->count, id);
}

static void set_place(struct pool *pool, struct value *value, const char *name, int64_t place)
{
	value_set(value, name, place > 0 ? value_integer(pool, place) : value_null(pool));
}

/* ---- JSON ---- */

static void json_head(struct pool *pool, const struct pg_rows *heads, size_t row,
		      struct buffer *out)
{
	static const char *const texts[] = {
		[1] = "title",  [3] = "country",    [4] = "service",
		[5] = "folder", [6] = "created_at", [7] = "last_activity"
	};
	static const char *const flags[] = {
		[2] = "has_own_title", [8] = "is_pinned", [9] = "is_archived"
	};
	struct value *value = value_object(pool);
	for (int column = 1; column < 10; column++)
		if (column < 8 && texts[column] != NULL)
			value_set_string(value, texts[column], pg_text(heads, row, column));
		else
			value_set_bool(value, flags[column], pg_bool(heads, row, column));
	json_write(out, value);
	out->bytes[--out->length] = '\0'; /* without its brace: the messages come */
	buffer_puts(out, ",\"messages\":[");
}

static void json_message(struct conversation_export *export, struct pool *pool,
			 const struct pg_rows *rows, size_t row, struct buffer *out)
{
	struct value *value = value_object(pool);
	int64_t parent = place_of(export, pg_integer(rows, row, 1));
	buffer_puts(out, export->count > 0 ? ",\n" : "\n");
	add_id(export, pg_integer(rows, row, 0));
	value_set_integer(value, "id", (int64_t) export->count);
	set_place(pool, value, "parent", parent);
	value_set_string(value, "role", pg_text(rows, row, 2));
	value_set_string(value, "content", pg_text(rows, row, 3));
	value_set_string(value, "created_at", pg_text(rows, row, 4));
	if (strcmp(pg_text(rows, row, 2), "assistant") == 0) {
		value_set_string(value, "state", pg_text(rows, row, 5));
		value_set_string(value, "model", pg_text(rows, row, 6));
		value_set_integer(value, "rating", pg_integer(rows, row, 7));
		value_set_string(value, "rating_note", pg_text(rows, row, 8));
	}
	json_write(out, value);
}

static void json_foot(const struct conversation_export *export, struct buffer *out)
{
	int64_t shown = place_of(export, pg_integer(export->heads, export->head, 10));
	buffer_puts(out, "],\"shown\":");
	if (shown > 0)
		buffer_printf(out, "%lld}", (long long)shown);
	else
		buffer_puts(out, "null}");
}

/* ---- Markdown ---- */

static const char *moment_text(struct pool *pool, int64_t at_s)
{
	char text[64];
	struct tm parts;
	time_t at = (time_t)at_s;
	gmtime_r(&at, &parts);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
	return pool_strdup(pool, text);
}

static void markdown_head(struct pool *pool, const struct pg_rows *heads, size_t row,
			  struct buffer *out)
{
	const char *title = pg_text(heads, row, 1);
	buffer_printf(out, "# %s\n\n", *title != '\0' ? title : "New conversation");
	for (int column = 4; column >= 3; column--)
		if (*pg_text(heads, row, column) != '\0')
			buffer_printf(out, "%s · ", pg_text(heads, row, column));
	buffer_printf(out, "begun %s\n", moment_text(pool, pg_integer(heads, row, 11)));
}

static void markdown_message(struct pool *pool, const struct pg_rows *rows, size_t row,
			     struct buffer *out)
{
	bool by_person = strcmp(pg_text(rows, row, 2), "user") == 0;
	const char *model = pg_text(rows, row, 6);
	buffer_printf(out, "\n---\n\n**%s**%s%s%s · %s\n\n%s\n", by_person ? "You" : "Answer",
		      *model != '\0' ? " (" : "", model, *model != '\0' ? ")" : "",
		      moment_text(pool, pg_integer(rows, row, 9)), pg_text(rows, row, 3));
}

/* ---- Step by step ---- */

static enum outcome run(const struct conversation_export *export, struct pool *pool,
			enum statement statement, const char *third, const char *fourth,
			struct pg_rows **rows)
{
	const char *const parameters[] = { pg_text(export->heads, export->head, 0), export->user_id,
					   third, fourth };
	return pg_run(export->database, pool, statement, parameters,
		      third == NULL ? 2 : (fourth == NULL ? 3 : 4), rows);
}

/* The next ids as an array of PostgreSQL's. */
static const char *next_ids(struct conversation_export *export, struct pool *pool)
{
	struct buffer array = buffer_new(pool, 1024);
	size_t end = export->written + BATCH;
	for (; export->written < end && export->written < export->count; export->written++)
		buffer_printf(&array, "%c%lld", array.length == 0 ? '{' : ',',
			      (long long)export->ids[export->written]);
	buffer_byte(&array, '}');
	return array.bytes;
}

static enum outcome json_messages(struct conversation_export *export, struct pool *pool,
				  struct buffer *out)
{
	struct pg_rows *rows;
	int64_t last = export->count > 0 ? export->ids[export->count - 1] : 0;
	enum outcome outcome = run(export, pool, STATEMENT_EXPORT_MESSAGES,
				   text_from_integer(pool, last), text_from_integer(pool, BATCH),
				   &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++)
		json_message(export, pool, rows, i, out);
	if (outcome == OK && pg_row_count(rows) < BATCH) {
		json_foot(export, out);
		export->head++;
		export->step = STEP_CONVERSATION;
	}
	return outcome;
}

static enum outcome markdown_messages(struct conversation_export *export, struct pool *pool,
				      struct buffer *out)
{
	struct pg_rows *rows;
	if (export->written == export->count) {
		export->step = STEP_OVER;
		return OK;
	}
	enum outcome outcome = run(export, pool, STATEMENT_EXPORT_SHOWN, next_ids(export, pool),
				   NULL, &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++)
		markdown_message(pool, rows, i, out);
	return outcome;
}

static enum outcome read_branch(struct conversation_export *export, struct pool *pool)
{
	struct pg_rows *rows;
	enum outcome outcome = run(export, pool, STATEMENT_EXPORT_BRANCH, NULL, NULL, &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++)
		add_id(export, pg_integer(rows, i, 0));
	return outcome;
}

static enum outcome begin_conversation(struct conversation_export *export, struct pool *pool,
				       struct buffer *out)
{
	enum outcome outcome = OK;
	if (export->head == pg_row_count(export->heads) && export->head == CONVERSATIONS_AT_ONCE)
		outcome = list_more(export);
	if (outcome != OK)
		return outcome;
	if (export->head == pg_row_count(export->heads)) {
		export->step = STEP_FOOT;
		return OK;
	}
	if (export->reading != NULL)
		pool_free(export->reading);
	export->reading = pool_new(export->pool);
	export->ids = NULL;
	export->count = export->capacity = export->written = 0;
	export->step = STEP_MESSAGES;
	if (export->format == CONVERSATION_MARKDOWN) {
		markdown_head(pool, export->heads, export->head, out);
		return read_branch(export, pool);
	}
	buffer_puts(out, export->is_first ? "\n" : ",\n");
	export->is_first = false;
	json_head(pool, export->heads, export->head, out);
	return OK;
}

static enum outcome take_step(struct conversation_export *export, struct pool *pool,
			      struct buffer *out)
{
	bool is_json = export->format == CONVERSATION_JSON;
	switch (export->step) {
	case STEP_HEAD:
		if (is_json)
			buffer_printf(out, "{\"gatehouse_conversations\":%d,\"conversations\":[",
				      CONVERSATION_FILE_VERSION);
		export->step = STEP_CONVERSATION;
		return OK;
	case STEP_CONVERSATION:
		return begin_conversation(export, pool, out);
	case STEP_MESSAGES:
		return is_json ? json_messages(export, pool, out)
			       : markdown_messages(export, pool, out);
	case STEP_FOOT:
		buffer_puts(out, "\n]}\n");
		export->step = STEP_OVER;
		return OK;
	case STEP_OVER:
		break;
	}
	return OK;
}

enum outcome conversation_export_next(void *context, struct pool *pool, struct buffer *out)
{
	struct conversation_export *export = context;
	enum { ENOUGH = 64 << 10 }; /* bytes: short conversations share a piece */
	enum outcome outcome = OK;
	while (outcome == OK && export->step != STEP_OVER && out->length < ENOUGH)
		outcome = take_step(export, pool, out);
	return outcome;
}

/* ---- Back again ---- */

/* Ten thousand messages take a second or two of the database, whose index has all their words. */
enum { IMPORT_PATIENCE_MS = 30000 };

enum outcome conversation_import(struct pg_pool *database, struct pool *pool,
				 const struct conversation_owner *owner, int64_t days,
				 const struct value *conversations,
				 struct conversation_imported *imported)
{
	struct value *who = value_object(pool);
	value_set_string(who, "user_id", owner->user_id);
	value_set_string(who, "username", owner->username);
	value_set_bool(who, "is_authenticated", !owner->is_guest);
	value_set_string(who, "method", conversation_method(owner));
	if (days > 0)
		value_set_integer(who, "days", days);
	struct buffer person = buffer_new(pool, 256), file = buffer_new(pool, 64 << 10);
	json_write(&person, who);
	json_write(&file, conversations);
	const char *const parameters[] = { person.bytes, file.bytes };
	struct pg_call call = { .statement = STATEMENT_IMPORT_CONVERSATIONS,
				.parameters = parameters,
				.parameter_count = 2 };
	enum outcome outcome = pg_run_long(database, pool, &call, IMPORT_PATIENCE_MS);
	if (outcome == OK)
		*imported = (struct conversation_imported){ pg_integer(call.rows, 0, 0),
							    pg_integer(call.rows, 0, 1) };
	return outcome;
}

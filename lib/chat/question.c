#include "chat/question.h"
#include "base/json.h"
#include "chat/question_private.h"
#include "chat/title.h"
#include <string.h>

static const struct {
	const char *name;
	enum question_verdict verdict;
} verdicts[] = {
	{ "stored", QUESTION_STORED },     { "again", QUESTION_AGAIN },
	{ "not_found", QUESTION_UNKNOWN }, { "over", QUESTION_OVER },
	{ "full", QUESTION_FULL },         { "running", QUESTION_RUNNING },
};

static enum question_verdict read_verdict(const char *name)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (strcmp(verdicts[i].name, name) == 0)
			return verdicts[i].verdict;
	return QUESTION_LIMIT;
}

void question_read_stored(const struct pg_rows *rows, struct question_stored *stored)
{
	const char *verdict = pg_text(rows, 0, 0);
	*stored = (struct question_stored){
		.verdict = read_verdict(verdict),
		.wait_s = pg_integer(rows, 0, 1),
		.conversation_id = pg_text(rows, 0, 2),
		.question_id = pg_text(rows, 0, 3),
		.answer_message_id = pg_text(rows, 0, 4),
		.answer_id = pg_text(rows, 0, 5),
		.has_worker = pg_bool(rows, 0, 6),
	};
	if (stored->verdict == QUESTION_LIMIT)
		stored->limit = strchr(verdict, ':') + 1;
}

/* Tokens and answers are counted for their person alone: messages bound them. */
static struct value *network_limits(struct pool *pool, const struct question_limits *limits)
{
	struct value *value = value_object(pool);
	value_set_string(value, "who", pool_printf(pool, "guests of %s", limits->network));
	value_set_integer(value, "minute", limits->messages_per_minute * limits->network_times);
	value_set_integer(value, "day", limits->messages_per_day * limits->network_times);
	return value;
}

struct value *question_limits_value(struct pool *pool, const struct question_limits *limits)
{
	struct value *value = value_object(pool);
	value_set_integer(value, "minute", limits->messages_per_minute);
	value_set_integer(value, "day", limits->messages_per_day);
	value_set_integer(value, "tokens", limits->tokens_per_day);
	value_set_integer(value, "answers", limits->answers_at_once);
	value_set_integer(value, "longest", limits->conversation_messages);
	if (limits->network != NULL)
		value_set(value, "also", network_limits(pool, limits));
	return value;
}

/* What gatehouse_ask wants. */
static struct value *wanted_value(struct pool *pool, const struct question *question)
{
	const struct conversation_owner *owner = question->owner;
	struct value *value = value_object(pool);
	value_set_string(value, "user_id", owner->user_id);
	value_set_string(value, "username", owner->username);
	value_set_bool(value, "is_authenticated", !owner->is_guest);
	value_set_string(value, "method", conversation_method(owner));
	value_set_string(value, "conversation", question->conversation_id);
	value_set_string(value, "country", question->country);
	value_set_string(value, "service", question->service);
	if (question->days > 0)
		value_set_integer(value, "days", question->days);
	value_set_string(value, "character", question->character_id);
	value_set_string(value, "new_model", question->new_model);
	value_set_string(value, "question", question->text);
	value_set_string(value, "title", title_of_question(pool, question->text));
	value_set_string(value, "submit_key", question->submit_key);
	if (!text_is_empty(question->parent_id))
		value_set_string(value, "parent", question->parent_id);
	if (question->answer != NULL)
		value_set_string(value, "answer", question->answer);
	value_set_string(value, "model", question->model);
	value_set(value, "limits", question_limits_value(pool, question->limits));
	return value;
}

static const char *json_text(struct pool *pool, const struct value *value)
{
	struct buffer out = buffer_new(pool, 1024);
	json_write(&out, value);
	return out.bytes;
}

enum outcome question_limit_check(struct pg_pool *database, struct pool *pool,
				  const struct question *question, struct question_stored *stored)
{
	const char *const parameters[] = {
		question->owner->user_id,
		json_text(pool, question_limits_value(pool, question->limits)),
		question->submit_key,
		question->text,
		!text_is_empty(question->conversation_id) && text_is_uuid(question->conversation_id)
			? question->conversation_id
			: "",
	};
	struct pg_rows *rows;
	*stored = (struct question_stored){ .verdict = QUESTION_STORED };
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHAT_LIMIT, parameters, 5, &rows);
	if (outcome != OK || pg_row_count(rows) == 0)
		return outcome;
	question_read_stored(rows, stored);
	return stored->verdict == QUESTION_AGAIN ? OK : TOO_MANY_ATTEMPTS;
}

enum outcome question_store(struct pg_pool *database, struct pool *pool,
			    const struct question *question, struct question_stored *stored)
{
	int64_t parent;
	bool ids_are_fine = (text_is_empty(question->conversation_id) ||
			     text_is_uuid(question->conversation_id)) &&
			    (text_is_empty(question->parent_id) ||
			     text_to_integer(question->parent_id, 0, INT64_MAX, &parent));
	*stored = (struct question_stored){ .verdict = QUESTION_UNKNOWN };
	if (!ids_are_fine)
		return OK;
	const char *const parameters[] = { json_text(pool, wanted_value(pool, question)) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHAT_ASK, parameters, 1, &rows);
	if (outcome == OK)
		question_read_stored(rows, stored);
	return outcome;
}

enum outcome question_retry(struct pg_pool *database, struct pool *pool, const char *user_id,
			    const char *question_id, const char *model,
			    const struct question_limits *limits, struct question_stored *stored)
{
	int64_t id;
	*stored = (struct question_stored){ .verdict = QUESTION_UNKNOWN };
	if (!text_to_integer(question_id, 1, INT64_MAX, &id))
		return OK;
	const char *const parameters[] = { user_id, question_id, model,
					   json_text(pool, question_limits_value(pool, limits)) };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHAT_RETRY, parameters, 4, &rows);
	if (outcome == OK)
		question_read_stored(rows, stored);
	return outcome;
}

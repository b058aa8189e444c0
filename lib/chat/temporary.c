#include "chat/temporary.h"
#include "base/json.h"
#include "base/text.h"
#include "chat/question_private.h"
#include <string.h>

enum { JSON_VALUES_MAX = TEMPORARY_TURNS_MAX * 3 + 10 };

bool temporary_is_answer(const char *answer_id)
{
	return answer_id[0] == '-';
}

/* The array itself, from a text or as it is; NULL: it is none. */
static const struct value *array_of(struct pool *pool, const struct value *given)
{
	const char *text = value_text(given);
	if (text == NULL)
		return value_type(given) == VALUE_ARRAY ? given : NULL;
	given = json_read(pool, text, value_text_length(given), JSON_VALUES_MAX);
	return value_type(given) == VALUE_ARRAY ? given : NULL;
}

static bool read_turn(const struct value *value, struct answer_turn *turn)
{
	const char *role = value_get_string(value, "role");
	const struct value *content = value_get(value, "content");
	const char *text = value_text(content);
	if (role == NULL || text == NULL ||
	    (strcmp(role, "user") != 0 && strcmp(role, "assistant") != 0) ||
	    !text_is_plain(text, value_text_length(content), true))
		return false;
	*turn = (struct answer_turn){ role, text };
	return true;
}

enum outcome temporary_turns_read(struct pool *pool, const struct value *given,
				  struct answer_turns *turns)
{
	size_t bytes = 0;
	bool is_none = value_type(given) == VALUE_NULL ||
		       (value_text(given) != NULL && value_text_length(given) == 0);
	const struct value *array = is_none ? value_array(pool) : array_of(pool, given);
	*turns = (struct answer_turns){ .count = 0 };
	if (array == NULL)
		return BAD_REQUEST;
	size_t count = value_count(array);
	if (count > TEMPORARY_TURNS_MAX)
		return TOO_LARGE;
	turns->items = pool_zalloc(pool, (count + 1) * sizeof *turns->items);
	for (size_t i = 0; i < count; i++) {
		if (!read_turn(value_item(array, i), &turns->items[i]))
			return BAD_REQUEST;
		bytes += strlen(turns->items[i].text);
		if (bytes > TEMPORARY_BYTES_MAX)
			return TOO_LARGE;
	}
	turns->count = count;
	return OK;
}

const char *temporary_turns_write(struct pool *pool, const struct answer_turns *turns)
{
	struct value *array = value_array(pool);
	struct buffer out = buffer_new(pool, 1024);
	for (size_t i = 0; i < turns->count; i++) {
		struct value *turn = value_object(pool);
		value_set_string(turn, "role", turns->items[i].role);
		value_set_string(turn, "content", turns->items[i].text);
		value_append(array, turn);
	}
	json_write(&out, array);
	return out.bytes;
}

struct answer_turns temporary_turns_newest(const struct answer_turns *turns, size_t characters)
{
	size_t kept = 0, used = 0;
	while (kept < turns->count) {
		used += text_characters(turns->items[turns->count - 1 - kept].text);
		if (kept > 0 && used > characters)
			break;
		kept++;
	}
	return (struct answer_turns){ turns->items + (turns->count - kept), kept };
}

enum outcome temporary_ask(struct pg_pool *database, struct pool *pool,
			   const struct question *question, const char *sealed, size_t turn_count,
			   struct question_stored *stored)
{
	struct value *wanted = value_object(pool);
	struct buffer text = buffer_new(pool, 512);
	value_set_string(wanted, "user_id", question->owner->user_id);
	if (*question->submit_key != '\0')
		value_set_string(wanted, "form", question->submit_key);
	if (question->answer == NULL)
		value_set_string(wanted, "model", question->model);
	value_set_string(wanted, "country", question->country);
	value_set_string(wanted, "service", question->service);
	value_set_string(wanted, "character", question->character_id);
	value_set(wanted, "limits", question_limits_value(pool, question->limits));
	value_set_integer(wanted, "length", (int64_t)turn_count - 1);
	json_write(&text, wanted);
	const char *const parameters[] = { text.bytes, sealed };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHAT_ASK_TEMPORARY, parameters, 2,
				      &rows);
	if (outcome == OK)
		question_read_stored(rows, stored);
	return outcome;
}

enum outcome temporary_forget(struct pg_pool *database, struct pool *pool, const char *user_id,
			      const char *answer_id)
{
	int64_t id;
	if (!text_to_integer(answer_id, INT64_MIN, -1, &id))
		return OK;
	return pg_run(database, pool, STATEMENT_TEMPORARY_FORGET,
		      (const char *const[]){ answer_id, user_id }, 2, NULL);
}

#include "chat/model.h"
#include "base/json.h"
#include "chat/model_text.h"
#include <string.h>

/* More than any model writes or reads; what is above is nonsense. */
static const int64_t tokens_max = 1000000000;

void model_message_add(struct pool *pool, struct value *messages, const char *role,
		       const char *content)
{
	struct value *message = value_object(pool);
	value_set_string(message, "role", role);
	value_set_string(message, "content", content);
	value_append(messages, message);
}

struct model_reading model_reading_new(struct pool *pool)
{
	return (struct model_reading){ .pool = pool,
				       .text = buffer_new(pool, 256),
				       .fault = { .message = "" },
				       .prompt_tokens = -1,
				       .answer_tokens = -1 };
}

/* An error in the middle of a stream can be any that a status can be. */
static bool has_fault(struct model_reading *reading, const struct value *json)
{
	const char *object = value_get_string(json, "object");
	if (value_type(value_get(json, "error")) == VALUE_NULL &&
	    (object == NULL || strcmp(object, "error") != 0))
		return false;
	reading->fault = model_fault_read(reading->pool, json);
	if (reading->fault.error == MODEL_ERROR_NONE)
		reading->fault.error = MODEL_ERROR_SERVER;
	return true;
}

const struct value *model_reading_json(struct model_reading *reading, const struct event *event)
{
	const struct value *json = model_json_read(reading->pool, event->data, event->length,
						   MODEL_EVENT_VALUES_MAX);
	if (value_type(json) != VALUE_OBJECT) {
		reading->fault = (struct model_fault){ MODEL_ERROR_BAD_ANSWER,
						       "an event is no JSON object" };
		return NULL;
	}
	return has_fault(reading, json) ? NULL : json;
}

void model_reading_add(struct model_reading *reading, const struct value *content)
{
	if (value_type(content) == VALUE_STRING)
		buffer_add(&reading->text, value_text(content), value_text_length(content));
	if (value_type(content) != VALUE_ARRAY)
		return;
	for (size_t i = 0; i < value_count(content); i++) {
		const struct value *part = value_item(content, i);
		const char *type = value_get_string(part, "type");
		const struct value *text = value_get(part, "text");
		if (type != NULL && strcmp(type, "text") == 0 && value_type(text) == VALUE_STRING)
			buffer_add(&reading->text, value_text(text), value_text_length(text));
	}
}

void model_reading_count(int64_t *tokens, const struct value *count)
{
	int64_t number = value_to_integer(count);
	if (value_type(count) == VALUE_INTEGER && number >= 0 && number <= tokens_max)
		*tokens = number;
}

void model_reading_finish(struct model_reading *reading, const char *reason,
			  const struct model_reason *ends, size_t count)
{
	reading->is_finished = true;
	reading->end = reading->is_refusal ? MODEL_DECLINED : MODEL_COMPLETE;
	for (size_t i = 0; i < count; i++)
		if (strcmp(ends[i].name, reason) == 0)
			reading->end = ends[i].end;
}

/* Anthropic's Messages API, version 2023-06-01 (docs.anthropic.com/en/api/messages). */
#include "base/json.h"
#include "chat/model.h"
#include <string.h>

static const struct model_reason ends[] = {
	{ "max_tokens", MODEL_CUT },
	{ "model_context_window_exceeded", MODEL_CUT },
	{ "refusal", MODEL_DECLINED },
};

/* The API wants a limit. */
enum { ANSWER_TOKENS_DEFAULT = 2048 };

static size_t headers(struct pool *pool, const char *key,
		      struct http_header list[static MODEL_HEADERS_MAX])
{
	(void)pool;
	size_t count = 0;
	list[count++] = (struct http_header){ "anthropic-version", "2023-06-01" };
	if (*key != '\0')
		list[count++] = (struct http_header){ "x-api-key", key };
	return count;
}

/* The API refuses empty messages, and a conversation that the assistant begins: a character's greeting
 * follows a silent visitor. */
static struct value *messages_of(struct pool *pool, const struct model_prompt *prompt)
{
	struct value *messages = value_array(pool);
	for (size_t i = 0; i < prompt->turn_count; i++) {
		const struct model_turn *turn = &prompt->turns[i];
		if (*turn->content == '\0')
			continue;
		if (value_count(messages) == 0 && strcmp(turn->role, "user") != 0)
			model_message_add(pool, messages, "user", "\xe2\x80\xa6");
		model_message_add(pool, messages, turn->role, turn->content);
	}
	return messages;
}

static void write_request(struct buffer *out, const struct model_prompt *prompt, unsigned without)
{
	struct pool *pool = out->pool;
	struct value *request = value_object(pool);
	int64_t tokens = prompt->answer_tokens_max;
	value_set_string(request, "model", prompt->model);
	value_set_integer(request, "max_tokens", tokens > 0 ? tokens : ANSWER_TOKENS_DEFAULT);
	if (!text_is_empty(prompt->system))
		value_set_string(request, "system", prompt->system);
	value_set(request, "messages", messages_of(pool, prompt));
	value_set_bool(request, "stream", true);
	/* Its temperatures end at 1, those of others at 2. */
	if (prompt->temperature >= 0 && (without & MODEL_WITHOUT_TEMPERATURE) == 0)
		value_set(request, "temperature",
			  value_real(pool, prompt->temperature < 1 ? prompt->temperature : 1));
	json_write(out, request);
}

/* What is read from the cache counts as well: `input_tokens` is only the rest. */
static void read_usage(struct model_reading *reading, const struct value *usage)
{
	static const char *const kinds[] = { "input_tokens", "cache_creation_input_tokens",
					     "cache_read_input_tokens" };
	int64_t sum = -1;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int64_t tokens = -1;
		model_reading_count(&tokens, value_get(usage, kinds[i]));
		if (tokens >= 0)
			sum = (sum > 0 ? sum : 0) + tokens;
	}
	if (sum >= 0)
		reading->prompt_tokens = sum;
	model_reading_count(&reading->answer_tokens, value_get(usage, "output_tokens"));
}

static void read_reason(struct model_reading *reading, const struct value *from)
{
	const char *reason = value_get_string(from, "stop_reason");
	if (!text_is_empty(reason))
		model_reading_finish(reading, reason, ends, sizeof ends / sizeof *ends);
}

static void read_text(struct model_reading *reading, const struct value *from, const char *wanted)
{
	const char *type = value_get_string(from, "type");
	if (type != NULL && strcmp(type, wanted) == 0)
		model_reading_add(reading, value_get(from, "text"));
}

static void on_message_start(struct model_reading *reading, const struct value *json)
{
	read_usage(reading, value_get(value_get(json, "message"), "usage"));
}

static void on_block_start(struct model_reading *reading, const struct value *json)
{
	read_text(reading, value_get(json, "content_block"), "text");
}

/* Thinking, its signature and calls of tools have types of their own. */
static void on_block_delta(struct model_reading *reading, const struct value *json)
{
	read_text(reading, value_get(json, "delta"), "text_delta");
}

static void on_message_delta(struct model_reading *reading, const struct value *json)
{
	read_reason(reading, value_get(json, "delta"));
	read_usage(reading, value_get(json, "usage"));
}

static void on_message_stop(struct model_reading *reading, const struct value *json)
{
	(void)json;
	if (!reading->is_finished)
		model_reading_finish(reading, "", NULL, 0);
	reading->is_over = true;
}

/* `error` is found in every event; `ping`, `content_block_stop` and what will be added later are read
 * over, as the API's documentation asks. */
static const struct {
	const char *type;
	void (*read)(struct model_reading *reading, const struct value *json);
} events[] = {
	{ "message_start", on_message_start },     { "content_block_start", on_block_start },
	{ "content_block_delta", on_block_delta }, { "message_delta", on_message_delta },
	{ "message_stop", on_message_stop },
};

static void read_event(struct model_reading *reading, const struct event *event)
{
	const struct value *json = model_reading_json(reading, event);
	const char *type = value_get_string(json, "type");
	for (size_t i = 0; type != NULL && i < sizeof events / sizeof *events; i++)
		if (strcmp(events[i].type, type) == 0)
			events[i].read(reading, json);
}

static void read_answer(struct model_reading *reading, const struct value *answer)
{
	model_reading_add(reading, value_get(answer, "content"));
	read_reason(reading, answer);
	read_usage(reading, value_get(answer, "usage"));
}

const struct model_protocol model_anthropic = {
	.name = "anthropic",
	.path = "/messages",
	.headers = headers,
	.write_request = write_request,
	.read_event = read_event,
	.read_answer = read_answer,
};

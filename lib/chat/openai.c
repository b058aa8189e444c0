/* OpenAI's chat completions, as llama.cpp, Ollama, vLLM, LM Studio and others speak them too
 * (platform.openai.com/docs/api-reference/chat). */
#include "base/json.h"
#include "chat/model.h"
#include <string.h>

static const struct model_reason ends[] = {
	{ "length", MODEL_CUT },
	{ "content_filter", MODEL_DECLINED },
};

static size_t headers(struct pool *pool, const char *key,
		      struct http_header list[static MODEL_HEADERS_MAX])
{
	if (*key == '\0')
		return 0;
	char *value = pool_printf(pool, "Bearer %s", key);
	pool_wipe_at_end(pool, value, strlen(value));
	list[0] = (struct http_header){ "Authorization", value };
	return 1;
}

static struct value *messages_of(struct pool *pool, const struct model_prompt *prompt)
{
	struct value *messages = value_array(pool);
	if (!text_is_empty(prompt->system))
		model_message_add(pool, messages, "system", prompt->system);
	for (size_t i = 0; i < prompt->turn_count; i++)
		model_message_add(pool, messages, prompt->turns[i].role, prompt->turns[i].content);
	return messages;
}

static void write_request(struct buffer *out, const struct model_prompt *prompt, unsigned without)
{
	struct pool *pool = out->pool;
	struct value *request = value_object(pool);
	value_set_string(request, "model", prompt->model);
	value_set(request, "messages", messages_of(pool, prompt));
	value_set_bool(request, "stream", true);
	if ((without & MODEL_WITHOUT_USAGE) == 0) {
		struct value *options = value_object(pool);
		value_set_bool(options, "include_usage", true);
		value_set(request, "stream_options", options);
	}
	if (prompt->answer_tokens_max > 0)
		value_set_integer(request,
				  (without & MODEL_WITHOUT_MAX_TOKENS) != 0
					  ? "max_completion_tokens"
					  : "max_tokens",
				  prompt->answer_tokens_max);
	if (prompt->temperature >= 0 && (without & MODEL_WITHOUT_TEMPERATURE) == 0)
		value_set(request, "temperature", value_real(pool, prompt->temperature));
	json_write(out, request);
}

/* `part` is where the text is: "delta" of a stream, "message" of a whole answer. What a model thought
 * before it answered (reasoning_content, reasoning) is read over. */
static void read_choice(struct model_reading *reading, const struct value *json, const char *part)
{
	const struct value *choice = value_item(value_get(json, "choices"), 0);
	const struct value *said = value_get(choice, part);
	model_reading_add(reading, value_get(said, "content"));
	const struct value *refusal = value_get(said, "refusal");
	if (value_text_length(refusal) > 0) {
		reading->is_refusal = true;
		model_reading_add(reading, refusal);
	}
	const char *reason = value_get_string(choice, "finish_reason");
	if (!text_is_empty(reason))
		model_reading_finish(reading, reason, ends, sizeof ends / sizeof *ends);
}

/* Comes with the last choice, after it with none, or never. */
static void read_usage(struct model_reading *reading, const struct value *json)
{
	const struct value *usage = value_get(json, "usage");
	model_reading_count(&reading->prompt_tokens, value_get(usage, "prompt_tokens"));
	model_reading_count(&reading->answer_tokens, value_get(usage, "completion_tokens"));
}

static void read_answer(struct model_reading *reading, const struct value *answer)
{
	read_choice(reading, answer, "message");
	read_usage(reading, answer);
}

static void read_event(struct model_reading *reading, const struct event *event)
{
	if (event->length == 6 && memcmp(event->data, "[DONE]", 6) == 0) {
		if (!reading->is_finished)
			model_reading_finish(reading, "", NULL, 0);
		reading->is_over = true;
		return;
	}
	const struct value *json = model_reading_json(reading, event);
	if (json == NULL)
		return;
	read_choice(reading, json, "delta");
	read_usage(reading, json);
}

const struct model_protocol model_openai = {
	.name = "openai",
	.path = "/chat/completions",
	.headers = headers,
	.write_request = write_request,
	.read_event = read_event,
	.read_answer = read_answer,
};

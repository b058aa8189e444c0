#include "app/messages.h"
#include "web/markdown.h"
#include "web/markdown_stream.h"
#include <string.h>

const char *whole_html(struct pool *pool, const char *markdown)
{
	struct buffer html = buffer_new(pool, strlen(markdown) * 2 + 64);
	markdown_render(&html, markdown, strlen(markdown), MARKDOWN_HEADING_SHIFT);
	return html.bytes;
}

const char *growing_html(struct pool *pool, const char *markdown)
{
	struct buffer html = buffer_new(pool, strlen(markdown) * 2 + 64);
	markdown_render_growing(&html, markdown, strlen(markdown), MARKDOWN_HEADING_SHIFT);
	return html.bytes;
}

/* How an answer ended, when it is not all there. */
static const char *state_sentence(const char *state)
{
	static const struct {
		const char *state, *sentence;
	} sentences[] = {
		{ "cut", "This answer reached its longest length." },
		{ "stopped", "Stopped." },
		{ "interrupted", "This answer broke off." },
		{ "failed", "This answer broke off." },
	};
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(sentences[i].state, state) == 0)
			return sentences[i].sentence;
	return NULL;
}

static void set_version(struct value *value, const struct message *message)
{
	if (message->versions < 2)
		return;
	value_set_integer(value, "version", message->version);
	value_set_integer(value, "versions", message->versions);
	value_set_string(value, "previous_version", message->previous_version);
	value_set_string(value, "next_version", message->next_version);
}

struct value *message_value(struct visit *visit, const struct message *message)
{
	bool by_person = strcmp(message->role, "user") == 0;
	struct value *value = value_object(visit->pool);
	value_set_string(value, "id", message->id);
	value_set_string(value, "role", message->role);
	value_set_string(value, "content", message->content);
	value_set_bool(value, "by_person", by_person);
	if (message->parent_id != NULL)
		value_set_string(value, "parent_id", message->parent_id);
	set_version(value, message);
	if (by_person)
		return value;
	value_set_string(value, "html", whole_html(visit->pool, message->content));
	if (message->state == NULL)
		return value;
	value_set_string(value, "state", message->state);
	value_set_string(value, "state_sentence", state_sentence(message->state));
	value_set_string(value, "model", message->model);
	value_set_integer(value, "rating", message->rating);
	value_set_string(value, "rating_note", message->rating_note);
	value_set_bool(value, "is_rated", message->rating != 0);
	value_set_bool(value, "is_good", message->rating > 0);
	value_set_bool(value, "is_bad", message->rating < 0);
	return value;
}

struct value *messages_value(struct visit *visit, const struct message_list *messages)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < messages->count; i++) {
		struct value *value = message_value(visit, &messages->items[i]);
		/* Where the page goes after a question: /chat/?session_id=…#latest. */
		if (!visit->request->wants_json && i + 1 == messages->count)
			value_set_bool(value, "is_latest", true);
		value_append(values, value);
	}
	return values;
}

struct value *answer_value(struct visit *visit, const struct answer *answer)
{
	struct value *value = value_object(visit->pool);
	bool streams = visit->app->streams != NULL;
	value_set_string(value, "id", answer->id);
	value_set_string(value, "question_id", answer->question_id);
	value_set_string(value, "state", answer_state_name(answer->state));
	value_set_bool(value, "is_open", answer_is_open(answer->state));
	value_set_integer(value, "newest", answer->newest);
	value_set_string(value, "html", growing_html(visit->pool, answer->text));
	value_set_string(value, "error", answer->error);
	value_set_string(value, "sentence", answer->sentence);
	value_set_string(
		value, "events",
		streams ? visit_path(visit, pool_printf(visit->pool, "/chat/answers/%s/events",
							answer->id))
			: NULL);
	value_set_string(
		value, "poll",
		visit_path(visit, pool_printf(visit->pool, "/api/answers/%s", answer->id)));
	value_set_string(
		value, "stop",
		visit_path(visit, pool_printf(visit->pool, "/chat/answers/%s/stop", answer->id)));
	return value;
}

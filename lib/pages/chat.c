#include "app/ask.h"
#include "app/conversations.h"
#include "chat/knowledge.h"
#include "pages/pages.h"
#include "web/markdown.h"
#include <string.h>

enum { MESSAGES_SHOWN = 200, SIDEBAR_SHOWN = 30, SUGGESTIONS_SHOWN = 4 };

static const char *to_html(struct pool *pool, const char *markdown)
{
	struct buffer html = buffer_new(pool, strlen(markdown) * 2 + 64);
	markdown_render(&html, markdown, strlen(markdown), MARKDOWN_HEADING_SHIFT);
	return html.bytes;
}

/* One message as programs get it; the chat's own script shows `html`. */
static struct value *message_value(struct visit *visit, const char *id, const char *role,
				   const char *content)
{
	bool by_person = strcmp(role, "user") == 0;
	struct value *value = value_object(visit->pool);
	value_set_string(value, "id", id);
	value_set_string(value, "role", role);
	value_set_string(value, "content", content);
	value_set_bool(value, "by_person", by_person);
	if (!by_person)
		value_set_string(value, "html", to_html(visit->pool, content));
	return value;
}

static void set_messages(struct visit *visit, const struct message_list *messages)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < messages->count; i++) {
		const struct message *message = &messages->items[i];
		struct value *value = message_value(visit, message->id, message->role,
						    message->content);
		/* Where the page goes after a question: /chat/?session_id=…#latest. */
		if (!visit->request->wants_json && i + 1 == messages->count)
			value_set_bool(value, "is_latest", true);
		value_append(values, value);
	}
	value_set(visit->data, "messages", values);
	value_set_bool(visit->page, "has_messages", messages->count > 0);
}

/* Articles to begin with, for a conversation without messages. That there are none is fine. */
static void set_suggestions(struct visit *visit, const char *country, const char *service)
{
	struct knowledge_topics topics = { .count = 0 };
	struct value *values = value_array(visit->pool);
	if (knowledge_topics(visit->app->postgresql, visit->pool, country, service,
			     SUGGESTIONS_SHOWN, &topics) != OK)
		return;
	for (size_t i = 0; i < topics.count; i++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "title", topics.topics[i].title);
		value_set_string(value, "slug", topics.topics[i].slug);
		value_append(values, value);
	}
	value_set(visit->page, "suggestions", values);
}

static void set_composer(struct visit *visit)
{
	value_set_integer(visit->page, "message_limit", visit->app->config->chat.message_limit);
}

/* A new conversation, which is stored when its first question comes. */
static enum outcome fill_new(struct visit *visit, const char *country, const char *service)
{
	struct conversation_list list;
	enum outcome outcome = conversation_list(visit->app->postgresql, visit->pool,
						 visit->session->user_id, SIDEBAR_SHOWN, &list);
	if (outcome != OK)
		return outcome;
	const struct conversation blank = {
		.id = "", .title = "", .country = country, .service = service, .is_open = true
	};
	value_set(visit->page, "conversation", conversation_value(visit, &blank));
	value_set(visit->data, "conversations", conversations_value(visit, &list, NULL));
	set_suggestions(visit, country, service);
	set_composer(visit);
	return OK;
}

static enum outcome fill(struct visit *visit, const char *id)
{
	if (*id == '\0')
		return fill_new(visit, "", "");
	struct conversation conversation;
	struct message_list messages;
	struct conversation_list list;
	enum outcome outcome = conversation_open(visit->app->postgresql, visit->pool,
						 visit->session->user_id, id, MESSAGES_SHOWN,
						 &conversation, &messages, &list);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "session_id", conversation.id);
	value_set(visit->page, "conversation", conversation_value(visit, &conversation));
	value_set(visit->data, "conversations", conversations_value(visit, &list, conversation.id));
	set_messages(visit, &messages);
	if (messages.count == 0)
		set_suggestions(visit, conversation.country, conversation.service);
	set_composer(visit);
	return OK;
}

static enum outcome chat_show(struct visit *visit)
{
	enum outcome outcome = fill(visit, request_query(visit->request, "session_id"));
	return outcome != OK ? outcome : visit_show(visit, "chat.html");
}

/* The page again with what was typed and why it was not sent. */
static enum outcome refuse(struct visit *visit, enum outcome reason, const char *sentence)
{
	enum outcome outcome = visit->request->wants_json
				       ? OK
				       : fill(visit, request_field(visit->request, "session_id"));
	if (outcome != OK)
		return outcome;
	visit_refuse(visit, reason, "chat.html");
	if (sentence != NULL)
		value_set_string(visit->data, "message", sentence);
	if (reason == INVALID_FIELDS) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "message", sentence);
		visit_set_fields(visit, fields);
	}
	value_set_string(visit->page, "typed", request_field(visit->request, "message"));
	return OK;
}

static enum outcome chat_again(struct visit *visit)
{
	return refuse(
		visit, CSRF_FAILED,
		"This page was open for too long. Your message is still here; send it again.");
}

static const char *message_problem(struct visit *visit, const char *message)
{
	int64_t limit = visit->app->config->chat.message_limit;
	if (!request_field_is_clean(visit->request, "message", true))
		return "Your message holds characters that are no text. Remove them and send it "
		       "again.";
	if (*message == '\0')
		return "Write a message first.";
	if (text_characters(message) > (size_t)limit)
		return pool_printf(visit->pool, "Your message is longer than %lld characters.",
				   (long long)limit);
	return NULL;
}

/* Of a new conversation; anything but the operator's choices counts as left open. */
static const char *chosen(struct visit *visit, const char *field, const char *const *list)
{
	const char *text = request_field(visit->request, field);
	return choice_is_listed(list, text) ? text : "";
}

static enum outcome chat_send(struct visit *visit)
{
	const struct request *request = visit->request;
	const char *message = text_trim(visit->pool, request_field(request, "message"));
	const char *problem = message_problem(visit, message);
	if (problem != NULL)
		return refuse(visit, INVALID_FIELDS, problem);
	const struct ask wanted = {
		.conversation_id = request_field(request, "session_id"),
		.country = chosen(visit, "country", visit->app->countries),
		.service = chosen(visit, "service_type", visit->app->services),
		.question = message,
	};
	struct ask_answer answer = { .content = NULL };
	enum outcome outcome = ask(visit, &wanted, &answer);
	if (outcome == CONFLICT)
		return refuse(visit, CONFLICT,
			      "This conversation has ended. Start a new one to go on.");
	if (outcome != OK)
		return outcome;
	if (!request->wants_json)
		return visit_redirect(visit,
				      pool_printf(visit->pool, "/chat/?session_id=%s#latest",
						  answer.conversation_id),
				      NULL);
	struct value *messages = value_array(visit->pool);
	value_append(messages, message_value(visit, answer.ids[0], "user", message));
	value_append(messages, message_value(visit, answer.ids[1], "assistant", answer.content));
	value_set_string(visit->data, "session_id", answer.conversation_id);
	value_set(visit->data, "messages", messages);
	return OK;
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat", SIGNED_IN, chat_show, NULL },
	{ METHOD_GET, "/chat/", SIGNED_IN, chat_show, NULL },
	{ METHOD_POST, "/chat", SIGNED_IN, chat_send, chat_again },
	{ METHOD_POST, "/chat/", SIGNED_IN, chat_send, chat_again },
	{ METHOD_GET, "/api/chat", SIGNED_IN, chat_show, NULL },
	{ METHOD_POST, "/api/chat", SIGNED_IN, chat_send, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table chat_page = { "chat", routes };

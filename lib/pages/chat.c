#include "app/ask.h"
#include "app/conversations.h"
#include "app/messages.h"
#include "app/opening.h"
#include "app/person_settings.h"
#include "app/sharing.h"
#include "app/temporary.h"
#include "app/wall.h"
#include "chat/title.h"
#include "pages/pages.h"
#include <string.h>

enum { MESSAGES_SHOWN = 100 };

/* What is chosen of the operator's for a new conversation; anything else counts as left open. */
static const char *listed_wish(const struct visit *visit, const char *name, const char *const *list)
{
	const char *text = request_given(visit->request, name);
	return choice_is_listed(list, text) ? text : "";
}

/* Whom a new conversation is with, and what answers: what was chosen for it, else what the person set. */
static enum outcome set_choices(struct visit *visit, const struct person_settings *settings)
{
	const char *id = request_given(visit->request, "character");
	const char *model = request_given(visit->request, "model");
	struct character character;
	enum outcome outcome =
		opening_set_character(visit, *id != '\0' ? id : settings->character_id, &character);
	/* What was typed counts more than whom it was for. */
	if (outcome == NOT_FOUND && !request_is_safe(visit->request))
		outcome = OK;
	if (outcome != OK)
		return outcome;
	if (*model == '\0')
		model = *settings->model != '\0' ? settings->model : character.model;
	opening_set_models(visit, model);
	return OK;
}

static void set_composer(struct visit *visit, const struct person_settings *settings)
{
	value_set_bool(visit->page, "enter_sends", settings->enter_sends);
	if (strcmp(request_query(visit->request, "temporary"), "0") == 0)
		value_set_string(visit->page, "keep", "?temporary=0");
	value_set_string(visit->page, "submit_key", ask_new_key(visit->pool));
	value_set_integer(visit->page, "message_limit", visit->app->config->chat.message_limit);
}

static bool is_guest(const struct visit *visit)
{
	return visit->session->kind == SESSION_BOT;
}

static enum outcome load_settings(struct visit *visit, struct person_settings *settings)
{
	*settings = person_settings_default();
	return is_guest(visit) ? OK
			       : person_settings_load(visit->app, visit->pool,
						      visit->session->user_id, settings);
}

/* A new conversation, which is stored when its first question comes. */
static enum outcome fill_new(struct visit *visit)
{
	const char *country = listed_wish(visit, "country", visit->app->countries);
	const char *service = listed_wish(visit, "service_type", visit->app->services);
	struct conversation_list list;
	enum outcome outcome =
		conversation_list(visit->app->postgresql, visit->pool, visit->session->user_id,
				  CONVERSATIONS_PINNED_FIRST, conversations_beside, "", &list);
	if (outcome != OK)
		return outcome;
	const struct conversation blank = {
		.id = "", .title = "", .country = country, .service = service, .is_open = true
	};
	value_set(visit->page, "conversation", conversation_value(visit, &blank));
	conversations_set_sidebar(visit, &list, NULL);
	struct person_settings settings;
	outcome = load_settings(visit, &settings);
	if (outcome != OK)
		return outcome;
	set_composer(visit, &settings);
	/* Of an article, say; another site puts no words into the box. */
	if (request_is_safe(visit->request) && !wall_is_cross_site(visit)) {
		value_set_string(visit->page, "typed", request_query(visit->request, "message"));
		value_set_bool(visit->page, "is_suggested", true);
	}
	if (!is_guest(visit))
		outcome = set_choices(visit, &settings);
	if (outcome == OK)
		opening_set_suggestions(visit, country, service);
	return outcome;
}

/* Whether the newest message shown has nothing after it but, perhaps, an answer on its way. */
static bool ends_with_question(const struct message_list *messages)
{
	return messages->count > 0 &&
	       strcmp(messages->items[messages->count - 1].role, "user") == 0;
}

/* What is shown of a conversation: its messages, the list beside it, and an answer that is on its way or
 * failed before anything came (id NULL: none), with which the page goes on. */
struct opened {
	struct conversation conversation;
	struct message_list messages;
	struct conversation_list list;
	struct answer answer;
};

static enum outcome open_once(struct visit *visit, const struct conversation_view *view,
			      struct opened *opened)
{
	*opened = (struct opened){ .answer.id = NULL };
	struct pg_pool *database = visit->app->postgresql;
	const char *user_id = visit->session->user_id;
	enum outcome outcome = conversation_open(database, visit->pool, user_id, view,
						 &opened->conversation, &opened->messages,
						 &opened->list);
	bool is_newest = *view->before == '\0' && *view->at == '\0';
	if (outcome != OK || !is_newest || !ends_with_question(&opened->messages))
		return outcome;
	outcome = answer_of_conversation(database, visit->pool, user_id, opened->conversation.id,
					 &opened->answer);
	return outcome == NOT_FOUND ? OK : outcome;
}

/* The answer is asked for after the messages. One that became a message between the two is in neither,
 * so a question without any is read once more. */
static enum outcome open_conversation(struct visit *visit, const struct conversation_view *view,
				      struct opened *opened)
{
	enum outcome outcome = open_once(visit, view, opened);
	bool is_unanswered = outcome == OK && opened->answer.id == NULL &&
			     ends_with_question(&opened->messages);
	return is_unanswered ? open_once(visit, view, opened) : outcome;
}

static void set_open_answer(struct visit *visit, const struct answer *answer)
{
	if (answer->id == NULL)
		return;
	value_set(visit->data, "answer", answer_value(visit, answer));
	value_set_bool(visit->page, "is_writing", answer_is_open(answer->state));
}

/* Only the last question and what follows it. */
static struct message_list from_last_question(struct message_list messages)
{
	size_t from = messages.count;
	while (from > 0 && strcmp(messages.items[from - 1].role, "user") != 0)
		from--;
	if (from < 2)
		return messages;
	return (struct message_list){ .items = messages.items + from - 1,
				      .count = messages.count - (from - 1) };
}

static enum outcome fill(struct visit *visit, const char *id)
{
	if (*id == '\0')
		return fill_new(visit);
	/* Where a page without scripts loads itself again: with all the rest above it, or at a place
	 * in the page (#latest), browsers would not come back to where the reader is. */
	bool only_last = *request_query(visit->request, "last") != '\0';
	const struct conversation_view view = {
		.id = id,
		.messages = MESSAGES_SHOWN,
		.before = request_query(visit->request, "before"),
		.at = request_query(visit->request, "at"),
		.beside = conversations_beside,
	};
	struct opened opened;
	enum outcome outcome = open_conversation(visit, &view, &opened);
	if (outcome != OK)
		return outcome;
	struct message_list messages = only_last ? from_last_question(opened.messages)
						 : opened.messages;
	value_set_string(visit->data, "session_id", opened.conversation.id);
	value_set(visit->page, "conversation", conversation_value(visit, &opened.conversation));
	conversations_set_sidebar(visit, &opened.list, opened.conversation.id);
	value_set(visit->data, "messages", messages_value(visit, &messages));
	value_set_bool(visit->page, "has_messages", messages.count > 0);
	value_set_bool(visit->page, "may_share", messages.count > 0 && sharing_may_share(visit));
	value_set_bool(visit->page, "is_earlier", *view.before != '\0' || *view.at != '\0');
	if (messages.count > 0 && strcmp(messages.items[0].parent_id, "0") != 0)
		value_set_string(visit->data, "before", messages.items[0].id);
	if (messages.count == 0)
		opening_set_suggestions(visit, opened.conversation.country,
					opened.conversation.service);
	set_open_answer(visit, &opened.answer);
	struct person_settings settings;
	outcome = load_settings(visit, &settings);
	if (outcome == OK)
		set_composer(visit, &settings);
	return outcome;
}

/* Whether a new conversation is to be a temporary one: the address says so, else the person's settings. */
static enum outcome wants_temporary(struct visit *visit, const char *id, bool *is_wanted)
{
	const char *word = request_query(visit->request, "temporary");
	*is_wanted = *id == '\0' && strcmp(word, "1") == 0;
	return *id == '\0' && *word == '\0' ? temporary_is_usual(visit, is_wanted) : OK;
}

static enum outcome open_temporary(struct visit *visit)
{
	const struct conversation like = { .country = request_given(visit->request, "country"),
					   .service = request_given(visit->request, "service_type"),
					   .character_id = request_given(visit->request,
									 "character"),
					   .model = request_given(visit->request, "model") };
	const char *deleted = request_query(visit->request, "deleted");
	const char *more = text_is_uuid(deleted) ? pool_printf(visit->pool, "deleted=%s", deleted)
						 : "";
	return visit_redirect(visit, opening_path(visit->pool, "/chat/temporary", &like, more),
			      NULL);
}

static enum outcome chat_show(struct visit *visit)
{
	conversations_set_notice(visit);
	bool is_temporary = false;
	const char *id = request_query(visit->request, "session_id");
	enum outcome asked = visit->request->wants_json ? OK
							: wants_temporary(visit, id, &is_temporary);
	if (asked != OK)
		return asked;
	if (is_temporary)
		return open_temporary(visit);
	enum outcome outcome = fill(visit, id);
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
	ask_refuse(visit, reason, sentence, "chat.html");
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

/* What a program, or the page's own script, gets for a question that was stored. */
static enum outcome reply(struct visit *visit, const char *question,
			  const struct ask_answer *answer)
{
	const struct question_stored *stored = &answer->stored;
	struct value *messages = value_array(visit->pool);
	const struct message asked = { .id = stored->question_id,
				       .role = "user",
				       .content = question };
	value_append(messages, message_value(visit, &asked));
	if (answer->content != NULL) {
		const struct message answered = { .id = stored->answer_message_id,
						  .role = "assistant",
						  .content = answer->content };
		value_append(messages, message_value(visit, &answered));
	} else if (stored->answer_id != NULL) {
		struct answer begun = { .id = stored->answer_id,
					.question_id = stored->question_id,
					.state = ANSWER_WAITING,
					.error = "",
					.sentence = "",
					.text = "" };
		/* The request has waited for it; where it cannot be loaded, it is asked for as usual. */
		if (visit->app->config->chat.generation == GENERATION_INLINE)
			answer_load(visit->app->postgresql, visit->pool, visit->session->user_id,
				    stored->answer_id, 0, &begun);
		value_set(visit->data, "answer", answer_value(visit, &begun));
	}
	value_set_string(visit->data, "session_id", stored->conversation_id);
	value_set(visit->data, "messages", messages);
	if (*request_field(visit->request, "session_id") == '\0') {
		const char *title = title_of_question(visit->pool, question);
		value_set_string(visit->data, "title", *title != '\0' ? title : question);
	}
	return OK;
}

/* Somebody whose new conversations are temporary sends the first question of one. */
static enum outcome send_temporary(struct visit *visit)
{
	return visit->request->wants_json
		       ? refuse(visit, CONFLICT,
				"Your settings say that new conversations are not kept. Start a "
				"temporary one, or choose to keep this one.")
		       : visit_send_on(visit, "/chat/temporary");
}

static enum outcome chat_send(struct visit *visit)
{
	const struct request *request = visit->request;
	bool is_temporary;
	enum outcome asked = wants_temporary(visit, request_field(request, "session_id"),
					     &is_temporary);
	if (asked != OK)
		return asked;
	if (is_temporary)
		return send_temporary(visit);
	const char *message = text_trim(visit->pool, request_field(request, "message"));
	const char *problem = message_text_problem(visit, message);
	if (problem != NULL)
		return refuse(visit, INVALID_FIELDS, problem);
	const struct ask wanted = {
		.conversation_id = request_field(request, "session_id"),
		.country = listed_wish(visit, "country", visit->app->countries),
		.service = listed_wish(visit, "service_type", visit->app->services),
		.character_id = is_guest(visit) ? "" : request_field(request, "character"),
		.model = is_guest(visit) ? "" : request_field(request, "model"),
		.question = message,
		.submit_key = ask_key(visit),
		.parent_id = request_field(request, "parent_id"),
	};
	struct ask_answer answer;
	enum outcome outcome = ask(visit, &wanted, &answer);
	if (outcome == CONFLICT || outcome == TOO_MANY_ATTEMPTS)
		return refuse(visit, outcome, ask_sentence(visit, &answer.stored));
	if (outcome != OK)
		return outcome;
	if (request->wants_json)
		return reply(visit, message, &answer);
	return visit_redirect(visit,
			      pool_printf(visit->pool, "/chat/?session_id=%s#latest",
					  answer.stored.conversation_id),
			      NULL);
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat", GUEST, chat_show, NULL },
	{ METHOD_GET, "/chat/", GUEST, chat_show, NULL },
	{ METHOD_POST, "/chat", GUEST, chat_send, chat_again },
	{ METHOD_POST, "/chat/", GUEST, chat_send, chat_again },
	{ METHOD_GET, "/api/chat", GUEST, chat_show, NULL },
	{ METHOD_POST, "/api/chat", GUEST, chat_send, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table chat_page = { "chat", routes, false };

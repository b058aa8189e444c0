#include "app/ask.h"
#include "app/conversations.h"
#include "app/messages.h"
#include "pages/pages.h"
#include <string.h>

/* One message: changing and deleting it. */

static bool is_by_person(const struct message_place *place)
{
	return strcmp(place->message.role, "user") == 0;
}

static void set_message(struct visit *visit, const struct message_place *place)
{
	value_set_string(visit->data, "id", place->message.id);
	value_set_string(visit->data, "role", place->message.role);
	value_set_string(visit->data, "content", place->message.content);
	value_set_string(visit->data, "session_id", place->conversation_id);
	value_set_bool(visit->page, "by_person", is_by_person(place));
	value_set_bool(visit->page, "can_change", is_by_person(place) && place->is_open);
	value_set_string(visit->page, "submit_key", ask_new_key(visit->pool));
}

static enum outcome load(struct visit *visit, struct message_place *place)
{
	return message_load(visit->app->postgresql, visit->pool, visit->session->user_id,
			    visit->path_rest, place);
}

static enum outcome message_show(struct visit *visit)
{
	struct message_place place;
	enum outcome outcome = load(visit, &place);
	if (outcome != OK)
		return outcome;
	set_message(visit, &place);
	value_set_string(visit->page, "typed", place.message.content);
	return visit_show(visit, "message.html");
}

/* The form again with what was typed. */
static enum outcome show_again(struct visit *visit, enum outcome reason, const char *sentence)
{
	struct message_place place;
	enum outcome outcome = load(visit, &place);
	if (outcome != OK)
		return outcome;
	set_message(visit, &place);
	visit_refuse(visit, reason, "message.html");
	value_set_string(visit->page, "typed", request_field(visit->request, "message"));
	if (sentence != NULL && reason != INVALID_FIELDS)
		value_set_string(visit->data, "message", sentence);
	if (reason == INVALID_FIELDS) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "message", sentence);
		visit_set_fields(visit, fields);
	}
	return OK;
}

static enum outcome message_again(struct visit *visit)
{
	return show_again(visit, CSRF_FAILED, NULL);
}

/* Where its conversation is shown. */
static enum outcome go_back(struct visit *visit, const struct message_place *place,
			    const char *sentence)
{
	value_set_string(visit->data, "session_id", place->conversation_id);
	return visit_redirect(
		visit, pool_printf(visit->pool, "/chat/?session_id=%s", place->conversation_id),
		sentence);
}

static enum outcome message_remove(struct visit *visit)
{
	struct message_place place;
	enum outcome outcome = message_delete(visit->app->postgresql, visit->pool,
					      visit->session->user_id, visit->path_rest, &place);
	return outcome == OK ? go_back(visit, &place, "The message is deleted.") : outcome;
}

/* Why a message that is there cannot be changed. */
static enum outcome refuse_change(struct visit *visit)
{
	struct message_place place;
	enum outcome outcome = load(visit, &place);
	if (outcome != OK)
		return outcome;
	set_message(visit, &place);
	visit_refuse(visit, CONFLICT, "message.html");
	value_set_string(visit->page, "title", "It stays as it is");
	value_set_string(visit->page, "typed", request_field(visit->request, "message"));
	value_set_string(visit->data, "message",
			 is_by_person(&place) ? "This conversation has ended, so its messages "
						"cannot be changed any more."
					      : "An answer cannot be changed.");
	return OK;
}

static enum outcome message_save(struct visit *visit)
{
	const char *text = text_trim(visit->pool, request_field(visit->request, "message"));
	const char *problem = message_text_problem(visit, text);
	if (problem != NULL)
		return show_again(visit, INVALID_FIELDS, problem);
	struct message_place place;
	enum outcome outcome = message_edit(visit->app->postgresql, visit->pool,
					    visit->session->user_id, visit->path_rest, text,
					    &place);
	if (outcome != OK)
		return outcome == NOT_FOUND ? refuse_change(visit) : outcome;
	if (visit->request->wants_json)
		set_message(visit, &place);
	return go_back(visit, &place, "The message is changed.");
}

static enum outcome go_to(struct visit *visit, const char *conversation_id, const char *sentence)
{
	value_set_string(visit->data, "session_id", conversation_id);
	return visit_redirect(
		visit, pool_printf(visit->pool, "/chat/?session_id=%s#latest", conversation_id),
		sentence);
}

/* Asked anew, as it is now: another branch, beside the one that it was in. */
static enum outcome message_ask(struct visit *visit)
{
	const char *text = text_trim(visit->pool, request_field(visit->request, "message"));
	const char *problem = message_text_problem(visit, text);
	if (problem != NULL)
		return show_again(visit, INVALID_FIELDS, problem);
	struct message_place place;
	enum outcome outcome = load(visit, &place);
	if (outcome != OK)
		return outcome;
	if (!is_by_person(&place))
		return refuse_change(visit);
	const struct ask wanted = {
		.conversation_id = place.conversation_id,
		.country = "",
		.service = "",
		.character_id = "",
		.model = "",
		.question = text,
		.submit_key = ask_key(visit),
		.parent_id = place.parent_id,
	};
	struct ask_answer answer;
	outcome = ask(visit, &wanted, &answer);
	if (outcome == CONFLICT || outcome == TOO_MANY_ATTEMPTS)
		return show_again(visit, outcome, ask_sentence(visit, &answer.stored));
	return outcome == OK ? go_to(visit, answer.stored.conversation_id, NULL) : outcome;
}

/* Another answer to this question. */
static enum outcome message_retry(struct visit *visit)
{
	struct ask_answer answer;
	enum outcome outcome = ask_again(visit, visit->path_rest, &answer);
	const char *sentence = ask_sentence(visit, &answer.stored);
	if ((outcome == CONFLICT || outcome == TOO_MANY_ATTEMPTS) && sentence != NULL) {
		ask_refuse(visit, outcome, sentence, NULL);
		return OK;
	}
	if (outcome != OK)
		return outcome;
	const struct answer begun = { .id = answer.stored.answer_id,
				      .question_id = visit->path_rest,
				      .state = ANSWER_WAITING,
				      .error = "",
				      .sentence = "",
				      .text = "" };
	value_set(visit->data, "answer", answer_value(visit, &begun));
	return go_to(visit, answer.stored.conversation_id, NULL);
}

/* The branch that this message is in. */
static enum outcome message_choose(struct visit *visit)
{
	const char *conversation_id;
	enum outcome outcome = message_show_branch(visit->app->postgresql, visit->pool,
						   visit->session->user_id, visit->path_rest,
						   &conversation_id);
	return outcome == OK ? go_to(visit, conversation_id, NULL) : outcome;
}

enum { NOTE_CHARACTERS = 1000 };

/* As a form sends it, or a number in JSON. */
static bool read_rating(const struct visit *visit, int64_t *rating)
{
	const struct value *number = value_get(visit->request->json, "rating");
	if (number == NULL || value_type(number) != VALUE_INTEGER)
		return text_to_integer(request_field(visit->request, "rating"), -1, 1, rating);
	*rating = value_to_integer(number);
	return *rating >= -1 && *rating <= 1;
}

static enum outcome message_judge(struct visit *visit)
{
	const char *note = text_trim(visit->pool, request_field(visit->request, "note"));
	const char *conversation_id;
	int64_t rating;
	if (!read_rating(visit, &rating) || !request_field_is_clean(visit->request, "note", true) ||
	    text_characters(note) > NOTE_CHARACTERS)
		return BAD_REQUEST;
	enum outcome outcome = message_rate(visit->app->postgresql, visit->pool,
					    visit->session->user_id, visit->path_rest, rating, note,
					    &conversation_id);
	return outcome == OK ? go_to(visit, conversation_id, "Thank you.") : outcome;
}

/* The forms have a button for each. */
static enum outcome message_submit(struct visit *visit)
{
	static const struct {
		const char *name;
		enum outcome (*act)(struct visit *visit);
	} actions[] = {
		{ "delete", message_remove }, { "save", message_save },  { "retry", message_retry },
		{ "show", message_choose },   { "rate", message_judge }, { "ask", message_ask },
	};
	const char *wanted = request_field(visit->request, "action");
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, wanted) == 0)
			return actions[i].act(visit);
	return *wanted == '\0' ? message_save(visit) : BAD_REQUEST;
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/messages/*", GUEST, message_show, NULL },
	{ METHOD_POST, "/chat/messages/*", GUEST, message_submit, message_again },
	{ METHOD_GET, "/api/messages/*", GUEST, message_show, NULL },
	{ METHOD_POST, "/api/messages/*", GUEST, message_submit, NULL },
	{ METHOD_PUT, "/api/messages/*", GUEST, message_save, NULL },
	{ METHOD_DELETE, "/api/messages/*", GUEST, message_remove, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table message_page = { "message", routes, false };

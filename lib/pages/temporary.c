#include "app/temporary.h"
#include "app/answer_worker.h"
#include "app/conversations.h"
#include "app/messages.h"
#include "app/opening.h"
#include "app/person_settings.h"
#include "chat/character.h"
#include "pages/pages.h"
#include <string.h>

/* A conversation that nobody keeps: all that was said stands in the page's own form and comes back with
 * each message. The page's script sends the same form. */

/* What the form says. */
struct talk {
	struct answer_turns turns;   /* with room for one more */
	const char *answer_id;       /* of one on its way; "": none */
	const struct answer *answer; /* that one, once it is loaded; NULL: nobody knows it */
	const char *country, *service, *character_id, *model;
	const char *submit_key;
};

static bool is_guest(const struct visit *visit)
{
	return visit->session->kind == SESSION_BOT;
}

static const char *listed(const struct visit *visit, const char *name, const char *const *list)
{
	const char *text = request_given(visit->request, name);
	return choice_is_listed(list, text) ? text : "";
}

static enum outcome read_talk(struct visit *visit, struct talk *talk)
{
	const struct request *request = visit->request;
	const struct value *turns = value_get(request->json, "turns");
	const char *id = request_given(visit->request, "answer");
	if (request->form != NULL)
		turns = value_string(visit->pool, request_field(request, "turns"));
	*talk = (struct talk){
		.answer_id = temporary_is_answer(id) ? id : "",
		.country = listed(visit, "country", visit->app->countries),
		.service = listed(visit, "service_type", visit->app->services),
		.character_id = is_guest(visit) ? "" : request_given(visit->request, "character"),
		.model = is_guest(visit) ? "" : request_given(visit->request, "model"),
		.submit_key = ask_key(visit),
	};
	return temporary_turns_read(visit->pool, turns, &talk->turns);
}

static void add_turn(struct talk *talk, const char *role, const char *text)
{
	talk->turns.items[talk->turns.count++] = (struct answer_turn){ role, text };
}

static bool ends_with_question(const struct talk *talk)
{
	const struct answer_turns *turns = &talk->turns;
	return turns->count > 0 && strcmp(turns->items[turns->count - 1].role, "user") == 0;
}

/* ---- Showing ---- */

/* What the person has set, where the address or the form says nothing. */
static enum outcome add_settings(struct visit *visit, struct talk *talk)
{
	struct person_settings settings = person_settings_default();
	enum outcome outcome = is_guest(visit)
				       ? OK
				       : person_settings_load(visit->app, visit->pool,
							      visit->session->user_id, &settings);
	if (outcome != OK)
		return outcome;
	value_set_bool(visit->page, "enter_sends", settings.enter_sends);
	value_set_integer(visit->page, "message_limit", visit->app->config->chat.message_limit);
	value_set_bool(visit->page, "is_usual", settings.no_storage);
	if (request_is_safe(visit->request) && *talk->character_id == '\0')
		talk->character_id = settings.character_id;
	if (request_is_safe(visit->request) && *talk->model == '\0')
		talk->model = settings.model;
	return OK;
}

static struct value *turns_value(struct visit *visit, const struct talk *talk)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < talk->turns.count; i++) {
		const struct answer_turn *turn = &talk->turns.items[i];
		bool by_person = strcmp(turn->role, "user") == 0;
		struct value *value = value_object(visit->pool);
		value_set_string(value, "role", turn->role);
		value_set_string(value, "content", turn->text);
		value_set_bool(value, "by_person", by_person);
		if (!by_person)
			value_set_string(value, "html", whole_html(visit->pool, turn->text));
		value_set_bool(value, "is_latest", i + 1 == talk->turns.count);
		value_append(values, value);
	}
	return values;
}

static void set_answer(struct visit *visit, const struct talk *talk)
{
	const struct answer *answer = talk->answer;
	if (answer != NULL && answer_is_open(answer->state)) {
		value_set(visit->data, "answer", answer_value(visit, answer));
		value_set_bool(visit->page, "is_writing", true);
	} else if (answer == NULL && *talk->answer_id != '\0') { /* not looked at this time */
		value_set_bool(visit->page, "is_writing", true);
	} else if (ends_with_question(talk)) {
		bool is_said = answer != NULL && *answer->sentence != '\0';
		value_set_bool(visit->page, "may_retry", true);
		value_set_string(visit->data, "sentence",
				 is_said ? answer->sentence : "The answer broke off.");
	}
}

/* All that was said, with an answer that is on its way or broke off. */
static enum outcome show(struct visit *visit, struct talk *talk)
{
	struct value *page = visit->page;
	struct character character;
	value_set(visit->data, "messages", turns_value(visit, talk));
	set_answer(visit, talk);
	if (visit->request->wants_json)
		return OK;
	enum outcome outcome = add_settings(visit, talk);
	if (outcome == OK)
		outcome = opening_set_character(visit, talk->character_id, &character);
	if (outcome != OK)
		return outcome;
	opening_set_models(visit, *talk->model != '\0' ? talk->model : character.model);
	if (talk->turns.count == 0)
		opening_set_suggestions(visit, talk->country, talk->service);
	value_set_string(page, "turns", temporary_turns_write(visit->pool, &talk->turns));
	value_set_bool(page, "has_turns", talk->turns.count > 0);
	value_set_string(page, "answer_id", talk->answer_id);
	value_set_string(page, "country", talk->country);
	value_set_string(page, "service", talk->service);
	value_set_string(page, "submit_key", ask_new_key(visit->pool));
	return visit_show(visit, "temporary.html");
}

static enum outcome temporary_show(struct visit *visit)
{
	struct talk talk;
	enum outcome outcome = read_talk(visit, &talk);
	conversations_set_notice(visit);
	return outcome == OK ? show(visit, &talk) : outcome;
}

/* The page again with what was typed and why it was not sent. */
static enum outcome refuse(struct visit *visit, struct talk *talk, enum outcome reason,
			   const char *sentence)
{
	enum outcome outcome = show(visit, talk);
	if (outcome != OK)
		return outcome;
	ask_refuse(visit, reason, sentence, "temporary.html");
	if (reason == INVALID_FIELDS) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "message", sentence);
		visit_set_fields(visit, fields);
	}
	value_set_string(visit->page, "typed", request_field(visit->request, "message"));
	return OK;
}

/* ---- Talking ---- */

/* What became of an answer on its way: talk->answer. One that is over joins what was said, and nothing
 * of it stays in the database. */
static enum outcome collect(struct visit *visit, struct talk *talk)
{
	struct pg_pool *database = visit->app->postgresql;
	const char *user_id = visit->session->user_id;
	struct answer *answer = pool_zalloc(visit->pool, sizeof *answer);
	if (*talk->answer_id == '\0')
		return OK;
	enum outcome outcome = answer_load(database, visit->pool, user_id, talk->answer_id, 0,
					   answer);
	if (outcome == NOT_FOUND)
		talk->answer_id = "";
	if (outcome != OK)
		return outcome == NOT_FOUND ? OK : outcome;
	talk->answer = answer;
	temporary_open_answer(visit->app->config, visit->pool, answer);
	if (answer_is_open(answer->state)) {
		if (answer->waits_s >= ANSWER_FORGOTTEN_S)
			answer_worker_start(visit->app->config, visit->pool);
		return OK;
	}
	if (*text_trim(visit->pool, answer->text) != '\0' && ends_with_question(talk))
		add_turn(talk, "assistant", answer->text);
	talk->answer_id = "";
	return temporary_forget(database, visit->pool, user_id, answer->id);
}

/* Put the last turn to whoever answers. */
static enum outcome put_question(struct visit *visit, struct talk *talk, bool is_new)
{
	const struct ask wanted = { .country = talk->country,
				    .service = talk->service,
				    .character_id = talk->character_id,
				    .model = talk->model,
				    .submit_key = talk->submit_key };
	struct ask_answer given_answer;
	enum outcome outcome = temporary_question(visit, &wanted, &talk->turns, &given_answer);
	if (outcome == CONFLICT || outcome == TOO_MANY_ATTEMPTS) {
		if (is_new)
			talk->turns.count--; /* it is back in the box */
		talk->answer = NULL;
		return refuse(visit, talk, outcome, ask_sentence(visit, &given_answer.stored));
	}
	if (outcome != OK)
		return outcome;
	if (given_answer.content != NULL) {
		add_turn(talk, "assistant", given_answer.content);
		return show(visit, talk);
	}
	struct answer *begun = pool_alloc(visit->pool, sizeof *begun);
	*begun = (struct answer){ .id = given_answer.stored.answer_id,
				  .question_id = "0",
				  .state = ANSWER_WAITING,
				  .error = "",
				  .sentence = "",
				  .text = "" };
	talk->answer = begun;
	talk->answer_id = begun->id;
	return show(visit, talk);
}

static enum outcome send(struct visit *visit, struct talk *talk)
{
	const char *message = text_trim(visit->pool, request_field(visit->request, "message"));
	const char *problem = message_text_problem(visit, message);
	enum outcome outcome = collect(visit, talk);
	if (outcome != OK)
		return outcome;
	if (problem != NULL)
		return refuse(visit, talk, INVALID_FIELDS, problem);
	if (talk->answer != NULL && answer_is_open(talk->answer->state))
		return refuse(visit, talk, CONFLICT,
			      "The last answer is still being written. Wait for it, or stop it.");
	if (talk->turns.count + 2 > TEMPORARY_TURNS_MAX)
		return refuse(
			visit, talk, TOO_MANY_ATTEMPTS,
			"This conversation is as long as it may be. Start a new one to go on.");
	struct answer_turn *roomy = pool_zalloc(visit->pool,
						(talk->turns.count + 2) * sizeof *roomy);
	memcpy(roomy, talk->turns.items, talk->turns.count * sizeof *roomy);
	talk->turns.items = roomy;
	add_turn(talk, "user", message);
	return put_question(visit, talk, true);
}

/* The question that got no answer, once more. */
static enum outcome send_again(struct visit *visit, struct talk *talk)
{
	return ends_with_question(talk) ? put_question(visit, talk, false) : show(visit, talk);
}

static enum outcome look(struct visit *visit, struct talk *talk)
{
	enum outcome outcome = collect(visit, talk);
	return outcome == OK ? show(visit, talk) : outcome;
}

static enum outcome stop(struct visit *visit, struct talk *talk)
{
	enum outcome outcome = *talk->answer_id != '\0'
				       ? answer_stop(visit->app->postgresql, visit->pool,
						     visit->session->user_id, talk->answer_id)
				       : OK;
	return outcome == OK || outcome == NOT_FOUND ? look(visit, talk) : outcome;
}

static enum outcome forget(struct visit *visit, struct talk *talk)
{
	value_set_bool(visit->data, "success", true);
	return temporary_forget(visit->app->postgresql, visit->pool, visit->session->user_id,
				talk->answer_id);
}

static enum outcome temporary_submit(struct visit *visit)
{
	static const struct {
		const char *name;
		enum outcome (*act)(struct visit *visit, struct talk *talk);
	} actions[] = { { "", send },     { "send", send }, { "again", send_again },
			{ "show", look }, { "stop", stop }, { "forget", forget } };
	const char *wanted = request_field(visit->request, "action");
	struct talk talk;
	enum outcome outcome = read_talk(visit, &talk);
	if (outcome != OK)
		return outcome;
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, wanted) == 0)
			return actions[i].act(visit, &talk);
	return BAD_REQUEST;
}

static enum outcome temporary_again(struct visit *visit)
{
	struct talk talk;
	enum outcome outcome = read_talk(visit, &talk);
	return outcome == OK
		       ? refuse(visit, &talk, CSRF_FAILED,
				"This page was open for too long. Your message is still here; "
				"send it again.")
		       : outcome;
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/temporary", GUEST, temporary_show, NULL },
	{ METHOD_POST, "/chat/temporary", GUEST, temporary_submit, temporary_again },
	{ METHOD_POST, "/api/chat/temporary", GUEST, temporary_submit, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table temporary_page = { "temporary", routes, false };

#include "app/ask.h"
#include "app/answer_worker.h"
#include "app/chat_models.h"
#include "app/conversations.h"
#include "app/person_settings.h"
#include "base/address.h"
#include "base/crypto.h"
#include "base/text.h"
#include "chat/character.h"
#include "chat/knowledge.h"
#include <string.h>

struct question_limits ask_limits(const struct visit *visit)
{
	const struct session_quota *quota = &visit->session->limits.quota;
	int64_t times = visit->app->config->chat.guests_per_address;
	bool is_counted = visit->session->kind == SESSION_BOT && times > 0;
	return (struct question_limits){
		.messages_per_minute = quota->messages_per_minute,
		.messages_per_day = quota->messages_per_day,
		.tokens_per_day = quota->tokens_per_day,
		.answers_at_once = quota->answers_at_once,
		.conversation_messages = quota->conversation_messages,
		.network = is_counted ? address_customer(visit->pool, visit->request->address)
				      : NULL,
		.network_times = times,
	};
}

/* Where the question of a new conversation does not say, what the person has set. */
static enum outcome add_settings(struct visit *visit, struct conversation *conversation)
{
	struct person_settings settings;
	if (*conversation->model != '\0' || *conversation->character_id != '\0')
		return OK;
	enum outcome outcome = person_settings_load(visit->app, visit->pool,
						    visit->session->user_id, &settings);
	if (outcome == OK) {
		conversation->model = settings.model;
		conversation->character_id = settings.character_id;
	}
	return outcome;
}

enum outcome ask_choose_model(struct visit *visit, bool is_new, struct conversation *conversation,
			      const char **model)
{
	const struct config *config = visit->app->config;
	const struct chat_models models = chat_models(visit->pool, config);
	struct character character = { .model = "" };
	enum outcome outcome = OK;
	bool is_named = *conversation->character_id != '\0';
	if (is_new && !conversation_owner_of(visit).is_guest)
		outcome = add_settings(visit, conversation);
	if (outcome == OK && *conversation->character_id != '\0')
		outcome = character_load_for(visit->app->postgresql, visit->pool,
					     visit->session->user_id, conversation->character_id,
					     &character);
	if (outcome == NOT_FOUND && is_new && !is_named)
		conversation->character_id = "";
	else if (outcome != OK && (is_new || outcome != NOT_FOUND))
		return outcome;
	if (is_new && chat_model_find(&models, conversation->model) == NULL)
		conversation->model = "";
	const char *const wanted[] = { conversation->model, outcome == OK ? character.model : "",
				       config->chat.model };
	*model = chat_model_articles.name;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (chat_model_find(&models, wanted[i]) != NULL) {
			*model = wanted[i];
			break;
		}
	return OK;
}

enum outcome ask_outcome(struct visit *visit, const struct question_stored *stored)
{
	switch (stored->verdict) {
	case QUESTION_STORED:
	case QUESTION_AGAIN:
		return OK;
	case QUESTION_UNKNOWN:
		return NOT_FOUND;
	case QUESTION_LIMIT:
		visit_set_retry_after(visit, stored->wait_s);
		return TOO_MANY_ATTEMPTS;
	case QUESTION_FULL:
		return TOO_MANY_ATTEMPTS; /* however long they wait */
	case QUESTION_OVER:
	case QUESTION_RUNNING:
		break;
	}
	return CONFLICT;
}

const char *ask_sentence(struct visit *visit, const struct question_stored *stored)
{
	static const struct {
		const char *limit, *sentence;
	} limits[] = {
		{ "minute", "That was a lot of messages in a minute. Send the next one in %s." },
		{ "day", "These were all the messages for today. There will be more in %s." },
		{ "tokens", "The answers for today are used up. There will be more in %s." },
		{ "answers", "Several answers are still being written. Send the next one in %s." },
	};
	switch (stored->verdict) {
	case QUESTION_OVER:
		return "This conversation has ended. Start a new one to go on.";
	case QUESTION_FULL:
		return "This conversation is as long as it may be. Start a new one to go on.";
	case QUESTION_RUNNING:
		return "The last answer is still being written. Wait for it, or stop it.";
	default:
		break;
	}
	for (size_t i = 0; stored->limit != NULL && i < sizeof limits / sizeof *limits; i++)
		if (strcmp(limits[i].limit, stored->limit) == 0) {
			struct buffer text = buffer_new(visit->pool, 128);
			const char *gap = strstr(limits[i].sentence, "%s");
			buffer_add(&text, limits[i].sentence, (size_t)(gap - limits[i].sentence));
			buffer_puts(&text, visit_wait_text(visit->pool, stored->wait_s));
			buffer_puts(&text, gap + 2);
			return text.bytes;
		}
	return NULL;
}

void ask_refuse(struct visit *visit, enum outcome reason, const char *sentence,
		const char *template_name)
{
	bool is_limit = reason == TOO_MANY_ATTEMPTS;
	bool waiting_helps = value_get(visit->data, "retry_after") != NULL;
	visit_refuse(visit, reason, template_name);
	if (sentence != NULL)
		value_set_string(visit->data, "message", sentence);
	if (is_limit && !waiting_helps)
		value_set_string(visit->data, "error", "conversation_full");
	value_set_bool(visit->page, "over_quota", is_limit && waiting_helps);
}

const char *ask_new_key(struct pool *pool)
{
	return crypto_random_text(pool, "abcdefghijklmnopqrstuvwxyz0123456789", 24);
}

const char *ask_key(struct visit *visit)
{
	const char *key = request_field(visit->request, "submit_key");
	return *key != '\0' && strlen(key) <= 64
		       ? pool_printf(visit->pool, "%s %s", visit->session->user_id, key)
		       : "";
}

/* The answer of a form that came twice, when there is one. */
static enum outcome load_answer(struct visit *visit, struct ask_answer *answer)
{
	struct message_place place;
	if (answer->stored.answer_message_id == NULL)
		return OK;
	enum outcome outcome = message_load(visit->app->postgresql, visit->pool,
					    visit->session->user_id,
					    answer->stored.answer_message_id, &place);
	if (outcome == OK)
		answer->content = place.message.content;
	return outcome == NOT_FOUND ? OK : outcome;
}

static enum outcome finish(struct visit *visit, struct ask_answer *answer)
{
	enum outcome outcome = ask_outcome(visit, &answer->stored);
	if (outcome == OK && answer->stored.verdict == QUESTION_AGAIN)
		outcome = load_answer(visit, answer);
	else if (outcome == OK && answer->stored.answer_id != NULL)
		answer_worker_wake(visit, &answer->stored);
	return outcome;
}

enum outcome ask_articles(struct visit *visit, const struct question *asked,
			  struct ask_answer *answer)
{
	struct pg_pool *database = visit->app->postgresql;
	struct buffer out = buffer_new(visit->pool, 2048);
	const struct knowledge_question question = {
		.text = asked->text,
		.country = asked->country,
		.service = asked->service,
		.tags = visit->app->knowledge_tags,
		.base_path = visit->app->config->site.base_path,
	};
	/* A search costs many times what this look does. */
	enum outcome outcome = question_limit_check(database, visit->pool, asked, &answer->stored);
	if (outcome == TOO_MANY_ATTEMPTS)
		return ask_outcome(visit, &answer->stored);
	if (outcome != OK || answer->stored.verdict == QUESTION_AGAIN)
		return outcome;
	outcome = knowledge_answer(database, visit->pool, &question, &out);
	answer->content = out.bytes;
	return outcome;
}

enum outcome ask(struct visit *visit, const struct ask *wanted, struct ask_answer *answer)
{
	struct pg_pool *database = visit->app->postgresql;
	struct conversation conversation = { .country = wanted->country,
					     .service = wanted->service,
					     .character_id = wanted->character_id,
					     .model = wanted->model };
	const struct conversation_owner owner = conversation_owner_of(visit);
	const struct question_limits limits = ask_limits(visit);
	enum outcome outcome = OK;
	*answer = (struct ask_answer){ .content = NULL };
	const char *model = chat_model_articles.name;
	bool is_new = *wanted->conversation_id == '\0';
	if (!is_new)
		outcome = conversation_load(database, visit->pool, owner.user_id,
					    wanted->conversation_id, &conversation);
	if (outcome == OK)
		outcome = ask_choose_model(visit, is_new, &conversation, &model);
	if (outcome != OK)
		return outcome;

	struct question question = {
		.owner = &owner,
		.limits = &limits,
		.conversation_id = wanted->conversation_id,
		.country = conversation.country,
		.service = conversation.service,
		.character_id = conversation.character_id,
		.new_model = conversation.model,
		.days = visit->app->config->chat.conversation_days,
		.text = wanted->question,
		.submit_key = wanted->submit_key,
		.parent_id = wanted->parent_id,
		.model = model,
	};
	if (chat_model_is_articles(model))
		outcome = ask_articles(visit, &question, answer);
	question.answer = answer->content;
	if (outcome == OK)
		outcome = question_store(database, visit->pool, &question, &answer->stored);
	return outcome == OK ? finish(visit, answer) : outcome;
}

enum outcome ask_again(struct visit *visit, const char *question_id, struct ask_answer *answer)
{
	struct pg_pool *database = visit->app->postgresql;
	const char *user_id = visit->session->user_id;
	const struct question_limits limits = ask_limits(visit);
	struct message_place place;
	struct conversation conversation;
	*answer = (struct ask_answer){ .content = NULL };
	enum outcome outcome = message_load(database, visit->pool, user_id, question_id, &place);
	if (outcome == OK)
		outcome = conversation_load(database, visit->pool, user_id, place.conversation_id,
					    &conversation);
	const char *model = chat_model_articles.name;
	if (outcome == OK)
		outcome = ask_choose_model(visit, false, &conversation, &model);
	if (outcome == OK)
		outcome = question_retry(database, visit->pool, user_id, question_id, model,
					 &limits, &answer->stored);
	return outcome == OK ? finish(visit, answer) : outcome;
}

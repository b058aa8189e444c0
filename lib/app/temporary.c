#include "app/temporary.h"
#include "app/answer_worker.h"
#include "app/chat_models.h"
#include "app/conversations.h"
#include "app/person_settings.h"
#include "base/crypto.h"
#include <string.h>

static const char purpose_turns[] = "gatehouse.temporary_turns";
static const char purpose_piece[] = "gatehouse.temporary_piece";

enum outcome temporary_is_usual(struct visit *visit, bool *is_usual)
{
	struct person_settings settings;
	*is_usual = false;
	if (visit->session->kind == SESSION_BOT)
		return OK;
	enum outcome outcome = person_settings_load(visit->app, visit->pool,
						    visit->session->user_id, &settings);
	if (outcome == OK)
		*is_usual = settings.no_storage;
	return outcome;
}

static const char *seal_turns(const struct visit *visit, const struct answer_turns *turns)
{
	return crypto_seal(visit->pool, purpose_turns, visit->app->config->django.secret_key,
			   visit->session->user_id, temporary_turns_write(visit->pool, turns));
}

enum outcome temporary_question(struct visit *visit, const struct ask *wanted,
				const struct answer_turns *turns, struct ask_answer *answer)
{
	const struct conversation_owner owner = conversation_owner_of(visit);
	const struct question_limits limits = ask_limits(visit);
	struct conversation conversation = { .character_id = wanted->character_id,
					     .model = wanted->model };
	const char *model;
	*answer = (struct ask_answer){ .content = NULL };
	enum outcome outcome = ask_choose_model(visit, true, &conversation, &model);
	if (outcome != OK)
		return outcome;
	struct question question = {
		.owner = &owner,
		.limits = &limits,
		.country = wanted->country,
		.service = wanted->service,
		.character_id = conversation.character_id,
		.text = turns->items[turns->count - 1].text,
		.submit_key = "", /* nothing of an earlier one is kept that could be shown again */
		.model = model,
	};
	if (chat_model_is_articles(model))
		outcome = ask_articles(visit, &question, answer);
	if (outcome != OK)
		return outcome;
	question.answer = answer->content;
	question.submit_key = wanted->submit_key;
	outcome = temporary_ask(visit->app->postgresql, visit->pool, &question,
				answer->content == NULL ? seal_turns(visit, turns) : "",
				turns->count, &answer->stored);
	if (outcome == OK)
		outcome = ask_outcome(visit, &answer->stored);
	if (outcome == OK && answer->stored.verdict == QUESTION_STORED &&
	    answer->stored.answer_id != NULL)
		answer_worker_wake(visit, &answer->stored);
	return outcome;
}

const char *temporary_seal_piece(const struct config *config, struct pool *pool,
				 const char *answer_id, const char *text)
{
	return temporary_is_answer(answer_id)
		       ? crypto_seal(pool, purpose_piece, config->django.secret_key, answer_id,
				     text)
		       : text;
}

void temporary_open_answer(const struct config *config, struct pool *pool, struct answer *answer)
{
	struct buffer text = buffer_new(pool, 1024);
	if (!temporary_is_answer(answer->id))
		return;
	for (const char *at = answer->text; *at != '\0';) {
		size_t length = strcspn(at, "\n");
		const char *piece = crypto_unseal(pool, purpose_piece, config->django.secret_key,
						  config->django.secret_key_fallbacks, answer->id,
						  pool_strndup(pool, at, length));
		buffer_puts(&text, piece != NULL ? piece : "");
		at += length + (at[length] == '\n');
	}
	answer->text = text.bytes;
}

bool temporary_open_turns(const struct config *config, struct pool *pool, struct answer_task *task)
{
	const char *text = crypto_unseal(pool, purpose_turns, config->django.secret_key,
					 config->django.secret_key_fallbacks, task->user_id,
					 task->sealed_turns);
	struct answer_turns turns;
	if (text == NULL || temporary_turns_read(pool, value_string(pool, text), &turns) != OK ||
	    turns.count == 0)
		return false;
	task->turns = temporary_turns_newest(&turns, (size_t)config->chat.history_characters);
	task->question = turns.items[turns.count - 1].text;
	return true;
}

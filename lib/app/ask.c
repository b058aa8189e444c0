#include "app/ask.h"

static bool collect_piece(void *context, const char *text, size_t length)
{
	buffer_add(context, text, length);
	return true;
}

static enum outcome respond(struct visit *visit, const struct responder_question *question,
			    struct buffer *answer)
{
	struct app *app = visit->app;
	struct responder_services services = { .postgresql = app->postgresql,
					       .base_path = app->config->site.base_path };
	const struct responder_sink sink = { .context = answer, .piece = collect_piece };
	return app->responder->answer(&services, visit->pool, question, &sink);
}

enum outcome ask(struct visit *visit, const struct ask *wanted, struct ask_answer *answer)
{
	struct pg_pool *database = visit->app->postgresql;
	const char *user_id = visit->session->user_id;
	struct conversation conversation = {
		.id = NULL, .country = wanted->country, .service = wanted->service, .is_open = true
	};
	enum outcome outcome = OK;
	if (*wanted->conversation_id != '\0')
		outcome = conversation_load(database, visit->pool, user_id, wanted->conversation_id,
					    &conversation);
	if (outcome != OK)
		return outcome;
	if (!conversation.is_open)
		return CONFLICT;

	struct buffer text = buffer_new(visit->pool, 2048);
	const struct responder_question question = { .text = wanted->question,
						     .country = conversation.country,
						     .service = conversation.service };
	outcome = respond(visit, &question, &text);
	if (outcome == OK && conversation.id == NULL)
		outcome = conversation_create(
			database, visit->pool,
			&(struct conversation_owner){ user_id, visit->session->username },
			conversation.country, conversation.service,
			visit->app->config->chat.conversation_days, &conversation.id);
	if (outcome == OK)
		outcome = conversation_store(database, visit->pool, user_id, conversation.id,
					     wanted->question, text.bytes, answer->ids);
	answer->conversation_id = conversation.id;
	answer->content = text.bytes;
	return outcome;
}

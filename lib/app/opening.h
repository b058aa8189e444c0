/* What somebody finds before the first message of a conversation, kept or temporary: suggestions, whom it is
 * with, and who can answer. Each sets what the templates call by the same name. */
#pragma once
#include "app/visit.h"
#include "chat/character.h"
#include "chat/conversation.h"

/* The address of `page` ("/chat/" or "/chat/temporary") for a new conversation like this one, as far as it has a
 * country, a service, a character and a model; `more` ("" or "name=value") comes first. */
const char *opening_path(struct pool *pool, const char *page, const struct conversation *like,
			 const char *more);

/* "suggestions": articles about this country and service to begin with. That there are none is fine. Comes
 * after the other two: whom the conversation is with would be surprised by such questions. */
void opening_set_suggestions(struct visit *visit, const char *country, const char *service);

/* "character", with its greeting: the one of that id, which is put into `character` too. "": none, OK.
 * NOT_FOUND: it is not there, or not this person's to use. */
enum outcome opening_set_character(struct visit *visit, const char *id,
				   struct character *character);

/* "models" and "has_models": what there is to choose from; nothing where there is no choice, and for guests.
 * `chosen` "": as the operator says. "only_articles": no language model is connected. */
void opening_set_models(struct visit *visit, const char *chosen);

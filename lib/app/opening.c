#include "app/opening.h"
#include "app/chat_models.h"
#include "app/messages.h"
#include "chat/knowledge.h"
#include "web/escape.h"
#include <string.h>

enum { SUGGESTIONS_SHOWN = 4 };

const char *opening_path(struct pool *pool, const char *page, const struct conversation *like,
			 const char *more)
{
	const char *const parameters[][2] = { { "country", like->country },
					      { "service_type", like->service },
					      { "character", like->character_id },
					      { "model", like->model } };
	struct buffer path = buffer_new(pool, 128);
	buffer_printf(&path, "%s%s%s", page, *more != '\0' ? "?" : "", more);
	char before = *more != '\0' ? '&' : '?';
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const char *text = parameters[i][1];
		if (text_is_empty(text))
			continue;
		buffer_printf(&path, "%c%s=", before, parameters[i][0]);
		escape_url(&path, text, strlen(text));
		before = '&';
	}
	return path.bytes;
}

void opening_set_suggestions(struct visit *visit, const char *country, const char *service)
{
	const struct knowledge_query query = { .country = country,
					       .service = service,
					       .tags = visit->app->knowledge_tags,
					       .limit = SUGGESTIONS_SHOWN };
	struct knowledge_topics topics = { .count = 0 };
	struct value *values = value_array(visit->pool);
	if (value_get(visit->page, "character") != NULL &&
	    value_type(value_get(visit->page, "only_articles")) != VALUE_TRUE)
		return;
	if (knowledge_topics(visit->app->postgresql, visit->pool, &query, &topics) != OK)
		return;
	for (size_t i = 0; i < topics.count; i++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "title", topics.topics[i].title);
		value_set_string(value, "slug", topics.topics[i].slug);
		value_append(values, value);
	}
	value_set(visit->page, "suggestions", values);
}

enum outcome opening_set_character(struct visit *visit, const char *id, struct character *character)
{
	*character = character_blank();
	if (*id == '\0')
		return OK;
	enum outcome outcome = character_load_for(visit->app->postgresql, visit->pool,
						  visit->session->user_id, id, character);
	if (outcome != OK)
		return outcome;
	struct value *value = value_object(visit->pool);
	value_set_string(value, "id", character->id);
	value_set_string(value, "name", character->name);
	const char *greeting = character_greeting(visit->pool, character, "you");
	value_set_string(value, "greeting",
			 *greeting != '\0' ? whole_html(visit->pool, greeting) : NULL);
	value_set(visit->page, "character", value);
	return OK;
}

void opening_set_models(struct visit *visit, const char *chosen)
{
	const struct chat_models models = chat_models(visit->pool, visit->app->config);
	bool is_choice = models.count > 1 && visit->session->kind != SESSION_BOT;
	struct value *values = value_array(visit->pool);
	if (*chosen == '\0')
		chosen = visit->app->config->chat.model;
	for (size_t i = 0; is_choice && i < models.count; i++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "name", models.items[i].name);
		value_set_string(value, "label", models.items[i].label);
		value_set_bool(value, "is_chosen", strcmp(models.items[i].name, chosen) == 0);
		value_append(values, value);
	}
	value_set(visit->page, "models", values);
	value_set_bool(visit->page, "has_models", is_choice);
	value_set_bool(visit->page, "only_articles", models.count <= 1);
}

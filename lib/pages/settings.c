#include "app/characters.h"
#include "app/chat_models.h"
#include "app/person_settings.h"
#include "app/wall.h"
#include "base/log.h"
#include "pages/pages.h"
#include <string.h>

/* What a person sets for themselves. */

enum { CHARACTERS_OFFERED = 300 };

static enum outcome load(struct visit *visit, struct person_settings *settings)
{
	return person_settings_load(visit->app, visit->pool, visit->session->user_id, settings);
}

static struct value *option(struct pool *pool, const char *value, const char *label,
			    const char *chosen)
{
	struct value *one = value_object(pool);
	value_set_string(one, "value", value);
	value_set_string(one, "label", label);
	value_set_bool(one, "is_chosen", strcmp(value, chosen) == 0);
	return one;
}

/* ---- Showing ---- */

static struct value *keys_value(struct visit *visit, const struct person_settings *settings)
{
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < settings->key_count; i++) {
		struct value *key = value_object(visit->pool);
		value_set_string(key, "protocol", settings->keys[i].protocol);
		value_set_string(key, "ending", settings->keys[i].hint);
		value_append(list, key);
	}
	return list;
}

static void set_data(struct visit *visit, const struct person_settings *settings)
{
	value_set_string(visit->data, "display_name", settings->display_name);
	value_set_string(visit->data, "theme", settings->theme);
	value_set_string(visit->data, "model", settings->model);
	value_set_string(visit->data, "default_character", settings->character_id);
	value_set_bool(visit->data, "enter_sends", settings->enter_sends);
	value_set_bool(visit->data, "no_storage", settings->no_storage);
	value_set_string(visit->data, "answer_language", settings->answer_language);
	value_set_bool(visit->data, "own_keys", visit->app->config->chat.own_keys);
	value_set(visit->data, "keys", keys_value(visit, settings));
}

static struct value *themes_value(struct pool *pool, const char *chosen)
{
	struct value *list = value_array(pool);
	value_append(list, option(pool, "system", "Same as the system", chosen));
	value_append(list, option(pool, "light", "Light", chosen));
	value_append(list, option(pool, "dark", "Dark", chosen));
	return list;
}

static struct value *languages_value(struct pool *pool, const char *chosen)
{
	struct value *list = value_array(pool);
	for (size_t i = 0; i < answer_language_count; i++)
		value_append(list, option(pool, answer_languages[i].code, answer_languages[i].name,
					  chosen));
	return list;
}

static enum outcome set_characters(struct visit *visit, const char *chosen)
{
	const struct character_person person = characters_person(visit);
	const struct character_query query = {
		.search = "", .category = "", .tag = "", .limit = CHARACTERS_OFFERED
	};
	struct character_page page;
	enum outcome outcome = character_list(visit->app->postgresql, visit->pool, &person, &query,
					      &page);
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; outcome == OK && i < page.count; i++)
		value_append(list,
			     option(visit->pool, page.items[i].id, page.items[i].name, chosen));
	value_set(visit->page, "characters", list);
	return outcome;
}

/* Each protocol with the key that is stored for it, if one is; `problem` goes with `refused`. */
static struct value *protocols_value(struct visit *visit, const struct person_settings *settings,
				     const char *refused, const char *problem)
{
	static const struct {
		const char *protocol, *label;
	} labels[] = { { "openai", "OpenAI" }, { "anthropic", "Anthropic" } };
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		struct value *one = value_object(visit->pool);
		value_set_string(one, "protocol", labels[i].protocol);
		value_set_string(one, "label", labels[i].label);
		if (strcmp(labels[i].protocol, refused) == 0)
			value_set_string(one, "problem", problem);
		for (size_t k = 0; k < settings->key_count; k++)
			if (strcmp(settings->keys[k].protocol, labels[i].protocol) == 0)
				value_set_string(one, "ending", settings->keys[k].hint);
		value_append(list, one);
	}
	return list;
}

static void set_notice(struct visit *visit)
{
	static const struct {
		const char *word, *sentence;
	} notices[] = {
		{ "saved", "Your settings are saved." },
		{ "key_saved", "The key is stored." },
		{ "key_removed", "The key is removed." },
	};
	const char *done = request_query(visit->request, "done");
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i].word, done) == 0)
			value_set_string(visit->page, "notice", notices[i].sentence);
}

static enum outcome show(struct visit *visit, const struct person_settings *settings)
{
	set_data(visit, settings);
	if (visit->request->wants_json)
		return OK;
	set_notice(visit);
	value_set_bool(visit->page, "may_see_config", wall_is_admin(visit));
	value_set(visit->page, "themes", themes_value(visit->pool, settings->theme));
	value_set(visit->page, "models", characters_models(visit, settings->model));
	value_set(visit->page, "languages",
		  languages_value(visit->pool, settings->answer_language));
	value_set(visit->page, "protocols", protocols_value(visit, settings, "", NULL));
	enum outcome outcome = set_characters(visit, settings->character_id);
	return outcome == OK ? visit_show(visit, "settings.html") : outcome;
}

/* "system" is no theme to a browser: it follows the system by itself. */
static void follow_theme(struct visit *visit, const char *theme)
{
	visit_set_theme(visit, strcmp(theme, "system") == 0 ? "" : theme);
}

static enum outcome settings_show(struct visit *visit)
{
	struct person_settings settings;
	enum outcome outcome = load(visit, &settings);
	if (outcome != OK)
		return outcome;
	/* It may have been changed on another device. */
	follow_theme(visit, settings.theme);
	return show(visit, &settings);
}

/* ---- Reading ---- */

/* A text of the form or the JSON body; `current` where JSON does not name it. */
static const char *given_text(struct visit *visit, const char *name, const char *current,
			      struct value *fields)
{
	const struct request *request = visit->request;
	const struct value *member = value_get(request->json, name);
	if (request->form == NULL && member == NULL)
		return current;
	if ((member != NULL && value_type(member) != VALUE_STRING) ||
	    !request_field_is_clean(request, name, false)) {
		value_set_string(fields, name, "This should be text.");
		return current;
	}
	return text_trim(visit->pool, request_field(request, name));
}

static bool given_truth(struct visit *visit, const char *name, bool current, struct value *fields)
{
	const struct value *member = value_get(visit->request->json, name);
	enum value_type type = value_type(member);
	if (visit->request->form != NULL)
		return request_field_is_set(visit->request, name);
	if (member == NULL)
		return current;
	if (type != VALUE_TRUE && type != VALUE_FALSE)
		value_set_string(fields, name, "This should be true or false.");
	return type == VALUE_TRUE;
}

static bool is_theme(const char *theme)
{
	return strcmp(theme, "system") == 0 || strcmp(theme, "light") == 0 ||
	       strcmp(theme, "dark") == 0;
}

static bool is_model(struct visit *visit, const char *model, const char *before)
{
	struct chat_models models = chat_models(visit->pool, visit->app->config);
	return *model == '\0' || strcmp(model, before) == 0 ||
	       chat_model_find(&models, model) != NULL;
}

static enum outcome check_character(struct visit *visit, const char *id, struct value *fields)
{
	struct character character;
	if (*id == '\0')
		return OK;
	enum outcome outcome = character_load_for(visit->app->postgresql, visit->pool,
						  visit->session->user_id, id, &character);
	if (outcome == NOT_FOUND)
		value_set_string(fields, "default_character", "There is no such character.");
	return outcome == NOT_FOUND ? OK : outcome;
}

static enum outcome read_settings(struct visit *visit, struct person_settings *settings,
				  struct value *fields)
{
	const char *model_before = settings->model;
	settings->display_name = given_text(visit, "display_name", settings->display_name, fields);
	settings->theme = given_text(visit, "theme", settings->theme, fields);
	settings->model = given_text(visit, "model", settings->model, fields);
	settings->character_id = given_text(visit, "default_character", settings->character_id,
					    fields);
	settings->answer_language = given_text(visit, "answer_language", settings->answer_language,
					       fields);
	settings->enter_sends = given_truth(visit, "enter_sends", settings->enter_sends, fields);
	settings->no_storage = given_truth(visit, "no_storage", settings->no_storage, fields);
	if (text_characters(settings->display_name) > DISPLAY_NAME_MAX)
		value_set_string(fields, "display_name", "This is longer than 80 characters.");
	if (!is_theme(settings->theme))
		value_set_string(fields, "theme", "Choose system, light or dark.");
	if (!is_model(visit, settings->model, model_before))
		value_set_string(fields, "model", "This model is not offered here.");
	if (*settings->answer_language != '\0' &&
	    answer_language_find(settings->answer_language) == NULL)
		value_set_string(fields, "answer_language", "This language is not in the list.");
	return check_character(visit, settings->character_id, fields);
}

static enum outcome settings_submit(struct visit *visit)
{
	struct person_settings settings;
	struct value *fields = value_object(visit->pool);
	if (visit->request->form == NULL && visit->request->json == NULL)
		return BAD_REQUEST;
	enum outcome outcome = load(visit, &settings);
	if (outcome != OK)
		return outcome;
	/* PUT says everything. */
	if (visit->request->method == METHOD_PUT) {
		const struct person_settings stored = settings;
		settings = person_settings_default();
		memcpy(settings.keys, stored.keys, sizeof settings.keys);
		settings.key_count = stored.key_count;
	}
	outcome = read_settings(visit, &settings, fields);
	if (outcome == OK && value_count(fields) == 0)
		outcome = person_settings_store(visit->app, visit->pool, visit->session->user_id,
						&settings);
	if (outcome == OK && value_count(fields) > 0) {
		outcome = show(visit, &settings);
		visit_refuse(visit, INVALID_FIELDS, "settings.html");
		visit_set_fields(visit, fields);
		return outcome;
	}
	if (outcome != OK)
		return outcome;
	follow_theme(visit, settings.theme);
	if (visit->request->wants_json)
		set_data(visit, &settings);
	return visit_redirect(visit, "/settings?done=saved", "Your settings are saved.");
}

static enum outcome settings_again(struct visit *visit)
{
	struct person_settings settings;
	enum outcome outcome = load(visit, &settings);
	if (outcome == OK)
		outcome = read_settings(visit, &settings, value_object(visit->pool));
	if (outcome == OK)
		outcome = show(visit, &settings);
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "settings.html") : outcome;
}

/* ---- Own keys ---- */

static bool takes_key(const char *protocol)
{
	for (size_t i = 0; person_key_protocols[i] != NULL; i++)
		if (strcmp(person_key_protocols[i], protocol) == 0)
			return true;
	return false;
}

static enum outcome refuse_key(struct visit *visit, const char *protocol, const char *sentence)
{
	struct person_settings settings;
	struct value *fields = value_object(visit->pool);
	enum outcome outcome = load(visit, &settings);
	if (outcome == OK)
		outcome = show(visit, &settings);
	if (outcome != OK)
		return outcome;
	visit_refuse(visit, INVALID_FIELDS, "settings.html");
	value_set(visit->page, "protocols", protocols_value(visit, &settings, protocol, sentence));
	value_set_string(fields, "api_key", sentence);
	visit_set_fields(visit, fields);
	return OK;
}

static enum outcome store_key(struct visit *visit, const char *protocol)
{
	if (!visit->app->config->chat.own_keys)
		return FORBIDDEN;
	char *key = text_trim(visit->pool, request_field(visit->request, "api_key"));
	pool_wipe_at_end(visit->pool, key, strlen(key));
	const char *problem = request_field_is_clean(visit->request, "api_key", false)
				      ? person_key_problem(key)
				      : "A key has no such characters.";
	if (problem != NULL)
		return refuse_key(visit, protocol, problem);
	enum outcome outcome = person_key_store(visit, protocol, key);
	if (outcome != OK)
		return outcome;
	log_event(LOG_LEVEL_INFO, "person_key_stored", "user", visit->session->user_id, "protocol",
		  protocol, NULL);
	return visit_redirect(visit, "/settings?done=key_saved", "The key is stored.");
}

static enum outcome remove_key(struct visit *visit, const char *protocol)
{
	enum outcome outcome = person_key_remove(visit, protocol);
	if (outcome != OK)
		return outcome;
	log_event(LOG_LEVEL_INFO, "person_key_removed", "user", visit->session->user_id, "protocol",
		  protocol, NULL);
	return visit_redirect(visit, "/settings?done=key_removed", "The key is removed.");
}

static enum outcome key_submit(struct visit *visit)
{
	const char *protocol = request_field(visit->request, "protocol");
	if (!takes_key(protocol))
		return NOT_FOUND;
	return strcmp(request_field(visit->request, "action"), "remove") == 0
		       ? remove_key(visit, protocol)
		       : store_key(visit, protocol);
}

/* The key is typed again: it is never shown. */
static enum outcome key_again(struct visit *visit)
{
	struct person_settings settings;
	enum outcome outcome = load(visit, &settings);
	if (outcome == OK)
		outcome = show(visit, &settings);
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "settings.html") : outcome;
}

static enum outcome key_put(struct visit *visit)
{
	return takes_key(visit->path_rest) ? store_key(visit, visit->path_rest) : NOT_FOUND;
}

static enum outcome key_delete(struct visit *visit)
{
	return takes_key(visit->path_rest) ? remove_key(visit, visit->path_rest) : NOT_FOUND;
}

static const struct route routes[] = {
	{ METHOD_GET, "/settings", SIGNED_IN, settings_show, NULL },
	{ METHOD_POST, "/settings", SIGNED_IN, settings_submit, settings_again },
	{ METHOD_POST, "/settings/key", SIGNED_IN, key_submit, key_again },
	{ METHOD_GET, "/api/settings", SIGNED_IN, settings_show, NULL },
	{ METHOD_PUT, "/api/settings", SIGNED_IN, settings_submit, NULL },
	{ METHOD_PATCH, "/api/settings", SIGNED_IN, settings_submit, NULL },
	{ METHOD_PUT, "/api/settings/keys/*", SIGNED_IN, key_put, NULL },
	{ METHOD_DELETE, "/api/settings/keys/*", SIGNED_IN, key_delete, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table settings_page = { "settings", routes, false };

#include "app/characters.h"
#include "app/chat_models.h"
#include "base/log.h"
#include "chat/character_file.h"
#include "chat/trait_words.h"
#include "pages/pages.h"

/* Characters for programs, and what helps to fill one in. */

enum { LISTED_PER_PAGE = 50, SUGGEST_MAX_CHARACTERS = 20000 };

static enum outcome refuse_fields(struct visit *visit, struct value *fields)
{
	visit_refuse(visit, INVALID_FIELDS, NULL);
	visit_set_fields(visit, fields);
	return OK;
}

static enum outcome list_show(struct visit *visit)
{
	static const char *const names[] = { "all", "mine", "shared" };
	static const enum character_whose kinds[] = { CHARACTERS_ALL, CHARACTERS_MINE,
						      CHARACTERS_SHARED };
	enum character_whose whose = CHARACTERS_ALL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_equal_fold(request_query(visit->request, "whose"), names[i]))
			whose = kinds[i];
	return characters_show_list(visit, whose, LISTED_PER_PAGE);
}

static enum outcome load(struct visit *visit, struct character *character)
{
	return character_load_for(visit->app->postgresql, visit->pool, visit->session->user_id,
				  visit->path_rest, character);
}

static enum outcome show(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load(visit, &character);
	if (outcome == OK)
		visit->data = characters_value(visit, &character);
	return outcome;
}

/* Answer with the character as it is stored now. */
static enum outcome show_stored(struct visit *visit, const char *id)
{
	visit->path_rest = id;
	return show(visit);
}

static enum outcome store_new(struct visit *visit, struct character *character)
{
	enum outcome outcome = characters_store(visit, character, false);
	if (outcome == CONFLICT) {
		visit_refuse(visit, CONFLICT, NULL);
		value_set_string(visit->data, "message",
				 "You have as many characters as this site keeps for one person.");
		return OK;
	}
	if (outcome != OK)
		return outcome;
	visit->status = 201;
	return show_stored(visit, character->id);
}

static enum outcome create(struct visit *visit)
{
	struct character character = character_blank();
	struct value *fields = value_object(visit->pool);
	if (visit->request->json == NULL && visit->request->form == NULL)
		return BAD_REQUEST;
	if (!characters_read(visit, &character, fields))
		return refuse_fields(visit, fields);
	return store_new(visit, &character);
}

/* A file as JSON, or any file of ours as part of a form. */
static enum outcome import(struct visit *visit)
{
	struct character character = character_blank();
	const struct form_field *file = request_file(visit->request, "file");
	const char *problem = "Send a file.";
	bool is_read = false;
	if (visit->request->json != NULL)
		is_read = character_file_take(visit->pool, visit->request->json, &character,
					      &problem);
	else if (file != NULL)
		is_read = character_file_read(visit->pool, file->text, file->length, &character,
					      &problem);
	if (is_read)
		return store_new(visit, &character);
	struct value *fields = value_object(visit->pool);
	value_set_string(fields, "file", problem);
	return refuse_fields(visit, fields);
}

/* PUT says everything, PATCH only what changes. */
static enum outcome change(struct visit *visit)
{
	struct character stored;
	const struct character_person person = characters_person(visit);
	enum outcome outcome = load(visit, &stored);
	if (outcome != OK)
		return outcome;
	if (!character_is_changeable(&stored, &person))
		return FORBIDDEN;
	if (visit->request->json == NULL)
		return BAD_REQUEST;
	struct character wanted = stored;
	if (visit->request->method == METHOD_PUT) {
		wanted = character_blank();
		wanted.id = stored.id;
		wanted.owner_id = stored.owner_id;
		wanted.is_shared = stored.is_shared;
	}
	struct value *fields = value_object(visit->pool);
	if (!characters_read(visit, &wanted, fields))
		return refuse_fields(visit, fields);
	outcome = characters_store(visit, &wanted, stored.is_shared);
	if (outcome == OK && (outcome = show_stored(visit, stored.id)) == NOT_FOUND) {
		/* No longer shared, it is another administrator's own again. */
		visit->data = characters_value(visit, &wanted);
		outcome = OK;
	}
	return outcome;
}

static enum outcome delete (struct visit *visit) {
	struct character stored; const struct character_person person = characters_person(visit);
	enum outcome outcome = load(visit, &stored);
	if (outcome != OK) return outcome;
	if (!character_is_changeable(&stored, &person)) return FORBIDDEN;
	outcome = characters_delete(visit, &stored);
	if (outcome != OK) return outcome;
	value_set_bool(visit->data, "success", true);
	value_set_string(visit->data, "id", stored.id);
	return OK;
}

/* ---- What helps to fill one in ---- */

static enum outcome models_show(struct visit *visit)
{
	struct chat_models models = chat_models(visit->pool, visit->app->config);
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < models.count; i++) {
		struct value *model = value_object(visit->pool);
		value_set_string(model, "name", models.items[i].name);
		value_set_string(model, "label", models.items[i].label);
		value_set_string(model, "protocol", models.items[i].protocol);
		value_append(list, model);
	}
	value_set(visit->data, "models", list);
	return OK;
}

static enum outcome show_words(struct visit *visit, const char *name, enum outcome outcome,
			       const struct character_words *words)
{
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; outcome == OK && i < words->count; i++) {
		struct value *word = value_object(visit->pool);
		value_set_string(word, "name", words->items[i].word);
		value_set_integer(word, "count", words->items[i].count);
		value_append(list, word);
	}
	value_set(visit->data, name, list);
	return outcome;
}

static enum outcome categories_show(struct visit *visit)
{
	struct character_words words = { .count = 0 };
	enum outcome outcome = character_categories(visit->app->postgresql, visit->pool,
						    visit->session->user_id, &words);
	return show_words(visit, "categories", outcome, &words);
}

static enum outcome tags_show(struct visit *visit)
{
	struct character_words words = { .count = 0 };
	enum outcome outcome = character_tags(visit->app->postgresql, visit->pool,
					      visit->session->user_id, &words);
	return show_words(visit, "tags", outcome, &words);
}

static enum outcome suggest_traits(struct visit *visit)
{
	struct trait_suggestion suggestions[CHARACTER_TRAITS];
	const char *text = request_field(visit->request, "text");
	struct value *list = value_array(visit->pool), *fields = value_object(visit->pool);
	if (*text_trim(visit->pool, text) == '\0')
		value_set_string(fields, "text", "Write something about the character first.");
	else if (text_characters(text) > SUGGEST_MAX_CHARACTERS)
		value_set_string(fields, "text", "This is longer than 20000 characters.");
	if (value_count(fields) > 0)
		return refuse_fields(visit, fields);
	size_t count = trait_suggest(visit->pool, text, suggestions);
	for (size_t i = 0; i < count; i++) {
		struct value *one = value_object(visit->pool), *words = value_array(visit->pool);
		for (size_t word = 0; word < suggestions[i].word_count; word++)
			value_append(words, value_string(visit->pool, suggestions[i].words[word]));
		value_set_string(one, "trait", character_trait_names[suggestions[i].trait]);
		value_set(one, "words", words);
		value_append(list, one);
	}
	value_set(visit->data, "suggestions", list);
	return OK;
}

/* For a program that has signed in: whether what it needs is there. */
static enum outcome health_show(struct visit *visit)
{
	struct chat_models models = chat_models(visit->pool, visit->app->config);
	enum outcome outcome = pg_run(visit->app->postgresql, visit->pool, STATEMENT_HEALTH, NULL,
				      0, NULL);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "status", "ok");
	value_set_string(visit->data, "version", GATEHOUSE_VERSION);
	value_set_integer(visit->data, "models", (int64_t)models.count);
	return OK;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/characters", SIGNED_IN, list_show, NULL },
	{ METHOD_POST, "/api/characters", SIGNED_IN, create, NULL },
	{ METHOD_POST, "/api/characters/import", SIGNED_IN, import, NULL },
	{ METHOD_GET, "/api/characters/*", SIGNED_IN, show, NULL },
	{ METHOD_PUT, "/api/characters/*", SIGNED_IN, change, NULL },
	{ METHOD_PATCH, "/api/characters/*", SIGNED_IN, change, NULL },
	{ METHOD_DELETE, "/api/characters/*", SIGNED_IN, delete, NULL },
	{ METHOD_GET, "/api/models", SIGNED_IN, models_show, NULL },
	{ METHOD_GET, "/api/categories", SIGNED_IN, categories_show, NULL },
	{ METHOD_GET, "/api/tags", SIGNED_IN, tags_show, NULL },
	{ METHOD_POST, "/api/suggest_traits", SIGNED_IN, suggest_traits, NULL },
	{ METHOD_GET, "/api/health", SIGNED_IN, health_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table character_api_page = { "character_api", routes, false };

#include "app/characters.h"
#include "pages/pages.h"
#include <string.h>

/* Choosing whom to chat with: one's own characters and the shared ones. */

enum { SHOWN_PER_PAGE = 12 };

static const struct {
	const char *name, *label;
	enum character_whose whose;
} kinds[] = {
	{ "", "All", CHARACTERS_ALL },
	{ "mine", "My own", CHARACTERS_MINE },
	{ "shared", "Shared", CHARACTERS_SHARED },
};

static enum character_whose wanted_whose(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "whose");
	struct value *list = value_array(visit->pool);
	enum character_whose whose = CHARACTERS_ALL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct value *kind = value_object(visit->pool);
		bool is_chosen = strcmp(kinds[i].name, wanted) == 0;
		value_set_string(kind, "value", kinds[i].name);
		value_set_string(kind, "label", kinds[i].label);
		value_set_bool(kind, "is_chosen", is_chosen);
		value_append(list, kind);
		if (is_chosen)
			whose = kinds[i].whose;
	}
	value_set(visit->page, "kinds", list);
	return whose;
}

static enum outcome set_categories(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "category");
	struct character_words words;
	enum outcome outcome = character_categories(visit->app->postgresql, visit->pool,
						    visit->session->user_id, &words);
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; outcome == OK && i < words.count; i++) {
		struct value *category = value_object(visit->pool);
		value_set_string(category, "name", words.items[i].word);
		value_set_integer(category, "count", words.items[i].count);
		value_set_bool(category, "is_chosen", text_equal_fold(words.items[i].word, wanted));
		value_append(list, category);
	}
	value_set(visit->page, "categories", list);
	return outcome;
}

static enum outcome characters_show(struct visit *visit)
{
	enum outcome outcome = characters_show_list(visit, wanted_whose(visit), SHOWN_PER_PAGE);
	if (outcome == OK && !visit->request->wants_json)
		outcome = set_categories(visit);
	return outcome == OK ? visit_show(visit, "characters.html") : outcome;
}

/* The styles that are not in the middle: the others say nothing. */
static void set_styles(struct visit *visit, const struct character *character)
{
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < CHARACTER_STYLES; i++) {
		struct value *style = value_object(visit->pool);
		value_set_string(style, "style", character_style_names[i]);
		value_set_integer(style, "amount", character->styles[i]);
		value_append(list, style);
	}
	value_set(visit->page, "styles", list);
}

static enum outcome character_show(struct visit *visit)
{
	struct character character;
	enum outcome outcome = character_load_for(visit->app->postgresql, visit->pool,
						  visit->session->user_id, visit->path_rest,
						  &character);
	if (outcome != OK)
		return outcome;
	visit->data = characters_value(visit, &character);
	set_styles(visit, &character);
	value_set_bool(visit->page, "has_traits", character.traits != 0);
	value_set_bool(visit->page, "has_tags", character.tag_count > 0);
	value_set_bool(visit->page, "has_own_prompt", *character.system_prompt != '\0');
	value_set_string(visit->page, "opening",
			 character_greeting(visit->pool, &character, "you"));
	value_set(visit->page, "mark", characters_listed(visit, &character));
	return visit_show(visit, "character.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/characters", SIGNED_IN, characters_show, NULL },
	{ METHOD_GET, "/characters/*", SIGNED_IN, character_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table characters_page = { "characters", routes, false };

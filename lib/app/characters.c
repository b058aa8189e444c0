#include "app/characters.h"
#include "app/chat_models.h"
#include "app/trail.h"
#include "app/wall.h"
#include "base/crypto.h"
#include "base/log.h"
#include "chat/character_file.h"
#include "web/escape.h"
#include <stdlib.h>
#include <string.h>

enum { ABOUT_CHARACTERS = 160, TONES = 6, PAGES_MAX = 100000 };

struct character_person characters_person(const struct visit *visit)
{
	return (struct character_person){ .user_id = visit->session->user_id,
					  .is_admin = wall_is_admin(visit) };
}

/* ---- Showing ---- */

static bool is_mine(const struct visit *visit, const struct character *character)
{
	return character->owner_id != NULL &&
	       strcmp(character->owner_id, visit->session->user_id) == 0;
}

static void set_standing(struct visit *visit, struct value *value,
			 const struct character *character)
{
	const struct character_person person = characters_person(visit);
	value_set_string(value, "id", character->id);
	value_set_bool(value, "is_shared", character->is_shared);
	value_set_bool(value, "is_mine", is_mine(visit, character));
	value_set_bool(value, "can_change", character_is_changeable(character, &person));
	value_set_integer(value, "created_at", character->created_at_s);
	value_set_integer(value, "updated_at", character->updated_at_s);
}

struct value *characters_value(struct visit *visit, const struct character *character)
{
	struct value *value = character_to_value(visit->pool, character);
	set_standing(visit, value, character);
	value_set_string(value, "prompt", character_system_prompt(visit->pool, character));
	return value;
}

/* The beginning of a text on one line. */
static const char *one_line(struct pool *pool, const char *text)
{
	const char *line = character_clean(pool, text, false);
	if (text_characters(line) <= ABOUT_CHARACTERS)
		return line;
	size_t length = text_prefix(line, ABOUT_CHARACTERS - 1), word = length;
	/* Between words, where there are some. */
	while (word > 0 && line[word] != ' ')
		word--;
	while (word > 0 && strchr(" ,.;:", line[word - 1]) != NULL)
		word--;
	if (word > 0)
		length = word;
	return pool_printf(pool, "%.*s…", (int)length, line);
}

static int64_t tone_of(const char *name)
{
	unsigned sum = 0;
	for (; *name != '\0'; name++)
		sum = sum * 31 + (unsigned char)*name;
	return sum % TONES;
}

static void set_mark(struct visit *visit, struct value *value, const char *name)
{
	value_set_string(value, "initial", pool_strndup(visit->pool, name, text_prefix(name, 1)));
	value_set_integer(value, "tone", tone_of(name));
}

struct value *characters_listed(struct visit *visit, const struct character *character)
{
	static const char *const members[] = { "name", "category", "traits", "tags", "model" };
	const struct value *all = character_to_value(visit->pool, character);
	struct value *value = value_object(visit->pool);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		value_set(value, members[i], (struct value *)(uintptr_t)value_get(all, members[i]));
	set_standing(visit, value, character);
	const char *text = *character->greeting != '\0'
				   ? character_greeting(visit->pool, character, "you")
				   : character->backstory;
	value_set_string(value, "about", one_line(visit->pool, text));
	if (!visit->request->wants_json)
		set_mark(visit, value, character->name);
	return value;
}

static struct value *option(struct pool *pool, const char *value, const char *label, bool is_chosen)
{
	struct value *one = value_object(pool);
	value_set_string(one, "value", value);
	value_set_string(one, "label", label);
	value_set_bool(one, "is_chosen", is_chosen);
	return one;
}

struct value *characters_models(struct visit *visit, const char *chosen)
{
	struct pool *pool = visit->pool;
	struct chat_models models = chat_models(pool, visit->app->config);
	struct value *list = value_array(pool);
	for (size_t i = 0; i < models.count; i++)
		value_append(list, option(pool, models.items[i].name, models.items[i].label,
					  strcmp(models.items[i].name, chosen) == 0));
	if (*chosen != '\0' && chat_model_find(&models, chosen) == NULL)
		value_append(list, option(pool, chosen,
					  pool_printf(pool, "%s (not offered now)", chosen), true));
	return list;
}

/* ---- The form ---- */

struct slider {
	const char *label, *low, *high;
};

/* In the order of enum character_style. */
static const struct slider sliders[CHARACTER_STYLES] = {
	{ "Directness", "hints", "straight to the point" },
	{ "Warmth", "cool", "very warm" },
	{ "Formality", "like a friend", "very formal" },
	{ "Empathy", "matter of fact", "feelings first" },
	{ "Humour", "none", "plenty" },
};

static struct value *sliders_value(struct visit *visit, const struct character *character)
{
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < CHARACTER_STYLES; i++) {
		struct value *one = value_object(visit->pool);
		value_set_string(one, "field", character_style_names[i]);
		value_set_string(one, "label", sliders[i].label);
		value_set_string(one, "low", sliders[i].low);
		value_set_string(one, "high", sliders[i].high);
		value_set_integer(one, "value", character->styles[i]);
		value_append(list, one);
	}
	return list;
}

static struct value *trait_boxes(struct visit *visit, unsigned chosen)
{
	struct value *list = value_array(visit->pool);
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++)
		value_append(list, option(visit->pool, character_trait_names[i],
					  character_trait_names[i], (chosen & 1u << i) != 0));
	return list;
}

static const char *joined_tags(struct pool *pool, const struct character *character)
{
	struct buffer out = buffer_new(pool, 64);
	for (size_t i = 0; i < character->tag_count; i++)
		buffer_printf(&out, "%s%s", i > 0 ? ", " : "", character->tags[i]);
	return out.bytes;
}

static const char *temperature_text(struct pool *pool, double temperature)
{
	if (temperature < 0)
		return "";
	char *text = pool_printf(pool, "%.2f", temperature);
	for (size_t end = strlen(text); text[end - 1] == '0' || text[end - 1] == '.'; end--) {
		bool was_point = text[end - 1] == '.';
		text[end - 1] = '\0';
		if (was_point)
			break;
	}
	return text;
}

void characters_set_form(struct visit *visit, const struct character *character)
{
	struct value *form = value_object(visit->pool);
	bool was_sent = visit->request->form != NULL &&
			form_find(visit->request->form, "temperature") != NULL;
	value_set_string(form, "id", character->id);
	value_set_string(form, "name", character->name);
	value_set_string(form, "category", character->category);
	value_set_string(form, "backstory", character->backstory);
	value_set_string(form, "greeting", character->greeting);
	value_set_string(form, "system_prompt", character->system_prompt);
	value_set_string(form, "tags",
			 was_sent ? request_field(visit->request, "tags")
				  : joined_tags(visit->pool, character));
	value_set_string(form, "temperature",
			 was_sent ? request_field(visit->request, "temperature")
				  : temperature_text(visit->pool, character->temperature));
	value_set(form, "sliders", sliders_value(visit, character));
	value_set(form, "traits", trait_boxes(visit, character->traits));
	value_set(form, "models", characters_models(visit, character->model));
	value_set_bool(form, "is_shared", character->is_shared);
	value_set(visit->page, "form", form);
	value_set_bool(visit->page, "is_new", character->id == NULL);
	value_set_bool(visit->page, "may_share",
		       wall_is_admin(visit) &&
			       (character->id == NULL || character->owner_id != NULL));
}

/* ---- Reading ---- */

/* A number that fills the text, as JSON would have it; else the text, which is refused later. */
static struct value *number_or_text(struct pool *pool, const char *text)
{
	int64_t whole;
	char *end;
	if (*text == '\0')
		return value_null(pool);
	if (text_to_integer(text, INT64_MIN, INT64_MAX, &whole))
		return value_integer(pool, whole);
	bool is_plain = text[strspn(text, "0123456789.,")] == '\0' && strlen(text) < 20;
	char *point = pool_strdup(pool, text);
	/* Where a comma divides, people type one. */
	if (strchr(point, ',') != NULL)
		*strchr(point, ',') = '.';
	double number = strtod(point, &end);
	return is_plain && *end == '\0' ? value_real(pool, number) : value_string(pool, text);
}

static struct value *split_tags(struct pool *pool, const char *text)
{
	struct value *tags = value_array(pool);
	for (const char *at = text; *at != '\0';) {
		size_t length = strcspn(at, ",\r\n");
		value_append(tags,
			     value_string(pool, text_trim(pool, pool_strndup(pool, at, length))));
		at += length + (at[length] != '\0');
	}
	return tags;
}

static struct value *ticked_traits(struct visit *visit)
{
	const struct form *form = visit->request->form;
	struct value *traits = value_array(visit->pool);
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, "traits") == 0)
			value_append(traits, value_string_n(visit->pool, form->fields[i].text,
							    form->fields[i].length));
	return traits;
}

/* A form's fields as the JSON that a program would send. */
static struct value *form_value(struct visit *visit, struct value *fields)
{
	static const char *const texts[] = { "name",     "category",      "backstory",
					     "greeting", "system_prompt", "model" };
	const struct request *request = visit->request;
	struct value *value = value_object(visit->pool);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		value_set_string(value, texts[i], request_field(request, texts[i]));
		if (!request_field_is_clean(request, texts[i], true))
			value_set_string(fields, texts[i],
					 "This holds characters that are no text.");
	}
	for (size_t i = 0; i < CHARACTER_STYLES; i++) {
		const char *text = request_field(request, character_style_names[i]);
		if (*text != '\0')
			value_set(value, character_style_names[i],
				  number_or_text(visit->pool, text));
	}
	value_set(value, "temperature",
		  number_or_text(visit->pool,
				 text_trim(visit->pool, request_field(request, "temperature"))));
	value_set(value, "tags", split_tags(visit->pool, request_field(request, "tags")));
	value_set(value, "traits", ticked_traits(visit));
	return value;
}

/* Only administrators share, and what has no owner stays shared. */
static void read_sharing(struct visit *visit, struct character *character, struct value *fields)
{
	const struct value *given = value_get(visit->request->json, "is_shared");
	bool is_form = visit->request->form != NULL, wanted = character->is_shared;
	if (is_form && wall_is_admin(visit))
		wanted = request_field_is_set(visit->request, "is_shared");
	else if (value_type(given) == VALUE_TRUE || value_type(given) == VALUE_FALSE)
		wanted = value_type(given) == VALUE_TRUE;
	else if (given != NULL)
		value_set_string(fields, "is_shared", "This should be true or false.");
	bool is_sites = character->id != NULL && character->owner_id == NULL;
	if (is_sites && is_form)
		wanted = true;
	if (wanted != character->is_shared && !wall_is_admin(visit))
		value_set_string(fields, "is_shared", "Only administrators share characters.");
	else if (!wanted && is_sites)
		value_set_string(fields, "is_shared",
				 "This character belongs to the site, so it stays shared.");
	else
		character->is_shared = wanted;
}

bool characters_read(struct visit *visit, struct character *character, struct value *fields)
{
	const struct request *request = visit->request;
	const char *model_before = character->model;
	const struct value *given = request->form != NULL ? form_value(visit, fields)
							  : request->json;
	struct chat_models models = chat_models(visit->pool, visit->app->config);
	character_take_value(visit->pool, given, character, fields);
	character_check(visit->pool, character, fields);
	/* One that was offered once may stay until another is chosen. */
	if (*character->model != '\0' && strcmp(character->model, model_before) != 0 &&
	    chat_model_find(&models, character->model) == NULL)
		value_set_string(fields, "model", "This model is not offered here.");
	read_sharing(visit, character, fields);
	return value_count(fields) == 0;
}

/* ---- Storing ---- */

static const struct pg_call *entry_of(struct visit *visit, const struct character *character,
				      const char *reason, bool is_known)
{
	struct audit_entry entry = trail_entry(visit, AUDIT_CHARACTER_CHANGED, visit->session,
					       reason);
	struct value *detail = value_object(visit->pool);
	struct pg_call *call = pool_alloc(visit->pool, sizeof *call);
	value_set_string(detail, "character", character->id);
	if (is_known) /* to others; the name of a private one is nobody's matter once it is gone */
		value_set_string(detail, "name", character->name);
	entry.detail = detail;
	*call = audit_call(visit->pool, &entry);
	return call;
}

enum outcome characters_store(struct visit *visit, struct character *character, bool was_shared)
{
	struct pg_pool *database = visit->app->postgresql;
	const struct character_person person = characters_person(visit);
	bool is_new = character->id == NULL;
	if (is_new) {
		character->id = crypto_uuid(visit->pool);
		character->owner_id = person.user_id;
		was_shared = false;
	}
	const struct pg_call *entry = character->is_shared != was_shared
					      ? entry_of(visit, character,
							 was_shared ? "unshared" : "shared", true)
					      : NULL;
	return is_new ? character_create(database, visit->pool, character, entry)
		      : character_update(database, visit->pool, &person, character, entry);
}

enum outcome characters_delete(struct visit *visit, const struct character *character)
{
	const struct character_person person = characters_person(visit);
	enum outcome outcome =
		character_delete(visit->app->postgresql, visit->pool, &person, character->id,
				 entry_of(visit, character, "deleted", character->is_shared));
	if (outcome == OK)
		log_event(LOG_LEVEL_INFO, "character_deleted", "user", person.user_id, "character",
			  character->id, NULL);
	return outcome;
}

/* ---- Lists ---- */

static size_t wanted_page(const struct visit *visit)
{
	int64_t page;
	return text_to_integer(request_query(visit->request, "page"), 1, PAGES_MAX, &page)
		       ? (size_t)page
		       : 1;
}

/* The same list, another page. */
static const char *page_address(struct visit *visit, size_t page)
{
	static const char *const kept[] = { "q", "category", "tag", "whose" };
	struct buffer out = buffer_new(visit->pool, 128);
	buffer_printf(&out, "%s?page=%zu", visit_path(visit, visit->request->path), page);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		const char *text = request_query(visit->request, kept[i]);
		if (*text == '\0')
			continue;
		buffer_printf(&out, "&%s=", kept[i]);
		escape_url(&out, text, strlen(text));
	}
	return out.bytes;
}

static void set_pages(struct visit *visit, size_t page, size_t pages)
{
	value_set_integer(visit->data, "page", (int64_t)page);
	value_set_integer(visit->data, "pages", (int64_t)pages);
	value_set_bool(visit->page, "has_pages", pages > 1 || page > 1);
	if (page > 1)
		value_set_string(visit->page, "previous",
				 page_address(visit, page > pages ? 1 : page - 1));
	if (page < pages)
		value_set_string(visit->page, "next", page_address(visit, page + 1));
}

enum outcome characters_show_list(struct visit *visit, enum character_whose whose, size_t per_page)
{
	const struct character_person person = characters_person(visit);
	size_t page = wanted_page(visit);
	const struct character_query query = {
		.search = text_trim(visit->pool, request_query(visit->request, "q")),
		.category = request_query(visit->request, "category"),
		.tag = request_query(visit->request, "tag"),
		.whose = whose,
		.limit = per_page,
		.offset = (page - 1) * per_page,
	};
	struct character_page found;
	enum outcome outcome = character_list(visit->app->postgresql, visit->pool, &person, &query,
					      &found);
	if (outcome != OK)
		return outcome;
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < found.count; i++)
		value_append(list, characters_listed(visit, &found.items[i]));
	value_set(visit->data, "characters", list);
	value_set_integer(visit->data, "total", found.total);
	set_pages(visit, page, ((size_t)found.total + per_page - 1) / per_page);
	value_set_bool(visit->page, "has_characters", found.count > 0);
	value_set_string(visit->page, "search", query.search);
	value_set_string(visit->page, "tag", query.tag);
	value_set_bool(visit->page, "is_filtered",
		       *query.search != '\0' || *query.category != '\0' || *query.tag != '\0');
	return OK;
}

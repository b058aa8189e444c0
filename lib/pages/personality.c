#include "app/characters.h"
#include "base/log.h"
#include "chat/character_file.h"
#include "chat/tavern_card.h"
#include "chat/trait_words.h"
#include "pages/pages.h"
#include <string.h>

/* One's own characters: the list, making and changing one, files. Administrators change the shared
 * ones here, too. */

enum { SHOWN_PER_PAGE = 50 };

static enum outcome load(struct visit *visit, const char *id, struct character *character)
{
	return character_load_for(visit->app->postgresql, visit->pool, visit->session->user_id, id,
				  character);
}

/* The same, to change it. FORBIDDEN: it is shared, and that is the administrators' business. */
static enum outcome load_to_change(struct visit *visit, const char *id, struct character *character)
{
	const struct character_person person = characters_person(visit);
	enum outcome outcome = load(visit, id, character);
	if (outcome == OK && !character_is_changeable(character, &person))
		outcome = FORBIDDEN;
	return outcome;
}

static void set_field(struct visit *visit, const char *name, const char *sentence)
{
	struct value *fields = value_object(visit->pool);
	value_set_string(fields, name, sentence);
	visit_set_fields(visit, fields);
}

/* ---- The list ---- */

static void set_notice(struct visit *visit)
{
	static const struct {
		const char *word, *sentence;
	} notices[] = {
		{ "saved", "The character is saved." },
		{ "deleted", "The character is deleted." },
		{ "copied", "This copy is yours. Change what you like." },
		{ "imported", "The character is imported. Look it over and change what you like." },
	};
	const char *done = request_query(visit->request, "done");
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i].word, done) == 0)
			value_set_string(visit->page, "notice", notices[i].sentence);
}

static enum outcome personality_show(struct visit *visit)
{
	enum outcome outcome = characters_show_list(visit, CHARACTERS_TO_CHANGE, SHOWN_PER_PAGE);
	set_notice(visit);
	return outcome == OK ? visit_show(visit, "personality.html") : outcome;
}

/* The list with a refusal at its top, or beside the file. */
static enum outcome refuse_on_list(struct visit *visit, enum outcome reason, const char *field,
				   const char *sentence)
{
	enum outcome outcome = personality_show(visit);
	if (outcome != OK)
		return outcome;
	visit_refuse(visit, reason, "personality.html");
	if (field != NULL)
		set_field(visit, field, sentence);
	else if (sentence != NULL)
		value_set_string(visit->data, "message", sentence);
	return OK;
}

static enum outcome list_again(struct visit *visit)
{
	return refuse_on_list(visit, CSRF_FAILED, NULL, NULL);
}

/* ---- The form ---- */

static enum outcome show_form(struct visit *visit, const struct character *character)
{
	characters_set_form(visit, character);
	set_notice(visit);
	if (visit->request->wants_json && character->id != NULL)
		visit->data = characters_value(visit, character);
	return visit_show(visit, "character_edit.html");
}

static enum outcome new_show(struct visit *visit)
{
	const struct character blank = character_blank();
	return show_form(visit, &blank);
}

static enum outcome edit_show(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load_to_change(visit, visit->path_rest, &character);
	return outcome == OK ? show_form(visit, &character) : outcome;
}

/* The prompt that these fields make, or the traits that the text speaks of: a look, nothing is
 * stored. */
static void look(struct visit *visit, struct character *character, const char *action)
{
	struct trait_suggestion suggestions[CHARACTER_TRAITS];
	if (strcmp(action, "preview") == 0) {
		value_set_string(visit->page, "preview",
				 character_system_prompt(visit->pool, character));
		return;
	}
	size_t count = trait_suggest(
		visit->pool,
		pool_printf(visit->pool, "%s %s", character->backstory, character->greeting),
		suggestions);
	for (size_t i = 0; i < count; i++)
		character->traits |= 1u << suggestions[i].trait;
	value_set_string(visit->page, "suggested",
			 count > 0 ? "The traits that the backstory speaks of are ticked now."
				   : "The backstory speaks of none of the traits.");
}

static enum outcome too_many(struct visit *visit)
{
	visit_refuse(visit, CONFLICT, "character_edit.html");
	value_set_string(visit->page, "title", "No room for another character");
	value_set_string(visit->data, "message",
			 "You have 200 characters, and there is no room for more. Delete one "
			 "first.");
	return OK;
}

static enum outcome submit(struct visit *visit, struct character *character)
{
	const char *action = request_field(visit->request, "action");
	bool looks = strcmp(action, "preview") == 0 || strcmp(action, "suggest") == 0;
	struct value *fields = value_object(visit->pool);
	bool was_shared = character->is_shared;
	bool is_good = characters_read(visit, character, fields);
	if (looks)
		look(visit, character, action);
	characters_set_form(visit, character);
	if (looks)
		return visit_show(visit, "character_edit.html");
	if (!is_good) {
		visit_refuse(visit, INVALID_FIELDS, "character_edit.html");
		visit_set_fields(visit, fields);
		return OK;
	}
	enum outcome outcome = characters_store(visit, character, was_shared);
	if (outcome == CONFLICT)
		return too_many(visit);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "id", character->id);
	return visit_redirect(visit, "/personality?done=saved", "The character is saved.");
}

static enum outcome new_submit(struct visit *visit)
{
	struct character character = character_blank();
	return submit(visit, &character);
}

static enum outcome edit_submit(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load_to_change(visit, visit->path_rest, &character);
	return outcome == OK ? submit(visit, &character) : outcome;
}

/* What was typed, once more, because the form's token was stale. */
static enum outcome form_again(struct visit *visit, struct character *character)
{
	characters_read(visit, character, value_object(visit->pool));
	characters_set_form(visit, character);
	return visit_refuse(visit, CSRF_FAILED, "character_edit.html");
}

static enum outcome new_again(struct visit *visit)
{
	struct character character = character_blank();
	return form_again(visit, &character);
}

static enum outcome edit_again(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load_to_change(visit, visit->path_rest, &character);
	return outcome == OK ? form_again(visit, &character) : outcome;
}

/* ---- Deleting ---- */

static enum outcome confirm_delete(struct visit *visit, const char *id)
{
	struct character character;
	enum outcome outcome = load_to_change(visit, id, &character);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "id", character.id);
	value_set_string(visit->data, "name", character.name);
	value_set_bool(visit->page, "is_shared", character.is_shared);
	return visit_show(visit, "character_delete.html");
}

static enum outcome delete_show(struct visit *visit)
{
	return confirm_delete(visit, request_query(visit->request, "id"));
}

static enum outcome delete_submit(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load_to_change(visit, request_field(visit->request, "id"),
					      &character);
	if (outcome == OK)
		outcome = characters_delete(visit, &character);
	if (outcome != OK)
		return outcome;
	return visit_redirect(visit, "/personality?done=deleted", "The character is deleted.");
}

static enum outcome delete_again(struct visit *visit)
{
	enum outcome outcome = confirm_delete(visit, request_field(visit->request, "id"));
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "character_delete.html") : outcome;
}

/* ---- Copies and files ---- */

static enum outcome store_and_show(struct visit *visit, struct character *character,
				   const char *done)
{
	character->id = NULL;
	character->is_shared = false;
	enum outcome outcome = characters_store(visit, character, false);
	if (outcome == CONFLICT)
		return refuse_on_list(visit, CONFLICT, NULL,
				      "You have 200 characters, and there is no room for more. "
				      "Delete one first.");
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "id", character->id);
	return visit_redirect(
		visit, pool_printf(visit->pool, "/personality/%s?done=%s", character->id, done),
		"The character is yours now.");
}

static enum outcome copy_submit(struct visit *visit)
{
	struct character character;
	enum outcome outcome = load(visit, request_field(visit->request, "id"), &character);
	return outcome == OK ? store_and_show(visit, &character, "copied") : outcome;
}

static enum outcome import_submit(struct visit *visit)
{
	struct character character = character_blank();
	const struct form_field *file = request_file(visit->request, "file");
	const char *problem = "Choose a file first.";
	if (file == NULL ||
	    !character_file_read(visit->pool, file->text, file->length, &character, &problem))
		return refuse_on_list(visit, INVALID_FIELDS, "file", problem);
	return store_and_show(visit, &character, "imported");
}

/* A file's name from a character's: ASCII letters and digits, one '-' for all between. */
static const char *file_name(struct pool *pool, const char *name, const char *end)
{
	struct buffer out = buffer_new(pool, 64);
	for (; *name != '\0'; name++) {
		char c = *name;
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9');
		if (is_plain)
			buffer_byte(&out, c);
		else if (out.length > 0 && out.bytes[out.length - 1] != '-')
			buffer_byte(&out, '-');
	}
	if (out.length == 0)
		buffer_puts(&out, "character");
	return pool_printf(pool, "%s%s", out.bytes, end);
}

static enum outcome export_show(struct visit *visit)
{
	struct character character;
	const char *format = request_query(visit->request, "format");
	struct buffer out = buffer_new(visit->pool, 2048);
	enum outcome outcome = load(visit, request_query(visit->request, "id"), &character);
	if (outcome != OK)
		return outcome;
	if (strcmp(format, "png") == 0) {
		size_t length;
		const char *bytes = tavern_write_png(visit->pool, &character, &length);
		return visit_send_file(visit, file_name(visit->pool, character.name, ".png"),
				       "image/png", bytes, length);
	}
	bool is_card = strcmp(format, "card") == 0;
	if (!is_card && strcmp(format, "") != 0 && strcmp(format, "json") != 0)
		return NOT_FOUND;
	if (is_card)
		tavern_write_json(&out, &character);
	else
		character_file_write(&out, &character);
	return visit_send_file(
		visit, file_name(visit->pool, character.name, is_card ? ".card.json" : ".json"),
		"application/json; charset=utf-8", out.bytes, out.length);
}

static const struct route routes[] = {
	{ METHOD_GET, "/personality", SIGNED_IN, personality_show, NULL },
	{ METHOD_POST, "/personality", SIGNED_IN, new_submit, new_again },
	{ METHOD_GET, "/personality/new", SIGNED_IN, new_show, NULL },
	{ METHOD_POST, "/personality/import", SIGNED_IN, import_submit, list_again },
	{ METHOD_POST, "/personality/copy", SIGNED_IN, copy_submit, list_again },
	{ METHOD_GET, "/personality/export", SIGNED_IN, export_show, NULL },
	{ METHOD_GET, "/personality/delete", SIGNED_IN, delete_show, NULL },
	{ METHOD_POST, "/personality/delete", SIGNED_IN, delete_submit, delete_again },
	{ METHOD_GET, "/personality/*", SIGNED_IN, edit_show, NULL },
	{ METHOD_POST, "/personality/*", SIGNED_IN, edit_submit, edit_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table personality_page = { "personality", routes, false };

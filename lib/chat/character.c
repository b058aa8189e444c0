#include "chat/character.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

const char *const character_style_names[CHARACTER_STYLES] = { "directness", "warmth", "formality",
							      "empathy", "humour" };

const char *const character_trait_names[CHARACTER_TRAITS] = { "Analytical", "Creative",
							      "Empathetic", "Logical",
							      "Witty",      "Serious",
							      "Playful",    "Professional" };

/* How many categories and tags are told; nobody reads more. */
enum { WORDS_MAX = 200 };

struct character character_blank(void)
{
	struct character blank = { .name = "",
				   .category = "",
				   .backstory = "",
				   .greeting = "",
				   .system_prompt = "",
				   .model = "",
				   .temperature = -1 };
	for (size_t i = 0; i < CHARACTER_STYLES; i++)
		blank.styles[i] = CHARACTER_STYLE_MAX / 2;
	return blank;
}

unsigned character_trait(const char *name)
{
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++)
		if (text_equal_fold(character_trait_names[i], name))
			return 1u << i;
	return 0;
}

bool character_is_changeable(const struct character *character,
			     const struct character_person *person)
{
	if (character->is_shared)
		return person->is_admin;
	return character->owner_id != NULL && strcmp(character->owner_id, person->user_id) == 0;
}

/* ---- To and from rows ---- */

/* The next line of a text; NULL after the last. */
static const char *next_line(struct pool *pool, const char **at)
{
	if (**at == '\0')
		return NULL;
	size_t length = strcspn(*at, "\n");
	const char *line = pool_strndup(pool, *at, length);
	*at += length + ((*at)[length] == '\n');
	return line;
}

static struct character read_character(struct pool *pool, const struct pg_rows *rows, size_t row)
{
	struct character character = {
		.id = pg_text(rows, row, 0),
		.owner_id = pg_text(rows, row, 1),
		.name = pg_text(rows, row, 2),
		.category = pg_text(rows, row, 3),
		.backstory = pg_text(rows, row, 4),
		.greeting = pg_text(rows, row, 5),
		.system_prompt = pg_text(rows, row, 12),
		.model = pg_text(rows, row, 13),
		.is_shared = pg_bool(rows, row, 16),
		.created_at_s = pg_integer(rows, row, 17),
		.updated_at_s = pg_integer(rows, row, 18),
	};
	const char *temperature = pg_text(rows, row, 14), *line;
	character.temperature = temperature != NULL ? strtod(temperature, NULL) : -1;
	for (int i = 0; i < CHARACTER_STYLES; i++)
		character.styles[i] = pg_integer(rows, row, 7 + i);
	for (const char *at = pg_text(rows, row, 6); (line = next_line(pool, &at)) != NULL;)
		character.traits |= character_trait(line);
	for (const char *at = pg_text(rows, row, 15);
	     character.tag_count < CHARACTER_TAGS_MAX && (line = next_line(pool, &at)) != NULL;)
		character.tags[character.tag_count++] = line;
	return character;
}

static const char *trait_lines(struct pool *pool, unsigned traits)
{
	struct buffer lines = buffer_new(pool, 64);
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++)
		if ((traits & 1u << i) != 0)
			buffer_printf(&lines, "%s%s", lines.length > 0 ? "\n" : "",
				      character_trait_names[i]);
	return lines.bytes;
}

static const char *tag_lines(struct pool *pool, const struct character *character)
{
	struct buffer lines = buffer_new(pool, 64);
	for (size_t i = 0; i < character->tag_count; i++)
		buffer_printf(&lines, "%s%s", i > 0 ? "\n" : "", character->tags[i]);
	return lines.bytes;
}

/* The parameters that all statements which store share, from the name on. */
enum { STORED_PARAMETERS = 10 };

static void set_parameters(struct pool *pool, const struct character *character,
			   const char *parameters[static STORED_PARAMETERS])
{
	struct buffer styles = buffer_new(pool, 32);
	for (size_t i = 0; i < CHARACTER_STYLES; i++)
		buffer_printf(&styles, "%s%lld", i > 0 ? "," : "", (long long)character->styles[i]);
	parameters[0] = character->name;
	parameters[1] = character->category;
	parameters[2] = character->backstory;
	parameters[3] = character->greeting;
	parameters[4] = trait_lines(pool, character->traits);
	parameters[5] = styles.bytes;
	parameters[6] = character->system_prompt;
	parameters[7] = character->model;
	parameters[8] = character->temperature >= 0
				? pool_printf(pool, "%.2f", character->temperature)
				: NULL;
	parameters[9] = tag_lines(pool, character);
}

static const char *truth(bool is_true)
{
	return is_true ? "true" : "false";
}

/* ---- Statements ---- */

enum outcome character_load_for(struct pg_pool *database, struct pool *pool, const char *user_id,
				const char *id, struct character *character)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHARACTER_LOAD,
				      (const char *const[]){ id, user_id }, 2, &rows);
	if (outcome == OK && pg_row_count(rows) == 0)
		outcome = NOT_FOUND;
	if (outcome == OK)
		*character = read_character(pool, rows, 0);
	return outcome;
}

enum outcome character_list(struct pg_pool *database, struct pool *pool,
			    const struct character_person *person,
			    const struct character_query *query, struct character_page *page)
{
	static const char *const whose[] = { "all", "mine", "shared", "change" };
	const char *const parameters[] = {
		person->user_id,
		query->search,
		query->category,
		query->tag,
		whose[query->whose],
		truth(person->is_admin),
		text_from_integer(pool, (int64_t)query->limit),
		text_from_integer(pool, (int64_t)query->offset),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHARACTER_LIST, parameters, 8,
				      &rows);
	if (outcome != OK)
		return outcome;
	page->count = pg_row_count(rows);
	page->total = page->count > 0 ? pg_integer(rows, 0, 19) : 0;
	page->items = pool_zalloc(pool, (page->count + 1) * sizeof *page->items);
	for (size_t i = 0; i < page->count; i++)
		page->items[i] = read_character(pool, rows, i);
	return OK;
}

/* A statement that fails when there is nothing to change, and its entry. */
static enum outcome run_with(struct pg_pool *database, struct pool *pool, struct pg_call act,
			     const struct pg_call *entry)
{
	struct pg_call calls[2] = { act };
	if (entry != NULL)
		calls[1] = *entry;
	return pg_run_all(database, pool, calls, entry != NULL ? 2 : 1);
}

enum outcome character_create(struct pg_pool *database, struct pool *pool,
			      const struct character *character, const struct pg_call *entry)
{
	const char *parameters[STORED_PARAMETERS + 4] = { character->owner_id };
	set_parameters(pool, character, parameters + 1);
	parameters[11] = truth(character->is_shared);
	parameters[12] = text_from_integer(pool, CHARACTERS_PER_PERSON);
	parameters[13] = character->id;
	enum outcome outcome = run_with(
		database, pool,
		(struct pg_call){ STATEMENT_CHARACTER_CREATE, parameters, 14, NULL }, entry);
	return outcome == NOT_FOUND ? CONFLICT : outcome;
}

enum outcome character_update(struct pg_pool *database, struct pool *pool,
			      const struct character_person *person,
			      const struct character *character, const struct pg_call *entry)
{
	if (!text_is_uuid(character->id))
		return NOT_FOUND;
	const char *parameters[STORED_PARAMETERS + 4] = { character->id };
	set_parameters(pool, character, parameters + 1);
	parameters[11] = truth(character->is_shared);
	parameters[12] = person->user_id;
	parameters[13] = truth(person->is_admin);
	return run_with(database, pool,
			(struct pg_call){ STATEMENT_CHARACTER_UPDATE, parameters, 14, NULL },
			entry);
}

enum outcome character_delete(struct pg_pool *database, struct pool *pool,
			      const struct character_person *person, const char *id,
			      const struct pg_call *entry)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	const char *const parameters[] = { id, person->user_id, truth(person->is_admin) };
	return run_with(database, pool,
			(struct pg_call){ STATEMENT_CHARACTER_DELETE, parameters, 3, NULL }, entry);
}

enum outcome character_import(struct pg_pool *database, struct pool *pool,
			      const struct character *character, enum character_change *change)
{
	const char *parameters[STORED_PARAMETERS];
	set_parameters(pool, character, parameters);
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CHARACTER_IMPORT, parameters,
				      STORED_PARAMETERS, &rows);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(rows) == 0)
		*change = CHARACTER_UNCHANGED;
	else
		*change = pg_bool(rows, 0, 0) ? CHARACTER_CREATED : CHARACTER_UPDATED;
	return OK;
}

static enum outcome load_words(struct pg_pool *database, struct pool *pool,
			       enum statement statement, const char *user_id,
			       struct character_words *words)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(
		database, pool, statement,
		(const char *const[]){ user_id, text_from_integer(pool, WORDS_MAX) }, 2, &rows);
	if (outcome != OK)
		return outcome;
	words->count = pg_row_count(rows);
	words->items = pool_zalloc(pool, (words->count + 1) * sizeof *words->items);
	for (size_t i = 0; i < words->count; i++)
		words->items[i] = (struct character_word){ .word = pg_text(rows, i, 0),
							   .count = pg_integer(rows, i, 1) };
	return OK;
}

enum outcome character_categories(struct pg_pool *database, struct pool *pool, const char *user_id,
				  struct character_words *words)
{
	return load_words(database, pool, STATEMENT_CHARACTER_CATEGORIES, user_id, words);
}

enum outcome character_tags(struct pg_pool *database, struct pool *pool, const char *user_id,
			    struct character_words *words)
{
	return load_words(database, pool, STATEMENT_CHARACTER_TAGS, user_id, words);
}

#include "chat/character_file.h"
#include "base/json.h"
#include "chat/tavern_card.h"
#include <string.h>

/* A card with a long list of lore has a few thousand values. */
enum { FILE_VALUES_MAX = 20000 };

struct text_field {
	const char *name;
	size_t offset; /* in struct character */
	size_t limit;  /* characters */
	bool lines;
};

static const struct text_field text_fields[] = {
	{ "name", offsetof(struct character, name), CHARACTER_NAME_MAX, false },
	{ "category", offsetof(struct character, category), CHARACTER_CATEGORY_MAX, false },
	{ "backstory", offsetof(struct character, backstory), CHARACTER_BACKSTORY_MAX, true },
	{ "greeting", offsetof(struct character, greeting), CHARACTER_GREETING_MAX, true },
	{ "system_prompt", offsetof(struct character, system_prompt), CHARACTER_PROMPT_MAX, true },
	{ "model", offsetof(struct character, model), CHARACTER_MODEL_MAX, false },
};

static const char **text_at(struct character *character, const struct text_field *field)
{
	return (const char **)(void *)((char *)character + field->offset);
}

static const char *text_of(const struct character *character, const struct text_field *field)
{
	return *(const char *const *)(const void *)((const char *)character + field->offset);
}

const char *character_clean(struct pool *pool, const char *text, bool lines)
{
	struct buffer out = buffer_new(pool, strlen(text) + 1);
	for (; *text != '\0'; text++) {
		if (*text == '\r' && text[1] == '\n')
			continue;
		/* The second set of control characters, U+0080 to U+009F. */
		if ((unsigned char)*text == 0xc2 && (unsigned char)text[1] < 0xa0) {
			text++;
			continue;
		}
		char c = *text == '\r' ? '\n' : *text;
		bool is_break = c == '\n' || c == '\t';
		if (is_break)
			buffer_byte(&out, lines ? c : ' ');
		else if ((unsigned char)c >= 0x20 && c != 0x7f)
			buffer_byte(&out, c);
	}
	return text_trim(pool, out.bytes);
}

/* ---- Writing ---- */

static struct value *traits_value(struct pool *pool, unsigned traits)
{
	struct value *list = value_array(pool);
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++)
		if ((traits & 1u << i) != 0)
			value_append(list, value_string(pool, character_trait_names[i]));
	return list;
}

struct value *character_to_value(struct pool *pool, const struct character *character)
{
	struct value *value = value_object(pool), *tags = value_array(pool);
	for (size_t i = 0; i < sizeof text_fields / sizeof *text_fields; i++)
		value_set_string(value, text_fields[i].name, text_of(character, &text_fields[i]));
	value_set(value, "traits", traits_value(pool, character->traits));
	for (size_t i = 0; i < CHARACTER_STYLES; i++)
		value_set_integer(value, character_style_names[i], character->styles[i]);
	value_set(value, "temperature",
		  character->temperature >= 0 ? value_real(pool, character->temperature)
					      : value_null(pool));
	for (size_t i = 0; i < character->tag_count; i++)
		value_append(tags, value_string(pool, character->tags[i]));
	value_set(value, "tags", tags);
	return value;
}

void character_file_write(struct buffer *out, const struct character *character)
{
	struct value *value = character_to_value(out->pool, character);
	value_set_integer(value, "gatehouse_character", 1);
	json_write(out, value);
	buffer_byte(out, '\n');
}

/* ---- Reading ---- */

/* What went wrong with the fields so far. */
struct taking {
	struct pool *pool;
	struct value *fields;
	size_t refused;
};

static void refuse(struct taking *taking, const char *field, const char *sentence)
{
	/* Of two the first: what is no text at all is not also too short. */
	if (value_get(taking->fields, field) == NULL)
		value_set_string(taking->fields, field, sentence);
	taking->refused++;
}

static void take_text(struct taking *taking, const struct text_field *field,
		      const struct value *member, struct character *character)
{
	const char *text = value_type(member) == VALUE_NULL ? "" : value_text(member);
	if (text == NULL)
		refuse(taking, field->name, "This should be text.");
	else
		*text_at(character, field) = character_clean(taking->pool, text, field->lines);
}

static void take_style(struct taking *taking, size_t style, const struct value *member,
		       struct character *character)
{
	int64_t number = value_to_integer(member);
	if (value_type(member) != VALUE_INTEGER || number < 0 || number > CHARACTER_STYLE_MAX)
		refuse(taking, character_style_names[style],
		       "This should be a whole number from 0 to 10.");
	else
		character->styles[style] = number;
}

static void take_temperature(struct taking *taking, const struct value *member,
			     struct character *character)
{
	enum value_type type = value_type(member);
	double number = type == VALUE_INTEGER ? (double)value_to_integer(member)
					      : value_to_real(member);
	if (type == VALUE_NULL)
		character->temperature = -1;
	else if ((type != VALUE_INTEGER && type != VALUE_REAL) || number < 0 ||
		 number > CHARACTER_TEMPERATURE_MAX)
		refuse(taking, "temperature", "This should be a number from 0 to 2, or left out.");
	else
		character->temperature = number;
}

static void take_traits(struct taking *taking, const struct value *member,
			struct character *character)
{
	unsigned traits = 0;
	if (value_type(member) != VALUE_ARRAY && value_type(member) != VALUE_NULL)
		refuse(taking, "traits", "This should be a list of traits.");
	for (size_t i = 0; i < value_count(member); i++) {
		const char *name = value_text(value_item(member, i));
		unsigned trait = name != NULL ? character_trait(name) : 0;
		traits |= trait;
		if (trait == 0)
			refuse(taking, "traits",
			       "Traits are Analytical, Creative, Empathetic, Logical, Witty, "
			       "Serious, Playful and Professional.");
	}
	character->traits = traits;
}

static bool has_tag(const struct character *character, const char *tag)
{
	for (size_t i = 0; i < character->tag_count; i++)
		if (text_equal_fold(character->tags[i], tag))
			return true;
	return false;
}

static void take_tags(struct taking *taking, const struct value *member,
		      struct character *character)
{
	if (value_type(member) != VALUE_ARRAY && value_type(member) != VALUE_NULL)
		refuse(taking, "tags", "This should be a list of tags.");
	character->tag_count = 0;
	for (size_t i = 0; i < value_count(member); i++) {
		const char *text = value_text(value_item(member, i));
		const char *tag = text != NULL ? character_clean(taking->pool, text, false) : "";
		if (*tag == '\0' || has_tag(character, tag))
			continue;
		if (character->tag_count == CHARACTER_TAGS_MAX) {
			refuse(taking, "tags", "A character has at most 10 tags.");
			return;
		}
		if (text_characters(tag) > CHARACTER_TAG_MAX || strchr(tag, ',') != NULL)
			refuse(taking, "tags",
			       "A tag has at most 30 characters, and no comma in it.");
		else
			character->tags[character->tag_count++] = tag;
	}
}

static const char too_long_filled_in[] = "This becomes too long once {{char}}, {{user}} and "
					 "{{original}} are filled in. Use them less "
					 "often, or shorten the text.";

bool character_check(struct pool *pool, const struct character *character, struct value *fields)
{
	struct taking taking = { pool, fields, 0 };
	for (size_t i = 0; i < sizeof text_fields / sizeof *text_fields; i++)
		if (text_characters(text_of(character, &text_fields[i])) > text_fields[i].limit)
			refuse(&taking, text_fields[i].name,
			       pool_printf(pool, "This is longer than %zu characters.",
					   text_fields[i].limit));
	if (*character->name == '\0')
		refuse(&taking, "name", "Give the character a name.");
	if (character_prompt_is_cut(pool, character))
		refuse(&taking, *character->system_prompt != '\0' ? "system_prompt" : "backstory",
		       too_long_filled_in);
	if (character_greeting_is_cut(pool, character))
		refuse(&taking, "greeting", too_long_filled_in);
	return taking.refused == 0;
}

bool character_take_value(struct pool *pool, const struct value *value, struct character *character,
			  struct value *fields)
{
	struct taking taking = { pool, fields, 0 };
	const struct value *member;
	for (size_t i = 0; i < sizeof text_fields / sizeof *text_fields; i++)
		if ((member = value_get(value, text_fields[i].name)) != NULL)
			take_text(&taking, &text_fields[i], member, character);
	for (size_t i = 0; i < CHARACTER_STYLES; i++)
		if ((member = value_get(value, character_style_names[i])) != NULL)
			take_style(&taking, i, member, character);
	if ((member = value_get(value, "temperature")) != NULL)
		take_temperature(&taking, member, character);
	if ((member = value_get(value, "traits")) != NULL)
		take_traits(&taking, member, character);
	if ((member = value_get(value, "tags")) != NULL)
		take_tags(&taking, member, character);
	return taking.refused == 0;
}

/* The first of the sentences, as one about a file. */
static const char *problem_of(struct pool *pool, const struct value *fields)
{
	return pool_printf(pool, "Its %s cannot be used: %s", value_key(fields, 0),
			   value_text(value_item(fields, 0)));
}

bool character_file_take(struct pool *pool, const struct value *json, struct character *character,
			 const char **problem)
{
	struct value *fields = value_object(pool);
	bool is_ours = value_get(json, "gatehouse_character") != NULL;
	if (!is_ours && !tavern_is_card(json)) {
		*problem = "This is not the file of a character.";
		return false;
	}
	struct character read = character_blank();
	bool taken = is_ours ? character_take_value(pool, json, &read, fields)
			     : tavern_take_card(pool, json, &read, fields);
	if (!taken || !character_check(pool, &read, fields)) {
		*problem = problem_of(pool, fields);
		return false;
	}
	/* What runs it is decided here, not where it comes from. */
	read.model = "";
	read.id = character->id;
	read.owner_id = character->owner_id;
	*character = read;
	return true;
}

bool character_file_read(struct pool *pool, const char *bytes, size_t length,
			 struct character *character, const char **problem)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	if (length > CHARACTER_FILE_MAX) {
		*problem = "This file is too large.";
		return false;
	}
	if (tavern_is_png(bytes, length)) {
		bytes = tavern_png_text(pool, bytes, length, &length, problem);
		if (bytes == NULL)
			return false;
	} else if (length >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
		bytes += 3;
		length -= 3;
	}
	const struct value *json = json_read(pool, bytes, length, FILE_VALUES_MAX);
	if (json == NULL) {
		*problem = "This file is damaged, or not the file of a character.";
		return false;
	}
	return character_file_take(pool, json, character, problem);
}

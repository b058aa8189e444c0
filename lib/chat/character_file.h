/* A character as a file of ours: JSON with the fields as they are named everywhere.
 *
 *   {"gatehouse_character": 1, "name": "…", "category": "…", "backstory": "…", "greeting": "…",
 *    "traits": ["Analytical"], "directness": 7, "warmth": 5, "formality": 5, "empathy": 5,
 *    "humour": 3, "system_prompt": "", "model": "", "temperature": 0.7, "tags": ["…"]}
 *
 * What is missing is empty, in the middle, or the model's own. */
#pragma once
#include "base/text.h"
#include "chat/character.h"

enum { CHARACTER_FILE_MAX = 4 << 20 /* bytes, of any format */ };

/* The members of a file of ours, without the one that marks it. Nothing is copied. */
struct value *character_to_value(struct pool *pool, const struct character *character);

/* Put what `value` has into `character`, which keeps the rest. Each member that cannot be taken
 * gets a sentence in `fields`, an object, under its name; true when there was none. */
bool character_take_value(struct pool *pool, const struct value *value, struct character *character,
			  struct value *fields);

/* Whether everything lies within the limits of character.h, also with its macros filled in; as above a sentence for each field. */
bool character_check(struct pool *pool, const struct character *character, struct value *fields);

/* A text as it can be stored: line breaks are "\n", and there are no other control characters, nor
 * white space around it. `lines` false: one line. The text must be UTF-8. */
const char *character_clean(struct pool *pool, const char *text, bool lines);

/* Any file that we can read: ours, or a character card as JSON or PNG (tavern_card.h). On false
 * `problem` is a sentence for a person. id, owner, model and sharing are not taken from files. */
bool character_file_read(struct pool *pool, const char *bytes, size_t length,
			 struct character *character, const char **problem);
/* The same from JSON that is read already. */
bool character_file_take(struct pool *pool, const struct value *json, struct character *character,
			 const char **problem);

/* Append the character as a file of ours. */
void character_file_write(struct buffer *out, const struct character *character);

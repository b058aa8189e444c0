/* Character cards, version 2, as other chat programs exchange them: JSON, or a PNG picture that
 * carries the JSON as base64 in a tEXt chunk with the keyword "chara".
 *
 * Sources: the public specification "Character Card Specification V2" (fields and their meaning);
 * PNG, second edition (ISO/IEC 15948), sections 5 and 11.3.4.3. Version 1 (the six texts without a
 * frame) and the "data" of later versions are read, too. */
#pragma once
#include "base/text.h"
#include "chat/character.h"

/* Bounds on what a PNG may make us do. */
enum { TAVERN_CHUNKS_MAX = 10000, TAVERN_JSON_MAX = 2 << 20 /* bytes, decoded */ };

/* Whether bytes begin as every PNG file does. */
bool tavern_is_png(const char *bytes, size_t length);

/* The JSON text inside a PNG, in `pool`; NULL with a sentence in `problem`: damaged (a wrong length or
 * CRC), without a character, or beyond the bounds. The picture itself is not looked at. */
const char *tavern_png_text(struct pool *pool, const char *bytes, size_t length,
			    size_t *text_length, const char **problem);

/* Whether JSON is a card. */
bool tavern_is_card(const struct value *json);

/* Take a card's fields into a character. Description, personality, scenario and examples become the
 * backstory, each under its heading; what we ourselves wrote into "extensions" comes back as it was.
 * As character_take_value: a sentence in `fields` for each field that cannot be taken. */
bool tavern_take_card(struct pool *pool, const struct value *json, struct character *character,
		      struct value *fields);

/* Append the character as a card in JSON. */
void tavern_write_json(struct buffer *out, const struct character *character);

/* The same inside a small picture that we draw; the bytes live in `pool`. */
const char *tavern_write_png(struct pool *pool, const struct character *character, size_t *length);

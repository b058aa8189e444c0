#include "chat/tavern_card.h"
#include "base/compress.h"
#include "base/crypto.h"
#include "base/json.h"
#include "chat/character_file.h"
#include <string.h>

/* ---- JSON ---- */

/* A version 1 card has its texts at the top, later ones in "data". */
static const struct value *data_of(const struct value *json)
{
	const char *spec = value_get_string(json, "spec");
	if (spec != NULL && text_starts_with(spec, "chara_card_v"))
		return value_get(json, "data");
	return json;
}

bool tavern_is_card(const struct value *json)
{
	const struct value *data = data_of(json);
	return value_get_string(data, "name") != NULL &&
	       (value_get_string(data, "description") != NULL ||
		value_get_string(data, "personality") != NULL ||
		value_get_string(data, "first_mes") != NULL);
}

static const char *backstory_of(struct pool *pool, const struct value *data)
{
	static const struct {
		const char *member, *heading;
	} parts[] = {
		{ "description", "" },
		{ "personality", "Personality:\n" },
		{ "scenario", "Where this takes place:\n" },
		{ "mes_example", "Examples of how you talk:\n" },
	};
	struct buffer out = buffer_new(pool, 1024);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *text = value_get_string(data, parts[i].member);
		if (text == NULL || *character_clean(pool, text, true) == '\0')
			continue;
		buffer_printf(&out, "%s%s%s", out.length > 0 ? "\n\n" : "", parts[i].heading,
			      character_clean(pool, text, true));
	}
	return out.bytes;
}

/* Cards of other programs often have more and longer tags than ours; those are left out. */
static struct value *tags_of(struct pool *pool, const struct value *data)
{
	const struct value *given = value_get(data, "tags");
	struct value *tags = value_array(pool);
	for (size_t i = 0; i < value_count(given); i++) {
		const char *text = value_text(value_item(given, i));
		const char *tag = text != NULL ? character_clean(pool, text, false) : "";
		if (*tag != '\0' && strchr(tag, ',') == NULL &&
		    text_characters(tag) <= CHARACTER_TAG_MAX &&
		    value_count(tags) < CHARACTER_TAGS_MAX)
			value_append(tags, value_string(pool, tag));
	}
	return tags;
}

bool tavern_take_card(struct pool *pool, const struct value *json, struct character *character,
		      struct value *fields)
{
	const struct value *data = data_of(json);
	struct value *ours = value_object(pool);
	const struct value *kept = value_get(value_get(data, "extensions"), "gatehouse");
	value_set_string(ours, "name", value_get_string(data, "name"));
	value_set_string(ours, "backstory", backstory_of(pool, data));
	value_set_string(ours, "greeting", value_get_string(data, "first_mes"));
	value_set_string(ours, "system_prompt", value_get_string(data, "system_prompt"));
	value_set(ours, "tags", tags_of(pool, data));
	/* The extension has the fields that cards do not know, and only those. */
	struct value *more = value_object(pool);
	for (size_t i = 0; i < value_count(kept); i++)
		if (value_get(ours, value_key(kept, i)) == NULL)
			value_set(more, value_key(kept, i),
				  (struct value *)(uintptr_t)value_item(kept, i));
	bool taken = character_take_value(pool, ours, character, fields);
	return character_take_value(pool, more, character, fields) && taken;
}

static struct value *extension_value(struct pool *pool, const struct character *character)
{
	static const char *const names[] = { "category", "traits",    "temperature", "directness",
					     "warmth",   "formality", "empathy",     "humour" };
	const struct value *all = character_to_value(pool, character);
	struct value *kept = value_object(pool), *extensions = value_object(pool);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		value_set(kept, names[i], (struct value *)(uintptr_t)value_get(all, names[i]));
	value_set(extensions, "gatehouse", kept);
	return extensions;
}

void tavern_write_json(struct buffer *out, const struct character *character)
{
	static const char *const empty[] = { "personality",
					     "scenario",
					     "mes_example",
					     "creator_notes",
					     "creator",
					     "character_version",
					     "post_history_instructions" };
	struct pool *pool = out->pool;
	struct value *card = value_object(pool), *data = value_object(pool),
		     *tags = value_array(pool);
	value_set_string(card, "spec", "chara_card_v2");
	value_set_string(card, "spec_version", "2.0");
	value_set_string(data, "name", character->name);
	value_set_string(data, "description", character->backstory);
	value_set_string(data, "first_mes", character->greeting);
	value_set_string(data, "system_prompt", character->system_prompt);
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		value_set_string(data, empty[i], "");
	value_set(data, "alternate_greetings", value_array(pool));
	for (size_t i = 0; i < character->tag_count; i++)
		value_append(tags, value_string(pool, character->tags[i]));
	value_set(data, "tags", tags);
	value_set(data, "extensions", extension_value(pool, character));
	value_set(card, "data", data);
	json_write(out, card);
	buffer_byte(out, '\n');
}

/* ---- Reading PNG ---- */

static const unsigned char png_signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
static const char text_keyword[] = "chara";

/* Length, type, and CRC around a chunk's data. */
enum { CHUNK_FRAME_BYTES = 12, IHDR_BYTES = 13 };

struct chunk {
	const unsigned char *type; /* four letters, followed by the data */
	size_t length;             /* of the data */
};

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static bool is_type(const struct chunk *chunk, const char *type)
{
	return memcmp(chunk->type, type, 4) == 0;
}

/* The chunk at `at`, whole and with the right CRC; false otherwise. */
static bool read_chunk(const unsigned char *at, size_t left, struct chunk *chunk)
{
	if (left < CHUNK_FRAME_BYTES)
		return false;
	chunk->length = big_endian(at);
	chunk->type = at + 4;
	return chunk->length <= left - CHUNK_FRAME_BYTES &&
	       compress_crc32(chunk->type, chunk->length + 4) ==
		       big_endian(chunk->type + 4 + chunk->length);
}

bool tavern_is_png(const char *bytes, size_t length)
{
	return length >= sizeof png_signature &&
	       memcmp(bytes, png_signature, sizeof png_signature) == 0;
}

/* The keyword ends with a NUL, which is part of the array. */
static bool is_character(const struct chunk *chunk)
{
	return is_type(chunk, "tEXt") && chunk->length >= sizeof text_keyword &&
	       memcmp(chunk->type + 4, text_keyword, sizeof text_keyword) == 0;
}

/* The chunk with the character. All chunks are looked at, so that a damaged file is never half
 * believed; of several the first counts. */
static const char *find_character(const unsigned char *bytes, size_t length, struct chunk *found)
{
	static const char damaged[] = "This picture is damaged.";
	struct chunk chunk;
	size_t at = sizeof png_signature;
	found->type = NULL;
	for (size_t i = 0; i < TAVERN_CHUNKS_MAX; i++) {
		if (!read_chunk(bytes + at, length - at, &chunk))
			return damaged;
		if ((i == 0) != (is_type(&chunk, "IHDR") && chunk.length == IHDR_BYTES))
			return damaged;
		if (found->type == NULL && is_character(&chunk))
			*found = chunk;
		if (is_type(&chunk, "IEND"))
			return found->type != NULL ? NULL
						   : "There is no character in this picture.";
		at += chunk.length + CHUNK_FRAME_BYTES;
	}
	return damaged;
}

const char *tavern_png_text(struct pool *pool, const char *bytes, size_t length,
			    size_t *text_length, const char **problem)
{
	struct chunk chunk;
	*problem = find_character((const unsigned char *)bytes, length, &chunk);
	if (*problem != NULL)
		return NULL;
	const char *encoded = (const char *)chunk.type + 4 + sizeof text_keyword;
	size_t size = chunk.length - sizeof text_keyword;
	if (size / 4 * 3 > TAVERN_JSON_MAX) {
		*problem = "The character in this picture is too large.";
		return NULL;
	}
	const char *text = (const char *)crypto_base64_decode(pool, encoded, size, text_length);
	if (text == NULL)
		*problem = "The character in this picture is damaged.";
	return text;
}

/* ---- Writing PNG ---- */

enum { PICTURE_WIDTH = 240, PICTURE_HEIGHT = 360, ROW_BYTES = PICTURE_WIDTH + 1 };

static void put_big_endian(struct buffer *out, size_t number)
{
	const char bytes[] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
			       (char)number };
	buffer_add(out, bytes, sizeof bytes);
}

static void put_chunk(struct buffer *out, const char *type, const void *data, size_t length)
{
	put_big_endian(out, length);
	size_t begin = out->length;
	buffer_puts(out, type);
	buffer_add(out, data, length);
	put_big_endian(out, compress_crc32(out->bytes + begin, out->length - begin));
}

/* Whether a point lies in an ellipse; all in pixels. */
static bool is_inside(int x, int y, const int ellipse[static 4])
{
	int64_t across = (int64_t)(x - ellipse[0]) * ellipse[3];
	int64_t down = (int64_t)(y - ellipse[1]) * ellipse[2];
	int64_t both = (int64_t)ellipse[2] * ellipse[3];
	return across * across + down * down <= both * both;
}

/* Head and shoulders: one byte for each pixel, 0 or 1 of the palette, and a filter byte of 0 before
 * each row. */
static unsigned char *draw_rows(struct pool *pool)
{
	static const int head[] = { 120, 138, 54, 58 }, shoulders[] = { 120, 346, 102, 128 };
	unsigned char *rows = pool_zalloc(pool, (size_t)ROW_BYTES * PICTURE_HEIGHT);
	for (int y = 0; y < PICTURE_HEIGHT; y++)
		for (int x = 0; x < PICTURE_WIDTH; x++)
			rows[y * ROW_BYTES + 1 + x] = is_inside(x, y, head) ||
						      is_inside(x, y, shoulders);
	return rows;
}

/* Background and figure, chosen by the name so that two characters mostly look different. */
static const unsigned char *palette_of(const char *name)
{
	static const unsigned char palettes[][6] = {
		{ 0xe2, 0xef, 0xe8, 0x1d, 0x6b, 0x54 }, { 0xe6, 0xec, 0xf6, 0x2f, 0x55, 0x8c },
		{ 0xf6, 0xe9, 0xe2, 0x9a, 0x4f, 0x2a }, { 0xf1, 0xe6, 0xf3, 0x74, 0x3f, 0x83 },
		{ 0xf5, 0xee, 0xd9, 0x7d, 0x63, 0x16 }, { 0xe3, 0xf0, 0xf2, 0x1f, 0x68, 0x75 },
	};
	unsigned char digest[SHA256_BYTES];
	crypto_sha256(name, strlen(name), digest);
	return palettes[digest[0] % (sizeof palettes / sizeof *palettes)];
}

const char *tavern_write_png(struct pool *pool, const struct character *character, size_t *length)
{
	static const unsigned char header[IHDR_BYTES] = {
		0,
		0,
		PICTURE_WIDTH >> 8,
		PICTURE_WIDTH & 255,
		0,
		0,
		PICTURE_HEIGHT >> 8,
		PICTURE_HEIGHT & 255,
		8,
		3,
		0,
		0,
		0, /* a palette of bytes, deflated, no interlacing */
	};
	struct buffer out = buffer_new(pool, 4096), json = buffer_new(pool, 2048),
		      text = buffer_new(pool, 4096);
	size_t size;
	buffer_add(&out, (const char *)png_signature, sizeof png_signature);
	put_chunk(&out, "IHDR", header, sizeof header);
	put_chunk(&out, "PLTE", palette_of(character->name), 6);
	tavern_write_json(&json, character);
	buffer_add(&text, text_keyword, sizeof text_keyword);
	buffer_puts(&text, crypto_base64(pool, json.bytes, json.length));
	put_chunk(&out, "tEXt", text.bytes, text.length);
	const unsigned char *pixels = compress_deflate(pool, draw_rows(pool),
						       (size_t)ROW_BYTES * PICTURE_HEIGHT, &size);
	put_chunk(&out, "IDAT", pixels, size);
	put_chunk(&out, "IEND", "", 0);
	*length = out.length;
	return out.bytes;
}

/* Files of characters, as anybody sends them: JSON or PNG. What is read lies within the limits and
 * comes back as it was from every format that we write. A picture's checksums are put right first,
 * because no search would find them. */
#include "base/compress.h"
#include "chat/character_file.h"
#include "chat/tavern_card.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t number_at(const unsigned char *bytes)
{
	return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static void mend_checksums(unsigned char *bytes, size_t size)
{
	for (size_t at = 8; size - at >= 12;) {
		size_t length = number_at(bytes + at);
		if (length > size - at - 12)
			return;
		uint32_t sum = compress_crc32(bytes + at + 4, length + 4);
		for (size_t i = 0; i < 4; i++)
			bytes[at + 8 + length + i] = (unsigned char)(sum >> (24 - 8 * i));
		at += length + 12;
	}
}

static bool is_same(const struct character *left, const struct character *right)
{
	bool same = strcmp(left->name, right->name) == 0 &&
		    strcmp(left->category, right->category) == 0 &&
		    strcmp(left->backstory, right->backstory) == 0 &&
		    strcmp(left->greeting, right->greeting) == 0 &&
		    strcmp(left->system_prompt, right->system_prompt) == 0 &&
		    left->traits == right->traits && left->tag_count == right->tag_count &&
		    memcmp(left->styles, right->styles, sizeof left->styles) == 0;
	for (size_t i = 0; same && i < left->tag_count; i++)
		same = strcmp(left->tags[i], right->tags[i]) == 0;
	return same;
}

static void check_reads_back(struct pool *pool, const char *bytes, size_t length,
			     const struct character *expected)
{
	struct character read = character_blank();
	const char *problem = NULL;
	if (!character_file_read(pool, bytes, length, &read, &problem) || !is_same(&read, expected))
		abort();
}

static void check(struct pool *pool, const struct character *character)
{
	struct buffer own = buffer_new(pool, 64), card = buffer_new(pool, 64);
	size_t length;
	if (!character_check(pool, character, value_object(pool)) ||
	    character->tag_count > CHARACTER_TAGS_MAX ||
	    *character_system_prompt(pool, character) == '\0')
		abort();
	character_file_write(&own, character);
	tavern_write_json(&card, character);
	const char *png = tavern_write_png(pool, character, &length);
	check_reads_back(pool, own.bytes, own.length, character);
	check_reads_back(pool, card.bytes, card.length, character);
	check_reads_back(pool, png, length, character);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	struct character character = character_blank();
	const char *problem = NULL;
	char *bytes = pool_strndup(pool, (const char *)data, size);
	if (tavern_is_png(bytes, size))
		mend_checksums((unsigned char *)bytes, size);
	if (character_file_read(pool, bytes, size, &character, &problem))
		check(pool, &character);
	else if (problem == NULL || *problem == '\0')
		abort();
	pool_free(pool);
	return 0;
}

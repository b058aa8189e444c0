/* Character cards and files: what is read, what is refused with a sentence, what comes back. */
#include "base/compress.h"
#include "base/crypto.h"
#include "chat/character_file.h"
#include "chat/tavern_card.h"
#include "harness.h"

static const char card[] =
	"{\"spec\":\"chara_card_v2\",\"spec_version\":\"2.0\",\"data\":{\"name\":\"Rook\","
	"\"description\":\"A raven.\",\"personality\":\"\",\"scenario\":\"A roof.\","
	"\"first_mes\":\"Kraa!\",\"mes_example\":\"\",\"creator_notes\":\"\","
	"\"system_prompt\":\"Be a raven.\",\"post_history_instructions\":\"\","
	"\"alternate_greetings\":[],\"tags\":[\"bird\",\"Bird\",7],\"creator\":\"\","
	"\"character_version\":\"\",\"extensions\":{\"gatehouse\":{\"warmth\":8,\"traits\":"
	"[\"Witty\"],\"name\":\"Not this\",\"temperature\":1}}}}";

static struct character sample(void)
{
	struct character character = character_blank();
	character.name = "Zoë \"Z\" <b>";
	character.category = "Work";
	character.backstory = "First line.\n\n{{char}} & co \xe2\x80\xa8 \xf0\x9f\xa6\x89";
	character.greeting = "Hello, {{user}}.";
	character.system_prompt = "Be kind.";
	character.traits = 1u | 1u << 4;
	character.styles[CHARACTER_DIRECTNESS] = 10;
	character.styles[CHARACTER_HUMOUR] = 0;
	character.temperature = 0.25;
	character.tags[0] = "one";
	character.tags[1] = "zwei";
	character.tag_count = 2;
	return character;
}

static void assert_same(const struct character *left, const struct character *right)
{
	assert_string_equal(left->name, right->name);
	assert_string_equal(left->category, right->category);
	assert_string_equal(left->backstory, right->backstory);
	assert_string_equal(left->greeting, right->greeting);
	assert_string_equal(left->system_prompt, right->system_prompt);
	assert_int_equal(left->traits, right->traits);
	assert_memory_equal(left->styles, right->styles, sizeof left->styles);
	assert_true(left->temperature == right->temperature);
	assert_int_equal(left->tag_count, right->tag_count);
	for (size_t i = 0; i < left->tag_count; i++)
		assert_string_equal(left->tags[i], right->tags[i]);
}

static void read_back(struct pool *pool, const char *bytes, size_t length)
{
	const struct character expected = sample();
	struct character read = character_blank();
	const char *problem = NULL;
	if (!character_file_read(pool, bytes, length, &read, &problem))
		fail_msg("%s", problem);
	assert_same(&read, &expected);
	assert_string_equal(read.model, "");
}

static void test_what_is_written_is_read_back(void **state)
{
	struct character character = sample();
	character.model = "openai/some";
	character.id = "11111111-1111-4111-8111-111111111111";
	struct buffer own = buffer_new(*state, 16), json = buffer_new(*state, 16);
	size_t length;
	character_file_write(&own, &character);
	read_back(*state, own.bytes, own.length);
	tavern_write_json(&json, &character);
	read_back(*state, json.bytes, json.length);
	assert_null(strstr(json.bytes, "openai/some"));
	const char *png = tavern_write_png(*state, &character, &length);
	assert_true(tavern_is_png(png, length));
	read_back(*state, png, length);
}

static void test_a_card_of_another_program_is_read(void **state)
{
	struct character read = character_blank();
	const char *problem = NULL;
	assert_true(character_file_read(*state, card, strlen(card), &read, &problem));
	assert_string_equal(read.name, "Rook"); /* an extension cannot rename it */
	assert_string_equal(read.backstory, "A raven.\n\nWhere this takes place:\nA roof.");
	assert_string_equal(read.greeting, "Kraa!");
	assert_string_equal(read.system_prompt, "Be a raven.");
	assert_int_equal(read.styles[CHARACTER_WARMTH], 8);
	assert_int_equal(read.styles[CHARACTER_EMPATHY], 5);
	assert_int_equal(read.traits, character_trait("witty"));
	assert_true(read.temperature == 1);
	assert_int_equal(read.tag_count, 1);
}

static void test_the_first_version_is_read(void **state)
{
	static const char old[] = "{\"name\":\"A\",\"description\":\"d\",\"personality\":\"p\","
				  "\"scenario\":\"s\",\"first_mes\":\"f\",\"mes_example\":\"m\"}";
	struct character read = character_blank();
	const char *problem = NULL;
	assert_true(character_file_read(*state, old, strlen(old), &read, &problem));
	assert_string_equal(read.backstory, "d\n\nPersonality:\np\n\nWhere this takes place:\ns\n\n"
					    "Examples of how you talk:\nm");
}

static const char *problem_of(struct pool *pool, const char *bytes, size_t length)
{
	struct character untouched = sample();
	const struct character before = sample();
	const char *problem = NULL;
	assert_false(character_file_read(pool, bytes, length, &untouched, &problem));
	assert_non_null(problem);
	assert_same(&untouched, &before);
	return problem;
}

static void test_what_is_no_character_is_said(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "", "This file is damaged, or not the file of a character." },
		{ "{\"a\":1,\"a\":2}", "This file is damaged, or not the file of a character." },
		{ "\xff\xfe{}", "This file is damaged, or not the file of a character." },
		{ "[]", "This is not the file of a character." },
		{ "3", "This is not the file of a character." },
		{ "{\"spec\":\"chara_card_v2\"}", "This is not the file of a character." },
		{ "{\"spec\":\"chara_card_v2\",\"data\":\"x\"}",
		  "This is not the file of a character." },
		{ "{\"name\":\"x\",\"description\":7}", "This is not the file of a character." },
		{ "{\"gatehouse_character\":1}",
		  "Its name cannot be used: Give the character a name." },
		{ "{\"gatehouse_character\":1,\"name\":[]}",
		  "Its name cannot be used: This should be text." },
		{ "{\"gatehouse_character\":1,\"name\":\"x\",\"humour\":11}",
		  "Its humour cannot be used: This should be a whole number from 0 to 10." },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(problem_of(*state, cases[i].text, strlen(cases[i].text)),
				    cases[i].sentence);
}

/* ---- PNG ---- */

static void put_number(struct buffer *out, size_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buffer_byte(out, (char)(number >> shift));
}

static void put_chunk(struct buffer *out, const char *type, const char *data, size_t length)
{
	put_number(out, length);
	size_t begin = out->length;
	buffer_puts(out, type);
	buffer_add(out, data, length);
	put_number(out, compress_crc32(out->bytes + begin, out->length - begin));
}

static struct buffer begin_png(struct pool *pool)
{
	struct buffer out = buffer_new(pool, 512);
	buffer_puts(&out, "\x89PNG\r\n\x1a\n");
	put_chunk(&out, "IHDR", "\0\0\0\1\0\0\0\1\10\0\0\0\0", 13);
	return out;
}

static void put_card(struct buffer *out, const char *keyword, const char *json)
{
	struct buffer text = buffer_new(out->pool, 512);
	buffer_add(&text, keyword, strlen(keyword) + 1);
	buffer_puts(&text, crypto_base64(out->pool, json, strlen(json)));
	put_chunk(out, "tEXt", text.bytes, text.length);
}

static struct buffer good_png(struct pool *pool)
{
	struct buffer png = begin_png(pool);
	put_card(&png, "Comment", "not this");
	put_card(&png, "chara", card);
	put_card(&png, "chara", "{}");
	put_chunk(&png, "IEND", "", 0);
	return png;
}

static void test_a_picture_carries_a_card(void **state)
{
	struct buffer png = good_png(*state);
	struct character read = character_blank();
	const char *problem = NULL;
	assert_true(character_file_read(*state, png.bytes, png.length, &read, &problem));
	assert_string_equal(read.name, "Rook");
	/* What follows the end of the picture is not looked at. */
	buffer_puts(&png, "trailing");
	assert_true(character_file_read(*state, png.bytes, png.length, &read, &problem));
}

/* Every byte up to the end of the last chunk is under a CRC, a length or a signature. */
static void test_no_byte_of_a_picture_can_be_changed_unseen(void **state)
{
	struct buffer png = good_png(*state);
	struct character read = character_blank();
	for (size_t i = 0; i < png.length; i++) {
		struct pool *pool = pool_new(*state);
		const char *problem = NULL;
		png.bytes[i] ^= 0x20;
		if (character_file_read(pool, png.bytes, png.length, &read, &problem))
			fail_msg("byte %zu", i);
		png.bytes[i] ^= 0x20;
		pool_free(pool);
	}
}

static void test_a_picture_that_ends_early_is_damaged(void **state)
{
	struct buffer png = good_png(*state);
	for (size_t length = 8; length < png.length; length++) {
		struct pool *pool = pool_new(*state);
		assert_string_equal(problem_of(pool, png.bytes, length),
				    "This picture is damaged.");
		pool_free(pool);
	}
}

static void test_a_picture_without_a_character_is_said(void **state)
{
	struct buffer none = begin_png(*state), other = begin_png(*state),
		      broken = begin_png(*state);
	put_chunk(&none, "IEND", "", 0);
	assert_string_equal(problem_of(*state, none.bytes, none.length),
			    "There is no character in this picture.");
	put_card(&other, "charm", card);
	put_chunk(&other, "tEXt", "chara", 5); /* a keyword without its end */
	put_chunk(&other, "IEND", "", 0);
	assert_string_equal(problem_of(*state, other.bytes, other.length),
			    "There is no character in this picture.");
	put_chunk(&broken, "tEXt", "chara\0????", 10);
	put_chunk(&broken, "IEND", "", 0);
	assert_string_equal(problem_of(*state, broken.bytes, broken.length),
			    "The character in this picture is damaged.");
}

static void test_a_picture_has_bounds(void **state)
{
	struct buffer many = begin_png(*state), large = begin_png(*state);
	for (size_t i = 0; i < TAVERN_CHUNKS_MAX; i++)
		put_chunk(&many, "tEXt", "", 0);
	put_chunk(&many, "IEND", "", 0);
	assert_string_equal(problem_of(*state, many.bytes, many.length),
			    "This picture is damaged.");
	size_t length = TAVERN_JSON_MAX / 3 * 4 + 64;
	char *text = pool_alloc(*state, length);
	memset(text, 'A', length);
	memcpy(text, "chara", 6);
	put_chunk(&large, "tEXt", text, length);
	put_chunk(&large, "IEND", "", 0);
	assert_string_equal(problem_of(*state, large.bytes, large.length),
			    "The character in this picture is too large.");
}

static void test_the_header_comes_first_and_once(void **state)
{
	struct buffer twice = begin_png(*state), late = buffer_new(*state, 64);
	put_chunk(&twice, "IHDR", "\0\0\0\1\0\0\0\1\10\0\0\0\0", 13);
	assert_string_equal(problem_of(*state, twice.bytes, twice.length),
			    "This picture is damaged.");
	buffer_puts(&late, "\x89PNG\r\n\x1a\n");
	put_chunk(&late, "IEND", "", 0);
	assert_string_equal(problem_of(*state, late.bytes, late.length),
			    "This picture is damaged.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_is_read_back),
		TEST(test_a_card_of_another_program_is_read),
		TEST(test_the_first_version_is_read),
		TEST(test_what_is_no_character_is_said),
		TEST(test_a_picture_carries_a_card),
		TEST(test_no_byte_of_a_picture_can_be_changed_unseen),
		TEST(test_a_picture_that_ends_early_is_damaged),
		TEST(test_a_picture_without_a_character_is_said),
		TEST(test_a_picture_has_bounds),
		TEST(test_the_header_comes_first_and_once),
	};
	return cmocka_run_group_tests_name("tavern_card", tests, NULL, NULL);
}

/* Characters: the prompt they make, the traits that a text speaks of; and keys that are sealed. */
#include "base/crypto.h"
#include "base/text.h"
#include "chat/character.h"
#include "chat/trait_words.h"
#include "harness.h"

static void test_a_blank_character_is_a_companion(void **state)
{
	const struct character blank = character_blank();
	assert_string_equal(character_system_prompt(*state, &blank),
			    "You are a helpful companion. Stay in this role for the whole "
			    "conversation.");
	assert_string_equal(character_greeting(*state, &blank, "you"), "");
}

static void test_every_band_of_every_style_says_something_else(void **state)
{
	for (size_t style = 0; style < CHARACTER_STYLES; style++) {
		const char *before = "";
		size_t changes = 0;
		for (int64_t amount = 0; amount <= CHARACTER_STYLE_MAX; amount++) {
			struct character character = character_blank();
			character.name = "Ada";
			character.styles[style] = amount;
			const char *prompt = character_system_prompt(*state, &character);
			changes += strcmp(prompt, before) != 0;
			assert_int_equal(strstr(prompt, "How you talk:") == NULL,
					 amount >= 4 && amount <= 6);
			before = prompt;
		}
		assert_int_equal(changes, 5);
	}
}

static void test_traits_are_named_as_one_would(void **state)
{
	static const struct {
		unsigned traits;
		const char *sentence;
	} cases[] = {
		{ 1, "You are analytical." },
		{ 1 | 16, "You are analytical and witty." },
		{ 1 | 2 | 128, "You are analytical, creative and professional." },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct character character = character_blank();
		character.traits = cases[i].traits;
		assert_non_null(
			strstr(character_system_prompt(*state, &character), cases[i].sentence));
	}
}

static void test_macros_are_filled_in_once(void **state)
{
	struct character character = character_blank();
	character.name = "{{user}}";
	character.system_prompt = "I am {{CHAR}}, you are {{User}}, this is {{other}} {{char";
	assert_string_equal(
		character_system_prompt(*state, &character),
		"I am {{user}}, you are the person you talk with, this is {{other}} {{char");
	character.greeting = "{{user}} and {{char}}";
	character.name = "Ada";
	assert_string_equal(character_greeting(*state, &character, "{{char}}"), "{{char}} and Ada");
	character.system_prompt = "{{original}}";
	character.backstory = "{{original}} {{char}}";
	assert_non_null(strstr(character_system_prompt(*state, &character), "{{original}} Ada"));
}

static const char *repeat(struct pool *pool, const char *text, size_t times)
{
	struct buffer out = buffer_new(pool, strlen(text) * times + 1);
	for (size_t i = 0; i < times; i++)
		buffer_puts(&out, text);
	return out.bytes;
}

static void test_macros_do_not_multiply(void **state)
{
	struct character character = character_blank();
	character.name = repeat(*state, "😀", CHARACTER_NAME_MAX);
	character.backstory = repeat(*state, "{{char}}", CHARACTER_BACKSTORY_MAX / 8);
	character.greeting = repeat(*state, "{{char}}", CHARACTER_GREETING_MAX / 8);
	for (int is_own = 0; is_own < 2; is_own++) {
		if (is_own)
			character.system_prompt = repeat(*state, "{{original}}",
							 CHARACTER_PROMPT_MAX / 12);
		const char *prompt = character_system_prompt(*state, &character);
		assert_in_range(strlen(prompt), CHARACTER_FILLED_MAX / 2, CHARACTER_FILLED_MAX);
		assert_true(text_is_utf8(prompt, strlen(prompt)));
		assert_true(character_prompt_is_cut(*state, &character));
	}
	assert_in_range(strlen(character_greeting(*state, &character, "you")),
			CHARACTER_FILLED_MAX / 2, CHARACTER_FILLED_MAX);
	assert_true(character_greeting_is_cut(*state, &character));
	character.backstory = "{{char}}";
	character.greeting = repeat(*state, "{{user}}", 200);
	assert_false(character_greeting_is_cut(*state, &character));
	character.greeting = repeat(*state, "{{user}}", 205);
	assert_true(character_greeting_is_cut(*state, &character)); /* for a long name only */
	assert_int_equal(strlen(character_greeting(*state, &character, "you")), 3 * 205);
	character.name = "Ada";
	character.system_prompt = "<{{original}}> <{{ORIGINAL}}>";
	assert_string_equal(character_system_prompt(*state, &character),
			    "<You are Ada. Stay in this role for the whole conversation.\n\n"
			    "About you:\nAda> <>");
	assert_false(character_prompt_is_cut(*state, &character));
}

static void test_the_longest_plain_texts_are_not_cut(void **state)
{
	struct character character = character_blank();
	character.name = repeat(*state, "字", CHARACTER_NAME_MAX);
	character.backstory = repeat(*state, "字", CHARACTER_BACKSTORY_MAX);
	character.greeting = repeat(*state, "😀", CHARACTER_GREETING_MAX);
	character.traits = (1u << CHARACTER_TRAITS) - 1;
	for (size_t i = 0; i < CHARACTER_STYLES; i++)
		character.styles[i] = CHARACTER_STYLE_MAX;
	assert_false(character_prompt_is_cut(*state, &character));
	assert_false(character_greeting_is_cut(*state, &character));
}

static void assert_suggests(struct pool *pool, const char *text, const char *traits)
{
	struct trait_suggestion suggestions[CHARACTER_TRAITS];
	struct buffer found = buffer_new(pool, 64);
	size_t count = trait_suggest(pool, text, suggestions);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&found, "%s%s", i > 0 ? " " : "",
			      character_trait_names[suggestions[i].trait]);
	assert_string_equal(found.bytes, traits);
}

static void test_words_speak_for_traits(void **state)
{
	assert_suggests(*state, "", "");
	assert_suggests(*state, "Researcher", "Analytical");
	assert_suggests(*state, "ART arts article", "Creative");
	assert_suggests(*state, "with wits", "Witty");
	assert_suggests(*state, "never serious, no jokes, without warmth, isn't kind", "");
	assert_suggests(*state, "isn\xe2\x80\x99t kind", "");
	assert_suggests(*state, "She is not a poet", "Creative"); /* only the next word counts */
	assert_suggests(*state, "poet and logic and logic", "Logical Creative");
	assert_suggests(*state, "\xff\xfe \xe2\x80", "");
}

static void test_words_are_reasons_once(void **state)
{
	struct trait_suggestion suggestions[CHARACTER_TRAITS];
	assert_int_equal(trait_suggest(*state,
				       "joke joke jokes quip pun puns banter humour wit sarcasm",
				       suggestions),
			 1);
	assert_int_equal(suggestions[0].word_count, TRAIT_REASONS_MAX);
	assert_string_equal(suggestions[0].words[0], "joke");
	assert_string_equal(suggestions[0].words[1], "jokes");
	assert_int_equal(suggestions[0].hits, 10);
}

static const struct character_person owner = { "7", false }, other = { "8", false },
				     admin = { "9", true };

static void test_who_may_change_a_character(void **state)
{
	(void)state;
	struct character character = character_blank();
	character.owner_id = "7";
	assert_true(character_is_changeable(&character, &owner));
	assert_false(character_is_changeable(&character, &other));
	assert_false(character_is_changeable(&character, &admin));
	character.is_shared = true;
	assert_false(character_is_changeable(&character, &owner));
	assert_true(character_is_changeable(&character, &admin));
	character.owner_id = NULL;
	assert_true(character_is_changeable(&character, &admin));
	assert_false(character_is_changeable(&character, &other));
}

/* ---- Sealing ---- */

static void test_a_sealed_text_opens_under_its_secret_and_context_only(void **state)
{
	const char *sealed = crypto_seal(*state, "p", "secret", "openai 7", "the key");
	assert_string_equal(crypto_unseal(*state, "p", "secret", NULL, "openai 7", sealed),
			    "the key");
	assert_null(strstr(sealed, "the key"));
	assert_string_not_equal(sealed, crypto_seal(*state, "p", "secret", "openai 7", "the key"));
	assert_null(crypto_unseal(*state, "p", "secret", NULL, "openai 8", sealed));
	assert_null(crypto_unseal(*state, "p", "Secret", NULL, "openai 7", sealed));
	assert_null(crypto_unseal(*state, "q", "secret", NULL, "openai 7", sealed));
	assert_string_equal(crypto_unseal(*state, "p", "new", "older  secret", "openai 7", sealed),
			    "the key");
	assert_null(crypto_unseal(*state, "p", "new", " older ", "openai 7", sealed));
	sealed = crypto_seal(*state, "p", "secret", "", "");
	assert_string_equal(crypto_unseal(*state, "p", "secret", "", "", sealed), "");
}

static void test_a_sealed_text_that_was_changed_does_not_open(void **state)
{
	char *sealed = crypto_seal(*state, "p", "secret", "c", "the key");
	for (size_t i = 0; sealed[i] != '\0'; i++) {
		char before = sealed[i];
		sealed[i] = before == 'A' ? 'B' : 'A';
		assert_null(crypto_unseal(*state, "p", "secret", NULL, "c", sealed));
		sealed[i] = '\0';
		assert_null(crypto_unseal(*state, "p", "secret", NULL, "c", sealed));
		sealed[i] = before;
	}
	assert_non_null(crypto_unseal(*state, "p", "secret", NULL, "c", sealed));
}

static void test_base64_is_read_as_others_write_it(void **state)
{
	static const struct {
		const char *text, *bytes;
	} good[] = { { "", "" },
		     { "QQ==", "A" },
		     { "QQ", "A" },
		     { "QUI=", "AB" },
		     { "QUJD", "ABC" },
		     { "QU\r\nJD\n", "ABC" },
		     { "+/+/", "\xfb\xff\xbf" },
		     { " Q Q = = ", "A" } };
	static const char *const bad[] = { "Q",    "QQ=",   "QQ===",    "QR==", "Q=Q=",
					   "-_-_", "QUJD=", "QQ==QQ==", "Q?==", "====" };
	size_t size;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		unsigned char *bytes = crypto_base64_decode(*state, good[i].text,
							    strlen(good[i].text), &size);
		assert_non_null(bytes);
		assert_int_equal(size, strlen(good[i].bytes));
		assert_memory_equal(bytes, good[i].bytes, size);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (crypto_base64_decode(*state, bad[i], strlen(bad[i]), &size) != NULL)
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_blank_character_is_a_companion),
		TEST(test_every_band_of_every_style_says_something_else),
		TEST(test_traits_are_named_as_one_would),
		TEST(test_macros_are_filled_in_once),
		TEST(test_macros_do_not_multiply),
		TEST(test_the_longest_plain_texts_are_not_cut),
		TEST(test_words_speak_for_traits),
		TEST(test_words_are_reasons_once),
		TEST(test_who_may_change_a_character),
		TEST(test_a_sealed_text_opens_under_its_secret_and_context_only),
		TEST(test_a_sealed_text_that_was_changed_does_not_open),
		TEST(test_base64_is_read_as_others_write_it),
	};
	return cmocka_run_group_tests_name("character", tests, NULL, NULL);
}

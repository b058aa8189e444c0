/* Titles: what a question is about, in a line. */
#include "base/text.h"
#include "chat/title.h"
#include "harness.h"

static void assert_title(const char *question, const char *expected)
{
	struct pool *pool = pool_new(NULL);
	const char *title = title_of_question(pool, question);
	if (strcmp(title, expected) != 0)
		fail_msg("\"%s\" gives \"%s\" instead of \"%s\"", question, title, expected);
	pool_free(pool);
}

static void test_the_first_sentence_is_the_title(void **state)
{
	(void)state;
	assert_title("What is the VAT rate in Germany?", "What is the VAT rate in Germany?");
	assert_title("What is due? And when?", "What is due?");
	assert_title("I have a company. What is due?", "I have a company");
	assert_title("first line\nsecond line", "first line");
	assert_title("  many   spaces\there ", "many spaces here");
	assert_title("Is it 3.5 percent? Or more", "Is it 3.5 percent?");
	assert_title("Dr. Who asks about tax", "Dr. Who asks about tax");
	assert_title("Taxes, e.g. on income in Germany", "Taxes, e.g. on income in Germany");
	assert_title("什么是增值税？", "什么是增值税？");
}

static void test_a_greeting_before_it_is_left_out(void **state)
{
	(void)state;
	assert_title("Hello! What is due?", "What is due?");
	assert_title("Hi, how do I register a GmbH?", "How do I register a GmbH?");
	assert_title("Good morning\n\nHow are you?\nWhat is due?", "What is due?");
	assert_title("High, low and middle income", "High, low and middle income");
}

static void test_small_talk_has_none(void **state)
{
	(void)state;
	assert_title("", "");
	assert_title(" \n\t", "");
	assert_title("hello", "");
	assert_title("Thank you! Bye.", "");
	assert_title("***", "");
	assert_title("```\ncode\n```", "");
}

static void test_marks_of_markdown_are_left_out(void **state)
{
	(void)state;
	assert_title("# Tax\ntext", "Tax");
	assert_title("> - **bold** and `code`", "bold and code");
	assert_title("See [the page](https://example.org/a) of it", "See the page of it");
	assert_title("```c\nint x;\n```\nWhat does it do?", "What does it do?");
	assert_title("What is snake_case, _really_?", "What is snake_case, really?");
	assert_title("[not](closed", "not(closed");
}

static void test_a_long_one_is_cut_between_words(void **state)
{
	(void)state;
	assert_title("How many days may somebody who has a permit of another country stay here?",
		     "How many days may somebody who has a permit of another…");
	struct pool *pool = pool_new(NULL);
	struct buffer text = buffer_new(pool, 400);
	for (int i = 0; i < 100; i++)
		buffer_puts(&text, "é");
	const char *title = title_of_question(pool, text.bytes);
	assert_int_equal(text_characters(title), TITLE_CHARACTERS);
	assert_true(text_is_utf8(title, strlen(title)));
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_sentence_is_the_title),
		cmocka_unit_test(test_a_greeting_before_it_is_left_out),
		cmocka_unit_test(test_small_talk_has_none),
		cmocka_unit_test(test_marks_of_markdown_are_left_out),
		cmocka_unit_test(test_a_long_one_is_cut_between_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

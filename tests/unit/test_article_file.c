/* Article files: what a writer may write, what is stored, and what a writer is told. */
#include "base/text.h"
#include "chat/article_file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = pool_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	pool_free(*state);
	return 0;
}

static const struct article_file *read_named(struct pool *pool, const char *name, const char *text)
{
	const char *problems;
	const struct article_file *file = article_file_read(pool, name, text, strlen(text),
							    &problems);
	if (file == NULL)
		fail_msg("refused: %s", problems);
	assert_string_equal(problems, "");
	return file;
}

static const struct article_file *read_text(struct pool *pool, const char *text)
{
	return read_named(pool, "demo/an-article.md", text);
}

/* The article is refused and the writer is told this. */
static void assert_refused(struct pool *pool, const char *name, const char *text,
			   const char *problem)
{
	const char *problems;
	assert_null(article_file_read(pool, name, text, strlen(text), &problems));
	if (strstr(problems, problem) == NULL)
		fail_msg("expected \"%s\" in \"%s\"", problem, problems);
}

static const char whole[] = "---\n"
			    "title: Register a company: the GmbH\n"
			    "country: Germany\n"
			    "service: Business Setup\n"
			    "tags: GmbH, company , ,notary\n"
			    "---\n"
			    "An opening.\n"
			    "\n"
			    "## Steps\n"
			    "1. One\n"
			    "2. Two\n"
			    "\n"
			    "### A detail\n"
			    "Three.\n"
			    "\n"
			    "#### Deeper\n"
			    "Four.\n"
			    "\n"
			    "*Sample text.*\n";

static void test_front_matter_becomes_fields(void **state)
{
	const struct article_file *file = read_text(*state, whole);
	assert_string_equal(file->slug, "an-article");
	assert_string_equal(file->title, "Register a company: the GmbH");
	assert_string_equal(file->country, "Germany");
	assert_string_equal(file->service, "Business Setup");
	assert_string_equal(file->language, "english");
	assert_int_equal(file->tag_count, 3);
	assert_string_equal(file->tags[1], "company");
	assert_string_equal(file->tags[2], "notary");
}

static void test_each_heading_begins_a_passage(void **state)
{
	const struct article_file *file = read_text(*state, whole);
	assert_int_equal(file->passage_count, 3);
	assert_string_equal(file->passages[0].heading, "");
	assert_string_equal(file->passages[0].body, "An opening.");
	assert_string_equal(file->passages[1].heading, "Steps");
	assert_string_equal(file->passages[1].body, "1. One\n2. Two");
	assert_string_equal(file->passages[2].heading, "A detail");
	assert_string_equal(file->passages[2].body, "Three.\n\n#### Deeper\nFour.");
}

static void test_the_closing_note_belongs_to_the_article_but_to_no_passage(void **state)
{
	const struct article_file *file = read_text(*state, whole);
	assert_string_equal(file->note, "Sample text.");
	assert_true(text_ends_with(file->body, "*Sample text.*"));
}

static void test_a_last_paragraph_with_some_italics_is_no_note(void **state)
{
	static const char *const endings[] = {
		"*One* and *two*", "**Bold**", "*Open", "Plain.", "* a list", "*", "**",
	};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		const char *text = pool_printf(*state, "---\ntitle: T\n---\nText.\n\n%s\n",
					       endings[i]);
		const struct article_file *file = read_text(*state, text);
		assert_string_equal(file->note, "");
		assert_true(text_ends_with(file->passages[0].body, endings[i]));
	}
}

static void test_a_hash_inside_code_is_no_heading(void **state)
{
	const struct article_file *file = read_text(
		*state, "---\ntitle: T\n---\n```\n# not a heading\n```\n# A heading\nText\n");
	assert_int_equal(file->passage_count, 2);
	assert_string_equal(file->passages[0].body, "```\n# not a heading\n```");
	assert_string_equal(file->passages[1].heading, "A heading");
}

static void test_line_ends_and_byte_order_marks_of_other_systems_are_fine(void **state)
{
	const struct article_file *file =
		read_text(*state, "\xef\xbb\xbf---\r\ntitle: T\r\n---\r\n## H\r\nText\r\n");
	assert_string_equal(file->title, "T");
	assert_string_equal(file->passages[0].heading, "H");
	assert_string_equal(file->passages[0].body, "Text");
}

static void test_an_empty_heading_is_no_passage(void **state)
{
	const struct article_file *file =
		read_text(*state, "---\ntitle: T\n---\n## Empty\n\n## Full\nText");
	assert_int_equal(file->passage_count, 1);
	assert_string_equal(file->passages[0].heading, "Full");
}

static void test_a_writer_is_told_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{ "", "a.md:1: the file must begin with a line \"---\"" },
		{ "# A title\n", "a.md:1: the file must begin" },
		{ "---\ntitle: T\ntext", "a.md:3: expected \"key: value\"" },
		{ "---\ntitle: T\n", "the closing \"---\" of the front matter is missing" },
		{ "---\ncountry: Chile\n---\ntext", "there is no title" },
		{ "---\ntitle:\n---\ntext", "there is no title" },
		{ "---\ntitle: T\nauthor: me\n---\ntext", "a.md:3: unknown key" },
		{ "---\ntitle: T\ntitle: U\n---\ntext", "a.md:3: this key is here twice" },
		{ "---\ntitle: T\nlanguage: klingon\n---\ntext", "a.md:3: unknown language" },
		{ "---\ntitle: T\n---\n\n", "there is no text below the front matter" },
		{ "---\ntitle: T\n---\n## Only a heading\n", "there is no text" },
		{ "---\ntitle: T\n---\n\xff\xfe", "not UTF-8 text" },
		{ "---\ntitle: T\n---\na\x01z", "control characters" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_refused(*state, "a.md", cases[i].text, cases[i].problem);
}

static void test_all_problems_are_told_at_once(void **state)
{
	const char *text = "---\nauthor: me\nlanguage: klingon\n---\ntext";
	assert_refused(*state, "A b.md", text, "A b.md: the file name");
	assert_refused(*state, "A b.md", text, "A b.md:2: unknown key");
	assert_refused(*state, "A b.md", text, "A b.md:3: unknown language");
	assert_refused(*state, "A b.md", text, "there is no title");
}

static void test_file_names_become_addresses(void **state)
{
	const char *text = "---\ntitle: T\n---\ntext";
	assert_string_equal(read_named(*state, "uk-vat-2.md", text)->slug, "uk-vat-2");
	assert_string_equal(read_named(*state, "/a/B/c.md", text)->slug, "c");
	static const char *const names[] = { "Uk.md",  "uk--vat.md", "-uk.md",      "uk-.md", ".md",
					     "u k.md", "uk.txt",     "\xc3\xbc.md", "" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_refused(*state, names[i], text, "the file name becomes part of an address");
}

static void test_limits(void **state)
{
	struct buffer text = buffer_new(*state, 0);
	buffer_puts(&text, "---\ntitle: ");
	for (int i = 0; i < 201; i++)
		buffer_puts(&text, "\xc3\xbc");
	buffer_puts(&text, "\n---\ntext");
	assert_refused(*state, "a.md", text.bytes, "a.md:2: this is longer than 200 characters");

	buffer_clear(&text);
	buffer_puts(&text, "---\ntitle: T\ntags: ");
	for (int i = 0; i < 41; i++)
		buffer_puts(&text, "tag,");
	buffer_puts(&text, "\n---\ntext");
	assert_refused(*state, "a.md", text.bytes, "a.md:3: these are more than 40 tags");

	buffer_clear(&text);
	while (text.length <= ARTICLE_FILE_MAX)
		buffer_puts(&text, "0123456789abcdef");
	assert_refused(*state, "a.md", text.bytes, "larger than 256 KiB");
}

static void test_no_beginning_of_an_article_is_read_past_its_end(void **state)
{
	for (size_t length = 0; length < sizeof whole; length++) {
		const char *problems;
		char *copy = pool_strndup(*state, whole, length);
		const struct article_file *file = article_file_read(*state, "a.md", copy, length,
								    &problems);
		assert_true((file == NULL) == (*problems != '\0'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_front_matter_becomes_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_heading_begins_a_passage, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_the_closing_note_belongs_to_the_article_but_to_no_passage, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_a_last_paragraph_with_some_italics_is_no_note,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_hash_inside_code_is_no_heading, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_line_ends_and_byte_order_marks_of_other_systems_are_fine, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_heading_is_no_passage, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_writer_is_told_what_is_wrong_and_where,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_problems_are_told_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_file_names_become_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_no_beginning_of_an_article_is_read_past_its_end, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

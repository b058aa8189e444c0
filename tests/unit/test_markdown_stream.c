/* Markdown that grows: what is called final stays, whatever follows; the rest never shows marks
 * that are only half there. */
#include "harness.h"
#include "web/markdown.h"
#include "web/markdown_stream.h"
#include <stdio.h>
#include <time.h>

static const char *render(struct pool *pool, const char *text, size_t length)
{
	struct buffer out = buffer_new(pool, length * 2 + 64);
	markdown_render(&out, text, length, 0);
	return out.bytes;
}

static const char *growing(struct pool *pool, const char *text)
{
	struct buffer out = buffer_new(pool, 256);
	markdown_render_growing(&out, text, strlen(text), 0);
	return out.bytes;
}

/* ---- What is final ---- */

/* How much of the text is settled at each cut, and that each of these prefixes is final. */
static void assert_settles(struct pool *parent, const char *text)
{
	size_t length = strlen(text), before = SIZE_MAX;
	struct markdown_progress progress = { 0 };
	struct pool *pool = pool_new(parent);
	const char *whole = render(pool, text, length);
	for (size_t cut = 0; cut <= length; cut++) {
		/* A copy of its own, so that a sanitizer sees what is read past the cut. */
		const char *prefix = pool_strndup(pool, text, cut);
		size_t settled = markdown_settle(&progress, prefix, cut);
		assert_in_range(settled, before == SIZE_MAX ? 0 : before, cut);
		if (settled != markdown_settled(prefix, cut))
			fail_msg("piece by piece %zu, at once %zu, of\n%s", settled,
				 markdown_settled(prefix, cut), prefix);
		if (settled == before)
			continue;
		before = settled;
		const char *parts = pool_printf(pool, "%s%s", render(pool, text, settled),
						render(pool, text + settled, length - settled));
		if (strcmp(parts, whole) != 0)
			fail_msg("settled after %zu of %zu bytes, %zu:\n%s\n--- whole ---\n%s\n"
				 "--- parts ---\n%s",
				 cut, length, settled, text, whole, parts);
	}
	pool_free(pool);
}

static void test_what_is_final_stays_in_the_examples_of_commonmark(void **state)
{
	const struct value *examples = harness_read_corpus(*state, "commonmark/spec-0.31.2.json");
	if (examples == NULL)
		skip();
	for (size_t i = 0; i < value_count(examples); i++) {
		const char *one = value_get_string(value_item(examples, i), "markdown");
		const char *two = value_get_string(
			value_item(examples, (i * 7 + 3) % value_count(examples)), "markdown");
		assert_settles(*state, one);
		assert_settles(*state, pool_printf(*state, "%s%s", one, two));
		assert_settles(*state, pool_printf(*state, "%s\n%s", two, one));
	}
}

/* Numbers that are the same in every run (xorshift, Marsaglia 2003). */
static size_t next_random(uint64_t *seed, size_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (size_t)(*seed >> 11) % below;
}

static const char *const pieces[] = {
	"\n",        "\n",
	"\n",        "\n\n",
	"\n\n",      " ",
	"  ",        "   ",
	"    ",      "\t",
	"a",         "b c",
	"- ",        "* ",
	"+ ",        "1. ",
	"2. ",       "10) ",
	"> ",        ">",
	"# ",        "## h",
	"---",       "***",
	"===",       "- - -",
	"```",       "````",
	"~~~",       "```c",
	"`",         "``",
	"`x`",       "`[a]`",
	"|",         "|a|b|",
	"|-|-|",     "a|b",
	"-|-",       "[a]",
	"[",         "]",
	"[a](/b)",   "![a](http://b.example)",
	"[a]: /u\n", "[x] ",
	"- [ ] t",   "**",
	"*a*",       "_",
	"~~",        "<",
	"<b>",       "<http://c.example/`>",
	"\\",        "\\[",
	"&amp;",     "https://d.example",
	"  \n",      "\r\n",
	"x\ny",      "end.\n\n",
	"\\`",       "(/b)",
};

static const char *random_text(struct pool *pool, uint64_t *seed, size_t count)
{
	struct buffer text = buffer_new(pool, 256);
	for (size_t i = 0; i < count; i++)
		buffer_puts(&text, pieces[next_random(seed, sizeof pieces / sizeof *pieces)]);
	return text.bytes;
}

static void test_what_is_final_stays_in_texts_of_all_kinds(void **state)
{
	const char *rounds = getenv("GATEHOUSE_MARKDOWN_ROUNDS");
	long count = rounds != NULL ? atol(rounds) : 6000;
	uint64_t seed = 88172645463325252u;
	for (long i = 0; i < count; i++) {
		struct pool *pool = pool_new(*state);
		assert_settles(pool, random_text(pool, &seed, 3 + (size_t)i % 40));
		pool_free(pool);
	}
}

/* An answer as a model writes it: every block is final as soon as the next begins. */
static void test_blocks_become_final_as_they_end(void **state)
{
	(void)state;
	static const struct {
		const char *text, *rest;
	} cases[] = {
		{ "One.\n\nTwo", "Two" },
		{ "One.\n", "One.\n" },
		{ "# One\nTwo", "Two" },
		{ "One\n# Two\nThr", "Thr" },
		{ "One\n---\nTwo", "Two" },
		{ "```c\na[0] = 1;\n\n\nx\n```\nT", "T" },
		{ "```c\na\n\nb\n", "```c\na\n\nb\n" },
		{ "- one\n- two\n\nT", "T" },
		{ "- one\n- two\n\nTh", "Th" },
		{ "- one\n- two\n\n**", "**" },
		{ "- one\n- two\n\n- ", "- one\n- two\n\n- " },
		{ "- one\n- two\n\n  more", "- one\n- two\n\n  more" },
		{ "1. one\n\n2", "1. one\n\n2" },
		{ "1. one\n\n2 is", "2 is" },
		{ "1. one\n   ```c\n   a[0]\n   ```\n2. two\n\nEnd", "End" },
		{ "- [ ] task\n- [x] done\n\nEnd", "End" },
		{ "> quote\n\nEnd", "End" },
		{ "|a|b|\n|---|---|\n|1|2|\n\nEnd", "End" },
		{ "    code[0]\n\nEnd", "End" },
		{ "See [a](https://b.example/c_(d)) and `x[0]`.\n\nEnd", "End" },
		{ "It says so [1].\n\nEnd\n\n", "It says so [1].\n\nEnd\n\n" },
		{ "First.\n\nIt says so [1].\n\nEnd\n\n", "It says so [1].\n\nEnd\n\n" },
		{ "One\r\n\r\nTwo", "Two" },
		{ "", "" },
		{ "\n\n", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = cases[i].text;
		assert_string_equal(text + markdown_settled(text, strlen(text)), cases[i].rest);
	}
}

/* ---- What grows ---- */

static void test_what_is_open_is_closed(void **state)
{
	static const struct {
		const char *text, *html;
	} cases[] = {
		{ "", "" },
		{ "Hello", "<p>Hello</p>\n" },
		{ "a **bo", "<p>a <strong>bo</strong></p>\n" },
		{ "a **bold*", "<p>a <strong>bold</strong></p>\n" },
		{ "a **", "<p>a</p>\n" },
		{ "*a **b", "<p><em>a <strong>b</strong></em></p>\n" },
		{ "***a", "<p><em><strong>a</strong></em></p>\n" },
		{ "a **b **", "<p>a <strong>b</strong></p>\n" },
		{ "~~a", "<p><del>a</del></p>\n" },
		{ "5 * 3 = 15, 2*3 is", "<p>5 * 3 = 15, 2*3 is</p>\n" },
		{ "snake_case_na", "<p>snake_case_na</p>\n" },
		{ "a `co", "<p>a <code>co</code></p>\n" },
		{ "a ``c `d` e", "<p>a <code>c `d` e</code></p>\n" },
		{ "a `", "<p>a</p>\n" },
		{ "a [li", "<p>a li</p>\n" },
		{ "a [link]", "<p>a link</p>\n" },
		{ "a [link](https://b.exa", "<p>a link</p>\n" },
		{ "a [**link", "<p>a <strong>link</strong></p>\n" },
		{ "a ![pic](http", "<p>a pic</p>\n" },
		{ "a [link](/b) c", "<p>a <a href=\"/b\">link</a> c</p>\n" },
		{ "a [1] c", "<p>a [1] c</p>\n" },
		{ "a <https://b.ex", "<p>a</p>\n" },
		{ "a &am", "<p>a</p>\n" },
		{ "a \\", "<p>a</p>\n" },
		{ "a\n-", "<p>a</p>\n" },
		{ "a\n--", "<p>a</p>\n" },
		{ "a\n=", "<p>a</p>\n" },
		{ "a\n- ", "<p>a</p>\n" },
		{ "a\n\n12", "<p>a</p>\n" },
		{ "a\n\n1.", "<p>a</p>\n" },
		{ "a\n\n##", "<p>a</p>\n" },
		{ "# a *b", "<h1>a <em>b</em></h1>\n" },
		{ "- a\n- [", "<ul>\n<li>a</li>\n</ul>\n" },
		{ "- a\n- **b", "<ul>\n<li>a</li>\n<li><strong>b</strong></li>\n</ul>\n" },
		{ "> a **b", "<blockquote>\n<p>a <strong>b</strong></p>\n</blockquote>\n" },
		{ "```py", "" },
		{ "a\n``", "<p>a</p>\n" },
		{ "```c\nx = 1;\n",
		  "<pre data-language=\"c\"><code class=\"language-c\">x = 1;\n</code></pre>\n" },
		{ "```c\nx\n``",
		  "<pre data-language=\"c\"><code class=\"language-c\">x\n</code></pre>\n" },
		{ "```c\nx **y `z",
		  "<pre data-language=\"c\"><code class=\"language-c\">x **y `z\n</code></pre>\n" },
		{ "    x **y", "<pre><code>x **y\n</code></pre>\n" },
		{ "# **a\n", "<h1>**a</h1>\n" },
		{ "| a | *b",
		  "<table class=\"table\">\n<thead>\n<tr>\n<th>a</th>\n<th><em>b</em></th>\n</tr>\n"
		  "</thead>\n</table>\n" },
		{ "| a | b |\n",
		  "<table class=\"table\">\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n"
		  "</thead>\n</table>\n" },
		{ "| a | b |\n|--",
		  "<table class=\"table\">\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n"
		  "</thead>\n</table>\n" },
		{ "|a|b|\n|---|---|\n| **c",
		  "<table class=\"table\">\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n"
		  "</thead>\n<tbody>\n<tr>\n<td><strong>c</strong></td>\n<td></td>\n</tr>\n"
		  "</tbody>\n</table>\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (strcmp(growing(*state, cases[i].text), cases[i].html) != 0)
			fail_msg("%s\n--- expected ---\n%s--- actual ---\n%s", cases[i].text,
				 cases[i].html, growing(*state, cases[i].text));
}

static const char answer[] = "To **register** a company you need *three* things:\n"
			     "\n"
			     "1. A name, see [the rules](https://a.example/names).\n"
			     "2. A `articles.pdf` file:\n"
			     "   ```yaml\n"
			     "   name: x\n"
			     "   ```\n"
			     "3. A ~~seal~~ signature\n"
			     "\n"
			     "## What it costs\n"
			     "\n"
			     "| what | cost |\n"
			     "| --- | ---: |\n"
			     "| **fee** | 150 |\n"
			     "| notary | `600` |\n"
			     "\n"
			     "> Tom &amp; Ann paid *less*.\n"
			     "\n"
			     "```python\n"
			     "print(\"**not bold**\")\n"
			     "```\n"
			     "- [x] done\n"
			     "- [ ] **open**\n";

/* At no cut do marks appear that are gone in the end. */
static void test_no_mark_flickers(void **state)
{
	static const char *const marks[] = { "**r", "**f",    "*t", "~~",  "](", "[t", "| w",
					     "---", "&amp;a", "[x", "[ ]", "``", "##", ":--" };
	for (size_t cut = 0; cut < sizeof answer; cut++) {
		const char *html = growing(*state, pool_strndup(*state, answer, cut));
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
			if (strstr(html, marks[i]) != NULL)
				fail_msg("%s after %zu bytes:\n%s", marks[i], cut, html);
	}
	assert_string_equal(growing(*state, answer), render(*state, answer, strlen(answer)));
}

/* The text without its tags only grows, apart from its last few characters. */
static void test_a_complete_text_is_shown_as_it_is(void **state)
{
	const struct value *examples = harness_read_corpus(*state, "commonmark/spec-0.31.2.json");
	if (examples == NULL)
		skip();
	for (size_t i = 0; i < value_count(examples); i++) {
		const char *text =
			pool_printf(*state, "%s\n\nEnd.\n",
				    value_get_string(value_item(examples, i), "markdown"));
		size_t settled = markdown_settled(text, strlen(text));
		const char *html = pool_printf(*state, "%s%s", render(*state, text, settled),
					       growing(*state, text + settled));
		assert_non_null(html);
		if (text_ends_with(render(*state, text, strlen(text)), "<p>End.</p>\n"))
			assert_string_equal(html, render(*state, text, strlen(text)));
	}
}

/* ---- What it costs ---- */

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static double time_to_settle(struct pool *pool, const char *piece, size_t times)
{
	struct buffer text = buffer_new(pool, strlen(piece) * times + 1);
	struct markdown_progress progress = { 0 };
	double begin = seconds();
	for (size_t i = 0; i < times; i++) {
		buffer_puts(&text, piece);
		markdown_settle(&progress, text.bytes, text.length);
	}
	return seconds() - begin;
}

static void test_the_work_is_in_proportion_to_the_text(void **state)
{
	static const char *const texts[] = { "word ", "- a\n", "`", "[", "[a](/b) ",
					     "a\n\n", "> ",    "*", "|", " " };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (time_to_settle(*state, texts[i], 400000) > 2)
			fail_msg("400000 times \"%s\" take too long", texts[i]);
}

static void test_a_growing_line_of_many_marks_is_cheap(void **state)
{
	static const char *const marks[] = { ">", "> ", "- ", "* ", "+ ", "1. ", "~", "`", "#" };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		struct buffer text = buffer_new(*state, MARKDOWN_LENGTH_MAX);
		while (text.length < MARKDOWN_LENGTH_MAX - 16)
			buffer_puts(&text, marks[i]);
		buffer_byte(&text, 'a');
		double begin = seconds();
		growing(*state, text.bytes);
		if (seconds() - begin > 1)
			fail_msg("many \"%s\" take too long", marks[i]);
	}
}

static void test_whatever_the_text_it_can_be_shown(void **state)
{
	uint64_t seed = 4101842887655102017u;
	for (size_t i = 0; i < 4000; i++) {
		struct pool *pool = pool_new(*state);
		const char *text = random_text(pool, &seed, i % 30);
		const char *html = growing(pool, text);
		size_t opened = 0, closed = 0;
		for (const char *at = html; (at = strchr(at, '<')) != NULL; at++) {
			bool is_void = strncmp(at, "<br", 3) == 0 || strncmp(at, "<hr", 3) == 0 ||
				       strncmp(at, "<input", 6) == 0;
			opened += at[1] != '/' && !is_void;
			closed += at[1] == '/';
		}
		assert_int_equal(opened, closed);
		pool_free(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_final_stays_in_the_examples_of_commonmark),
		TEST(test_what_is_final_stays_in_texts_of_all_kinds),
		TEST(test_blocks_become_final_as_they_end),
		TEST(test_what_is_open_is_closed),
		TEST(test_no_mark_flickers),
		TEST(test_a_complete_text_is_shown_as_it_is),
		TEST(test_the_work_is_in_proportion_to_the_text),
		TEST(test_a_growing_line_of_many_marks_is_cheap),
		TEST(test_whatever_the_text_it_can_be_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Markdown: the examples of CommonMark, each equal to the specification or different for a reason
 * that is tested; then what must never come out, and what hostile text may cost. */
#include "harness.h"
#include "web/escape.h"
#include "web/markdown.h"
#include <stdio.h>
#include <strings.h>
#include <time.h>

static const char *render_shifted(struct pool *pool, const char *text, unsigned heading_shift)
{
	struct buffer out = buffer_new(pool, 0);
	markdown_render(&out, text, strlen(text), heading_shift);
	return out.bytes;
}

static const char *render(struct pool *pool, const char *text)
{
	return render_shifted(pool, text, 0);
}

/* ---- Reading HTML, as far as the tests need it ---- */

/* A tag, or text up to the next one. Only what a Markdown renderer writes is understood. */
struct token {
	const char *bytes;
	size_t length;
	bool is_tag;
};

static struct token next_token(const char *html)
{
	if (*html == '<') {
		const char *end = strchr(html, '>');
		size_t length = end != NULL ? (size_t)(end - html) + 1 : strlen(html);
		return (struct token){ html, length, true };
	}
	return (struct token){ html, strcspn(html, "<"), false };
}

static bool token_is(struct token token, const char *name)
{
	size_t length = strlen(name);
	return token.is_tag && token.length > length + 1 &&
	       strncmp(token.bytes + 1, name, length) == 0 &&
	       strchr(" />", token.bytes[length + 1]) != NULL;
}

/* The value of an attribute as it is written; NULL when it is not there. */
static const char *attribute(struct pool *pool, struct token tag, const char *name)
{
	const char *text = pool_strndup(pool, tag.bytes, tag.length);
	const char *at = strstr(text, pool_printf(pool, " %s=\"", name));
	if (at == NULL)
		return NULL;
	at = strchr(at, '"') + 1;
	return pool_strndup(pool, at, strcspn(at, "\""));
}

/* ---- What we make of the specification's HTML on purpose ---- */

/* Why an example comes out differently; the names are those of docs/MARKDOWN.md. */
enum reason { NOTATION, LINKS, AWAY, IMAGES, LANGUAGE, RAW_HTML, BARE_LINKS, MD4C, REASONS };
static const char *const reason_names[] = { "notation", "links",    "away",       "images",
					    "language", "raw HTML", "bare links", "md4c" };
static bool reasons[REASONS]; /* of the example that is being judged */

static bool leaves_the_site(const char *target)
{
	return strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;
}

static bool is_allowed(const char *target)
{
	bool is_local = target[0] == '/' && target[1] != '/' && target[1] != '\\';
	return is_local || leaves_the_site(target) || strncasecmp(target, "mailto:", 7) == 0;
}

static void adapt_anchor(struct buffer *out, const char *target, const char *title)
{
	buffer_printf(out, "<a href=\"%s\"", target);
	if (leaves_the_site(target)) {
		reasons[AWAY] = true;
		buffer_puts(out, " rel=\"nofollow noopener noreferrer\"");
	}
	if (title != NULL)
		buffer_printf(out, " title=\"%s\"", title);
	buffer_byte(out, '>');
}

static void adapt_text(struct buffer *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\'') {
			reasons[NOTATION] = true;
			buffer_puts(out, "&#39;");
		} else {
			buffer_byte(out, text[i]);
		}
}

static void adapt_image(struct pool *pool, struct buffer *out, struct token tag, bool is_in_link)
{
	const char *source = attribute(pool, tag, "src"), *text = attribute(pool, tag, "alt");
	bool is_shown = !is_in_link && leaves_the_site(source);
	reasons[IMAGES] = true;
	if (is_shown)
		adapt_anchor(out, source, attribute(pool, tag, "title"));
	adapt_text(out, text, strlen(text));
	if (is_shown)
		buffer_puts(out, *text == '\0' ? pool_printf(pool, "%s</a>", source) : "</a>");
}

static bool is_language(const char *class)
{
	return class == NULL || strspn(class, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					      "0123456789_+-") == strlen(class);
}

/* The language goes to the element around it, for the style sheet, if it may be one. */
static void adapt_code(struct buffer *out, const char *class)
{
	if (!is_language(class)) {
		buffer_puts(out, "<code>");
		return;
	}
	out->length -= strlen(">");
	buffer_printf(out, " data-language=\"%s\"><code class=\"%s\">", class + strlen("language-"),
		      class);
}

/* The specification's HTML under our rules: forbidden links lose their tags, images become links,
 * quotes are escaped, void elements are written as in HTML. Raw HTML stays; is_raw finds it. */
static const char *adapt(struct pool *pool, const char *html)
{
	struct buffer out = buffer_new(pool, 0);
	bool is_in_link = false;
	while (*html != '\0') {
		struct token token = next_token(html);
		html += token.length;
		const char *target = token.is_tag ? attribute(pool, token, "href") : NULL;
		if (!token.is_tag) {
			adapt_text(&out, token.bytes, token.length);
		} else if (token_is(token, "a") && target != NULL) {
			is_in_link = is_allowed(target);
			reasons[LINKS] = reasons[LINKS] || !is_in_link;
			if (is_in_link)
				adapt_anchor(&out, target, attribute(pool, token, "title"));
		} else if (token_is(token, "/a")) {
			buffer_puts(&out, is_in_link ? "</a>" : "");
			is_in_link = false;
		} else if (token_is(token, "img") && attribute(pool, token, "alt") != NULL) {
			adapt_image(pool, &out, token, is_in_link);
		} else if (token_is(token, "br") || token_is(token, "hr")) {
			reasons[NOTATION] = true;
			buffer_puts(&out, token_is(token, "br") ? "<br>" : "<hr>");
		} else if (token_is(token, "code") && attribute(pool, token, "class") != NULL) {
			reasons[LANGUAGE] = true;
			adapt_code(&out, attribute(pool, token, "class"));
		} else {
			buffer_add(&out, token.bytes, token.length);
		}
	}
	return out.bytes;
}

/* Raw HTML: a tag that the Markdown holds word for word and the specification lets through. */
static bool is_raw_tag(struct pool *pool, const char *markdown, struct token token)
{
	return token.is_tag &&
	       strstr(markdown, pool_strndup(pool, token.bytes, token.length)) != NULL;
}

static bool is_raw(struct pool *pool, const char *markdown, const char *html)
{
	for (struct token token; *html != '\0'; html += token.length) {
		token = next_token(html);
		if (is_raw_tag(pool, markdown, token))
			return true;
	}
	return false;
}

/* Whether the page shows every raw tag as text. Where the tag itself holds Markdown, that is
 * Markdown now. */
static bool shows_raw_tags(struct pool *pool, const char *markdown, const char *html,
			   const char *actual)
{
	for (struct token token; *html != '\0'; html += token.length) {
		token = next_token(html);
		const char *tag = pool_strndup(pool, token.bytes, token.length);
		struct buffer escaped = buffer_new(pool, 0);
		escape_html(&escaped, token.bytes, token.length);
		if (is_raw_tag(pool, markdown, token) && strpbrk(tag, "*_`[]\\&\n") == NULL &&
		    strstr(actual, escaped.bytes) == NULL)
			return false;
	}
	return true;
}

static const char *without_links(struct pool *pool, const char *html)
{
	struct buffer out = buffer_new(pool, 0);
	while (*html != '\0') {
		struct token token = next_token(html);
		html += token.length;
		if (!token_is(token, "a") && !token_is(token, "/a"))
			buffer_add(&out, token.bytes, token.length);
	}
	return out.bytes;
}

/* Bare links: an extension that is on here. All else must be as in the specification. */
static bool is_bare_link(struct pool *pool, const char *markdown, const char *expected,
			 const char *actual)
{
	bool has_link = strstr(markdown, "://") != NULL || strchr(markdown, '@') != NULL;
	return has_link && strcmp(without_links(pool, expected), without_links(pool, actual)) == 0;
}

/* ---- What must hold for anything that comes out ---- */

static const char *const elements[] = { "p",      "h1",  "h2",   "h3",  "h4",        "h5",
					"h6",     "ul",  "ol",   "li",  "table",     "thead",
					"tbody",  "tr",  "th",   "td",  "a",         "em",
					"strong", "del", "code", "pre", "blockquote" };

/* The tags that may come out, word for word but for the values of href, title and start. */
static bool is_known_tag(struct pool *pool, struct token tag)
{
	static const char *const others[] = {
		"<br>",
		"<hr>",
		"<table class=\"table\">",
		"<th class=\"text-center\">",
		"<th class=\"text-end\">",
		"<td class=\"text-center\">",
		"<td class=\"text-end\">",
		"<li class=\"task\">",
		"<input type=\"checkbox\" disabled aria-label=\"Not done\">",
		"<input type=\"checkbox\" disabled checked aria-label=\"Done\">"
	};
	const char *text = pool_strndup(pool, tag.bytes, tag.length);
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (strcmp(text, pool_printf(pool, "<%s>", elements[i])) == 0 ||
		    strcmp(text, pool_printf(pool, "</%s>", elements[i])) == 0)
			return strcmp(text, "<a>") != 0;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(text, others[i]) == 0)
			return true;
	const char *class = attribute(pool, tag, "class"), *start = attribute(pool, tag, "start");
	if (token_is(tag, "code") && class != NULL && is_language(class))
		return strcmp(text, pool_printf(pool, "<code class=\"%s\">", class)) == 0;
	if (token_is(tag, "ol") && start != NULL && strspn(start, "0123456789") == strlen(start))
		return strcmp(text, pool_printf(pool, "<ol start=\"%s\">", start)) == 0;
	const char *language = attribute(pool, tag, "data-language");
	if (token_is(tag, "pre") && language != NULL && is_language(language))
		return strcmp(text, pool_printf(pool, "<pre data-language=\"%s\">", language)) == 0;
	const char *target = attribute(pool, tag, "href");
	if (!token_is(tag, "a") || target == NULL)
		return false;
	struct buffer anchor = buffer_new(pool, 0);
	adapt_anchor(&anchor, target, attribute(pool, tag, "title"));
	return is_allowed(target) && strcmp(text, anchor.bytes) == 0;
}

/* NULL, or what is wrong with this HTML: an unknown tag or attribute, a forbidden link, tags that
 * are not closed in order. */
static const char *find_danger(struct pool *pool, const char *html)
{
	const char *open[512];
	size_t depth = 0;
	while (*html != '\0') {
		struct token token = next_token(html);
		html += token.length;
		if (!token.is_tag && memchr(token.bytes, '>', token.length) != NULL)
			return "a '>' that is not escaped";
		if (!token.is_tag)
			continue;
		const char *tag = pool_strndup(pool, token.bytes, token.length);
		if (!is_known_tag(pool, token))
			return tag;
		const char *name = pool_strndup(pool, tag + 1, strcspn(tag + 1, " >"));
		if (strcmp(name, "br") == 0 || strcmp(name, "hr") == 0 ||
		    strcmp(name, "input") == 0)
			continue;
		if (name[0] != '/') {
			if (depth == 512)
				return "too deep";
			open[depth++] = name;
		} else if (depth == 0 || strcmp(open[--depth], name + 1) != 0) {
			return tag;
		}
	}
	return depth == 0 ? NULL : open[depth - 1];
}

static void assert_safe(struct pool *pool, const char *markdown)
{
	const char *html = render(pool, markdown);
	const char *danger = find_danger(pool, html);
	if (danger != NULL)
		fail_msg("%s\nfrom %s\nin %s", danger, markdown, html);
}

/* ---- The specification ---- */

/* Where md4c 0.4.8 itself differs from CommonMark 0.31.2. */
static const int64_t md4c_differs[] = { 10, 82, 354 };

static bool md4c_differs_in(int64_t number)
{
	for (size_t i = 0; i < sizeof md4c_differs / sizeof md4c_differs[0]; i++)
		if (md4c_differs[i] == number)
			return true;
	return false;
}

/* Whether the example comes out as it should; `reasons` says why differently. */
static bool judge(struct pool *pool, const struct value *example)
{
	const char *markdown = value_get_string(example, "markdown");
	const char *html = value_get_string(example, "html");
	const char *actual = render(pool, markdown);
	memset(reasons, 0, sizeof reasons);
	const char *expected = adapt(pool, html);
	int64_t number = value_to_integer(value_get(example, "example"));
	bool is_equal = strcmp(actual, expected) == 0;
	if (is_equal)
		return !md4c_differs_in(number);
	reasons[MD4C] = md4c_differs_in(number);
	if (reasons[MD4C])
		return true;
	reasons[RAW_HTML] = is_raw(pool, markdown, html) &&
			    shows_raw_tags(pool, markdown, html, actual);
	reasons[BARE_LINKS] = !reasons[RAW_HTML] && is_bare_link(pool, markdown, expected, actual);
	if (reasons[RAW_HTML] || reasons[BARE_LINKS])
		return true;
	print_error("example %d\n%s--- expected ---\n%s--- actual ---\n%s\n", (int)number, markdown,
		    expected, actual);
	return false;
}

static void test_the_examples_of_commonmark(void **state)
{
	struct pool *pool = *state;
	const struct value *examples = harness_read_corpus(pool, "commonmark/spec-0.31.2.json");
	if (examples == NULL)
		skip();
	const char *page = file_read(pool, "docs/MARKDOWN.md", 1 << 20, NULL);
	struct buffer lists[REASONS];
	size_t wrong = 0, counts[REASONS] = { 0 };
	for (size_t i = 0; i < REASONS; i++)
		lists[i] = buffer_new(pool, 256);
	for (size_t i = 0; i < value_count(examples); i++) {
		const struct value *example = value_item(examples, i);
		wrong += !judge(pool, example);
		for (size_t reason = 0; reason < REASONS; reason++)
			if (reasons[reason])
				buffer_printf(&lists[reason], "%s%d",
					      counts[reason]++ > 0 ? ", " : "",
					      (int)value_to_integer(value_get(example, "example")));
		assert_safe(pool, value_get_string(example, "markdown"));
	}
	assert_int_equal(value_count(examples), 652);
	assert_int_equal(wrong, 0);
	assert_non_null(page);
	for (size_t i = 0; i < REASONS; i++) {
		const char *line = pool_printf(pool, "\n%s (%zu): %s\n", reason_names[i], counts[i],
					       lists[i].bytes);
		if (strstr(page, line) == NULL)
			fail_msg("docs/MARKDOWN.md must have this line:%s", line);
	}
}

/* ---- What Gatehouse adds and what it refuses ---- */

struct example {
	const char *markdown, *html;
};

static void assert_examples(struct pool *pool, const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(render(pool, examples[i].markdown), examples[i].html);
		assert_safe(pool, examples[i].markdown);
	}
}

#define ASSERT_EXAMPLES(pool, examples)                                                            \
	assert_examples(pool, examples, sizeof(examples) / sizeof(examples)[0])

#define AWAY " rel=\"nofollow noopener noreferrer\""

static void test_headings_fit_below_those_of_the_page(void **state)
{
	const char *markdown = "# a\n## b\n### c\n#### d\n##### e\n###### f\n";
	assert_string_equal(render_shifted(*state, markdown, MARKDOWN_HEADING_SHIFT),
			    "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h6>d</h6>\n<h6>e</h6>\n"
			    "<h6>f</h6>\n");
}

static void test_links_go_only_where_they_may(void **state)
{
	static const struct example examples[] = {
		{ "[a](/chat?x=1&y=2)", "<p><a href=\"/chat?x=1&amp;y=2\">a</a></p>\n" },
		{ "[a](/)", "<p><a href=\"/\">a</a></p>\n" },
		{ "[a](HTTPS://b.example/ \"t&quot;t\")",
		  "<p><a href=\"HTTPS://b.example/\"" AWAY " title=\"t&quot;t\">a</a></p>\n" },
		{ "[a](mailto:b@c.example)", "<p><a href=\"mailto:b@c.example\">a</a></p>\n" },
		{ "[](https://b.example)",
		  "<p><a href=\"https://b.example\"" AWAY ">https://b.example</a></p>\n" },
		{ "[a](//b.example)", "<p>a</p>\n" },
		{ "[a](/\\b.example)", "<p>a</p>\n" },
		{ "[a](</\\b.example>)", "<p>a</p>\n" },
		{ "[a](\\\\b.example)", "<p>a</p>\n" },
		{ "[a](javascript:alert(1))", "<p>a</p>\n" },
		{ "[a](JaVaScRiPt:alert(1))", "<p>a</p>\n" },
		{ "[a](javascript&colon;alert(1))", "<p>a</p>\n" },
		{ "[a](&#106;avascript:alert(1))", "<p>a</p>\n" },
		{ "[a](<java\tscript:alert(1)>)", "<p>a</p>\n" },
		{ "[a](< javascript:alert(1)>)", "<p>a</p>\n" },
		{ "[a](&#1;javascript:alert(1))", "<p>a</p>\n" },
		{ "[a](vbscript:x)", "<p>a</p>\n" },
		{ "[a](data:text/html,<script>alert(1)</script>)", "<p>a</p>\n" },
		{ "[a](file:///etc/passwd)", "<p>a</p>\n" },
		{ "[a](http:b.example)", "<p>a</p>\n" },
		{ "[a](relative/path)", "<p>a</p>\n" },
		{ "[a](#fragment)", "<p>a</p>\n" },
		{ "[a](</&Tab;/b.example>)", "<p><a href=\"/%09/b.example\">a</a></p>\n" },
		{ "[a]\n\n[a]: javascript:alert(1)", "<p>a</p>\n" },
		{ "<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_an_attribute_cannot_be_left(void **state)
{
	static const struct example examples[] = {
		{ "[a](</\" onclick=\"alert(1)>)",
		  "<p><a href=\"/%22%20onclick=%22alert(1)\">a</a></p>\n" },
		{ "[a](/b '\" onclick=\"alert(1)')",
		  "<p><a href=\"/b\" title=\"&quot; onclick=&quot;alert(1)\">a</a></p>\n" },
		{ "[a](/&quot;&gt;&lt;script&gt;)",
		  "<p><a href=\"/%22%3E%3Cscript%3E\">a</a></p>\n" },
		{ "```x\" onclick=\"alert(1)\nb\n```", "<pre><code>b\n</code></pre>\n" },
		{ "```c++\nb\n```",
		  "<pre data-language=\"c++\"><code class=\"language-c++\">b\n</code></pre>\n" },
		{ "![\" onerror=\"alert(1)](https://b.example/x.png)",
		  "<p><a href=\"https://b.example/x.png\"" AWAY
		  ">&quot; onerror=&quot;alert(1)</a></p>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_raw_html_is_shown_as_text(void **state)
{
	static const struct example examples[] = {
		{ "<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n" },
		{ "a <img src=x onerror=alert(1)> b",
		  "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n" },
		{ "<!-- x -->", "<p>&lt;!-- x --&gt;</p>\n" },
		{ "&lt;script&gt;", "<p>&lt;script&gt;</p>\n" },
		{ "&#60;script&#x3e;", "<p>&lt;script&gt;</p>\n" },
		{ "`<b>`", "<p><code>&lt;b&gt;</code></p>\n" },
		{ "    <b>", "<pre><code>&lt;b&gt;\n</code></pre>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_an_image_becomes_a_link_to_the_picture(void **state)
{
	static const struct example examples[] = {
		{ "![a *b* `c`](http://d.example/e.png)",
		  "<p><a href=\"http://d.example/e.png\"" AWAY ">a b c</a></p>\n" },
		{ "![](http://d.example/e.png)", "<p><a href=\"http://d.example/e.png\"" AWAY
						 ">http://d.example/e.png</a></p>\n" },
		{ "![a](/local.png)", "<p>a</p>\n" },
		{ "![a](data:image/png;base64,AAAA)", "<p>a</p>\n" },
		{ "[![a](http://d.example/e.png)](/x)", "<p><a href=\"/x\">a</a></p>\n" },
		{ "[![a](http://d.example/e.png)](x:y)",
		  "<p><a href=\"http://d.example/e.png\"" AWAY ">a</a></p>\n" },
		{ "![[a](/x) ![b](http://c.example)](http://d.example/e.png)",
		  "<p><a href=\"http://d.example/e.png\"" AWAY ">a b</a></p>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_tables_tasks_deletions_and_bare_links(void **state)
{
	static const struct example examples[] = {
		{ "|a|b|c|\n|---|:---:|---:|\n|1|~~2~~|<b>|\n",
		  "<table class=\"table\">\n<thead>\n<tr>\n<th>a</th>\n"
		  "<th class=\"text-center\">b</th>\n<th "
		  "class=\"text-end\">c</th>\n</tr>\n</thead>\n"
		  "<tbody>\n<tr>\n<td>1</td>\n<td class=\"text-center\"><del>2</del></td>\n"
		  "<td class=\"text-end\">&lt;b&gt;</td>\n</tr>\n</tbody>\n</table>\n" },
		{ "- [ ] a\n- [x] b\n",
		  "<ul>\n<li class=\"task\"><input type=\"checkbox\" disabled aria-label=\"Not "
		  "done\"> "
		  "a</li>\n<li class=\"task\"><input type=\"checkbox\" disabled checked "
		  "aria-label=\"Done\"> b</li>\n</ul>\n" },
		{ "https://a.example, www.b.example c@d.example",
		  "<p><a href=\"https://a.example\"" AWAY ">https://a.example</a>, "
		  "<a href=\"http://www.b.example\"" AWAY ">www.b.example</a> "
		  "<a href=\"mailto:c@d.example\">c@d.example</a></p>\n" },
		{ "3. a\n4. b\n", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n" },
		{ "a  \nb", "<p>a<br>\nb</p>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_character_references_are_decoded(void **state)
{
	static const struct example examples[] = {
		{ "&eacute;&hearts;&NotEqualTilde;&amp;&ngE;&CounterClockwiseContourIntegral;",
		  "<p>é♥≂̸&amp;≧̸∳</p>\n" },
		{ "&#233;&#xe9;&#x1F600;", "<p>éé😀</p>\n" },
		{ "&#0;&#xD800;&#x110000;&#9999999;", "<p>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
						      "\xef\xbf\xbd</p>\n" },
		{ "&bogus;&amp &#; &#x;", "<p>&amp;bogus;&amp;amp &amp;#; &amp;#x;</p>\n" },
	};
	ASSERT_EXAMPLES(*state, examples);
}

static void test_nul_bytes_become_visible(void **state)
{
	struct buffer out = buffer_new(*state, 0);
	markdown_render(&out, "a\0b", 3, 0);
	assert_string_equal(out.bytes, "<p>a\xef\xbf\xbd"
				       "b</p>\n");
}

static void test_what_is_in_the_buffer_stays(void **state)
{
	struct buffer out = buffer_new(*state, 0);
	buffer_puts(&out, "<div>\n");
	markdown_render(&out, "a", 1, 0);
	markdown_render(&out, "", 0, 0);
	assert_string_equal(out.bytes, "<div>\n<p>a</p>\n");
}

/* ---- What hostile text may cost ---- */

static const char *repeat(struct pool *pool, const char *text, size_t length)
{
	struct buffer out = buffer_new(pool, length + 16);
	while (out.length < length)
		buffer_puts(&out, text);
	return out.bytes;
}

/* Generous, for sanitizers on a busy machine: what is quadratic takes minutes. */
static void assert_bounded(struct pool *pool, const char *markdown)
{
	enum { SECONDS_MAX = 20 };
	struct timespec begin, end;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	struct buffer out = buffer_new(pool, 0);
	markdown_render(&out, markdown, strlen(markdown), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec < SECONDS_MAX);
	assert_true(out.length < 1000000 + 24 * strlen(markdown));
}

static void test_hostile_repetition_is_cheap(void **state)
{
	static const char *const pieces[] = { "[",    ">",   "> ",   "- ",         "* ",
					      "1. ",  "*",   "_",    "`",          "![",
					      "[a](", "[](", "<",    "&",          "~~",
					      "|",    "a@",  "www.", "http://",    "[a]: b\n",
					      "\\",   "#",   "\n",   "[x]\n",      "*a **b ",
					      "**a ", ">- ", "[a][", "<a href=\"", "http://x.y ",
					      "***a_" };
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct pool *pool = pool_new(*state);
		assert_bounded(pool, repeat(pool, pieces[i], MARKDOWN_LENGTH_MAX - 16));
		assert_bounded(pool, repeat(pool, pieces[i], 1000000));
		pool_free(pool);
	}
}

static void test_a_long_line_before_many_empty_ones_is_cheap(void **state)
{
	static const char *const pieces[] = { "*", "[", "- ", "1" };
	const char *empty = repeat(*state, "\n", MARKDOWN_LENGTH_MAX / 2 - 16);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		const char *line = repeat(*state, pieces[i], MARKDOWN_LENGTH_MAX / 2 - 16);
		const char *text = pool_printf(*state, "%s%s", line, empty);
		clock_t begin = clock();
		render(*state, text);
		assert_true(clock() - begin < 3 * CLOCKS_PER_SEC);
	}
}

static void test_a_small_text_cannot_make_a_huge_page(void **state)
{
	struct pool *pool = *state;
	const char *cells = repeat(pool, "|a", 40000), *dashes = repeat(pool, "|---", 80000);
	const char *table = pool_printf(pool, "%s|\n%s|\n", cells, dashes);
	assert_bounded(pool, pool_printf(pool, "%s%s", table, repeat(pool, "x\n", 10000)));

	const char *target = repeat(pool, "b", 60000), *uses = repeat(pool, "[a]", 60000);
	const char *fine = pool_printf(pool, "[a]: /%s\n\n%s", target, uses);
	assert_bounded(pool, fine);
	assert_true(text_starts_with(render(pool, fine), "<pre>[a]: /bbb"));
	assert_bounded(pool, pool_printf(pool, "[a]: x:%s\n\n%s", target, uses));
}

static void test_deep_nesting_ends_at_a_limit(void **state)
{
	struct pool *pool = *state;
	static const char *const pieces[] = { ">", "- a\n> ", "1. ", "*a **b " };
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
		assert_safe(pool, repeat(pool, pieces[i], 5000));
	const char *quotes = render(pool, pool_printf(pool, "%s a", repeat(pool, ">", 5000)));
	size_t count = 0;
	for (const char *at = quotes; (at = strstr(at, "<blockquote>")) != NULL; at++)
		count++;
	assert_int_equal(count, 100);
	assert_non_null(strstr(quotes, "<p>a</p>"));
}

static void test_tags_are_closed_in_order_where_the_parser_gets_lost(void **state)
{
	assert_string_equal(render(*state, "*_a[](_*)\n"), "<p><em><em>a</em></em></p>\n");
	assert_safe(*state, "*_a[](_*)\n");
	assert_safe(*state, "o\n**\")\n*********\x0f*****\x0e**\x01*****");
	assert_safe(*state, "- *_a[](_*)\n- b\n\n|*_a[](_*)|\n|---|\n");
}

static void test_what_follows_the_text_in_memory_is_not_read(void **state)
{
	struct buffer out = buffer_new(*state, 0);
	markdown_render(&out, "[a](/b)", 6, 0);
	markdown_to_text(&out, "[a](/b)", 6, 80);
	assert_string_equal(out.bytes, "<p>[a](/b</p>\n[a](/b");
}

static void test_a_text_that_is_too_long_is_shown_as_it_is(void **state)
{
	struct pool *pool = *state;
	const char *text = repeat(pool, "*a* <b>\n", MARKDOWN_LENGTH_MAX + 1);
	const char *html = render(pool, text);
	assert_true(text_starts_with(html, "<pre>*a* &lt;b&gt;\n"));
	assert_true(text_ends_with(html, "</pre>\n"));
}

/* ---- Plain text ---- */

static const char *to_text(struct pool *pool, const char *markdown, size_t characters)
{
	struct buffer out = buffer_new(pool, 0);
	markdown_to_text(&out, markdown, strlen(markdown), characters);
	return out.bytes;
}

static void test_a_title_is_one_line_without_markup(void **state)
{
	struct pool *pool = *state;
	assert_string_equal(to_text(pool, "# How *do* I\n\n- pay `tax` &amp; [duty](/x)?\n", 80),
			    "How do I pay tax & duty?");
	assert_string_equal(to_text(pool, "  <b>x</b>\\\ny ![alt](z)  ", 80), "<b>x</b> y alt");
	assert_string_equal(to_text(pool, "", 80), "");
	assert_string_equal(to_text(pool, "\n\n---\n", 80), "");
}

static void test_a_long_title_ends_with_an_ellipsis(void **state)
{
	struct pool *pool = *state;
	assert_string_equal(to_text(pool, "abcdef", 6), "abcdef");
	assert_string_equal(to_text(pool, "abcdefg", 6), "abcde…");
	assert_string_equal(to_text(pool, "ab cd ef", 4), "ab…");
	assert_string_equal(to_text(pool, "ab cd ef", 3), "ab…");
	assert_string_equal(to_text(pool, "äöü€😀x", 5), "äöü€…");
	assert_string_equal(to_text(pool, "äöü€😀", 5), "äöü€😀");
	assert_string_equal(to_text(pool, "abc", 1), "…");
	assert_string_equal(to_text(pool, "abc", 0), "");
	const char *huge = repeat(pool, "word *two* ", 2000000);
	assert_in_range(text_characters(to_text(pool, huge, 100)), 90, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_examples_of_commonmark),
		TEST(test_headings_fit_below_those_of_the_page),
		TEST(test_links_go_only_where_they_may),
		TEST(test_an_attribute_cannot_be_left),
		TEST(test_raw_html_is_shown_as_text),
		TEST(test_an_image_becomes_a_link_to_the_picture),
		TEST(test_tables_tasks_deletions_and_bare_links),
		TEST(test_character_references_are_decoded),
		TEST(test_nul_bytes_become_visible),
		TEST(test_what_is_in_the_buffer_stays),
		TEST(test_hostile_repetition_is_cheap),
		TEST(test_a_long_line_before_many_empty_ones_is_cheap),
		TEST(test_a_small_text_cannot_make_a_huge_page),
		TEST(test_deep_nesting_ends_at_a_limit),
		TEST(test_tags_are_closed_in_order_where_the_parser_gets_lost),
		TEST(test_what_follows_the_text_in_memory_is_not_read),
		TEST(test_a_text_that_is_too_long_is_shown_as_it_is),
		TEST(test_a_title_is_one_line_without_markup),
		TEST(test_a_long_title_ends_with_an_ellipsis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

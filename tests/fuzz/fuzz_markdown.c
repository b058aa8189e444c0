/* Whatever the text, the HTML holds tags of ours only, in order, and no more than is proportionate.
 * The check is deliberately simpler than the renderer: every '<' must begin one of these. */
#include "web/markdown.h"
#include "web/markdown_stream.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const tags[] = { "p>",
				    "h3>",
				    "h4>",
				    "h5>",
				    "h6>",
				    "ul>",
				    "ol>",
				    "ol start=\"",
				    "li>",
				    "li class=\"task\">",
				    "table class=\"table\">",
				    "table>",
				    "thead>",
				    "tbody>",
				    "tr>",
				    "th>",
				    "td>",
				    "th class=\"text-center\">",
				    "th class=\"text-end\">",
				    "td class=\"text-center\">",
				    "td class=\"text-end\">",
				    "a>",
				    "em>",
				    "strong>",
				    "del>",
				    "code>",
				    "code class=\"language-",
				    "pre>",
				    "pre data-language=\"",
				    "blockquote>",
				    "br>",
				    "hr>",
				    "input type=\"checkbox\" disabled aria-label=\"",
				    "input type=\"checkbox\" disabled checked aria-label=\"",
				    "a href=\"/",
				    "a href=\"http://",
				    "a href=\"https://",
				    "a href=\"mailto:" };

static bool begins_like(const char *text, const char *with)
{
	for (; *with != '\0'; text++, with++)
		if ((*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text) != *with)
			return false;
	return true;
}

static bool is_known(const char *tag)
{
	if (*tag == '/')
		tag++;
	if (begins_like(tag, "a href=\"//"))
		return false;
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
		if (begins_like(tag, tags[i]))
			return true;
	return false;
}

/* The quotes of a tag come in pairs, and only these names stand between them. */
static const char *check_tag(const char *tag)
{
	bool quoted = false;
	const char *at = tag;
	for (; *at != '\0' && (quoted || *at != '>'); at++) {
		if (*at == '<')
			abort();
		if (*at == '"')
			quoted = !quoted;
		if (!quoted && *at == ' ' && !begins_like(at, " href=\"") &&
		    !begins_like(at, " rel=\"nofollow") && !begins_like(at, " title=\"") &&
		    !begins_like(at, " class=\"") && !begins_like(at, " start=\"") &&
		    !begins_like(at, " type=\"") && !begins_like(at, " disabled") &&
		    !begins_like(at, " checked") && !begins_like(at, " aria-label=\"") &&
		    !begins_like(at, " data-language=\""))
			abort();
	}
	if (*at != '>')
		abort();
	return at;
}

static void check(const struct buffer *html, size_t size)
{
	const char *open[512];
	size_t depth = 0;
	if (html->length > 100000 + 32 * size || strlen(html->bytes) != html->length)
		abort();
	for (const char *at = strchr(html->bytes, '<'); at != NULL; at = strchr(at, '<')) {
		const char *name = at + 1;
		if (!is_known(name))
			abort();
		at = check_tag(name);
		size_t length = strcspn(name, " >");
		if (strncmp(name, "br>", 3) == 0 || strncmp(name, "hr>", 3) == 0 ||
		    strncmp(name, "input ", 6) == 0)
			continue;
		if (*name != '/' && depth == 512)
			abort();
		if (*name != '/')
			open[depth++] = name;
		else if (depth == 0 || strncmp(open[--depth], name + 1, length - 1) != 0)
			abort();
	}
	if (depth != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	struct buffer html = buffer_new(pool, 0), text = buffer_new(pool, 0);
	markdown_render(&html, (const char *)data, size, MARKDOWN_HEADING_SHIFT);
	check(&html, size);
	buffer_clear(&html);
	markdown_render_growing(&html, (const char *)data, size, MARKDOWN_HEADING_SHIFT);
	check(&html, size);
	if (markdown_settled((const char *)data, size) > size)
		abort();
	markdown_to_text(&text, (const char *)data, size, 40);
	if (text_is_utf8((const char *)data, size) &&
	    !text_is_plain(text.bytes, text.length, false))
		abort();
	if (text_is_utf8((const char *)data, size) && text_characters(text.bytes) > 40)
		abort();
	pool_free(pool);
	return 0;
}

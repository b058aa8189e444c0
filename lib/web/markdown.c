#include "web/markdown.h"
#include "web/entities.h"
#include "web/escape.h"
#include "web/markdown_link.h"
#include "web/markdown_source.h"
#include "web/summary.h"
#include <md4c.h>
#include <string.h>

enum {
	DEPTH_MAX = 100,
	/* The densest honest markup is a table of empty cells: "<td></td>\n" for a '|'. */
	GROWTH_MAX = 20,
	GROWTH_FREE = 64 * 1024,
	/* How much Markdown is read for a summary: four bytes for a character, and some markup. */
	SUMMARY_FREE = 4096,
	SUMMARY_GROWTH = 8
};

static const unsigned dialect = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;

struct span {
	MD_SPANTYPE type;
	bool has_tag; /* links and images may go without */
};

struct renderer {
	struct buffer *out;
	size_t limit;            /* of out->length + decoded */
	size_t decoded;          /* bytes of all attributes: one definition may serve many links */
	struct buffer target;    /* of the last link; the text of a link that has none */
	struct buffer attribute; /* any other that was decoded last */
	unsigned heading_shift;
	unsigned containers; /* lists and quotes that are open */
	struct span spans[DEPTH_MAX];
	size_t span_depth; /* spans that are open, also those for which there is no room */
	size_t images;     /* of them */
	bool is_in_link;   /* a link with a tag is open: they cannot be nested */
	size_t link_text;  /* where its text begins in `out` */
};

/* ---- Text ---- */

/* An attribute as md4c hands it out: normal text, entities and NULs in pieces. */
static void decode(struct renderer *renderer, const MD_ATTRIBUTE *attribute, struct buffer *decoded)
{
	buffer_clear(decoded);
	renderer->decoded += attribute->size;
	for (size_t i = 0; attribute->size > 0 && attribute->substr_offsets[i] < attribute->size;
	     i++) {
		const char *text = attribute->text + attribute->substr_offsets[i];
		size_t length = attribute->substr_offsets[i + 1] - attribute->substr_offsets[i];
		char utf8[ENTITY_BYTES_MAX];
		size_t entity = 0;
		if (attribute->substr_types[i] == MD_TEXT_ENTITY)
			entity = entity_decode(text, length, utf8);
		if (attribute->substr_types[i] == MD_TEXT_NULLCHAR)
			buffer_puts(decoded, "\xef\xbf\xbd");
		else if (entity > 0)
			buffer_add(decoded, utf8, entity);
		else
			buffer_add(decoded, text, length);
	}
}

static int is_out_of_proportion(const struct renderer *renderer)
{
	return renderer->out->length + renderer->decoded > renderer->limit;
}

static void write_entity(struct buffer *out, const char *text, size_t length)
{
	char utf8[ENTITY_BYTES_MAX];
	size_t decoded = entity_decode(text, length, utf8);
	if (decoded > 0)
		escape_html(out, utf8, decoded);
	else
		escape_html(out, text, length);
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *data)
{
	struct renderer *renderer = data;
	struct buffer *out = renderer->out;
	switch (type) {
	case MD_TEXT_BR:
		buffer_puts(out, renderer->images > 0 ? " " : "<br>\n");
		break;
	case MD_TEXT_SOFTBR:
		buffer_puts(out, renderer->images > 0 ? " " : "\n");
		break;
	case MD_TEXT_ENTITY:
		write_entity(out, text, size);
		break;
	case MD_TEXT_NULLCHAR:
	case MD_TEXT_NORMAL:
	case MD_TEXT_CODE:
	case MD_TEXT_HTML:
	case MD_TEXT_LATEXMATH:
		escape_html(out, text, size);
		break;
	}
	return is_out_of_proportion(renderer);
}

/* ---- Links ---- */

static void open_link(struct renderer *renderer, const MD_ATTRIBUTE *title)
{
	struct buffer *out = renderer->out;
	buffer_puts(out, "<a href=\"");
	markdown_link_write(out, &renderer->target);
	buffer_byte(out, '"');
	if (markdown_link_leaves_the_site(renderer->target.bytes))
		buffer_puts(out, " rel=\"nofollow noopener noreferrer\"");
	if (title->size > 0) {
		decode(renderer, title, &renderer->attribute);
		buffer_puts(out, " title=\"");
		escape_html(out, renderer->attribute.bytes, renderer->attribute.length);
		buffer_byte(out, '"');
	}
	buffer_byte(out, '>');
	renderer->is_in_link = true;
	renderer->link_text = out->length;
}

/* Whether the link or image was given a tag. */
static bool enter_link(struct renderer *renderer, const MD_ATTRIBUTE *target,
		       const MD_ATTRIBUTE *title, bool is_image)
{
	if (renderer->is_in_link || renderer->images > 0)
		return false;
	decode(renderer, target, &renderer->target);
	if (!markdown_link_is_allowed(renderer->target.bytes, is_image))
		return false;
	open_link(renderer, title);
	return true;
}

static void close_link(struct renderer *renderer)
{
	struct buffer *out = renderer->out;
	/* A link without text cannot be seen, nor heard. */
	if (out->length == renderer->link_text)
		escape_html(out, renderer->target.bytes, renderer->target.length);
	buffer_puts(out, "</a>");
	renderer->is_in_link = false;
}

/* ---- Spans ---- */

static const char *const span_tags[][2] = {
	[MD_SPAN_EM] = { "<em>", "</em>" },
	[MD_SPAN_STRONG] = { "<strong>", "</strong>" },
	[MD_SPAN_CODE] = { "<code>", "</code>" },
	[MD_SPAN_DEL] = { "<del>", "</del>" },
};

/* Whether the span was given a tag. An image's text is plain: what is in it has none. */
static bool open_span(struct renderer *renderer, MD_SPANTYPE type, const void *detail)
{
	if (type == MD_SPAN_A) {
		const MD_SPAN_A_DETAIL *link = detail;
		return enter_link(renderer, &link->href, &link->title, false);
	}
	if (type == MD_SPAN_IMG) {
		const MD_SPAN_IMG_DETAIL *image = detail;
		bool has_tag = enter_link(renderer, &image->src, &image->title, true);
		renderer->images++;
		return has_tag;
	}
	if (type > MD_SPAN_DEL || renderer->images > 0)
		return false;
	buffer_puts(renderer->out, span_tags[type][0]);
	return true;
}

static int on_enter_span(MD_SPANTYPE type, void *detail, void *data)
{
	struct renderer *renderer = data;
	if (renderer->span_depth < DEPTH_MAX)
		renderer->spans[renderer->span_depth] =
			(struct span){ type, open_span(renderer, type, detail) };
	renderer->span_depth++;
	return is_out_of_proportion(renderer);
}

static void close_span(struct renderer *renderer)
{
	if (renderer->span_depth == 0 || --renderer->span_depth >= DEPTH_MAX)
		return;
	const struct span *span = &renderer->spans[renderer->span_depth];
	renderer->images -= span->type == MD_SPAN_IMG;
	if (span->has_tag && (span->type == MD_SPAN_A || span->type == MD_SPAN_IMG))
		close_link(renderer);
	else if (span->has_tag)
		buffer_puts(renderer->out, span_tags[span->type][1]);
}

/* md4c 0.4.8 mixes up the order of spans when long runs of asterisks meet, and never leaves some
 * ("*_a[](_*)"). So that the page stays well-formed, the span that was opened last is closed,
 * whichever is said to be left, and those that are still open where their block ends. */
static int on_leave_span(MD_SPANTYPE type, void *detail, void *data)
{
	(void)type;
	(void)detail;
	close_span(data);
	return is_out_of_proportion(data);
}

static void close_spans(struct renderer *renderer)
{
	while (renderer->span_depth > 0)
		close_span(renderer);
}

/* ---- Blocks ---- */

static void begin_line(struct buffer *out)
{
	if (out->length > 0 && out->bytes[out->length - 1] != '\n')
		buffer_byte(out, '\n');
}

static void open_ordered(struct buffer *out, const MD_BLOCK_OL_DETAIL *list)
{
	if (list->start == 1)
		buffer_puts(out, "<ol>\n");
	else
		buffer_printf(out, "<ol start=\"%u\">\n", list->start);
}

static void open_item(struct buffer *out, const MD_BLOCK_LI_DETAIL *item)
{
	if (!item->is_task)
		buffer_puts(out, "<li>");
	else if (item->task_mark == ' ')
		buffer_puts(out, "<li class=\"task\"><input type=\"checkbox\" disabled "
				 "aria-label=\"Not done\"> ");
	else
		buffer_puts(out, "<li class=\"task\"><input type=\"checkbox\" disabled checked "
				 "aria-label=\"Done\"> ");
}

static bool is_language(const struct buffer *name)
{
	for (size_t i = 0; i < name->length; i++) {
		char c = name->bytes[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '+' && c != '-')
			return false;
	}
	return name->length > 0;
}

static void open_code(struct renderer *renderer, const MD_BLOCK_CODE_DETAIL *code)
{
	struct buffer *language = &renderer->attribute;
	decode(renderer, &code->lang, language);
	if (is_language(language))
		buffer_printf(renderer->out,
			      "<pre data-language=\"%s\"><code class=\"language-%s\">",
			      language->bytes, language->bytes);
	else
		buffer_puts(renderer->out, "<pre><code>");
}

static unsigned heading_level(const struct renderer *renderer, const MD_BLOCK_H_DETAIL *heading)
{
	unsigned level = heading->level + renderer->heading_shift;
	return level < 6 ? level : 6;
}

static void open_cell(struct buffer *out, const char *name, const MD_BLOCK_TD_DETAIL *cell)
{
	buffer_printf(out, "<%s", name);
	if (cell->align == MD_ALIGN_CENTER)
		buffer_puts(out, " class=\"text-center\"");
	else if (cell->align == MD_ALIGN_RIGHT)
		buffer_puts(out, " class=\"text-end\"");
	buffer_byte(out, '>');
}

static bool is_container(MD_BLOCKTYPE type)
{
	return type == MD_BLOCK_QUOTE || type == MD_BLOCK_UL || type == MD_BLOCK_OL;
}

/* Below DEPTH_MAX quotes, lists and their items lose their tags. */
static bool is_too_deep(const struct renderer *renderer, MD_BLOCKTYPE type)
{
	return (is_container(type) || type == MD_BLOCK_LI) && renderer->containers > DEPTH_MAX;
}

/* What needs no look at the details. */
static const struct {
	const char *opening, *closing;
} tags[] = {
	[MD_BLOCK_DOC] = { "", "" },
	[MD_BLOCK_QUOTE] = { "<blockquote>\n", "</blockquote>\n" },
	[MD_BLOCK_UL] = { "<ul>\n", "</ul>\n" },
	[MD_BLOCK_OL] = { "", "</ol>\n" },
	[MD_BLOCK_LI] = { "", "</li>\n" },
	[MD_BLOCK_HR] = { "<hr>\n", "" },
	[MD_BLOCK_H] = { "", "" },
	[MD_BLOCK_CODE] = { "", "</code></pre>\n" },
	[MD_BLOCK_HTML] = { "", "" },
	[MD_BLOCK_P] = { "<p>", "</p>\n" },
	[MD_BLOCK_TABLE] = { "<table class=\"table\">\n", "</table>\n" },
	[MD_BLOCK_THEAD] = { "<thead>\n", "</thead>\n" },
	[MD_BLOCK_TBODY] = { "<tbody>\n", "</tbody>\n" },
	[MD_BLOCK_TR] = { "<tr>\n", "</tr>\n" },
	[MD_BLOCK_TH] = { "", "</th>\n" },
	[MD_BLOCK_TD] = { "", "</td>\n" },
};

static void open_block(struct renderer *renderer, MD_BLOCKTYPE type, void *detail)
{
	struct buffer *out = renderer->out;
	switch (type) {
	case MD_BLOCK_OL:
		open_ordered(out, detail);
		break;
	case MD_BLOCK_LI:
		open_item(out, detail);
		break;
	case MD_BLOCK_H:
		buffer_printf(out, "<h%u>", heading_level(renderer, detail));
		break;
	case MD_BLOCK_CODE:
		open_code(renderer, detail);
		break;
	case MD_BLOCK_TH:
		open_cell(out, "th", detail);
		break;
	case MD_BLOCK_TD:
		open_cell(out, "td", detail);
		break;
	default:
		buffer_puts(out, tags[type].opening);
	}
}

static int on_enter_block(MD_BLOCKTYPE type, void *detail, void *data)
{
	struct renderer *renderer = data;
	close_spans(renderer);
	renderer->containers += is_container(type);
	if (type != MD_BLOCK_DOC)
		begin_line(renderer->out);
	if (!is_too_deep(renderer, type))
		open_block(renderer, type, detail);
	return is_out_of_proportion(renderer);
}

static int on_leave_block(MD_BLOCKTYPE type, void *detail, void *data)
{
	struct renderer *renderer = data;
	close_spans(renderer);
	if (type == MD_BLOCK_H)
		buffer_printf(renderer->out, "</h%u>\n", heading_level(renderer, detail));
	else if (!is_too_deep(renderer, type))
		buffer_puts(renderer->out, tags[type].closing);
	renderer->containers -= is_container(type);
	return is_out_of_proportion(renderer);
}

/* ---- All together ---- */

static void show_as_it_is(struct buffer *out, const char *text, size_t length)
{
	buffer_puts(out, "<pre>");
	escape_html(out, text, length);
	buffer_puts(out, "</pre>\n");
}

static int parse(struct pool *work, const char *text, size_t length, const MD_PARSER *parser,
		 void *data)
{
	const char *source = markdown_source(work, text, &length);
	return md_parse(source, (MD_SIZE)length, parser, data);
}

void markdown_render(struct buffer *out, const char *text, size_t length, unsigned heading_shift)
{
	static const MD_PARSER parser = { .flags = dialect,
					  .enter_block = on_enter_block,
					  .leave_block = on_leave_block,
					  .enter_span = on_enter_span,
					  .leave_span = on_leave_span,
					  .text = on_text };
	if (length > MARKDOWN_LENGTH_MAX) {
		show_as_it_is(out, text, length);
		return;
	}
	size_t before = out->length;
	struct pool *work = pool_new(NULL);
	struct renderer renderer = { .out = out,
				     .limit = before + GROWTH_FREE + GROWTH_MAX * length,
				     .target = buffer_new(work, 256),
				     .attribute = buffer_new(work, 256),
				     .heading_shift = heading_shift };
	if (parse(work, text, length, &parser, &renderer) != 0) {
		out->length = before;
		show_as_it_is(out, text, length);
	}
	pool_free(work);
}

/* ---- Plain text ---- */

static int summary_on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *data)
{
	char utf8[ENTITY_BYTES_MAX];
	size_t decoded = type == MD_TEXT_ENTITY ? entity_decode(text, size, utf8) : 0;
	if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
		return !summary_add(data, " ", 1);
	if (decoded > 0)
		return !summary_add(data, utf8, decoded);
	return !summary_add(data, text, size);
}

static int summary_on_block(MD_BLOCKTYPE type, void *detail, void *data)
{
	(void)type;
	(void)detail;
	return !summary_add(data, " ", 1);
}

static int summary_on_span(MD_SPANTYPE type, void *detail, void *data)
{
	(void)type;
	(void)detail;
	(void)data;
	return 0;
}

void markdown_to_text(struct buffer *out, const char *text, size_t length, size_t characters)
{
	static const MD_PARSER parser = { .flags = dialect,
					  .enter_block = summary_on_block,
					  .leave_block = summary_on_block,
					  .enter_span = summary_on_span,
					  .leave_span = summary_on_span,
					  .text = summary_on_text };
	/* md4c reads to the end before it says anything; a title needs the beginning only. */
	size_t some = characters < MARKDOWN_LENGTH_MAX ? characters : MARKDOWN_LENGTH_MAX;
	size_t enough = SUMMARY_FREE + SUMMARY_GROWTH * some;
	struct summary summary = summary_begin(out, characters);
	struct pool *work = pool_new(NULL);
	parse(work, text, length < enough ? length : enough, &parser, &summary);
	pool_free(work);
	summary_end(&summary);
}

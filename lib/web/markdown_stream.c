#include "web/markdown_stream.h"
#include "web/markdown_line.h"
#include <string.h>

enum block { BETWEEN, PARAGRAPH, QUOTE, LIST, CODE, FENCED };

/* ---- Brackets: what a definition that comes later could turn into a link ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Bytes of "(target)" or "(target "title")" when it is plain enough to be sure of it; else 0. */
static size_t link_length(const char *text, size_t length)
{
	size_t at = 1, depth = 0;
	if (length == 0 || text[0] != '(')
		return 0;
	for (; at < length && !is_blank(text[at]) && (text[at] != ')' || depth > 0); at++) {
		if ((unsigned char)text[at] < 0x20 || strchr("<>\\`\"[]|&", text[at]) != NULL)
			return 0;
		depth += text[at] == '(';
		depth -= text[at] == ')';
	}
	if (depth > 0 || at == 1)
		return 0;
	if (at + 1 < length && text[at] == ' ' && text[at + 1] == '"')
		for (at += 2; at < length && text[at] != '"'; at++)
			if (strchr("<>\\`[]|&", text[at]) != NULL)
				return 0;
	if (at < length && text[at] == '"')
		at++;
	return at < length && text[at] == ')' ? at + 1 : 0;
}

/* Where the code span that begins at `from` ends, if it does in this line; else `from`. Pipes are
 * left alone: in a table they end a cell. */
static size_t code_span_end(const char *text, size_t from, size_t length)
{
	size_t run = 0;
	while (from + run < length && text[from + run] == '`')
		run++;
	for (size_t at = from + run, count; at < length && text[at] != '|'; at += count) {
		for (count = 0; at + count < length && text[at + count] == '`';)
			count++;
		if (count == run && run <= 32)
			return at + count;
		count += count == 0;
	}
	return from;
}

static size_t read_bracket(struct markdown_progress *progress, const char *text, size_t at,
			   size_t length)
{
	bool is_label = text[at] == ']' && progress->has_bracket && progress->has_label;
	size_t link = is_label ? link_length(text + at + 1, length - at - 1) : 0;
	progress->is_stuck = progress->is_stuck || (is_label && link == 0);
	progress->has_bracket = text[at] == '[';
	progress->has_label = false;
	return at + 1 + link;
}

/* One line of text. Brackets in a code span are none. */
static void read_brackets(struct markdown_progress *progress, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t span = at;
		if (text[at] == '[' || text[at] == ']') {
			at = read_bracket(progress, text, at, length);
			continue;
		}
		if (text[at] == '`' && !progress->has_backtick) {
			span = code_span_end(text, at, length);
			progress->has_backtick = span == at;
		} else if (text[at] == '<') {
			progress->has_backtick = true; /* perhaps a link with one in it */
		}
		progress->has_label = progress->has_label || !is_blank(text[at]);
		at = span > at ? span : at + 1 + (text[at] == '\\');
	}
}

/* ---- Blocks ---- */

/* Everything before `at` is final. */
static void settle(struct markdown_progress *progress, size_t at)
{
	progress->block = BETWEEN;
	progress->is_table = progress->is_lazy = progress->is_after_blank = false;
	progress->had_fence = false;
	progress->has_bracket = progress->has_backtick = progress->had_pipe = false;
	progress->outer = progress->inner = 0;
	progress->fence = '\0';
	if (!progress->is_stuck)
		progress->settled = at;
}

static void open_fence(struct markdown_progress *progress, const struct markdown_line *line)
{
	progress->fence = line->begin[0];
	progress->fence_run = markdown_line_run(line, line->begin[0]);
}

/* md4c 0.4.8 opens a block of code behind a paragraph however far the fence is indented. */
static bool is_indented_fence(const struct markdown_line *line)
{
	return line->kind == LINE_INDENTED &&
	       markdown_line_read(line->begin, line->rest).kind == LINE_FENCE;
}

static bool has_pipe(const struct markdown_line *line)
{
	return memchr(line->begin, '|', line->rest) != NULL;
}

static void read_all_brackets(struct markdown_progress *progress, const struct markdown_line *line)
{
	read_brackets(progress, line->begin, line->rest);
}

/* md4c 0.4.8 mixes up a block of code in a list or quote with what comes after it, where that
 * begins with the same marks. */
static void note_fence(struct markdown_progress *progress, const struct markdown_line *line)
{
	for (size_t i = 2; i < line->rest; i++)
		if ((line->begin[i] == '`' || line->begin[i] == '~') &&
		    line->begin[i - 1] == line->begin[i] && line->begin[i - 2] == line->begin[i])
			progress->had_fence = true;
}

/* What an item holds in its first line. A task's mark "[x]" there is no label. */
static void read_content(struct markdown_progress *progress, const char *text, size_t length)
{
	struct markdown_line line = markdown_line_read(text, length);
	bool is_task = length > 3 && text[0] == '[' && text[1] != '\0' &&
		       strchr(" xX", text[1]) != NULL && text[2] == ']' && is_blank(text[3]);
	if (progress->inner > 0 && line.kind == LINE_FENCE)
		open_fence(progress, &line);
	else if (is_task)
		read_brackets(progress, text + 3, length - 3);
	else {
		note_fence(progress, &line);
		read_brackets(progress, text, length);
	}
}

static void read_item(struct markdown_progress *progress, const struct markdown_line *line)
{
	struct markdown_marker marker = markdown_line_marker(line);
	progress->had_fence = progress->had_fence || progress->fence != '\0';
	progress->fence = '\0';
	progress->outer = progress->inner = marker.content;
	read_content(progress, line->text + marker.bytes, line->length - marker.bytes);
}

static void begin_block(struct markdown_progress *progress, const struct markdown_line *line,
			size_t next)
{
	switch (line->kind) {
	case LINE_BLANK:
		settle(progress, next);
		break;
	case LINE_INDENTED:
		progress->block = CODE;
		break;
	case LINE_FENCE:
		progress->block = FENCED;
		open_fence(progress, line);
		break;
	case LINE_HEADING:
	case LINE_BREAK:
		read_all_brackets(progress, line);
		settle(progress, next);
		break;
	case LINE_QUOTE:
		progress->block = QUOTE;
		note_fence(progress, line);
		read_all_brackets(progress, line);
		break;
	case LINE_ITEM:
		progress->block = LIST;
		read_item(progress, line);
		break;
	case LINE_TEXT:
		progress->block = PARAGRAPH;
		progress->lines = 1;
		read_all_brackets(progress, line);
		break;
	}
}

/* The block before this line is over. */
static void begin_after(struct markdown_progress *progress, const struct markdown_line *line,
			size_t next)
{
	settle(progress, progress->line);
	begin_block(progress, line, next);
}

/* md4c reads the lines of a table before it looks for headings and fences. */
static void read_table(struct markdown_progress *progress, const struct markdown_line *line,
		       size_t next)
{
	if (line->kind == LINE_BLANK)
		settle(progress, next);
	else if (line->kind == LINE_INDENTED)
		progress->is_stuck = true;
	else if (line->kind == LINE_QUOTE || line->kind == LINE_ITEM || line->kind == LINE_BREAK)
		begin_after(progress, line, next);
	else
		read_all_brackets(progress, line);
}

static void read_paragraph(struct markdown_progress *progress, const struct markdown_line *line,
			   size_t next)
{
	struct markdown_marker marker = { .content = 0 };
	if (line->kind == LINE_ITEM)
		marker = markdown_line_marker(line);
	/* md4c looks at blanks behind a marker. */
	if (marker.is_empty || is_indented_fence(line))
		progress->is_stuck = true;
	if (line->kind == LINE_BLANK || markdown_line_is_underline(line)) {
		settle(progress, next);
	} else if (line->kind == LINE_TEXT || line->kind == LINE_INDENTED ||
		   (line->kind == LINE_ITEM && !marker.may_interrupt)) {
		enum line_table table = progress->lines == 1 ? markdown_line_table(line) : TABLE_NO;
		progress->is_stuck = progress->is_stuck || table == TABLE_PERHAPS;
		progress->is_table = table == TABLE_YES;
		progress->lines++;
		read_all_brackets(progress, line);
	} else {
		begin_after(progress, line, next);
	}
}

/* A line without its mark, or without its indent: the next line of the paragraph in there, or
 * what comes after. Whether it is a table is left open. */
static void read_lazy(struct markdown_progress *progress, const struct markdown_line *line)
{
	progress->is_lazy = true;
	progress->is_stuck = progress->is_stuck || has_pipe(line) || is_indented_fence(line) ||
			     line->kind == LINE_QUOTE;
	progress->had_fence = progress->had_fence || progress->fence != '\0';
	progress->outer = progress->inner = 0;
	progress->fence = '\0';
	read_all_brackets(progress, line);
}

static bool is_uncertain_fence(const struct markdown_progress *progress,
			       const struct markdown_line *line)
{
	bool may_close = line->rest > 0 && (line->begin[0] == '`' || line->begin[0] == '~');
	return (may_close && (progress->had_fence || progress->fence != '\0')) ||
	       (line->kind == LINE_FENCE && line->indent > 0);
}

static bool is_uncertain_break(const struct markdown_progress *progress,
			       const struct markdown_line *line)
{
	return progress->is_lazy && line->kind == LINE_BREAK && markdown_line_is_underline(line);
}

static bool is_uncertain_item(const struct markdown_line *line)
{
	return line->kind == LINE_ITEM && !markdown_line_marker(line).may_interrupt;
}

static void read_quote(struct markdown_progress *progress, const struct markdown_line *line,
		       size_t next)
{
	if (is_uncertain_break(progress, line) || is_uncertain_item(line) ||
	    is_uncertain_fence(progress, line) || line->kind == LINE_INDENTED)
		progress->is_stuck = true;
	else if (line->kind == LINE_BLANK)
		settle(progress, next);
	else if (line->kind == LINE_QUOTE) {
		note_fence(progress, line);
		read_all_brackets(progress, line);
	} else if (line->kind == LINE_TEXT)
		read_lazy(progress, line);
	else
		begin_after(progress, line, next);
}

/* An item within an item. Where its text begins only matters for blocks of code in it. */
static void read_nested_item(struct markdown_progress *progress, const struct markdown_line *line,
			     const struct markdown_line *bare)
{
	struct markdown_marker marker = markdown_line_marker(bare);
	size_t base = progress->inner > 0 ? progress->inner : progress->outer;
	bool is_certain = line->indent - base < 4 && marker.may_interrupt && marker.content > 0;
	progress->inner = is_certain ? line->indent + marker.content : 0;
	read_content(progress, bare->text + marker.bytes, bare->length - marker.bytes);
}

/* A line that is certainly inside the last outer item. In it, a block of code is recognised so
 * that its brackets do not count; it ends with its item at the latest. */
static void read_inside(struct markdown_progress *progress, const struct markdown_line *line)
{
	struct markdown_line bare = markdown_line_read(line->begin, line->rest);
	if (line->indent < progress->inner) {
		progress->had_fence = progress->had_fence || progress->fence != '\0';
		progress->inner = 0;
		progress->fence = '\0';
	}
	bool is_near = progress->inner > 0 && line->indent - progress->inner < 4;
	if (progress->fence != '\0') {
		if (is_near && markdown_line_closes(&bare, progress->fence, progress->fence_run))
			progress->fence = '\0';
	} else if (bare.kind == LINE_ITEM) {
		read_nested_item(progress, line, &bare);
	} else if (bare.kind == LINE_FENCE && is_near && !progress->had_pipe) {
		open_fence(progress, &bare);
	} else {
		note_fence(progress, line);
		read_all_brackets(progress, line);
	}
}

/* What a line in a list does to it when it is not inside the last item. */
static bool ends_list(const struct markdown_progress *progress, const struct markdown_line *line)
{
	if (line->kind == LINE_QUOTE && progress->outer > 0)
		return true;
	return line->indent == 0 && line->kind != LINE_ITEM &&
	       (progress->is_after_blank || line->kind != LINE_TEXT);
}

static void read_list(struct markdown_progress *progress, const struct markdown_line *line,
		      size_t next)
{
	bool is_inside = progress->outer > 0 && line->indent >= progress->outer;
	bool is_blank_line = line->kind == LINE_BLANK;
	if (is_blank_line)
		;
	else if (is_inside)
		read_inside(progress, line);
	else if (is_uncertain_break(progress, line) ||
		 (progress->is_lazy && is_uncertain_item(line)) ||
		 is_uncertain_fence(progress, line))
		progress->is_stuck = true;
	else if (line->kind == LINE_ITEM)
		read_item(progress, line);
	else if (ends_list(progress, line)) {
		begin_after(progress, line, next);
		return;
	} else
		read_lazy(progress, line);
	progress->is_after_blank = is_blank_line;
	progress->had_pipe = !is_blank_line && has_pipe(line);
}

static void read_code(struct markdown_progress *progress, const struct markdown_line *line,
		      size_t next)
{
	if (line->kind != LINE_BLANK && line->kind != LINE_INDENTED)
		begin_after(progress, line, next);
}

static void read_fenced(struct markdown_progress *progress, const struct markdown_line *line,
			size_t next)
{
	if (markdown_line_closes(line, progress->fence, progress->fence_run))
		settle(progress, next);
}

static void read_line(struct markdown_progress *progress, const struct markdown_line *line,
		      size_t next)
{
	static void (*const readers[])(struct markdown_progress *, const struct markdown_line *,
				       size_t) = {
		[BETWEEN] = begin_block, [PARAGRAPH] = read_paragraph, [QUOTE] = read_quote,
		[LIST] = read_list,      [CODE] = read_code,           [FENCED] = read_fenced,
	};
	if (progress->block == PARAGRAPH && progress->is_table)
		read_table(progress, line, next);
	else
		readers[progress->block](progress, line, next);
}

/* Whether a line that begins with this text, and goes on, can not be an item. */
static bool is_no_item(const char *text, size_t length)
{
	size_t digits = 0;
	while (digits < length && digits < 10 && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (digits == length || text[0] == '-')
		return false;
	if (digits > 0)
		return text[digits] != '.' && text[digits] != ')';
	return (text[0] != '+' && text[0] != '*') ||
	       (length > 1 && text[1] != '\0' && strchr(" \t\r\n", text[1]) == NULL);
}

/* Whether the line that is not complete can not belong to the list or the code before it: so that
 * these need not wait for the end of a long paragraph. */
static bool is_apart(const struct markdown_progress *progress, const char *text, size_t length)
{
	bool is_waiting = progress->block == CODE ||
			  (progress->block == LIST && progress->is_after_blank);
	return is_waiting && length > 0 && !is_blank(text[0]) && text[0] != '\r' &&
	       text[0] != '`' && text[0] != '~' && is_no_item(text, length);
}

size_t markdown_settle(struct markdown_progress *progress, const char *text, size_t length)
{
	while (!progress->is_stuck) {
		size_t end = markdown_line_end(text, progress->searched, length);
		progress->searched = end;
		/* Behind "\r" at the end may come "\n". */
		if (end == length || (text[end] == '\r' && end + 1 == length))
			break;
		size_t next = end + markdown_line_break(text, end, length);
		struct markdown_line line = markdown_line_read(text + progress->line,
							       end - progress->line);
		read_line(progress, &line, next);
		progress->line = progress->searched = next;
	}
	if (!progress->is_stuck &&
	    is_apart(progress, text + progress->line, length - progress->line))
		progress->settled = progress->line;
	return progress->settled;
}

size_t markdown_settled(const char *text, size_t length)
{
	struct markdown_progress progress = { 0 };
	return markdown_settle(&progress, text, length);
}

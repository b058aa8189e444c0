#include "web/markdown_line.h"
#include <string.h>

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t skip_blanks(const char *text, size_t at, size_t length)
{
	while (at < length && is_blank(text[at]))
		at++;
	return at;
}

/* A fence of backticks has none behind it, or it would be a code span. */
static bool is_fence(const struct markdown_line *line)
{
	if (line->begin[0] != '`' && line->begin[0] != '~')
		return false;
	size_t count = markdown_line_run(line, line->begin[0]);
	if (count < 3)
		return false;
	return line->begin[0] == '~' ||
	       memchr(line->begin + count, '`', line->rest - count) == NULL;
}

static bool is_heading(const struct markdown_line *line)
{
	size_t level = markdown_line_run(line, '#');
	return level >= 1 && level <= 6 && (level == line->rest || is_blank(line->begin[level]));
}

static bool is_break(const struct markdown_line *line)
{
	size_t count = 0;
	if (strchr("-*_", line->begin[0]) == NULL)
		return false;
	for (size_t i = 0; i < line->rest; i++) {
		if (line->begin[i] != line->begin[0] && !is_blank(line->begin[i]))
			return false;
		count += line->begin[i] == line->begin[0];
	}
	return count >= 3;
}

/* Bytes of an item's marker; 0 when there is none. */
static size_t marker_length(const struct markdown_line *line)
{
	size_t length = 0;
	if (strchr("-+*", line->begin[0]) != NULL) {
		length = 1;
	} else {
		while (length < line->rest && length < 9 && line->begin[length] >= '0' &&
		       line->begin[length] <= '9')
			length++;
		if (length == 0 || length == line->rest ||
		    (line->begin[length] != '.' && line->begin[length] != ')'))
			return 0;
		length++;
	}
	return length == line->rest || is_blank(line->begin[length]) ? length : 0;
}

static enum line_kind kind_of(const struct markdown_line *line)
{
	if (line->rest == 0)
		return LINE_BLANK;
	if (line->indent >= 4)
		return LINE_INDENTED;
	if (line->begin[0] == '\0')
		return LINE_TEXT;
	if (is_fence(line))
		return LINE_FENCE;
	if (is_heading(line))
		return LINE_HEADING;
	if (is_break(line))
		return LINE_BREAK;
	if (line->begin[0] == '>')
		return LINE_QUOTE;
	return marker_length(line) > 0 ? LINE_ITEM : LINE_TEXT;
}

struct markdown_line markdown_line_read(const char *text, size_t length)
{
	struct markdown_line line = { .text = text, .length = length };
	size_t at = 0;
	for (; at < length && is_blank(text[at]); at++)
		line.indent = text[at] == '\t' ? (line.indent + 4) & ~(size_t)3 : line.indent + 1;
	line.begin = text + at;
	line.rest = length - at;
	line.kind = kind_of(&line);
	return line;
}

struct markdown_marker markdown_line_marker(const struct markdown_line *line)
{
	struct markdown_marker marker = { .content = 0 };
	size_t length = marker_length(line), text = skip_blanks(line->begin, length, line->rest);
	bool is_bullet = length == 1, is_one = length == 2 && line->begin[0] == '1';
	bool has_tab = memchr(line->text, '\t', (size_t)(line->begin - line->text) + text) != NULL;
	marker.is_empty = text == line->rest;
	marker.may_interrupt = !marker.is_empty && (is_bullet || is_one);
	marker.bytes = (size_t)(line->begin - line->text) + text;
	if (!marker.is_empty && !has_tab)
		marker.content = line->indent + (text - length > 4 ? length + 1 : text);
	return marker;
}

size_t markdown_line_run(const struct markdown_line *line, char byte)
{
	size_t count = 0;
	while (count < line->rest && line->begin[count] == byte)
		count++;
	return count;
}

/* No tabs: so md4c 0.4.8, though CommonMark allows them. */
static bool only_spaces(const struct markdown_line *line, size_t at)
{
	while (at < line->rest && line->begin[at] == ' ')
		at++;
	return at == line->rest;
}

bool markdown_line_is_underline(const struct markdown_line *line)
{
	if (line->indent >= 4 || line->rest == 0 ||
	    (line->begin[0] != '=' && line->begin[0] != '-'))
		return false;
	return only_spaces(line, markdown_line_run(line, line->begin[0]));
}

/* Bytes of a cell "---", ":---" or "---:" with the pipe behind it; 0 when it is none. */
static size_t cell_length(const char *text, size_t at, size_t length)
{
	size_t begin = at, dashes = 0;
	at += at < length && text[at] == ':';
	for (; at < length && text[at] == '-'; at++)
		dashes++;
	at += at < length && text[at] == ':';
	at = skip_blanks(text, at, length);
	if (dashes < 3 || (at < length && text[at] != '|'))
		return 0;
	return skip_blanks(text, at + (at < length), length) - begin;
}

enum line_table markdown_line_table(const struct markdown_line *line)
{
	const char *text = line->begin;
	bool has_pipe = false, has_dash = false;
	for (size_t i = 0; i < line->rest; i++) {
		if (!is_blank(text[i]) && text[i] != '|' && text[i] != ':' && text[i] != '-')
			return TABLE_NO;
		has_pipe = has_pipe || text[i] == '|';
		has_dash = has_dash || text[i] == '-';
	}
	if (!has_pipe || !has_dash)
		return TABLE_NO;
	size_t at = text[0] == '|' ? skip_blanks(text, 1, line->rest) : 0;
	for (size_t cell; at < line->rest; at += cell)
		if ((cell = cell_length(text, at, line->rest)) == 0)
			return TABLE_PERHAPS;
	return line->indent < 4 ? TABLE_YES : TABLE_PERHAPS;
}

bool markdown_line_closes(const struct markdown_line *line, char fence, size_t count)
{
	size_t end = markdown_line_run(line, fence);
	return end >= count && line->indent < 4 && only_spaces(line, end);
}

size_t markdown_line_end(const char *text, size_t from, size_t length)
{
	while (from < length && text[from] != '\n' && text[from] != '\r')
		from++;
	return from;
}

size_t markdown_line_break(const char *text, size_t end, size_t length)
{
	if (end >= length)
		return 0;
	return text[end] == '\r' && end + 1 < length && text[end + 1] == '\n' ? 2 : 1;
}

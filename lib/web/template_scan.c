#ifndef _GNU_SOURCE
#endif
#include "web/template_scan.h"
#include <string.h>

bool slice_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool slice_is_space(char c)
{
	return slice_is_blank(c) || c == '\n' || c == '\r';
}

struct slice slice_trim(struct slice slice)
{
	while (slice.length > 0 && slice_is_space(slice.bytes[0])) {
		slice.bytes++;
		slice.length--;
	}
	while (slice.length > 0 && slice_is_space(slice.bytes[slice.length - 1]))
		slice.length--;
	return slice;
}

bool slice_equal(struct slice left, struct slice right)
{
	return left.length == right.length && memcmp(left.bytes, right.bytes, left.length) == 0;
}

struct scanner template_scan(struct slice source)
{
	return (struct scanner){ .source = source.bytes,
				 .length = source.length,
				 .open = { "{{", 2 },
				 .close = { "}}", 2 },
				 .line = 1 };
}

static size_t find(const struct scanner *scanner, size_t from, struct slice what)
{
	if (from > scanner->length)
		return scanner->length;
	const char *found = memmem(scanner->source + from, scanner->length - from, what.bytes,
				   what.length);
	return found != NULL ? (size_t)(found - scanner->source) : scanner->length;
}

size_t template_scan_next(const struct scanner *scanner, size_t from)
{
	return find(scanner, from, scanner->open);
}

static void look_around(const struct scanner *scanner, struct tag *tag)
{
	const char *source = scanner->source;
	size_t before = tag->start, after = tag->end;
	while (before > 0 && slice_is_blank(source[before - 1]))
		before--;
	tag->blank_before = before == 0 || source[before - 1] == '\n';
	while (after < scanner->length && slice_is_blank(source[after]))
		after++;
	if (after + 1 < scanner->length && source[after] == '\r' && source[after + 1] == '\n')
		after++;
	tag->blank_after = after == scanner->length || source[after] == '\n';
	tag->next_line = after < scanner->length ? after + 1 : after;
}

static char kind_of(char c)
{
	static const char kinds[] = { '#', '^', '/', '>', '<', '$', '=', '!', '{', '&' };
	return memchr(kinds, c, sizeof kinds) != NULL ? c : 'v';
}

bool template_scan_tag(struct scanner *scanner, size_t start, struct tag *tag)
{
	for (; scanner->counted < start; scanner->counted++)
		scanner->line += scanner->source[scanner->counted] == '\n';
	*tag = (struct tag){ .kind = 'v', .start = start, .line = scanner->line };

	size_t inside = start + scanner->open.length;
	if (inside < scanner->length)
		tag->kind = kind_of(scanner->source[inside]);
	if (tag->kind != 'v')
		inside++;

	/* {{{name}}} and {{=a b=}} close with a character of their own before the delimiter. */
	char own = tag->kind == '{' ? '}' : tag->kind == '=' ? '=' : '\0';
	size_t extra = own != '\0' ? 1 : 0;
	size_t close = find(scanner, inside + extra, scanner->close);
	while (extra == 1 && close < scanner->length && scanner->source[close - 1] != own)
		close = find(scanner, close + 1, scanner->close);
	if (close == scanner->length)
		return false;
	tag->content =
		slice_trim((struct slice){ scanner->source + inside, close - extra - inside });
	tag->end = close + scanner->close.length;
	look_around(scanner, tag);
	return true;
}

struct slice template_scan_indentation(const struct scanner *scanner, size_t at)
{
	size_t line = at, length = 0;
	for (; at < scanner->length && slice_is_space(scanner->source[at]); at++)
		if (scanner->source[at] == '\n')
			line = at + 1;
	while (line + length < at && slice_is_blank(scanner->source[line + length]))
		length++;
	return (struct slice){ scanner->source + line, length };
}

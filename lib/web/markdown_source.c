#include "web/markdown_source.h"
#include "web/markdown_line.h"
#include <string.h>

enum {
	PLACES = 256,  /* what the lowest byte of a position can be */
	ITEM_TYPE = 4, /* MD_BLOCK_LI */
};

/* Note the places that count for a line: where its text may begin, and where it ends. */
static void note_line(bool places[static PLACES], const char *text, size_t from, size_t end)
{
	size_t at = from;
	places[end % PLACES] = true;
	while (at < end && strchr(" \t>-+*#.)0123456789[]xX", text[at]) != NULL)
		places[at++ % PLACES] = true;
	places[at % PLACES] = true;
}

/* How many line breaks before the text keep every line away from the place that misleads md4c. */
static size_t find_shift(const char *text, size_t length)
{
	bool places[PLACES] = { false }, is_noted = false;
	size_t from = 0, line = 0, line_end = 0, shift = 0, end;
	for (; from < length; from = end + markdown_line_break(text, end, length)) {
		end = markdown_line_end(text, from, length);
		if (markdown_line_read(text + from, end - from).kind != LINE_BLANK) {
			line = from;
			line_end = end;
			is_noted = false;
		} else if (!is_noted) { /* once is enough, however many empty lines follow */
			note_line(places, text, line, line_end);
			is_noted = true;
		}
	}
	while (shift < PLACES && places[(PLACES + ITEM_TYPE - shift) % PLACES])
		shift++;
	return shift < PLACES ? shift : 0;
}

const char *markdown_source(struct pool *pool, const char *text, size_t *length)
{
	static const char padding[8] = "\n";
	size_t shift = find_shift(text, *length);
	struct buffer source = buffer_new(pool, shift + *length + sizeof padding + 1);
	for (size_t i = 0; i < shift; i++)
		buffer_byte(&source, '\n');
	buffer_add(&source, text, *length);
	buffer_add(&source, padding, sizeof padding);
	*length += shift;
	return source.bytes;
}

#include "chat/model_text.h"
#include "base/json.h"
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* The mark of byte 0x80 + n is U+10FF80 + n: f4 8f be 80 to f4 8f bf bf. */
enum { MARK_BYTES = 4 };

static bool is_mark(const char *bytes, size_t length)
{
	return length >= MARK_BYTES && memcmp(bytes, "\xf4\x8f", 2) == 0 &&
	       ((unsigned char)bytes[2] & 0xfe) == 0xbe;
}

static void add_mark(struct buffer *out, unsigned char byte)
{
	const unsigned char mark[MARK_BYTES] = { 0xf4, 0x8f, 0xbe | ((byte >> 6) & 1),
						 0x80 | (byte & 0x3f) };
	buffer_add(out, (const char *)mark, sizeof mark);
}

static char marked_byte(const char *mark)
{
	return (char)(0x80 | ((mark[2] & 1) << 6) | (mark[3] & 0x3f));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of "\uXXXX" at the beginning; -1: it is none. */
static int escaped_unit(const char *bytes, size_t length)
{
	if (length < 6 || bytes[0] != '\\' || bytes[1] != 'u')
		return -1;
	int unit = 0;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(bytes[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* Copies what an escape at the beginning means; how many bytes it takes. */
static size_t repair_escape(struct buffer *out, const char *bytes, size_t length)
{
	int unit = escaped_unit(bytes, length);
	if (unit < 0) { /* another escape, or one that is wrong, which the parser says */
		size_t width = length < 2 ? length : 2;
		if (width == 2 && (unsigned char)bytes[1] >= 0x80)
			width = 1;
		buffer_add(out, bytes, width);
		return width;
	}
	bool is_high = unit >= 0xd800 && unit <= 0xdbff, is_low = unit >= 0xdc00 && unit <= 0xdfff;
	int low = is_high ? escaped_unit(bytes + 6, length - 6) : -1;
	if (low >= 0xdc00 && low <= 0xdfff) {
		if (unit == 0xdbff && low >= 0xdf80) /* would be taken for a mark */
			buffer_puts(out, REPLACEMENT);
		else
			buffer_add(out, bytes, 12);
		return 12;
	}
	if (unit == 0 || is_high || is_low)
		buffer_puts(out, REPLACEMENT);
	else
		buffer_add(out, bytes, 6);
	return 6;
}

static size_t repair_character(struct buffer *out, const char *bytes, size_t length)
{
	size_t width = text_character(bytes, length);
	if (width == 0)
		add_mark(out, (unsigned char)*bytes);
	else if (is_mark(bytes, length))
		buffer_puts(out, REPLACEMENT);
	else
		buffer_add(out, bytes, width);
	return width > 0 ? width : 1;
}

struct value *model_json_read(struct pool *pool, const char *bytes, size_t length,
			      size_t values_max)
{
	struct buffer repaired = buffer_new(pool, length + 1);
	for (size_t i = 0; i < length;)
		i += bytes[i] == '\\' ? repair_escape(&repaired, bytes + i, length - i)
				      : repair_character(&repaired, bytes + i, length - i);
	return json_read(pool, repaired.bytes, repaired.length, values_max);
}

/* Whether more bytes could make a character of these, which are none yet. */
static bool is_beginning(const char *bytes, size_t length)
{
	unsigned char first = (unsigned char)*bytes;
	size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || length >= wanted)
		return false;
	/* The least and the greatest continuation: one of them is allowed wherever any is. */
	char least[4] = { '\x80', '\x80', '\x80', '\x80' },
	     most[4] = { '\xbf', '\xbf', '\xbf', '\xbf' };
	memcpy(least, bytes, length);
	memcpy(most, bytes, length);
	return text_character(least, wanted) == wanted || text_character(most, wanted) == wanted;
}

static void add_character(struct buffer *out, const char *bytes, size_t width)
{
	if (text_is_plain(bytes, width, true))
		buffer_add(out, bytes, width);
	else
		buffer_puts(out, REPLACEMENT);
}

static void unmark(struct buffer *out, const char *piece, size_t length)
{
	for (size_t i = 0; i < length;) {
		bool marked = is_mark(piece + i, length - i);
		buffer_byte(out, marked ? marked_byte(piece + i) : piece[i]);
		i += marked ? MARK_BYTES : 1;
	}
}

void model_joiner_add(struct model_joiner *joiner, struct buffer *out, const char *piece,
		      size_t length)
{
	struct buffer bytes = buffer_new(out->pool, joiner->held_length + length + 1);
	buffer_add(&bytes, joiner->held, joiner->held_length);
	unmark(&bytes, piece, length);
	joiner->held_length = 0;
	for (size_t i = 0; i < bytes.length;) {
		size_t width = text_character(bytes.bytes + i, bytes.length - i);
		if (width == 0 && is_beginning(bytes.bytes + i, bytes.length - i)) {
			joiner->held_length = bytes.length - i;
			memcpy(joiner->held, bytes.bytes + i, joiner->held_length);
			return;
		}
		add_character(out, bytes.bytes + i, width > 0 ? width : 1);
		i += width > 0 ? width : 1;
	}
}

void model_joiner_end(struct model_joiner *joiner, struct buffer *out)
{
	if (joiner->held_length > 0)
		buffer_puts(out, REPLACEMENT);
	joiner->held_length = 0;
}

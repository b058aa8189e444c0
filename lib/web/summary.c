#include "web/summary.h"

struct summary summary_begin(struct buffer *out, size_t characters)
{
	return (struct summary){
		.out = out, .begin = out->length, .last_length = out->length, .left = characters
	};
}

/* One code point. False when there is no place for it. */
static bool add_character(struct summary *summary, const char *bytes, size_t length)
{
	if (summary->left == 0) {
		summary->is_cut = true;
		return false;
	}
	summary->last_length = summary->out->length;
	buffer_add(summary->out, bytes, length);
	summary->left--;
	return true;
}

static size_t character_length(const char *text, size_t left)
{
	size_t length = 1;
	while (length < left && ((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static bool is_space_or_control(const char *character, size_t length)
{
	unsigned char first = (unsigned char)character[0];
	bool is_c1 = length == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0;
	return first <= ' ' || first == 0x7f || is_c1;
}

bool summary_add(struct summary *summary, const char *text, size_t size)
{
	for (size_t i = 0, length; i < size; i += length) {
		length = character_length(text + i, size - i);
		if (is_space_or_control(text + i, length)) {
			summary->wants_space = summary->out->length > summary->begin;
			continue;
		}
		if (summary->wants_space && !add_character(summary, " ", 1))
			return false;
		summary->wants_space = false;
		if (!add_character(summary, text + i, length))
			return false;
	}
	return true;
}

void summary_end(struct summary *summary)
{
	struct buffer *out = summary->out;
	if (!summary->is_cut || out->length == summary->begin)
		return;
	out->length = summary->last_length;
	if (out->length > summary->begin && out->bytes[out->length - 1] == ' ')
		out->length--;
	buffer_puts(out, "…");
}

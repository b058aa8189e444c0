#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buffer buffer_new(struct pool *pool, size_t capacity)
{
	if (capacity < 32)
		capacity = 32;
	struct buffer buffer = { .pool = pool, .capacity = capacity };
	buffer.bytes = pool_alloc(pool, capacity);
	buffer.bytes[0] = '\0';
	return buffer;
}

static void buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->capacity - buffer->length > more)
		return;
	size_t capacity = buffer->capacity * 2;
	if (capacity < buffer->length + more + 1)
		capacity = buffer->length + more + 1;
	char *bytes = pool_alloc(buffer->pool, capacity);
	memcpy(bytes, buffer->bytes, buffer->length + 1);
	buffer->bytes = bytes;
	buffer->capacity = capacity;
}

void buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
	if (length == 0)
		return;
	buffer_reserve(buffer, length);
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

void buffer_byte(struct buffer *buffer, char byte)
{
	buffer_add(buffer, &byte, 1);
}

void buffer_puts(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	va_list again;
	va_copy(again, arguments);
	size_t room = buffer->capacity - buffer->length;
	int length = vsnprintf(buffer->bytes + buffer->length, room, format, arguments);
	if (length > 0 && (size_t)length >= room) {
		buffer->bytes[buffer->length] = '\0';
		buffer_reserve(buffer, (size_t)length);
		vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, again);
	}
	if (length > 0)
		buffer->length += (size_t)length;
	va_end(again);
	va_end(arguments);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->bytes[0] = '\0';
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Length of the well-formed sequence at `at`, or 0 (Unicode 15, table 3-7). */
static size_t sequence_length(const unsigned char *at, size_t left)
{
	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		return left >= 2 && is_continuation(at[1]) ? 2 : 0;
	if (at[0] >= 0xe0 && at[0] <= 0xef) {
		if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2]))
			return 0;
		bool overlong = at[0] == 0xe0 && at[1] < 0xa0;
		bool surrogate = at[0] == 0xed && at[1] > 0x9f;
		return overlong || surrogate ? 0 : 3;
	}
	if (at[0] >= 0xf0 && at[0] <= 0xf4) {
		if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) ||
		    !is_continuation(at[3]))
			return 0;
		bool overlong = at[0] == 0xf0 && at[1] < 0x90;
		bool too_high = at[0] == 0xf4 && at[1] > 0x8f;
		return overlong || too_high ? 0 : 4;
	}
	return 0;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes;
	for (size_t i = 0; i < length;) {
		while (i < length && at[i] < 0x80)
			i++;
		if (i == length)
			break;
		size_t step = sequence_length(at + i, length - i);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

size_t text_character(const char *bytes, size_t length)
{
	return length > 0 ? sequence_length((const unsigned char *)bytes, length) : 0;
}

bool text_is_plain(const char *bytes, size_t length, bool lines)
{
	size_t ascii = 0; /* most texts are this and nothing else */
	while (ascii < length && bytes[ascii] >= 0x20 && bytes[ascii] < 0x7f)
		ascii++;
	if (ascii == length)
		return true;
	if (!text_is_utf8(bytes, length))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		bool line = c == '\n' || c == '\r' || c == '\t';
		if ((c < 0x20 && !(lines && line)) || c == 0x7f)
			return false;
		/* C1 controls U+0080..U+009F */
		if (c == 0xc2 && (unsigned char)bytes[i + 1] < 0xa0)
			return false;
	}
	return true;
}

/* U+202A to U+202E and U+2066 to U+2069 in UTF-8. */
static bool turns_direction(const unsigned char *at)
{
	return at[0] == 0xe2 && ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
				 (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

char *text_clean(struct pool *pool, const char *text, size_t bytes_max)
{
	size_t length = strlen(text);
	struct buffer out = buffer_new(pool, (length < bytes_max ? length : bytes_max) + 1);
	for (size_t i = 0; i < length;) {
		size_t step = sequence_length((const unsigned char *)text + i, length - i);
		bool good = step > 0 && text_is_plain(text + i, step, false) &&
			    !(step == 3 && turns_direction((const unsigned char *)text + i));
		if (out.length + (good ? step : 1) > bytes_max)
			break;
		if (good)
			buffer_add(&out, text + i, step);
		else
			buffer_byte(&out, '?');
		i += step > 0 ? step : 1;
	}
	return out.bytes;
}

size_t text_characters(const char *text)
{
	size_t count = 0;
	for (; *text != '\0'; text++)
		count += !is_continuation((unsigned char)*text);
	return count;
}

size_t text_prefix(const char *text, size_t characters)
{
	size_t i = 0;
	for (; text[i] != '\0'; i++) {
		if (is_continuation((unsigned char)text[i]))
			continue;
		if (characters-- == 0)
			break;
	}
	return i;
}

size_t text_prefix_bytes(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes + 1);
	if (length <= bytes)
		return length;
	length = bytes;
	while (length > 0 && is_continuation((unsigned char)text[length]))
		length--;
	return length;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_fold(const char *left, const char *right)
{
	while (*left != '\0' && fold(*left) == fold(*right)) {
		left++;
		right++;
	}
	return fold(*left) == fold(*right);
}

char *text_lower(struct pool *pool, const char *text)
{
	char *copy = pool_strdup(pool, text);
	for (char *c = copy; *c != '\0'; c++)
		*c = fold(*c);
	return copy;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char *text_trim(struct pool *pool, const char *text)
{
	while (is_space(*text))
		text++;
	size_t length = strlen(text);
	while (length > 0 && is_space(text[length - 1]))
		length--;
	return pool_strndup(pool, text, length);
}

bool text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), end = strlen(suffix);
	return length >= end && strcmp(text + length - end, suffix) == 0;
}

bool text_is_empty(const char *text)
{
	return text == NULL || *text == '\0';
}

bool text_to_integer(const char *text, int64_t minimum, int64_t maximum, int64_t *number)
{
	if (text_is_empty(text) || is_space(*text) || *text == '+')
		return false;
	char *end = NULL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < minimum || value > maximum)
		return false;
	*number = value;
	return true;
}

bool text_is_uuid(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		char c = fold(text[i]);
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		if (dash ? c != '-' : !hex)
			return false;
	}
	return text[36] == '\0';
}

bool text_list_has(const char *list, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = list; length > 0 && at != NULL && *at != '\0';) {
		size_t item = strcspn(at, ",");
		if (item == length && strncmp(at, name, length) == 0)
			return true;
		at += item + (at[item] == ',');
	}
	return false;
}

const char *text_from_integer(struct pool *pool, int64_t number)
{
	return pool_printf(pool, "%lld", (long long)number);
}

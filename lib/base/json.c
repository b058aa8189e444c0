#include "base/json.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static struct value *import(struct pool *pool, const json_t *json, int depth);

static struct value *import_object(struct pool *pool, const json_t *json, int depth)
{
	struct value *object = value_object(pool);
	/* jansson's iterator takes a non-const object, but only reads it. */
	json_t *source = (json_t *)(uintptr_t)json;
	for (void *at = json_object_iter(source); at != NULL;
	     at = json_object_iter_next(source, at)) {
		struct value *member = import(pool, json_object_iter_value(at), depth);
		if (member == NULL)
			return NULL;
		value_add(object, pool_strdup(pool, json_object_iter_key(at)), member);
	}
	return object;
}

static struct value *import_array(struct pool *pool, const json_t *json, int depth)
{
	struct value *array = value_array(pool);
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct value *item = import(pool, json_array_get(json, i), depth);
		if (item == NULL)
			return NULL;
		value_append(array, item);
	}
	return array;
}

/* NULL: nested too deep. */
static struct value *import(struct pool *pool, const json_t *json, int depth)
{
	if (depth == DEPTH_MAX)
		return NULL;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return import_object(pool, json, depth + 1);
	case JSON_ARRAY:
		return import_array(pool, json, depth + 1);
	case JSON_STRING: {
		size_t length = json_string_length(json);
		return value_string_n(pool, pool_strndup(pool, json_string_value(json), length),
				      length);
	}
	case JSON_INTEGER:
		return value_integer(pool, json_integer_value(json));
	case JSON_REAL:
		return value_real(pool, json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(pool, json_is_true(json));
	case JSON_NULL:
		break;
	}
	return value_null(pool);
}

/* An upper bound of the values in a text: each is the first, or follows one of these outside a
 * string. A text that is no JSON may be counted wrong; it is refused anyway. */
static size_t count_values(const char *bytes, size_t length)
{
	size_t count = 1;
	bool in_string = false;
	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];
		if (c == '"')
			in_string = !in_string;
		else if (in_string && c == '\\')
			i++;
		else if (!in_string && (c == ',' || c == '[' || c == '{'))
			count++;
	}
	return count;
}

struct value *json_read(struct pool *pool, const char *bytes, size_t length, size_t values_max)
{
	if (count_values(bytes, length) > values_max)
		return NULL;
	json_error_t error;
	json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json == NULL)
		return NULL;
	struct value *value = import(pool, json, 0);
	json_decref(json);
	return value;
}

/* How a byte must be written inside a JSON string; NULL: as it is. What is only `shown` to people
 * keeps its markup readable. */
static const char *escaped(unsigned char c, bool shown, char hex[static 7])
{
	static const char digits[] = "0123456789abcdef";
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		break;
	}
	if (c >= 0x20 && c != 0x7f && (shown || (c != '<' && c != '>' && c != '&')))
		return NULL;
	memcpy(hex, "\\u00", 4);
	hex[4] = digits[c >> 4];
	hex[5] = digits[c & 15];
	hex[6] = '\0';
	return hex;
}

static void write_string(struct buffer *out, const char *text, size_t length, bool shown)
{
	buffer_byte(out, '"');
	size_t plain = 0; /* where the run of bytes that need no escape began */
	for (size_t i = 0; i < length; i++) {
		char hex[7];
		const char *escape = escaped((unsigned char)text[i], shown, hex);
		size_t width = 1;
		if (escape == NULL && length - i >= 3 && memcmp(text + i, "\xe2\x80", 2) == 0 &&
		    (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) {
			escape = text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
			width = 3;
		}
		if (escape == NULL)
			continue;
		buffer_add(out, text + plain, i - plain);
		buffer_puts(out, escape);
		i += width - 1;
		plain = i + 1;
	}
	buffer_add(out, text + plain, length - plain);
	buffer_byte(out, '"');
}

/* With a point or an exponent, so that a reader does not take it for an integer. */
static void write_real(struct buffer *out, double number)
{
	char text[40];
	if (!isfinite(number)) { /* JSON has no infinity; nothing of ours makes one */
		buffer_puts(out, "null");
		return;
	}
	snprintf(text, sizeof text, "%.17g", number);
	buffer_puts(out, text);
	if (strpbrk(text, ".e") == NULL)
		buffer_puts(out, ".0");
}

static void write_list(struct buffer *out, const struct value *value, bool is_object)
{
	buffer_byte(out, is_object ? '{' : '[');
	for (size_t i = 0; i < value_count(value); i++) {
		if (i > 0)
			buffer_byte(out, ',');
		if (is_object) {
			const char *key = value_key(value, i);
			write_string(out, key, strlen(key), false);
			buffer_byte(out, ':');
		}
		json_write(out, value_item(value, i));
	}
	buffer_byte(out, is_object ? '}' : ']');
}

static void write_scalar(struct buffer *out, const struct value *value, bool shown)
{
	switch (value_type(value)) {
	case VALUE_FALSE:
		buffer_puts(out, "false");
		break;
	case VALUE_TRUE:
		buffer_puts(out, "true");
		break;
	case VALUE_INTEGER:
		buffer_printf(out, "%lld", (long long)value_to_integer(value));
		break;
	case VALUE_REAL:
		write_real(out, value_to_real(value));
		break;
	case VALUE_STRING:
		write_string(out, value_text(value), value_text_length(value), shown);
		break;
	default:
		buffer_puts(out, "null");
		break;
	}
}

void json_write(struct buffer *out, const struct value *value)
{
	enum value_type type = value_type(value);
	if (type == VALUE_ARRAY || type == VALUE_OBJECT)
		write_list(out, value, type == VALUE_OBJECT);
	else
		write_scalar(out, value, false);
}

/* A new line, indented by two spaces for each list that is open. */
static void begin_line(struct buffer *out, size_t depth)
{
	buffer_byte(out, '\n');
	for (size_t i = 0; i < depth; i++)
		buffer_puts(out, "  ");
}

static void show(struct buffer *out, const struct value *value, size_t depth)
{
	bool is_object = value_type(value) == VALUE_OBJECT;
	size_t count = value_count(value);
	if (!is_object && value_type(value) != VALUE_ARRAY) {
		write_scalar(out, value, true);
		return;
	}
	buffer_byte(out, is_object ? '{' : '[');
	for (size_t i = 0; i < count; i++) {
		const char *key = is_object ? value_key(value, i) : NULL;
		begin_line(out, depth + 1);
		if (key != NULL) {
			write_string(out, key, strlen(key), true);
			buffer_puts(out, ": ");
		}
		show(out, value_item(value, i), depth + 1);
		if (i + 1 < count)
			buffer_byte(out, ',');
	}
	if (count > 0)
		begin_line(out, depth);
	buffer_byte(out, is_object ? '}' : ']');
}

void json_show(struct buffer *out, const struct value *value)
{
	show(out, value, 0);
}

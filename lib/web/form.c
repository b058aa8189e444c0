#include "web/form.h"
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t form_decode(char *bytes, size_t length, bool plus)
{
	size_t out = 0;
	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];
		if (c == '+' && plus)
			c = ' ';
		else if (c == '%' && length - i > 2 && hex_digit(bytes[i + 1]) >= 0 &&
			 hex_digit(bytes[i + 2]) >= 0) {
			c = (char)(hex_digit(bytes[i + 1]) * 16 + hex_digit(bytes[i + 2]));
			i += 2;
		}
		bytes[out++] = c;
	}
	return out;
}

static char *decoded(struct pool *pool, const char *bytes, size_t length, size_t *decoded_length)
{
	char *copy = pool_strndup(pool, bytes, length);
	*decoded_length = form_decode(copy, length, true);
	copy[*decoded_length] = '\0';
	return copy;
}

static size_t count_parts(const char *bytes, size_t length)
{
	size_t parts = 1;
	for (size_t i = 0; i < length; i++)
		parts += bytes[i] == '&';
	return parts;
}

bool form_is_secret(const char *name)
{
	return text_starts_with(name, "password") || strcmp(name, "current_password") == 0 ||
	       strcmp(name, "api_key") == 0;
}

struct form *form_parse(struct pool *pool, const char *bytes, size_t length)
{
	struct form *form = pool_zalloc(pool, sizeof *form);
	size_t parts = count_parts(bytes, length);
	if (parts > FORM_FIELDS_MAX)
		return NULL;
	form->fields = pool_zalloc(pool, parts * sizeof *form->fields);
	const char *end = bytes + length;
	for (const char *at = bytes; at < end;) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		if (stop > at) {
			const char *equals = memchr(at, '=', (size_t)(stop - at));
			const char *name_end = equals != NULL ? equals : stop;
			const char *text = equals != NULL ? equals + 1 : stop;
			struct form_field *field = &form->fields[form->count++];
			size_t name_length;
			field->name = decoded(pool, at, (size_t)(name_end - at), &name_length);
			field->text = decoded(pool, text, (size_t)(stop - text), &field->length);
			if (form_is_secret(field->name))
				pool_wipe_at_end(pool, (void *)(uintptr_t)field->text,
						 field->length);
		}
		at = stop + 1;
	}
	return form;
}

const struct form_field *form_find(const struct form *form, const char *name)
{
	for (size_t i = 0; form != NULL && i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0)
			return &form->fields[i];
	return NULL;
}

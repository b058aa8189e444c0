#include "web/form.h"
#include <string.h>
#include <strings.h>

/* Longest boundary (RFC 2046, section 5.1.1), and how much a part may say before its content. */
enum { BOUNDARY_MAX_BYTES = 70, PART_HEAD_MAX_BYTES = 4096 };

/* Where bytes begin in others; NULL: nowhere. */
static const char *find(const char *at, const char *end, const char *wanted, size_t length)
{
	return at < end ? memmem(at, (size_t)(end - at), wanted, length) : NULL;
}

/* The text of a quoted parameter. Browsers write a quote in a name as %22, a line break as %0D or
 * %0A (WHATWG HTML, section 4.10.21.8), and older ones a quote as \". */
static const char *quoted(struct pool *pool, const char *at, const char *end)
{
	struct buffer out = buffer_new(pool, 64);
	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
			at++;
		if (end - at > 2 && strncmp(at, "%22", 3) == 0) {
			buffer_byte(&out, '"');
			at += 2;
		} else {
			buffer_byte(&out, *at);
		}
	}
	return at < end ? out.bytes : NULL;
}

/* A parameter of a header line such as: form-data; name="file"; filename="a.png". NULL: it has none
 * of that name. */
static const char *find_parameter(struct pool *pool, const char *at, const char *end,
				  const char *name)
{
	size_t length = strlen(name);
	for (bool inside = false; at < end; at++) {
		if (*at == '"')
			inside = !inside;
		if (*at == '\\' && inside && at + 1 < end)
			at++;
		if (*at != ';' || inside)
			continue;
		do
			at++;
		while (at < end && (*at == ' ' || *at == '\t'));
		if ((size_t)(end - at) >= length + 1 && strncasecmp(at, name, length) == 0 &&
		    at[length] == '=') {
			at += length + 1;
			if (at < end && *at == '"')
				return quoted(pool, at + 1, end);
			size_t token = 0;
			while (at + token < end && strchr("; \t\r\n", at[token]) == NULL)
				token++;
			return pool_strndup(pool, at, token);
		}
		at--;
	}
	return NULL;
}

/* The part's Content-Disposition, folded lines and other headers aside; NULL: it has none. */
static const char *find_disposition(const char *at, const char *end, const char **line_end)
{
	static const char name[] = "Content-Disposition:";
	while (at < end) {
		const char *stop = find(at, end, "\r\n", 2);
		if (stop == NULL)
			stop = end;
		if ((size_t)(stop - at) > sizeof name - 1 &&
		    strncasecmp(at, name, sizeof name - 1) == 0) {
			*line_end = stop;
			return at + sizeof name - 1;
		}
		at = stop + 2;
	}
	return NULL;
}

static bool read_part(struct pool *pool, const char *at, const char *end, struct form_field *field)
{
	const char *content = find(at, end, "\r\n\r\n", 4), *line_end;
	if (content == NULL || content - at > PART_HEAD_MAX_BYTES)
		return false;
	const char *line = find_disposition(at, content, &line_end);
	if (line == NULL)
		return false;
	field->name = find_parameter(pool, line, line_end, "name");
	field->filename = find_parameter(pool, line, line_end, "filename");
	field->length = (size_t)(end - content - 4);
	field->text = pool_strndup(pool, content + 4, field->length);
	if (field->name != NULL && form_is_secret(field->name))
		pool_wipe_at_end(pool, (void *)(uintptr_t)field->text, field->length);
	return field->name != NULL;
}

/* "--boundary", or NULL. */
static const char *delimiter(struct pool *pool, const char *content_type)
{
	const char *end = content_type + strlen(content_type);
	const char *boundary = find_parameter(pool, content_type, end, "boundary");
	if (text_is_empty(boundary) || strlen(boundary) > BOUNDARY_MAX_BYTES)
		return NULL;
	return pool_printf(pool, "\r\n--%s", boundary);
}

/* What follows the first delimiter, which needs no line break before it; NULL: there is none. */
static const char *after_first_delimiter(const char *bytes, const char *end, const char *between)
{
	size_t size = strlen(between);
	if ((size_t)(end - bytes) >= size - 2 && memcmp(bytes, between + 2, size - 2) == 0)
		return bytes + size - 2;
	const char *found = find(bytes, end, between, size);
	return found != NULL ? found + size : NULL;
}

struct form *form_parse_multipart(struct pool *pool, const char *bytes, size_t length,
				  const char *content_type)
{
	const char *between = delimiter(pool, content_type);
	if (between == NULL)
		return NULL;
	size_t size = strlen(between);
	const char *end = bytes + length;
	struct form *form = pool_zalloc(pool, sizeof *form);
	form->fields = pool_zalloc(pool, FORM_FIELDS_MAX * sizeof *form->fields);
	const char *at = after_first_delimiter(bytes, end, between);
	while (at != NULL) {
		if (end - at >= 2 && memcmp(at, "--", 2) == 0)
			return form;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (end - at < 2 || memcmp(at, "\r\n", 2) != 0 || form->count == FORM_FIELDS_MAX)
			return NULL;
		const char *stop = find(at, end, between, size);
		if (stop == NULL || !read_part(pool, at + 2, stop, &form->fields[form->count++]))
			return NULL;
		at = stop + size;
	}
	return NULL;
}

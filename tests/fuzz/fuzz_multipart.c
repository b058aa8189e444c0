/* Forms in pieces. The first line of the input is the Content-Type, the rest the body. Whatever it
 * says: a field has a name, and its bytes stand in the body. */
#include "web/form.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	const char *text = (const char *)data, *end = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t head = end != NULL ? (size_t)(end - text) : size;
	size_t length = end != NULL ? size - head - 1 : 0;
	char *type = pool_strndup(pool, text, head), *body = pool_alloc(pool, length + 1);
	if (length > 0)
		memcpy(body, end + 1, length);
	const struct form *form = form_parse_multipart(pool, body, length, type);
	for (size_t i = 0; form != NULL && i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		if (field->name == NULL || field->length > length ||
		    field->text[field->length] != '\0' ||
		    (field->length > 0 && memmem(body, length, field->text, field->length) == NULL))
			abort();
	}
	pool_free(pool);
	return 0;
}

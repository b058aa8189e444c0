/* Form fields: application/x-www-form-urlencoded (WHATWG URL, section 5.1), from bodies and
 * query strings. */
#pragma once
#include "base/text.h"

enum { FORM_FIELDS_MAX = 500 };

struct form_field {
	const char *name;
	const char *text; /* decoded, NUL-terminated */
	size_t length;    /* in bytes; longer than strlen(text) when it holds a NUL */
};

struct form {
	struct form_field *fields;
	size_t count;
};

/* Parse; NULL when there are more than FORM_FIELDS_MAX fields. */
struct form *form_parse(struct pool *pool, const char *bytes, size_t length);

/* The first field of that name, or NULL. */
const struct form_field *form_find(const struct form *form, const char *name);

/* Decode percent escapes in place, '+' as a space when `plus` is set; a '%' without two digits stays
 * as it is. The new length. */
size_t form_decode(char *bytes, size_t length, bool plus);

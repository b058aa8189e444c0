/* Form fields: application/x-www-form-urlencoded (WHATWG URL, section 5.1), from bodies and query
 * strings, and multipart/form-data (RFC 7578) for forms with files. */
#pragma once
#include "base/text.h"

enum { FORM_FIELDS_MAX = 500 };

struct form_field {
	const char *name;
	const char *text;     /* decoded, NUL-terminated */
	size_t length;        /* in bytes; longer than strlen(text) when it holds a NUL */
	const char *filename; /* of a file, as the client calls it, or ""; NULL: no file */
};

struct form {
	struct form_field *fields;
	size_t count;
};

/* Parse; NULL when there are more than FORM_FIELDS_MAX fields. */
struct form *form_parse(struct pool *pool, const char *bytes, size_t length);

/* Parse a multipart body. The boundary comes from the whole Content-Type. Each part needs a
 * Content-Disposition with a name; what else a part says of itself is not believed and not kept.
 * NULL: no boundary, a part without a name or an end, or more than FORM_FIELDS_MAX parts. */
struct form *form_parse_multipart(struct pool *pool, const char *bytes, size_t length,
				  const char *content_type);

/* Whether a field of this name holds a secret, which is wiped, never kept and never shown again:
 * password…, current_password, api_key. */
bool form_is_secret(const char *name);

/* The first field of that name, or NULL. */
const struct form_field *form_find(const struct form *form, const char *name);

/* Decode percent escapes in place, '+' as a space when `plus` is set; a '%' without two digits stays
 * as it is. The new length. */
size_t form_decode(char *bytes, size_t length, bool plus);

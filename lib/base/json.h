/* JSON text (RFC 8259) to values and back. Reading is jansson's work. */
#pragma once
#include "base/text.h"
#include "base/value.h"

/* Parse UTF-8 JSON text. NULL when it is not JSON, has duplicate keys or a NUL in a string, is
 * nested deeper than 64, holds numbers that do not fit 64 bits, or more than `values_max` values.
 * The values are counted before anything is built: a megabyte of "[{},{},…" would take a hundred. */
struct value *json_read(struct pool *pool, const char *bytes, size_t length, size_t values_max);

/* Append the value as compact JSON in UTF-8. '<', '>', '&', U+2028 and U+2029 are escaped, so that
 * the text may stand inside a <script type="application/json"> element. */
void json_write(struct buffer *out, const struct value *value);

/* The same for people to read: indented, and with markup as it is, so that it has to be escaped
 * like any other text where it is put into a page. */
void json_show(struct buffer *out, const struct value *value);

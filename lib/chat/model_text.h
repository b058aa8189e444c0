/* Text from servers of models, which is not always as whole as it should be: some cut a character in
 * two between one piece and the next, within bytes that should have been UTF-8.
 *
 * Reading JSON keeps such bytes by marking them, and joining puts them together again. The mark of a
 * byte is a character of a private use area (U+10FF80 to U+10FFFF); one that a server really sends
 * becomes U+FFFD. */
#pragma once
#include "base/text.h"
#include "base/value.h"

/* As json_read, but what is wrong inside texts does not spoil the whole: bytes that are no UTF-8 are
 * marked, and halves of surrogate pairs and NUL become U+FFFD. */
struct value *model_json_read(struct pool *pool, const char *bytes, size_t length,
			      size_t values_max);

/* Joins pieces; all zero to begin with. */
struct model_joiner {
	char held[4]; /* the beginning of a character whose rest has not come */
	size_t held_length;
};

/* Append to `out` the whole characters that this piece completes. What is no UTF-8, and control
 * characters but for tabs and line ends, becomes U+FFFD: a database takes what comes out, and a
 * terminal is safe from it. */
void model_joiner_add(struct model_joiner *joiner, struct buffer *out, const char *piece,
		      size_t length);

/* Append U+FFFD for what was held back: nothing follows. */
void model_joiner_end(struct model_joiner *joiner, struct buffer *out);

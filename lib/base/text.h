/* Text: a growing buffer, and the few questions about strings that the whole program asks. */
#pragma once
#include "base/memory.h"

/* Bytes that grow in a pool. Read `bytes` and `length`; write through the functions. */
struct buffer {
	struct pool *pool;
	char *bytes; /* always NUL-terminated after length bytes */
	size_t length;
	size_t capacity;
};

/* An empty buffer in `pool` with room for `capacity` bytes to begin with. */
struct buffer buffer_new(struct pool *pool, size_t capacity);
void buffer_add(struct buffer *buffer, const char *bytes, size_t length);
void buffer_byte(struct buffer *buffer, char byte);
void buffer_puts(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *buffer);

/* Whether these bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above
 * U+10FFFF (RFC 3629). NUL bytes are allowed here; see text_is_plain. */
bool text_is_utf8(const char *bytes, size_t length);

/* The bytes of the well-formed character that these bytes begin with; 0 when they do not. */
size_t text_character(const char *bytes, size_t length);

/* Whether these bytes are UTF-8 without control characters; line breaks and tabs are allowed
 * when `lines` is set. NUL and DEL are never plain. */
bool text_is_plain(const char *bytes, size_t length, bool lines);

/* How many characters (code points) a well-formed UTF-8 string has. */
size_t text_characters(const char *text);

/* The longest prefix of `text` with at most `characters` code points, in bytes. */
size_t text_prefix(const char *text, size_t characters);

/* The longest prefix of a well-formed UTF-8 string with at most `bytes` bytes that ends between two
 * characters, in bytes. */
size_t text_prefix_bytes(const char *text, size_t bytes);

/* Equality with ASCII letters folded and every other byte compared as it is. MySQL collations
 * also fold accents; a sign-in must not ("ádmin" is not "admin"). */
bool text_equal_fold(const char *left, const char *right);

/* A lower-case copy, ASCII letters only. */
char *text_lower(struct pool *pool, const char *text);

/* A copy for people to read, whatever these bytes are: at most `bytes_max` bytes, cut between two
 * characters; '?' for each byte that is no UTF-8, each control character, and each that turns the
 * direction of the text around it (U+202A to U+202E, U+2066 to U+2069). */
char *text_clean(struct pool *pool, const char *text, size_t bytes_max);

/* A copy without leading and trailing ASCII white space. */
char *text_trim(struct pool *pool, const char *text);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

/* NULL and "" are both empty. */
bool text_is_empty(const char *text);

/* A decimal integer that fills the whole text and lies within the limits; else false. */
bool text_to_integer(const char *text, int64_t minimum, int64_t maximum, int64_t *number);

/* Whether the text is a UUID in its 8-4-4-4-12 form (RFC 9562), upper or lower case. */
bool text_is_uuid(const char *text);

/* Whether a name is in a list with commas between, without spaces. */
bool text_list_has(const char *list, const char *name);

/* The number in decimal, as parameters of statements are written. */
const char *text_from_integer(struct pool *pool, int64_t number);

/* The members of a session's JSON object, each kept byte for byte as it was found: numbers of any
 * size, whatever another program put there, in its order. Only the few we know are read as text. */
#pragma once
#include "base/text.h"

struct members;

/* An object without members. */
struct members *members_new(struct pool *pool);

/* Take a JSON object apart. NULL when the bytes are no JSON object or nested deeper than 128. Of
 * duplicate names the last counts, as in Python. Bytes of 0x80 and above are Latin-1, which is how
 * Django reads what it signed. */
struct members *members_parse(struct pool *pool, const char *json, size_t length);

/* The text of a string member, unescaped; NULL when missing, no string, or not plain text. */
const char *members_get(const struct members *members, const char *name);

/* Set a string member; NULL removes it. */
void members_set(struct members *members, const char *name, const char *text);

/* Compact JSON, ASCII only, as Django's serializer writes it. */
const char *members_write(const struct members *members, struct pool *pool);

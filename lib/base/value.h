/* Values: what handlers put into a reply, what templates read, what programs send us. The kinds
 * are JSON's (RFC 8259).
 *
 * Values live in a pool and are never freed one by one: a page builds and reads dozens of them,
 * and a pool makes that nearly free. base/json.h turns them into text and back. */
#pragma once
#include "base/memory.h"

enum value_type {
	VALUE_NULL,
	VALUE_FALSE,
	VALUE_TRUE,
	VALUE_INTEGER,
	VALUE_REAL,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT
};

struct value;

/* New values. Neither texts nor keys are copied: pass literals or memory that lives as long as
 * `pool`. A NULL text becomes null. */
struct value *value_object(struct pool *pool);
struct value *value_array(struct pool *pool);
struct value *value_null(struct pool *pool);
struct value *value_bool(struct pool *pool, bool truth);
struct value *value_integer(struct pool *pool, int64_t number);
struct value *value_real(struct pool *pool, double number);
struct value *value_string(struct pool *pool, const char *text);
struct value *value_string_n(struct pool *pool, const char *text, size_t length);

/* Put a member into an object (one of that name is replaced), or an item at the end of an array.
 * A NULL `member` or `item` becomes null. */
void value_set(struct value *object, const char *key, struct value *member);
/* The same for a name that the caller knows to be new: it is not looked for. */
void value_add(struct value *object, const char *key, struct value *member);
void value_set_string(struct value *object, const char *key, const char *text);
void value_set_integer(struct value *object, const char *key, int64_t number);
void value_set_bool(struct value *object, const char *key, bool truth);
void value_append(struct value *array, struct value *item);

/* Questions. A NULL value is null everywhere. */
enum value_type value_type(const struct value *value);
/* The member of that name; NULL when there is none or `object` is not an object. */
const struct value *value_get(const struct value *object, const char *key);
const struct value *value_get_n(const struct value *object, const char *key, size_t key_length);
/* The text of a string member; NULL when it is missing or not a string. */
const char *value_get_string(const struct value *object, const char *key);
const char *value_text(const struct value *value);   /* NULL unless a string */
size_t value_text_length(const struct value *value); /* bytes; 0 unless a string */
int64_t value_to_integer(const struct value *value); /* 0 unless an integer */
double value_to_real(const struct value *value);     /* 0 unless a real */
/* Members or items; 0 for anything else. value_item of an object is the member at that place. */
size_t value_count(const struct value *value);
const struct value *value_item(const struct value *value, size_t index);
const char *value_key(const struct value *object, size_t index);

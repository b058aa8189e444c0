#include "base/value.h"
#include <string.h>

struct member {
	const char *key; /* NULL in arrays */
	size_t key_length;
	struct value *value;
};

struct value {
	enum value_type type;
	union {
		int64_t integer;
		double real;
		struct {
			const char *text;
			size_t length;
		} string;
		struct {
			struct pool *pool;
			struct member *members;
			size_t count, capacity;
		} list;
	};
};

static struct value *value_new(struct pool *pool, enum value_type type)
{
	struct value *value = pool_zalloc(pool, sizeof *value);
	value->type = type;
	return value;
}

static struct value *list_new(struct pool *pool, enum value_type type)
{
	struct value *value = value_new(pool, type);
	value->list.pool = pool;
	return value;
}

struct value *value_object(struct pool *pool)
{
	return list_new(pool, VALUE_OBJECT);
}

struct value *value_array(struct pool *pool)
{
	return list_new(pool, VALUE_ARRAY);
}

struct value *value_null(struct pool *pool)
{
	return value_new(pool, VALUE_NULL);
}

struct value *value_bool(struct pool *pool, bool truth)
{
	return value_new(pool, truth ? VALUE_TRUE : VALUE_FALSE);
}

struct value *value_integer(struct pool *pool, int64_t number)
{
	struct value *value = value_new(pool, VALUE_INTEGER);
	value->integer = number;
	return value;
}

struct value *value_real(struct pool *pool, double number)
{
	struct value *value = value_new(pool, VALUE_REAL);
	value->real = number;
	return value;
}

struct value *value_string(struct pool *pool, const char *text)
{
	return text != NULL ? value_string_n(pool, text, strlen(text)) : value_null(pool);
}

struct value *value_string_n(struct pool *pool, const char *text, size_t length)
{
	struct value *value = value_new(pool, VALUE_STRING);
	value->string.text = text;
	value->string.length = length;
	return value;
}

static struct member *find(const struct value *object, const char *key, size_t length)
{
	if (value_type(object) != VALUE_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->list.count; i++) {
		struct member *member = &object->list.members[i];
		if (member->key_length == length && memcmp(member->key, key, length) == 0)
			return member;
	}
	return NULL;
}

static void push(struct value *list, struct member member)
{
	if (list->list.count == list->list.capacity) {
		size_t capacity = list->list.capacity == 0 ? 8 : list->list.capacity * 2;
		struct member *members = pool_alloc(list->list.pool, capacity * sizeof *members);
		if (list->list.count > 0)
			memcpy(members, list->list.members, list->list.count * sizeof *members);
		list->list.members = members;
		list->list.capacity = capacity;
	}
	list->list.members[list->list.count++] = member;
}

void value_set(struct value *object, const char *key, struct value *member)
{
	if (member == NULL)
		member = value_null(object->list.pool);
	struct member *found = find(object, key, strlen(key));
	if (found != NULL)
		found->value = member;
	else
		push(object, (struct member){ key, strlen(key), member });
}

void value_add(struct value *object, const char *key, struct value *member)
{
	push(object, (struct member){ key, strlen(key), member });
}

void value_set_string(struct value *object, const char *key, const char *text)
{
	value_set(object, key, value_string(object->list.pool, text));
}

void value_set_integer(struct value *object, const char *key, int64_t number)
{
	value_set(object, key, value_integer(object->list.pool, number));
}

void value_set_bool(struct value *object, const char *key, bool truth)
{
	value_set(object, key, value_bool(object->list.pool, truth));
}

void value_append(struct value *array, struct value *item)
{
	if (item == NULL)
		item = value_null(array->list.pool);
	push(array, (struct member){ .value = item });
}

enum value_type value_type(const struct value *value)
{
	return value != NULL ? value->type : VALUE_NULL;
}

const struct value *value_get_n(const struct value *object, const char *key, size_t key_length)
{
	const struct member *member = find(object, key, key_length);
	return member != NULL ? member->value : NULL;
}

const struct value *value_get(const struct value *object, const char *key)
{
	return value_get_n(object, key, strlen(key));
}

const char *value_get_string(const struct value *object, const char *key)
{
	return value_text(value_get(object, key));
}

const char *value_text(const struct value *value)
{
	return value_type(value) == VALUE_STRING ? value->string.text : NULL;
}

size_t value_text_length(const struct value *value)
{
	return value_type(value) == VALUE_STRING ? value->string.length : 0;
}

int64_t value_to_integer(const struct value *value)
{
	return value_type(value) == VALUE_INTEGER ? value->integer : 0;
}

double value_to_real(const struct value *value)
{
	return value_type(value) == VALUE_REAL ? value->real : 0;
}

size_t value_count(const struct value *value)
{
	enum value_type type = value_type(value);
	return type == VALUE_ARRAY || type == VALUE_OBJECT ? value->list.count : 0;
}

const struct value *value_item(const struct value *value, size_t index)
{
	return index < value_count(value) ? value->list.members[index].value : NULL;
}

const char *value_key(const struct value *object, size_t index)
{
	return index < value_count(object) ? object->list.members[index].key : NULL;
}

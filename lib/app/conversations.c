#include "app/conversations.h"
#include <string.h>

static const char *about(struct pool *pool, const struct conversation *conversation)
{
	bool both = *conversation->country != '\0' && *conversation->service != '\0';
	return pool_printf(pool, "%s%s%s", conversation->service, both ? " · " : "",
			   conversation->country);
}

struct value *conversation_value(struct visit *visit, const struct conversation *conversation)
{
	struct value *value = value_object(visit->pool);
	value_set_string(value, "id", conversation->id);
	value_set_string(value, "title",
			 *conversation->title != '\0' ? conversation->title : "New conversation");
	value_set_string(value, "country", conversation->country);
	value_set_string(value, "service", conversation->service);
	value_set_string(value, "about", about(visit->pool, conversation));
	value_set_bool(value, "is_open", conversation->is_open);
	return value;
}

struct value *conversations_value(struct visit *visit, const struct conversation_list *list,
				  const char *current_id)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < list->count; i++) {
		const struct conversation *conversation = &list->items[i];
		struct value *value = conversation_value(visit, conversation);
		value_set_string(value, "age", visit_age_text(visit->pool, conversation->age_s));
		value_set_bool(value, "is_current",
			       current_id != NULL && strcmp(current_id, conversation->id) == 0);
		value_append(values, value);
	}
	return values;
}

struct value *choices_value(struct visit *visit, const char *const *list, const char *chosen)
{
	struct value *values = value_array(visit->pool);
	for (; *list != NULL; list++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "name", *list);
		value_set_bool(value, "is_chosen", chosen != NULL && strcmp(chosen, *list) == 0);
		value_append(values, value);
	}
	return values;
}

bool choice_is_listed(const char *const *list, const char *text)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

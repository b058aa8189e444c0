/* Conversations on pages: the values that several pages show of them, and the operator's lists of
 * countries and services. */
#pragma once
#include "app/visit.h"
#include "chat/conversation.h"

/* An array for the page: id, title, country, service, about ("Tax · Germany"), age, is_open, and
 * is_current for the one with this id (may be NULL). */
struct value *conversations_value(struct visit *visit, const struct conversation_list *list,
				  const char *current_id);

/* Of one conversation: id, title, country, service, about, is_open. */
struct value *conversation_value(struct visit *visit, const struct conversation *conversation);

/* The operator's list as options: name, and is_chosen for the one that was picked. */
struct value *choices_value(struct visit *visit, const char *const *list, const char *chosen);

/* Whether the text is one of the list. */
bool choice_is_listed(const char *const *list, const char *text);

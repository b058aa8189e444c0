/* Conversations on pages: the values that several pages show of them, and the operator's lists of
 * countries and services. */
#pragma once
#include "app/visit.h"
#include "chat/conversation_search.h"

/* An array for the page: id, title, country, service, about ("Tax · Germany"), age, is_open, and
 * is_current for the one with this id (may be NULL). */
struct value *conversations_value(struct visit *visit, const struct conversation_list *list,
				  const char *current_id);

/* Of one conversation: id, title, country, service, about, is_open, folder, is_pinned, is_archived. */
struct value *conversation_value(struct visit *visit, const struct conversation *conversation);

/* The list beside a conversation: ask for so many, which is one more than shown when others follow.
 * Programs get "conversations" and perhaps "more_conversations", a cursor for GET
 * /api/conversations; the page "pinned", "recent" and "more_link". */
extern const size_t conversations_beside;
void conversations_set_sidebar(struct visit *visit, struct conversation_list *list,
			       const char *current_id);

/* One that was found: also age, message_id, and where the words are in it: "title_runs" and "passage",
 * arrays of text and is_hit. */
struct value *found_value(struct visit *visit, const struct conversation_found *found);

/* What was done with a conversation, as a sentence; NULL: nothing that is known. */
const char *conversations_notice(const char *done);
/* The same on the page that follows: "notice", or "deleted_id" of what can be had back, from the
 * address's "done" and "deleted". */
void conversations_set_notice(struct visit *visit);

/* The operator's list as options: name, and is_chosen for the one that was picked. */
struct value *choices_value(struct visit *visit, const char *const *list, const char *chosen);

/* Whether the text is one of the list. */
bool choice_is_listed(const char *const *list, const char *text);

/* Whose conversations a visit is about. */
struct conversation_owner conversation_owner_of(const struct visit *visit);

/* What is wrong with a message before it is stored (`text` is the trimmed field "message"), as a
 * sentence; NULL: nothing. */
const char *message_text_problem(struct visit *visit, const char *text);

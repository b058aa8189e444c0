#include "app/conversations.h"
#include <string.h>

enum { BESIDE = 30 };

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
	if (!text_is_empty(conversation->character_name))
		value_set_string(value, "character_name", conversation->character_name);
	value_set_bool(value, "is_open", conversation->is_open);
	value_set_string(value, "folder", conversation->folder != NULL ? conversation->folder : "");
	value_set_bool(value, "is_pinned", conversation->is_pinned);
	value_set_bool(value, "is_archived", conversation->is_archived);
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

/* A link further down the list, for who has no scripts. */
static void set_more(struct visit *visit, const struct conversation *last)
{
	value_set_string(visit->data, "more_conversations", last->cursor);
	value_set_string(visit->page, "more_link",
			 visit_path(visit, pool_printf(visit->pool, "/chat/conversations?after=%s",
						       last->cursor)));
}

const size_t conversations_beside = BESIDE + 1;

void conversations_set_sidebar(struct visit *visit, struct conversation_list *list,
			       const char *current_id)
{
	size_t pinned = 0;
	while (pinned < list->count && list->items[pinned].is_pinned)
		pinned++;
	if (list->count - pinned > BESIDE) {
		list->count = pinned + BESIDE;
		set_more(visit, &list->items[list->count - 1]);
	}
	struct value *all = conversations_value(visit, list, current_id);
	struct value *parts[] = { value_array(visit->pool), value_array(visit->pool) };
	for (size_t i = 0; i < list->count; i++)
		/* The page shows the same values as two lists, and changes none of them. */
		value_append(parts[i >= pinned], (struct value *)(uintptr_t)value_item(all, i));
	value_set(visit->data, "conversations", all);
	value_set(visit->page, "pinned", parts[0]);
	value_set(visit->page, "recent", parts[1]);
	const struct app *app = visit->app;
	value_set_bool(visit->page, "has_filters",
		       *app->countries != NULL || *app->services != NULL);
	value_set(visit->page, "filter_countries", choices_value(visit, app->countries, NULL));
	value_set(visit->page, "filter_services", choices_value(visit, app->services, NULL));
	value_set_bool(visit->page, "has_pinned", pinned > 0);
	value_set_bool(visit->page, "has_list", list->count > 0);
}

/* What was found in a text, as runs of it: text, is_hit. */
static struct value *runs_value(struct visit *visit, const char *marked)
{
	struct value *runs = value_array(visit->pool);
	bool is_hit = false;
	while (*marked != '\0') {
		size_t length = strcspn(marked, "\001\002");
		if (length > 0) {
			struct value *run = value_object(visit->pool);
			value_set_string(run, "text", pool_strndup(visit->pool, marked, length));
			value_set_bool(run, "is_hit", is_hit);
			value_append(runs, run);
		}
		marked += length;
		if (*marked != '\0')
			is_hit = *marked++ == '\001';
	}
	return runs;
}

struct value *found_value(struct visit *visit, const struct conversation_found *found)
{
	struct value *value = conversation_value(visit, &found->conversation);
	value_set_string(value, "age", visit_age_text(visit->pool, found->conversation.age_s));
	value_set(value, "title_runs",
		  runs_value(visit, *found->marked_title != '\0' ? found->marked_title
								 : "New conversation"));
	value_set_string(value, "message_id", found->message_id);
	if (*found->passage != '\0')
		value_set(value, "passage", runs_value(visit, found->passage));
	return value;
}

const char *conversations_notice(const char *done)
{
	static const char *const notices[][2] = {
		{ "save", "Saved." },
		{ "title", "The title is saved." },
		{ "folder", "The folder is saved." },
		{ "pin", "Pinned." },
		{ "unpin", "No longer pinned." },
		{ "archive", "Archived." },
		{ "unarchive", "Out of the archive." },
		{ "delete", "Deleted." },
		{ "restore", "Restored." },
		{ "purge", "Deleted for good." },
		{ "import", "Imported. Importing the same file again makes copies." },
	};
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i][0], done) == 0)
			return notices[i][1];
	return NULL;
}

void conversations_set_notice(struct visit *visit)
{
	const char *deleted = request_query(visit->request, "deleted");
	const char *notice = conversations_notice(request_query(visit->request, "done"));
	if (text_is_uuid(deleted) && visit->session->kind != SESSION_BOT)
		value_set_string(visit->page, "deleted_id", deleted);
	else
		value_set_string(visit->page, "notice", notice);
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

struct conversation_owner conversation_owner_of(const struct visit *visit)
{
	const struct session *session = visit->session;
	return (struct conversation_owner){ .user_id = session->user_id,
					    .username = session->username,
					    .is_guest = session->kind == SESSION_BOT };
}

const char *message_text_problem(struct visit *visit, const char *message)
{
	int64_t limit = visit->app->config->chat.message_limit;
	if (!request_field_is_clean(visit->request, "message", true))
		return "Your message holds characters that are no text. Remove them and send it "
		       "again.";
	if (*message == '\0')
		return "Write a message first.";
	if (text_characters(message) > (size_t)limit)
		return pool_printf(visit->pool, "Your message is longer than %lld characters.",
				   (long long)limit);
	return NULL;
}

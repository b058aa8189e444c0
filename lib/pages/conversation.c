#include "app/conversations.h"
#include "app/opening.h"
#include "base/log.h"
#include "chat/conversation_change.h"
#include "chat/conversation_transfer.h"
#include "pages/pages.h"
#include <string.h>

/* One conversation: its title and folder, pinning, archiving and deleting it. */

static enum outcome show(struct visit *visit, struct conversation *conversation)
{
	struct conversation_results folders;
	enum outcome outcome = conversation_details(visit->app->postgresql, visit->pool,
						    visit->session->user_id, visit->path_rest,
						    conversation, &folders);
	if (outcome != OK)
		return outcome;
	struct value *value = conversation_value(visit, conversation);
	value_set_bool(value, "has_own_title", conversation->has_own_title);
	value_set_integer(value, "created_at", conversation->created_at_s);
	value_set_integer(value, "last_activity", conversation->last_activity_s);
	if (visit->request->wants_json)
		visit->data = value;
	value_set(visit->page, "conversation", value);
	value_set_string(visit->page, "begun",
			 visit_moment_text(visit->pool, conversation->created_at_s));
	value_set_string(visit->page, "last",
			 visit_moment_text(visit->pool, conversation->last_activity_s));
	value_set_string(visit->page, "typed_title", conversation->title);
	value_set_string(visit->page, "typed_folder", conversation->folder);
	struct value *names = value_array(visit->pool);
	for (size_t i = 0; i < folders.folder_count; i++)
		value_append(names, value_string(visit->pool, folders.folders[i].name));
	value_set(visit->page, "folders", names);
	return OK;
}

/* As a file. */
static enum outcome send_export(struct visit *visit, const char *wanted)
{
	static const struct {
		const char *wanted, *type;
		enum conversation_format format;
	} formats[] = {
		{ "markdown", "text/markdown; charset=utf-8", CONVERSATION_MARKDOWN },
		{ "json", "application/json; charset=utf-8", CONVERSATION_JSON },
	};
	size_t i = 0;
	while (i < sizeof formats / sizeof *formats && strcmp(formats[i].wanted, wanted) != 0)
		i++;
	if (i == sizeof formats / sizeof *formats)
		return BAD_REQUEST;
	struct conversation_export *export;
	const char *name;
	enum outcome outcome = conversation_export_begin(visit->app->postgresql, visit->pool,
							 visit->session->user_id, visit->path_rest,
							 formats[i].format, &export, &name);
	return outcome == OK ? visit_send_pieces(visit, name, formats[i].type,
						 conversation_export_next, export)
			     : outcome;
}

static enum outcome conversation_show(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "export");
	if (*wanted != '\0')
		return send_export(visit, wanted);
	struct conversation conversation;
	enum outcome outcome = show(visit, &conversation);
	conversations_set_notice(visit);
	return outcome == OK ? visit_show(visit, "conversation.html") : outcome;
}

/* The form again with what was typed. */
static enum outcome show_again(struct visit *visit, enum outcome reason, struct value *fields)
{
	struct conversation conversation;
	enum outcome outcome = visit->request->wants_json ? OK : show(visit, &conversation);
	if (outcome != OK)
		return outcome;
	visit_refuse(visit, reason, "conversation.html");
	value_set_string(visit->page, "typed_title", request_field(visit->request, "title"));
	value_set_string(visit->page, "typed_folder", request_field(visit->request, "folder"));
	if (fields != NULL)
		visit_set_fields(visit, fields);
	return OK;
}

static enum outcome conversation_again(struct visit *visit)
{
	return show_again(visit, CSRF_FAILED, NULL);
}

static void check(struct visit *visit, struct value *fields, const char *name, size_t longest)
{
	const char *text = text_trim(visit->pool, request_field(visit->request, name));
	if (!request_field_is_clean(visit->request, name, false))
		value_set_string(fields, name, "This holds characters that are no text.");
	else if (text_characters(text) > longest)
		value_set_string(
			fields, name,
			pool_printf(visit->pool, "This is longer than %zu characters.", longest));
}

static enum outcome change(struct visit *visit, enum conversation_act act, const char *said)
{
	return conversation_change(visit->app->postgresql, visit->pool, visit->session->user_id,
				   visit->path_rest, act, said);
}

static const char *said_in(struct visit *visit, const char *field)
{
	return text_trim(visit->pool, request_field(visit->request, field));
}

/* Where the person was: in a conversation, in a list, or at this one's own page. */
static enum outcome go_on(struct visit *visit, enum conversation_act act, const char *name)
{
	static const char *const lists[][2] = {
		{ "new", "/chat/?" },
		{ "list", "/chat/conversations?" },
		{ "archived", "/chat/conversations?shelf=archived&" },
		{ "deleted", "/chat/conversations?shelf=deleted&" },
	};
	const char *id = visit->path_rest, *from = request_field(visit->request, "from");
	bool is_there = act != CONVERSATION_DELETE && act != CONVERSATION_PURGE;
	const char *path = NULL;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (strcmp(lists[i][0], from) == 0)
			path = lists[i][1];
	if (path == NULL && text_is_uuid(from) && (is_there || strcmp(from, id) != 0))
		path = pool_printf(visit->pool, "/chat/?session_id=%s&", from);
	else if (path == NULL && act == CONVERSATION_RESTORE)
		path = pool_printf(visit->pool, "/chat/?session_id=%s&", id);
	else if (path == NULL && is_there)
		path = pool_printf(visit->pool, "/chat/conversations/%s?", id);
	else if (path == NULL)
		path = "/chat/?";
	const char *deleted = act == CONVERSATION_DELETE
				      ? pool_printf(visit->pool, "&deleted=%s", id)
				      : "";
	value_set_string(visit->data, "id", id);
	return visit_redirect(visit, pool_printf(visit->pool, "%sdone=%s%s", path, name, deleted),
			      conversations_notice(name));
}

static void note(const struct visit *visit, const char *event)
{
	log_event(LOG_LEVEL_INFO, event, "user", visit->session->user_id, "conversation",
		  visit->path_rest, NULL);
}

/* Title and folder, as the form has both. What was made of the questions is nobody's own title, only
 * because it stood in the form. */
static enum outcome save(struct visit *visit)
{
	struct conversation conversation;
	struct conversation_results folders;
	const char *title = said_in(visit, "title");
	enum outcome outcome = conversation_details(visit->app->postgresql, visit->pool,
						    visit->session->user_id, visit->path_rest,
						    &conversation, &folders);
	if (outcome == OK && strcmp(title, conversation.title) != 0)
		outcome = change(visit, CONVERSATION_TITLE, title);
	if (outcome == OK)
		outcome = change(visit, CONVERSATION_FOLDER, said_in(visit, "folder"));
	return outcome == OK ? go_on(visit, CONVERSATION_TITLE, "save") : outcome;
}

/* Delete it, and begin anew where it was: the same country, service, character and model. */
static enum outcome clear(struct visit *visit)
{
	struct conversation conversation;
	struct conversation_results folders;
	struct character character;
	enum outcome outcome = conversation_details(visit->app->postgresql, visit->pool,
						    visit->session->user_id, visit->path_rest,
						    &conversation, &folders);
	if (outcome != OK)
		return outcome;
	if (*conversation.character_id != '\0' &&
	    character_load_for(visit->app->postgresql, visit->pool, visit->session->user_id,
			       conversation.character_id, &character) == NOT_FOUND)
		conversation.character_id = ""; /* not theirs to use any more */
	outcome = change(visit, CONVERSATION_DELETE, "");
	if (outcome != OK)
		return outcome;
	note(visit, "conversation_deleted");
	value_set_string(visit->data, "id", visit->path_rest);
	const char *done = pool_printf(visit->pool, "done=delete&deleted=%s", visit->path_rest);
	return visit_redirect(visit, opening_path(visit->pool, "/chat/", &conversation, done),
			      conversations_notice("delete"));
}

static enum outcome conversation_submit(struct visit *visit)
{
	const char *name = request_field(visit->request, "action");
	enum conversation_act act = conversation_act_of(name);
	bool saves = strcmp(name, "save") == 0;
	struct value *fields = value_object(visit->pool);
	if (strcmp(name, "clear") == 0)
		return clear(visit);
	if (act == CONVERSATION_ACTS && !saves)
		return BAD_REQUEST;
	check(visit, fields, "title", CONVERSATION_TITLE_MAX);
	check(visit, fields, "folder", CONVERSATION_FOLDER_MAX);
	if (value_count(fields) > 0)
		return show_again(visit, INVALID_FIELDS, fields);
	if (saves)
		return save(visit);
	const char *said = act == CONVERSATION_TITLE || act == CONVERSATION_FOLDER
				   ? said_in(visit, name)
				   : "";
	enum outcome outcome = change(visit, act, said);
	if (outcome != OK)
		return outcome;
	if (act == CONVERSATION_DELETE || act == CONVERSATION_PURGE)
		note(visit,
		     act == CONVERSATION_DELETE ? "conversation_deleted" : "conversation_purged");
	return go_on(visit, act, name);
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/conversations/*", SIGNED_IN, conversation_show, NULL },
	{ METHOD_POST, "/chat/conversations/*", SIGNED_IN, conversation_submit,
	  conversation_again },
	{ METHOD_GET, "/api/conversations/*", SIGNED_IN, conversation_show, NULL },
	{ METHOD_POST, "/api/conversations/*", SIGNED_IN, conversation_submit, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table conversation_page = { "conversation", routes, false };

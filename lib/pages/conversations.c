#include "app/conversations.h"
#include "chat/conversation_file.h"
#include "chat/conversation_transfer.h"
#include "pages/pages.h"
#include "web/escape.h"
#include <string.h>

/* All conversations of a person: searching, filtering, what was archived or deleted. */

enum { SHOWN = 20, FOR_PROGRAMS = 50 };

static const struct {
	const char *value, *label, *name, *empty;
} shelves[] = {
	{ "", "Current", "Conversations", "There are none yet. Your first question starts one." },
	{ "archived", "Archived", "Archived", "Nothing is archived." },
	{ "deleted", "Deleted", "Deleted", "Nothing is deleted." },
};

/* Anything that is no shelf is the first. */
static size_t shelf_of(const char *text)
{
	size_t i = sizeof shelves / sizeof *shelves - 1;
	while (i > 0 && strcmp(shelves[i].value, text) != 0)
		i--;
	return i;
}

static void add_parameter(struct buffer *out, const char *name, const char *text)
{
	if (*text == '\0')
		return;
	buffer_printf(out, "%s%s=", strchr(out->bytes, '?') == NULL ? "?" : "&", name);
	escape_url(out, text, strlen(text));
}

/* The same search, further down. */
static const char *next_page(struct visit *visit, const struct conversation_search *search,
			     const char *after)
{
	struct buffer path = buffer_new(visit->pool, 256);
	buffer_puts(&path, visit_path(visit, "/chat/conversations"));
	add_parameter(&path, "q", search->words);
	add_parameter(&path, "country", search->country);
	add_parameter(&path, "service_type", search->service);
	add_parameter(&path, "folder", search->folder);
	add_parameter(&path, "shelf", search->shelf);
	add_parameter(&path, "after", after);
	return path.bytes;
}

static struct value *shelves_value(struct visit *visit, size_t chosen)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < sizeof shelves / sizeof *shelves; i++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "value", shelves[i].value);
		value_set_string(value, "label", shelves[i].label);
		value_set_bool(value, "is_chosen", i == chosen);
		value_append(values, value);
	}
	return values;
}

static struct value *folders_value(struct visit *visit, const struct conversation_results *results,
				   const char *chosen)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < results->folder_count; i++) {
		struct value *value = value_object(visit->pool);
		value_set_string(value, "name", results->folders[i].name);
		value_set_integer(value, "conversations", results->folders[i].conversations);
		value_set_bool(value, "is_chosen", strcmp(results->folders[i].name, chosen) == 0);
		value_append(values, value);
	}
	return values;
}

/* How large a file may be. */
static const char *size_text(struct visit *visit)
{
	const struct config *config = visit->app->config;
	int64_t limit = config->server.body_limit;
	if (limit < config->chat.import_limit)
		limit = config->chat.import_limit;
	double megabytes = (double)limit / (1 << 20);
	return pool_printf(visit->pool, megabytes < 10 ? "%.1f MB" : "%.0f MB", megabytes);
}

static void set_filters(struct visit *visit, const struct conversation_search *search,
			const struct conversation_results *results)
{
	size_t shelf = shelf_of(search->shelf);
	struct value *page = visit->page;
	value_set_string(page, "words", search->words);
	value_set(page, "countries", choices_value(visit, visit->app->countries, search->country));
	value_set(page, "services", choices_value(visit, visit->app->services, search->service));
	value_set(page, "shelves", shelves_value(visit, shelf));
	value_set_bool(page, "has_folders", results->folder_count > 0);
	value_set_string(page, "shelf", *search->shelf != '\0' ? search->shelf : "list");
	value_set_string(page, "shelf_name", shelves[shelf].name);
	value_set_bool(page, "is_archive", strcmp(search->shelf, "archived") == 0);
	value_set_bool(page, "is_bin", strcmp(search->shelf, "deleted") == 0);
	value_set_integer(page, "deleted_days", visit->app->config->chat.deleted_days);
	bool is_filtered = *search->words != '\0' || *search->country != '\0' ||
			   *search->service != '\0' || *search->folder != '\0';
	value_set_string(page, "empty", is_filtered ? "Nothing was found." : shelves[shelf].empty);
	value_set_bool(page, "is_filtered", is_filtered);
	value_set_string(page, "file_limit", size_text(visit));
}

static struct conversation_search wanted(struct visit *visit)
{
	const struct request *request = visit->request;
	return (struct conversation_search){
		.words = text_trim(visit->pool, request_query(request, "q")),
		.country = request_query(request, "country"),
		.service = request_query(request, "service_type"),
		.folder = request_query(request, "folder"),
		.shelf = shelves[shelf_of(request_query(request, "shelf"))].value,
		.after = request_query(request, "after"),
		.limit = (request->wants_json ? FOR_PROGRAMS : SHOWN) + 1,
	};
}

static enum outcome conversations_show(struct visit *visit)
{
	struct conversation_search search = wanted(visit);
	struct conversation_results results;
	enum outcome outcome = conversation_search(visit->app->postgresql, visit->pool,
						   visit->session->user_id, &search, &results);
	if (outcome != OK)
		return outcome;
	if (results.count == search.limit) {
		const char *after = results.items[--results.count - 1].conversation.cursor;
		value_set_string(visit->data, "next", after);
		value_set_string(visit->page, "next_page", next_page(visit, &search, after));
	}
	struct value *found = value_array(visit->pool);
	for (size_t i = 0; i < results.count; i++)
		value_append(found, found_value(visit, &results.items[i]));
	value_set(visit->data, "conversations", found);
	value_set(visit->data, "folders", folders_value(visit, &results, search.folder));
	value_set_bool(visit->page, "has_found", results.count > 0);
	set_filters(visit, &search, &results);
	conversations_set_notice(visit);
	return visit_show(visit, "conversations.html");
}

/* All of them as one file. */
static enum outcome export_show(struct visit *visit)
{
	struct conversation_export *export;
	const char *name;
	enum outcome outcome = conversation_export_begin(visit->app->postgresql, visit->pool,
							 visit->session->user_id, NULL,
							 CONVERSATION_JSON, &export, &name);
	return outcome == OK ? visit_send_pieces(visit, name, "application/json; charset=utf-8",
						 conversation_export_next, export)
			     : outcome;
}

/* The list with what stands against a file beside its field. */
static enum outcome refuse_file(struct visit *visit, enum outcome reason, const char *sentence)
{
	enum outcome outcome = visit->request->wants_json ? OK : conversations_show(visit);
	if (outcome != OK)
		return outcome;
	visit_refuse(visit, reason, "conversations.html");
	if (sentence != NULL) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "file", sentence);
		visit_set_fields(visit, fields);
		value_set_string(visit->data, "message",
				 "The file was not imported. Below it says why.");
	}
	return OK;
}

static enum outcome import_again(struct visit *visit)
{
	return refuse_file(visit, CSRF_FAILED, NULL);
}

/* A file as part of a form, or what is in it as the body. */
static enum outcome import_submit(struct visit *visit)
{
	const struct form_field *file = request_file(visit->request, "file");
	const char *problem = "Choose a file first.";
	struct value *conversations;
	bool is_read = false;
	if (visit->request->json != NULL)
		is_read = conversation_file_take(visit->pool, visit->request->json, &conversations,
						 &problem);
	else if (file != NULL)
		is_read = conversation_file_read(visit->pool, file->text, file->length,
						 &conversations, &problem);
	if (!is_read)
		return refuse_file(visit, INVALID_FIELDS, problem);
	struct conversation_imported imported;
	const struct conversation_owner owner = conversation_owner_of(visit);
	enum outcome outcome = conversation_import(visit->app->postgresql, visit->pool, &owner,
						   visit->app->config->chat.conversation_days,
						   conversations, &imported);
	if (outcome != OK)
		return outcome;
	value_set_integer(visit->data, "conversations", imported.conversations);
	value_set_integer(visit->data, "messages", imported.messages);
	return visit_redirect(visit, "/chat/conversations?done=import",
			      conversations_notice("import"));
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/conversations", SIGNED_IN, conversations_show, NULL },
	{ METHOD_GET, "/chat/conversations/export", SIGNED_IN, export_show, NULL },
	{ METHOD_POST, "/chat/conversations/import", SIGNED_IN | LARGE_FILE, import_submit,
	  import_again },
	{ METHOD_GET, "/api/conversations", SIGNED_IN, conversations_show, NULL },
	{ METHOD_GET, "/api/conversations/export", SIGNED_IN, export_show, NULL },
	{ METHOD_POST, "/api/conversations/import", SIGNED_IN | LARGE_FILE, import_submit, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table conversations_page = { "conversations", routes, false };

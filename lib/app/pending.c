#include "app/pending.h"
#include "web/escape.h"
#include "web/redirect.h"
#include <string.h>

/* As hidden fields of the sign-in form: where it was going, and its fields as a form body. */
#define PENDING_PATH   "pending_path"
#define PENDING_FIELDS "pending_fields"

/* Longer texts would not fit the message box they came from either. */
enum { PENDING_MAX_BYTES = 256 << 10 };

/* Passwords are typed again, files chosen again, tokens are made anew. */
static bool is_kept(const struct form_field *field)
{
	return !form_is_secret(field->name) && field->filename == NULL &&
	       strcmp(field->name, "csrfmiddlewaretoken") != 0 &&
	       !text_starts_with(field->name, "pending_") &&
	       text_is_plain(field->text, field->length, true) &&
	       text_is_plain(field->name, strlen(field->name), false);
}

static const char *pack_fields(struct pool *pool, const struct form *form)
{
	struct buffer out = buffer_new(pool, 512);
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		if (!is_kept(field))
			continue;
		if (out.length > 0)
			buffer_byte(&out, '&');
		escape_url(&out, field->name, strlen(field->name));
		buffer_byte(&out, '=');
		escape_url(&out, field->text, field->length);
	}
	return out.bytes;
}

static void set_hidden(struct visit *visit, const char *path, const char *fields)
{
	struct value *pending = value_object(visit->pool);
	value_set_string(pending, "path", path);
	value_set_string(pending, "fields", fields);
	value_set(visit->page, "pending", pending);
}

static enum outcome show_with_form(struct visit *visit, enum outcome reason, const char *template,
				   bool keep)
{
	const struct request *request = visit->request;
	visit_refuse(visit, reason, template);
	value_set_string(visit->page, "next",
			 redirect_is_local(request->target) ? request->target : "");
	if (keep && request->form != NULL && *request->path != '\0') {
		const char *fields = pack_fields(visit->pool, request->form);
		if (strlen(fields) <= PENDING_MAX_BYTES)
			set_hidden(visit, request->path, fields);
	}
	return OK;
}

enum outcome pending_show_sign_in(struct visit *visit, enum outcome reason, bool keep)
{
	return show_with_form(visit, reason, "login.html", keep);
}

enum outcome pending_show_confirm_password(struct visit *visit, bool keep)
{
	return show_with_form(visit, PASSWORD_REQUIRED, "confirm_password.html", keep);
}

bool pending_exists(const struct visit *visit)
{
	return *request_field(visit->request, PENDING_PATH) != '\0';
}

void pending_keep(struct visit *visit)
{
	if (pending_exists(visit))
		set_hidden(visit, request_field(visit->request, PENDING_PATH),
			   request_field(visit->request, PENDING_FIELDS));
}

/* What the confirming page calls the fields that it shows; others travel hidden. */
static const char *label_of(const char *name)
{
	static const struct {
		const char *name, *label;
	} labels[] = { { "country", "Country" }, { "service_type", "Service" } };
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strcmp(labels[i].name, name) == 0)
			return labels[i].label;
	return NULL;
}

static enum outcome show_form(struct visit *visit, const char *action, const struct form *form)
{
	struct value *fields = value_array(visit->pool);
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *kept = &form->fields[i];
		if (!is_kept(kept))
			continue;
		struct value *field = value_object(visit->pool);
		value_set_string(field, "name", kept->name);
		value_set_string(field, "text", kept->text);
		value_set_string(field, "label", *kept->text != '\0' ? label_of(kept->name) : NULL);
		value_set_bool(field, "is_message", strcmp(kept->name, "message") == 0);
		value_append(fields, field);
	}
	value_set_string(visit->page, "action", visit_path(visit, action));
	value_set(visit->page, "pending_fields", fields);
	return visit_show(visit, "confirm.html");
}

enum outcome pending_show_confirm(struct visit *visit)
{
	const char *path = request_field(visit->request, PENDING_PATH);
	const char *packed = request_field(visit->request, PENDING_FIELDS);
	struct form *form = form_parse(visit->pool, packed, strlen(packed));
	if (!redirect_is_local(path) || form == NULL || strlen(packed) > PENDING_MAX_BYTES)
		return BAD_REQUEST;
	value_set_string(visit->page, "title", "Send it now?");
	return show_form(visit, path, form);
}

enum outcome pending_show_retry(struct visit *visit, enum outcome reason)
{
	visit_refuse(visit, reason, NULL);
	return show_form(visit, visit->request->path, visit->request->form);
}

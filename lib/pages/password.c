#include "app/sign_in.h"
#include "pages/pages.h"
#include <string.h>

/* Changing one's own password. Where another system keeps the passwords, there is no such page. */

static bool is_offered(const struct visit *visit)
{
	return visit->app->config->users.password_change;
}

static void set_hints(struct visit *visit)
{
	value_set_integer(visit->page, "password_min_length",
			  visit->app->config->users.password_min_length);
}

static enum outcome password_show(struct visit *visit)
{
	if (!is_offered(visit))
		return NOT_FOUND;
	set_hints(visit);
	return visit_show(visit, "password.html");
}

static enum outcome password_again(struct visit *visit)
{
	if (!is_offered(visit))
		return NOT_FOUND;
	set_hints(visit);
	visit_refuse(visit, CSRF_FAILED, "password.html");
	value_set_string(visit->data, "message",
			 "This form was open for too long. Please type the passwords again.");
	return OK;
}

/* Bytes that are no text, and what no hash should be asked about. */
static void check_bytes(struct visit *visit, struct value *fields)
{
	static const char *const names[] = { "current_password", "password", "password_confirm" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!request_field_is_clean(visit->request, names[i], false))
			value_set_string(
				fields, names[i],
				"This holds characters that cannot be part of a password.");
		else if (strlen(request_field(visit->request, names[i])) > PASSWORD_INPUT_MAX_BYTES)
			value_set_string(fields, names[i], "This is too long for a password.");
	}
}

static void check_fields(struct visit *visit, struct value *fields)
{
	const char *current = request_field(visit->request, "current_password");
	const struct registration wanted = {
		.username = visit->session->username,
		.email = visit->session->email != NULL ? visit->session->email : "",
		.password = request_field(visit->request, "password"),
		.password_confirm = request_field(visit->request, "password_confirm"),
	};
	check_bytes(visit, fields);
	if (*current == '\0' && value_get(fields, "current_password") == NULL)
		value_set_string(fields, "current_password", "Enter your current password.");
	registration_check_password(&visit->app->auth, &wanted, visit->pool, fields);
	if (*current != '\0' && strcmp(current, wanted.password) == 0 &&
	    value_get(fields, "password") == NULL)
		value_set_string(fields, "password", "This is your current password.");
}

static enum outcome refuse_fields(struct visit *visit, enum outcome reason, struct value *fields)
{
	visit_refuse(visit, reason, "password.html");
	visit_set_fields(visit, fields);
	return OK;
}

/* Why it could not be replaced, in the words of this page. */
static enum outcome refuse(struct visit *visit, enum outcome reason)
{
	struct value *fields = value_object(visit->pool);
	if (reason == WRONG_CREDENTIALS) {
		value_set_string(fields, "current_password", "That is not your current password.");
		return refuse_fields(visit, WRONG_PASSWORD, fields);
	}
	visit_refuse(visit, reason == NOT_FOUND ? CONFLICT : reason, "password.html");
	if (reason == FORBIDDEN)
		value_set_string(visit->data, "message",
				 "Passwords cannot be changed here. Please ask the people who run "
				 "this site.");
	if (reason == NOT_FOUND)
		value_set_string(visit->data, "message",
				 "Your password was just changed elsewhere. Nothing was changed "
				 "here.");
	return OK;
}

static enum outcome password_submit(struct visit *visit)
{
	const struct request *request = visit->request;
	if (!is_offered(visit))
		return NOT_FOUND;
	set_hints(visit);
	struct value *fields = value_object(visit->pool);
	check_fields(visit, fields);
	if (value_count(fields) > 0)
		return refuse_fields(visit, INVALID_FIELDS, fields);
	enum outcome outcome = sign_in_change_password(visit,
						       request_field(request, "current_password"),
						       request_field(request, "password"));
	if (outcome != OK)
		return refuse(visit, outcome);
	return visit_redirect(visit, "/profile?done=password",
			      "Your password is changed. Your other devices are signed out.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/profile/password", SIGNED_IN, password_show, NULL },
	{ METHOD_POST, "/profile/password", SIGNED_IN, password_submit, password_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table password_page = { "password", routes, false };

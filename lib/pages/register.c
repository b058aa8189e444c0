#include "app/sign_in.h"
#include "base/log.h"
#include "pages/pages.h"
#include <string.h>

static const char *const text_fields[] = { "username", "email", "password", "password_confirm" };

static void set_typed(struct visit *visit)
{
	const struct request *request = visit->request;
	const struct config *config = visit->app->config;
	value_set_string(visit->page, "username", request_field(request, "username"));
	value_set_string(visit->page, "email", request_field(request, "email"));
	value_set_bool(visit->page, "terms", request_field_is_set(request, "terms"));
	value_set_integer(visit->page, "password_min_length", config->users.password_min_length);
	if (*config->site.terms_url != '\0')
		value_set_string(visit->page, "terms_url", config->site.terms_url);
}

/* Sign-up that is switched off has no page. */
static bool is_open(const struct visit *visit)
{
	return visit->app->config->users.registration;
}

static enum outcome register_show(struct visit *visit)
{
	if (!is_open(visit))
		return NOT_FOUND;
	if (visit->session != NULL)
		return visit_redirect(visit, "/", NULL);
	set_typed(visit);
	return visit_show(visit, "register.html");
}

static enum outcome register_again(struct visit *visit)
{
	if (!is_open(visit))
		return NOT_FOUND;
	set_typed(visit);
	visit_refuse(visit, CSRF_FAILED, "register.html");
	value_set_string(visit->data, "message",
			 "This form was open for too long. Please type the password again.");
	return OK;
}

/* Bytes that are no text are refused beside their field. */
static void check_bytes(struct visit *visit, struct value *fields)
{
	for (size_t i = 0; i < sizeof text_fields / sizeof *text_fields; i++) {
		if (!request_field_is_clean(visit->request, text_fields[i], false))
			value_set_string(fields, text_fields[i],
					 "This holds characters that cannot be used here.");
		else if (strlen(request_field(visit->request, text_fields[i])) >
			 PASSWORD_INPUT_MAX_BYTES)
			value_set_string(fields, text_fields[i], "This is too long.");
	}
}

/* Sign-up relies on the table's unique indexes; without them two people could share a name. */
static enum outcome check_table(struct visit *visit)
{
	bool unique;
	const char *reason;
	enum outcome outcome = users_check_unique(visit->app->users, visit->pool, &unique, &reason);
	if (outcome != OK || unique)
		return outcome;
	log_event(LOG_LEVEL_ERROR, "registration_refused", "reason", reason, NULL);
	return SIGN_IN_UNAVAILABLE;
}

static enum outcome register_submit(struct visit *visit)
{
	const struct request *request = visit->request;
	if (!is_open(visit))
		return NOT_FOUND;
	set_typed(visit);
	/* Works or not, so that one address neither makes accounts by the hundred nor asks quickly
	 * which names are taken. */
	enum outcome outcome = sign_in_count_post(visit);
	if (outcome != OK)
		return visit_refuse(visit, outcome, "register.html");
	struct value *fields = value_object(visit->pool);
	check_bytes(visit, fields);
	const struct registration wanted = {
		.username = text_trim(visit->pool, request_field(request, "username")),
		.email = text_trim(visit->pool, request_field(request, "email")),
		.password = request_field(request, "password"),
		.password_confirm = request_field(request, "password_confirm"),
		.terms_accepted = *visit->app->config->site.terms_url == '\0' ||
				  request_field_is_set(request, "terms"),
	};
	outcome = registration_check(&visit->app->auth, &wanted, visit->pool, fields);
	if (outcome != OK) {
		visit_refuse(visit, outcome, "register.html");
		visit_set_fields(visit, fields);
		return OK;
	}
	outcome = check_table(visit);
	if (outcome == OK)
		outcome = sign_up(visit, &wanted);
	if (outcome != OK)
		return visit_refuse(visit, outcome, "register.html");
	return visit_redirect(visit, "/", "Welcome! Your account is ready.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/auth/register", PUBLIC, register_show, NULL },
	{ METHOD_GET, "/register", PUBLIC, register_show, NULL },
	{ METHOD_POST, "/auth/register", PUBLIC | JSON_SIGN_IN, register_submit, register_again },
	{ METHOD_POST, "/register", PUBLIC | JSON_SIGN_IN, register_submit, register_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table register_page = { "register", routes, false };

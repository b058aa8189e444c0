#include "app/guest.h"
#include "auth/registration.h"
#include "pages/pages.h"

/* Chatting without an account: a visitor gives an email address, for an hour. */

static bool is_open(const struct visit *visit)
{
	return visit->app->config->session.guest;
}

static bool is_member(const struct visit *visit)
{
	return visit->session != NULL && session_kind_is_signed_in(visit->session->kind);
}

static enum outcome show(struct visit *visit)
{
	const struct session_policy *policy = session_store_policy(visit->app->sessions);
	value_set_string(visit->page, "email", request_field(visit->request, "email"));
	value_set_string(visit->page, "lasts",
			 visit_wait_text(visit->pool, policy->kinds[SESSION_BOT].lifetime_s));
	return visit_show(visit, "guest.html");
}

static enum outcome guest_show(struct visit *visit)
{
	if (!is_open(visit))
		return NOT_FOUND;
	if (is_member(visit))
		return visit_redirect(visit, "/chat/", NULL);
	return show(visit);
}

static enum outcome guest_again(struct visit *visit)
{
	if (!is_open(visit))
		return NOT_FOUND;
	show(visit);
	return visit_refuse(visit, CSRF_FAILED, "guest.html");
}

static const char *email_problem(const struct visit *visit, const char *email)
{
	if (*email == '\0' || !request_field_is_clean(visit->request, "email", false))
		return "Enter your email address.";
	return registration_is_email(email) ? NULL
					    : "Enter an email address such as name@example.org.";
}

static enum outcome guest_submit(struct visit *visit)
{
	if (!is_open(visit))
		return NOT_FOUND;
	if (is_member(visit))
		return visit_redirect(visit, "/chat/", "You are signed in already.");
	const char *email = text_trim(visit->pool, request_field(visit->request, "email"));
	const char *problem = email_problem(visit, email);
	show(visit);
	enum outcome outcome = sign_in_count_post(visit);
	if (outcome != OK)
		return visit_refuse(visit, outcome, "guest.html");
	if (problem != NULL) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "email", problem);
		visit_refuse(visit, INVALID_FIELDS, "guest.html");
		visit_set_fields(visit, fields);
		return OK;
	}
	outcome = guest_begin(visit, email);
	if (outcome != OK)
		return visit_refuse(visit, outcome, "guest.html");
	value_set_string(visit->data, "session", visit->session->public_id);
	value_set_integer(visit->data, "expires_in", visit->session->times.expires_in_s);
	return visit_redirect(visit, "/chat/", "You can write your message now.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/auth/guest", PUBLIC | GUEST, guest_show, NULL },
	{ METHOD_POST, "/auth/guest", PUBLIC | GUEST | JSON_SIGN_IN, guest_submit, guest_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table guest_page = { "guest", routes, false };

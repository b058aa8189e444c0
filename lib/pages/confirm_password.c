#include "app/pending.h"
#include "app/sign_in.h"
#include "pages/pages.h"
#include "web/redirect.h"

/* Somebody who is signed in gives the password once more, and goes on where it was asked for. */

static void set_typed(struct visit *visit)
{
	value_set_string(visit->page, "next", request_field(visit->request, "next"));
	pending_keep(visit);
}

static enum outcome confirm_show(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "next");
	value_set_string(visit->page, "next", redirect_is_local(wanted) ? wanted : "");
	return visit_show(visit, "confirm_password.html");
}

static enum outcome confirm_again(struct visit *visit)
{
	set_typed(visit);
	visit_refuse(visit, CSRF_FAILED, "confirm_password.html");
	value_set_string(visit->data, "message",
			 "This form was open for too long. Please type your password again.");
	return OK;
}

static enum outcome refuse_field(struct visit *visit, const char *sentence)
{
	struct value *fields = value_object(visit->pool);
	value_set_string(fields, "password", sentence);
	visit_refuse(visit, INVALID_FIELDS, "confirm_password.html");
	visit_set_fields(visit, fields);
	return OK;
}

static enum outcome confirm_submit(struct visit *visit)
{
	const struct request *request = visit->request;
	const struct session *session = visit->session;
	set_typed(visit);
	const char *problem = sign_in_password_problem(request);
	if (problem != NULL)
		return refuse_field(visit, problem);
	enum outcome outcome = sign_in(visit,
				       &(struct sign_in){
					       .user_id = session->user_id,
					       .password = request_field(request, "password"),
					       .remember = session->times.remember,
				       });
	if (outcome != OK)
		return visit_refuse(visit, outcome == WRONG_CREDENTIALS ? WRONG_PASSWORD : outcome,
				    "confirm_password.html");
	if (pending_exists(visit))
		return pending_show_confirm(visit);
	return visit_redirect_to(
		visit,
		redirect_path(visit->pool, request_field(request, "next"),
			      visit_path(visit, visit->app->config->session.landing)),
		"Your password is confirmed.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/auth/confirm", STALE, confirm_show, NULL },
	{ METHOD_POST, "/auth/confirm", STALE, confirm_submit, confirm_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table confirm_password_page = { "confirm_password", routes, false };

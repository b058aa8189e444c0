#include "pages/pages.h"
#include <string.h>

static enum outcome profile_show(struct visit *visit)
{
	const struct session *session = visit->session;
	value_set_string(visit->data, "message",
			 pool_printf(visit->pool, "Welcome, %s!", session->username));
	value_set_string(visit->data, "username", session->username);
	value_set_string(visit->page, "signed_in_at",
			 visit_moment_text(visit->pool, session->created_at_s));
	value_set_string(visit->page, "ends_in",
			 visit_wait_text(visit->pool, session_policy_ends_in(&session->limits,
									     &session->times)));
	value_set_bool(visit->page, "remembered", session->times.remember);
	if (session->limits.idle_s > 0)
		value_set_string(visit->page, "idle",
				 visit_wait_text(visit->pool, session->limits.idle_s));
	if (strcmp(request_query(visit->request, "done"), "password") == 0)
		value_set_string(visit->page, "notice",
				 "Your password is changed. Your other devices are signed out.");
	value_set_string(visit->page, "address", visit->request->address);
	value_set_bool(visit->page, "can_change_password",
		       visit->app->config->users.password_change);
	value_set_bool(visit->page, "is_admin", session->kind == SESSION_ADMIN);
	/* The email stands in MySQL; without it the page is still good. */
	struct user *user;
	if (users_load(visit->app->users, visit->pool, session->user_id, &user) == OK) {
		value_set_string(visit->page, "email", user->email);
	}
	return visit_show(visit, "profile.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/profile", SIGNED_IN, profile_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table profile_page = { "profile", routes, false };

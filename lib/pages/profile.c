#include "pages/pages.h"
#include <time.h>

/* "20 November 2026, 08:15 UTC" */
static const char *moment_text(struct pool *pool, int64_t at_s)
{
	char text[64];
	time_t at = (time_t)at_s;
	struct tm utc;
	gmtime_r(&at, &utc);
	size_t length = strftime(text, sizeof text, "%d %B %Y, %H:%M UTC", &utc);
	return pool_strndup(pool, text + (text[0] == '0'), length - (text[0] == '0'));
}

static enum outcome profile_show(struct visit *visit)
{
	const struct session *session = visit->session;
	value_set_string(visit->data, "message",
			 pool_printf(visit->pool, "Welcome, %s!", session->username));
	value_set_string(visit->data, "username", session->username);
	value_set_string(visit->page, "signed_in_at",
			 moment_text(visit->pool, session->created_at_s));
	value_set_string(visit->page, "ends_in",
			 visit_wait_text(visit->pool, session->times.expires_in_s));
	value_set_bool(visit->page, "remembered", session->times.remember);
	value_set_string(
		visit->page, "idle",
		visit_wait_text(visit->pool, visit->app->config->session.idle_minutes * 60));
	value_set_string(visit->page, "address", visit->request->address);
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

const struct route_table profile_page = { "profile", routes };

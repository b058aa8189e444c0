#include "app/sign_in.h"
#include "pages/pages.h"
#include <string.h>

/* Where the operator says. Only the page to sign in has words for somebody who just signed out. */
static enum outcome go_on(struct visit *visit, const char *message)
{
	const char *path = visit->app->config->site.signed_out;
	bool has_words = strcmp(path, "/auth/login") == 0 || strcmp(path, "/login") == 0;
	if (message != NULL && has_words)
		path = pool_printf(visit->pool, "%s?notice=signed_out", path);
	return visit_redirect(visit, path, message);
}

static enum outcome logout_show(struct visit *visit)
{
	if (visit->session == NULL)
		return go_on(visit, NULL);
	return visit_show(visit, "logout.html");
}

static enum outcome logout_again(struct visit *visit)
{
	if (visit->session == NULL)
		return go_on(visit, NULL);
	return visit_refuse(visit, CSRF_FAILED, "logout.html");
}

static enum outcome logout_submit(struct visit *visit)
{
	enum outcome outcome = sign_out(visit);
	if (outcome != OK)
		return outcome;
	return go_on(visit, "You are signed out.");
}

/* Public, so that somebody whose sign-in has run out is told "signed out" and not "sign in". */
static const struct route routes[] = {
	{ METHOD_GET, "/auth/logout", PUBLIC, logout_show, NULL },
	{ METHOD_GET, "/logout", PUBLIC, logout_show, NULL },
	{ METHOD_POST, "/auth/logout", PUBLIC | LEAVES, logout_submit, logout_again },
	{ METHOD_POST, "/logout", PUBLIC | LEAVES, logout_submit, logout_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table logout_page = { "logout", routes, false };

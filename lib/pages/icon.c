#include "pages/pages.h"

/* What browsers and robots ask for on their own. Never a page: it would be walled, and the wall's
 * answer is of no use to them. */
static enum outcome icon_show(struct visit *visit)
{
	return visit_redirect(visit, "/static/favicon.svg", NULL);
}

static enum outcome nothing_here(struct visit *visit)
{
	(void)visit;
	return NOT_FOUND;
}

static const struct route routes[] = {
	{ METHOD_GET, "/favicon.ico", PUBLIC | NO_SESSION, icon_show, NULL },
	{ METHOD_GET, "/apple-touch-icon.png", PUBLIC | NO_SESSION, nothing_here, NULL },
	{ METHOD_GET, "/robots.txt", PUBLIC | NO_SESSION, nothing_here, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table icon_page = { "icon", routes, false };

#include "pages/pages.h"

static enum outcome protected_show(struct visit *visit)
{
	value_set_string(visit->data, "message",
			 pool_printf(visit->pool, "Hello %s", visit->session->username));
	return visit_show(visit, "protected.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/protected", SIGNED_IN, protected_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table protected_page = { "protected", routes, false };

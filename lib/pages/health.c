#include "pages/pages.h"

/* For load balancers and monitors: whether requests can be served. MySQL is not asked, because
 * signed-in people go on without it. */
static enum outcome health_show(struct visit *visit)
{
	enum outcome outcome = pg_run(visit->app->postgresql, visit->pool, STATEMENT_HEALTH, NULL,
				      0, NULL);
	value_set_string(visit->data, "status", outcome == OK ? "ok" : "unavailable");
	value_set_string(visit->data, "version", GATEHOUSE_VERSION);
	if (outcome != OK) {
		visit->status = 503;
		visit_set_retry_after(visit, 2);
	}
	return OK;
}

static const struct route routes[] = {
	{ METHOD_GET, "/health", PUBLIC | NO_SESSION, health_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table health_page = { "health", routes, false };

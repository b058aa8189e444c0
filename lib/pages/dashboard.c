#include "app/conversations.h"
#include "pages/pages.h"

enum { LATEST_SHOWN = 20 };

/* Columns of account_figures. */
static const char *const figures[] = { "active_sessions", "total_messages", "countries_explored",
				       "conversations_total" };

static enum outcome dashboard_show(struct visit *visit)
{
	const struct config *config = visit->app->config;
	const char *user_id = visit->session->user_id;
	const char *idle = pool_printf(visit->pool, "%lld",
				       (long long)config->session.idle_minutes * 60);
	const char *const count[] = { user_id, idle };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(visit->app->postgresql, visit->pool,
				      STATEMENT_ACCOUNT_FIGURES, count, 2, &rows);
	struct conversation_list list;
	if (outcome == OK)
		outcome = conversation_list(visit->app->postgresql, visit->pool, user_id,
					    LATEST_SHOWN, &list);
	if (outcome != OK)
		return outcome;
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		value_set_integer(visit->data, figures[i], pg_integer(rows, 0, (int)i));
	value_set(visit->data, "conversations", conversations_value(visit, &list, NULL));
	value_set_bool(visit->page, "has_conversations", list.count > 0);
	return visit_show(visit, "dashboard.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/dashboard", SIGNED_IN, dashboard_show, NULL },
	{ METHOD_GET, "/dashboard/", SIGNED_IN, dashboard_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table dashboard_page = { "dashboard", routes };

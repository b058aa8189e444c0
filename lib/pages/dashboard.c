#include "app/conversations.h"
#include "pages/pages.h"

static enum outcome dashboard_show(struct visit *visit)
{
	struct conversation_overview overview;
	enum outcome outcome = conversation_overview(visit->app->postgresql, visit->pool,
						     visit->session->user_id, &overview);
	if (outcome != OK)
		return outcome;
	struct value *data = visit->data;
	value_set_integer(data, "active_sessions", overview.active_sessions);
	value_set_integer(data, "total_messages", overview.total_messages);
	value_set_integer(data, "countries_explored", overview.countries_explored);
	value_set_integer(data, "conversations_total", overview.conversations_total);
	value_set(data, "conversations", conversations_value(visit, &overview.latest, NULL));
	value_set_bool(visit->page, "has_conversations", overview.latest.count > 0);
	return visit_show(visit, "dashboard.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/dashboard", SIGNED_IN, dashboard_show, NULL },
	{ METHOD_GET, "/dashboard/", SIGNED_IN, dashboard_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table dashboard_page = { "dashboard", routes, false };

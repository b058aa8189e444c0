#include "app/conversations.h"
#include "pages/pages.h"

enum { RECENT_SHOWN = 3 };

static enum outcome home_show(struct visit *visit)
{
	struct conversation_list list;
	enum outcome outcome = conversation_list(visit->app->postgresql, visit->pool,
						 visit->session->user_id, RECENT_SHOWN, &list);
	if (outcome != OK)
		return outcome;
	value_set(visit->page, "recent", conversations_value(visit, &list, NULL));
	value_set_bool(visit->page, "has_recent", list.count > 0);
	value_set(visit->page, "services", choices_value(visit, visit->app->services, NULL));
	value_set_string(visit->data, "message",
			 pool_printf(visit->pool, "Welcome, %s!", visit->session->username));
	return visit_show(visit, "home.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/", SIGNED_IN, home_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table home_page = { "home", routes };

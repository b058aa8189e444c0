#include "app/characters.h"
#include "app/conversations.h"
#include "pages/pages.h"

enum { RECENT_SHOWN = 3, CHARACTERS_SHOWN = 4 };

/* A few to begin with; all of them have a page of their own. */
static enum outcome set_characters(struct visit *visit)
{
	const struct character_person person = characters_person(visit);
	const struct character_query query = { .search = "",
					       .category = "",
					       .tag = "",
					       .whose = CHARACTERS_ALL,
					       .limit = CHARACTERS_SHOWN };
	struct character_page found;
	enum outcome outcome = character_list(visit->app->postgresql, visit->pool, &person, &query,
					      &found);
	if (outcome != OK)
		return outcome;
	struct value *list = value_array(visit->pool);
	for (size_t i = 0; i < found.count; i++)
		value_append(list, characters_listed(visit, &found.items[i]));
	value_set(visit->page, "characters", list);
	value_set_bool(visit->page, "has_characters", found.count > 0);
	return OK;
}

static enum outcome home_show(struct visit *visit)
{
	struct conversation_list list;
	enum outcome outcome = conversation_list(visit->app->postgresql, visit->pool,
						 visit->session->user_id, CONVERSATIONS_BY_TIME,
						 RECENT_SHOWN, "", &list);
	if (outcome == OK && !visit->request->wants_json)
		outcome = set_characters(visit);
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

const struct route_table home_page = { "home", routes, false };

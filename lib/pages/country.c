#include "app/conversations.h"
#include "app/opening.h"
#include "app/temporary.h"
#include "pages/pages.h"

static struct value *names(struct visit *visit, const char *const *list)
{
	struct value *values = value_array(visit->pool);
	for (; *list != NULL; list++)
		value_append(values, value_string(visit->pool, *list));
	return values;
}

static enum outcome show(struct visit *visit, const char *country, const char *service)
{
	value_set(visit->page, "countries", choices_value(visit, visit->app->countries, country));
	value_set(visit->page, "services", choices_value(visit, visit->app->services, service));
	return visit_show(visit, "country.html");
}

static enum outcome country_show(struct visit *visit)
{
	value_set(visit->data, "countries", names(visit, visit->app->countries));
	value_set(visit->data, "services", names(visit, visit->app->services));
	return show(visit, request_query(visit->request, "country"),
		    request_query(visit->request, "service_type"));
}

static enum outcome show_again(struct visit *visit, enum outcome reason, struct value *fields)
{
	show(visit, request_field(visit->request, "country"),
	     request_field(visit->request, "service_type"));
	visit_refuse(visit, reason, "country.html");
	if (fields != NULL)
		visit_set_fields(visit, fields);
	return OK;
}

static enum outcome proceed_again(struct visit *visit)
{
	return show_again(visit, CSRF_FAILED, NULL);
}

static enum outcome open_conversation(struct visit *visit, const char *country, const char *service,
				      const char **id)
{
	struct pg_pool *database = visit->app->postgresql;
	const struct conversation_owner owner = conversation_owner_of(visit);
	enum outcome outcome = conversation_find_open(database, visit->pool, owner.user_id, country,
						      service, id);
	if (outcome != NOT_FOUND)
		return outcome;
	return conversation_create(database, visit->pool, &owner, country, service,
				   visit->app->config->chat.conversation_days, id);
}

/* Not even an empty one is stored. */
static enum outcome open_temporary(struct visit *visit, const char *country, const char *service)
{
	const struct conversation like = { .country = country, .service = service };
	return visit_redirect(visit, opening_path(visit->pool, "/chat/temporary", &like, ""), NULL);
}

static enum outcome proceed(struct visit *visit)
{
	const char *country = request_field(visit->request, "country");
	const char *service = request_field(visit->request, "service_type");
	struct value *fields = value_object(visit->pool);
	if (!choice_is_listed(visit->app->countries, country))
		value_set_string(fields, "country", "Choose a country.");
	if (!choice_is_listed(visit->app->services, service))
		value_set_string(fields, "service_type", "Choose a service.");
	if (value_count(fields) > 0)
		return show_again(visit, INVALID_FIELDS, fields);
	const char *id;
	bool is_temporary;
	enum outcome outcome = temporary_is_usual(visit, &is_temporary);
	if (outcome == OK && is_temporary)
		return open_temporary(visit, country, service);
	if (outcome == OK)
		outcome = open_conversation(visit, country, service, &id);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "session_id", id);
	return visit_redirect(visit, pool_printf(visit->pool, "/chat/?session_id=%s", id), NULL);
}

static const struct route routes[] = {
	{ METHOD_GET, "/country/", GUEST, country_show, NULL },
	{ METHOD_GET, "/country", GUEST, country_show, NULL },
	{ METHOD_POST, "/proceed-to-chat", GUEST, proceed, proceed_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table country_page = { "country", routes, false };

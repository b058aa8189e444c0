#include "base/log.h"
#include "pages/pages.h"
#include "session/device.h"
#include "session/list.h"
#include "web/escape.h"
#include <string.h>

/* One's sessions, by the devices that they are on, and ending them; for administrators those of
 * somebody else. */

/* More than anybody has; the oldest would be missing. */
enum { SHOWN_MAX = 200 };

/* Whose devices a page is about. */
struct owner {
	const char *user_id;
	const char *name;
	bool is_other; /* an administrator looks at somebody else */
};

static struct owner oneself(const struct visit *visit)
{
	return (struct owner){ .user_id = visit->session->user_id,
			       .name = visit->session->username };
}

/* The person that an administrator named; NOT_FOUND: nobody. */
static enum outcome somebody_else(struct visit *visit, const char *login, struct owner *owner)
{
	struct user *user;
	enum outcome outcome = users_find(visit->app->users, visit->pool, login, &user);
	if (outcome == OK)
		*owner = (struct owner){ .user_id = user->id,
					 .name = user->username,
					 .is_other = true };
	return outcome;
}

static struct value *device_value(struct visit *visit, const struct session_listed *listed)
{
	struct value *value = value_object(visit->pool);
	struct device_name name = device_name(visit->pool, listed->user_agent);
	value_set_string(value, "id", listed->public_id);
	value_set_string(value, "device", device_text(visit->pool, listed->user_agent));
	value_set_string(value, "browser", name.browser);
	value_set_string(value, "system", name.system);
	value_set_string(value, "address", listed->address);
	value_set_string(value, "place",
			 places_find(visit->app->places, visit->pool, listed->address));
	value_set_string(value, "kind", session_kind_name(listed->kind));
	value_set_string(value, "method", listed->method);
	value_set_integer(value, "since", listed->created_at_s);
	value_set_integer(value, "last_seen_seconds_ago", listed->idle_s);
	value_set_string(value, "since_text", visit_age_text(visit->pool, listed->age_s));
	value_set_string(value, "last_seen_text", visit_age_text(visit->pool, listed->idle_s));
	value_set_bool(value, "remember", listed->remember);
	value_set_bool(value, "is_this", strcmp(listed->public_id, visit->session->public_id) == 0);
	return value;
}

/* What was done, for a person. */
static const char *ended_sentence(struct pool *pool, int64_t count)
{
	if (count == 1)
		return "1 sign-in has ended.";
	return pool_printf(pool, "%lld sign-ins have ended.", (long long)count);
}

static enum outcome show(struct visit *visit, const struct owner *owner)
{
	struct session_listing list;
	enum outcome outcome = session_list(visit->app->postgresql, visit->pool, owner->user_id,
					    SHOWN_MAX, &list);
	if (outcome != OK)
		return outcome;
	struct value *devices = value_array(visit->pool);
	for (size_t i = 0; i < list.count; i++)
		value_append(devices, device_value(visit, &list.items[i]));
	value_set(visit->data, "sessions", devices);
	value_set_string(visit->page, "owner", owner->name);
	value_set_bool(visit->page, "is_other", owner->is_other);
	value_set_string(visit->page, "login", owner->is_other ? owner->name : NULL);
	value_set_bool(visit->page, "has_others", list.count > (owner->is_other ? 0 : 1));
	value_set_bool(visit->page, "has_none", list.count == 0);
	value_set_bool(visit->page, "has_some", list.count > 0);
	int64_t ended;
	if (text_to_integer(request_query(visit->request, "ended"), 1, 9999, &ended))
		value_set_string(visit->page, "notice", ended_sentence(visit->pool, ended));
	return visit_show(visit, "devices.html");
}

/* The page once more, because the form's token was stale. */
static enum outcome show_again(struct visit *visit, const struct owner *owner)
{
	enum outcome outcome = show(visit, owner);
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "devices.html") : outcome;
}

/* Back to the list, with a word on what was done. */
static const char *page_path(struct visit *visit, const struct owner *owner, int64_t ended)
{
	struct buffer path = buffer_new(visit->pool, 64);
	buffer_printf(&path, "%s?ended=%lld", owner->is_other ? "/admin/devices" : "/devices",
		      (long long)ended);
	if (owner->is_other) {
		buffer_puts(&path, "&user=");
		escape_url(&path, owner->name, strlen(owner->name));
	}
	return path.bytes;
}

static enum outcome end(struct visit *visit, const struct owner *owner, const char *only)
{
	const struct session_ending ending = {
		.user_id = owner->user_id,
		.only = only,
		.except = only == NULL && !owner->is_other ? visit->session->public_id : NULL,
		.reason = owner->is_other ? "by_administrator" : "by_person",
		.actor = owner->is_other ? visit->session->username : NULL,
		.address = visit->request->address,
		.request_id = visit->request->id,
	};
	int64_t ended;
	enum outcome outcome = session_end_listed(visit->app->postgresql, visit->pool, &ending,
						  &ended);
	if (outcome == BAD_REQUEST || (outcome == OK && only != NULL && ended == 0))
		return NOT_FOUND;
	if (outcome != OK)
		return outcome;
	log_event(LOG_LEVEL_INFO, "sessions_ended", "reason", ending.reason, "user", owner->user_id,
		  "count", pool_printf(visit->pool, "%lld", (long long)ended), "actor",
		  ending.actor, NULL);
	value_set_integer(visit->data, "logged_out_sessions", ended);
	return visit_redirect(visit, page_path(visit, owner, ended),
			      ended_sentence(visit->pool, ended));
}

static enum outcome devices_show(struct visit *visit)
{
	const struct owner owner = oneself(visit);
	return show(visit, &owner);
}

static enum outcome devices_end(struct visit *visit)
{
	const struct owner owner = oneself(visit);
	return end(visit, &owner, request_field(visit->request, "id"));
}

static enum outcome devices_end_others(struct visit *visit)
{
	const struct owner owner = oneself(visit);
	return end(visit, &owner, NULL);
}

static enum outcome devices_again(struct visit *visit)
{
	const struct owner owner = oneself(visit);
	return show_again(visit, &owner);
}

/* The page that asks whose devices, with what is wrong with the name that was given, if one was. */
static enum outcome ask_whose(struct visit *visit, const char *login, const char *problem)
{
	value_set_bool(visit->page, "is_other", true);
	value_set_string(visit->page, "login", login);
	if (problem != NULL) {
		struct value *fields = value_object(visit->pool);
		value_set_string(fields, "user", problem);
		visit_refuse(visit, INVALID_FIELDS, "devices.html");
		visit_set_fields(visit, fields);
	}
	return visit_show(visit, "devices.html");
}

static enum outcome admin_show(struct visit *visit)
{
	const char *login = request_query(visit->request, "user");
	struct owner owner;
	if (*login == '\0')
		return ask_whose(visit, login,
				 visit->request->wants_json ? "Name a person." : NULL);
	enum outcome outcome = somebody_else(visit, login, &owner);
	if (outcome == NOT_FOUND)
		return ask_whose(visit, login, "There is nobody with this username or email.");
	return outcome == OK ? show(visit, &owner) : outcome;
}

/* With or without `id`: one ends, or all. */
static enum outcome admin_end(struct visit *visit)
{
	struct owner owner;
	const char *only = request_field(visit->request, "id");
	enum outcome outcome = somebody_else(visit, request_field(visit->request, "user"), &owner);
	return outcome == OK ? end(visit, &owner, *only != '\0' ? only : NULL) : outcome;
}

static enum outcome admin_again(struct visit *visit)
{
	struct owner owner;
	enum outcome outcome = somebody_else(visit, request_field(visit->request, "user"), &owner);
	return outcome == OK ? show_again(visit, &owner) : outcome;
}

static const struct route routes[] = {
	{ METHOD_GET, "/devices", FRESH, devices_show, NULL },
	{ METHOD_POST, "/devices/end", RECENT, devices_end, devices_again },
	{ METHOD_POST, "/devices/end-others", RECENT, devices_end_others, devices_again },
	{ METHOD_GET, "/admin/devices", ADMIN | RECENT, admin_show, NULL },
	{ METHOD_POST, "/admin/devices/end", ADMIN | RECENT, admin_end, admin_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table devices_page = { "devices", routes, false };

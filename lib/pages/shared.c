#include "app/messages.h"
#include "app/sharing.h"
#include "app/wall.h"
#include "chat/share.h"
#include "pages/pages.h"
#include <string.h>

/* A conversation that somebody shared, for whoever has the link. Nothing on it says whose it is. */

enum { MESSAGES_SHOWN = 100, SKIPPED_MAX = 1000000 };

/* Only what there is to read: no ids, no model, no judgement. */
static struct value *messages_read(struct visit *visit, const struct message_list *messages)
{
	struct value *values = value_array(visit->pool);
	for (size_t i = 0; i < messages->count; i++) {
		const struct message *message = &messages->items[i];
		bool by_person = strcmp(message->role, "user") == 0;
		struct value *value = value_object(visit->pool);
		value_set_string(value, "role", message->role);
		value_set_string(value, "content", message->content);
		value_set_bool(value, "by_person", by_person);
		if (!by_person)
			value_set_string(value, "html", whole_html(visit->pool, message->content));
		value_append(values, value);
	}
	return values;
}

/* Whoever guesses is slowed down, though nobody guesses 165 bits. */
static enum outcome read_throttled(struct visit *visit, const char *hash, size_t skip,
				   struct shared *shared)
{
	const struct throttle *throttle = &visit->app->auth.throttle;
	const char *address = visit->request->address;
	int64_t wait_s = 0;
	enum outcome outcome = throttle_guess(throttle, visit->pool, address, false, &wait_s);
	if (outcome == OK)
		outcome = hash != NULL ? share_read(visit->app->postgresql, visit->pool, hash,
						    MESSAGES_SHOWN, skip, shared)
				       : NOT_FOUND;
	if (outcome == NOT_FOUND &&
	    throttle_guess(throttle, visit->pool, address, true, &wait_s) == UNAVAILABLE)
		return UNAVAILABLE;
	if (outcome == TOO_MANY_ATTEMPTS)
		visit_set_retry_after(visit, wait_s);
	return outcome;
}

static enum outcome shared_show(struct visit *visit)
{
	static const struct access_rule members = { .needs = ACCESS_SIGNED_IN };
	const struct access_facts facts = wall_facts(visit);
	struct shared shared;
	int64_t skip = 0;
	if (visit->app->config->chat.sharing == SHARING_OFF)
		return NOT_FOUND;
	enum access_decision decision = access_decide(&facts, &members);
	if (visit->app->config->chat.sharing == SHARING_MEMBERS && decision != ACCESS_ALLOW)
		return wall_refuse(visit, decision, &members, SIGN_IN_REQUIRED);
	if (*request_query(visit->request, "skip") != '\0' &&
	    !text_to_integer(request_query(visit->request, "skip"), 0, SKIPPED_MAX, &skip))
		return NOT_FOUND;
	enum outcome outcome = read_throttled(visit, sharing_hash(visit->pool, visit->path_rest),
					      (size_t)skip, &shared);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "title", shared.title);
	value_set_string(visit->page, "shared_since",
			 visit_moment_text(visit->pool, shared.shared_at_s));
	value_set(visit->data, "messages", messages_read(visit, &shared.messages));
	if (shared.has_earlier)
		value_set_string(
			visit->data, "earlier",
			visit_path(visit,
				   pool_printf(visit->pool, "/shared/%s?skip=%zu", visit->path_rest,
					       (size_t)skip + shared.messages.count)));
	return visit_show(visit, "shared.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/shared/*", PUBLIC | SECRET_ADDRESS, shared_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table shared_page = { "shared", routes, false };

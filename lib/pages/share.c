#include "chat/share.h"
#include "app/sharing.h"
#include "app/trail.h"
#include "pages/pages.h"
#include <string.h>

/* Sharing a conversation of one's own by a link, and taking that back. */

/* The id in "ID/share". */
static const char *conversation_id(struct visit *visit)
{
	return pool_strndup(visit->pool, visit->path_rest, strcspn(visit->path_rest, "/"));
}

static enum outcome load(struct visit *visit, const char **id, struct share *share)
{
	*id = conversation_id(visit);
	return sharing_may_share(visit) ? share_load(visit->app->postgresql, visit->pool,
						     visit->session->user_id, *id, share)
					: NOT_FOUND;
}

static void set_link(struct visit *visit, const char *id, const struct share *share)
{
	const char *token = share->is_shared ? sharing_unseal(visit, id, share->sealed) : NULL;
	value_set_bool(visit->data, "is_shared", share->is_shared);
	if (token != NULL)
		value_set_string(visit->data, "link",
				 pool_printf(visit->pool, "%s%s/shared/%s",
					     visit->app->config->site.origin,
					     visit->app->config->site.base_path, token));
	if (share->is_shared) {
		value_set_integer(visit->data, "shared_at", share->shared_at_s);
		value_set_bool(visit->data, "has_more", share->has_more);
		value_set_string(visit->page, "shared_since",
				 visit_moment_text(visit->pool, share->shared_at_s));
	}
}

static void set_notice(struct visit *visit)
{
	static const struct {
		const char *word, *sentence;
	} notices[] = {
		{ "shared", "The link is ready." },
		{ "updated", "The link shows the conversation as it is now." },
		{ "revoked", "The link is taken back. It opens nothing any more." },
	};
	const char *done = request_query(visit->request, "done");
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i].word, done) == 0)
			value_set_string(visit->page, "notice", notices[i].sentence);
}

static enum outcome show(struct visit *visit)
{
	struct share share;
	const char *id;
	enum outcome outcome = load(visit, &id, &share);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "session_id", id);
	value_set_string(visit->page, "conversation_title",
			 *share.title != '\0' ? share.title : "New conversation");
	value_set_bool(visit->page, "has_messages", share.has_messages);
	value_set_bool(visit->page, "for_anyone",
		       visit->app->config->chat.sharing == SHARING_ANYONE);
	set_link(visit, id, &share);
	set_notice(visit);
	return visit_show(visit, "share.html");
}

/* ---- Acts ---- */

static struct share_act act_of(struct visit *visit, const char *id, const char *reason)
{
	struct audit_entry entry = trail_entry(visit, AUDIT_CONVERSATION_SHARED, visit->session,
					       reason);
	struct value *detail = value_object(visit->pool);
	struct pg_call *call = pool_alloc(visit->pool, sizeof *call);
	value_set_string(detail, "conversation", id);
	entry.detail = detail;
	*call = audit_call(visit->pool, &entry);
	return (struct share_act){ visit->session->user_id, id, call };
}

static enum outcome begin(struct visit *visit, const char *id, const struct share *share)
{
	const struct share_act act = act_of(visit, id, "shared");
	const char *token = sharing_new_token(visit->pool);
	if (share->is_shared) /* pressed twice */
		return OK;
	if (!share->has_messages)
		return CONFLICT;
	return share_begin(visit->app->postgresql, visit->pool, &act,
			   sharing_hash(visit->pool, token), sharing_seal(visit, id, token));
}

static enum outcome update(struct visit *visit, const char *id, const struct share *share)
{
	const struct share_act act = act_of(visit, id, "updated");
	(void)share;
	return share_update(visit->app->postgresql, visit->pool, &act);
}

static enum outcome revoke(struct visit *visit, const char *id, const struct share *share)
{
	const struct share_act act = act_of(visit, id, "revoked");
	return share->is_shared ? share_end(visit->app->postgresql, visit->pool, &act) : OK;
}

static const struct action {
	const char *name, *done, *sentence;
	enum outcome (*act)(struct visit *visit, const char *id, const struct share *share);
} actions[] = {
	{ "share", "shared", "The conversation is shared.", begin },
	{ "update", "updated", "The link is updated.", update },
	{ "revoke", "revoked", "The link is taken back.", revoke },
};

static const struct action *wanted_action(const struct visit *visit)
{
	const char *name = request_field(visit->request, "action");
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static enum outcome submit(struct visit *visit)
{
	struct share share;
	const char *id;
	const struct action *action = wanted_action(visit);
	enum outcome outcome = load(visit, &id, &share);
	if (outcome == OK && action == NULL)
		outcome = BAD_REQUEST;
	if (outcome == OK)
		outcome = action->act(visit, id, &share);
	if (outcome == OK && visit->request->wants_json &&
	    (outcome = load(visit, &id, &share)) == OK)
		set_link(visit, id, &share);
	return outcome != OK ? outcome
			     : visit_redirect(visit,
					      pool_printf(visit->pool,
							  "/chat/conversations/%s/share?done=%s",
							  id, action->done),
					      action->sentence);
}

static enum outcome again(struct visit *visit)
{
	enum outcome outcome = show(visit);
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "share.html") : outcome;
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/conversations/*/share", SIGNED_IN, show, NULL },
	{ METHOD_POST, "/chat/conversations/*/share", SIGNED_IN, submit, again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table share_page = { "share", routes, false };

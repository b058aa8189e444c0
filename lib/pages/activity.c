#include "audit/audit.h"
#include "pages/pages.h"
#include "session/device.h"
#include <string.h>

enum { ENTRIES_SHOWN = 50 };

/* What an entry means to the person it is about; of several rows for an event the one with its reason
 * counts, else the one without. A warning is what may have been somebody else. */
static const struct meaning {
	enum audit_event event;
	const char *reason;
	const char *words;
	bool is_warning;
} meanings[] = {
	{ AUDIT_SIGN_IN, NULL, "You signed in", false },
	{ AUDIT_SIGN_IN_FAILED, "wrong_password", "Somebody tried to sign in with a wrong password",
	  true },
	{ AUDIT_SIGN_IN_FAILED, "account_disabled",
	  "A sign-in was refused, because the account was disabled", true },
	{ AUDIT_SIGN_IN_FAILED, NULL, "A sign-in failed", true },
	{ AUDIT_LOCKED_OUT, NULL, "Somebody tried to sign in too often and has to wait", true },
	{ AUDIT_SIGN_UP, NULL, "You created this account", false },
	{ AUDIT_SIGN_OUT, NULL, "You signed out", false },
	{ AUDIT_SESSION_ENDED, "expired", "A sign-in reached its time limit and ended", false },
	{ AUDIT_SESSION_ENDED, "idle", "A sign-in was not used for a while and ended", false },
	{ AUDIT_SESSION_ENDED, "replaced",
	  "A sign-in ended, because somebody signed in again in the same browser", false },
	{ AUDIT_SESSION_ENDED, "account_disabled",
	  "A sign-in ended, because the account was disabled", false },
	{ AUDIT_SESSION_ENDED, "password_changed",
	  "A sign-in ended, because the password was changed", false },
	{ AUDIT_SESSION_ENDED, "over_limit",
	  "Your oldest sign-in ended, because there were too many at once", false },
	{ AUDIT_SESSION_ENDED, "address",
	  "A sign-in ended, because it was used from another network address", true },
	{ AUDIT_SESSION_ENDED, "browser",
	  "A sign-in ended, because it was used with another browser", true },
	{ AUDIT_SESSION_ENDED, "by_person", "You ended a sign-in", false },
	{ AUDIT_SESSION_ENDED, "by_operator", "A sign-in was ended", false },
	{ AUDIT_SESSION_ENDED, "by_administrator", "A sign-in was ended", false },
	{ AUDIT_SESSION_ENDED, "django", "A sign-in ended at the site that shares it with this one",
	  false },
	{ AUDIT_SESSION_ENDED, NULL, "A sign-in ended", false },
	{ AUDIT_SESSIONS_ENDED, NULL, "Other sign-ins were ended", false },
	{ AUDIT_ACCESS_REFUSED, NULL, "A page was refused", false },
	{ AUDIT_ADDRESS_CHANGED, NULL, "A sign-in was used from another network address", true },
	{ AUDIT_BROWSER_CHANGED, NULL, "A sign-in was used with another browser", true },
	{ AUDIT_PASSWORD_CONFIRMED, NULL, "You confirmed your password", false },
	{ AUDIT_CONFIRM_FAILED, NULL, "A wrong password was typed when it had to be confirmed",
	  true },
	{ AUDIT_PASSWORD_CHANGED, NULL, "The password was changed", true },
	{ AUDIT_GUEST_STARTED, NULL, "A visit as a guest began", false },
	{ AUDIT_USER_ADDED, NULL, "The account was added", false },
	{ AUDIT_GROUP_CHANGED, NULL, "The groups of this account were changed", false },
	{ AUDIT_POLICY_CHANGED, NULL, "The limits of your sign-ins were changed", false },
	{ AUDIT_THROTTLE_CLEARED, NULL, "The wait after failed sign-ins was lifted", false },
	{ AUDIT_KNOWLEDGE_CHANGED, "created", "You wrote an article", false },
	{ AUDIT_KNOWLEDGE_CHANGED, "removed", "You deleted an article", false },
	{ AUDIT_KNOWLEDGE_CHANGED, NULL, "You changed an article", false },
	{ AUDIT_CONVERSATION_SHARED, "updated", "You updated the link to a conversation", false },
	{ AUDIT_CONVERSATION_SHARED, "revoked", "You took back the link to a conversation", false },
	{ AUDIT_CONVERSATION_SHARED, NULL, "You shared a conversation by a link", false },
	{ AUDIT_CHARACTER_CHANGED, "deleted", "You deleted a character", false },
	{ AUDIT_CHARACTER_CHANGED, "unshared", "You stopped sharing a character", false },
	{ AUDIT_CHARACTER_CHANGED, NULL, "You shared a character with everybody here", false },
	{ AUDIT_OWN_KEY_CHANGED, "removed", "You removed a key of your own for a model server",
	  false },
	{ AUDIT_OWN_KEY_CHANGED, NULL, "You stored a key of your own for a model server", false },
};

/* Of an event that a later version wrote. */
static const struct meaning unknown = { AUDIT_EVENT_COUNT, NULL, "Something else happened", false };

static const struct meaning *find_meaning(const struct audit_row *row)
{
	const struct meaning *found = &unknown;
	enum audit_event event = audit_event_find(row->event);
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		const struct meaning *meaning = &meanings[i];
		if (meaning->event != event)
			continue;
		if (meaning->reason == NULL)
			found = meaning;
		else if (row->reason != NULL && strcmp(row->reason, meaning->reason) == 0)
			return meaning;
	}
	return found;
}

/* Who did it, when it was not the person; administrators are not named to everybody. */
static const char *actor_code(const char *actor)
{
	if (actor == NULL || strcmp(actor, "system") == 0 || strcmp(actor, "operator") == 0 ||
	    strcmp(actor, "django") == 0)
		return actor;
	return "administrator";
}

static const char *actor_words(const char *code)
{
	if (code == NULL)
		return NULL;
	if (strcmp(code, "django") == 0)
		return "by the other site";
	return strcmp(code, "system") == 0 ? "automatically" : "by the people who run this site";
}

static struct value *entry_value(const struct visit *visit, const struct audit_row *row)
{
	const struct meaning *meaning = find_meaning(row);
	const char *actor = actor_code(row->actor);
	struct value *value = value_object(visit->pool);
	value_set_string(value, "id", pool_printf(visit->pool, "%lld", (long long)row->id));
	value_set_string(value, "at", row->at);
	value_set_string(value, "event", row->event);
	value_set_string(value, "reason", row->reason);
	value_set_string(value, "message", meaning->words);
	value_set_string(value, "session", row->session);
	value_set_bool(value, "is_this_session",
		       row->session != NULL &&
			       strcmp(row->session, visit->session->public_id) == 0);
	value_set_string(value, "address", row->address);
	value_set_string(value, "user_agent", row->user_agent);
	value_set_string(value, "device",
			 row->user_agent != NULL ? device_text(visit->pool, row->user_agent)
						 : NULL);
	value_set_string(value, "actor", actor);
	if (visit->request->wants_json)
		return value;
	value_set_bool(value, "is_warning", meaning->is_warning);
	value_set_string(value, "age", visit_age_text(visit->pool, row->age_s));
	value_set_string(value, "moment", visit_moment_text(visit->pool, row->at_s));
	value_set_string(value, "by", actor_words(actor));
	return value;
}

/* A number from the query string: `missing` when it is not there, 0 when it is none. */
static int64_t query_id(const struct request *request, const char *name, int64_t missing)
{
	const char *text = request_query(request, name);
	int64_t id;
	if (*text == '\0')
		return missing;
	return text_to_integer(text, 1, INT64_MAX, &id) ? id : 0;
}

static void set_link(struct visit *visit, const char *name, const char *parameter, int64_t id)
{
	const char *path = pool_printf(visit->pool, "/activity?%s=%lld", parameter, (long long)id);
	value_set_string(visit->data, name, visit_path(visit, path));
}

/* The entries of a page, of which there is one more than shown when others follow. */
struct page {
	struct audit_list list;
	bool has_newer, has_older;
};

static enum outcome load(struct visit *visit, struct page *page)
{
	struct pg_pool *database = visit->app->postgresql;
	int64_t before = query_id(visit->request, "before", INT64_MAX);
	int64_t after = query_id(visit->request, "after", INT64_MAX);
	struct audit_place place = { .user_id = visit->session->user_id,
				     .id = after,
				     .limit = ENTRIES_SHOWN + 1 };
	if (before == 0 || after == 0)
		return BAD_REQUEST;
	enum outcome outcome = OK;
	if (after != INT64_MAX)
		outcome = audit_list_newer(database, visit->pool, &place, &page->list);
	if (outcome != OK || page->list.count > 0) {
		page->has_older = true;
		page->has_newer = page->list.count > ENTRIES_SHOWN;
		page->list.rows += page->has_newer;
	} else {
		place.id = before;
		outcome = audit_list_older(database, visit->pool, &place, &page->list);
		page->has_older = page->list.count > ENTRIES_SHOWN;
		page->has_newer = before != INT64_MAX;
	}
	page->list.count -= page->list.count > ENTRIES_SHOWN;
	return outcome;
}

static enum outcome activity_show(struct visit *visit)
{
	struct page page = { .has_newer = false };
	enum outcome outcome = load(visit, &page);
	if (outcome != OK)
		return outcome;
	const struct audit_list *list = &page.list;
	struct value *entries = value_array(visit->pool);
	for (size_t i = 0; i < list->count; i++)
		value_append(entries, entry_value(visit, &list->rows[i]));
	value_set(visit->data, "entries", entries);
	value_set_bool(visit->page, "has_entries", list->count > 0);
	if (page.has_newer && list->count > 0)
		set_link(visit, "newer", "after", list->rows[0].id);
	else if (page.has_newer) /* nothing is as old as that */
		value_set_string(visit->data, "newer", visit_path(visit, "/activity"));
	if (page.has_older && list->count > 0)
		set_link(visit, "older", "before", list->rows[list->count - 1].id);
	value_set_bool(visit->page, "has_more", page.has_newer || page.has_older);
	return visit_show(visit, "activity.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/activity", SIGNED_IN, activity_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table activity_page = { "activity", routes, false };

#include "app/session_check.h"
#include "app/trail.h"
#include "base/clock.h"
#include "base/log.h"
#include "web/cookie.h"
#include <string.h>

enum { USERS_PAUSE_MS = 5000 };

/* The person behind a session, or why not: SESSION_EXPIRED when gone, disabled, or with another
 * password, and then `*reason` says which; UNAVAILABLE when MySQL does not answer. */
static enum outcome look_up(struct visit *visit, const struct session *session, struct user **user,
			    const char **reason)
{
	struct app *app = visit->app;
	if (clock_monotonic_ms() < app->users_pause_until_ms)
		return UNAVAILABLE;
	enum outcome outcome = users_load(app->users, visit->pool, session->user_id, user);
	if (outcome == SIGN_IN_UNAVAILABLE) {
		app->users_pause_until_ms = clock_monotonic_ms() + USERS_PAUSE_MS;
		return UNAVAILABLE;
	}
	if (outcome != OK)
		*reason = "account_gone";
	else if (!(*user)->is_active)
		*reason = "account_disabled";
	else if (!session_fits_password(app->sessions, visit->pool, session,
					(*user)->stored_password))
		*reason = "password_changed";
	else
		return OK;
	return SESSION_EXPIRED;
}

/* Throw a session away, with the reason; the refusal stands also when that fails. */
static void end(struct visit *visit, const struct session *session, const char *reason)
{
	log_event(LOG_LEVEL_INFO, "session_ended", "reason", reason, "session", session->public_id,
		  "user", session->user_id, "address", visit->request->address, NULL);
	struct audit_entry entry = trail_entry(visit, AUDIT_SESSION_ENDED, session, reason);
	entry.actor = "system";
	const struct pg_call noted = audit_call(visit->pool, &entry);
	session_destroy(visit->app->sessions, visit->pool, session, &noted);
}

static enum outcome recheck_user(struct visit *visit, const struct session *session)
{
	const struct config *config = visit->app->config;
	int64_t checked_s = session->times.user_checked_s;
	/* A guest is in no table. A look-up in the future is none. */
	if (session->kind == SESSION_BOT ||
	    (checked_s >= 0 && checked_s < config->users.recheck_seconds))
		return OK;
	struct user *user;
	const char *reason = NULL;
	enum outcome outcome = look_up(visit, session, &user, &reason);
	if (outcome == UNAVAILABLE)
		/* Signed-in people go on for a while without MySQL, then not. */
		return session->times.user_checked_s < config->users.recheck_grace_minutes * 60
			       ? OK
			       : UNAVAILABLE;
	if (outcome != OK) {
		end(visit, session, reason);
		return outcome;
	}
	outcome = session_follow_key(visit->app->sessions, visit->pool, session,
				     user->stored_password);
	if (outcome != OK)
		return outcome;
	return session_user_checked(visit->app->sessions, visit->pool, session, user->username,
				    user->email);
}

static struct session_client client_of(const struct visit *visit)
{
	return (struct session_client){ .address = visit->request->address,
					.browser = visit->request->user_agent };
}

/* A session that Django made: check the person, give it its companion, load it once more. */
static enum outcome adopt(struct visit *visit, struct session **session)
{
	struct user *user;
	const char *reason = NULL;
	enum outcome outcome = look_up(visit, *session, &user, &reason);
	if (outcome != OK) { /* not ours to destroy or replace: only refused */
		*session = NULL;
		return outcome;
	}
	const struct session_client client = client_of(visit);
	outcome = session_adopt(visit->app->sessions, visit->pool, *session, user->username,
				user->email, &client);
	if (outcome != OK)
		return outcome;
	return session_load(visit->app->sessions, visit->pool, (*session)->key, &client, session);
}

/* Where a session is used from may change when its binding allows; a change is noted once. */
static enum outcome follow(struct visit *visit, const struct session *session)
{
	const struct session_client client = client_of(visit);
	unsigned changes = session_changes(visit->pool, session, &client);
	if (changes == 0)
		return OK;
	enum audit_event event = changes & SESSION_CHANGED_ADDRESS ? AUDIT_ADDRESS_CHANGED
								   : AUDIT_BROWSER_CHANGED;
	log_event(LOG_LEVEL_INFO, audit_event_name(event), "session", session->public_id, "user",
		  session->user_id, "from", session->began.address, "address", client.address,
		  NULL);
	const struct audit_entry entry = trail_entry(visit, event, session, NULL);
	trail_note(visit, &entry);
	return session_move(visit->app->sessions, visit->pool, session, &client);
}

/* There is no such session. The web server may have asked before, and that question ended it: nginx
 * and Apache ask once whether to let somebody in, and once more for the words of a refusal. */
static enum outcome why_gone(const struct visit *visit, enum outcome outcome, const char *key)
{
	if (outcome == SESSION_EXPIRED && session_has_moved(visit->app->sessions, visit->pool, key))
		return SESSION_MOVED;
	return outcome == SESSION_EXPIRED || outcome == SIGN_IN_REQUIRED ? outcome : UNAVAILABLE;
}

enum outcome session_check(struct visit *visit)
{
	const struct app *app = visit->app;
	const struct session_client client = client_of(visit);
	const char *cookie = cookie_find(visit->pool, visit->request->cookies,
					 app->config->session.cookie_name);
	if (cookie == NULL)
		return SIGN_IN_REQUIRED;
	visit->had_session_cookie = true;
	const char *key = session_cookie_key(app->sessions, visit->pool, cookie);
	if (key == NULL)
		return SESSION_EXPIRED;
	struct session *session;
	enum outcome outcome = session_load(app->sessions, visit->pool, key, &client, &session);
	if (session == NULL)
		return why_gone(visit, outcome, key);
	if (outcome == SESSION_MOVED)
		end(visit, session, session_end_name(session->end));
	else if (session->end != SESSION_GOES_ON)
		session_stays_over(app->sessions, visit->pool, session);
	if (outcome == OK && session->public_id == NULL)
		outcome = adopt(visit, &session);
	if (outcome == OK)
		outcome = recheck_user(visit, session);
	if (outcome == OK)
		outcome = follow(visit, session);
	if (outcome == OK) {
		visit->session = session;
		return OK;
	}
	visit->stale_session = session;
	bool is_refused = outcome == SESSION_EXPIRED || outcome == SESSION_MOVED ||
			  outcome == SIGN_IN_REQUIRED;
	return is_refused ? outcome : UNAVAILABLE;
}

void session_renew_cookie(struct visit *visit)
{
	const struct app *app = visit->app;
	const char *cookie = cookie_find(visit->pool, visit->request->cookies,
					 app->config->session.cookie_name);
	if (visit->session == NULL || cookie == NULL)
		return;
	const char *current = session_cookie_value(app->sessions, visit->pool, visit->session);
	if (strcmp(cookie, current) != 0)
		visit_set_session_cookie(visit, visit->session);
}

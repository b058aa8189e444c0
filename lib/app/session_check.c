#include "app/session_check.h"
#include "base/clock.h"
#include "base/log.h"
#include "web/cookie.h"

/* Times are noted to the minute, so that a busy session is written once a minute. */
enum { TOUCH_SECONDS = 60, USERS_PAUSE_MS = 5000 };

/* The person behind a session, or why not: SESSION_EXPIRED when gone, disabled, or with another
 * password; UNAVAILABLE when MySQL does not answer. */
static enum outcome look_up(struct visit *visit, const struct session *session, struct user **user)
{
	struct app *app = visit->app;
	if (clock_monotonic_ms() < app->users_pause_until_ms)
		return UNAVAILABLE;
	enum outcome outcome = users_load(app->users, visit->pool, session->user_id, user);
	if (outcome == SIGN_IN_UNAVAILABLE) {
		app->users_pause_until_ms = clock_monotonic_ms() + USERS_PAUSE_MS;
		return UNAVAILABLE;
	}
	if (outcome != OK || !(*user)->is_active ||
	    !session_fits_password(app->sessions, visit->pool, session, (*user)->stored_password))
		return SESSION_EXPIRED;
	return OK;
}

static void end(struct visit *visit, const struct session *session)
{
	log_event(LOG_LEVEL_INFO, "session_ended", "reason",
		  "the account is disabled, gone, or has another password", "session",
		  session->public_id, "user", session->user_id, NULL);
	session_destroy(visit->app->sessions, visit->pool, session);
}

static enum outcome recheck_user(struct visit *visit, const struct session *session)
{
	const struct config *config = visit->app->config;
	if (session->user_checked_s < config->users.recheck_seconds)
		return OK;
	struct user *user;
	enum outcome outcome = look_up(visit, session, &user);
	if (outcome == UNAVAILABLE)
		/* Signed-in people go on for a while without MySQL, then not. */
		return session->user_checked_s < config->users.recheck_grace_minutes * 60
			       ? OK
			       : UNAVAILABLE;
	if (outcome != OK) {
		end(visit, session);
		return outcome;
	}
	return session_user_checked(visit->app->sessions, visit->pool, session);
}

/* A session that Django made: check the person, give it its companion, load it once more. */
static enum outcome adopt(struct visit *visit, struct session **session)
{
	struct user *user;
	enum outcome outcome = look_up(visit, *session, &user);
	if (outcome != OK) { /* not ours to destroy or replace: only refused */
		*session = NULL;
		return outcome;
	}
	outcome = session_adopt(visit->app->sessions, visit->pool, *session, user->username,
				visit->request->address, visit->request->user_agent);
	if (outcome != OK)
		return outcome;
	return session_load(visit->app->sessions, visit->pool, (*session)->key, session);
}

enum outcome session_check(struct visit *visit)
{
	const struct app *app = visit->app;
	const char *key = cookie_find(visit->pool, visit->request->cookies,
				      app->config->session.cookie_name);
	if (key == NULL)
		return SIGN_IN_REQUIRED;
	visit->had_session_cookie = true;
	struct session *session;
	enum outcome outcome = session_load(app->sessions, visit->pool, key, &session);
	if (outcome == OK && session->public_id == NULL)
		outcome = adopt(visit, &session);
	if (outcome == OK)
		outcome = recheck_user(visit, session);
	if (outcome == SESSION_EXPIRED || outcome == SIGN_IN_REQUIRED) {
		visit->stale_session = session;
		return outcome;
	}
	if (outcome != OK)
		return UNAVAILABLE;
	if (session->times.idle_s >= TOUCH_SECONDS)
		outcome = session_touch(app->sessions, visit->pool, session);
	visit->session = session;
	return outcome == OK ? OK : UNAVAILABLE;
}

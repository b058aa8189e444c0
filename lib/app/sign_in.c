#include "app/sign_in.h"
#include "base/crypto.h"
#include "base/log.h"

/* About one sign-in of a hundred also throws away a handful of what has expired. */
enum { CLEAN_ONE_IN = 100 };
#define CLEAN_ROWS "50"

static void clean_sometimes(struct visit *visit)
{
	unsigned char dice;
	crypto_random(&dice, 1);
	if (dice % CLEAN_ONE_IN != 0)
		return;
	const char *const rows[] = { CLEAN_ROWS };
	pg_run(visit->app->postgresql, visit->pool, STATEMENT_SESSION_CLEAN, rows, 1, NULL);
	pg_run(visit->app->postgresql, visit->pool, STATEMENT_THROTTLE_CLEAN, rows, 1, NULL);
}

static enum outcome begin_session(struct visit *visit, const struct user *user, bool remember)
{
	const struct session *replaces = visit->session != NULL ? visit->session
								: visit->stale_session;
	const struct session_new wanted = {
		.user_id = user->id,
		.username = user->username,
		.stored_password = user->stored_password,
		.method = "password",
		.address = visit->request->address,
		.user_agent = visit->request->user_agent,
		.remember = remember && visit->app->config->session.remember_days > 0,
		.replaces = replaces,
	};
	struct session *session;
	enum outcome outcome = session_create(visit->app->sessions, visit->pool, &wanted, &session);
	if (outcome != OK)
		return outcome == BAD_REQUEST || outcome == CONFLICT ? INTERNAL_ERROR : outcome;
	visit->session = session;
	visit_set_session_cookie(visit, session);
	visit_rotate_csrf(visit);
	log_event(LOG_LEVEL_INFO, "sign_in", "user", user->id, "session", session->public_id,
		  "address", visit->request->address, NULL);
	return OK;
}

enum outcome sign_in(struct visit *visit, const struct sign_in *wanted)
{
	struct app *app = visit->app;
	const struct credentials credentials = { .login = wanted->login,
						 .password = wanted->password,
						 .address = visit->request->address };
	struct credentials_verdict verdict = { .user = NULL };
	enum outcome outcome = credentials_check(&app->auth, visit->pool, &credentials, &verdict);
	if (outcome != OK) {
		/* The login is not logged: people type passwords into that field. */
		log_event(LOG_LEVEL_WARNING, "sign_in_failed", "reason",
			  outcome_meaning(outcome)->code, "address", visit->request->address, NULL);
		if (outcome == TOO_MANY_ATTEMPTS)
			visit_set_retry_after(visit, verdict.retry_after_s);
		return outcome;
	}
	if (verdict.replaced_password != NULL)
		session_follow_rehash(app->sessions, visit->pool, verdict.user->id,
				      verdict.replaced_password, verdict.user->stored_password);
	clean_sometimes(visit);
	return begin_session(visit, verdict.user, wanted->remember);
}

enum outcome sign_up(struct visit *visit, const struct registration *wanted)
{
	struct user *user;
	enum outcome outcome = registration_add(&visit->app->auth, visit->pool, wanted, &user);
	if (outcome != OK)
		return outcome == NOT_FOUND ? INTERNAL_ERROR : outcome;
	log_event(LOG_LEVEL_INFO, "sign_up", "user", user->id, "address", visit->request->address,
		  NULL);
	return begin_session(visit, user, false);
}

enum outcome sign_out(struct visit *visit)
{
	const struct session *session = visit->session != NULL ? visit->session
							       : visit->stale_session;
	if (session != NULL && session->user_id != NULL) {
		enum outcome outcome = session_destroy(visit->app->sessions, visit->pool, session);
		if (outcome != OK)
			return outcome;
		log_event(LOG_LEVEL_INFO, "sign_out", "user", session->user_id, "session",
			  session->public_id, NULL);
		visit_clear_session_cookie(visit);
		visit_rotate_csrf(visit);
		visit->session = NULL;
	}
	return OK;
}

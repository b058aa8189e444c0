#include "app/sign_in.h"
#include "app/conversations.h"
#include "app/trail.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "session/list.h"
#include <string.h>

/* About one sign-in of a hundred also throws away a handful of what has expired, and looks after the
 * months of the audit trail, for hosts without a timer. */
enum { CLEAN_ONE_IN = 100 };
#define CLEAN_ROWS "50"

static const char device_cookie[] = "gatehouse_device";

const char *sign_in_cleans_rested(const struct app *app)
{
	return app->config->django.identity == IDENTITY_OFF ? "true" : "false";
}

static void clean_sometimes(struct visit *visit)
{
	unsigned char dice;
	crypto_random(&dice, 1);
	if (dice % CLEAN_ONE_IN != 0)
		return;
	const char *const limits[] = { CLEAN_ROWS, sign_in_cleans_rested(visit->app) };
	pg_run(visit->app->postgresql, visit->pool, STATEMENT_SESSION_CLEAN, limits, 2, NULL);
	pg_run(visit->app->postgresql, visit->pool, STATEMENT_THROTTLE_CLEAN, limits, 1, NULL);
	pg_run(visit->app->postgresql, visit->pool, STATEMENT_AUDIT_PARTITIONS, NULL, 0, NULL);
}

/* So that strangers who guess cannot lock this person out of this device. Who signs in here next
 * takes its place; it stays when somebody signs out. */
static void remember_device(struct visit *visit, const struct user *user)
{
	const struct known_devices *devices = visit->app->auth.devices;
	const char *cookie = visit_cookie(visit, device_cookie);
	int64_t now_s = clock_now_s();
	const char *account = known_device_account(visit->pool, user->id, user->stored_password);
	if (known_device_nonce(devices, visit->pool, cookie, account, now_s) == NULL)
		visit_set_cookie(visit, device_cookie,
				 known_device_new(devices, visit->pool, account, now_s),
				 KNOWN_DEVICE_SECONDS);
}

static struct pg_call entry_call(const struct visit *visit, enum audit_event event,
				 const struct session *session, const char *reason)
{
	const struct audit_entry entry = trail_entry(visit, event, session, reason);
	return audit_call(visit->pool, &entry);
}

/* Why a session ends whose place a new one takes. */
static const char *end_reason(const struct session *replaced)
{
	return replaced->end == SESSION_GOES_ON ? "replaced" : session_end_name(replaced->end);
}

/* What happens together with the beginning of a session: the entries of the audit trail, and what a
 * guest had becomes the person's. */
enum { FIRST_MAX = 4 };

static size_t collect_first(struct visit *visit, const struct session_new *wanted,
			    enum audit_event event, struct pg_call first[static FIRST_MAX])
{
	const struct session *replaced = wanted->replaces;
	const struct session begun = { .public_id = wanted->public_id,
				       .user_id = wanted->user_id,
				       .username = wanted->username,
				       .kind = wanted->kind };
	size_t count = 0;
	if (replaced != NULL && replaced->public_id != NULL)
		first[count++] = entry_call(visit, AUDIT_SESSION_ENDED, replaced,
					    end_reason(replaced));
	first[count++] = entry_call(visit, event, &begun,
				    event == AUDIT_SIGN_UP ? NULL : wanted->method);
	if (event == AUDIT_SIGN_UP)
		first[count++] = entry_call(visit, AUDIT_SIGN_IN, &begun, wanted->method);
	/* Not what an ended session had: it may be somebody else who brings its cookie. */
	if (replaced != NULL && replaced->kind == SESSION_BOT && replaced->end == SESSION_GOES_ON)
		first[count++] = conversation_hand_over_call(
			visit->pool, replaced->user_id,
			&(struct conversation_owner){ .user_id = wanted->user_id,
						      .username = wanted->username,
						      .is_guest = wanted->kind == SESSION_BOT });
	return count;
}

enum outcome sign_in_begin(struct visit *visit, const struct session_new *wanted,
			   enum audit_event event)
{
	struct pg_call first[FIRST_MAX];
	struct session_new complete = *wanted;
	complete.public_id = crypto_uuid(visit->pool);
	complete.client = (struct session_client){ .address = visit->request->address,
						   .browser = visit->request->user_agent };
	complete.replaces = visit->session != NULL ? visit->session : visit->stale_session;
	complete.first_count = collect_first(visit, &complete, event, first);
	complete.first = first;
	struct session *session;
	clean_sometimes(visit);
	enum outcome outcome = session_create(visit->app->sessions, visit->pool, &complete,
					      &session);
	if (outcome != OK)
		return outcome == BAD_REQUEST || outcome == CONFLICT ? INTERNAL_ERROR : outcome;
	visit->session = session;
	visit_set_session_cookie(visit, session);
	visit_rotate_csrf(visit);
	log_event(LOG_LEVEL_INFO, audit_event_name(event), "user", session->user_id, "session",
		  session->public_id, "kind", session_kind_name(session->kind), "address",
		  visit->request->address, NULL);
	return OK;
}

static enum outcome begin_session(struct visit *visit, const struct user *user, bool remember,
				  enum audit_event event)
{
	const struct app *app = visit->app;
	struct session_person person;
	enum outcome outcome = session_person_load(app->sessions, visit->pool, user->id, &person);
	if (outcome != OK)
		return outcome;
	struct session_new wanted = {
		.user_id = user->id,
		.username = user->username,
		.email = user->email,
		.stored_password = user->stored_password,
		.kind = session_kind_of(app->sessions, &person),
		.person = &person,
		.method = "password",
	};
	wanted.remember = remember && wanted.kind == SESSION_AUTHENTICATED &&
			  app->config->session.remember_days > 0;
	outcome = sign_in_begin(visit, &wanted, event);
	if (outcome == OK)
		remember_device(visit, user);
	return outcome;
}

/* What a refusal is in the audit trail; those that are not here are nobody's doing. */
static const struct {
	enum outcome outcome;
	enum audit_event event;
	const char *reason;
} refusals[] = {
	{ WRONG_CREDENTIALS, AUDIT_SIGN_IN_FAILED, "wrong_password" },
	{ ACCOUNT_DISABLED, AUDIT_SIGN_IN_FAILED, "account_disabled" },
	{ TOO_MANY_ATTEMPTS, AUDIT_LOCKED_OUT, NULL },
};

/* `user` is NULL where nobody has the name; then the name is not kept either. */
static void note_refusal(const struct visit *visit, enum outcome outcome, const struct user *user,
			 bool confirms)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		if (refusals[i].outcome != outcome)
			continue;
		enum audit_event event = refusals[i].event;
		if (confirms && event == AUDIT_SIGN_IN_FAILED)
			event = AUDIT_CONFIRM_FAILED;
		struct audit_entry entry = trail_entry(
			visit, event, confirms ? visit->session : NULL, refusals[i].reason);
		if (user != NULL) {
			entry.user_id = user->id;
			entry.username = user->username;
		} else if (outcome == WRONG_CREDENTIALS) {
			entry.reason = "unknown_name";
		}
		trail_note(visit, &entry);
	}
}

/* Whether these are the person and the password; refusals are noted, with their Retry-After. */
static enum outcome check(struct visit *visit, const struct sign_in *wanted, struct user **user)
{
	struct app *app = visit->app;
	const struct credentials credentials = { .login = wanted->login,
						 .user_id = wanted->user_id,
						 .password = wanted->password,
						 .address = visit->request->address,
						 .known_device = visit_cookie(visit,
									      device_cookie) };
	struct credentials_verdict verdict = { .user = NULL };
	enum outcome outcome = credentials_check(&app->auth, visit->pool, &credentials, &verdict);
	if (outcome != OK) {
		/* The login is not logged: people type passwords into that field. */
		log_event(LOG_LEVEL_WARNING, "sign_in_failed", "reason",
			  outcome_meaning(outcome)->code, "address", visit->request->address, NULL);
		note_refusal(visit, outcome, verdict.user, wanted->user_id != NULL);
		if (outcome == TOO_MANY_ATTEMPTS)
			visit_set_retry_after(visit, verdict.retry_after_s);
		return outcome;
	}
	if (verdict.replaced_password != NULL)
		session_follow_rehash(app->sessions, visit->pool, verdict.user->id,
				      verdict.replaced_password, verdict.user->stored_password);
	*user = verdict.user;
	return OK;
}

enum outcome sign_in(struct visit *visit, const struct sign_in *wanted)
{
	struct user *user;
	enum outcome outcome = check(visit, wanted, &user);
	return outcome != OK ? outcome
			     : begin_session(visit, user, wanted->remember,
					     wanted->user_id != NULL ? AUDIT_PASSWORD_CONFIRMED
								     : AUDIT_SIGN_IN);
}

/* All of the person's sessions but this one: they were begun with a password that is no more. */
static enum outcome end_others(struct visit *visit)
{
	const struct session_ending ending = {
		.user_id = visit->session->user_id,
		.except = visit->session->public_id,
		.reason = "password_changed",
		.address = visit->request->address,
		.request_id = visit->request->id,
	};
	int64_t ended;
	return session_end_listed(visit->app->postgresql, visit->pool, &ending, &ended);
}

enum outcome sign_in_change_password(struct visit *visit, const char *current,
				     const char *new_password)
{
	const struct session *session = visit->session;
	const struct sign_in wanted = { .user_id = session->user_id, .password = current };
	struct user *user;
	enum outcome outcome = check(visit, &wanted, &user);
	if (outcome == OK)
		outcome = credentials_replace(&visit->app->auth, visit->pool, user, new_password);
	if (outcome != OK)
		return outcome;
	outcome = begin_session(visit, user, session->times.remember, AUDIT_PASSWORD_CHANGED);
	if (outcome != OK) /* two databases: the first has it, the second does not answer */
		log_event(LOG_LEVEL_ERROR, "password_changed_unwritten", "user", user->id,
			  "address", visit->request->address, NULL);
	/* Were they not ended here, the next look-up of the person would: their hash fits no more. */
	return outcome == OK ? end_others(visit) : outcome;
}

const char *sign_in_password_problem(const struct request *request)
{
	if (!request_field_is_clean(request, "password", false))
		return "This holds characters that cannot be part of a password.";
	const char *password = request_field(request, "password");
	if (*password == '\0')
		return "Enter your password.";
	return strlen(password) > PASSWORD_INPUT_MAX_BYTES ? "This is too long for a password."
							   : NULL;
}

enum outcome sign_in_count_post(struct visit *visit)
{
	int64_t retry_after_s;
	enum outcome outcome = throttle_post(&visit->app->auth.throttle, visit->pool,
					     visit->request->address, &retry_after_s);
	if (outcome == TOO_MANY_ATTEMPTS)
		visit_set_retry_after(visit, retry_after_s);
	return outcome;
}

enum outcome sign_up(struct visit *visit, const struct registration *wanted)
{
	struct user *user;
	enum outcome outcome = registration_add(&visit->app->auth, visit->pool, wanted, &user);
	if (outcome != OK)
		return outcome == NOT_FOUND ? INTERNAL_ERROR : outcome;
	log_event(LOG_LEVEL_INFO, "sign_up", "user", user->id, "address", visit->request->address,
		  NULL);
	return begin_session(visit, user, false, AUDIT_SIGN_UP);
}

enum outcome sign_out(struct visit *visit)
{
	const struct session *session = visit->session != NULL ? visit->session
							       : visit->stale_session;
	if (session != NULL && session->user_id != NULL) {
		const struct pg_call noted = entry_call(visit, AUDIT_SIGN_OUT, session, NULL);
		enum outcome outcome = session_destroy(visit->app->sessions, visit->pool, session,
						       &noted);
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

/* Signing in, up and out: the use cases that join the person, the session and the cookies. */
#pragma once
#include "app/visit.h"
#include "audit/audit.h"
#include "auth/registration.h"

struct sign_in {
	const char *login;
	const char
		*user_id; /* instead of the login: somebody signed in who confirms the password */
	const char *password;
	bool remember;
};

/* Check the credentials and begin a session under a new key; the cookies are on the response. The
 * refusals are those of credentials_check; after TOO_MANY_ATTEMPTS the visit has its Retry-After. */
enum outcome sign_in(struct visit *visit, const struct sign_in *wanted);

/* Replace the password of the person whose session this is: the current one is checked as at a sign-in, the
 * session goes on under a new key, and the person's others end. The refusals of credentials_check and
 * credentials_replace; the rules for a new password are the caller's to check. */
enum outcome sign_in_change_password(struct visit *visit, const char *current,
				     const char *new_password);

/* What is wrong with the password field of a form before it is checked, or NULL. */
const char *sign_in_password_problem(const struct request *request);

/* Begin the session that `wanted` says, in the place of the visitor's own, together with the entry of
 * `event` in the audit trail (AUDIT_SIGN_IN, AUDIT_SIGN_UP, which a sign-in follows, …), and put its
 * cookies on the response. public_id, client, replaces and first are filled in here. */
enum outcome sign_in_begin(struct visit *visit, const struct session_new *wanted,
			   enum audit_event event);

/* Whether cleaning also takes sessions that nobody used for long, as session_clean wants it. Not where
 * a Django project may be using them, which this companion does not see. */
const char *sign_in_cleans_rested(const struct app *app);

/* Count a posted form below /auth/ in which no password is checked, whether it works or not: one
 * address may send so many a minute. TOO_MANY_ATTEMPTS (the visit has its Retry-After), UNAVAILABLE. */
enum outcome sign_in_count_post(struct visit *visit);

/* Add the person and sign in. CONFLICT, BUSY, SIGN_IN_UNAVAILABLE, UNAVAILABLE. */
enum outcome sign_up(struct visit *visit, const struct registration *wanted);

/* End the session on the server and delete its cookie. UNAVAILABLE: it still stands. */
enum outcome sign_out(struct visit *visit);

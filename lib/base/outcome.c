#include "base/outcome.h"

static const struct outcome_meaning meanings[OUTCOME_COUNT] = {
	[OK] = { 200, "ok", "Done", "Done." },
	[BAD_REQUEST] = { 400, "bad_request", "That did not arrive in one piece",
			  "We could not read what was sent. Go back and try again." },
	[INVALID_FIELDS] = { 400, "invalid_fields", "Please check the form",
			     "Some fields need another look." },
	[WRONG_CREDENTIALS] = { 401, "invalid_credentials", "Sign in",
				"Invalid username or password." },
	[WRONG_PASSWORD] = { 401, "wrong_password", "Confirm your password",
			     "That is not your password. Please try again." },
	[ACCOUNT_DISABLED] = { 403, "account_disabled", "Account is disabled",
			       "Account is disabled. Ask the people who run this site to enable "
			       "it." },
	[SIGN_IN_REQUIRED] = { 401, "authentication_required", "Please sign in",
			       "Sign in to go on." },
	[SESSION_EXPIRED] = { 401, "session_expired", "Please sign in again",
			      "Invalid or expired session. Sign in again to go on." },
	[SESSION_MOVED] = { 401, "session_moved", "Please sign in again",
			    "Your sign-in was used from another network or browser than it began "
			    "with, so it has ended. Sign in again to go on." },
	[PASSWORD_REQUIRED] = { 401, "password_required", "Please confirm your password",
				"Confirm your password to go on." },
	[SECOND_FACTOR_REQUIRED] = { 403, "second_factor_required", "A second factor is needed",
				     "This page asks for a second factor, which this sign-in does "
				     "not have." },
	[CSRF_FAILED] = { 403, "csrf_failed", "Please send that again",
			  "This form was open for too long or came from another window. Nothing "
			  "was changed." },
	[CROSS_ORIGIN] = { 403, "cross_origin", "That came from another site",
			   "The request came from another site, so we did not act on it." },
	[FORBIDDEN] = { 403, "forbidden", "Not for this account",
			"Your account may not see this page." },
	[NOT_FOUND] = { 404, "not_found", "Page not found",
			"There is nothing at this address. Check it, or start from the home "
			"page." },
	[METHOD_NOT_ALLOWED] = { 405, "method_not_allowed", "That does not work here",
				 "This address does not take that kind of request." },
	[CONFLICT] = { 409, "conflict", "Already taken", "Username or email already exists." },
	[TOO_LARGE] = { 413, "too_large", "That is too much at once",
			"What was sent is larger than this site accepts. Shorten it and try "
			"again." },
	[UNSUPPORTED_TYPE] = { 415, "unsupported_type", "We cannot read that",
			       "Send a form or JSON." },
	[TOO_MANY_ATTEMPTS] = { 429, "too_many_attempts", "Too many attempts",
				"Too many attempts. Wait a little, then try again." },
	[BUSY] = { 503, "busy", "A busy moment",
		   "Many people are signing in right now. Try again in a few seconds." },
	[SIGN_IN_UNAVAILABLE] = { 503, "sign_in_unavailable", "Sign-in is temporarily unavailable",
				  "Sign-in is temporarily unavailable. Try again in a minute." },
	[UNAVAILABLE] = { 503, "unavailable", "Back in a moment",
			  "Something we depend on does not answer. Try again in a moment." },
	[INTERNAL_ERROR] = { 500, "internal_error", "Something went wrong",
			     "Something went wrong on our side. It has been noted; please try "
			     "again." },
};

const struct outcome_meaning *outcome_meaning(enum outcome outcome)
{
	if ((unsigned)outcome >= OUTCOME_COUNT || meanings[outcome].code == 0)
		return &meanings[INTERNAL_ERROR];
	return &meanings[outcome];
}

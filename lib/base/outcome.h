/* Outcomes: what can happen when something is asked of Gatehouse.
 *
 * Functions that can fail return one; 0 is success. What an outcome means to a client (status,
 * code, sentence) is written once, in the table of outcome.c. */
#pragma once

enum outcome {
	OK = 0,
	BAD_REQUEST,       /* what was sent cannot be understood */
	INVALID_FIELDS,    /* a form with errors beside its fields */
	WRONG_CREDENTIALS, /* no such person, or not this password */
	WRONG_PASSWORD,    /* of somebody who is signed in and confirms it */
	ACCOUNT_DISABLED,
	SIGN_IN_REQUIRED,
	SESSION_EXPIRED,   /* a sign-in that was valid once */
	SESSION_MOVED,     /* one that is used from another place than it may be */
	PASSWORD_REQUIRED, /* signed in, but not lately enough for this */
	SECOND_FACTOR_REQUIRED,
	CSRF_FAILED,
	CROSS_ORIGIN,
	FORBIDDEN,
	NOT_FOUND,
	METHOD_NOT_ALLOWED,
	CONFLICT, /* somebody else has it already */
	TOO_LARGE,
	UNSUPPORTED_TYPE, /* a body of a kind nobody here reads */
	TOO_MANY_ATTEMPTS,
	BUSY,                /* all places for password hashing are taken */
	SIGN_IN_UNAVAILABLE, /* the users database does not answer */
	UNAVAILABLE,         /* the session database does not answer */
	INTERNAL_ERROR,
	OUTCOME_COUNT
};

struct outcome_meaning {
	int status;          /* HTTP status (RFC 9110) */
	const char *code;    /* stable name in JSON and logs */
	const char *title;   /* heading of the error page */
	const char *message; /* a sentence for a person: what happened, what to do next */
};

/* Never NULL. */
const struct outcome_meaning *outcome_meaning(enum outcome outcome);

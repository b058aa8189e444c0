/* Signing in, up and out: the use cases that join the person, the session and the cookies. */
#pragma once
#include "app/visit.h"
#include "auth/registration.h"

struct sign_in {
	const char *login;
	const char *password;
	bool remember;
};

/* Check the credentials and begin a session under a new key; the cookies are on the response. The
 * refusals are those of credentials_check; after TOO_MANY_ATTEMPTS the visit has its Retry-After. */
enum outcome sign_in(struct visit *visit, const struct sign_in *wanted);

/* Add the person and sign in. CONFLICT, BUSY, SIGN_IN_UNAVAILABLE, UNAVAILABLE. */
enum outcome sign_up(struct visit *visit, const struct registration *wanted);

/* End the session on the server and delete its cookie. UNAVAILABLE: it still stands. */
enum outcome sign_out(struct visit *visit);

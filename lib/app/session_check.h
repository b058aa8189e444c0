/* Session check: who is there? Joins the session (PostgreSQL) with the person (MySQL), who is looked
 * up again once a minute. */
#pragma once
#include "app/visit.h"

/* Fill visit->session from the cookie. OK: somebody is signed in. SESSION_EXPIRED: a cookie that is
 * no (longer) good, SESSION_MOVED one whose session ended because it was used from elsewhere.
 * SIGN_IN_REQUIRED: no cookie, or one of somebody else's. UNAVAILABLE: cannot tell. */
enum outcome session_check(struct visit *visit);

/* A cookie that an earlier secret key signed is given anew: without that key it would be worth nothing.
 * For pages of ours; the gate adds no cookie to somebody else's answer. */
void session_renew_cookie(struct visit *visit);

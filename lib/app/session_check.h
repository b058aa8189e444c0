/* Session check: who is there? Joins the session (PostgreSQL) with the person (MySQL), who is looked
 * up again once a minute. */
#pragma once
#include "app/visit.h"

/* Fill visit->session from the cookie. OK: somebody is signed in. SESSION_EXPIRED: a cookie that is
 * no (longer) good, SESSION_MOVED one whose session ended because it was used from elsewhere. SIGN_IN_REQUIRED: no cookie, or one of somebody else's. UNAVAILABLE: cannot
 * tell. */
enum outcome session_check(struct visit *visit);

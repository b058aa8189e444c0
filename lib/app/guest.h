/* Guests: visitors who gave an email address that nobody proved, and may chat for an hour. They are
 * nobody in the users table, whatever the address. */
#pragma once
#include "app/sign_in.h"

/* Begin a guest's session, which ends when its time is over, however much it is used. A guest who asks
 * again with the same address goes on in the session they have; from elsewhere on the same network
 * address, the one before ends. TOO_MANY_ATTEMPTS, UNAVAILABLE. */
enum outcome guest_begin(struct visit *visit, const char *email);

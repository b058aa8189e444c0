/* CSRF tokens in Django's format, so that a form of either site is good at the other.
 *
 * The cookie holds a secret of 32 characters, or (Django up to 3.2) a masked token of 64: 32
 * characters of mask and 32 of the secret shifted by it. Forms always carry a fresh masked token,
 * which makes it useless to guess from compressed pages (BREACH). */
#pragma once
#include "base/memory.h"

/* What a new csrftoken cookie holds: a masked token, which every Django version understands. */
const char *csrf_new_cookie(struct pool *pool);

/* Whether a cookie's value can be used: 32 or 64 letters and digits. */
bool csrf_cookie_is_usable(const char *cookie);

/* A fresh token for a form, of the secret in the cookie. */
const char *csrf_token(struct pool *pool, const char *cookie);

/* Whether a form's token and the cookie hold the same secret. NULL never matches. */
bool csrf_matches(const char *cookie, const char *token);

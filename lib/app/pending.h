/* Pending forms: what somebody typed into a form that could not be taken just now, because their
 * sign-in had run out or something we depend on is down.
 *
 * The page that says so carries it along; the person sees it again and confirms it. Nothing is
 * stored, nothing is sent on its own. */
#pragma once
#include "app/visit.h"

/* The sign-in page with status 401; with `keep`, what was typed travels in it. Keep only what came
 * from a page of ours. */
enum outcome pending_show_sign_in(struct visit *visit, enum outcome reason, bool keep);

/* The page that asks for the password once more, with status 401, likewise. */
enum outcome pending_show_confirm_password(struct visit *visit, bool keep);

/* Whether the sign-in form brought a pending form along. */
bool pending_exists(const struct visit *visit);

/* Keep it in the sign-in page that is shown again. */
void pending_keep(struct visit *visit);

/* After signing in: the page that shows what was typed and asks to send it. OK, or BAD_REQUEST when
 * what came along is no form of ours. */
enum outcome pending_show_confirm(struct visit *visit);

/* Something is down: a page with this refusal that holds the form and sends it again on request. */
enum outcome pending_show_retry(struct visit *visit, enum outcome reason);

#include "app/guard.h"
#include "app/pending.h"
#include "app/session_check.h"
#include "base/log.h"
#include "web/cookie.h"
#include "web/csrf.h"
#include "web/escape.h"
#include <string.h>

/* The browser's word for where a request comes from (Fetch metadata); old browsers say nothing. */
static bool is_cross_site(const struct visit *visit)
{
	const struct request *request = visit->request;
	const char *site = request->fetch_site;
	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return true;
	return request->origin != NULL &&
	       !text_equal_fold(request->origin, visit->app->config->site.origin);
}

/* A program that signs in with JSON and has no session to abuse needs no token: a page of another
 * site cannot send application/json without asking first, and then it says where it is from. */
static bool is_program_signing_in(const struct visit *visit, const struct route *route)
{
	return (route->needs & JSON_SIGN_IN) != 0 && visit->request->body_kind == BODY_JSON &&
	       !visit->had_session_cookie;
}

/* Whether the form's token, or the script's header, belongs to the cookie that came along. */
static bool has_token(const struct visit *visit)
{
	const struct request *request = visit->request;
	const char *token = request->csrf_header != NULL
				    ? request->csrf_header
				    : request_field(request, "csrfmiddlewaretoken");
	return csrf_matches(visit->csrf_cookie_is_new ? NULL : visit->csrf_cookie, token);
}

/* Whether the browser says, or the token proves, that a form came from a page of ours. Only then is
 * what was typed shown again under a valid token: another site could otherwise put its words, and
 * fields nobody sees, into a page of ours that only waits for a click. */
static bool is_from_our_page(const struct visit *visit)
{
	const struct request *request = visit->request;
	if (is_cross_site(visit))
		return false;
	if (request->origin != NULL || request->fetch_site != NULL)
		return true;
	return has_token(visit);
}

/* Whether a request that changes something comes from a page of ours: OK, CROSS_ORIGIN or
 * CSRF_FAILED. */
static enum outcome check_origin(const struct visit *visit, const struct route *route)
{
	if (is_cross_site(visit))
		return CROSS_ORIGIN;
	if (is_program_signing_in(visit, route))
		return OK;
	return has_token(visit) ? OK : CSRF_FAILED;
}

/* A stranger at a walled page: a browser goes to sign in and comes back, a form that was sent is
 * kept for after, a program gets 401. */
static enum outcome ask_sign_in(struct visit *visit, enum outcome reason)
{
	const struct request *request = visit->request;
	if (request->wants_json || (!request_is_safe(request) && !request->wants_html))
		return reason;
	if (is_cross_site(visit) && !request_is_safe(request))
		return CROSS_ORIGIN;
	if (!request_is_safe(request))
		return pending_show_sign_in(visit, reason, is_from_our_page(visit));
	struct buffer path = buffer_new(visit->pool, 256);
	buffer_puts(&path, "/auth/login?next=");
	escape_url(&path, request->target, strlen(request->target));
	if (reason == SESSION_EXPIRED)
		buffer_puts(&path, "&notice=expired");
	return visit_redirect(visit, path.bytes, NULL);
}

static enum outcome refuse_method(struct visit *visit, unsigned allowed)
{
	response_add_header(visit->response, "Allow",
			    allowed == METHOD_POST         ? "POST"
			    : (allowed & METHOD_POST) != 0 ? "GET, HEAD, POST"
							   : "GET, HEAD");
	return METHOD_NOT_ALLOWED;
}

/* Nobody knows the path: a stranger is not even told so. */
static enum outcome refuse_path(struct visit *visit, unsigned allowed)
{
	enum outcome outcome = session_check(visit);
	if (outcome == UNAVAILABLE)
		return outcome;
	if (allowed != 0)
		return refuse_method(visit, allowed);
	return outcome == OK ? NOT_FOUND : ask_sign_in(visit, outcome);
}

static enum outcome admit(struct visit *visit, const struct route *route)
{
	enum outcome outcome = (route->needs & NO_SESSION) != 0 ? SIGN_IN_REQUIRED
								: session_check(visit);
	if (outcome == UNAVAILABLE)
		return outcome;
	const struct access_rule rule = { .needs = route->needs };
	const struct access_facts facts = { .is_signed_in = visit->session != NULL };
	if (access_decide(&facts, &rule) != ACCESS_ALLOW)
		return ask_sign_in(visit, outcome);
	if (request_is_safe(visit->request))
		return route->handle(visit);
	outcome = check_origin(visit, route);
	if (outcome == OK)
		return route->handle(visit);
	log_event(LOG_LEVEL_WARNING, outcome_meaning(outcome)->code, "path", visit->request->path,
		  "origin", visit->request->origin, "address", visit->request->address, NULL);
	if (outcome == CSRF_FAILED && route->show_again != NULL && !visit->request->wants_json)
		return route->show_again(visit);
	return outcome;
}

static void read_csrf_cookie(struct visit *visit)
{
	const char *cookie = cookie_find(visit->pool, visit->request->cookies,
					 visit->app->config->session.csrf_cookie_name);
	if (csrf_cookie_is_usable(cookie)) {
		visit->csrf_cookie = cookie;
	} else {
		visit->csrf_cookie = csrf_new_cookie(visit->pool);
		visit->csrf_cookie_is_new = true;
	}
}

void guard_serve(struct visit *visit, const struct route_table *const *tables)
{
	read_csrf_cookie(visit);
	enum outcome outcome = visit->request->problem;
	if (outcome == OK) {
		unsigned allowed;
		const struct route *route = route_find(tables, visit->request->path,
						       visit->request->method, &allowed,
						       &visit->path_rest);
		outcome = route != NULL ? admit(visit, route) : refuse_path(visit, allowed);
	}
	/* A form that somebody filled in is not lost because a database is away. */
	if (outcome != OK && outcome_meaning(outcome)->status == 503 &&
	    visit->request->form != NULL && !visit->request->wants_json && is_from_our_page(visit))
		pending_show_retry(visit, outcome);
	else if (outcome != OK)
		visit_refuse(visit, outcome, NULL);
	/* Often nobody means harm: the site was opened under another of its names. */
	if (outcome == CROSS_ORIGIN)
		value_set_string(visit->data, "message",
				 pool_printf(visit->pool, "%s This site is at %s.",
					     outcome_meaning(outcome)->message,
					     visit->app->config->site.url));
}

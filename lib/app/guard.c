#include "app/guard.h"
#include "app/gate.h"
#include "app/pending.h"
#include "app/session_check.h"
#include "app/wall.h"
#include "base/log.h"
#include "web/cookie.h"
#include "web/csrf.h"
#include "web/escape.h"
#include <stdatomic.h>
#include <string.h>

/* A program that signs in with JSON and has no session to abuse needs no token: a page of another
 * site cannot send application/json without asking first, and then it says where it is from. */
static bool is_program_signing_in(const struct visit *visit, const struct route *route)
{
	return (route->needs & JSON_SIGN_IN) != 0 && visit->request->body_kind == BODY_JSON &&
	       !visit->had_session_cookie;
}

/* Whether a request that changes something comes from a page of ours: OK, CROSS_ORIGIN or
 * CSRF_FAILED. */
static enum outcome check_origin(const struct visit *visit, const struct route *route)
{
	if (wall_is_cross_site(visit))
		return CROSS_ORIGIN;
	if (is_program_signing_in(visit, route))
		return OK;
	return wall_has_token(visit) ? OK : CSRF_FAILED;
}

static enum outcome refuse_method(struct visit *visit, unsigned allowed)
{
	static const struct {
		enum method method;
		const char *names;
	} methods[] = { { METHOD_GET, "GET, HEAD" },
			{ METHOD_POST, "POST" },
			{ METHOD_PUT, "PUT" },
			{ METHOD_PATCH, "PATCH" },
			{ METHOD_DELETE, "DELETE" } };
	struct buffer names = buffer_new(visit->pool, 32);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if ((allowed & methods[i].method) != 0)
			buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "",
				      methods[i].names);
	response_add_header(visit->response, "Allow", names.bytes);
	return METHOD_NOT_ALLOWED;
}

/* Nobody knows the path: a stranger is not even told so. */
static enum outcome refuse_path(struct visit *visit, unsigned allowed)
{
	static const struct access_rule signed_in = { .needs = SIGNED_IN };
	enum outcome outcome = session_check(visit);
	if (outcome == UNAVAILABLE)
		return outcome;
	if (allowed != 0)
		return refuse_method(visit, allowed);
	const struct access_facts facts = wall_facts(visit);
	enum access_decision decision = access_decide(&facts, &signed_in);
	return decision == ACCESS_ALLOW ? NOT_FOUND
					: wall_refuse(visit, decision, &signed_in, outcome);
}

/* A large file takes several times its size in memory, so a program reads one at a time. */
static atomic_flag has_large_file = ATOMIC_FLAG_INIT;

static void end_large_file(void *flag)
{
	atomic_flag_clear((atomic_flag *)flag);
}

/* The file that is still to be read, of somebody who may send it. */
static enum outcome read_large_file(struct visit *visit)
{
	if (atomic_flag_test_and_set(&has_large_file))
		return BUSY;
	pool_cleanup(visit->pool, end_large_file, &has_large_file);
	return request_read_late(visit->request, (size_t)visit->app->config->chat.import_limit);
}

static enum outcome refuse_turn(struct visit *visit)
{
	visit_refuse(visit, BUSY, NULL);
	value_set_string(visit->data, "message",
			 "Another large file is being read. Try again in a minute.");
	return OK;
}

static struct access_rule rule_of_route(const struct visit *visit, const struct route *route)
{
	bool is_recent = (route->needs & RECENT) == RECENT;
	return (struct access_rule){
		.needs = route->needs & ROUTE_ACCESS,
		.fresh_s = is_recent ? visit->app->config->session.fresh_minutes * 60 : 0,
	};
}

static enum outcome admit(struct visit *visit, const struct route *route)
{
	visit->is_secret_address = (route->needs & SECRET_ADDRESS) != 0;
	enum outcome outcome = (route->needs & NO_SESSION) != 0 ? SIGN_IN_REQUIRED
								: session_check(visit);
	/* Whose session is known may end it, whether the person can be looked up or not. */
	if (outcome == UNAVAILABLE &&
	    ((route->needs & LEAVES) == 0 || visit->stale_session == NULL))
		return outcome;
	session_renew_cookie(visit);
	const struct access_rule rule = rule_of_route(visit, route);
	const struct access_facts facts = wall_facts(visit);
	enum access_decision decision = access_decide(&facts, &rule);
	/* Where guests are nobody, their session is only one to be replaced; so is an anonymous one. */
	if (visit->session != NULL && !facts.is_signed_in && (route->needs & GUEST) == 0) {
		visit->stale_session = visit->session;
		visit->session = NULL;
	}
	if (decision != ACCESS_ALLOW)
		return wall_refuse(visit, decision, &rule, outcome);
	if (request_is_safe(visit->request))
		return route->handle(visit);
	/* Another site's page, too, could take the one place for large files. */
	outcome = wall_is_cross_site(visit) ? CROSS_ORIGIN : OK;
	if (outcome == OK && visit->request->late_body != NULL) {
		outcome = read_large_file(visit);
		if (outcome != OK)
			return outcome == BUSY ? refuse_turn(visit) : outcome;
	}
	if (outcome == OK)
		outcome = check_origin(visit, route);
	if (outcome == OK)
		return route->handle(visit);
	log_event(LOG_LEVEL_WARNING, outcome_meaning(outcome)->code, "path", visit->request->path,
		  "origin", visit->request->origin, "address", visit->request->address, NULL);
	if (outcome == CSRF_FAILED && route->show_again != NULL && !visit->request->wants_json)
		return route->show_again(visit);
	return outcome;
}

/* The web server's own words to somebody whom the wall lets through. */
static enum outcome outcome_of_status(int status)
{
	switch (status) {
	case 401: /* the wall refused, but would not now */
		return UNAVAILABLE;
	case 403:
		return FORBIDDEN;
	case 404:
		return NOT_FOUND;
	case 405:
		return METHOD_NOT_ALLOWED;
	case 413:
		return TOO_LARGE;
	default:
		return status < 500 ? BAD_REQUEST : UNAVAILABLE;
	}
}

static enum outcome explain_status(struct visit *visit, int status)
{
	enum outcome outcome = outcome_of_status(status);
	visit_refuse(visit, outcome, NULL);
	/* A status without words of its own stays: 416 for a range that a file does not have. */
	if (outcome == BAD_REQUEST)
		visit->status = status;
	return OK;
}

/* The web server's refusal of a page of its own, brought here to be put into words: for Apache an
 * ErrorDocument, for nginx an error_page. */
static enum outcome explain_refusal(struct visit *visit)
{
	struct gate_answer answer;
	enum outcome outcome = gate_decide(visit, &answer);
	if (outcome != OK)
		return outcome;
	if (answer.decision != ACCESS_ALLOW)
		return wall_refuse(visit, answer.decision, answer.rule, answer.reason);
	return gate_can_tell(visit) ? explain_status(visit, visit->request->refused_status)
				    : FORBIDDEN;
}

static enum outcome find_and_admit(struct visit *visit, const struct route_table *const *tables)
{
	const struct request *request = visit->request;
	unsigned allowed;
	if (request->refused_status != 0)
		return explain_refusal(visit);
	const struct route *route = route_find(tables, request->path, request->method, &allowed,
					       &visit->path_rest);
	if (request->late_body != NULL && (route == NULL || (route->needs & LARGE_FILE) == 0))
		return TOO_LARGE;
	return route != NULL ? admit(visit, route) : refuse_path(visit, allowed);
}

void guard_serve(struct visit *visit, const struct route_table *const *tables)
{
	enum outcome outcome = visit->request->problem;
	visit_read_csrf_cookie(visit);
	if (outcome == OK)
		outcome = find_and_admit(visit, tables);
	request_skip_late(visit->request);
	/* A form that somebody filled in is not lost because a database is away. */
	if (outcome != OK && outcome_meaning(outcome)->status == 503 &&
	    visit->request->form != NULL && !visit->request->wants_json &&
	    wall_is_from_our_page(visit))
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

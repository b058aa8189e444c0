/* A visit: one request on its way through the program, and the reply that grows on the way. */
#pragma once
#include "app/app.h"
#include "base/value.h"
#include "web/request.h"
#include "web/response.h"

struct visit {
	struct app *app;
	struct pool *pool;
	struct request *request;
	struct response *response; /* cookies and headers can be added at any time */

	const struct session *session; /* NULL: a stranger */
	/* Ours, but over, or a visitor's of a Django project: its place is taken at sign-in. */
	const struct session *stale_session;
	bool had_session_cookie;
	const char *path_rest;   /* what a route's "*" stands for */
	const char *csrf_cookie; /* the usable cookie that came, or that will be set */
	bool csrf_cookie_is_new;

	/* The reply. */
	int status;
	const char *template_name; /* NULL: JSON only */
	struct value *data;        /* the published JSON contract; the page sees it too */
	struct value *page;        /* what only the HTML needs */
	const char *location;      /* redirect of a browser: a full path */
};

/* Show a page. `status` 200 unless something was refused. OK, for handlers to return. */
enum outcome visit_show(struct visit *visit, const char *template_name);

/* Send a browser on with 303 to a local path below base_path; a program gets 200 with `message` and
 * the path as "redirect". */
enum outcome visit_redirect(struct visit *visit, const char *path, const char *message);

/* The same to a full path that was checked (redirect_path); base_path is part of it already. */
enum outcome visit_redirect_to(struct visit *visit, const char *full_path, const char *message);

/* Refuse: status, JSON error and the page's alert all follow from the outcome. Shows
 * `template_name` again (a form with what was typed), or the error page when it is NULL. */
enum outcome visit_refuse(struct visit *visit, enum outcome outcome, const char *template_name);

/* Add the sentences beside the fields to a refusal: an object of field name → sentence. */
void visit_set_fields(struct visit *visit, struct value *fields);

/* "Try again in so many seconds", as header and as words. */
void visit_set_retry_after(struct visit *visit, int64_t seconds);

/* A path of ours with base_path in front. */
const char *visit_path(const struct visit *visit, const char *path);

/* The names of ours in cookies: set, or delete with a NULL value. */
void visit_set_session_cookie(struct visit *visit, const struct session *session);
void visit_clear_session_cookie(struct visit *visit);
/* A new CSRF secret, because who is signed in has changed. */
void visit_rotate_csrf(struct visit *visit);

/* "in 5 minutes", "in 1 hour": a waiting time for people, rounded up. */
const char *visit_wait_text(struct pool *pool, int64_t seconds);
/* "just now", "5 minutes ago", "3 days ago". */
const char *visit_age_text(struct pool *pool, int64_t seconds);

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
	const char *path_rest;   /* the path from a route's "*" on */
	bool is_secret_address;  /* who has it may read: it goes to nobody else and into no log */
	const char *csrf_cookie; /* the usable cookie that came, or that will be set */
	bool csrf_cookie_is_new;

	/* The reply. */
	int status;
	const char *template_name;   /* NULL: JSON only */
	struct value *data;          /* the published JSON contract; the page sees it too */
	struct value *page;          /* what only the HTML needs */
	const char *location;        /* redirect of a browser: a full path */
	const char *streamed_answer; /* NULL, or the answer that is sent while it grows */
	const char *file_type;       /* a file instead of all this: its Content-Type, else NULL */
	const char *file_bytes;
	size_t file_length;
	/* NULL, or what a file goes on with, piece by piece: see visit_send_pieces. */
	enum outcome (*file_next)(void *context, struct pool *pool, struct buffer *out);
	void *file_context;
};

/* Show a page. `status` 200 unless something was refused. OK, for handlers to return. */
enum outcome visit_show(struct visit *visit, const char *template_name);

/* Send a browser on with 303 to a local path below base_path; a program gets 200 with `message` and
 * the path as "redirect". */
enum outcome visit_redirect(struct visit *visit, const char *path, const char *message);

/* Send a form that a browser posted on to another page of ours, as it is (307). */
enum outcome visit_send_on(struct visit *visit, const char *path);

/* The same to a full path that was checked (redirect_path); base_path is part of it already. */
enum outcome visit_redirect_to(struct visit *visit, const char *full_path, const char *message);

/* Give a file to keep, called `name` (ASCII letters, digits, '.', '-', '_'), instead of a page; the
 * bytes live as long as the visit. */
enum outcome visit_send_file(struct visit *visit, const char *name, const char *content_type,
			     const char *bytes, size_t length);

/* The same for a file of any length: `next` appends a piece to `out`, whose pool ends when it is sent,
 * and nothing when the file is over. The status has been sent by then, so a failure cuts it off. */
enum outcome visit_send_pieces(struct visit *visit, const char *name, const char *content_type,
			       enum outcome (*next)(void *context, struct pool *pool,
						    struct buffer *out),
			       void *context);

/* Refuse: status, JSON error and the page's alert all follow from the outcome; "Too many attempts"
 * says how long to wait if visit_set_retry_after was called before. Shows `template_name` again (a
 * form with what was typed), or the error page when it is NULL. */
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
/* The CSRF cookie that came along, or a new one that is set when a page needs it. */
void visit_read_csrf_cookie(struct visit *visit);
/* Any other cookie of ours, out of the reach of scripts: it is set, and found again, under the prefix
 * that the session's has. visit_cookie gives NULL when there is none. */
void visit_set_cookie(struct visit *visit, const char *name, const char *value,
		      int64_t max_age_seconds);
const char *visit_cookie(const struct visit *visit, const char *name);
/* The theme that this browser shows: "light", "dark", or "" for the system's. It is in a cookie, so
 * that the first byte of a page knows it and no page asks the database for it. */
const char *visit_theme(const struct visit *visit);
void visit_set_theme(struct visit *visit, const char *theme);
/* A new CSRF secret, because who is signed in has changed. */
void visit_rotate_csrf(struct visit *visit);

/* "in 5 minutes", "in 1 hour": a waiting time for people, rounded up. */
const char *visit_wait_text(struct pool *pool, int64_t seconds);
/* "just now", "5 minutes ago", "3 days ago". */
const char *visit_age_text(struct pool *pool, int64_t seconds);
/* "20 November 2026, 08:15 UTC", from seconds since 1970. */
const char *visit_moment_text(struct pool *pool, int64_t at_s);

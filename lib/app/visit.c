#include "app/visit.h"
#include "web/cookie.h"
#include "web/csrf.h"
#include <string.h>
#include <time.h>

/* As Django's CSRF_COOKIE_AGE: a year of 52 weeks. */
enum { CSRF_COOKIE_SECONDS = 60 * 60 * 24 * 7 * 52 };

enum outcome visit_show(struct visit *visit, const char *template_name)
{
	visit->template_name = template_name;
	return OK;
}

const char *visit_path(const struct visit *visit, const char *path)
{
	return pool_printf(visit->pool, "%s%s", visit->app->config->site.base_path, path);
}

enum outcome visit_redirect_to(struct visit *visit, const char *full_path, const char *message)
{
	visit->location = full_path;
	value_set_bool(visit->data, "success", true);
	if (message != NULL)
		value_set_string(visit->data, "message", message);
	value_set_string(visit->data, "redirect", visit->location);
	return OK;
}

enum outcome visit_redirect(struct visit *visit, const char *path, const char *message)
{
	return visit_redirect_to(visit, visit_path(visit, path), message);
}

enum outcome visit_send_on(struct visit *visit, const char *path)
{
	visit->status = 307;
	visit->location = visit_path(visit, path);
	return OK;
}

enum outcome visit_send_file(struct visit *visit, const char *name, const char *content_type,
			     const char *bytes, size_t length)
{
	response_add_header(visit->response, "Content-Disposition",
			    pool_printf(visit->pool, "attachment; filename=\"%s\"", name));
	visit->file_type = content_type;
	visit->file_bytes = bytes;
	visit->file_length = length;
	return OK;
}

enum outcome visit_send_pieces(struct visit *visit, const char *name, const char *content_type,
			       enum outcome (*next)(void *context, struct pool *pool,
						    struct buffer *out),
			       void *context)
{
	visit->file_next = next;
	visit->file_context = context;
	return visit_send_file(visit, name, content_type, "", 0);
}

/* The outcome's sentence; of a lock that only time heals, how long that takes. */
static const char *refusal_message(struct visit *visit, enum outcome outcome)
{
	int64_t seconds = value_to_integer(value_get(visit->data, "retry_after"));
	if (outcome != TOO_MANY_ATTEMPTS || seconds <= 0)
		return outcome_meaning(outcome)->message;
	return pool_printf(visit->pool, "Too many attempts. Try again in %s.",
			   visit_wait_text(visit->pool, seconds));
}

enum outcome visit_refuse(struct visit *visit, enum outcome outcome, const char *template_name)
{
	const struct outcome_meaning *meaning = outcome_meaning(outcome);
	visit->status = meaning->status;
	visit->template_name = template_name != NULL ? template_name : "error.html";
	value_set_string(visit->data, "error", meaning->code);
	value_set_string(visit->data, "message", refusal_message(visit, outcome));
	value_set_string(visit->page, "title", meaning->title);
	value_set_integer(visit->page, "status", meaning->status);
	value_set_string(visit->page, "request_id", visit->request->id);
	if (outcome == SIGN_IN_REQUIRED || outcome == SESSION_EXPIRED || outcome == SESSION_MOVED) {
		/* Earlier systems promised these two to their clients. */
		value_set_string(visit->data, "detail", "Invalid or expired session");
		value_set_string(visit->data, "login_url", visit_path(visit, "/auth/login"));
		response_add_header(visit->response, "WWW-Authenticate", "Bearer");
	}
	if (outcome == CSRF_FAILED) /* for whoever writes a program */
		value_set_string(visit->data, "detail",
				 pool_printf(visit->pool,
					     "The header X-CSRFToken must hold the value of the "
					     "cookie %s.",
					     visit->app->config->session.csrf_cookie_name));
	if (outcome == PASSWORD_REQUIRED)
		value_set_string(visit->data, "confirm_url", visit_path(visit, "/auth/confirm"));
	if (meaning->status == 503)
		visit_set_retry_after(visit, outcome == BUSY ? 5 : 30);
	return OK;
}

void visit_set_fields(struct visit *visit, struct value *fields)
{
	value_set(visit->data, "fields", fields);
}

void visit_set_retry_after(struct visit *visit, int64_t seconds)
{
	response_add_header(visit->response, "Retry-After",
			    pool_printf(visit->pool, "%lld", (long long)seconds));
	value_set_integer(visit->data, "retry_after", seconds);
}

static const char *same_site_name(const struct config *config)
{
	static const char *const names[] = { "Lax", "Strict", "None" };
	return names[config->session.same_site];
}

static void set_cookie(struct visit *visit, struct cookie cookie)
{
	const struct config *config = visit->app->config;
	cookie.path = config->session.cookie_path;
	cookie.domain = config->session.cookie_domain;
	cookie.secure = config->site.https;
	cookie.partitioned = config->session.cookie_partitioned;
	response_add_header(visit->response, "Set-Cookie", cookie_format(visit->pool, &cookie));
}

static void put_session_cookie(struct visit *visit, const char *value, int64_t max_age_seconds)
{
	const struct config *config = visit->app->config;
	set_cookie(visit, (struct cookie){ .name = config->session.cookie_name,
					   .value = value,
					   .same_site = same_site_name(config),
					   .max_age_seconds = max_age_seconds,
					   .http_only = true });
}

void visit_set_session_cookie(struct visit *visit, const struct session *session)
{
	put_session_cookie(visit, session_cookie_value(visit->app->sessions, visit->pool, session),
			   session->times.remember ? session->times.expires_in_s : -1);
}

void visit_clear_session_cookie(struct visit *visit)
{
	put_session_cookie(visit, "", 0);
}

void visit_read_csrf_cookie(struct visit *visit)
{
	const char *cookie = cookie_find(visit->pool, visit->request->cookies,
					 visit->app->config->session.csrf_cookie_name);
	visit->csrf_cookie_is_new = !csrf_cookie_is_usable(cookie);
	visit->csrf_cookie = visit->csrf_cookie_is_new ? csrf_new_cookie(visit->pool) : cookie;
}

static const char *prefixed(const struct visit *visit, const char *name)
{
	static const char *const prefixes[] = { "", "__Secure-", "__Host-" };
	return pool_printf(visit->pool, "%s%s", prefixes[visit->app->config->session.cookie_prefix],
			   name);
}

void visit_set_cookie(struct visit *visit, const char *name, const char *value,
		      int64_t max_age_seconds)
{
	set_cookie(visit, (struct cookie){ .name = prefixed(visit, name),
					   .value = value,
					   .same_site = "Lax",
					   .max_age_seconds = max_age_seconds,
					   .http_only = true });
}

const char *visit_cookie(const struct visit *visit, const char *name)
{
	return cookie_find(visit->pool, visit->request->cookies, prefixed(visit, name));
}

static const char theme_cookie[] = "gatehouse_theme";
enum { THEME_COOKIE_SECONDS = 60 * 60 * 24 * 365 };

const char *visit_theme(const struct visit *visit)
{
	const char *theme = visit_cookie(visit, theme_cookie);
	bool is_known = theme != NULL &&
			(strcmp(theme, "light") == 0 || strcmp(theme, "dark") == 0);
	return is_known ? theme : "";
}

void visit_set_theme(struct visit *visit, const char *theme)
{
	if (strcmp(theme, visit_theme(visit)) == 0)
		return;
	visit_set_cookie(visit, theme_cookie, theme, *theme != '\0' ? THEME_COOKIE_SECONDS : 0);
}

void visit_rotate_csrf(struct visit *visit)
{
	const struct config *config = visit->app->config;
	visit->csrf_cookie = csrf_new_cookie(visit->pool);
	visit->csrf_cookie_is_new = false; /* it is set here and now */
	set_cookie(
		visit,
		(struct cookie){
			.name = config->session.csrf_cookie_name,
			.value = visit->csrf_cookie,
			.same_site = "Lax",
			.max_age_seconds = CSRF_COOKIE_SECONDS,
			/* Scripts of a Django project on the same table read this cookie; ours do not. */
			.http_only = config->django.identity == IDENTITY_OFF,
		});
}

struct unit {
	int64_t seconds;
	const char *one, *many;
};

static const struct unit units[] = {
	{ 86400, "1 day", "%lld days" },
	{ 3600, "1 hour", "%lld hours" },
	{ 60, "1 minute", "%lld minutes" },
	{ 1, "1 second", "%lld seconds" },
};

static const char *count_text(struct pool *pool, const struct unit *unit, int64_t count)
{
	if (count == 1)
		return unit->one;
	struct buffer out = buffer_new(pool, 32);
	buffer_printf(&out, "%lld %s", (long long)count, strchr(unit->many, ' ') + 1);
	return out.bytes;
}

const char *visit_wait_text(struct pool *pool, int64_t seconds)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		/* From two of a unit on: "90 minutes" is clearer than "2 hours". */
		if (seconds >= 2 * units[i].seconds)
			return count_text(pool, &units[i],
					  (seconds + units[i].seconds - 1) / units[i].seconds);
	return count_text(pool, &units[3], seconds > 0 ? seconds : 1);
}

const char *visit_age_text(struct pool *pool, int64_t seconds)
{
	for (size_t i = 0; i + 1 < sizeof units / sizeof *units; i++)
		if (seconds >= units[i].seconds)
			return pool_printf(pool, "%s ago",
					   count_text(pool, &units[i], seconds / units[i].seconds));
	return "just now";
}

const char *visit_moment_text(struct pool *pool, int64_t at_s)
{
	char text[64];
	time_t at = (time_t)at_s;
	struct tm utc;
	gmtime_r(&at, &utc);
	size_t length = strftime(text, sizeof text, "%d %B %Y, %H:%M UTC", &utc);
	return pool_strndup(pool, text + (text[0] == '0'), length - (text[0] == '0'));
}

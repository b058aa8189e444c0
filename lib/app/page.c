#include "app/page.h"
#include "base/json.h"
#include "base/log.h"
#include "web/csrf.h"
#include <string.h>

/* What every answer carries. In the policy: no inline script or style, nothing from elsewhere; data:
 * is for Bootstrap's own small icons. */
static const char fixed_headers[] =
	"Cache-Control: no-store\r\n"
	"Vary: Accept, Cookie\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Frame-Options: DENY\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
	"base-uri 'none'; frame-ancestors 'none'\r\n";

static void add_headers(struct visit *visit)
{
	struct response *response = visit->response;
	const struct config *config = visit->app->config;
	response_add_fixed_headers(response, fixed_headers);
	response_add_header(response, "X-Request-Id", visit->request->id);
	response_add_header(response, "Referrer-Policy",
			    visit->is_secret_address ? "no-referrer" : "same-origin");
	if (visit->is_secret_address)
		response_add_header(response, "X-Robots-Tag", "noindex, nofollow");
	if (config->site.hsts_seconds > 0 && config->site.https)
		response_add_header(response, "Strict-Transport-Security",
				    pool_printf(visit->pool, "max-age=%lld",
						(long long)config->site.hsts_seconds));
}

static void render_json(struct visit *visit)
{
	struct buffer out = buffer_new(visit->pool, 1024);
	json_write(&out, visit->data);
	buffer_byte(&out, '\n');
	response_set_body(visit->response, "application/json; charset=utf-8", out.bytes,
			  out.length);
}

/* What every page can use: the layout's names. */
static struct value *common_values(struct visit *visit)
{
	const struct config *config = visit->app->config;
	struct value *common = value_object(visit->pool);
	value_set_string(common, "base", config->site.base_path);
	value_set_string(common, "site_name", config->site.name);
	value_set_string(common, "static_version", visit->app->static_version);
	value_set_string(common, "csrf_token", csrf_token(visit->pool, visit->csrf_cookie));
	value_set_bool(common, "registration", config->users.registration);
	bool is_guest = visit->session != NULL && visit->session->kind == SESSION_BOT;
	value_set_bool(common, "is_signed_in",
		       visit->session != NULL && session_kind_is_signed_in(visit->session->kind));
	value_set_bool(common, "is_guest", is_guest);
	value_set_bool(common, "guests_welcome", config->session.guest);
	if (visit->session != NULL) {
		struct value *user = value_object(visit->pool);
		value_set_string(user, "name", visit->session->username);
		value_set(common, "user", user);
	}
	const char *theme = visit_theme(visit);
	value_set_string(common, "page_theme", *theme != '\0' ? theme : NULL);
	const char *path = visit->request->path;
	value_set_bool(common, "at_characters",
		       text_starts_with(path, "/characters") ||
			       text_starts_with(path, "/personality"));
	value_set_bool(common, "at_settings", strcmp(path, "/settings") == 0);
	value_set_bool(common, "at_home", strcmp(path, "/") == 0);
	value_set_bool(common, "at_chat",
		       text_starts_with(path, "/chat") || text_starts_with(path, "/country"));
	value_set_bool(common, "at_dashboard", strcmp(path, "/dashboard") == 0);
	value_set_bool(common, "at_profile", strcmp(path, "/profile") == 0);
	return common;
}

static void render_html(struct visit *visit)
{
	/* Not for what a browser fetches beside a page, such as an icon, often without cookies: that
	 * answer's cookie would take the place of the one that the page's forms belong to. */
	const char *destination = visit->request->fetch_dest;
	if (visit->csrf_cookie_is_new &&
	    (destination == NULL || strcmp(destination, "document") == 0))
		visit_rotate_csrf(visit);
	const struct value *const contexts[] = { common_values(visit), visit->data, visit->page };
	struct buffer out = buffer_new(visit->pool, 16 << 10);
	if (template_render(visit->app->templates, visit->template_name, contexts, 3, &out) != OK) {
		log_event(LOG_LEVEL_ERROR, "template_failed", "template", visit->template_name,
			  NULL);
		response_set_status(visit->response, 500);
		buffer_clear(&out);
		buffer_puts(&out, outcome_meaning(INTERNAL_ERROR)->message);
		response_set_body(visit->response, "text/plain; charset=utf-8", out.bytes,
				  out.length);
		return;
	}
	response_set_body(visit->response, "text/html; charset=utf-8", out.bytes, out.length);
}

void page_render(struct visit *visit)
{
	bool json = visit->request->wants_json ||
		    (visit->template_name == NULL && visit->location == NULL);
	add_headers(visit);
	response_set_status(visit->response, visit->status);
	if (visit->streamed_answer != NULL) {
		static const char hello[] = "retry: 1000\n\n";
		response_add_header(visit->response, "X-Accel-Buffering", "no"); /* nginx */
		response_set_body(visit->response, "text/event-stream", hello, sizeof hello - 1);
		response_leave_length(visit->response);
		return;
	}
	if (visit->file_type != NULL) {
		response_set_body(visit->response, visit->file_type, visit->file_bytes,
				  visit->file_length);
		if (visit->file_next != NULL)
			response_leave_length(visit->response);
		return;
	}
	if (visit->location != NULL && !json) {
		if (visit->status != 307)
			response_set_status(visit->response,
					    visit->app->config->session.legacy_redirects ? 302
											 : 303);
		response_add_header(visit->response, "Location", visit->location);
		return;
	}
	if (json)
		render_json(visit);
	else
		render_html(visit);
}

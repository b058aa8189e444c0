#include "app/wall.h"
#include "app/pending.h"
#include "app/trail.h"
#include "base/log.h"
#include "web/csrf.h"
#include "web/escape.h"
#include "web/redirect.h"
#include <string.h>

bool wall_is_cross_site(const struct visit *visit)
{
	const struct request *request = visit->request;
	const char *site = request->fetch_site;
	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return true;
	return request->origin != NULL &&
	       !text_equal_fold(request->origin, visit->app->config->site.origin);
}

bool wall_has_token(const struct visit *visit)
{
	const struct request *request = visit->request;
	const char *token = request->csrf_header != NULL
				    ? request->csrf_header
				    : request_field(request, "csrfmiddlewaretoken");
	return csrf_matches(visit->csrf_cookie_is_new ? NULL : visit->csrf_cookie, token);
}

/* Only then is what was typed shown again under a valid token: another site could otherwise put its
 * words, and fields nobody sees, into a page of ours that only waits for a click. */
bool wall_is_from_our_page(const struct visit *visit)
{
	const struct request *request = visit->request;
	if (wall_is_cross_site(visit))
		return false;
	if (request->origin != NULL || request->fetch_site != NULL)
		return true;
	return wall_has_token(visit);
}

struct access_facts wall_facts(const struct visit *visit)
{
	const struct session *session = visit->session;
	struct access_facts facts = {
		.groups = "",
		.kind = "",
		.admin_group = visit->app->config->access.admin_group,
		.method = visit->request->method_name,
	};
	if (session == NULL)
		return facts;
	facts.is_guest = session->kind == SESSION_BOT;
	facts.is_signed_in = session_kind_is_signed_in(session->kind);
	facts.user_id = session->user_id;
	facts.username = session->username;
	facts.groups = session->groups;
	/* Who is no longer in the group is no administrator, whatever their session began as. */
	facts.kind = session_kind_name(
		session->kind == SESSION_ADMIN && !text_list_has(session->groups, facts.admin_group)
			? SESSION_AUTHENTICATED
			: session->kind);
	facts.saw_password = session->saw_password;
	facts.authenticated_s = session->times.authenticated_s;
	facts.reauthenticate_s = session->limits.reauthenticate_s;
	facts.remember = session->times.remember;
	return facts;
}

bool wall_is_admin(const struct visit *visit)
{
	static const struct access_rule rule = { .needs = ACCESS_ADMIN };
	const struct access_facts facts = wall_facts(visit);
	return access_decide(&facts, &rule) == ACCESS_ALLOW;
}

/* Whether the answer is shown: to what a script fetches or a page embeds, such as a picture, a
 * sign-in form is no answer (Fetch metadata; old browsers say nothing). */
static bool is_shown(const struct request *request)
{
	static const char shown[] = "document,iframe,frame,object,embed";
	return request->fetch_dest == NULL || text_list_has(shown, request->fetch_dest);
}

/* Whether the answer goes to a person's browser, and not to a program or a script. */
static bool is_for_browser(const struct request *request)
{
	return !request->wants_json && is_shown(request) &&
	       (request_is_safe(request) || request->wants_html);
}

/* A script that fetches says so; it reads JSON better than a page, unless it asked for one. */
static enum outcome tell_program(struct visit *visit, enum outcome outcome)
{
	struct request *request = visit->request;
	if (!is_shown(request) && !request->wants_html)
		request->wants_json = true;
	return outcome;
}

/* To a page of ours that leads back to where the browser wanted to go. */
static enum outcome send_to(struct visit *visit, const char *page, const char *notice)
{
	struct buffer path = buffer_new(visit->pool, 256);
	const char *target = visit->request->target;
	if (!redirect_is_local(target)) /* nobody is led back to such a one */
		target = "";
	buffer_printf(&path, "%s?next=", page);
	escape_url(&path, target, strlen(target));
	if (notice != NULL)
		buffer_printf(&path, "&notice=%s", notice);
	return visit_redirect(visit, path.bytes, NULL);
}

/* A stranger: a browser goes to sign in and comes back, a form that was sent is kept for after. */
static enum outcome ask_sign_in(struct visit *visit, enum outcome reason)
{
	const struct request *request = visit->request;
	if (reason == OK) /* signed in, but as nobody who counts here */
		reason = SIGN_IN_REQUIRED;
	if (!is_for_browser(request))
		return tell_program(visit, reason);
	if (request_is_safe(request))
		return send_to(visit, "/auth/login",
			       reason == SESSION_EXPIRED ? "expired"
			       : reason == SESSION_MOVED ? "moved"
							 : NULL);
	if (wall_is_cross_site(visit))
		return CROSS_ORIGIN;
	return pending_show_sign_in(visit, reason, wall_is_from_our_page(visit));
}

/* Somebody who gave the password too long ago for this. */
static enum outcome ask_password(struct visit *visit)
{
	const struct request *request = visit->request;
	if (!is_for_browser(request))
		return tell_program(visit, PASSWORD_REQUIRED);
	if (request_is_safe(request))
		return send_to(visit, "/auth/confirm", NULL);
	if (wall_is_cross_site(visit))
		return CROSS_ORIGIN;
	return pending_show_confirm_password(visit, wall_is_from_our_page(visit));
}

char *wall_raw_path(const struct visit *visit)
{
	const char *target = visit->request->target;
	size_t length = strcspn(target, "?#");
	if (text_is_plain(target, length, false))
		return text_clean(visit->pool, pool_strndup(visit->pool, target, length),
				  AUDIT_TEXT_MAX_BYTES);
	struct buffer path = buffer_new(visit->pool, AUDIT_TEXT_MAX_BYTES + 1);
	for (size_t i = 0; i < length && path.length + strlen("%00") <= AUDIT_TEXT_MAX_BYTES; i++) {
		unsigned char byte = (unsigned char)target[i];
		if (byte < 0x20 || byte > 0x7e)
			buffer_printf(&path, "%%%02X", byte);
		else
			buffer_add(&path, &target[i], 1);
	}
	return path.bytes;
}

/* A guest is a stranger, too: anybody becomes one, and another one, in a moment. */
static bool is_somebody(const struct visit *visit)
{
	return visit->session != NULL && session_kind_is_signed_in(visit->session->kind);
}

void wall_note_refusal(const struct visit *visit, const char *reason, struct value *detail)
{
	if (!is_somebody(visit))
		return;
	struct audit_entry entry = trail_entry(visit, AUDIT_ACCESS_REFUSED, visit->session, reason);
	entry.detail = detail;
	trail_note(visit, &entry);
}

/* Log and trail of a rule's refusal. */
static void note_refused(const struct visit *visit, const struct access_rule *rule,
			 enum outcome outcome)
{
	if (!is_somebody(visit))
		return;
	const char *path = visit->request->path;
	const char *code = outcome_meaning(outcome)->code;
	path = *path != '\0' ? text_clean(visit->pool, path, AUDIT_TEXT_MAX_BYTES)
			     : wall_raw_path(visit);
	log_event(LOG_LEVEL_WARNING, "access_refused", "reason", code, "rule", rule->name, "path",
		  path, "user", visit->session->user_id, "session", visit->session->public_id,
		  "address", visit->request->address, NULL);
	struct value *detail = value_object(visit->pool);
	value_set_string(detail, "path", path);
	if (outcome == METHOD_NOT_ALLOWED)
		value_set_string(detail, "method", visit->request->method_name);
	wall_note_refusal(visit, rule->name != NULL ? rule->name : code, detail);
}

static enum outcome refuse_method(struct visit *visit, const struct access_rule *rule)
{
	struct buffer allowed = buffer_new(visit->pool, 64);
	for (const char *const *method = rule->methods; method != NULL && *method != NULL; method++)
		buffer_printf(&allowed, "%s%s", allowed.length > 0 ? ", " : "", *method);
	response_add_header(visit->response, "Allow", allowed.bytes);
	note_refused(visit, rule, METHOD_NOT_ALLOWED);
	return METHOD_NOT_ALLOWED;
}

static enum outcome forbid(const struct visit *visit, const struct access_rule *rule,
			   enum outcome outcome)
{
	note_refused(visit, rule, outcome);
	return outcome;
}

enum outcome wall_refuse(struct visit *visit, enum access_decision decision,
			 const struct access_rule *rule, enum outcome reason)
{
	switch (decision) {
	case ACCESS_ASK_PASSWORD:
		return ask_password(visit);
	case ACCESS_ASK_SECOND_FACTOR:
		return forbid(visit, rule, SECOND_FACTOR_REQUIRED);
	case ACCESS_REFUSE:
		return forbid(visit, rule, FORBIDDEN);
	case ACCESS_REFUSE_METHOD:
		return refuse_method(visit, rule);
	case ACCESS_ALLOW:
	case ACCESS_ASK_SIGN_IN:
		break;
	}
	return ask_sign_in(visit, reason);
}

#include "base/log.h"
#include "pages/pages.h"
#include "session/list.h"

/* Sessions as programs see them: the policy in force, what cleaning has to do, a person's summary, and
 * ending sessions. */

static struct value *limits_value(struct pool *pool, const struct session_limits *limits)
{
	struct value *value = value_object(pool);
	value_set_integer(value, "lifetime_minutes", limits->lifetime_s / 60);
	value_set_integer(value, "idle_minutes", limits->idle_s / 60);
	value_set_integer(value, "concurrent", limits->concurrent);
	value_set_string(value, "bind_address", session_binding_name(limits->bind_address));
	value_set_string(value, "bind_browser", session_binding_name(limits->bind_browser));
	value_set_bool(value, "extends", limits->extends);
	value_set_integer(value, "extension_minutes", session_policy_step(limits) / 60);
	value_set_integer(value, "reauthenticate_hours", limits->reauthenticate_s / 3600);
	return value;
}

static enum outcome policies_show(struct visit *visit)
{
	const struct session_policy *policy = session_store_policy(visit->app->sessions);
	struct value *kinds = value_object(visit->pool);
	for (unsigned kind = 0; kind < SESSION_KINDS; kind++)
		value_set(kinds, session_kind_name((enum session_kind)kind),
			  limits_value(visit->pool, &policy->kinds[kind]));
	value_set(visit->data, "policies", kinds);
	value_set_integer(visit->data, "remember_days", policy->remember_s / 86400);
	value_set_string(visit->data, "remember_bind_address",
			 session_binding_name(policy->remember_bind_address));
	value_set(visit->data, "this_session", limits_value(visit->pool, &visit->session->limits));
	return OK;
}

/* Columns of statements that count, each with its name in the answer. */
static void set_counts(struct value *object, const struct pg_rows *rows, const char *const *names)
{
	for (int column = 0; names[column] != NULL; column++)
		value_set_integer(object, names[column], pg_integer(rows, 0, column));
}

static enum outcome cleanup_stats_show(struct visit *visit)
{
	static const char *const names[] = {
		"stored",   "live",        "expired",          "idle",
		"orphaned", "ended_today", "idle_ended_today", "over_limit_ended_today",
		NULL
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(visit->app->postgresql, visit->pool,
				      STATEMENT_SESSION_CLEANUP_STATS, NULL, 0, &rows);
	if (outcome == OK)
		set_counts(visit->data, rows, names);
	return outcome;
}

static enum outcome end_all(struct visit *visit, const struct session_ending *ending,
			    const char *name)
{
	int64_t ended;
	enum outcome outcome = session_end_listed(visit->app->postgresql, visit->pool, ending,
						  &ended);
	if (outcome != OK)
		return outcome;
	log_event(LOG_LEVEL_INFO, "sessions_ended", "reason", ending->reason, "user",
		  ending->user_id, "count", pool_printf(visit->pool, "%lld", (long long)ended),
		  "actor", ending->actor, NULL);
	value_set_bool(visit->data, "success", true);
	value_set_integer(visit->data, name, ended);
	return OK;
}

static enum outcome force_cleanup(struct visit *visit)
{
	if (*visit->path_rest == '\0')
		return NOT_FOUND;
	value_set_string(visit->data, "user_id", visit->path_rest);
	return end_all(visit,
		       &(struct session_ending){ .user_id = visit->path_rest,
						 .reason = "by_administrator",
						 .actor = visit->session->username,
						 .address = visit->request->address,
						 .request_id = visit->request->id },
		       "cleaned_sessions");
}

static enum outcome logout_all(struct visit *visit)
{
	enum outcome outcome = end_all(visit,
				       &(struct session_ending){ .user_id = visit->session->user_id,
								 .reason = "by_person",
								 .address = visit->request->address,
								 .request_id = visit->request->id },
				       "logged_out_sessions");
	if (outcome == OK) {
		visit_clear_session_cookie(visit);
		visit->session = NULL;
	}
	return outcome;
}

static enum outcome security_summary_show(struct visit *visit)
{
	static const char *const names[] = { "active_sessions", "sign_ins_30_days",
					     "failed_sign_ins_24_hours", "addresses_30_days",
					     NULL };
	const struct session *session = visit->session;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(visit->app->postgresql, visit->pool,
				      STATEMENT_SESSION_SECURITY_SUMMARY,
				      (const char *const[]){ session->user_id }, 1, &rows);
	if (outcome != OK)
		return outcome;
	set_counts(visit->data, rows, names);
	value_set_string(visit->data, "last_failed_sign_in_at", pg_text(rows, 0, 4));
	value_set_string(visit->data, "username", session->username);
	value_set_string(visit->data, "kind", session_kind_name(session->kind));
	value_set_integer(visit->data, "authenticated_seconds_ago", session->times.authenticated_s);
	value_set_integer(visit->data, "concurrent_limit", session->limits.concurrent);
	return OK;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/session/policies", SIGNED_IN, policies_show, NULL },
	{ METHOD_GET, "/api/session/cleanup-stats", ADMIN, cleanup_stats_show, NULL },
	{ METHOD_POST, "/api/session/force-cleanup/*", ADMIN | RECENT, force_cleanup, NULL },
	{ METHOD_POST, "/api/auth/logout-all-sessions", SIGNED_IN, logout_all, NULL },
	{ METHOD_GET, "/api/auth/security-summary", SIGNED_IN, security_summary_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table session_api_page = { "session_api", routes, false };

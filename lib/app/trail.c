#include "app/trail.h"
#include "base/log.h"

struct audit_entry trail_entry(const struct visit *visit, enum audit_event event,
			       const struct session *session, const char *reason)
{
	struct audit_entry entry = { .event = event,
				     .reason = reason,
				     .address = visit->request->address,
				     .user_agent = visit->request->user_agent,
				     .request_id = visit->request->id };
	if (session != NULL) {
		entry.user_id = session->user_id;
		entry.username = session->username;
		entry.session = session->public_id;
		entry.kind = session_kind_name(session->kind);
	}
	return entry;
}

void trail_note(const struct visit *visit, const struct audit_entry *entry)
{
	enum outcome outcome = audit_write(visit->app->postgresql, visit->pool, entry);
	if (outcome != OK)
		log_event(LOG_LEVEL_ERROR, "audit_not_written", "event",
			  audit_event_name(entry->event), "reason", outcome_meaning(outcome)->code,
			  NULL);
}

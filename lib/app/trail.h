/* The audit trail as a visit writes it. */
#pragma once
#include "app/visit.h"
#include "audit/audit.h"

/* The entry of something that happens in this visit, to the person of `session`; NULL: to nobody
 * known. */
struct audit_entry trail_entry(const struct visit *visit, enum audit_event event,
			       const struct session *session, const char *reason);

/* Write an entry by itself: of what was refused, which stays refused whether it can be written or
 * not. The log says when it cannot. What is allowed goes together with its entry instead, by
 * audit_call. */
void trail_note(const struct visit *visit, const struct audit_entry *entry);

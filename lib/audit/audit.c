#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include <string.h>

/* The last parameter of audit_write. */
#define ALWAYS         ""
#define WHILE_STANDING "standing"
#define ONCE_A_MINUTE  "once"

static const struct {
	const char *name; /* in the table, in commands and JSON; never changed */
	const char *when;
} events[AUDIT_EVENT_COUNT] = {
	[AUDIT_SIGN_IN] = { "sign_in", ALWAYS },
	[AUDIT_SIGN_IN_FAILED] = { "sign_in_failed", ALWAYS },
	[AUDIT_LOCKED_OUT] = { "locked_out", ONCE_A_MINUTE },
	[AUDIT_SIGN_UP] = { "sign_up", ALWAYS },
	[AUDIT_SIGN_OUT] = { "sign_out", WHILE_STANDING },
	[AUDIT_SESSION_ENDED] = { "session_ended", WHILE_STANDING },
	[AUDIT_SESSIONS_ENDED] = { "sessions_ended", ALWAYS },
	[AUDIT_ACCESS_REFUSED] = { "access_refused", ONCE_A_MINUTE },
	[AUDIT_ADDRESS_CHANGED] = { "address_changed", ONCE_A_MINUTE },
	[AUDIT_BROWSER_CHANGED] = { "browser_changed", ONCE_A_MINUTE },
	[AUDIT_PASSWORD_CONFIRMED] = { "password_confirmed", ALWAYS },
	[AUDIT_CONFIRM_FAILED] = { "confirm_failed", ALWAYS },
	[AUDIT_PASSWORD_CHANGED] = { "password_changed", ALWAYS },
	[AUDIT_GUEST_STARTED] = { "guest_started", ALWAYS },
	[AUDIT_USER_ADDED] = { "user_added", ALWAYS },
	[AUDIT_GROUP_CHANGED] = { "group_changed", ALWAYS },
	[AUDIT_POLICY_CHANGED] = { "policy_changed", ALWAYS },
	[AUDIT_THROTTLE_CLEARED] = { "throttle_cleared", ALWAYS },
	[AUDIT_KNOWLEDGE_CHANGED] = { "knowledge_changed", ALWAYS },
	[AUDIT_CONVERSATION_SHARED] = { "conversation_shared", ALWAYS },
	[AUDIT_CHARACTER_CHANGED] = { "character_changed", ALWAYS },
	[AUDIT_OWN_KEY_CHANGED] = { "own_key_changed", ALWAYS },
};

const char *audit_event_name(enum audit_event event)
{
	return events[event].name;
}

enum audit_event audit_event_find(const char *name)
{
	int event = 0;
	while (event < AUDIT_EVENT_COUNT && strcmp(events[event].name, name) != 0)
		event++;
	return (enum audit_event)event;
}

static const char *short_text(struct pool *pool, const char *text)
{
	return text != NULL ? text_clean(pool, text, AUDIT_TEXT_MAX_BYTES) : NULL;
}

static const char *detail_text(struct pool *pool, const struct value *detail)
{
	if (detail == NULL)
		return NULL;
	struct buffer out = buffer_new(pool, 128);
	json_write(&out, detail);
	return out.length <= AUDIT_DETAIL_MAX_BYTES ? out.bytes : "{\"too_long\":true}";
}

struct pg_call audit_call(struct pool *pool, const struct audit_entry *entry)
{
	const char *const texts[] = {
		audit_event_name(entry->event),
		short_text(pool, entry->reason),
		short_text(pool, entry->user_id),
		short_text(pool, entry->username),
		entry->session,
		short_text(pool, entry->kind),
		entry->address,
		short_text(pool, entry->user_agent),
		short_text(pool, entry->actor),
		short_text(pool, entry->request_id),
		detail_text(pool, entry->detail),
		events[entry->event].when,
	};
	const char **parameters = pool_alloc(pool, sizeof texts);
	memcpy(parameters, texts, sizeof texts);
	return (struct pg_call){ .statement = STATEMENT_AUDIT_WRITE,
				 .parameters = parameters,
				 .parameter_count = sizeof texts / sizeof *texts };
}

enum outcome audit_write(struct pg_pool *database, struct pool *pool,
			 const struct audit_entry *entry)
{
	struct pg_call call = audit_call(pool, entry);
	return pg_run_all(database, pool, &call, 1);
}

static struct audit_row read_row(const struct pg_rows *rows, size_t row)
{
	return (struct audit_row){
		.id = pg_integer(rows, row, 0),
		.at = pg_text(rows, row, 1),
		.at_s = pg_integer(rows, row, 2),
		.age_s = pg_integer(rows, row, 3),
		.event = pg_text(rows, row, 4),
		.reason = pg_text(rows, row, 5),
		.user_id = pg_text(rows, row, 6),
		.username = pg_text(rows, row, 7),
		.session = pg_text(rows, row, 8),
		.kind = pg_text(rows, row, 9),
		.address = pg_text(rows, row, 10),
		.user_agent = pg_text(rows, row, 11),
		.actor = pg_text(rows, row, 12),
		.request_id = pg_text(rows, row, 13),
		.detail = pg_text(rows, row, 14),
	};
}

/* Run one of the three lists. */
static enum outcome run_list(struct pg_pool *database, struct pool *pool, struct pg_call *call,
			     struct audit_list *list)
{
	list->count = 0;
	enum outcome outcome = pg_run_all(database, pool, call, 1);
	if (outcome != OK)
		return outcome;
	list->count = pg_row_count(call->rows);
	list->rows = pool_alloc(pool, list->count * sizeof *list->rows);
	for (size_t i = 0; i < list->count; i++)
		list->rows[i] = read_row(call->rows, i);
	return OK;
}

enum outcome audit_list(struct pg_pool *database, struct pool *pool,
			const struct audit_filter *filter, struct audit_list *list)
{
	const int64_t end_of_time_s = 253402300800; /* the year 10000 */
	const char *const parameters[] = {
		filter->user_id,
		filter->or_username,
		filter->event,
		filter->address,
		text_from_integer(pool, filter->since_s),
		text_from_integer(pool, filter->until_s > 0 ? filter->until_s : end_of_time_s),
		text_from_integer(pool, filter->before_id > 0 ? filter->before_id : INT64_MAX),
		text_from_integer(pool, (int64_t)filter->limit),
	};
	struct pg_call call = { .statement = STATEMENT_AUDIT_LIST,
				.parameters = parameters,
				.parameter_count = sizeof parameters / sizeof *parameters };
	return run_list(database, pool, &call, list);
}

static enum outcome list_beside(struct pg_pool *database, struct pool *pool,
				enum statement statement, const struct audit_place *place,
				struct audit_list *list)
{
	const char *const parameters[] = { place->user_id, text_from_integer(pool, place->id),
					   text_from_integer(pool, (int64_t)place->limit) };
	struct pg_call call = { .statement = statement,
				.parameters = parameters,
				.parameter_count = 3 };
	return run_list(database, pool, &call, list);
}

enum outcome audit_list_older(struct pg_pool *database, struct pool *pool,
			      const struct audit_place *place, struct audit_list *list)
{
	return list_beside(database, pool, STATEMENT_AUDIT_LIST_OLDER, place, list);
}

enum outcome audit_list_newer(struct pg_pool *database, struct pool *pool,
			      const struct audit_place *place, struct audit_list *list)
{
	enum outcome outcome = list_beside(database, pool, STATEMENT_AUDIT_LIST_NEWER, place, list);
	for (size_t i = 0; i < list->count / 2; i++) { /* the nearest comes last */
		struct audit_row *one = &list->rows[i], *other = &list->rows[list->count - 1 - i];
		struct audit_row kept = *one;
		*one = *other;
		*other = kept;
	}
	return outcome;
}

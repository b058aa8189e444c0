#include "chat/conversation_change.h"
#include "base/text.h"
#include "chat/title.h"
#include <string.h>

static const char *const names[CONVERSATION_ACTS] = {
	[CONVERSATION_TITLE] = "title",     [CONVERSATION_FOLDER] = "folder",
	[CONVERSATION_PIN] = "pin",         [CONVERSATION_UNPIN] = "unpin",
	[CONVERSATION_ARCHIVE] = "archive", [CONVERSATION_UNARCHIVE] = "unarchive",
	[CONVERSATION_DELETE] = "delete",   [CONVERSATION_RESTORE] = "restore",
	[CONVERSATION_PURGE] = "purge",
};

enum conversation_act conversation_act_of(const char *name)
{
	size_t i = 0;
	while (i < CONVERSATION_ACTS && strcmp(names[i], name) != 0)
		i++;
	return (enum conversation_act)i;
}

enum outcome conversation_retitle(struct pg_pool *database, struct pool *pool, const char *user_id,
				  const char *id)
{
	struct pg_rows *rows;
	const char *title = "";
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_QUESTIONS,
				      (const char *const[]){ id, user_id }, 2, &rows);
	if (outcome != OK)
		return outcome;
	for (size_t i = 0; *title == '\0' && i < pg_row_count(rows); i++)
		title = title_of_question(pool, pg_text(rows, i, 0));
	return pg_run(database, pool, STATEMENT_CONVERSATION_RETITLE,
		      (const char *const[]){ id, user_id, title }, 3, NULL);
}

enum outcome conversation_change(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const char *id, enum conversation_act act, const char *said)
{
	if (!text_is_uuid(id))
		return NOT_FOUND;
	const char *const parameters[] = { id, user_id, names[act], said };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_CONVERSATION_ACT, parameters, 4,
				      &rows);
	if (outcome == OK && !pg_bool(rows, 0, 0))
		outcome = NOT_FOUND;
	if (outcome == OK && act == CONVERSATION_TITLE && *said == '\0')
		outcome = conversation_retitle(database, pool, user_id, id);
	return outcome;
}

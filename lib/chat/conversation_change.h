/* What a person does with a conversation of theirs: naming it, putting it in a folder, pinning,
 * archiving and deleting it. Whoever does it to somebody else's gets NOT_FOUND. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

enum { CONVERSATION_TITLE_MAX = 120, CONVERSATION_FOLDER_MAX = 60 /* characters */ };

enum conversation_act {
	CONVERSATION_TITLE,  /* "": one is made of the questions again */
	CONVERSATION_FOLDER, /* "": none */
	CONVERSATION_PIN,    /* takes it out of the archive */
	CONVERSATION_UNPIN,
	CONVERSATION_ARCHIVE, /* unpins it */
	CONVERSATION_UNARCHIVE,
	CONVERSATION_DELETE, /* stops an answer that is on its way */
	CONVERSATION_RESTORE,
	CONVERSATION_PURGE, /* for good, and only what is deleted already */
	CONVERSATION_ACTS
};

/* "title", "folder", "pin", … as forms and programs say it; CONVERSATION_ACTS: none of them. */
enum conversation_act conversation_act_of(const char *name);

/* Do it. `said` is the title or folder, else "". Doing what is done already is OK. */
enum outcome conversation_change(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const char *id, enum conversation_act act, const char *said);

/* Make the title of the questions there are now; one of the person's own stays. */
enum outcome conversation_retitle(struct pg_pool *database, struct pool *pool, const char *user_id,
				  const char *id);

/* Taking conversations along, and bringing them back: as Markdown to read, or as JSON that can be
 * imported again (chat/conversation_file.h). */
#pragma once
#include "base/text.h"
#include "base/value.h"
#include "chat/conversation.h"

enum conversation_format {
	CONVERSATION_MARKDOWN, /* the branch that is shown */
	CONVERSATION_JSON,     /* every branch */
};

/* An export on its way, in pieces: however long a conversation is, a piece holds 100 messages. */
struct conversation_export;

/* Export one conversation of this person; as JSON with `id` NULL, all that are not deleted. NOT_FOUND:
 * it is not theirs, or not there. `name` gets a name for the file, of letters, digits, '-' and '.'. */
enum outcome conversation_export_begin(struct pg_pool *database, struct pool *pool,
				       const char *user_id, const char *id,
				       enum conversation_format format,
				       struct conversation_export **export, const char **name);

/* Append the next piece to `out`; nothing when it is over. `pool` is for this piece only. */
enum outcome conversation_export_next(void *export, struct pool *pool, struct buffer *out);

struct conversation_imported {
	int64_t conversations, messages;
};

/* Store what conversation_file_read gave: all of it as new conversations, or nothing. */
enum outcome conversation_import(struct pg_pool *database, struct pool *pool,
				 const struct conversation_owner *owner, int64_t days,
				 const struct value *conversations,
				 struct conversation_imported *imported);

/* Conversations that are read by a link. The link holds a token, of which only the hash is looked up
 * (sql/postgresql/011_sharing_usage.sql); who made it and how it is sealed is not this module's matter.
 *
 * Readers see the branch that was shown when the link was made or last updated: no later message and no
 * other version. A message that is changed or deleted is changed or gone for them at once. */
#pragma once
#include "chat/conversation.h"

struct share {
	const char *title; /* "" until the first question */
	bool is_shared;
	const char *sealed; /* as it was given to share_begin; "" when it is not shared */
	int64_t shared_at_s;
	bool has_more; /* what is shown now is not what readers see */
	bool has_messages;
};

/* How a person's conversation is shared. NOT_FOUND: not theirs. */
enum outcome share_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			const char *id, struct share *share);

/* A conversation of a person's, and the entry that is written in the same transaction. */
struct share_act {
	const char *user_id;
	const char *conversation_id;
	const struct pg_call *entry; /* not written when nothing happens */
};

/* Share what is shown now with whoever has the token of this hash. NOT_FOUND: not theirs, without any
 * message, or shared already. */
enum outcome share_begin(struct pg_pool *database, struct pool *pool, const struct share_act *act,
			 const char *hash, const char *sealed);

/* Let the same link show what is shown now. NOT_FOUND: it is not shared. */
enum outcome share_update(struct pg_pool *database, struct pool *pool, const struct share_act *act);

/* Take the link back; from now on it opens nothing. NOT_FOUND: it is not shared. */
enum outcome share_end(struct pg_pool *database, struct pool *pool, const struct share_act *act);

/* What a reader sees. */
struct shared {
	const char *title;
	int64_t shared_at_s;
	struct message_list messages; /* role, content, state; oldest first */
	bool has_earlier;
};

/* Up to `limit` messages that the token of this hash opens, without the `skip` newest; fewer when they
 * have more than MESSAGES_BYTES_MAX. NOT_FOUND: it
 * opens nothing, or has no more messages. */
enum outcome share_read(struct pg_pool *database, struct pool *pool, const char *hash, size_t limit,
			size_t skip, struct shared *shared);

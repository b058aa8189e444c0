/* Links to conversations: who may make them, and the token in them. */
#pragma once
#include "app/visit.h"

/* Whether this visitor may share conversations of theirs: [chat] sharing, and no guest. */
bool sharing_may_share(const struct visit *visit);

/* A new token: 32 characters of a-z and 0-9, 165 bits, as many as a session's key has. */
const char *sharing_new_token(struct pool *pool);

/* What is stored of a token: its SHA-256, in hexadecimal. NULL: this is no token. */
const char *sharing_hash(struct pool *pool, const char *token);

/* The token for its owner's eyes: sealed for the conversation, and back. NULL: it was sealed under a
 * secret that is no more, so it can only be taken back. */
const char *sharing_seal(const struct visit *visit, const char *conversation_id, const char *token);
const char *sharing_unseal(const struct visit *visit, const char *conversation_id,
			   const char *sealed);

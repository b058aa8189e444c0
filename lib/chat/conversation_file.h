/* Conversations as a file of ours, to keep them or to take them elsewhere: JSON.
 *
 *   {"gatehouse_conversations": 1, "conversations": [
 *     {"title": "…", "has_own_title": false, "country": "", "service": "", "folder": "",
 *      "created_at": "2026-11-20T08:15:00Z", "last_activity": "2026-11-20T08:15:03Z",
 *      "is_pinned": false, "is_archived": false, "shown": 2,
 *      "messages": [
 *        {"id": 1, "parent": null, "role": "user", "content": "…",
 *         "created_at": "2026-11-20T08:15:00Z"},
 *        {"id": 2, "parent": 1, "role": "assistant", "content": "…", "state": "done",
 *         "model": "openai/NAME", "rating": 1, "rating_note": "",
 *         "created_at": "2026-11-20T08:15:03Z"}]}]}
 *
 * A message's id is its name in this file only. Ids rise, and a parent stands before what follows it,
 * so nothing can go in circles; messages of one parent are branches or versions. "shown" is the last
 * message of the branch that is shown, null for the last of all. Of a conversation only "messages" has
 * to be there, of a message only id, role and content. Members that are not named here are passed over.
 */
#pragma once
#include "base/value.h"

enum {
	CONVERSATION_FILE_VERSION = 1,
	CONVERSATION_FILE_MAX = 5000,           /* conversations */
	CONVERSATION_FILE_MESSAGES_MAX = 20000, /* of all of them */
	CONVERSATION_FILE_CONTENT_MAX =
		262144, /* characters of a message: any answer of a model fits */
};

/* Read a file. True: `conversations` is an array in which every member of every conversation and
 * message is there, in the form that gatehouse_import wants. False: `problem` is a sentence for a
 * person that says where it is wrong, such as "conversations[0].messages[3].parent: …"; nothing of the
 * file is used. */
bool conversation_file_read(struct pool *pool, const char *bytes, size_t length,
			    struct value **conversations, const char **problem);
/* The same from JSON that is read already. */
bool conversation_file_take(struct pool *pool, const struct value *json,
			    struct value **conversations, const char **problem);

/* What a file calls a message: its place among the ids before it, which ascend; from 1. 0: it is none of
 * them. */
size_t conversation_file_place(const int64_t *ids, size_t count, int64_t id);

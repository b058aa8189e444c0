/* Finding a conversation again: by words of its messages, its country, service and folder, page by
 * page; also those that were archived or deleted. */
#pragma once
#include "chat/conversation.h"

enum { CONVERSATION_WORDS_MAX = 200 /* characters; more are not looked for */ };

struct conversation_search {
	const char *words; /* all of them, each may be the beginning of one; "": any, as below */
	const char *country;
	const char *service;
	const char *folder;
	const char *shelf; /* "": neither archived nor deleted; "archived"; "deleted" */
	const char *after; /* a cursor, or "" */
	size_t limit;
};

/* One that was found. In `passage` and `marked_title` the words stand between the bytes 1 and 2. */
struct conversation_found {
	struct conversation conversation;
	const char
		*message_id; /* the newest message with the words; NULL: only the title has them */
	const char *passage; /* "" without one */
	const char *marked_title;
};

struct conversation_folder {
	const char *name;
	int64_t conversations;
};

struct conversation_results {
	struct conversation_found *items;
	size_t count;
	struct conversation_folder *folders; /* all that the person has */
	size_t folder_count;
};

/* Both in one round trip; newest first. */
enum outcome conversation_search(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const struct conversation_search *search,
				 struct conversation_results *results);

/* A conversation, and the folders to choose from, in one round trip. */
enum outcome conversation_details(struct pg_pool *database, struct pool *pool, const char *user_id,
				  const char *id, struct conversation *conversation,
				  struct conversation_results *folders);

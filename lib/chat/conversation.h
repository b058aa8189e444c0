/* Conversations and their messages, each belonging to one person; whoever asks for somebody else's
 * gets NOT_FOUND. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

enum { CONVERSATION_TITLE_CHARACTERS = 60 };

struct conversation {
	const char *id;      /* UUID */
	const char *title;   /* "" until the first question */
	const char *country; /* "" when left open */
	const char *service; /* "" when left open */
	bool is_open;        /* can go on */
	int64_t age_s;       /* since the last message; in lists only */
};

struct conversation_list {
	struct conversation *items;
	size_t count;
};

struct message {
	const char *id;
	const char *role;    /* "user", "assistant", "system" */
	const char *content; /* as typed, or Markdown */
	int64_t created_at_s;
};

struct message_list {
	struct message *items;
	size_t count;
};

struct conversation_owner {
	const char *user_id;
	const char *username;
};

/* Begin a conversation; country and service may be "" or NULL. `days` 0: it never expires. */
enum outcome conversation_create(struct pg_pool *database, struct pool *pool,
				 const struct conversation_owner *owner, const char *country,
				 const char *service, int64_t days, const char **id);

/* The newest open conversation of that country and service, or NOT_FOUND. */
enum outcome conversation_find_open(struct pg_pool *database, struct pool *pool,
				    const char *user_id, const char *country, const char *service,
				    const char **id);

enum outcome conversation_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const char *id, struct conversation *conversation);

/* The latest conversations, newest first. */
enum outcome conversation_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			       size_t limit, struct conversation_list *list);

/* What a person has done so far, and the latest conversations, newest first. */
struct conversation_overview {
	int64_t active_sessions, total_messages, countries_explored, conversations_total;
	struct conversation_list latest;
};

/* All of it in one round trip. `idle_s`: a session that rested longer is not active. */
enum outcome conversation_overview(struct pg_pool *database, struct pool *pool, const char *user_id,
				   int64_t idle_s, struct conversation_overview *overview);

/* A conversation with its newest messages and the list beside it, in one round trip. */
enum outcome conversation_open(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const char *id, size_t message_limit,
			       struct conversation *conversation, struct message_list *messages,
			       struct conversation_list *list);

/* Store a question and its answer together; the first question gives the title. NOT_FOUND: not
 * this person's, or over. `ids` gets the two messages' ids. */
enum outcome conversation_store(struct pg_pool *database, struct pool *pool, const char *user_id,
				const char *id, const char *question, const char *answer,
				const char *ids[static 2]);

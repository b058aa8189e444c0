/* Conversations and their messages, each belonging to one person; whoever asks for somebody else's
 * gets NOT_FOUND. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

struct conversation {
	const char *id;      /* UUID */
	const char *title;   /* "" until the first question */
	const char *country; /* "" when left open */
	const char *service; /* "" when left open */
	const char *folder;  /* "" for none */
	bool is_open;        /* can go on */
	bool is_pinned, is_archived;
	/* In lists only. */
	int64_t age_s;      /* since the last message; of deleted ones since they were */
	const char *cursor; /* its place in the list: what follows is asked for with it */
	/* Not in lists. */
	const char *character_id; /* "" for none */
	const char *character_name;
	const char *model;  /* "openai/NAME"; "": as the operator says */
	bool has_own_title; /* the person's, not one that was made of the questions */
	int64_t created_at_s, last_activity_s;
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
	/* The rest only when a conversation is opened. */
	const char *state; /* of an answer: "done", "cut", "stopped", "interrupted" */
	const char *model; /* that made the answer; "": none */
	int64_t rating;    /* 1, -1, or 0 */
	const char *rating_note;
	const char *parent_id;                       /* "0": it begins the conversation */
	const char *previous_version, *next_version; /* ids, NULL where there is none */
	int64_t version, versions;                   /* 2 of 3 */
};

struct message_list {
	struct message *items;
	size_t count;
};

struct conversation_owner {
	const char *user_id;
	const char *username;
	bool is_guest; /* nobody who signed in: username is an email address that nobody proved */
};

/* How somebody came to be the owner, as the Django models have it: "password", "guest". */
const char *conversation_method(const struct conversation_owner *owner);

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

/* Where a list begins: after the conversation with this cursor. Anything else, also "", is the top. */
struct conversation_cursor {
	const char *moment; /* NULL: the top */
	const char *id;
};
struct conversation_cursor conversation_cursor_read(struct pool *pool, const char *text);

/* Pinned ones stand above all others, only on the first page; or everything is in one order. */
enum conversation_order {
	CONVERSATIONS_PINNED_FIRST,
	CONVERSATIONS_UNPINNED,
	CONVERSATIONS_BY_TIME
};

/* The latest conversations that are neither archived nor deleted: `limit` of them, pinned ones not
 * counted, newest first. `after` is a cursor, or "". */
enum outcome conversation_list(struct pg_pool *database, struct pool *pool, const char *user_id,
			       enum conversation_order order, size_t limit, const char *after,
			       struct conversation_list *list);

/* What a person has done so far, and the latest conversations, newest first. */
struct conversation_overview {
	int64_t active_sessions, total_messages, countries_explored, conversations_total;
	struct conversation_list latest;
};

/* All of it in one round trip. */
enum outcome conversation_overview(struct pg_pool *database, struct pool *pool, const char *user_id,
				   struct conversation_overview *overview);

/* Of the messages that are shown at once, in bytes; a single longer one is shown by itself. */
enum { MESSAGES_BYTES_MAX = 512 << 10 };

/* What is shown of a conversation. */
struct conversation_view {
	const char *id;
	size_t messages; /* how many at most; fewer when they have more than MESSAGES_BYTES_MAX */
	const char *before; /* only messages before this one of the branch; "": the newest of all */
	const char *at;     /* a message to show with what is around it; "": as above */
	size_t beside;      /* conversations in the list */
};

/* A conversation with messages of the branch that is shown, and the list beside it, pinned ones
 * first, in one round trip. */
enum outcome conversation_open(struct pg_pool *database, struct pool *pool, const char *user_id,
			       const struct conversation_view *view,
			       struct conversation *conversation, struct message_list *messages,
			       struct conversation_list *list);

/* Read a row of any of the statements of queries/conversation.sql that list conversations. */
void conversation_read(const struct pg_rows *rows, size_t row, struct pool *pool,
		       struct conversation *conversation);
/* The row of conversation_load, which says more. */
void conversation_read_loaded(const struct pg_rows *rows, struct pool *pool,
			      struct conversation *conversation);

/* A call for pg_run_all that gives everything one owner has to another: a guest who signs in keeps
 * the conversation. */
struct pg_call conversation_hand_over_call(struct pool *pool, const char *from_user_id,
					   const struct conversation_owner *to);

/* One message of a person's conversation, and which conversation that is. */
struct message_place {
	struct message message;
	const char *conversation_id;
	bool is_open;          /* the conversation can go on */
	const char *parent_id; /* the message it follows, "0": none; only when it was loaded */
};

enum outcome message_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, struct message_place *place);

/* Change what the person wrote; an answer cannot be changed. `place` gets how it is afterwards.
 * NOT_FOUND: not this person's, an answer, or of a conversation that is over. */
enum outcome message_edit(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, const char *content, struct message_place *place);

/* Delete a question or an answer for good. */
enum outcome message_delete(struct pg_pool *database, struct pool *pool, const char *user_id,
			    const char *id, struct message_place *place);

/* Show the branch of a message, the newest one through it; `conversation_id` is whose. NOT_FOUND: not this
 * person's. */
enum outcome message_show_branch(struct pg_pool *database, struct pool *pool, const char *user_id,
				 const char *id, const char **conversation_id);

/* What a person thinks of an answer: 1, -1 or, to take it back, 0, with a few words. NOT_FOUND: not
 * this person's, or no answer. */
enum outcome message_rate(struct pg_pool *database, struct pool *pool, const char *user_id,
			  const char *id, int64_t rating, const char *note,
			  const char **conversation_id);

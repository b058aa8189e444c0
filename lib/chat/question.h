/* Asking: a question is stored before anybody looks for its answer, with its place in the tree of its
 * conversation (sql/postgresql/007_answers.sql). */
#pragma once
#include "chat/conversation.h"

/* What a person may use; 0: as much as they like. */
struct question_limits {
	int64_t messages_per_minute;
	int64_t messages_per_day;
	int64_t tokens_per_day;
	int64_t answers_at_once;
	int64_t conversation_messages;
	/* Messages of this person count for this network as well, up to so many times a limit of theirs.
	 * NULL: they do not. */
	const char *network;
	int64_t network_times;
};

struct question {
	const struct conversation_owner *owner;
	const struct question_limits *limits;
	const char *conversation_id; /* "": begin a new one, with the next five */
	const char *country;         /* "" when left open, as the next three */
	const char *service;
	const char *character_id;
	const char *new_model; /* what the new conversation is to use; "": what the operator says */
	int64_t days;          /* a new conversation can go on for so long; 0: for ever */
	const char *text;
	const char *submit_key; /* of the form: the same one twice is one question. "": none */
	const char *
		parent_id; /* "": after what is shown; "0": at the beginning; else after that one */
	const char *answer; /* stored with it; NULL: `model` is to make one */
	const char *model;
};

enum question_verdict {
	QUESTION_STORED,
	QUESTION_AGAIN,   /* this form was sent before: its ids */
	QUESTION_UNKNOWN, /* not this person's conversation, or not a message of it */
	QUESTION_OVER,    /* the conversation has ended */
	QUESTION_FULL,    /* it has as many messages as it may */
	QUESTION_RUNNING, /* its last answer is still being written */
	QUESTION_LIMIT,   /* more than this person may now */
};

struct question_stored {
	enum question_verdict verdict;
	const char *limit; /* after QUESTION_LIMIT: "minute", "day", "tokens", "answers" */
	int64_t wait_s;    /* and for how long */
	const char *conversation_id;
	const char *question_id;
	const char *answer_message_id; /* NULL: there is none yet */
	const char *answer_id;         /* of one on its way; NULL: there is none */
	bool has_worker;               /* somebody was at work on answers a moment ago */
};

/* Whether this person may ask now, before any work is done for it: TOO_MANY_ATTEMPTS when not, with
 * the limit in `stored`. OK with the verdict QUESTION_AGAIN: the same form came before, so no work is
 * needed. It counts nothing and reserves nothing; question_store says what holds. */
enum outcome question_limit_check(struct pg_pool *database, struct pool *pool,
				  const struct question *question, struct question_stored *stored);

/* Store a question. OK whatever the verdict; the first question gives a conversation its title.
 * BAD_REQUEST: an id is none. */
enum outcome question_store(struct pg_pool *database, struct pool *pool,
			    const struct question *question, struct question_stored *stored);

/* Let `model` make another answer to a question of this person. */
enum outcome question_retry(struct pg_pool *database, struct pool *pool, const char *user_id,
			    const char *question_id, const char *model,
			    const struct question_limits *limits, struct question_stored *stored);

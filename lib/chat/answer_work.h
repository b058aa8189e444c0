/* Working on answers: what the worker does, and a request where a host allows no worker.
 *
 * An answer is claimed with a lease that is renewed while it is worked on; so exactly one does, and that
 * of a dead one is free again when the lease has run out. Pieces are only ever added, and only by
 * whoever has the lease. */
#pragma once
#include "chat/answer.h"

enum { ANSWER_LEASE_S = 20 };

/* What was said before, oldest first, the question last. */
struct answer_turn {
	const char *role;
	const char *text;
};
struct answer_turns {
	struct answer_turn *items;
	size_t count;
};

struct answer_task {
	const char *id; /* negative: of a temporary conversation */
	const char *conversation_id, *question_id, *user_id;
	const char *model;   /* "openai/NAME" */
	const char *country; /* "" when left open, as the next two */
	const char *service;
	const char *character_id;
	const char *question;
	/* Of a temporary one, which has no messages: all that was said, as it was given to
	 * temporary_ask, and once that is opened, the turns. */
	const char *sealed_turns;
	struct answer_turns turns;
};

struct answer_tasks {
	struct answer_task *items;
	size_t count;
};

/* Take up to `most` answers. `worker` names who asks, the same each time, and is noted as being there.
 * `only_id`: nothing but that answer, by somebody who does not stay; NULL: any. */
enum outcome answer_claim(struct pg_pool *database, struct pool *pool, const char *worker,
			  size_t most, const char *only_id, struct answer_tasks *tasks);

/* What was said before a question: as many messages as fit into `characters`, whole ones, and the
 * question in any case. */
enum outcome answer_turns(struct pg_pool *database, struct pool *pool, const char *question_id,
			  size_t characters, struct answer_turns *turns);

/* New pieces of several answers, in one statement. */
struct answer_piece {
	const char *answer_id;
	int64_t ordinal; /* from 1, one more each time */
	const char *text;
	bool is_lost;    /* out: somebody else has it, or it has ended; work no longer */
	bool is_stopped; /* out: the reader wants no more of it */
};
enum outcome answer_append(struct pg_pool *database, struct pool *pool, const char *worker,
			   struct answer_piece *pieces, size_t count);

/* Say that this worker lives and still works on these; the pieces need only ids. */
enum outcome answer_renew(struct pg_pool *database, struct pool *pool, const char *worker,
			  struct answer_piece *pieces, size_t count);

struct answer_ending {
	enum answer_state state;
	const char *error, *sentence;         /* NULL unless it failed */
	int64_t prompt_tokens, answer_tokens; /* -1: not known */
};
/* End an answer; its text becomes a message. OK also when it was not this worker's any more. */
enum outcome answer_end(struct pg_pool *database, struct pool *pool, const char *worker,
			const char *id, const struct answer_ending *ending);

/* This worker goes; what it has claimed is free at once. */
enum outcome answer_leave(struct pg_pool *database, struct pool *pool, const char *worker);

/* Throw away what nobody needs: temporary answers that nobody fetches any more, pieces of answers that
 * ended a while ago, old figures. */
enum outcome answer_clean(struct pg_pool *database, struct pool *pool);

/* Answers on their way to a reader: what has come, and stopping. Whoever asks for an answer in somebody
 * else's conversation gets NOT_FOUND. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

enum answer_state {
	ANSWER_WAITING, /* for somebody to work on it */
	ANSWER_RUNNING,
	ANSWER_DONE,
	ANSWER_CUT,         /* it became too long */
	ANSWER_STOPPED,     /* by the reader */
	ANSWER_INTERRUPTED, /* who worked on it has gone */
	ANSWER_FAILED,
};

struct answer {
	const char *id;
	const char *conversation_id;
	const char *question_id;
	enum answer_state state;
	const char *error;      /* a code, "" for none */
	const char *sentence;   /* about the error, for the person */
	const char *message_id; /* of the whole text; NULL while there is none */
	const char
		*text;   /* Markdown: what was asked for; of a temporary one, see app/temporary.h */
	int64_t newest;  /* the number of its newest piece; 0: none */
	int64_t waits_s; /* for so long nobody has begun it; 0 when somebody has */
};

/* Waited for so many seconds, an answer has no worker: start one. */
enum { ANSWER_FORGOTTEN_S = 3 };

bool answer_is_open(enum answer_state state);
/* "waiting", "running", "done", …: as in the database and in JSON. */
const char *answer_state_name(enum answer_state state);
enum answer_state answer_state_of(const char *name);

/* An answer with what came after piece `after` (0: all of it). Pieces are there while it grows and ten
 * minutes more; afterwards the text is that of its message. */
enum outcome answer_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			 const char *id, int64_t after, struct answer *answer);

/* The answer to the last question of the branch that is shown, while it is no message yet: on its way,
 * or failed before any text came. NOT_FOUND: none. */
enum outcome answer_of_conversation(struct pg_pool *database, struct pool *pool,
				    const char *user_id, const char *conversation_id,
				    struct answer *answer);

/* What came of several answers, for whoever watches them: each after its own piece. */
struct answer_watch {
	const char *id;
	int64_t after;
};
enum outcome answer_progress(struct pg_pool *database, struct pool *pool,
			     const struct answer_watch *watches, size_t count,
			     struct answer **answers, size_t *answer_count);

/* Stop an answer, keeping what came. OK also when it has ended. */
enum outcome answer_stop(struct pg_pool *database, struct pool *pool, const char *user_id,
			 const char *id);

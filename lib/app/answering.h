/* Making the answers of models: questions that wait are claimed, put to their models and written down
 * piece by piece, many at a time on one thread. The worker gatehouse-answerd does nothing else; where no
 * worker may run, the request that asked does it for its own question. */
#pragma once
#include "app/app.h"

struct answering;

/* A maker of answers, with a database connection and a name of its own. The application outlives it. */
struct answering *answering_new(struct pool *pool, struct app *app);

/* Work until *stop, or until there was nothing to do for `idle_s` seconds (0: never). What is not
 * finished when it stops is left for another worker; what readers saw a part of is kept as broken off. */
void answering_work(struct answering *answering, const volatile bool *stop, int64_t idle_s);

/* Make this one answer, if it waits, and return when it has ended. With *stop or after `patience_s` it is
 * broken off. */
void answering_make(struct answering *answering, const char *answer_id, const volatile bool *stop,
		    int64_t patience_s);

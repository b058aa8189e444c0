/* What the files that talk to libpq share; for nobody else. */
#pragma once
#include "base/memory.h"
#include <libpq-fe.h>
#include <poll.h>

/* Wait until the socket has something (poll's events); false when the monotonic clock has reached
 * `deadline_ms`. */
bool pg_wait_for(int socket, short events, int64_t deadline_ms);

/* A connection that does not block, or NULL, with the reason in the log. Ends with PQfinish. */
PGconn *pg_connect(const char *conninfo, struct pool *pool, int64_t deadline_ms);

/* A message of libpq's without its line breaks, in `pool`. */
const char *pg_tidy_message(struct pool *pool, const char *message);

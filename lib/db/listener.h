/* Notifications of PostgreSQL (LISTEN): a connection of its own, because one of a pool must not be
 * kept, and PgBouncer in transaction mode passes none on. */
#pragma once
#include "base/memory.h"

struct pg_listener;

/* For these channels (NULL at the end). Not connected yet; closed with `pool`. */
struct pg_listener *pg_listener_new(struct pool *pool, const char *conninfo,
				    const char *const *channels);

/* The socket to wait on for something to read; it may be another one each time. -1: there is no
 * connection, and none can be made now; it is tried again once a second at most. `is_new` tells that
 * the connection was just made, so that something may have been missed. */
int pg_listener_socket(struct pg_listener *listener, bool *is_new);

/* Hand over what has arrived, without waiting. */
void pg_listener_take(struct pg_listener *listener,
		      void (*heard)(void *context, const char *channel, const char *payload),
		      void *context);

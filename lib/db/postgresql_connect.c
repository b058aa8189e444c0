#include "base/clock.h"
#include "base/log.h"
#include "db/postgresql_private.h"
#include <errno.h>
#include <string.h>

/* libpq ends its messages with a line break, and puts several lines into one. */
const char *pg_tidy_message(struct pool *pool, const char *message)
{
	char *copy = pool_strdup(pool, message != NULL ? message : "");
	size_t length = strlen(copy);
	while (length > 0 && copy[length - 1] == '\n')
		copy[--length] = '\0';
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	return copy;
}

bool pg_wait_for(int file_descriptor, short events, int64_t deadline_ms)
{
	for (;;) {
		int64_t left = deadline_ms - clock_monotonic_ms();
		if (left <= 0)
			return false;
		struct pollfd wanted = { .fd = file_descriptor, .events = events };
		int ready = poll(&wanted, 1, (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool finish_connecting(PGconn *libpq, int64_t deadline_ms)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			return false;
		short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (!pg_wait_for(PQsocket(libpq), events, deadline_ms))
			return false;
		status = PQconnectPoll(libpq);
	}
	return true;
}

PGconn *pg_connect(const char *conninfo, struct pool *pool, int64_t deadline_ms)
{
	/* After the caller's own settings only what they left open: the first of these is a
	 * default, the second keeps texts in the encoding that the rest of the program speaks. */
	const char *const keys[] = { "fallback_application_name", "dbname", "client_encoding",
				     NULL };
	const char *const values[] = { "gatehouse", conninfo, "UTF8", NULL };
	PGconn *libpq = PQconnectStartParams(keys, values, 1);
	if (libpq != NULL && PQstatus(libpq) != CONNECTION_BAD &&
	    finish_connecting(libpq, deadline_ms)) {
		PQsetnonblocking(libpq, 1);
		return libpq;
	}
	log_event(LOG_LEVEL_ERROR, "postgresql_unreachable", "reason",
		  pg_tidy_message(pool, PQerrorMessage(libpq)), NULL);
	PQfinish(libpq);
	return NULL;
}

#include "db/listener.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/postgresql_private.h"

enum { CONNECT_MS = 2000, PAUSE_MS = 1000 };

struct pg_listener {
	const char *conninfo;
	const char *const *channels;
	PGconn *libpq;
	int64_t not_before_ms;
};

static void disconnect(void *data)
{
	struct pg_listener *listener = data;
	if (listener->libpq != NULL)
		PQfinish(listener->libpq);
	listener->libpq = NULL;
}

struct pg_listener *pg_listener_new(struct pool *pool, const char *conninfo,
				    const char *const *channels)
{
	struct pg_listener *listener = pool_zalloc(pool, sizeof *listener);
	listener->conninfo = pool_strdup(pool, conninfo);
	listener->channels = channels;
	pool_cleanup(pool, disconnect, listener);
	return listener;
}

/* Whatever the server says to LISTEN, within the deadline. */
static bool has_said_yes(PGconn *libpq, int64_t deadline_ms)
{
	bool good = true;
	for (;;) {
		while (PQisBusy(libpq))
			if (!pg_wait_for(PQsocket(libpq), POLLIN, deadline_ms) ||
			    PQconsumeInput(libpq) == 0)
				return false;
		PGresult *result = PQgetResult(libpq);
		if (result == NULL)
			return good;
		good = good && PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
	}
}

static bool listen_on(PGconn *libpq, struct pool *pool, const char *const *channels,
		      int64_t deadline_ms)
{
	struct buffer command = buffer_new(pool, 128);
	/* Names of our own, which need no quotes. */
	for (; *channels != NULL; channels++)
		buffer_printf(&command, "LISTEN %s;", *channels);
	return PQsendQuery(libpq, command.bytes) == 1 && PQflush(libpq) == 0 &&
	       has_said_yes(libpq, deadline_ms);
}

static void connect_again(struct pg_listener *listener)
{
	int64_t now_ms = clock_monotonic_ms();
	if (now_ms < listener->not_before_ms)
		return;
	listener->not_before_ms = now_ms + PAUSE_MS;
	struct pool *pool = pool_new(NULL);
	listener->libpq = pg_connect(listener->conninfo, pool, now_ms + CONNECT_MS);
	if (listener->libpq != NULL &&
	    !listen_on(listener->libpq, pool, listener->channels, now_ms + CONNECT_MS)) {
		log_event(LOG_LEVEL_ERROR, "cannot_listen_to_postgresql", "reason",
			  pg_tidy_message(pool, PQerrorMessage(listener->libpq)), NULL);
		disconnect(listener);
	}
	pool_free(pool);
}

int pg_listener_socket(struct pg_listener *listener, bool *is_new)
{
	bool had_one = listener->libpq != NULL;
	if (!had_one)
		connect_again(listener);
	*is_new = !had_one && listener->libpq != NULL;
	return listener->libpq != NULL ? PQsocket(listener->libpq) : -1;
}

void pg_listener_take(struct pg_listener *listener,
		      void (*heard)(void *context, const char *channel, const char *payload),
		      void *context)
{
	PGnotify *one;
	if (listener->libpq == NULL)
		return;
	bool alive = PQconsumeInput(listener->libpq) == 1;
	while ((one = PQnotifies(listener->libpq)) != NULL) {
		heard(context, one->relname, one->extra);
		PQfreemem(one);
	}
	if (!alive || PQstatus(listener->libpq) != CONNECTION_OK)
		disconnect(listener);
}

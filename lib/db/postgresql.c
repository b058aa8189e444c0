#include "db/postgresql.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/postgresql_private.h"
#include "db/slots.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct connection {
	PGconn *libpq; /* NULL: not connected */
	bool prepared[STATEMENT_COUNT];
};

struct pg_pool {
	struct pg_options options;
	struct slots *slots;
	struct connection *connections;
};

struct pg_rows {
	PGresult *result;
};

/* What to do after a failed statement. DISCONNECT: nobody knows whether it was carried out, so it
 * is not tried again. RECONNECT and TRY_AGAIN: the server says that it was not. */
enum remedy { GIVE_UP, DISCONNECT, RECONNECT, TRY_AGAIN };

static void disconnect(struct connection *connection)
{
	if (connection->libpq != NULL)
		PQfinish(connection->libpq);
	connection->libpq = NULL;
	memset(connection->prepared, 0, sizeof connection->prepared);
}

static void close_pool(void *data)
{
	struct pg_pool *database = data;
	for (size_t i = 0; i < database->options.connections; i++)
		disconnect(&database->connections[i]);
}

static const char *conninfo_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

/* A socket's folder, or this machine by name or number. */
static bool is_local_host(const char *host)
{
	return text_is_empty(host) || *host == '/' || *host == '@' ||
	       strcmp(host, "localhost") == 0 || text_starts_with(host, "127.") ||
	       strcmp(host, "::1") == 0;
}

static bool has_remote_host(struct pool *pool, const char *hosts)
{
	char *rest = pool_strdup(pool, hosts), *position = NULL;
	for (char *host = rest != NULL ? strtok_r(rest, ",", &position) : NULL; host != NULL;
	     host = strtok_r(NULL, ",", &position))
		if (!is_local_host(host))
			return true;
	return false;
}

const char *pg_check_conninfo(struct pool *pool, const char *conninfo, bool tls)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	if (options == NULL)
		return "cannot be read; write key=value pairs with single quotes around values "
		       "that hold spaces, such as: host=… dbname=… user=… password='…'";
	const char *mode = conninfo_value(options, "sslmode");
	bool encrypted = mode != NULL &&
			 (strcmp(mode, "require") == 0 || text_starts_with(mode, "verify-"));
	bool remote = has_remote_host(pool, conninfo_value(options, "host")) ||
		      has_remote_host(pool, conninfo_value(options, "hostaddr"));
	PQconninfoFree(options);
	if (tls && remote && !encrypted)
		return "names another machine without encryption; add sslmode=verify-full (or "
		       "require), or set [postgresql] tls = off";
	return NULL;
}

struct pg_pool *pg_pool_new(struct pool *pool, const struct pg_options *options)
{
	struct pg_pool *database = pool_zalloc(pool, sizeof *database);
	database->options = *options;
	database->options.conninfo = pool_strdup(pool, options->conninfo);
	database->connections = pool_zalloc(pool,
					    options->connections * sizeof *database->connections);
	database->slots = slots_new(pool, options->connections);
	pool_cleanup(pool, close_pool, database);
	return database;
}

static void ignore_notice(void *unused, const PGresult *result)
{
	(void)unused;
	(void)result;
}

static bool connect_now(struct pg_pool *database, struct connection *connection, struct pool *pool,
			int64_t deadline_ms)
{
	connection->libpq = pg_connect(database->options.conninfo, pool, deadline_ms);
	if (connection->libpq == NULL)
		return false;
	PQsetNoticeReceiver(connection->libpq, ignore_notice, NULL);
	return true;
}

/* An idle connection has nothing to read but notices, or the server's good-bye: a message and the
 * end of the stream. Finding it before anything is sent makes it safe to start over, even for a
 * write. */
static bool was_closed(struct connection *connection)
{
	for (;;) {
		char byte;
		ssize_t got = recv(PQsocket(connection->libpq), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
		if (got < 0)
			return errno != EAGAIN && errno != EWOULDBLOCK;
		if (got == 0 || PQconsumeInput(connection->libpq) == 0)
			return true;
		PQisBusy(connection->libpq); /* takes the message out of the buffer */
	}
}

static bool make_ready(struct pg_pool *database, struct connection *connection, struct pool *pool,
		       int64_t deadline_ms)
{
	if (connection->libpq != NULL && was_closed(connection))
		disconnect(connection);
	if (connection->libpq != NULL)
		return true;

	if (!slots_may_connect(database->slots))
		return false;
	if (connect_now(database, connection, pool, deadline_ms))
		return true;
	slots_connect_failed(database->slots);
	return false;
}

static bool flush(PGconn *libpq, int64_t deadline_ms)
{
	for (;;) {
		int left = PQflush(libpq);
		if (left <= 0)
			return left == 0;
		/* The server may want to talk first: read, or both sides wait for ever. */
		if (!pg_wait_for(PQsocket(libpq), POLLIN | POLLOUT, deadline_ms) ||
		    PQconsumeInput(libpq) == 0)
			return false;
	}
}

/* The next result. `*in_time` is false when the deadline or the connection ended first. */
static PGresult *next_result(PGconn *libpq, int64_t deadline_ms, bool *in_time)
{
	while (PQisBusy(libpq)) {
		*in_time = pg_wait_for(PQsocket(libpq), POLLIN, deadline_ms) &&
			   PQconsumeInput(libpq);
		if (!*in_time)
			return NULL;
	}
	*in_time = true;
	return PQgetResult(libpq);
}

static void clear_result(void *data)
{
	PQclear(data);
}

/* Keep the result in `pool`, and read the connection empty. NULL: broken or too late. */
static PGresult *collect(PGconn *libpq, struct pool *pool, int64_t deadline_ms)
{
	bool in_time = flush(libpq, deadline_ms);
	PGresult *first = in_time ? next_result(libpq, deadline_ms, &in_time) : NULL;
	if (first == NULL)
		return NULL;
	pool_cleanup(pool, clear_result, first);
	for (;;) {
		PGresult *more = next_result(libpq, deadline_ms, &in_time);
		if (!in_time)
			return NULL;
		if (more == NULL)
			return first;
		PQclear(more);
	}
}

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

struct state_meaning {
	const char *prefix; /* of the SQLSTATE (PostgreSQL manual, appendix A) */
	enum outcome outcome;
	enum remedy remedy;
};

static const struct state_meaning state_meanings[] = {
	{ "23505", CONFLICT, GIVE_UP },         /* unique_violation */
	{ "23503", CONFLICT, GIVE_UP },         /* foreign_key_violation */
	{ "22", BAD_REQUEST, GIVE_UP },         /* data exception */
	{ "P0002", NOT_FOUND, GIVE_UP },        /* no_data_found, of a function of ours */
	{ "26000", INTERNAL_ERROR, RECONNECT }, /* our prepared statement is gone */
	{ "0A000", INTERNAL_ERROR, RECONNECT }, /* a cached plan no longer fits its table */
	{ "25006", UNAVAILABLE, RECONNECT },    /* read-only: the primary moved */
	{ "40", UNAVAILABLE, TRY_AGAIN },       /* serialization failure, deadlock */
	{ "57014", UNAVAILABLE, GIVE_UP },      /* cancelled by a timeout of the server's */
	{ "57", UNAVAILABLE, RECONNECT },       /* shutting down, starting up */
	{ "08", UNAVAILABLE, DISCONNECT },      /* connection exception */
	{ "53", UNAVAILABLE, GIVE_UP },         /* out of connections, memory or disk */
};

static enum outcome explain(const PGresult *result, enum statement statement, struct pool *pool,
			    enum remedy *remedy)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum outcome outcome = INTERNAL_ERROR;
	*remedy = GIVE_UP;
	if (state == NULL) { /* libpq's own error: the connection broke */
		outcome = UNAVAILABLE;
		*remedy = DISCONNECT;
		state = "";
	}
	for (size_t i = 0; i < sizeof state_meanings / sizeof *state_meanings; i++) {
		const struct state_meaning *meaning = &state_meanings[i];
		if (strncmp(state, meaning->prefix, strlen(meaning->prefix)) == 0) {
			outcome = meaning->outcome;
			*remedy = meaning->remedy;
			break;
		}
	}
	if (outcome == INTERNAL_ERROR || outcome == UNAVAILABLE)
		log_event(LOG_LEVEL_ERROR, "postgresql_error", "statement",
			  statement_texts[statement].name, "state", state, "reason",
			  pg_tidy_message(pool, PQresultErrorMessage(result)), NULL);
	return outcome;
}

static bool prepare(struct connection *connection, enum statement statement, struct pool *pool,
		    int64_t deadline_ms, PGresult **failure)
{
	const struct statement_text *text = &statement_texts[statement];
	*failure = NULL;
	if (!PQsendPrepare(connection->libpq, text->name, text->sql, 0, NULL))
		return false;
	PGresult *result = collect(connection->libpq, pool, deadline_ms);
	if (result == NULL)
		return false;
	if (!is_good(result)) {
		*failure = result;
		return false;
	}
	connection->prepared[statement] = true;
	return true;
}

static bool send_call(struct pg_pool *database, PGconn *libpq, const struct pg_call *call)
{
	const struct statement_text *text = &statement_texts[call->statement];
	int count = (int)call->parameter_count;
	if (database->options.prepare)
		return PQsendQueryPrepared(libpq, text->name, count, call->parameters, NULL, NULL,
					   0);
	return PQsendQueryParams(libpq, text->sql, count, NULL, call->parameters, NULL, NULL, 0);
}

static struct pg_rows *rows_new(struct pool *pool, PGresult *result)
{
	struct pg_rows *rows = pool_alloc(pool, sizeof *rows);
	rows->result = result;
	return rows;
}

static enum outcome broken(struct connection *connection, enum statement statement,
			   struct pool *pool, enum remedy *remedy)
{
	log_event(LOG_LEVEL_ERROR, "postgresql_no_answer", "statement",
		  statement_texts[statement].name, "reason",
		  pg_tidy_message(pool, PQerrorMessage(connection->libpq)), NULL);
	/* An answer may still be on its way; the next caller must not get it. */
	disconnect(connection);
	*remedy = GIVE_UP;
	return UNAVAILABLE;
}

static enum outcome run_one(struct pg_pool *database, struct connection *connection,
			    struct pool *pool, struct pg_call *call, int64_t deadline_ms,
			    enum remedy *remedy)
{
	PGresult *result = NULL;
	if (!send_call(database, connection->libpq, call) ||
	    (result = collect(connection->libpq, pool, deadline_ms)) == NULL)
		return broken(connection, call->statement, pool, remedy);
	if (!is_good(result))
		return explain(result, call->statement, pool, remedy);
	call->rows = rows_new(pool, result);
	return OK;
}

/* Read the answers of a pipeline up to its sync mark; the first failure is what counts. */
static enum outcome collect_pipeline(struct connection *connection, struct pool *pool,
				     struct pg_call *calls, size_t call_count, int64_t deadline_ms,
				     enum remedy *remedy)
{
	enum outcome outcome = OK;
	PGconn *libpq = connection->libpq;
	size_t at = 0;
	bool in_time = flush(libpq, deadline_ms);
	while (in_time) {
		PGresult *result = next_result(libpq, deadline_ms, &in_time);
		if (!in_time)
			break;
		if (result == NULL) { /* the end of one call's answer */
			at++;
			continue;
		}
		pool_cleanup(pool, clear_result, result);
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQexitPipelineMode(libpq);
			return outcome;
		}
		if (at >= call_count)
			break;
		if (is_good(result))
			calls[at].rows = rows_new(pool, result);
		else if (outcome == OK)
			outcome = explain(result, calls[at].statement, pool, remedy);
	}
	return broken(connection, calls[at < call_count ? at : 0].statement, pool, remedy);
}

static enum outcome run_pipeline(struct pg_pool *database, struct connection *connection,
				 struct pool *pool, struct pg_call *calls, size_t call_count,
				 int64_t deadline_ms, enum remedy *remedy)
{
	bool sent = PQenterPipelineMode(connection->libpq);
	for (size_t i = 0; i < call_count && sent; i++)
		sent = send_call(database, connection->libpq, &calls[i]);
	if (!sent || !PQpipelineSync(connection->libpq))
		return broken(connection, calls[0].statement, pool, remedy);
	return collect_pipeline(connection, pool, calls, call_count, deadline_ms, remedy);
}

static enum outcome prepare_all(struct pg_pool *database, struct connection *connection,
				struct pool *pool, const struct pg_call *calls, size_t call_count,
				int64_t deadline_ms, enum remedy *remedy)
{
	for (size_t i = 0; i < call_count; i++) {
		enum statement statement = calls[i].statement;
		PGresult *failure;
		if (!database->options.prepare || connection->prepared[statement] ||
		    prepare(connection, statement, pool, deadline_ms, &failure))
			continue;
		return failure != NULL ? explain(failure, statement, pool, remedy)
				       : broken(connection, statement, pool, remedy);
	}
	return OK;
}

static enum outcome attempt(struct pg_pool *database, struct connection *connection,
			    struct pool *pool, struct pg_call *calls, size_t call_count,
			    int64_t deadline_ms, enum remedy *remedy)
{
	*remedy = GIVE_UP;
	if (!make_ready(database, connection, pool, deadline_ms))
		return UNAVAILABLE;
	enum outcome outcome = prepare_all(database, connection, pool, calls, call_count,
					   deadline_ms, remedy);
	if (outcome != OK)
		return outcome;
	return call_count == 1 ? run_one(database, connection, pool, calls, deadline_ms, remedy)
			       : run_pipeline(database, connection, pool, calls, call_count,
					      deadline_ms, remedy);
}

static enum outcome run_within(struct pg_pool *database, struct pool *pool, struct pg_call *calls,
			       size_t call_count, int64_t patience_ms)
{
	for (size_t i = 0; i < call_count; i++)
		if ((int)calls[i].parameter_count !=
		    statement_texts[calls[i].statement].parameters) {
			log_event(LOG_LEVEL_ERROR, "statement_parameters", "statement",
				  statement_texts[calls[i].statement].name, NULL);
			return INTERNAL_ERROR;
		}
	int64_t deadline_ms = clock_monotonic_ms() + database->options.deadline_ms;
	size_t slot;
	if (!slots_acquire(database->slots, deadline_ms, &slot)) {
		log_event(LOG_LEVEL_ERROR, "postgresql_pool_exhausted", NULL);
		return UNAVAILABLE;
	}
	struct connection *connection = &database->connections[slot];
	enum remedy remedy;
	deadline_ms += patience_ms;
	enum outcome outcome = attempt(database, connection, pool, calls, call_count, deadline_ms,
				       &remedy);
	if (remedy == RECONNECT || remedy == DISCONNECT)
		disconnect(connection);
	if (remedy == RECONNECT || remedy == TRY_AGAIN)
		outcome = attempt(database, connection, pool, calls, call_count, deadline_ms,
				  &remedy);
	slots_release(database->slots, slot);
	return outcome;
}

enum outcome pg_run_all(struct pg_pool *database, struct pool *pool, struct pg_call *calls,
			size_t call_count)
{
	return run_within(database, pool, calls, call_count, 0);
}

enum outcome pg_run_long(struct pg_pool *database, struct pool *pool, struct pg_call *call,
			 int64_t patience_ms)
{
	return run_within(database, pool, call, 1, patience_ms);
}

enum outcome pg_run(struct pg_pool *database, struct pool *pool, enum statement statement,
		    const char *const *parameters, size_t parameter_count, struct pg_rows **rows)
{
	struct pg_call call = { .statement = statement,
				.parameters = parameters,
				.parameter_count = parameter_count };
	enum outcome outcome = pg_run_all(database, pool, &call, 1);
	if (rows != NULL)
		*rows = call.rows;
	return outcome;
}

enum outcome pg_run_script(struct pg_pool *database, struct pool *pool, const char *script,
			   const char **error)
{
	int64_t deadline_ms = clock_monotonic_ms() + database->options.deadline_ms;
	enum outcome outcome = UNAVAILABLE;
	*error = "no connection to PostgreSQL";
	size_t slot;
	if (!slots_acquire(database->slots, deadline_ms, &slot))
		return UNAVAILABLE;
	struct connection *connection = &database->connections[slot];
	if (make_ready(database, connection, pool, deadline_ms)) {
		PQsetnonblocking(connection->libpq, 0);
		/* A multi-statement simple query is one transaction by itself. */
		PGresult *result = PQexec(connection->libpq, script);
		outcome = is_good(result) ? OK : INTERNAL_ERROR;
		*error = pg_tidy_message(pool, PQresultErrorMessage(result));
		PQclear(result);
		PQsetnonblocking(connection->libpq, 1);
	}
	slots_release(database->slots, slot);
	return outcome;
}

enum outcome pg_prepare_check(struct pg_pool *database, struct pool *pool, enum statement statement,
			      const char **error)
{
	int64_t deadline_ms = clock_monotonic_ms() + database->options.deadline_ms;
	enum outcome outcome = UNAVAILABLE;
	*error = "no connection to PostgreSQL";
	size_t slot;
	if (!slots_acquire(database->slots, deadline_ms, &slot))
		return UNAVAILABLE;
	struct connection *connection = &database->connections[slot];
	PGresult *failure = NULL;
	if (make_ready(database, connection, pool, deadline_ms)) {
		outcome = INTERNAL_ERROR;
		if (connection->prepared[statement] ||
		    prepare(connection, statement, pool, deadline_ms, &failure))
			outcome = OK;
		*error = failure != NULL ? pg_tidy_message(pool, PQresultErrorMessage(failure))
					 : "";
	}
	slots_release(database->slots, slot);
	return outcome;
}

size_t pg_row_count(const struct pg_rows *rows)
{
	return rows != NULL ? (size_t)PQntuples(rows->result) : 0;
}

const char *pg_text(const struct pg_rows *rows, size_t row, int column)
{
	if (PQgetisnull(rows->result, (int)row, column))
		return NULL;
	return PQgetvalue(rows->result, (int)row, column);
}

int64_t pg_integer(const struct pg_rows *rows, size_t row, int column)
{
	const char *text = pg_text(rows, row, column);
	if (text == NULL)
		return 0;
	/* A session's row has ten of them; strtoll, which knows of locales and bases, takes eight times as
	 * long. What PostgreSQL sends as bigint fits, the least one by way of unsigned arithmetic, too. */
	bool is_negative = *text == '-';
	uint64_t number = 0;
	for (const char *digit = text + is_negative; *digit >= '0' && *digit <= '9'; digit++)
		number = number * 10 + (uint64_t)(*digit - '0');
	return (int64_t)(is_negative ? 0 - number : number);
}

bool pg_bool(const struct pg_rows *rows, size_t row, int column)
{
	const char *text = pg_text(rows, row, column);
	return text != NULL && *text == 't';
}

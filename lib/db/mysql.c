#include "db/mysql.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "db/slots.h"
#include <errmsg.h>
#include <errno.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { PARAMETERS_MAX = 16 };

struct connection {
	MYSQL *handle; /* NULL: not connected */
	MYSQL_STMT *prepared[MYSQL_STATEMENT_COUNT];
	char refusal[256]; /* what the server said to the last statement it would not prepare */
};

struct mysql_pool {
	struct mysql_options options;
	struct slots *slots;
	struct connection *connections;
};

struct mysql_rows {
	size_t count, columns, capacity;
	const char **fields;
	int64_t changed;
};

static void disconnect(struct connection *connection)
{
	for (size_t i = 0; i < MYSQL_STATEMENT_COUNT; i++) {
		if (connection->prepared[i] != NULL)
			mysql_stmt_close(connection->prepared[i]);
		connection->prepared[i] = NULL;
	}
	if (connection->handle != NULL)
		mysql_close(connection->handle);
	connection->handle = NULL;
}

static void close_pool(void *data)
{
	struct mysql_pool *database = data;
	for (size_t i = 0; i < database->options.connections; i++)
		disconnect(&database->connections[i]);
}

static void start_library(void)
{
	mysql_library_init(0, NULL, NULL);
}

struct mysql_pool *mysql_pool_new(struct pool *pool, const struct mysql_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_library);

	struct mysql_pool *database = pool_zalloc(pool, sizeof *database);
	database->options = *options;
	database->connections = pool_zalloc(pool,
					    options->connections * sizeof *database->connections);
	database->slots = slots_new(pool, options->connections);
	pool_cleanup(pool, close_pool, database);
	return database;
}

static MYSQL *new_handle(const struct mysql_options *options)
{
	MYSQL *handle = mysql_init(NULL);
	if (handle == NULL)
		return NULL;
	unsigned timeout_s = (unsigned)((options->deadline_ms + 999) / 1000);
	my_bool no = 0, yes = 1;
	mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
	mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
	mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
	mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(handle, MYSQL_OPT_RECONNECT, &no);
	/* The server could otherwise ask for any file of ours. */
	unsigned local_infile = 0;
	mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &local_infile);
	if (options->tls) {
		mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &yes);
		mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
		if (!text_is_empty(options->tls_ca))
			mysql_options(handle, MYSQL_OPT_SSL_CA, options->tls_ca);
	}
	return handle;
}

static bool connect_to(const struct mysql_options *options, struct connection *connection,
		       const char *host)
{
	MYSQL *handle = new_handle(options);
	if (handle == NULL)
		return false;
	const char *socket = text_is_empty(host) && !text_is_empty(options->socket)
				     ? options->socket
				     : NULL;
	if (mysql_real_connect(handle, text_is_empty(host) ? NULL : host, options->user,
			       options->password, options->database, (unsigned)options->port,
			       socket, 0) != NULL) {
		connection->handle = handle;
		return true;
	}
	log_event(LOG_LEVEL_ERROR, "mysql_unreachable", "host",
		  text_is_empty(host) ? options->socket : host, "reason", mysql_error(handle),
		  NULL);
	mysql_close(handle);
	return false;
}

static bool connect_now(const struct mysql_options *options, struct connection *connection,
			struct pool *pool)
{
	if (text_is_empty(options->hosts))
		return connect_to(options, connection, NULL);
	char *rest = pool_strdup(pool, options->hosts), *host;
	char *position = NULL;
	for (host = strtok_r(rest, ", ", &position); host != NULL;
	     host = strtok_r(NULL, ", ", &position))
		if (connect_to(options, connection, host))
			return true;
	return false;
}

/* As in db/postgresql.c: an idle connection has nothing to say but good-bye. */
static bool was_closed(struct connection *connection)
{
	char byte;
	ssize_t got = recv(mysql_get_socket(connection->handle), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool make_ready(struct mysql_pool *database, struct connection *connection,
		       struct pool *pool)
{
	if (connection->handle != NULL && was_closed(connection))
		disconnect(connection);
	if (connection->handle != NULL)
		return true;

	if (!slots_may_connect(database->slots))
		return false;
	if (connect_now(&database->options, connection, pool))
		return true;
	slots_connect_failed(database->slots);
	return false;
}

struct error_meaning {
	unsigned error;
	enum outcome outcome;
	bool disconnect;
};

static const struct error_meaning error_meanings[] = {
	{ ER_DUP_ENTRY, CONFLICT, false },
	{ ER_TABLEACCESS_DENIED_ERROR, FORBIDDEN, false },
	{ ER_COLUMNACCESS_DENIED_ERROR, FORBIDDEN, false },
	{ ER_OPTION_PREVENTS_STATEMENT, FORBIDDEN, false }, /* --read-only */
	{ ER_DATA_TOO_LONG, BAD_REQUEST, false },
	{ ER_CANT_AGGREGATE_2COLLATIONS, BAD_REQUEST, false }, /* letters the column cannot hold */
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, BAD_REQUEST, false },
	{ ER_LOCK_DEADLOCK, UNAVAILABLE, false },
	{ ER_LOCK_WAIT_TIMEOUT, UNAVAILABLE, false },
	{ ER_UNKNOWN_STMT_HANDLER, UNAVAILABLE, true },
	{ ER_SERVER_SHUTDOWN, UNAVAILABLE, true },
	{ ER_CONNECTION_KILLED, UNAVAILABLE, true },
	{ CR_SERVER_GONE_ERROR, UNAVAILABLE, true },
	{ CR_SERVER_LOST, UNAVAILABLE, true },
	{ CR_COMMANDS_OUT_OF_SYNC, UNAVAILABLE, true },
};

static enum outcome explain(struct connection *connection, const char *statement, unsigned error,
			    const char *message)
{
	enum outcome outcome = INTERNAL_ERROR;
	bool drop = false;
	for (size_t i = 0; i < sizeof error_meanings / sizeof *error_meanings; i++) {
		if (error_meanings[i].error == error) {
			outcome = error_meanings[i].outcome;
			drop = error_meanings[i].disconnect;
		}
	}
	/* The client library's own errors leave a connection nobody knows the state of. */
	if ((error >= CR_MIN_ERROR && error <= CR_MAX_ERROR) || error >= 5000)
		drop = true;
	if (outcome == INTERNAL_ERROR || outcome == UNAVAILABLE) {
		char number[16];
		snprintf(number, sizeof number, "%u", error);
		log_event(LOG_LEVEL_ERROR, "mysql_error", "statement", statement, "number", number,
			  "reason", message, NULL);
	}
	if (drop)
		disconnect(connection);
	return outcome;
}

static MYSQL_STMT *prepare(const struct mysql_pool *database, struct connection *connection,
			   enum mysql_statement statement, enum outcome *outcome)
{
	if (connection->prepared[statement] != NULL)
		return connection->prepared[statement];
	const char *name = mysql_statement_texts[statement].name;
	const char *text = database->options.statements[statement];
	MYSQL_STMT *prepared = mysql_stmt_init(connection->handle);
	if (prepared == NULL || text == NULL) {
		*outcome = INTERNAL_ERROR;
		return NULL;
	}
	if (mysql_stmt_prepare(prepared, text, strlen(text)) != 0) {
		unsigned error = mysql_stmt_errno(prepared);
		snprintf(connection->refusal, sizeof connection->refusal, "%s",
			 mysql_stmt_error(prepared));
		mysql_stmt_close(prepared);
		*outcome = explain(connection, name, error, connection->refusal);
		return NULL;
	}
	connection->prepared[statement] = prepared;
	return prepared;
}

static bool bind_parameters(MYSQL_STMT *prepared, const char *const *parameters, size_t count)
{
	if (mysql_stmt_param_count(prepared) != count || count > PARAMETERS_MAX)
		return false;
	if (count == 0)
		return true;
	MYSQL_BIND binds[PARAMETERS_MAX];
	memset(binds, 0, sizeof binds);
	for (size_t i = 0; i < count; i++) {
		binds[i].buffer_type = parameters[i] != NULL ? MYSQL_TYPE_STRING : MYSQL_TYPE_NULL;
		binds[i].buffer = (void *)(uintptr_t)parameters[i];
		binds[i].buffer_length = parameters[i] != NULL ? strlen(parameters[i]) : 0;
	}
	return mysql_stmt_bind_param(prepared, binds) == 0;
}

static const char **add_row(struct mysql_rows *rows, struct pool *pool)
{
	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity == 0 ? 2 : rows->capacity * 2;
		const char **fields = pool_zalloc(pool, capacity * rows->columns * sizeof *fields);
		if (rows->count > 0)
			memcpy(fields, rows->fields, rows->count * rows->columns * sizeof *fields);
		rows->fields = fields;
		rows->capacity = capacity;
	}
	return &rows->fields[rows->count++ * rows->columns];
}

static void fetch_row(MYSQL_STMT *prepared, struct mysql_rows *rows, struct pool *pool,
		      const unsigned long *lengths, const my_bool *nulls)
{
	const char **fields = add_row(rows, pool);
	for (size_t i = 0; i < rows->columns; i++) {
		if (nulls[i])
			continue;
		char *text = pool_zalloc(pool, lengths[i] + 1);
		MYSQL_BIND bind;
		memset(&bind, 0, sizeof bind);
		bind.buffer_type = MYSQL_TYPE_STRING;
		bind.buffer = text;
		bind.buffer_length = lengths[i];
		if (lengths[i] > 0)
			mysql_stmt_fetch_column(prepared, &bind, (unsigned)i, 0);
		fields[i] = text;
		/* A row may hold a password hash. */
		pool_wipe_at_end(pool, text, lengths[i]);
	}
}

/* True when every row has been read. */
static bool fetch_all(MYSQL_STMT *prepared, struct mysql_rows *rows, struct pool *pool)
{
	enum { COLUMNS_MAX = 16 };
	MYSQL_BIND binds[COLUMNS_MAX];
	unsigned long lengths[COLUMNS_MAX] = { 0 };
	my_bool nulls[COLUMNS_MAX] = { 0 };
	memset(binds, 0, sizeof binds);
	rows->columns = mysql_stmt_field_count(prepared);
	if (rows->columns == 0)
		return true;
	if (rows->columns > COLUMNS_MAX)
		return false;
	/* Ask for no bytes yet: the first fetch tells how long each field is. */
	for (size_t i = 0; i < rows->columns; i++) {
		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].length = &lengths[i];
		binds[i].is_null = &nulls[i];
	}
	if (mysql_stmt_bind_result(prepared, binds) != 0 || mysql_stmt_store_result(prepared) != 0)
		return false;
	int status;
	while ((status = mysql_stmt_fetch(prepared)) == 0 || status == MYSQL_DATA_TRUNCATED)
		fetch_row(prepared, rows, pool, lengths, nulls);
	mysql_stmt_free_result(prepared);
	return status == MYSQL_NO_DATA;
}

static enum outcome run(struct mysql_pool *database, struct connection *connection,
			struct pool *pool, enum mysql_statement statement,
			const char *const *parameters, size_t parameter_count,
			struct mysql_rows *rows)
{
	if (!make_ready(database, connection, pool))
		return UNAVAILABLE;
	enum outcome outcome = OK;
	MYSQL_STMT *prepared = prepare(database, connection, statement, &outcome);
	if (prepared == NULL)
		return outcome;
	if (!bind_parameters(prepared, parameters, parameter_count))
		return INTERNAL_ERROR;
	if (mysql_stmt_execute(prepared) != 0 || !fetch_all(prepared, rows, pool)) {
		unsigned error = mysql_stmt_errno(prepared);
		char message[256];
		snprintf(message, sizeof message, "%s", mysql_stmt_error(prepared));
		return explain(connection, mysql_statement_texts[statement].name, error, message);
	}
	rows->changed = (int64_t)mysql_stmt_affected_rows(prepared);
	return OK;
}

enum outcome mysql_run(struct mysql_pool *database, struct pool *pool,
		       enum mysql_statement statement, const char *const *parameters,
		       size_t parameter_count, struct mysql_rows **rows)
{
	struct mysql_rows *kept = pool_zalloc(pool, sizeof *kept);
	size_t slot;
	if (!slots_acquire(database->slots, clock_monotonic_ms() + database->options.deadline_ms,
			   &slot))
		return UNAVAILABLE;
	struct connection *connection = &database->connections[slot];
	enum outcome outcome = run(database, connection, pool, statement, parameters,
				   parameter_count, kept);
	slots_release(database->slots, slot);
	if (rows != NULL)
		*rows = kept;
	return outcome;
}

enum outcome mysql_prepare_check(struct mysql_pool *database, struct pool *pool,
				 enum mysql_statement statement, const char **error)
{
	*error = "no connection to MySQL";
	size_t slot;
	if (!slots_acquire(database->slots, clock_monotonic_ms() + database->options.deadline_ms,
			   &slot))
		return UNAVAILABLE;
	struct connection *connection = &database->connections[slot];
	enum outcome outcome = UNAVAILABLE;
	if (make_ready(database, connection, pool)) {
		outcome = OK;
		*error = "";
		snprintf(connection->refusal, sizeof connection->refusal, "it cannot be prepared");
		if (prepare(database, connection, statement, &outcome) == NULL)
			*error = pool_strdup(pool, connection->refusal);
	}
	slots_release(database->slots, slot);
	return outcome;
}

enum outcome mysql_run_text(struct mysql_pool *database, struct pool *pool, const char *text,
			    const char **error)
{
	enum outcome outcome = UNAVAILABLE;
	*error = "no connection to MySQL";
	size_t slot;
	if (!slots_acquire(database->slots, clock_monotonic_ms() + database->options.deadline_ms,
			   &slot))
		return UNAVAILABLE;
	struct connection *connection = &database->connections[slot];
	if (make_ready(database, connection, pool)) {
		outcome = mysql_query(connection->handle, text) == 0 ? OK : INTERNAL_ERROR;
		*error = pool_strdup(pool, mysql_error(connection->handle));
	}
	slots_release(database->slots, slot);
	return outcome;
}

size_t mysql_row_count(const struct mysql_rows *rows)
{
	return rows != NULL ? rows->count : 0;
}

const char *mysql_text(const struct mysql_rows *rows, size_t row, size_t column)
{
	return rows->fields[row * rows->columns + column];
}

int64_t mysql_changed_rows(const struct mysql_rows *rows)
{
	return rows != NULL ? rows->changed : 0;
}

/* PostgreSQL: a pool of connections that run named statements.
 *
 * Statements live in the folder sql/postgresql/queries and are known by their enum. Every call has a
 * deadline, waits in poll() rather than in libpq, and mends its connection by itself: one that the
 * server closed is noticed before it is used, so that a restart of the server costs no error. */
#pragma once
#include "base/memory.h"
#include "base/outcome.h"
#include "db/postgresql_statements.h"

struct pg_pool;
struct pg_rows;

struct pg_options {
	const char *conninfo; /* libpq connection string */
	size_t connections;   /* how many at most, one for each worker thread */
	int64_t deadline_ms;  /* for one call, waiting for a connection included */
	bool prepare;         /* off behind PgBouncer in transaction mode */
};

/* What is wrong with a connection string, as a sentence, or NULL. It says nothing of the string, which
 * may hold a password. With `tls`, a server on another machine must be asked for encryption. */
const char *pg_check_conninfo(struct pool *pool, const char *conninfo, bool tls);

/* A pool without connections yet; they are made when first needed and closed with `pool`. */
struct pg_pool *pg_pool_new(struct pool *pool, const struct pg_options *options);

/* One statement and its parameters as text; NULL is SQL NULL. */
struct pg_call {
	enum statement statement;
	const char *const *parameters;
	size_t parameter_count;
	struct pg_rows *rows; /* out: what came back; never NULL after OK */
};

/* Run the statement and keep its rows in `pool`; `rows` may be NULL.
 * CONFLICT: a unique or foreign key stands against it. NOT_FOUND: gatehouse_nothing_there(). BAD_REQUEST: a value does not have its
 * type. UNAVAILABLE: no connection, no answer in time, or a server that is starting, stopping or
 * only reading. INTERNAL_ERROR: anything else; the log has the reason. */
enum outcome pg_run(struct pg_pool *database, struct pool *pool, enum statement statement,
		    const char *const *parameters, size_t parameter_count, struct pg_rows **rows);

/* Several statements in one round trip and one transaction: all of them happen, or none. */
enum outcome pg_run_all(struct pg_pool *database, struct pool *pool, struct pg_call *calls,
			size_t call_count);

/* One statement that may take so much longer than others. */
enum outcome pg_run_long(struct pg_pool *database, struct pool *pool, struct pg_call *call,
			 int64_t patience_ms);

/* Run text that is not a named statement: migrations, in one transaction, without a deadline.
 * `error` gets the server's message (in `pool`) on failure. */
enum outcome pg_run_script(struct pg_pool *database, struct pool *pool, const char *script,
			   const char **error);

/* Whether the statement can be prepared on this database; `error` gets the message if not. */
enum outcome pg_prepare_check(struct pg_pool *database, struct pool *pool, enum statement statement,
			      const char **error);

size_t pg_row_count(const struct pg_rows *rows);
/* A field as text, NULL for SQL NULL. It lives as long as the pool it was fetched into. */
const char *pg_text(const struct pg_rows *rows, size_t row, int column);
/* 0 for SQL NULL. */
int64_t pg_integer(const struct pg_rows *rows, size_t row, int column);
bool pg_bool(const struct pg_rows *rows, size_t row, int column);

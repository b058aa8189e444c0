/* MySQL and MariaDB: a pool of connections to somebody's existing users table.
 *
 * The statements' texts come from the folder sql/mysql/queries; their {{placeholders}} have been
 * filled by the caller, because table and column names are configuration. Deadlines and the
 * mending of connections are as in db/postgresql.h. */
#pragma once
#include "base/memory.h"
#include "base/outcome.h"
#include "db/mysql_statements.h"

struct mysql_pool;
struct mysql_rows;

struct mysql_options {
	const char *hosts; /* comma-separated, tried in order; empty: the socket */
	int64_t port;
	const char *socket;
	const char *user;
	const char *password; /* may be empty */
	const char *database;
	bool tls;           /* refuse a connection without it */
	const char *tls_ca; /* file with the authority's certificates; empty: the system's */
	size_t connections;
	int64_t deadline_ms; /* for connecting and for each answer; rounded up to a second */
	const char *const *statements; /* MYSQL_STATEMENT_COUNT texts; NULL: not available here */
};

/* A pool without connections yet. What `options` points to must live as long as `pool`. */
struct mysql_pool *mysql_pool_new(struct pool *pool, const struct mysql_options *options);

/* Run a statement with text parameters (NULL is SQL NULL); `rows` may be NULL.
 * CONFLICT: a unique key stands against it. FORBIDDEN: the account or the server only reads.
 * BAD_REQUEST: a value does not fit its column. UNAVAILABLE: no connection or no answer in time.
 * INTERNAL_ERROR: anything else; the log has the reason. */
enum outcome mysql_run(struct mysql_pool *database, struct pool *pool,
		       enum mysql_statement statement, const char *const *parameters,
		       size_t parameter_count, struct mysql_rows **rows);

/* Whether the statement can be prepared: its table and columns are there, and the account may run
 * it. `error` gets the server's message if not; FORBIDDEN: a right is missing. */
enum outcome mysql_prepare_check(struct mysql_pool *database, struct pool *pool,
				 enum mysql_statement statement, const char **error);

/* Run one statement's text that gives no rows: a migration. `error` gets the server's message on
 * failure. */
enum outcome mysql_run_text(struct mysql_pool *database, struct pool *pool, const char *text,
			    const char **error);

size_t mysql_row_count(const struct mysql_rows *rows);
/* A field as text, NULL for SQL NULL. */
const char *mysql_text(const struct mysql_rows *rows, size_t row, size_t column);
/* Rows changed by an UPDATE, INSERT or DELETE. */
int64_t mysql_changed_rows(const struct mysql_rows *rows);

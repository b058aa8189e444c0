#include "app/databases.h"

struct pg_pool *app_database(struct pool *pool, const struct config *config, size_t connections)
{
	return pg_pool_new(pool, &(struct pg_options){
					 .conninfo = config->postgresql.dsn,
					 .connections = connections,
					 .deadline_ms = config->postgresql.timeout_ms,
					 .prepare = config->postgresql.prepared_statements,
				 });
}

struct pg_listener *app_listener(struct pool *pool, const struct config *config,
				 const char *const *channels)
{
	const char *direct = config->postgresql.listen_dsn;
	return pg_listener_new(pool, *direct != '\0' ? direct : config->postgresql.dsn, channels);
}

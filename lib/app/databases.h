/* Opening PostgreSQL as it is configured. */
#pragma once
#include "base/config.h"
#include "db/listener.h"
#include "db/postgresql.h"

/* Connections of a program, `connections` at most, made when they are needed. They live as long as
 * `pool`. Never NULL; a server that does not answer is an outcome of each question. */
struct pg_pool *app_database(struct pool *pool, const struct config *config, size_t connections);

/* Hears the notifications of `channels` (a list that ends in NULL and stays), on a connection of its
 * own, past a pooler where one is configured. */
struct pg_listener *app_listener(struct pool *pool, const struct config *config,
				 const char *const *channels);

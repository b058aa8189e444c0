/* The application: everything that is made once at start and then only read, by all threads. */
#pragma once
#include "access/rules.h"
#include "app/api_document.h"
#include "app/streams.h"
#include "auth/credentials.h"
#include "base/config.h"
#include "base/places.h"
#include "db/postgresql.h"
#include "session/store.h"
#include "web/template.h"

struct app {
	const struct config *config;
	struct template_set *templates;
	struct pg_pool *postgresql;
	struct session_store *sessions;
	const struct access_rules *rules;
	struct users *users;
	struct auth auth;
	struct api_document *api;
	struct places *places;   /* NULL: not configured */
	struct streams *streams; /* NULL: a program of one thread has none */
	const char *const *countries;
	const char *const *services;
	const char *
		knowledge_tags; /* that an article must have one of, as knowledge_query takes them */
	const char *static_version; /* changes with the program, so that browsers fetch anew */
	/* MySQL did not answer; do not ask it about signed-in people before this (monotonic ms). */
	_Atomic int64_t users_pause_until_ms;
};

/* Make everything from the configuration. Databases are not asked yet. NULL when something is wrong;
 * then `errors` has a line for each problem. */
struct app *app_open(struct pool *pool, const struct config *config, struct buffer *errors);

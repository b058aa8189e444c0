/* Knowledge: articles in PostgreSQL, found by full text search; what the chat can do without any
 * model. The answer quotes them and invents nothing.
 *
 * How the search ranks is written in sql/postgresql/queries/knowledge.sql and docs/KNOWLEDGE.md. */
#pragma once
#include "chat/responder.h"
#include "db/postgresql.h"

extern const struct responder knowledge_responder; /* "knowledge" */

enum knowledge_change {
	KNOWLEDGE_CREATED,
	KNOWLEDGE_UPDATED,
	KNOWLEDGE_UNCHANGED,
};

struct knowledge_import {
	enum knowledge_change change;
	const char *problems; /* after BAD_REQUEST: sentences for the writer, one on each line */
};

/* Store the article in a file, or bring the stored one of that name up to date. BAD_REQUEST: the
 * file is not a proper article and nothing was changed (`result->problems` says why). */
enum outcome knowledge_import_article(struct pg_pool *database, struct pool *pool,
				      const char *file_name, const char *bytes, size_t length,
				      struct knowledge_import *result);

struct knowledge_article {
	const char *slug;
	const char *title;
	const char *body;     /* Markdown */
	const char *country;  /* "" for all */
	const char *service;  /* "" for none */
	const char *tags;     /* with commas between */
	const char *language; /* "english" */
	int64_t updated_at;   /* seconds since 1970 */
};

/* The article of that slug, for its page. NOT_FOUND when there is none. */
enum outcome knowledge_article_load(struct pg_pool *database, struct pool *pool, const char *slug,
				    struct knowledge_article *article);

struct knowledge_topic {
	const char *slug;
	const char *title;
	const char *country;
	const char *service;
};

struct knowledge_topics {
	struct knowledge_topic *topics;
	size_t count;
};

/* At most `limit` articles to begin with, for an empty chat. `country` and `service` narrow them
 * when they are neither NULL nor empty. No articles is OK, with a count of 0. */
enum outcome knowledge_topics(struct pg_pool *database, struct pool *pool, const char *country,
			      const char *service, size_t limit, struct knowledge_topics *topics);

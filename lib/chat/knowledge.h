/* Knowledge: articles in PostgreSQL, found by full text search; what the chat can do without any
 * model. The answer quotes them and invents nothing.
 *
 * How the search ranks is written in sql/postgresql/queries/knowledge.sql and docs/KNOWLEDGE.md. */
#pragma once
#include "base/memory.h"
#include "base/outcome.h"
#include "base/text.h"
#include "chat/article_file.h"
#include "db/postgresql.h"

/* ---- Answering (knowledge.c) ---- */

/* What somebody wrote, and what their conversation is about. */
struct knowledge_question {
	const char *text;
	const char *country;   /* NULL: left open */
	const char *service;   /* NULL: left open */
	const char *tags;      /* as of struct knowledge_query */
	const char *base_path; /* before every link, "" or "/folder" */
};

/* Answer the question in Markdown, at the end of `out`: small talk, passages quoted with links to
 * their articles, or what there is to ask about. Other than OK: nothing was added. */
enum outcome knowledge_answer(struct pg_pool *database, struct pool *pool,
			      const struct knowledge_question *question, struct buffer *out);

/* ---- Finding (knowledge_search.c) ---- */

/* What to look for. Country and service are what the conversation is about: they weigh; a country
 * that the question names excludes the others. */
struct knowledge_query {
	const char *question; /* its first 1000 characters are looked at */
	const char *country;  /* NULL or "": left open */
	const char *service;
	const char
		*tags; /* only articles with one of them: with commas between, without spaces about
			     these; NULL or "": all */
	size_t limit;  /* passages, or topics, at most; never 0 */
};

struct knowledge_passage {
	const char *slug; /* of its article, which is at /articles/SLUG */
	const char *title;
	const char *country; /* "" for all */
	const char *service; /* "" for none */
	const char *heading; /* "" before the first */
	const char *body;    /* Markdown */
	const char *note;    /* of the article, for below an answer that leads with it; "" */
	double score;        /* higher is better; comparable within one search only */
};

struct knowledge_topic {
	const char *slug;
	const char *title;
	const char *country;
	const char *service;
};

/* What was found: passages, best article first, and further articles worth offering. */
struct knowledge_passages {
	struct knowledge_passage *passages;
	size_t count; /* 0: nothing answers it */
	struct knowledge_topic *topics;
	size_t topic_count;
	const char *countries; /* that the question names, with commas between; "" */
	const char
		*corrected; /* the question with typing mistakes put right; "" when it had none */
	int64_t words;      /* of the question that say something */
	bool is_elsewhere;  /* articles about other countries answer it as well */
};

/* Look a question up, for an answer or for a model's prompt. Everything lives in `pool`. */
enum outcome knowledge_passages(struct pg_pool *database, struct pool *pool,
				const struct knowledge_query *query,
				struct knowledge_passages *found);

struct knowledge_topics {
	struct knowledge_topic *topics;
	size_t count;
};

/* Articles to begin with, for an empty chat. Country, service and tags of the query narrow them when
 * they are neither NULL nor empty; its question is not looked at. No articles is OK, with a count of 0. */
enum outcome knowledge_topics(struct pg_pool *database, struct pool *pool,
			      const struct knowledge_query *query, struct knowledge_topics *topics);

/* ---- Keeping (knowledge_store.c) ---- */

/* Who stores an article. */
enum knowledge_mode {
	KNOWLEDGE_IMPORT,    /* a file; an article that was edited here since is left alone */
	KNOWLEDGE_OVERWRITE, /* a file, whatever was edited here */
	KNOWLEDGE_CREATE,    /* a page */
	KNOWLEDGE_EDIT,      /* a page, of what it showed */
};

enum knowledge_change {
	KNOWLEDGE_CREATED,
	KNOWLEDGE_UPDATED,
	KNOWLEDGE_UNCHANGED,
	KNOWLEDGE_EDITED,  /* not stored: it was edited here, and the file is another */
	KNOWLEDGE_TAKEN,   /* not created: there is one of that name */
	KNOWLEDGE_STALE,   /* not edited: it has changed since it was shown */
	KNOWLEDGE_MISSING, /* not edited: it is gone */
};

struct knowledge_act {
	enum knowledge_mode mode;
	const char *editor;   /* username, for pages; else NULL */
	const char *expected; /* content_hash of what was edited; else NULL */
	bool dry_run;         /* only say what would happen */
	/* An entry of the audit trail, written in the same transaction; NULL: none. What is not stored
	 * for a page (TAKEN, STALE, MISSING) is not written either. */
	const struct pg_call *entry;
};

/* Store the article, all of it or nothing. What happened is in `*change`. */
enum outcome knowledge_store(struct pg_pool *database, struct pool *pool,
			     const struct article_file *article, const struct knowledge_act *act,
			     enum knowledge_change *change);

struct knowledge_article {
	const char *slug;
	const char *title;
	const char *body;     /* Markdown */
	const char *country;  /* "" for all */
	const char *service;  /* "" for none */
	const char *tags;     /* with commas between */
	const char *language; /* "english" */
	int64_t updated_at;   /* seconds since 1970 */
	const char *content_hash;
	bool is_edited;        /* here, since it was imported */
	const char *edited_by; /* a username; "" */
};

/* The article of that slug, for its page. NOT_FOUND when there is none. */
enum outcome knowledge_article_load(struct pg_pool *database, struct pool *pool, const char *slug,
				    struct knowledge_article *article);

/* The article as a file (article_file_write). */
const char *knowledge_article_file(struct pool *pool, const struct knowledge_article *article);

/* Remove the article, if it is still the one with that content_hash (""; whichever). NOT_FOUND:
 * there is none, or it has changed. `entry` as in struct knowledge_act. */
enum outcome knowledge_remove(struct pg_pool *database, struct pool *pool, const char *slug,
			      const char *content_hash, const struct pg_call *entry);

/* Which articles to list; what is NULL or "" does not matter. */
struct knowledge_filter {
	const char *words; /* somewhere in name, title or tags */
	const char *country;
	const char *service;
	const char *language;
	bool only_edited;
	size_t limit, skip;
};

struct knowledge_listed {
	const char *slug;
	const char *title;
	const char *country;
	const char *service;
	const char *language;
	bool is_edited; /* here, since it was imported */
	bool is_own;    /* written here, of no file */
	int64_t age_s;  /* since it was changed */
	const char *edited_by;
};

struct knowledge_listing {
	struct knowledge_listed *articles;
	size_t count;
	size_t total; /* that fit; 0 also when `skip` went past the last */
};

enum outcome knowledge_list(struct pg_pool *database, struct pool *pool,
			    const struct knowledge_filter *filter,
			    struct knowledge_listing *listing);

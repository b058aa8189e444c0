/* Article files: Markdown with front matter, as people write them, read into what is stored.
 *
 *	---
 *	title: Register a company (GmbH) in Germany
 *	country: Germany
 *	service: Business Setup
 *	tags: GmbH, company, notary
 *	---
 *	An opening paragraph.
 *
 *	## A heading
 *	...
 *
 * docs/KNOWLEDGE.md describes the format for writers. */
#pragma once
#include "base/memory.h"

enum {
	ARTICLE_FILE_MAX = 256 * 1024, /* bytes of one file */
	ARTICLE_TITLE_MAX = 200,       /* characters of a title, country, service or tag */
	ARTICLE_TAGS_MAX = 40,
	ARTICLE_SLUG_MAX = 120, /* bytes */
};

/* A piece of an article that can be quoted by itself: a heading with its text, up to the next. */
struct article_passage {
	const char *heading; /* "" before the first heading */
	const char *body;    /* Markdown, trimmed, never empty */
};

struct article_file {
	const char *slug; /* the file name without folder and ".md" */
	const char *title;
	const char *country;  /* "" when the article holds for every country */
	const char *service;  /* "" when it belongs to no service */
	const char *language; /* a text search configuration of PostgreSQL; "english" by default */
	const char **tags;
	size_t tag_count;
	const char *body; /* all of the Markdown below the front matter, trimmed */
	const char *note; /* a last paragraph that is all in italics and no passage; "" */
	struct article_passage *passages;
	size_t passage_count;      /* at least 1 */
	const char *empty_heading; /* the first with nothing below it; NULL */
};

/* Read an article; everything lives in `pool`. NULL when it cannot be taken; then `problems` gets
 * one sentence per line for whoever wrote it, each beginning with the file name and, where there
 * is one, the line number. */
const struct article_file *article_file_read(struct pool *pool, const char *file_name,
					     const char *bytes, size_t length,
					     const char **problems);

/* Whether the text may be an article's name: lower-case words of letters and digits with single
 * hyphens between, at most ARTICLE_SLUG_MAX bytes. */
bool article_slug_is_good(const char *text);

/* The languages an article can have, ended by NULL. */
const char *const *article_languages(void);

/* The article as a file, in one way whatever file it was read from: read again it gives the same.
 * Of `article` only title, country, service, language, tags and body are looked at. */
const char *article_file_write(struct pool *pool, const struct article_file *article);

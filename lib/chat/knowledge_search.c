#include "base/text.h"
#include "chat/knowledge.h"
#include <stdlib.h>
#include <string.h>

/* Columns of knowledge_search. */
enum column {
	COLUMN_SECTION,
	COLUMN_KIND,
	COLUMN_SLUG,
	COLUMN_TITLE,
	COLUMN_COUNTRY,
	COLUMN_SERVICE,
	COLUMN_HEADING,
	COLUMN_BODY,
	COLUMN_NOTE,
	COLUMN_SCORE,
	COLUMN_IS_ELSEWHERE,
};

static struct knowledge_passage read_passage(const struct pg_rows *rows, size_t row)
{
	return (struct knowledge_passage){
		.slug = pg_text(rows, row, COLUMN_SLUG),
		.title = pg_text(rows, row, COLUMN_TITLE),
		.country = pg_text(rows, row, COLUMN_COUNTRY),
		.service = pg_text(rows, row, COLUMN_SERVICE),
		.heading = pg_text(rows, row, COLUMN_HEADING),
		.body = pg_text(rows, row, COLUMN_BODY),
		.note = pg_text(rows, row, COLUMN_NOTE),
		.score = strtod(pg_text(rows, row, COLUMN_SCORE), NULL),
	};
}

static struct knowledge_topic read_topic(const struct pg_rows *rows, size_t row)
{
	return (struct knowledge_topic){
		.slug = pg_text(rows, row, COLUMN_SLUG),
		.title = pg_text(rows, row, COLUMN_TITLE),
		.country = pg_text(rows, row, COLUMN_COUNTRY),
		.service = pg_text(rows, row, COLUMN_SERVICE),
	};
}

/* The first row is about the question, then come passages, then topics. */
static void read_findings(struct pool *pool, const struct pg_rows *rows,
			  struct knowledge_passages *found)
{
	size_t count = pg_row_count(rows);
	*found = (struct knowledge_passages){
		.countries = pg_text(rows, 0, COLUMN_TITLE),
		.corrected = pg_text(rows, 0, COLUMN_BODY),
		.words = pg_integer(rows, 0, COLUMN_SCORE),
		.is_elsewhere = pg_bool(rows, 0, COLUMN_IS_ELSEWHERE),
		.passages = pool_alloc(pool, count * sizeof *found->passages),
		.topics = pool_alloc(pool, count * sizeof *found->topics),
	};
	for (size_t i = 1; i < count; i++)
		if (strcmp(pg_text(rows, i, COLUMN_KIND), "passage") == 0)
			found->passages[found->count++] = read_passage(rows, i);
		else
			found->topics[found->topic_count++] = read_topic(rows, i);
}

enum outcome knowledge_passages(struct pg_pool *database, struct pool *pool,
				const struct knowledge_query *query,
				struct knowledge_passages *found)
{
	const char *const parameters[] = {
		query->question,
		query->country,
		query->service,
		query->tags != NULL ? query->tags : "",
		pool_printf(pool, "%zu", query->limit),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_SEARCH, parameters, 5,
				      &rows);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(rows) == 0)
		return INTERNAL_ERROR;
	read_findings(pool, rows, found);
	return OK;
}

enum outcome knowledge_topics(struct pg_pool *database, struct pool *pool,
			      const struct knowledge_query *query, struct knowledge_topics *topics)
{
	const char *const parameters[] = {
		text_is_empty(query->country) ? NULL : query->country,
		text_is_empty(query->service) ? NULL : query->service,
		pool_printf(pool, "%zu", query->limit),
		query->tags != NULL ? query->tags : "",
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_TOPICS, parameters, 4,
				      &rows);
	if (outcome != OK)
		return outcome;
	topics->count = pg_row_count(rows);
	topics->topics = pool_alloc(pool, (topics->count + 1) * sizeof *topics->topics);
	for (size_t i = 0; i < topics->count; i++)
		topics->topics[i] = (struct knowledge_topic){
			.slug = pg_text(rows, i, 0),
			.title = pg_text(rows, i, 1),
			.country = pg_text(rows, i, 2),
			.service = pg_text(rows, i, 3),
		};
	return OK;
}

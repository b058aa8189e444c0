#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "chat/knowledge.h"
#include <string.h>

/* Raise it when articles are split in a new way, so that an import refreshes all of them. */
#define SPLIT_VERSION "2\n"

/* Of what the article says, not of how its file is written. */
static const char *content_hash(struct pool *pool, const struct article_file *article)
{
	unsigned char digest[SHA256_BYTES];
	const char *text = pool_printf(pool, SPLIT_VERSION "%s", article_file_write(pool, article));
	crypto_sha256(text, strlen(text), digest);
	return crypto_hex(pool, digest, sizeof digest);
}

static const char *tags_json(struct pool *pool, const struct article_file *article)
{
	struct value *tags = value_array(pool);
	for (size_t i = 0; i < article->tag_count; i++)
		value_append(tags, value_string(pool, article->tags[i]));
	struct buffer json = buffer_new(pool, 256);
	json_write(&json, tags);
	return json.bytes;
}

static const char *passages_json(struct pool *pool, const struct article_file *article)
{
	struct value *passages = value_array(pool);
	for (size_t i = 0; i < article->passage_count; i++) {
		struct value *passage = value_object(pool);
		value_set_string(passage, "heading", article->passages[i].heading);
		value_set_string(passage, "body", article->passages[i].body);
		value_append(passages, passage);
	}
	struct buffer json = buffer_new(pool, 4096);
	json_write(&json, passages);
	return json.bytes;
}

static const char *const mode_names[] = {
	[KNOWLEDGE_IMPORT] = "import",
	[KNOWLEDGE_OVERWRITE] = "overwrite",
	[KNOWLEDGE_CREATE] = "create",
	[KNOWLEDGE_EDIT] = "edit",
};

static const char *const change_names[] = {
	[KNOWLEDGE_CREATED] = "created",
	[KNOWLEDGE_UPDATED] = "updated",
	[KNOWLEDGE_UNCHANGED] = "unchanged",
	[KNOWLEDGE_EDITED] = "edited",
};

static enum knowledge_change change_named(const char *name)
{
	size_t i = 0;
	while (i < KNOWLEDGE_EDITED && strcmp(change_names[i], name) != 0)
		i++;
	return (enum knowledge_change)i;
}

static enum outcome compare(struct pg_pool *database, struct pool *pool,
			    const struct article_file *article, const struct knowledge_act *act,
			    enum knowledge_change *change)
{
	const char *const parameters[] = { article->slug, content_hash(pool, article),
					   mode_names[act->mode] };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_COMPARE, parameters, 3,
				      &rows);
	if (outcome == OK)
		*change = change_named(pg_text(rows, 0, 0));
	return outcome;
}

/* What stood against a page. */
static enum outcome explain_refusal(struct pg_pool *database, struct pool *pool, const char *slug,
				    const struct knowledge_act *act, enum knowledge_change *change)
{
	struct knowledge_article article;
	enum outcome outcome = knowledge_article_load(database, pool, slug, &article);
	if (outcome == NOT_FOUND)
		*change = KNOWLEDGE_MISSING;
	else if (outcome != OK)
		return outcome;
	else
		*change = act->mode == KNOWLEDGE_CREATE ? KNOWLEDGE_TAKEN : KNOWLEDGE_STALE;
	return OK;
}

enum outcome knowledge_store(struct pg_pool *database, struct pool *pool,
			     const struct article_file *article, const struct knowledge_act *act,
			     enum knowledge_change *change)
{
	if (act->dry_run)
		return compare(database, pool, article, act, change);
	const char *const parameters[] = {
		article->slug,
		article->title,
		article->body,
		article->note,
		article->country,
		article->service,
		tags_json(pool, article),
		article->language,
		content_hash(pool, article),
		passages_json(pool, article),
		mode_names[act->mode],
		act->editor != NULL ? act->editor : "",
		act->expected != NULL ? act->expected : "",
	};
	struct pg_call calls[2] = { { .statement = STATEMENT_KNOWLEDGE_STORE,
				      .parameters = parameters,
				      .parameter_count = sizeof parameters / sizeof *parameters } };
	if (act->entry != NULL)
		calls[1] = *act->entry;
	enum outcome outcome = pg_run_all(database, pool, calls, act->entry != NULL ? 2 : 1);
	if (outcome == CONFLICT)
		return explain_refusal(database, pool, article->slug, act, change);
	if (outcome == OK)
		*change = change_named(pg_text(calls[0].rows, 0, 0));
	return outcome;
}

enum outcome knowledge_article_load(struct pg_pool *database, struct pool *pool, const char *slug,
				    struct knowledge_article *article)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_ARTICLE, &slug, 1, &rows);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(rows) == 0)
		return NOT_FOUND;
	*article = (struct knowledge_article){
		.slug = pg_text(rows, 0, 0),
		.title = pg_text(rows, 0, 1),
		.body = pg_text(rows, 0, 2),
		.country = pg_text(rows, 0, 3),
		.service = pg_text(rows, 0, 4),
		.tags = pg_text(rows, 0, 5),
		.language = pg_text(rows, 0, 6),
		.updated_at = pg_integer(rows, 0, 7),
		.content_hash = pg_text(rows, 0, 8),
		.is_edited = pg_bool(rows, 0, 9),
		.edited_by = pg_text(rows, 0, 10),
	};
	return OK;
}

const char *knowledge_article_file(struct pool *pool, const struct knowledge_article *article)
{
	/* Tags hold no commas, so that together they are as good as one. */
	const struct article_file file = {
		.title = article->title,
		.country = article->country,
		.service = article->service,
		.language = article->language,
		.tags = (const char *[]){ article->tags },
		.tag_count = text_is_empty(article->tags) ? 0 : 1,
		.body = article->body,
	};
	return article_file_write(pool, &file);
}

enum outcome knowledge_remove(struct pg_pool *database, struct pool *pool, const char *slug,
			      const char *content_hash_shown, const struct pg_call *entry)
{
	const char *const parameters[] = { slug, content_hash_shown };
	struct pg_call calls[3] = {
		{ .statement = STATEMENT_KNOWLEDGE_REMOVE,
		  .parameters = parameters,
		  .parameter_count = 2 },
		{ .statement = STATEMENT_KNOWLEDGE_CLEAN_SPELLING },
	};
	if (entry != NULL)
		calls[2] = *entry;
	enum outcome outcome = pg_run_all(database, pool, calls, entry != NULL ? 3 : 2);
	return outcome == CONFLICT ? NOT_FOUND : outcome;
}

static struct knowledge_listed read_listed(const struct pg_rows *rows, size_t row)
{
	return (struct knowledge_listed){
		.slug = pg_text(rows, row, 0),
		.title = pg_text(rows, row, 1),
		.country = pg_text(rows, row, 2),
		.service = pg_text(rows, row, 3),
		.language = pg_text(rows, row, 4),
		.is_edited = pg_bool(rows, row, 5),
		.is_own = pg_bool(rows, row, 6),
		.age_s = pg_integer(rows, row, 7),
		.edited_by = pg_text(rows, row, 8),
	};
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

enum outcome knowledge_list(struct pg_pool *database, struct pool *pool,
			    const struct knowledge_filter *filter,
			    struct knowledge_listing *listing)
{
	const char *const parameters[] = {
		or_empty(filter->words),
		or_empty(filter->country),
		or_empty(filter->service),
		or_empty(filter->language),
		filter->only_edited ? "edited" : "",
		pool_printf(pool, "%zu", filter->limit),
		pool_printf(pool, "%zu", filter->skip),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_LIST, parameters, 7,
				      &rows);
	if (outcome != OK)
		return outcome;
	listing->count = pg_row_count(rows);
	listing->total = listing->count > 0 ? (size_t)pg_integer(rows, 0, 9) : 0;
	listing->articles = pool_alloc(pool, (listing->count + 1) * sizeof *listing->articles);
	for (size_t i = 0; i < listing->count; i++)
		listing->articles[i] = read_listed(rows, i);
	return OK;
}

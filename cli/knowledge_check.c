#include "app/conversations.h"
#include "knowledge.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Articles that are looked at, and what was found. */
struct inspection {
	struct command_context *context;
	const struct article_file **articles;
	const char **names; /* paths of files, or slugs of what is stored */
	size_t count;
	struct knowledge_listing stored;
	const struct pg_rows *languages;
	size_t bad; /* articles with problems */
	bool is_bad;
};

static void complain(struct inspection *inspection, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct inspection *inspection, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%s: ", name);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	inspection->is_bad = true;
}

/* ---- What is wrong with one ---- */

static void check_choices(struct inspection *inspection, size_t i)
{
	const struct article_file *article = inspection->articles[i];
	const struct app *app = inspection->context->app;
	if (*article->country != '\0' && !choice_is_listed(app->countries, article->country))
		complain(inspection, inspection->names[i],
			 "the country %s is not in the setting [chat] countries", article->country);
	if (*article->service != '\0' && !choice_is_listed(app->services, article->service))
		complain(inspection, inspection->names[i],
			 "the service %s is not in the setting [chat] services", article->service);
}

static void check_language(struct inspection *inspection, size_t i)
{
	const char *language = inspection->articles[i]->language;
	for (size_t row = 0; row < pg_row_count(inspection->languages); row++)
		if (strcmp(pg_text(inspection->languages, row, 0), language) == 0)
			return;
	complain(inspection, inspection->names[i], "PostgreSQL cannot search in %s", language);
}

static void check_passages(struct inspection *inspection, size_t i)
{
	if (inspection->articles[i]->empty_heading != NULL)
		complain(inspection, inspection->names[i], "there is nothing below the heading %s",
			 inspection->articles[i]->empty_heading);
}

static bool is_known(const struct inspection *inspection, const char *slug)
{
	for (size_t i = 0; i < inspection->count; i++)
		if (strcmp(inspection->articles[i]->slug, slug) == 0)
			return true;
	for (size_t i = 0; i < inspection->stored.count; i++)
		if (strcmp(inspection->stored.articles[i].slug, slug) == 0)
			return true;
	return false;
}

/* Links to other articles, "](/articles/slug". */
static void check_links(struct inspection *inspection, size_t i)
{
	static const char link[] = "/articles/";
	const char *at = inspection->articles[i]->body;
	while ((at = strstr(at, link)) != NULL) {
		bool is_link = at > inspection->articles[i]->body && strchr("(<", at[-1]) != NULL;
		at += strlen(link);
		size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
		const char *slug = pool_strndup(inspection->context->pool, at, length);
		if (is_link && !is_known(inspection, slug))
			complain(inspection, inspection->names[i],
				 "it links to /articles/%s, which is not there", slug);
	}
}

/* Another one before it with the same name, or the same title for the same country. */
static void check_duplicates(struct inspection *inspection, size_t i)
{
	const struct article_file *article = inspection->articles[i];
	for (size_t j = 0; j < i; j++) {
		const struct article_file *other = inspection->articles[j];
		if (strcmp(article->slug, other->slug) == 0)
			complain(inspection, inspection->names[i], "%s has the same name",
				 inspection->names[j]);
		else if (text_equal_fold(article->title, other->title) &&
			 strcmp(article->country, other->country) == 0 &&
			 strcmp(article->language, other->language) == 0)
			complain(inspection, inspection->names[i],
				 "%s has the same title and country", inspection->names[j]);
	}
}

static void inspect(struct inspection *inspection)
{
	static void (*const checks[])(struct inspection *, size_t) = {
		check_choices, check_language, check_passages, check_links, check_duplicates,
	};
	for (size_t i = 0; i < inspection->count; i++) {
		inspection->is_bad = false;
		for (size_t check = 0; check < sizeof checks / sizeof *checks; check++)
			checks[check](inspection, i);
		inspection->bad += inspection->is_bad;
	}
}

static bool has_tag(const struct inspection *inspection, const char *tag)
{
	for (size_t i = 0; i < inspection->count; i++)
		for (size_t j = 0; j < inspection->articles[i]->tag_count; j++)
			if (text_equal_fold(inspection->articles[i]->tags[j], tag))
				return true;
	return false;
}

/* Whether each tag of [chat] knowledge_tags is one that an article has, here or stored: a mistyped one
 * keeps articles from ever being found. */
static bool check_tags(struct inspection *inspection)
{
	const struct app *app = inspection->context->app;
	struct pg_rows *rows;
	bool is_good = true;
	if (pg_run(app->postgresql, inspection->context->pool, STATEMENT_KNOWLEDGE_TAGS_UNUSED,
		   (const char *const[]){ app->knowledge_tags }, 1, &rows) != OK) {
		command_fail("PostgreSQL does not answer");
		return false;
	}
	for (size_t row = 0; row < pg_row_count(rows); row++)
		if (!has_tag(inspection, pg_text(rows, row, 0))) {
			complain(inspection, "[chat] knowledge_tags", "no article has the tag %s",
				 pg_text(rows, row, 0));
			is_good = false;
		}
	return is_good;
}

/* ---- Which are looked at ---- */

static void add(struct inspection *inspection, const char *name, const struct article_file *article)
{
	inspection->names[inspection->count] = name;
	inspection->articles[inspection->count++] = article;
}

static void make_room(struct inspection *inspection, size_t count)
{
	struct pool *pool = inspection->context->pool;
	inspection->names = pool_alloc(pool, (count + 1) * sizeof *inspection->names);
	inspection->articles = pool_alloc(pool, (count + 1) * sizeof(struct article_file *));
}

static int take_files(struct inspection *inspection, const char *path)
{
	struct article_paths files;
	if (article_paths_find(inspection->context, path, &files) != 0)
		return 1;
	make_room(inspection, files.count);
	for (size_t i = 0; i < files.count; i++) {
		const struct article_file *article = article_path_read(inspection->context->pool,
								       files.paths[i]);
		if (article != NULL)
			add(inspection, files.paths[i], article);
		inspection->bad += article == NULL;
	}
	return 0;
}

static int take_stored(struct inspection *inspection)
{
	struct command_context *context = inspection->context;
	make_room(inspection, inspection->stored.count);
	for (size_t i = 0; i < inspection->stored.count; i++) {
		const char *slug = inspection->stored.articles[i].slug, *problems;
		struct knowledge_article stored;
		enum outcome outcome = knowledge_article_load(context->app->postgresql,
							      context->pool, slug, &stored);
		if (outcome == NOT_FOUND)
			continue;
		if (outcome != OK)
			return command_fail("%s", outcome_meaning(outcome)->message);
		const char *text = knowledge_article_file(context->pool, &stored);
		const struct article_file *article = article_file_read(context->pool, slug, text,
								       strlen(text), &problems);
		if (article != NULL)
			add(inspection, slug, article);
		else
			fputs(problems, stderr);
		inspection->bad += article == NULL;
	}
	return 0;
}

int knowledge_command_check(struct command_context *context)
{
	struct inspection inspection = { .context = context };
	struct pg_rows *languages;
	if (context->argc > 2)
		return 2;
	if (knowledge_list_all(context, &inspection.stored) != 0)
		return 1;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_KNOWLEDGE_LANGUAGES, NULL, 0,
		   &languages) != OK)
		return command_fail("PostgreSQL does not answer");
	inspection.languages = languages;
	int status = context->argc == 2 ? take_files(&inspection, context->argv[1])
					: take_stored(&inspection);
	if (status != 0)
		return status;
	size_t unreadable = inspection.bad;
	inspect(&inspection);
	size_t count = inspection.count + unreadable;
	printf("%zu articles: %zu good, %zu not\n", count, count - inspection.bad, inspection.bad);
	bool has_good_tags = check_tags(&inspection);
	return inspection.bad > 0 || !has_good_tags;
}

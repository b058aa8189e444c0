#include "chat/knowledge.h"
#include "app/conversations.h"
#include "app/trail.h"
#include "pages/pages.h"
#include "web/escape.h"
#include <string.h>

/* The articles of the chat, for administrators: finding them, and deleting one. */

enum { SHOWN = 50 };

/* ---- The list ---- */

static struct value *article_value(struct visit *visit, const struct knowledge_listed *listed)
{
	struct value *value = value_object(visit->pool);
	value_set_string(value, "slug", listed->slug);
	value_set_string(value, "title", listed->title);
	value_set_string(value, "country", listed->country);
	value_set_string(value, "service", listed->service);
	value_set_string(value, "language", listed->language);
	value_set_bool(value, "is_edited", listed->is_edited && !listed->is_own);
	value_set_bool(value, "is_own", listed->is_own);
	value_set_string(value, "edited_by", listed->edited_by);
	value_set_string(value, "age", visit_age_text(visit->pool, listed->age_s));
	return value;
}

/* The filters as they came, so that the form has them and a link to the next page as well. */
static struct knowledge_filter read_filter(struct visit *visit, int64_t page)
{
	return (struct knowledge_filter){
		.words = request_query(visit->request, "words"),
		.country = request_query(visit->request, "country"),
		.service = request_query(visit->request, "service"),
		.language = request_query(visit->request, "language"),
		.only_edited = *request_query(visit->request, "edited") != '\0',
		.limit = SHOWN,
		.skip = (size_t)(page - 1) * SHOWN,
	};
}

static void add_parameter(struct buffer *path, const char *name, const char *text)
{
	if (*text == '\0')
		return;
	buffer_printf(path, "&%s=", name);
	escape_url(path, text, strlen(text));
}

static const char *page_link(struct visit *visit, const struct knowledge_filter *filter,
			     int64_t page)
{
	struct buffer path = buffer_new(visit->pool, 128);
	buffer_printf(&path, "%s?page=%lld", visit_path(visit, "/knowledge"), (long long)page);
	add_parameter(&path, "words", filter->words);
	add_parameter(&path, "country", filter->country);
	add_parameter(&path, "service", filter->service);
	add_parameter(&path, "language", filter->language);
	add_parameter(&path, "edited", filter->only_edited ? "1" : "");
	return path.bytes;
}

static const char *count_sentence(struct pool *pool, const struct knowledge_listing *listing,
				  size_t skip)
{
	if (listing->total == 1)
		return "1 article";
	if (listing->count == listing->total)
		return pool_printf(pool, "%zu articles", listing->total);
	return pool_printf(pool, "%zu to %zu of %zu articles", skip + 1, skip + listing->count,
			   listing->total);
}

static void show_filter(struct visit *visit, const struct knowledge_filter *filter)
{
	const struct app *app = visit->app;
	value_set_string(visit->page, "words", filter->words);
	value_set(visit->page, "countries", choices_value(visit, app->countries, filter->country));
	value_set(visit->page, "services", choices_value(visit, app->services, filter->service));
	value_set(visit->page, "languages",
		  choices_value(visit, article_languages(), filter->language));
	value_set_bool(visit->page, "only_edited", filter->only_edited);
}

static void show_notice(struct visit *visit)
{
	static const struct {
		const char *name, *sentence;
	} notices[] = {
		{ "created", "The article is there now." },
		{ "saved", "The article is saved." },
		{ "unchanged", "Nothing was changed." },
		{ "deleted", "The article is deleted." },
	};
	const char *done = request_query(visit->request, "done");
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i].name, done) == 0)
			value_set_string(visit->page, "notice", notices[i].sentence);
}

static enum outcome knowledge_show(struct visit *visit)
{
	int64_t page;
	if (!text_to_integer(request_query(visit->request, "page"), 1, 100000, &page))
		page = 1;
	const struct knowledge_filter filter = read_filter(visit, page);
	struct knowledge_listing listing;
	enum outcome outcome = knowledge_list(visit->app->postgresql, visit->pool, &filter,
					      &listing);
	if (outcome != OK)
		return outcome;
	struct value *articles = value_array(visit->pool);
	for (size_t i = 0; i < listing.count; i++)
		value_append(articles, article_value(visit, &listing.articles[i]));
	value_set(visit->data, "articles", articles);
	value_set_integer(visit->data, "total", (int64_t)listing.total);
	bool has_newer = page > 1, has_older = filter.skip + listing.count < listing.total;
	value_set_bool(visit->page, "has_some", listing.count > 0);
	value_set_bool(visit->page, "has_more", has_newer || has_older);
	value_set_string(visit->page, "count", count_sentence(visit->pool, &listing, filter.skip));
	value_set_string(visit->page, "before",
			 has_newer ? page_link(visit, &filter, page - 1) : NULL);
	value_set_string(visit->page, "after",
			 has_older ? page_link(visit, &filter, page + 1) : NULL);
	show_filter(visit, &filter);
	show_notice(visit);
	return visit_show(visit, "knowledge.html");
}

/* ---- Deleting one ---- */

static enum outcome delete_show(struct visit *visit)
{
	struct knowledge_article article;
	enum outcome outcome = knowledge_article_load(visit->app->postgresql, visit->pool,
						      visit->path_rest, &article);
	if (outcome != OK)
		return outcome;
	value_set_string(visit->data, "slug", article.slug);
	value_set_string(visit->data, "title", article.title);
	value_set_string(visit->page, "article_title", article.title);
	value_set_string(visit->page, "content_hash", article.content_hash);
	return visit_show(visit, "knowledge_delete.html");
}

static enum outcome delete_again(struct visit *visit)
{
	enum outcome outcome = delete_show(visit);
	return outcome == OK ? visit_refuse(visit, CSRF_FAILED, "knowledge_delete.html") : outcome;
}

/* What was looked at is deleted, not what somebody made of it meanwhile: then it is shown again. */
static enum outcome delete_do(struct visit *visit)
{
	const char *slug = visit->path_rest, *hash = request_field(visit->request, "content_hash");
	struct value *detail = value_object(visit->pool);
	value_set_string(detail, "slug", slug);
	struct audit_entry entry = trail_entry(visit, AUDIT_KNOWLEDGE_CHANGED, visit->session,
					       "removed");
	entry.detail = detail;
	const struct pg_call call = audit_call(visit->pool, &entry);
	enum outcome outcome = knowledge_remove(visit->app->postgresql, visit->pool, slug, hash,
						&call);
	if (outcome == NOT_FOUND && (outcome = delete_show(visit)) == OK)
		return visit_refuse(visit, CONFLICT, "knowledge_delete.html");
	if (outcome != OK)
		return outcome;
	return visit_redirect(visit, "/knowledge?done=deleted", "The article is deleted.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/knowledge", ADMIN, knowledge_show, NULL },
	{ METHOD_GET, "/knowledge/delete/*", ADMIN, delete_show, NULL },
	{ METHOD_POST, "/knowledge/delete/*", ADMIN, delete_do, delete_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table knowledge_page = { "knowledge", routes, false };

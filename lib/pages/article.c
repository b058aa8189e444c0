#include "chat/knowledge.h"
#include "pages/pages.h"
#include "web/markdown.h"
#include <string.h>

static enum outcome article_show(struct visit *visit)
{
	struct knowledge_article article;
	enum outcome outcome = knowledge_article_load(visit->app->postgresql, visit->pool,
						      visit->path_rest, &article);
	if (outcome != OK)
		return outcome;
	struct buffer html = buffer_new(visit->pool, strlen(article.body) * 2 + 64);
	markdown_render(&html, article.body, strlen(article.body), 0);
	value_set_string(visit->data, "slug", article.slug);
	value_set_string(visit->data, "title", article.title);
	value_set_string(visit->data, "country", article.country);
	value_set_string(visit->data, "service", article.service);
	value_set_string(visit->data, "content", article.body);
	value_set_string(visit->page, "html", html.bytes);
	return visit_show(visit, "article.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/articles/*", GUEST, article_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table article_page = { "article", routes, false };

#include "app/api_document.h"
#include "pages/pages.h"

/* What programs can ask of this site: for tools as OpenAPI, for people as a page. */

static enum outcome load(struct visit *visit)
{
	struct value *document = api_document(visit->app, visit->pool);
	if (document == NULL)
		return INTERNAL_ERROR;
	visit->data = document;
	return OK;
}

static enum outcome document_show(struct visit *visit)
{
	visit->request->wants_json = true;
	return load(visit);
}

static enum outcome docs_show(struct visit *visit)
{
	enum outcome outcome = load(visit);
	if (outcome != OK || visit->request->wants_json)
		return outcome;
	api_document_set_page(visit->data, visit->pool, visit->page);
	value_set_string(visit->page, "csrf_cookie", visit->app->config->session.csrf_cookie_name);
	return visit_show(visit, "docs.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/openapi.json", PUBLIC | NO_SESSION, document_show, NULL },
	{ METHOD_GET, "/docs", PUBLIC | GUEST, docs_show, NULL },
	{ METHOD_GET, "/redoc", PUBLIC | GUEST, docs_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table docs_page = { "docs", routes, false };

#include "app/api_document.h"
#include "pages/pages.h"

/* What programs can ask of this site: for tools as OpenAPI, for people as a page. */

static enum outcome document_show(struct visit *visit)
{
	const struct api_view *view = api_document_view(visit->app->api);
	visit->request->wants_json = true;
	if (view == NULL)
		return INTERNAL_ERROR;
	visit->data = view->document;
	return OK;
}

static enum outcome docs_show(struct visit *visit)
{
	const struct api_view *view = api_document_view(visit->app->api);
	if (view == NULL)
		return INTERNAL_ERROR;
	if (visit->request->wants_json)
		return document_show(visit);
	visit->page = view->page;
	return visit_show(visit, "docs.html");
}

static const struct route routes[] = {
	{ METHOD_GET, "/openapi.json", PUBLIC | NO_SESSION, document_show, NULL },
	{ METHOD_GET, "/docs", PUBLIC | GUEST, docs_show, NULL },
	{ METHOD_GET, "/redoc", PUBLIC | GUEST, docs_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table docs_page = { "docs", routes, false };

/* The description of our API for programs: an OpenAPI 3.1 document. It stands in
 * templates/openapi.json, which is written by hand; here it gets what only the program knows, and
 * becomes what a page about it shows. */
#pragma once
#include "app/app.h"
#include "base/value.h"

/* The document, with this site's name, address, version and cookies, in `pool`. NULL, with a line
 * in the log: the file is not there or no JSON, which is a mistake of whoever installed us. */
struct value *api_document(const struct app *app, struct pool *pool);

/* What templates/docs.html shows of the document, as members of `page`. */
void api_document_set_page(const struct value *document, struct pool *pool, struct value *page);

/* The description of our API for programs: an OpenAPI 3.1 document. It stands in
 * templates/openapi.json, which is written by hand; here it gets what only the program knows, and
 * becomes what a page about it shows. */
#pragma once
#include "base/config.h"
#include "base/value.h"

/* Empty until somebody asks: most programs never need it, and reading takes some milliseconds. */
struct api_document;

/* Lives in `pool`, as `config` must. */
struct api_document *api_document_new(struct pool *pool, const struct config *config);

/* Both are shared by all threads: nobody changes them. */
struct api_view {
	struct value *document; /* with this site's name, address, version and cookies */
	struct value *page;     /* what templates/docs.html shows of it */
};

/* NULL, with a line in the log: the file is not there or no JSON, which is a mistake of whoever
 * installed us. */
const struct api_view *api_document_view(struct api_document *api);

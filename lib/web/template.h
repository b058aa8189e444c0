/* Templates: Mustache with inheritance, compiled once when the program starts.
 *
 * Syntax: the core of the Mustache specification with its optional modules "inheritance" and
 * "dynamic names"; no lambdas. docs/TEMPLATES.md shows it by example.
 *
 * A set is read-only once it is made: any number of threads may render from it at a time.
 * Rendering takes no memory but what `out` grows by. */
#pragma once
#include "base/outcome.h"
#include "base/text.h"
#include "base/value.h"

enum {
	TEMPLATE_SIZE_MAX = 1024 * 1024, /* bytes in one template file */
	TEMPLATE_NESTING_MAX = 32,       /* tags open inside each other in one template */
	TEMPLATE_DEPTH_MAX = 64 /* partials and parents inside each other while rendering */
};

struct template_set;

/* A template that is not in a file. Neither text is copied. */
struct template_source {
	const char *name;
	const char *text;
};

/* Every *.html, *.txt and *.mustache file in these folders and the folders inside them, except
 * hidden ones. A template is named by its path inside its folder, with its extension:
 * "login.html", "partials/field.html", "mail/reset.txt". A file in an earlier folder overrides
 * the one of the same name in a later folder. A NULL folder is skipped.
 *
 * The set lives in `pool`. NULL when anything is broken: an unreadable folder or file, a syntax
 * error, or a partial or parent that does not exist; `errors` then has a line for each, in the
 * form FILE:LINE: SENTENCE. */
struct template_set *template_set_load(struct pool *pool, const char *const folders[],
				       size_t folder_count, struct buffer *errors);

/* The same from texts. As the specification asks, a partial or parent that does not exist is no
 * error here and renders as nothing. Of two sources of one name the first counts. */
struct template_set *template_set_compile(struct pool *pool, const struct template_source *sources,
					  size_t source_count, struct buffer *errors);

/* Whether the set has a template of exactly this name. */
bool template_exists(const struct template_set *set, const char *name);

/* Append the template to `out`. `contexts` is a stack, the last one is the innermost; NULL values
 * are allowed in it.
 *
 * {{name}} is written with escape_html, unless the template named here ends in ".txt", in which
 * case it is written as it is. Partials and parents follow the template that uses them, so that a
 * text template inside a page cannot switch the escaping off.
 *
 * INTERNAL_ERROR, with `out` as it was before, when there is no such template or partials are
 * nested deeper than TEMPLATE_DEPTH_MAX: these are mistakes of ours, never of a visitor. */
enum outcome template_render(const struct template_set *set, const char *name,
			     const struct value *const *contexts, size_t context_count,
			     struct buffer *out);

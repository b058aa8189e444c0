/* Up to three templates, separated by NUL bytes, over data that has every kind of value. Whatever
 * they are, they are refused with a message or render, twice the same. */
#include "base/json.h"
#include "web/template.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCES = 3, SECTIONS_MAX = 10 };

static const char context_json[] =
	"{\"a\": {\"b\": {\"c\": \"<b>&\"}}, \"b\": [1, {\"a\": \"x\\ny\"}], \"c\": \"\", "
	"\"d\": \"p.html\", \"e\": [[], [true, null], 1.5], \"f\": false, \"g\": null}";

/* Templates are the operator's: loops inside loops inside loops may take their time. Not here. */
static bool is_too_slow(const uint8_t *data, size_t size)
{
	size_t sections = 0;
	for (size_t i = 0; i < size; i++)
		sections += data[i] == '#';
	return sections > SECTIONS_MAX || size > 4096;
}

static void split(struct pool *pool, const uint8_t *data, size_t size,
		  struct template_source sources[SOURCES])
{
	const char *at = pool_strndup(pool, (const char *)data, size), *end = at + size;
	for (size_t i = 0; i < SOURCES; i++) {
		sources[i].text = at;
		at = at < end ? at + strlen(at) + (at + strlen(at) < end) : end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (is_too_slow(data, size))
		return 0;
	struct pool *pool = pool_new(NULL);
	struct template_source sources[SOURCES] = { { "t.html", "" },
						    { "p.html", "" },
						    { "q.txt", "" } };
	split(pool, data, size, sources);
	struct buffer errors = buffer_new(pool, 0);
	struct buffer first = buffer_new(pool, 0), second = buffer_new(pool, 0);
	struct template_set *set = template_set_compile(pool, sources, SOURCES, &errors);
	if ((set == NULL) != (errors.length > 0))
		abort();
	const struct value *context = json_read(pool, context_json, sizeof context_json - 1,
						SIZE_MAX);
	for (size_t i = 0; set != NULL && i < SOURCES; i++) {
		enum outcome one = template_render(set, sources[i].name, &context, 1, &first);
		enum outcome two = template_render(set, sources[i].name, &context, 1, &second);
		if (one != two || strcmp(first.bytes, second.bytes) != 0)
			abort();
	}
	pool_free(pool);
	return 0;
}

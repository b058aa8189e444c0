#include "app/api_document.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "web/markdown.h"
#include <pthread.h>
#include <string.h>

enum { DOCUMENT_BYTES_MAX = 1 << 20, DOCUMENT_VALUES_MAX = 100000 };

struct api_document {
	const struct config *config;
	pthread_mutex_t lock; /* of what follows */
	struct pool *pool; /* of its own: another thread may be using the program's; NULL: empty */
	struct api_view view;
};

/* ---- What only the program knows ---- */

/* The document is ours alone until it is sent, so its members may be set. */
static struct value *member(const struct value *object, const char *key)
{
	return (struct value *)(uintptr_t)value_get(object, key);
}

static void set_site(const struct config *config, struct pool *pool, struct value *document)
{
	struct value *info = member(document, "info"), *servers = value_array(pool);
	struct value *server = value_object(pool);
	value_set_string(info, "title", config->site.name);
	value_set_string(info, "version", GATEHOUSE_VERSION);
	value_set_string(server, "url",
			 pool_printf(pool, "%s%s", config->site.origin, config->site.base_path));
	value_append(servers, server);
	value_set(document, "servers", servers);
}

static void set_cookies(const struct config *config, struct pool *pool, struct value *document)
{
	const struct value *schemes = value_get(value_get(document, "components"),
						"securitySchemes");
	value_set_string(member(schemes, "session"), "name", config->session.cookie_name);
	value_set_string(member(schemes, "token"), "description",
			 pool_printf(pool,
				     "The value of the cookie %s, which signing in sets. Every "
				     "POST, PUT, PATCH and DELETE needs it.",
				     config->session.csrf_cookie_name));
}

static bool is_complete(const struct value *document)
{
	const struct value *schemes = value_get(value_get(document, "components"),
						"securitySchemes");
	return value_get(document, "info") != NULL && value_get(document, "paths") != NULL &&
	       value_get(schemes, "session") != NULL && value_get(schemes, "token") != NULL;
}

static struct value *read_document(const struct config *config, struct pool *pool)
{
	const char *path = pool_printf(pool, "%s/templates/openapi.json", config->server.share_dir);
	size_t length;
	const char *bytes = file_read(pool, path, DOCUMENT_BYTES_MAX, &length);
	struct value *document = bytes != NULL ? json_read(pool, bytes, length, DOCUMENT_VALUES_MAX)
					       : NULL;
	if (!is_complete(document)) {
		log_event(LOG_LEVEL_ERROR, "api_document_unreadable", "file", path, NULL);
		return NULL;
	}
	set_site(config, pool, document);
	set_cookies(config, pool, document);
	return document;
}

/* ---- What the page shows ---- */

struct page {
	const struct value *document;
	struct pool *pool;
};

/* Descriptions are Markdown, as OpenAPI has it. */
static const char *described(const struct page *page, const struct value *object)
{
	const char *text = value_get_string(object, "description");
	if (text == NULL)
		return NULL;
	struct buffer html = buffer_new(page->pool, strlen(text) * 2);
	markdown_render(&html, text, strlen(text), MARKDOWN_HEADING_SHIFT);
	return html.bytes;
}

/* "Character" of {"$ref": "#/components/schemas/Character"}; NULL: it is no reference. */
static const char *reference_name(const struct value *object)
{
	const char *reference = value_get_string(object, "$ref");
	return reference != NULL ? strrchr(reference, '/') + 1 : NULL;
}

static const struct value *resolved(const struct page *page, const struct value *object,
				    const char *kind)
{
	const char *name = reference_name(object);
	if (name == NULL)
		return object;
	return value_get(value_get(value_get(page->document, "components"), kind), name);
}

/* "integer", "text or null", "list of"; what follows the last is `*shape`, or another word. */
static const char *type_words(struct pool *pool, const struct value *schema, const char **shape)
{
	const struct value *type = value_get(schema, "type");
	const char *name = value_type(type) == VALUE_ARRAY ? value_text(value_item(type, 0))
							   : value_text(type);
	*shape = reference_name(schema);
	if (*shape != NULL || name == NULL)
		return "";
	if (strcmp(name, "array") == 0)
		return pool_printf(pool, "list of %s",
				   type_words(pool, value_get(schema, "items"), shape));
	if (strcmp(name, "string") == 0)
		name = "text";
	else if (strcmp(name, "boolean") == 0)
		name = "true or false";
	return value_type(type) == VALUE_ARRAY ? pool_printf(pool, "%s or null", name) : name;
}

static bool is_named(const struct value *names, const char *name)
{
	for (size_t i = 0; i < value_count(names); i++)
		if (strcmp(value_text(value_item(names, i)), name) == 0)
			return true;
	return false;
}

static void set_type(const struct page *page, struct value *field, const struct value *schema)
{
	const char *shape;
	value_set_string(field, "type", type_words(page->pool, schema, &shape));
	value_set_string(field, "shape", shape);
}

/* A word about a field: of what is sent, whether it must be there, of what comes, whether it may be
 * missing. */
static const char *presence(bool is_answer, bool is_required)
{
	if (is_answer)
		return is_required ? NULL : "not always";
	return is_required ? "required" : NULL;
}

/* Names of what lies within begin with `within`: "keys[].ending". */
static void add_fields(const struct page *page, struct value *list, const char *within,
		       const struct value *schema, bool is_answer)
{
	const struct value *properties = value_get(schema, "properties");
	const struct value *required = value_get(schema, "required");
	for (size_t i = 0; i < value_count(properties); i++) {
		const struct value *property = value_item(properties, i);
		struct value *field = value_object(page->pool);
		const char *name = pool_printf(page->pool, "%s%s", within,
					       value_key(properties, i));
		value_set_string(field, "name", name);
		value_set_string(field, "presence",
				 presence(is_answer, is_named(required, value_key(properties, i))));
		value_set_string(field, "about", described(page, property));
		set_type(page, field, property);
		value_append(list, field);
		/* What lies within, as far as it has no shape of its own. */
		const struct value *items = value_get(property, "items");
		add_fields(page, list,
			   pool_printf(page->pool, items != NULL ? "%s[]." : "%s.", name),
			   items != NULL ? items : property, is_answer);
	}
}

/* A list with something around it, if there is anything in it. */
static void set_rows(const struct page *page, struct value *object, const char *name,
		     struct value *rows)
{
	struct value *around = value_object(page->pool);
	value_set(around, "rows", rows);
	value_set(object, name, value_count(rows) > 0 ? around : NULL);
}

static void set_fields(const struct page *page, struct value *object, const char *name,
		       const struct value *schema, bool is_answer)
{
	struct value *fields = value_array(page->pool);
	add_fields(page, fields, "", schema, is_answer);
	set_rows(page, object, name, fields);
}

static const char *shown_example(const struct page *page, const struct value *content)
{
	const struct value *example = value_get(content, "example");
	struct buffer out = buffer_new(page->pool, 512);
	if (example == NULL || value_type(example) == VALUE_STRING)
		return value_text(example);
	json_show(&out, example);
	return out.bytes;
}

static void set_parameters(const struct page *page, struct value *shown,
			   const struct value *operation)
{
	const struct value *parameters = value_get(operation, "parameters");
	struct value *list = value_array(page->pool);
	for (size_t i = 0; i < value_count(parameters); i++) {
		const struct value *parameter = value_item(parameters, i);
		struct value *field = value_object(page->pool);
		value_set_string(field, "name", value_get_string(parameter, "name"));
		value_set_string(field, "presence",
				 presence(false, value_type(value_get(parameter, "required")) ==
							 VALUE_TRUE));
		bool is_in_path = strcmp(value_get_string(parameter, "in"), "path") == 0;
		value_set_string(field, "type", is_in_path ? "in the path" : "in the query");
		value_set_string(field, "shape", NULL);
		value_set_string(field, "about", described(page, parameter));
		value_append(list, field);
	}
	set_rows(page, shown, "parameters", list);
}

/* The body, or the answer: its fields, the shape that it has, an example, and its other forms. */
static void set_content(const struct page *page, struct value *shown, const struct value *content,
			bool is_answer)
{
	const struct value *json = value_get(content, "application/json");
	const struct value *first = json != NULL ? json : value_item(content, 0);
	struct buffer types = buffer_new(page->pool, 64);
	for (size_t i = 0; i < value_count(content); i++)
		buffer_printf(&types, "%s%s", i > 0 ? " or " : "", value_key(content, i));
	value_set_string(shown, "types", value_count(content) > 1 ? types.bytes : NULL);
	value_set_string(shown, "shape", reference_name(value_get(first, "schema")));
	value_set_string(shown, "example", shown_example(page, first));
	set_fields(page, shown, "fields", value_get(first, "schema"), is_answer);
	const struct value *form = value_get(value_get(content, "multipart/form-data"), "schema");
	set_fields(page, shown, "form_fields", form, is_answer);
}

/* What may come back: the good answer in full, of the others what they mean. */
static void set_answers(const struct page *page, struct value *shown, const struct value *operation)
{
	const struct value *responses = value_get(operation, "responses");
	struct value *refusals = value_array(page->pool);
	for (size_t i = 0; i < value_count(responses); i++) {
		const struct value *response = resolved(page, value_item(responses, i),
							"responses");
		struct value *answer = value_object(page->pool);
		const char *status = value_key(responses, i);
		value_set_string(answer, "name", status);
		value_set_string(answer, "about", described(page, response));
		if (status[0] != '2') {
			value_append(refusals, answer);
			continue;
		}
		set_content(page, answer, value_get(response, "content"), true);
		value_set(shown, "answer", answer);
	}
	set_rows(page, shown, "refusals", refusals);
}

static const struct value *security_of(const struct page *page, const struct value *operation)
{
	const struct value *security = value_get(operation, "security");
	return security != NULL ? security : value_get(page->document, "security");
}

static struct value *operation_value(const struct page *page, const char *path, const char *method,
				     const struct value *operation)
{
	struct value *shown = value_object(page->pool);
	const struct value *security = security_of(page, operation);
	char *upper = pool_strdup(page->pool, method);
	for (char *c = upper; *c != '\0'; c++)
		*c = (char)(*c - ('a' - 'A'));
	value_set_string(shown, "id", value_get_string(operation, "operationId"));
	value_set_string(shown, "method", upper);
	value_set_string(shown, "path", path);
	value_set_string(shown, "summary", value_get_string(operation, "summary"));
	value_set_string(shown, "about", described(page, operation));
	value_set_bool(shown, "is_public", value_count(security) == 0);
	value_set_bool(shown, "needs_token", value_get(value_item(security, 0), "token") != NULL);
	set_parameters(page, shown, operation);
	const struct value *content = value_get(value_get(operation, "requestBody"), "content");
	if (content != NULL) {
		struct value *body = value_object(page->pool);
		set_content(page, body, content, false);
		value_set(shown, "body", body);
	}
	set_answers(page, shown, operation);
	return shown;
}

static struct value *operations_of(const struct page *page, const char *tag)
{
	const struct value *paths = value_get(page->document, "paths");
	struct value *list = value_array(page->pool);
	for (size_t i = 0; i < value_count(paths); i++) {
		const struct value *path = value_item(paths, i);
		for (size_t m = 0; m < value_count(path); m++) {
			const struct value *operation = value_item(path, m);
			if (is_named(value_get(operation, "tags"), tag))
				value_append(list, operation_value(page, value_key(paths, i),
								   value_key(path, m), operation));
		}
	}
	return list;
}

static struct value *groups_value(const struct page *page)
{
	const struct value *tags = value_get(page->document, "tags");
	struct value *groups = value_array(page->pool);
	for (size_t i = 0; i < value_count(tags); i++) {
		const char *name = value_get_string(value_item(tags, i), "name");
		struct value *group = value_object(page->pool);
		value_set_string(group, "id", pool_printf(page->pool, "group-%zu", i + 1));
		value_set_string(group, "name", name);
		value_set_string(group, "about", described(page, value_item(tags, i)));
		value_set(group, "operations", operations_of(page, name));
		value_append(groups, group);
	}
	return groups;
}

static struct value *shapes_value(const struct page *page)
{
	const struct value *schemas = value_get(value_get(page->document, "components"), "schemas");
	struct value *shapes = value_array(page->pool);
	for (size_t i = 0; i < value_count(schemas); i++) {
		struct value *shape = value_object(page->pool);
		value_set_string(shape, "name", value_key(schemas, i));
		value_set_string(shape, "about", described(page, value_item(schemas, i)));
		set_fields(page, shape, "fields", value_item(schemas, i), true);
		value_append(shapes, shape);
	}
	return shapes;
}

static struct value *page_value(const struct config *config, struct pool *pool,
				const struct value *document)
{
	const struct page page = { .document = document, .pool = pool };
	const struct value *server = value_item(value_get(document, "servers"), 0);
	struct value *out = value_object(pool);
	value_set_string(out, "introduction", described(&page, value_get(document, "info")));
	value_set_string(out, "address", value_get_string(server, "url"));
	value_set_string(out, "csrf_cookie", config->session.csrf_cookie_name);
	value_set(out, "groups", groups_value(&page));
	value_set(out, "shapes", shapes_value(&page));
	return out;
}

/* ---- Once for all ---- */

static void release(void *data)
{
	struct api_document *api = data;
	if (api->pool != NULL)
		pool_free(api->pool);
	pthread_mutex_destroy(&api->lock);
}

struct api_document *api_document_new(struct pool *pool, const struct config *config)
{
	struct api_document *api = pool_zalloc(pool, sizeof *api);
	api->config = config;
	pthread_mutex_init(&api->lock, NULL);
	pool_cleanup(pool, release, api);
	return api;
}

static void fill(struct api_document *api)
{
	struct pool *pool = pool_new(NULL);
	struct value *document = read_document(api->config, pool);
	if (document == NULL) { /* and tried again: the file may come */
		pool_free(pool);
		return;
	}
	api->view = (struct api_view){ .document = document,
				       .page = page_value(api->config, pool, document) };
	api->pool = pool;
}

const struct api_view *api_document_view(struct api_document *api)
{
	pthread_mutex_lock(&api->lock);
	if (api->pool == NULL)
		fill(api);
	bool is_there = api->pool != NULL;
	pthread_mutex_unlock(&api->lock);
	return is_there ? &api->view : NULL;
}

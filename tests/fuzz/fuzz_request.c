/* A request as the web server hands it over. The input is lines NAME=value, an empty line, and the
 * body. Whatever it says: the path begins with '/' or is empty and has no dots to climb by, a field
 * is clean text, and the target is a local path. */
#include "web/cookie.h"
#include "web/csrf.h"
#include "web/redirect.h"
#include "web/request.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stands in for web/fastcgi.c. */
struct exchange {
	struct pool *pool;
	const char *head;
	const char *body;
	size_t left;
};

const char *exchange_parameter(const struct exchange *exchange, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = exchange->head; *line != '\0';) {
		size_t end = strcspn(line, "\n");
		if (end > length && line[length] == '=' && strncmp(line, name, length) == 0)
			return pool_strndup(exchange->pool, line + length + 1, end - length - 1);
		line += end + (line[end] == '\n');
	}
	return NULL;
}

ssize_t exchange_read(struct exchange *exchange, char *bytes, size_t size)
{
	size_t count = size < exchange->left ? size : exchange->left;
	memcpy(bytes, exchange->body, count);
	exchange->body += count;
	exchange->left -= count;
	return (ssize_t)count;
}

static struct exchange split(struct pool *pool, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *gap = NULL;
	for (size_t i = 0; i + 1 < size && gap == NULL; i++)
		if (text[i] == '\n' && text[i + 1] == '\n')
			gap = text + i;
	size_t head = gap != NULL ? (size_t)(gap - text) : size;
	size_t body = gap != NULL ? size - head - 2 : 0;
	return (struct exchange){ pool, pool_strndup(pool, text, head),
				  pool_strndup(pool, text + size - body, body), body };
}

static void check(const struct request *request)
{
	if (*request->path != '\0' &&
	    (*request->path != '/' || strstr(request->path, "/../") != NULL ||
	     strstr(request->path, "//") != NULL))
		abort();
	if (*request->target != '/')
		abort();
	static const char *const names[] = { "username", "password", "message", "next", "" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *field = request_field(request, names[i]);
		const char *query = request_query(request, names[i]);
		if (!text_is_plain(field, strlen(field), true) ||
		    !text_is_plain(query, strlen(query), false))
			abort();
		request_field_is_set(request, names[i]);
		const char *next = redirect_path(request->pool, field, "/landing");
		if (next[0] != '/' || next[1] == '/' || next[1] == '\\' ||
		    strpbrk(next, "\r\n") != NULL)
			abort();
	}
	const char *cookie = cookie_find(request->pool, request->cookies, "csrftoken");
	if (csrf_cookie_is_usable(cookie) &&
	    !csrf_matches(cookie, csrf_token(request->pool, cookie)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	struct exchange exchange = split(pool, data, size);
	const struct request_limits limits = { .base_path = size % 2 == 0 ? "" : "/members",
					       .body_limit = 4096 };
	struct request *request = request_read(pool, &exchange, &limits);
	if (request != NULL)
		check(request);
	pool_free(pool);
	return 0;
}

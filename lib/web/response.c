#include "web/response.h"
#include "web/escape.h"
#include <string.h>

struct response {
	struct pool *pool;
	int status;
	struct buffer headers;
	const char *content_type;
	const char *body;
	size_t body_length;
	bool has_no_length;
};

struct response *response_new(struct pool *pool)
{
	struct response *response = pool_zalloc(pool, sizeof *response);
	response->pool = pool;
	response->status = 200;
	response->headers = buffer_new(pool, 1024);
	return response;
}

void response_set_status(struct response *response, int status)
{
	response->status = status;
}

int response_status(const struct response *response)
{
	return response->status;
}

void response_add_header(struct response *response, const char *name, const char *value)
{
	struct buffer *out = &response->headers;
	buffer_puts(out, name);
	buffer_add(out, ": ", 2);
	escape_header(out, value, strlen(value));
	buffer_add(out, "\r\n", 2);
}

void response_add_fixed_headers(struct response *response, const char *lines)
{
	buffer_puts(&response->headers, lines);
}

void response_set_body(struct response *response, const char *content_type, const char *bytes,
		       size_t length)
{
	response->content_type = content_type;
	response->body = bytes;
	response->body_length = length;
}

void response_leave_length(struct response *response)
{
	response->has_no_length = true;
}

/* Some web servers pass the phrase on as it stands, so there has to be one (RFC 9110, section 15). */
static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

void response_write(const struct response *response, struct exchange *exchange, bool head_only)
{
	struct buffer out = buffer_new(response->pool,
				       response->headers.length + response->body_length + 256);
	buffer_printf(&out, "Status: %d %s\r\n", response->status, reason_phrase(response->status));
	buffer_add(&out, response->headers.bytes, response->headers.length);
	if (response->content_type != NULL)
		buffer_printf(&out, "Content-Type: %s\r\n", response->content_type);
	if (!response->has_no_length)
		buffer_printf(&out, "Content-Length: %zu\r\n", response->body_length);
	buffer_add(&out, "\r\n", 2);
	if (!head_only)
		buffer_add(&out, response->body, response->body_length);
	exchange_write(exchange, out.bytes, out.length);
}

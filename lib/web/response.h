/* A response: status, headers and body, written in one go. */
#pragma once
#include "base/text.h"
#include "web/fastcgi.h"

struct response;

struct response *response_new(struct pool *pool);
void response_set_status(struct response *response, int status);
int response_status(const struct response *response);

/* Add a header. Line breaks and control bytes in the value are left out, so that nothing a client
 * sent can start a header of its own. */
void response_add_header(struct response *response, const char *name, const char *value);

/* Add headers of our own, the same each time: whole lines, each with CRLF at its end. */
void response_add_fixed_headers(struct response *response, const char *lines);

/* The body; its Content-Type and Content-Length are added when it is written. */
void response_set_body(struct response *response, const char *content_type, const char *bytes,
		       size_t length);

/* Do not say how long the body is: there is none, and this is not the client's answer. */
void response_leave_length(struct response *response);

/* Write everything; without the body when `head_only`. */
void response_write(const struct response *response, struct exchange *exchange, bool head_only);

/* FastCGI: the only file that knows libfcgi. It accepts requests on worker threads, stops cleanly
 * on SIGTERM, and falls back to plain CGI when the web server started the program that way. */
#pragma once
#include "base/memory.h"
#include <sys/types.h>

/* One request on its way: parameters and body in, response out. */
struct exchange;

/* A parameter of the web server; NULL when it was not sent. Lives until the request ends. */
const char *exchange_parameter(const struct exchange *exchange, const char *name);

/* Whether the web server asks who may, in FastCGI's role for that, and wants no page. */
bool exchange_is_authorizer(const struct exchange *exchange);

enum { EXCHANGE_BROKEN = -1, EXCHANGE_BUSY = -2 };

/* Read up to `size` bytes of the body: the count, 0 at its end. EXCHANGE_BROKEN: it was cut off.
 * EXCHANGE_BUSY: it has not arrived, and enough other threads wait for theirs. */
ssize_t exchange_read(struct exchange *exchange, char *bytes, size_t size);

/* Write to the response; false when the client has gone. */
bool exchange_write(struct exchange *exchange, const char *bytes, size_t length);

/* A response that goes on after its request's function has returned: a stream of events. */
struct kept_exchange;

/* Keep the exchange; call it as the last thing, after the headers were written. NULL: a plain CGI
 * request, or no memory; then it ends as others do. End it with kept_end. */
struct kept_exchange *exchange_keep(struct exchange *exchange);

/* Send at once; false when the client has gone. It does not wait for longer than two seconds; ask
 * kept_is_ready first. */
bool kept_write(struct kept_exchange *kept, const char *bytes, size_t length);
bool kept_is_ready(const struct kept_exchange *kept);
bool kept_has_gone(const struct kept_exchange *kept);
void kept_end(struct kept_exchange *kept);

struct fastcgi_options {
	const char *listen; /* "unix:/path", "host:port", or NULL: the socket on descriptor 0 */
	size_t threads;
	/* Serve one request; `pool` ends with it. */
	void (*handle)(void *context, struct exchange *exchange, struct pool *pool);
	void (*stop)(void *context); /* the signal came: end what is kept. May be NULL */
	void *context;
};

/* Serve until SIGTERM or SIGINT, finish what is in flight, return the exit status. As plain CGI:
 * serve one request and return. */
int fastcgi_serve(const struct fastcgi_options *options);

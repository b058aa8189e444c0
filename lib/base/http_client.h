/* HTTP requests to other servers: many at a time on one thread. The transport is libcurl's work.
 *
 * What is asked for is asked for as it stands: only http and https, no redirect is followed (one is a
 * failure), TLS is always verified, no cookies, no proxy, nothing is decompressed. Headers and
 * body are bounded, and so is every wait.
 *
 * The address that is really connected to must be public (address_is_public), whatever name or
 * number the URL has and whatever DNS says the second time, unless the operator listed the host.
 *
 * Everything happens inside http_client_run, on the thread that calls it; a client is for one thread.
 * Nothing here writes to the log, so no key of a header can get there. */
#pragma once
#include "base/memory.h"
#include "base/timers.h"

struct http_client;
struct http_transfer;
struct pollfd;

enum { HTTP_CLIENT_DESCRIPTORS_MAX = 16 };

struct http_client_options {
	/* Hosts that may have any address, as for host_is_listed (base/host.h). */
	const char *const *trusted_hosts;
	/* PEM file of certificate authorities that count beside the system's; NULL or "": none. */
	const char *ca_file;
};

/* A client; texts of the options are copied. When `pool` is freed, transfers that are still under way
 * end without a word. Sets SIGPIPE to be ignored, for the whole process, as OpenSSL needs it. */
struct http_client *http_client_new(struct pool *pool, const struct http_client_options *options);

/* Wait until something happens, at most `timeout_ms`, and do what is due. `descriptors` (at most
 * HTTP_CLIENT_DESCRIPTORS_MAX; NULL: none) are waited for as well, as with poll(2): look at their
 * `revents` after. All that transfers and timers call is called from here. */
void http_client_run(struct http_client *client, int64_t timeout_ms, struct pollfd *descriptors,
		     size_t count);

/* Make a http_client_run that waits return, or the next one not wait. From any thread. */
void http_client_wake(struct http_client *client);

struct http_header {
	const char *name;
	const char *value; /* without control characters, else the request fails */
};

struct http_request {
	const char *url;
	const struct http_header *headers;
	size_t header_count;
	const char *body; /* NULL: a GET; else a POST */
	size_t body_length;
	int64_t connect_ms;    /* until the connection stands: name, TCP, TLS */
	int64_t first_byte_ms; /* from then to the first byte of the answer's body */
	int64_t idle_ms;       /* between two pieces of the body */
	int64_t total_ms;      /* for everything */
	size_t headers_max;    /* bytes of the answer's headers, all together */
	size_t body_max;       /* bytes of its body */
};

/* Why a transfer ended. */
enum http_end {
	HTTP_COMPLETE,        /* the whole answer came, whatever its status */
	HTTP_CANCELLED,       /* by http_transfer_cancel */
	HTTP_STOPPED,         /* the sink wanted no more */
	HTTP_BAD_REQUEST,     /* the URL or a header is none that can be sent */
	HTTP_ADDRESS_REFUSED, /* the host has only addresses that are not public */
	HTTP_UNRESOLVED,      /* there is no such host */
	HTTP_UNREACHABLE,     /* nobody listens there */
	HTTP_UNTRUSTED,       /* TLS: not the host's certificate, or none that counts */
	HTTP_REDIRECTED,      /* the server sends us elsewhere */
	HTTP_TOO_LARGE,       /* headers or body */
	HTTP_BAD_ANSWER,      /* no HTTP, or compressed though nobody asked */
	HTTP_BROKEN,          /* the connection ended before the answer did */
	HTTP_CONNECT_TIMEOUT,
	HTTP_FIRST_BYTE_TIMEOUT,
	HTTP_IDLE_TIMEOUT,
	HTTP_TOTAL_TIMEOUT,
	HTTP_END_COUNT
};

/* A short name in snake_case for the log. */
const char *http_end_name(enum http_end end);

/* Where the answer goes. In both functions the transfer's status can be asked for.
 * They may start and cancel transfers, their own too. */
struct http_sink {
	void *context;
	bool (*body)(void *context, const char *bytes, size_t length); /* false: stop */
	void (*done)(void *context, enum http_end end); /* exactly once, and the last */
};

/* Begin a transfer; what it needs of the request is copied. It lives until `done` returns, which is
 * never called before this has returned. */
struct http_transfer *http_transfer_start(struct http_client *client,
					  const struct http_request *request,
					  const struct http_sink *sink);

/* End it now: `done` is called with HTTP_CANCELLED before this returns. */
void http_transfer_cancel(struct http_transfer *transfer);

/* From now on the sink gets no more of the body, but its end is waited for, at most `within_ms`, so that
 * the connection can be used again. `done` follows with HTTP_COMPLETE, or HTTP_STOPPED when the end did
 * not come. */
void http_transfer_drain(struct http_transfer *transfer, int64_t within_ms);

/* The status of the answer, 0 before there is one. */
int http_transfer_status(const struct http_transfer *transfer);

/* What the header Retry-After asks for, in seconds from now; 0 when it is not there. */
int64_t http_transfer_retry_after_s(const struct http_transfer *transfer);

/* Timers that http_client_run fires; for what waits between transfers. */
struct timer_list *http_client_timers(struct http_client *client);

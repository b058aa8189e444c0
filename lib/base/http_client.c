#include "base/http_client.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/text.h"
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* What a transfer may have read ahead of its sink. */
enum { AHEAD_MAX_BYTES = 256 << 10, WAIT_MAX_MS = 60000 };

enum phase { CONNECTING, WAITING, STREAMING };

struct http_client {
	CURLM *multi;
	const char *const *trusted_hosts;
	const char *ca_file;
	struct timer_list timers;
	struct http_transfer *transfers;
	struct http_transfer *delivering; /* the one whose sink is being called */
};

struct http_transfer {
	struct http_transfer *next, *before;
	struct http_client *client;
	struct pool *pool;
	struct http_sink sink;
	CURL *easy;
	struct curl_slist *headers;
	struct timer timer;
	struct buffer ahead; /* body that the sink has not seen yet */
	enum http_end end;   /* HTTP_COMPLETE until something is wrong */
	enum phase phase;
	bool is_trusted;  /* the operator listed the host */
	bool has_refused; /* an address that is not public */
	bool is_paused;
	bool is_draining;
	bool has_headers; /* all of them, up to the empty line */
	int64_t begun_ms, phase_begun_ms;
	int64_t first_byte_ms, idle_ms, total_ms;
	size_t headers_max, body_max;
	size_t headers_length, body_length;
};

static const char *const end_names[HTTP_END_COUNT] = {
	[HTTP_COMPLETE] = "complete",
	[HTTP_CANCELLED] = "cancelled",
	[HTTP_STOPPED] = "stopped",
	[HTTP_BAD_REQUEST] = "bad_request",
	[HTTP_ADDRESS_REFUSED] = "address_refused",
	[HTTP_UNRESOLVED] = "unresolved",
	[HTTP_UNREACHABLE] = "unreachable",
	[HTTP_UNTRUSTED] = "untrusted",
	[HTTP_REDIRECTED] = "redirected",
	[HTTP_TOO_LARGE] = "too_large",
	[HTTP_BAD_ANSWER] = "bad_answer",
	[HTTP_BROKEN] = "broken",
	[HTTP_CONNECT_TIMEOUT] = "connect_timeout",
	[HTTP_FIRST_BYTE_TIMEOUT] = "first_byte_timeout",
	[HTTP_IDLE_TIMEOUT] = "idle_timeout",
	[HTTP_TOTAL_TIMEOUT] = "total_timeout",
};

/* What curl says, where it is not simply a broken connection. */
static const struct {
	CURLcode code;
	enum http_end end;
} curl_ends[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, HTTP_UNRESOLVED },
	{ CURLE_COULDNT_CONNECT, HTTP_UNREACHABLE },
	{ CURLE_OPERATION_TIMEDOUT, HTTP_CONNECT_TIMEOUT }, /* the only wait that curl counts */
	{ CURLE_SSL_CONNECT_ERROR, HTTP_UNTRUSTED },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_UNTRUSTED },
	{ CURLE_SSL_CACERT_BADFILE, HTTP_UNTRUSTED },
	{ CURLE_SSL_CERTPROBLEM, HTTP_UNTRUSTED },
	{ CURLE_SSL_CIPHER, HTTP_UNTRUSTED },
	{ CURLE_SSL_ISSUER_ERROR, HTTP_UNTRUSTED },
	{ CURLE_SSL_INVALIDCERTSTATUS, HTTP_UNTRUSTED },
	{ CURLE_URL_MALFORMAT, HTTP_BAD_REQUEST },
	{ CURLE_OUT_OF_MEMORY, HTTP_TOO_LARGE }, /* how this libcurl says that a header line is */
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_BAD_ANSWER }, /* an answer without a status line */
	{ CURLE_WEIRD_SERVER_REPLY, HTTP_BAD_ANSWER },
	{ CURLE_BAD_CONTENT_ENCODING, HTTP_BAD_ANSWER },
};

const char *http_end_name(enum http_end end)
{
	return end_names[end];
}

/* Addresses. */

/* A part of a URL in `pool`; NULL when it has none. */
static const char *url_part(struct pool *pool, CURLU *url, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	const char *copy = pool_strdup(pool, text);
	curl_free(text);
	return copy;
}

static const char *host_of(struct pool *pool, CURLU *url, const char *text)
{
	static const CURLUPart unwanted[] = { CURLUPART_USER,     CURLUPART_PASSWORD,
					      CURLUPART_OPTIONS,  CURLUPART_QUERY,
					      CURLUPART_FRAGMENT, CURLUPART_ZONEID };
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return NULL;
	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		if (url_part(pool, url, unwanted[i]) != NULL)
			return NULL;
	const char *scheme = url_part(pool, url, CURLUPART_SCHEME);
	const char *host = url_part(pool, url, CURLUPART_HOST);
	const char *port = url_part(pool, url, CURLUPART_PORT);
	if (scheme == NULL || host == NULL || port == NULL ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return NULL;
	return text_lower(pool, pool_printf(pool, "%s:%s", host, port));
}

/* "host:port" of a URL as curl understands it, which is what counts for trust; NULL when it is no http
 * or https URL, or one with a user, a query or a fragment. */
static const char *url_host(struct pool *pool, const char *text)
{
	CURLU *url = curl_url();
	if (url == NULL)
		abort();
	const char *host = text_is_plain(text, strlen(text), false) ? host_of(pool, url, text)
								    : NULL;
	curl_url_cleanup(url);
	return host;
}

/* curl asks for a socket to this very address; nothing is looked up again after. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_transfer *transfer = data;
	(void)purpose;
	if (!transfer->is_trusted && !address_is_public(&address->addr)) {
		transfer->has_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The end of a transfer. */

static void unlink_transfer(struct http_transfer *transfer)
{
	struct http_client *client = transfer->client;
	if (transfer->before != NULL)
		transfer->before->next = transfer->next;
	else
		client->transfers = transfer->next;
	if (transfer->next != NULL)
		transfer->next->before = transfer->before;
	if (client->delivering == transfer)
		client->delivering = NULL;
}

/* Headers hold keys. */
static void free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *header = headers; header != NULL; header = header->next)
		memory_wipe(header->data, strlen(header->data));
	curl_slist_free_all(headers);
}

static void free_transfer(struct http_transfer *transfer)
{
	timer_clear(&transfer->timer);
	if (transfer->easy != NULL) {
		curl_multi_remove_handle(transfer->client->multi, transfer->easy);
		curl_easy_cleanup(transfer->easy);
	}
	free_headers(transfer->headers);
	pool_free(transfer->pool);
}

static void finish(struct http_transfer *transfer, enum http_end end)
{
	unlink_transfer(transfer);
	transfer->sink.done(transfer->sink.context, end);
	free_transfer(transfer);
}

void http_transfer_cancel(struct http_transfer *transfer)
{
	finish(transfer, HTTP_CANCELLED);
}

int http_transfer_status(const struct http_transfer *transfer)
{
	long status = 0;
	if (transfer->easy != NULL)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

int64_t http_transfer_retry_after_s(const struct http_transfer *transfer)
{
	curl_off_t seconds = 0;
	if (transfer->easy != NULL)
		curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
	return seconds > 0 ? seconds : 0;
}

/* Waits. */

static int64_t deadline(const struct http_transfer *transfer, enum http_end *end)
{
	int64_t at = transfer->begun_ms + transfer->total_ms;
	*end = HTTP_TOTAL_TIMEOUT;
	if (transfer->phase == CONNECTING)
		return at;
	bool is_waiting = transfer->phase == WAITING;
	int64_t phase_end = transfer->phase_begun_ms +
			    (is_waiting ? transfer->first_byte_ms : transfer->idle_ms);
	if (phase_end >= at)
		return at;
	*end = is_waiting ? HTTP_FIRST_BYTE_TIMEOUT : HTTP_IDLE_TIMEOUT;
	return phase_end;
}

static void set_timer(struct http_transfer *transfer)
{
	enum http_end end;
	int64_t at = deadline(transfer, &end);
	timer_set(&transfer->client->timers, &transfer->timer, at - clock_monotonic_ms());
}

/* Each piece moves the deadline; the timer is only moved when it fires. */
static void on_timer(void *context)
{
	struct http_transfer *transfer = context;
	enum http_end end;
	if (transfer->end != HTTP_COMPLETE)
		finish(transfer, transfer->end);
	else if (deadline(transfer, &end) <= clock_monotonic_ms())
		finish(transfer, transfer->is_draining ? HTTP_STOPPED : end);
	else
		set_timer(transfer);
}

void http_transfer_drain(struct http_transfer *transfer, int64_t within_ms)
{
	int64_t total_ms = clock_monotonic_ms() - transfer->begun_ms + within_ms;
	transfer->is_draining = true;
	if (transfer->total_ms > total_ms)
		transfer->total_ms = total_ms;
	set_timer(transfer);
}

static void enter(struct http_transfer *transfer, enum phase phase)
{
	bool is_new = transfer->phase != phase;
	transfer->phase = phase;
	transfer->phase_begun_ms = clock_monotonic_ms();
	if (is_new)
		set_timer(transfer);
}

/* What curl calls. Nothing of the caller's is called from here, so that it may use the client. */

static int before_request(void *data, char *address, char *local_address, int port, int local_port)
{
	(void)address;
	(void)local_address;
	(void)port;
	(void)local_port;
	enter(data, WAITING);
	return CURL_PREREQFUNC_OK;
}

/* Whether a header line says that the body is coded in a way that nobody asked for: a few bytes could
 * become a great many. */
static bool is_coded(const char *line, size_t length)
{
	static const struct {
		const char *name, *allowed;
	} headers[] = { { "content-encoding:", "identity" }, { "transfer-encoding:", "chunked" } };
	for (size_t i = 0; i < 2; i++) {
		size_t name = strlen(headers[i].name), allowed = strlen(headers[i].allowed);
		if (length < name || strncasecmp(line, headers[i].name, name) != 0)
			continue;
		const char *value = line + name;
		size_t left = length - name;
		while (left > 0 && (*value == ' ' || *value == '\t')) {
			value++;
			left--;
		}
		while (left > 0 && strchr(" \t\r\n", value[left - 1]) != NULL)
			left--;
		return left != allowed || strncasecmp(value, headers[i].allowed, allowed) != 0;
	}
	return false;
}

static size_t take_header(char *bytes, size_t one, size_t length, void *data)
{
	struct http_transfer *transfer = data;
	(void)one;
	transfer->headers_length += length;
	transfer->has_headers = transfer->has_headers || *bytes == '\r' || *bytes == '\n';
	if (transfer->headers_length > transfer->headers_max)
		transfer->end = HTTP_TOO_LARGE;
	else if (is_coded(bytes, length))
		transfer->end = HTTP_BAD_ANSWER;
	return transfer->end == HTTP_COMPLETE ? length : 0;
}

static bool is_redirect(const struct http_transfer *transfer)
{
	int status = http_transfer_status(transfer);
	return status >= 300 && status < 400;
}

static size_t take_body(char *bytes, size_t one, size_t length, void *data)
{
	struct http_transfer *transfer = data;
	(void)one;
	if (transfer->ahead.length > 0 && transfer->ahead.length + length > AHEAD_MAX_BYTES) {
		transfer->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	enter(transfer, STREAMING);
	transfer->body_length += length;
	if (is_redirect(transfer))
		transfer->end = HTTP_REDIRECTED;
	else if (transfer->body_length > transfer->body_max)
		transfer->end = HTTP_TOO_LARGE;
	if (transfer->end != HTTP_COMPLETE)
		return 0;
	if (!transfer->is_draining)
		buffer_add(&transfer->ahead, bytes, length);
	return length;
}

/* Beginning. */

static void set_options(struct http_transfer *transfer, const struct http_request *request)
{
	CURL *easy = transfer->easy;
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* One connection for each answer: closing it tells the server to stop its work. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* none from the environment either */
	curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (!text_is_empty(transfer->client->ca_file)) /* the system's folder counts on */
		curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->client->ca_file);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer must not hold up a cancellation: curl would wait for
	 * its look-up thread, which now ends by itself. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	if (request->body == NULL)
		return;
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
			 pool_strndup(transfer->pool, request->body, request->body_length));
}

static bool add_header(struct http_transfer *transfer, const char *name, const char *value)
{
	if (!text_is_plain(value, strlen(value), false))
		return false;
	struct pool *pool = pool_new(NULL);
	/* curl drops a header without a value, unless it ends in a semicolon. */
	char *line = pool_printf(pool, *value != '\0' ? "%s: %s" : "%s;", name, value);
	struct curl_slist *list = curl_slist_append(transfer->headers, line);
	memory_wipe(line, strlen(line));
	pool_free(pool);
	if (list == NULL)
		abort();
	transfer->headers = list;
	return true;
}

/* false: it cannot be sent. */
static bool prepare(struct http_transfer *transfer, const struct http_request *request)
{
	const char *host = url_host(transfer->pool, request->url);
	if (host == NULL)
		return false;
	transfer->is_trusted = host_is_listed(transfer->client->trusted_hosts, host);
	for (size_t i = 0; i < request->header_count; i++)
		if (!add_header(transfer, request->headers[i].name, request->headers[i].value))
			return false;
	/* Do not ask whether a long body may come. */
	struct curl_slist *list = curl_slist_append(transfer->headers, "Expect:");
	transfer->easy = curl_easy_init();
	if (list == NULL || transfer->easy == NULL)
		abort();
	transfer->headers = list;
	set_options(transfer, request);
	return true;
}

static void link_transfer(struct http_transfer *transfer)
{
	struct http_client *client = transfer->client;
	transfer->next = client->transfers;
	if (transfer->next != NULL)
		transfer->next->before = transfer;
	client->transfers = transfer;
}

struct http_transfer *http_transfer_start(struct http_client *client,
					  const struct http_request *request,
					  const struct http_sink *sink)
{
	/* Not a child of the client's pool: those are gone before the client is cleaned up. */
	struct pool *pool = pool_new(NULL);
	struct http_transfer *transfer = pool_zalloc(pool, sizeof *transfer);
	*transfer = (struct http_transfer){
		.client = client,
		.pool = pool,
		.sink = *sink,
		.timer = { .fire = on_timer, .context = transfer },
		.ahead = buffer_new(pool, 1024),
		.begun_ms = clock_monotonic_ms(),
		.first_byte_ms = request->first_byte_ms,
		.idle_ms = request->idle_ms,
		.total_ms = request->total_ms,
		.headers_max = request->headers_max,
		.body_max = request->body_max,
	};
	link_transfer(transfer);
	set_timer(transfer);
	if (prepare(transfer, request) &&
	    curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK)
		return transfer;
	transfer->end = HTTP_BAD_REQUEST;
	timer_set(&client->timers, &transfer->timer, 0);
	return transfer;
}

/* The round. */

/* Hand over what was read; false: the transfer is gone. */
static bool deliver(struct http_client *client, struct http_transfer *transfer)
{
	client->delivering = transfer;
	bool goes_on = transfer->sink.body(transfer->sink.context, transfer->ahead.bytes,
					   transfer->ahead.length);
	if (client->delivering == NULL)
		return false;
	client->delivering = NULL;
	buffer_clear(&transfer->ahead);
	if (!goes_on) {
		finish(transfer, HTTP_STOPPED);
		return false;
	}
	if (transfer->is_paused) {
		transfer->is_paused = false;
		curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	}
	if (transfer->end != HTTP_COMPLETE) { /* found wrong by what was waiting */
		finish(transfer, transfer->end);
		return false;
	}
	return true;
}

static struct http_transfer *find_ready(const struct http_client *client)
{
	struct http_transfer *transfer = client->transfers;
	while (transfer != NULL && transfer->ahead.length == 0)
		transfer = transfer->next;
	return transfer;
}

static enum http_end end_of(const struct http_transfer *transfer, CURLcode code)
{
	if (transfer->end != HTTP_COMPLETE)
		return transfer->end;
	if (code == CURLE_OK && is_redirect(transfer))
		return HTTP_REDIRECTED;
	if (code == CURLE_OK) /* curl is content with headers that just stop */
		return transfer->has_headers ? HTTP_COMPLETE : HTTP_BROKEN;
	if (code == CURLE_COULDNT_CONNECT && transfer->has_refused)
		return HTTP_ADDRESS_REFUSED;
	for (size_t i = 0; i < sizeof curl_ends / sizeof *curl_ends; i++)
		if (curl_ends[i].code == code)
			return curl_ends[i].end;
	return HTTP_BROKEN;
}

static void finish_those_done(struct http_client *client)
{
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct http_transfer *transfer = NULL;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		while (transfer->ahead.length > 0)
			if (!deliver(client, transfer)) {
				transfer = NULL;
				break;
			}
		if (transfer != NULL)
			finish(transfer, end_of(transfer, code));
	}
}

void http_client_run(struct http_client *client, int64_t timeout_ms, struct pollfd *descriptors,
		     size_t count)
{
	struct curl_waitfd waits[HTTP_CLIENT_DESCRIPTORS_MAX];
	int64_t most_ms = timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS;
	int wait_ms = (int)timers_wait_ms(&client->timers, most_ms > 0 ? most_ms : 0);
	if (count > HTTP_CLIENT_DESCRIPTORS_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		waits[i] = (struct curl_waitfd){ .fd = descriptors[i].fd,
						 .events = descriptors[i].events };
	curl_multi_poll(client->multi, waits, (unsigned)count, wait_ms, NULL);
	for (size_t i = 0; i < count; i++)
		descriptors[i].revents = waits[i].revents;

	int running;
	curl_multi_perform(client->multi, &running);
	for (struct http_transfer *ready; (ready = find_ready(client)) != NULL;)
		deliver(client, ready);
	finish_those_done(client);
	/* Last: what came while a sink was busy has been read by now, and counts. */
	timers_fire(&client->timers);
}

struct timer_list *http_client_timers(struct http_client *client)
{
	return &client->timers;
}

void http_client_wake(struct http_client *client)
{
	curl_multi_wakeup(client->multi);
}

/* The client itself. */

static void start_curl(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

static void close_client(void *data)
{
	struct http_client *client = data;
	while (client->transfers != NULL) {
		struct http_transfer *transfer = client->transfers;
		unlink_transfer(transfer);
		free_transfer(transfer);
	}
	curl_multi_cleanup(client->multi);
}

static const char *const *copy_list(struct pool *pool, const char *const *list)
{
	size_t count = 0;
	while (list != NULL && list[count] != NULL)
		count++;
	const char **copy = pool_zalloc(pool, (count + 1) * sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = pool_strdup(pool, list[i]);
	return copy;
}

struct http_client *http_client_new(struct pool *pool, const struct http_client_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_curl);
	struct http_client *client = pool_zalloc(pool, sizeof *client);
	client->multi = curl_multi_init();
	if (client->multi == NULL)
		abort();
	client->trusted_hosts = copy_list(pool, options->trusted_hosts);
	client->ca_file = pool_strdup(pool, options->ca_file);
	pool_cleanup(pool, close_client, client);
	return client;
}

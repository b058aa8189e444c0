#include "web/request.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	TARGET_MAX_BYTES = 8192,
	HEADER_MAX_BYTES = 8192,
	/* A body over the limit is read and thrown away, so that the client gets our answer rather
	 * than a broken connection; beyond this it is not worth it. */
	DRAIN_MAX_BYTES = 64 << 20,
	/* A body that has not arrived by then never will; its thread has others to serve. */
	BODY_DEADLINE_MS = 20000,
	/* Of a large file, over a slow line; but others wait for it, so that after BODY_DEADLINE_MS so
	 * many bytes for each second more must have come. */
	LATE_DEADLINE_MS = 120000,
	LATE_BYTES_A_SECOND = 64 << 10,
	JSON_VALUES_MAX = 1000,
};

static const char *parameter(struct pool *pool, const struct exchange *exchange, const char *name)
{
	const char *text = exchange_parameter(exchange, name);
	if (text_is_empty(text) || strlen(text) > HEADER_MAX_BYTES)
		return NULL;
	return pool_strdup(pool, text);
}

static void read_method(struct request *request, const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = { { "GET", METHOD_GET },     { "HEAD", METHOD_HEAD },
			{ "POST", METHOD_POST },   { "PUT", METHOD_PUT },
			{ "PATCH", METHOD_PATCH }, { "DELETE", METHOD_DELETE } };
	request->method_name = name != NULL ? name : "";
	request->method = METHOD_OTHER;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(request->method_name, methods[i].name) == 0)
			request->method = methods[i].method;
}

/* REQUEST_URI without scheme and host, which some clients send. */
static const char *local_target(const char *uri)
{
	if (text_starts_with(uri, "http://") || text_starts_with(uri, "https://")) {
		uri = strchr(strstr(uri, "://") + 3, '/');
		return uri != NULL ? uri : "/";
	}
	return uri;
}

/* The target as a path: from REQUEST_URI, which every server sends as the client wrote it. When the
 * program was called by its own name (/app.fcgi/auth/login), the path is what follows. */
static const char *find_target(struct pool *pool, const struct exchange *exchange)
{
	const char *uri = exchange_parameter(exchange, "REQUEST_URI");
	const char *script = exchange_parameter(exchange, "SCRIPT_NAME");
	const char *rest = exchange_parameter(exchange, "PATH_INFO");
	if (text_is_empty(uri))
		return pool_printf(pool, "%s%s", script != NULL ? script : "",
				   rest != NULL ? rest : "");
	uri = local_target(uri);
	if (!text_is_empty(script) && text_ends_with(script, ".fcgi") &&
	    text_starts_with(uri, script))
		uri += strlen(script);
	return pool_strdup(pool, *uri != '\0' ? uri : "/");
}

/* Decode a path that is written in its one plain form. Empty segments, dots, encoded slashes and
 * backslashes name no page of ours: "" then, which no route matches. */
static const char *plain_path(struct pool *pool, const char *raw, size_t length)
{
	char *path = pool_strndup(pool, raw, length);
	if (strstr(path, "%2f") != NULL || strstr(path, "%2F") != NULL)
		return "";
	size_t decoded = form_decode(path, length, false);
	path[decoded] = '\0';
	if (!text_is_plain(path, decoded, false) || strchr(path, '\\') != NULL ||
	    strstr(path, "//") != NULL || strstr(path, "/./") != NULL ||
	    strstr(path, "/../") != NULL || text_ends_with(path, "/.") ||
	    text_ends_with(path, "/.."))
		return "";
	return path;
}

/* The path, and the query where it is ours to read: another program may take more fields than we. */
static void read_target(struct request *request, const char *target, const char *base_path,
			bool with_query)
{
	size_t path_length = strcspn(target, "?#");
	request->path = "";
	request->query = form_parse(request->pool, "", 0);
	request->target = "/";
	if (strlen(target) > TARGET_MAX_BYTES || target[0] != '/') {
		request->problem = BAD_REQUEST;
		return;
	}
	request->target = target;
	const char *path = plain_path(request->pool, target, path_length);
	size_t base_length = strlen(base_path);
	if (strncmp(path, base_path, base_length) == 0 &&
	    (path[base_length] == '/' || path[base_length] == '\0'))
		request->path = path[base_length] == '/' ? path + base_length : "/";
	if (*path == '\0')
		request->path = "";
	const char *query = target + path_length;
	if (*query == '?' && with_query) {
		struct form *form = form_parse(request->pool, query + 1, strcspn(query + 1, "#"));
		if (form == NULL)
			request->problem = BAD_REQUEST;
		else
			request->query = form;
	}
}

/* How much a client wants a type (RFC 9110, section 12.5.1), in thousandths; 0: not named. */
static int preference(const char *accept, const char *type)
{
	size_t length = strlen(type);
	for (const char *at = accept; at != NULL && *at != '\0';) {
		at += strspn(at, " \t,");
		size_t item = strcspn(at, ",");
		if (item >= length && strncmp(at, type, length) == 0 &&
		    strchr(",; \t", at[length]) != NULL) {
			const char *q = strstr(at, "q=");
			if (q == NULL || q > at + item)
				return 1000;
			double weight = strtod(q + 2, NULL);
			return weight >= 0 && weight <= 1 ? (int)(weight * 1000) : 0;
		}
		at += item;
	}
	return 0;
}

static enum body_kind kind_of(const char *content_type)
{
	if (content_type == NULL)
		return BODY_NONE;
	size_t length = strcspn(content_type, "; \t");
	static const struct {
		const char *name;
		enum body_kind kind;
	} kinds[] = { { "application/x-www-form-urlencoded", BODY_FORM },
		      { "multipart/form-data", BODY_MULTIPART },
		      { "application/json", BODY_JSON } };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].name) == length &&
		    strncmp(content_type, kinds[i].name, length) == 0)
			return kinds[i].kind;
	return BODY_OTHER;
}

/* When somebody who sent so much by now must have sent more. */
static int64_t earned_ms(size_t total, int64_t patience_ms)
{
	int64_t earned_ms = BODY_DEADLINE_MS + (int64_t)total * 1000 / LATE_BYTES_A_SECOND;
	return earned_ms < patience_ms ? earned_ms : patience_ms;
}

/* The whole body: OK, TOO_LARGE, BUSY when too many threads wait for bodies already, BAD_REQUEST when
 * the client went away or took too long. */
static enum outcome read_body(struct exchange *exchange, struct buffer *body, size_t limit,
			      int64_t patience_ms)
{
	int64_t begin_ms = clock_monotonic_ms();
	char piece[8192];
	size_t total = 0;
	while (total <= DRAIN_MAX_BYTES &&
	       clock_monotonic_ms() - begin_ms < earned_ms(total, patience_ms)) {
		ssize_t got = exchange_read(exchange, piece, sizeof piece);
		if (got == 0)
			return total > limit ? TOO_LARGE : OK;
		if (got < 0)
			return got == EXCHANGE_BUSY ? BUSY : BAD_REQUEST;
		total += (size_t)got;
		if (total <= limit)
			buffer_add(body, piece, (size_t)got);
	}
	return total > limit ? TOO_LARGE : BAD_REQUEST;
}

static void parse_body(struct request *request, const struct buffer *body, const char *content_type)
{
	switch (request->body_kind) {
	case BODY_MULTIPART:
		request->form = form_parse_multipart(request->pool, body->bytes, body->length,
						     content_type);
		if (request->form == NULL)
			request->problem = BAD_REQUEST;
		break;
	case BODY_FORM:
		request->form = form_parse(request->pool, body->bytes, body->length);
		if (request->form == NULL)
			request->problem = BAD_REQUEST;
		break;
	case BODY_JSON:
		request->json = json_read(request->pool, body->bytes, body->length,
					  JSON_VALUES_MAX);
		if (value_type(request->json) != VALUE_OBJECT)
			request->problem = BAD_REQUEST;
		break;
	case BODY_OTHER:
		if (body->length > 0)
			request->problem = UNSUPPORTED_TYPE;
		break;
	case BODY_NONE:
		if (body->length > 0)
			request->problem = BAD_REQUEST;
		break;
	}
}

/* How much the client says that it sends; -1: nothing about it, -2: nothing that makes sense. */
static int64_t announced_bytes(const struct exchange *exchange)
{
	const char *declared = exchange_parameter(exchange, "CONTENT_LENGTH");
	int64_t bytes = -1;
	if (text_is_empty(declared))
		return -1;
	return text_to_integer(declared, 0, INT64_MAX, &bytes) ? bytes : -2;
}

static void read_and_parse(struct request *request, struct exchange *exchange, size_t limit,
			   int64_t patience_ms)
{
	int64_t announced = announced_bytes(exchange);
	/* Room for all of it at once: a buffer that grows leaves copies behind, of passwords too. */
	size_t room = announced >= 0 && (uint64_t)announced < limit ? (size_t)announced : limit;
	struct buffer body = buffer_new(request->pool, room + 1);
	enum outcome outcome = read_body(exchange, &body, limit, patience_ms);
	pool_wipe_at_end(request->pool, body.bytes, body.length);
	if (outcome != OK)
		request->problem = outcome;
	else if (announced >= 0 && (uint64_t)announced != body.length)
		request->problem = BAD_REQUEST;
	else if (request->problem == OK && request->method != METHOD_OTHER)
		parse_body(request, &body, parameter(request->pool, exchange, "CONTENT_TYPE"));
}

static void take_body(struct request *request, struct exchange *exchange,
		      const struct request_limits *limits)
{
	int64_t announced = announced_bytes(exchange);
	if (announced < -1)
		request->problem = BAD_REQUEST;
	else if (request_is_safe(request) && announced <= 0)
		request->body_kind = BODY_NONE;
	else if (request->body_kind == BODY_MULTIPART && request->problem == OK &&
		 announced > (int64_t)limits->body_limit &&
		 announced <= (int64_t)limits->late_limit)
		request->late_body = exchange;
	else
		read_and_parse(request, exchange, limits->body_limit, BODY_DEADLINE_MS);
}

enum outcome request_read_late(struct request *request, size_t limit)
{
	struct exchange *exchange = request->late_body;
	request->late_body = NULL;
	read_and_parse(request, exchange, limit, LATE_DEADLINE_MS);
	return request->problem;
}

void request_skip_late(struct request *request)
{
	struct buffer nothing = buffer_new(request->pool, 1);
	if (request->late_body != NULL)
		read_body(request->late_body, &nothing, 0, BODY_DEADLINE_MS);
	request->late_body = NULL;
}

/* What the web server says, if it is an address; another kind of socket has none. */
static const char *read_address(struct pool *pool, const struct exchange *exchange)
{
	const char *address = parameter(pool, exchange, "REMOTE_ADDR");
	unsigned char binary[sizeof(struct in6_addr)];
	if (address == NULL ||
	    (inet_pton(AF_INET, address, binary) != 1 && inet_pton(AF_INET6, address, binary) != 1))
		return NULL;
	return address;
}

/* Unlike any other, not secret: where this program began to count, and how far it has come, so mixed
 * that neighbours do not look alike (the finaliser of splitmix64). */
static const char *new_request_id(struct pool *pool)
{
	static _Atomic uint64_t next;
	if (next == 0) {
		uint64_t begin, none = 0;
		crypto_random(&begin, sizeof begin);
		atomic_compare_exchange_strong(&next, &none, begin | 1);
	}
	uint64_t mixed = atomic_fetch_add(&next, 0x9e3779b97f4a7c15u);
	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
	mixed ^= mixed >> 31;
	return crypto_hex(pool, &mixed, sizeof mixed);
}

/* A variable of the request that an internal redirect of Apache led to us from, which puts REDIRECT_
 * in front of its name. Below shared hosting's rewrite rules there is one redirect more. */
static const char *redirected(struct pool *pool, const struct exchange *exchange, const char *name)
{
	const char *text = parameter(pool, exchange, pool_printf(pool, "REDIRECT_%s", name));
	return text != NULL
		       ? text
		       : parameter(pool, exchange, pool_printf(pool, "REDIRECT_REDIRECT_%s", name));
}

/* 4xx or 5xx; else 0. */
static int error_status(const char *text)
{
	int64_t status;
	return text != NULL && text_to_integer(text, 400, 599, &status) ? (int)status : 0;
}

/* Apache leads a refused request to us by an ErrorDocument, which is an internal redirect and makes a
 * GET of it; nginx is configured to say REDIRECT_STATUS too. A question of the web server is about
 * the request as it is now: the rule of another that was redirected to it must not open it. */
static void read_wall(struct request *request, const struct exchange *exchange, bool is_question)
{
	request->rule = parameter(request->pool, exchange, "GATEHOUSE_RULE");
	int status = error_status(exchange_parameter(exchange, "REDIRECT_STATUS"));
	if (is_question || status == 0)
		return;
	const char *rule = redirected(request->pool, exchange, "GATEHOUSE_RULE");
	const char *method = redirected(request->pool, exchange, "REQUEST_METHOD");
	if (rule != NULL)
		request->rule = rule;
	if (status == 401 || request->rule != NULL)
		request->refused_status = status;
	if (request->refused_status != 0 && method != NULL)
		read_method(request, method);
}

struct request *request_read(struct pool *pool, struct exchange *exchange,
			     const struct request_limits *limits)
{
	struct request *request = pool_zalloc(pool, sizeof *request);
	request->pool = pool;
	request->id = new_request_id(pool);
	read_method(request, parameter(pool, exchange, "REQUEST_METHOD"));
	read_wall(request, exchange, limits->is_question);
	bool is_ours = !limits->is_question && request->refused_status == 0;
	read_target(request, find_target(pool, exchange), limits->base_path, is_ours);
	request->address = read_address(pool, exchange);
	request->user_agent = parameter(pool, exchange, "HTTP_USER_AGENT");
	request->cookies = parameter(pool, exchange, "HTTP_COOKIE");
	request->origin = parameter(pool, exchange, "HTTP_ORIGIN");
	request->fetch_site = parameter(pool, exchange, "HTTP_SEC_FETCH_SITE");
	request->fetch_dest = parameter(pool, exchange, "HTTP_SEC_FETCH_DEST");
	request->last_event = parameter(pool, exchange, "HTTP_LAST_EVENT_ID");
	request->csrf_header = parameter(pool, exchange, "HTTP_X_CSRFTOKEN");
	request->body_kind = kind_of(parameter(pool, exchange, "CONTENT_TYPE"));
	const char *accept = exchange_parameter(exchange, "HTTP_ACCEPT");
	int html = preference(accept, "text/html");
	request->wants_html = html > 0;
	request->wants_json = request->body_kind == BODY_JSON ||
			      text_starts_with(request->path, "/api/") ||
			      preference(accept, "application/json") > html ||
			      preference(accept, "text/event-stream") > html;
	if (is_ours)
		take_body(request, exchange, limits);
	return request;
}

bool request_is_safe(const struct request *request)
{
	return request->method == METHOD_GET || request->method == METHOD_HEAD;
}

const char *request_given(const struct request *request, const char *name)
{
	return request_is_safe(request) ? request_query(request, name)
					: request_field(request, name);
}

static const char *field_bytes(const struct request *request, const char *name, size_t *length)
{
	if (request->body_kind == BODY_JSON) {
		const struct value *member = value_get(request->json, name);
		*length = value_text_length(member);
		return value_text(member);
	}
	const struct form_field *field = form_find(request->form, name);
	if (field != NULL && field->filename != NULL)
		field = NULL;
	*length = field != NULL ? field->length : 0;
	return field != NULL ? field->text : NULL;
}

const struct form_field *request_file(const struct request *request, const char *name)
{
	const struct form_field *field = form_find(request->form, name);
	bool is_chosen = field != NULL && field->filename != NULL &&
			 (*field->filename != '\0' || field->length > 0);
	return is_chosen ? field : NULL;
}

const char *request_field(const struct request *request, const char *name)
{
	size_t length;
	const char *text = field_bytes(request, name, &length);
	return text != NULL && text_is_plain(text, length, true) ? text : "";
}

bool request_field_is_clean(const struct request *request, const char *name, bool lines)
{
	size_t length;
	const char *text = field_bytes(request, name, &length);
	return text == NULL || text_is_plain(text, length, lines);
}

bool request_field_is_set(const struct request *request, const char *name)
{
	if (request->body_kind == BODY_JSON &&
	    value_type(value_get(request->json, name)) == VALUE_TRUE)
		return true;
	const char *text = request_field(request, name);
	return *text != '\0' && strcmp(text, "0") != 0 && strcmp(text, "false") != 0 &&
	       strcmp(text, "off") != 0;
}

const char *request_query(const struct request *request, const char *name)
{
	const struct form_field *field = form_find(request->query, name);
	return field != NULL && text_is_plain(field->text, field->length, false) ? field->text : "";
}

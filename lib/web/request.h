/* A request, copied out of the web server's hands into a pool of its own. */
#pragma once
#include "base/outcome.h"
#include "base/value.h"
#include "web/fastcgi.h"
#include "web/form.h"

enum method {
	METHOD_GET = 1,
	METHOD_HEAD = 2,
	METHOD_POST = 4,
	METHOD_PUT = 8,
	METHOD_DELETE = 16,
	METHOD_OTHER = 32,
	METHOD_PATCH = 64
};

enum body_kind {
	BODY_NONE,
	BODY_FORM,
	BODY_MULTIPART, /* a form that may carry files */
	BODY_JSON,
	BODY_OTHER
};

struct request {
	struct pool *pool;
	const char *id; /* random, for the log and the error page */
	enum method method;
	const char *method_name;
	const char *path;   /* decoded, below base_path, begins with '/'; "" when outside */
	const char *target; /* path and query as the client wrote them, a local path or "/" */
	const struct form *query;
	const struct form *form;  /* BODY_FORM, BODY_MULTIPART */
	const struct value *json; /* BODY_JSON */
	enum body_kind body_kind;
	const char *address; /* of the connection, never what a header says; may be NULL */
	const char *user_agent;
	const char *cookies; /* the Cookie header or NULL */
	const char *origin;
	const char *fetch_dest;  /* Sec-Fetch-Dest */
	const char *fetch_site;  /* Sec-Fetch-Site */
	const char *csrf_header; /* X-CSRFToken */
	const char *last_event;  /* Last-Event-ID: what a reader of a stream has */
	bool wants_json;         /* asked for JSON, sent JSON, or calls /api/ */
	bool wants_html;         /* says that it reads HTML */
	const char *rule; /* name that the web server gave the place (GATEHOUSE_RULE), or NULL */
	/* With what status the web server refused it, which asks us to say why; 0: it did not. */
	int refused_status;
	enum outcome problem; /* OK, or why it cannot be served: BAD_REQUEST, TOO_LARGE, … */
	/* Where a form with a file is still to be read, because it is longer than anybody may send: by
	 * request_read_late once it is known who sends it, or request_skip_late. Else NULL. */
	struct exchange *late_body;
};

struct request_limits {
	const char *base_path;
	size_t body_limit; /* bytes */
	size_t late_limit; /* of a form with a file that is read late; up to body_limit: there is none */
	/* A question about a request: its body is not ours to read, and what the web server noted of
	 * one that led to it does not count. */
	bool is_question;
};

/* Read everything; what is wrong with it is said in `problem`. */
struct request *request_read(struct pool *pool, struct exchange *exchange,
			     const struct request_limits *limits);

/* Read the form that is still to be read, as request_read does: OK, or what is wrong with it. */
enum outcome request_read_late(struct request *request, size_t limit);

/* Throw away what was not read, or our answer would not get through. Nothing to do where there is none. */
void request_skip_late(struct request *request);

/* A field of the form or the JSON body: "" when it is missing, not text, or refused. */
const char *request_field(const struct request *request, const char *name);

/* A file that came with a form: any bytes, of any length up to the body's limit. NULL when there is
 * none of that name, or none was chosen. */
const struct form_field *request_file(const struct request *request, const char *name);

/* Whether a field is missing or clean text: UTF-8 without NUL and control characters; `lines`
 * allows line breaks and tabs. */
bool request_field_is_clean(const struct request *request, const char *name, bool lines);

/* Whether a box is ticked: any text but "", "0", "false" and "off"; in JSON also true. */
bool request_field_is_set(const struct request *request, const char *name);

/* A parameter of the query string, "" when missing or not clean. */
const char *request_query(const struct request *request, const char *name);

/* GET and HEAD change nothing (RFC 9110, section 9.2.1). */
bool request_is_safe(const struct request *request);

/* What a page is asked for: by its address, or by the form that was sent to it. "" as above. */
const char *request_given(const struct request *request, const char *name);

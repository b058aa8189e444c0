/* Responders: what answers a question in the chat.
 *
 * A responder turns a question into Markdown, which it hands over in pieces as they are ready.
 * Which one is used is a setting; another one is another row in the array of responder.c. */
#pragma once
#include "base/memory.h"
#include "base/outcome.h"

struct pg_pool;

/* What somebody wrote, and what their conversation is about. */
struct responder_question {
	const char *text;
	const char *country; /* NULL: left open */
	const char *service; /* NULL: left open */
};

/* Where the answer goes. `piece` gets some bytes of Markdown, cut between characters and not
 * NUL-terminated; they are only valid during the call. false: the reader has gone, stop. */
struct responder_sink {
	void *context;
	bool (*piece)(void *context, const char *text, size_t length);
};

/* What responders may use. */
struct responder_services {
	struct pg_pool *postgresql;
	const char *base_path; /* before every link, "" or "/folder" */
};

struct responder {
	const char *name; /* as in the configuration */
	/* Answer the question; `pool` is the request's. OK also when the reader has gone. Any
	 * other outcome means that nothing was handed to the sink, so the caller may say why. */
	enum outcome (*answer)(struct responder_services *services, struct pool *pool,
			       const struct responder_question *question,
			       const struct responder_sink *sink);
};

/* The responder of that name; NULL when there is none. */
const struct responder *responder_find(const char *name);

/* Asking a model: one question to one server, its answer handed on piece by piece as it comes.
 *
 * Before anything of an answer has come, a call tries again when the server is busy, broken or away.
 * After that it never does: what was handed on stays as it is. The log gets a line for each call that
 * fails and for each new try; never the key, the question or the answer. */
#pragma once
#include "chat/model.h"

/* From [openai] or [anthropic], or with a person's own key. */
struct model_server {
	const struct model_protocol *protocol;
	const char *base_url, *key;               /* key "" for none */
	int64_t first_byte_ms, idle_ms, total_ms; /* total: with all tries */
	int64_t retries;
	int64_t connect_ms;    /* 0: 10 seconds */
	int64_t answer_tokens; /* what [section] answer_tokens says, for the prompt */
};

struct model_result {
	enum model_end end;
	const char *error;    /* snake_case code; "" after MODEL_COMPLETE */
	const char *sentence; /* for the person: short, plain, kind; "" after MODEL_COMPLETE */
	int64_t prompt_tokens, answer_tokens; /* -1: the server did not say */
};

struct model_sink {
	void *context;
	/* Whole UTF-8 characters, none of them a control but tab and line ends; not
	 * NUL-terminated, only valid during the call. false: stop, which ends in MODEL_CANCELLED. */
	bool (*piece)(void *context, const char *text, size_t length);
	/* Exactly once, and the last; its texts are for ever. */
	void (*done)(void *context, const struct model_result *result);
};

/* An answer is cut after so many bytes, whatever limit of tokens the server was given: about a hundred
 * pages. */
enum { MODEL_ANSWER_MAX_BYTES = 256 << 10 };

struct http_client;
struct model_call;

/* Begin; everything happens inside http_client_run(client, timeout_ms, fds, count), on one thread, many
 * calls at once. `done` is never called before this has returned. What `server`, `prompt` and `sink`
 * point to must live until then; they themselves are copied. The call lives in `pool` until `done`
 * returns. */
struct model_call *model_call_start(struct http_client *client, struct pool *pool,
				    const struct model_server *server,
				    const struct model_prompt *prompt,
				    const struct model_sink *sink);

/* done() follows with MODEL_CANCELLED before it returns; called from the call's own piece(), as soon as
 * that has returned. */
void model_call_cancel(struct model_call *call);

/* What can go wrong between us and a server of models: one code, one sentence for the person, and
 * whether trying again can help. */
#pragma once
#include "base/http_client.h"
#include "base/value.h"

enum model_error {
	MODEL_ERROR_NONE,
	MODEL_ERROR_UNREACHABLE,  /* nobody there, or gone before anything came */
	MODEL_ERROR_UNTRUSTED,    /* TLS */
	MODEL_ERROR_ADDRESS,      /* not public, and not listed */
	MODEL_ERROR_SETTINGS,     /* address or key cannot be sent; a redirect */
	MODEL_ERROR_TIMEOUT,      /* too long silent, or too long altogether */
	MODEL_ERROR_CUT_OFF,      /* the connection ended in the middle of the answer */
	MODEL_ERROR_BAD_ANSWER,   /* not the protocol, or too much of it */
	MODEL_ERROR_EMPTY,        /* an answer without text */
	MODEL_ERROR_KEY,          /* 401, 403 */
	MODEL_ERROR_UNKNOWN,      /* 404: no such model, or no such address */
	MODEL_ERROR_REJECTED,     /* 400 and whatever else blames the request */
	MODEL_ERROR_TOO_LONG,     /* more than the model can read */
	MODEL_ERROR_RATE_LIMITED, /* 429 */
	MODEL_ERROR_QUOTA,        /* 429 or 402: the account is used up */
	MODEL_ERROR_OVERLOADED,   /* 503, 529 */
	MODEL_ERROR_SERVER,       /* 500, 502 */
	MODEL_ERROR_DECLINED,     /* by the server's content filter */
	MODEL_ERROR_CUT,          /* the greatest length is reached; no failure */
	MODEL_ERROR_CANCELLED,
	MODEL_ERROR_COUNT
};

struct model_error_meaning {
	const char *code;     /* stable, snake_case */
	const char *sentence; /* for the person who asked */
	bool is_retried;
};

/* Never NULL; of MODEL_ERROR_NONE both texts are "". */
const struct model_error_meaning *model_error_meaning(enum model_error error);

/* What the end of a transfer means that is not HTTP_COMPLETE or HTTP_STOPPED. */
enum model_error model_error_of_end(enum http_end end, bool has_text);

/* A server's own words about what is wrong, as its JSON has them: {"error": {"message", "type",
 * "code"}} (OpenAI, Anthropic, llama.cpp, vLLM), {"error": "…"} (Ollama), {"object": "error",
 * "message", …} (earlier vLLM), {"detail": …} (FastAPI). */
struct model_fault {
	enum model_error error; /* MODEL_ERROR_NONE: no error is there, or none that is known */
	const char *message;    /* for the log, as it came; "" for none */
};

struct model_fault model_fault_read(struct pool *pool, const struct value *body);

/* The same for an answer with this status (400 or more), whose body may be anything. */
struct model_fault model_fault_of_status(struct pool *pool, int status, const char *body,
					 size_t length);

/* Protocols of language models: how a question is put to a server, and how its answer is read, event by
 * event. What a call does with that is in chat/model_call.h. */
#pragma once
#include "base/event_stream.h"
#include "base/text.h"
#include "base/value.h"
#include "chat/model_error.h"

struct model_turn {
	const char *role; /* "user" | "assistant" */
	const char *content;
};

struct model_prompt {
	const char *model;              /* the server's own name for it */
	const char *system;             /* "" for none */
	const struct model_turn *turns; /* oldest first; the last is the question */
	size_t turn_count;
	double temperature; /* negative: leave it to the server */
	int64_t answer_tokens_max;
};

enum model_end {
	MODEL_COMPLETE,
	MODEL_CUT, /* token limit */
	MODEL_DECLINED,
	MODEL_CANCELLED,
	MODEL_FAILED
};

/* What a server may not know; a request can be written without. */
enum model_without {
	MODEL_WITHOUT_USAGE = 1,       /* stream_options */
	MODEL_WITHOUT_TEMPERATURE = 2, /* models that allow only their own */
	MODEL_WITHOUT_MAX_TOKENS = 4,  /* max_completion_tokens instead */
};

/* What has been read of an answer. The reader adds to it; `text`, `fault` and `is_over` are of one event
 * and the caller's to empty before the next. */
struct model_reading {
	struct pool *pool;  /* for the values of one event */
	struct buffer text; /* of the answer, with bytes marked (chat/model_text.h) */
	struct model_fault fault;
	bool is_over; /* nothing more will come */

	bool is_finished;   /* the server said why the answer ends: */
	enum model_end end; /* MODEL_COMPLETE, MODEL_CUT or MODEL_DECLINED */
	bool is_refusal;    /* the text is the model's word that it will not answer */
	int64_t prompt_tokens, answer_tokens; /* -1: the server has not said */
};

enum { MODEL_HEADERS_MAX = 2, MODEL_EVENT_VALUES_MAX = 20000 };

struct model_protocol {
	const char *name; /* of the section in the configuration, and before the "/" of models */
	const char *path; /* after the base URL */
	/* The headers that carry the key ("": none); how many. The texts live in `pool`. */
	size_t (*headers)(struct pool *pool, const char *key,
			  struct http_header headers[static MODEL_HEADERS_MAX]);
	/* Append the body; `without` is a set of enum model_without. */
	void (*write_request)(struct buffer *out, const struct model_prompt *prompt,
			      unsigned without);
	/* Read one event of a stream. */
	void (*read_event)(struct model_reading *reading, const struct event *event);
	/* Read an answer that came as a single JSON body, though a stream was asked for. */
	void (*read_answer)(struct model_reading *reading, const struct value *answer);
};

extern const struct model_protocol model_openai;    /* chat completions */
extern const struct model_protocol model_anthropic; /* Messages API */

/* For protocols: what they all do. */

/* Append {"role", "content"} to an array. */
void model_message_add(struct pool *pool, struct value *messages, const char *role,
		       const char *content);

/* A reading before anything is read. `pool` as above. */
struct model_reading model_reading_new(struct pool *pool);
/* The JSON of an event; NULL, and the fault is set, when it is none or says that something is wrong. */
const struct value *model_reading_json(struct model_reading *reading, const struct event *event);
/* Add a text, or those of a list of parts whose type is "text". Anything else adds nothing. */
void model_reading_add(struct model_reading *reading, const struct value *content);
/* Note a count of tokens, when it is there and makes sense. */
void model_reading_count(int64_t *tokens, const struct value *count);
/* Note why the answer ends: `reason` is found among `ends`, or means that it is complete. */
struct model_reason {
	const char *name;
	enum model_end end;
};
void model_reading_finish(struct model_reading *reading, const char *reason,
			  const struct model_reason *ends, size_t count);

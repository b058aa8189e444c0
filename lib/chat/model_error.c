#include "chat/model_error.h"
#include "base/json.h"
#include "chat/model_text.h"
#include <string.h>

#define TRY_LATER     "Please try again in a little while."
#define TELL_OPERATOR "Please tell the people who run this site."

static const struct model_error_meaning meanings[MODEL_ERROR_COUNT] = {
	[MODEL_ERROR_NONE] = { "", "", false },
	[MODEL_ERROR_UNREACHABLE] = { "model_unreachable",
				      "The language model cannot be reached just now. " TRY_LATER,
				      true },
	[MODEL_ERROR_UNTRUSTED] = { "model_untrusted",
				    "The language model's server could not prove who it is, so "
				    "nothing was sent. " TELL_OPERATOR,
				    false },
	[MODEL_ERROR_ADDRESS] = { "model_address_refused",
				  "The language model's address is not one that may be "
				  "asked. " TELL_OPERATOR,
				  false },
	[MODEL_ERROR_SETTINGS] = { "model_misconfigured",
				   "The language model is not set up correctly. " TELL_OPERATOR,
				   false },
	[MODEL_ERROR_TIMEOUT] = { "model_timeout", "The language model took too long. " TRY_LATER,
				  false },
	[MODEL_ERROR_CUT_OFF] = { "model_cut_off",
				  "The connection to the language model broke before the answer "
				  "was complete. Please try again.",
				  false },
	[MODEL_ERROR_BAD_ANSWER] = { "model_bad_answer",
				     "The language model's answer could not be understood. "
				     "Please try again.",
				     false },
	[MODEL_ERROR_EMPTY] = { "model_empty_answer",
				"The language model gave no answer. Please try again, perhaps in "
				"other words.",
				false },
	[MODEL_ERROR_KEY] = { "model_key_refused",
			      "The language model's server did not accept the key it was "
			      "given. " TELL_OPERATOR,
			      false },
	[MODEL_ERROR_UNKNOWN] = { "model_not_found",
				  "This language model is not there any more. Please choose "
				  "another one.",
				  false },
	[MODEL_ERROR_REJECTED] = { "model_request_refused",
				   "The language model could not work with this question. Please "
				   "try other words, or another model.",
				   false },
	[MODEL_ERROR_TOO_LONG] = { "model_context_full",
				   "This conversation has grown longer than the language model can "
				   "read. Please begin a new one.",
				   false },
	[MODEL_ERROR_RATE_LIMITED] = { "model_rate_limited",
				       "The language model is asked too often just now. " TRY_LATER,
				       true },
	[MODEL_ERROR_QUOTA] = { "model_quota_used_up",
				"The language model's account is used up. " TELL_OPERATOR, false },
	[MODEL_ERROR_OVERLOADED] = { "model_overloaded",
				     "The language model is very busy just now. " TRY_LATER, true },
	[MODEL_ERROR_SERVER] = { "model_server_error",
				 "The language model has a problem of its own. " TRY_LATER, true },
	[MODEL_ERROR_DECLINED] = { "model_declined",
				   "The language model does not answer this question.", false },
	[MODEL_ERROR_CUT] = { "model_answer_cut",
			      "The answer ends here because it reached the greatest length.",
			      false },
	[MODEL_ERROR_CANCELLED] = { "model_cancelled", "The answer was stopped.", false },
};

static const enum model_error end_errors[HTTP_END_COUNT] = {
	[HTTP_CANCELLED] = MODEL_ERROR_CANCELLED,
	[HTTP_BAD_REQUEST] = MODEL_ERROR_SETTINGS,
	[HTTP_ADDRESS_REFUSED] = MODEL_ERROR_ADDRESS,
	[HTTP_UNRESOLVED] = MODEL_ERROR_UNREACHABLE,
	[HTTP_UNREACHABLE] = MODEL_ERROR_UNREACHABLE,
	[HTTP_UNTRUSTED] = MODEL_ERROR_UNTRUSTED,
	[HTTP_REDIRECTED] = MODEL_ERROR_SETTINGS,
	[HTTP_TOO_LARGE] = MODEL_ERROR_BAD_ANSWER,
	[HTTP_BAD_ANSWER] = MODEL_ERROR_BAD_ANSWER,
	[HTTP_BROKEN] = MODEL_ERROR_UNREACHABLE,
	[HTTP_CONNECT_TIMEOUT] = MODEL_ERROR_UNREACHABLE,
	[HTTP_FIRST_BYTE_TIMEOUT] = MODEL_ERROR_TIMEOUT,
	[HTTP_IDLE_TIMEOUT] = MODEL_ERROR_TIMEOUT,
	[HTTP_TOTAL_TIMEOUT] = MODEL_ERROR_TIMEOUT,
};

/* Values of `type` and `code`. */
static const struct {
	const char *name;
	enum model_error error;
} named[] = {
	{ "overloaded_error", MODEL_ERROR_OVERLOADED },
	{ "unavailable_error", MODEL_ERROR_OVERLOADED }, /* llama.cpp, while it loads */
	{ "insufficient_quota", MODEL_ERROR_QUOTA },
	{ "billing_error", MODEL_ERROR_QUOTA },
	{ "rate_limit_error", MODEL_ERROR_RATE_LIMITED },
	{ "rate_limit_exceeded", MODEL_ERROR_RATE_LIMITED },
	{ "authentication_error", MODEL_ERROR_KEY },
	{ "permission_error", MODEL_ERROR_KEY },
	{ "invalid_api_key", MODEL_ERROR_KEY },
	{ "not_found_error", MODEL_ERROR_UNKNOWN },
	{ "model_not_found", MODEL_ERROR_UNKNOWN },
	{ "context_length_exceeded", MODEL_ERROR_TOO_LONG },
	{ "exceed_context_size_error", MODEL_ERROR_TOO_LONG }, /* llama.cpp */
	{ "request_too_large", MODEL_ERROR_TOO_LONG },
	{ "content_filter", MODEL_ERROR_DECLINED },
	{ "content_policy_violation", MODEL_ERROR_DECLINED },
	{ "timeout_error", MODEL_ERROR_TIMEOUT },
	{ "api_error", MODEL_ERROR_SERVER },
	{ "server_error", MODEL_ERROR_SERVER },
};

/* Words in messages of servers that have no name for it. */
static const struct {
	const char *words;
	enum model_error error;
} worded[] = {
	{ "maximum context length", MODEL_ERROR_TOO_LONG }, /* vLLM, OpenAI */
	{ "prompt is too long", MODEL_ERROR_TOO_LONG },     /* Anthropic */
	{ "context size", MODEL_ERROR_TOO_LONG },           /* llama.cpp */
	{ "credit balance", MODEL_ERROR_QUOTA },            /* Anthropic */
};

static const struct {
	int status;
	enum model_error error;
} statuses[] = {
	{ 401, MODEL_ERROR_KEY },          { 402, MODEL_ERROR_QUOTA },
	{ 403, MODEL_ERROR_KEY },          { 404, MODEL_ERROR_UNKNOWN },
	{ 408, MODEL_ERROR_TIMEOUT },      { 413, MODEL_ERROR_TOO_LONG },
	{ 429, MODEL_ERROR_RATE_LIMITED }, { 503, MODEL_ERROR_OVERLOADED },
	{ 504, MODEL_ERROR_TIMEOUT },      { 529, MODEL_ERROR_OVERLOADED },
};

enum { FAULT_VALUES_MAX = 1000 };

const struct model_error_meaning *model_error_meaning(enum model_error error)
{
	return &meanings[error];
}

enum model_error model_error_of_end(enum http_end end, bool has_text)
{
	if (end == HTTP_BROKEN && has_text)
		return MODEL_ERROR_CUT_OFF;
	return end_errors[end];
}

static enum model_error find_named(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof named / sizeof *named; i++)
		if (strcmp(named[i].name, name) == 0)
			return named[i].error;
	return MODEL_ERROR_NONE;
}

static enum model_error find_worded(const char *message)
{
	for (size_t i = 0; i < sizeof worded / sizeof *worded; i++)
		if (strcasestr(message, worded[i].words) != NULL)
			return worded[i].error;
	return MODEL_ERROR_NONE;
}

/* The first that is known: a code says more than a type, and a type more than words. */
static enum model_error classify(const struct value *error, const char *message)
{
	enum model_error found = find_named(value_get_string(error, "code"));
	if (found == MODEL_ERROR_NONE)
		found = find_worded(message);
	if (found == MODEL_ERROR_NONE)
		found = find_named(value_get_string(error, "type"));
	return found;
}

/* The text of a value, or its JSON. */
static const char *words_of(struct pool *pool, const struct value *value)
{
	if (value_type(value) == VALUE_NULL)
		return "";
	if (value_type(value) == VALUE_STRING)
		return value_text(value);
	struct buffer out = buffer_new(pool, 256);
	json_write(&out, value);
	return out.bytes;
}

struct model_fault model_fault_read(struct pool *pool, const struct value *body)
{
	const struct value *error = value_get(body, "error");
	const struct value *detail = value_get(body, "detail");
	const char *object = value_get_string(body, "object");
	if (object != NULL && strcmp(object, "error") == 0)
		error = body;
	if (value_type(error) == VALUE_NULL)
		error = detail;
	const struct value *message = value_get(error, "message");
	struct model_fault fault = {
		.message = words_of(pool, value_type(message) != VALUE_NULL ? message : error),
	};
	fault.error = classify(error, fault.message);
	return fault;
}

static enum model_error error_of_status(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].error;
	return status >= 500 ? MODEL_ERROR_SERVER : MODEL_ERROR_REJECTED;
}

struct model_fault model_fault_of_status(struct pool *pool, int status, const char *body,
					 size_t length)
{
	const struct value *json = model_json_read(pool, body, length, FAULT_VALUES_MAX);
	struct model_fault fault = model_fault_read(pool, json);
	enum model_error by_status = error_of_status(status);
	/* A general status is explained by the body; a particular one needs no explanation, but for
	 * the 429 of an account that is used up. */
	bool is_general = by_status == MODEL_ERROR_REJECTED || by_status == MODEL_ERROR_SERVER ||
			  by_status == MODEL_ERROR_RATE_LIMITED;
	if (fault.error == MODEL_ERROR_NONE || !is_general)
		fault.error = by_status;
	return fault;
}

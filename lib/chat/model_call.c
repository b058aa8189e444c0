#include "chat/model_call.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "chat/model_text.h"
#include <stdio.h>
#include <string.h>

/* One event of a stream is a few hundred bytes, a whole answer less than the greatest answer with every
 * byte escaped; an error is a sentence. */
enum {
	EVENT_MAX_BYTES = 256 << 10,
	WHOLE_MAX_BYTES = 2 << 20,
	ERROR_MAX_BYTES = 64 << 10,
	HEADERS_MAX_BYTES = 64 << 10,
	STREAM_MAX_BYTES = 64 << 20,
	EVENTS_MAX = 300000, /* more than the greatest answer has bytes */
	DETAIL_MAX_BYTES = 200,
};

enum {
	CONNECT_DEFAULT_MS = 10000,
	BACKOFF_FIRST_MS = 500,
	BACKOFF_MAX_MS = 8000,
	DRAIN_MS = 250,         /* for what follows the last event: a packet, if anything */
	RETRY_AFTER_MAX_S = 20, /* for longer nobody waits in front of a page */
};

/* What the body is: an error when the status says so, else what its first byte says, because not every
 * server names its type. */
enum shape { SHAPE_UNKNOWN, SHAPE_STREAM, SHAPE_WHOLE, SHAPE_ERROR };

/* One try. */
struct attempt {
	struct pool *pool;
	struct http_transfer *transfer; /* NULL while it waits for its turn */
	enum shape shape;
	struct event_stream *stream;
	struct buffer body; /* of an error or a whole answer */
	struct model_fault fault;
	int events;
	bool is_over; /* the last event came */
};

struct model_call {
	struct http_client *client;
	struct pool *pool;
	struct model_server server;
	struct model_prompt prompt;
	struct model_sink sink;
	struct model_reading reading;
	struct model_joiner joiner;
	struct attempt attempt;
	struct timer timer; /* until the next try */
	unsigned without;   /* enum model_without */
	int64_t tries;
	int64_t begun_ms;
	size_t answer_bytes;
	bool is_in_piece;
	bool is_unwanted; /* the sink or the caller wants no more */
	bool is_full;     /* the greatest length is reached */
};

static void begin_attempt(struct model_call *call);

/* The end. */

static const char *number_text(struct pool *pool, int64_t number)
{
	return pool_printf(pool, "%lld", (long long)number);
}

/* A server's words without the key, which some repeat. */
static const char *clean_detail(const struct model_call *call, struct pool *pool,
				const char *message)
{
	const char *key = call->server.key;
	struct buffer out = buffer_new(pool, 256);
	for (const char *at; *key != '\0' && (at = strstr(message, key)) != NULL;
	     message = at + strlen(key)) {
		buffer_add(&out, message, (size_t)(at - message));
		buffer_puts(&out, "***");
	}
	buffer_puts(&out, message);
	return text_clean(pool, out.bytes, DETAIL_MAX_BYTES);
}

static void log_failure(const struct model_call *call, const char *event, enum http_end end,
			enum model_error error)
{
	struct pool *pool = call->attempt.pool;
	int status = call->attempt.transfer != NULL ? http_transfer_status(call->attempt.transfer)
						    : 0;
	/* About a key there is nothing to say that could not give a part of it away. */
	const char *detail = error == MODEL_ERROR_KEY ? "" : call->attempt.fault.message;
	log_event(LOG_LEVEL_WARNING, event, "protocol", call->server.protocol->name, "model",
		  call->prompt.model, "server", call->server.base_url, "error",
		  model_error_meaning(error)->code, "status", number_text(pool, status), "transfer",
		  http_end_name(end), "detail", clean_detail(call, pool, detail), "ms",
		  number_text(pool, clock_monotonic_ms() - call->begun_ms), NULL);
}

static void finish(struct model_call *call, enum model_end end, enum model_error error)
{
	const struct model_error_meaning *meaning = model_error_meaning(error);
	const struct model_result result = {
		.end = end,
		.error = meaning->code,
		.sentence = meaning->sentence,
		.prompt_tokens = call->reading.prompt_tokens,
		.answer_tokens = call->reading.answer_tokens,
	};
	struct model_sink sink = call->sink;
	timer_clear(&call->timer);
	pool_free(call->pool);
	sink.done(sink.context, &result);
}

static void finish_finished(struct model_call *call, enum model_end end)
{
	static const enum model_error words[] = {
		[MODEL_COMPLETE] = MODEL_ERROR_NONE,
		[MODEL_CUT] = MODEL_ERROR_CUT,
		[MODEL_DECLINED] = MODEL_ERROR_DECLINED,
	};
	if (call->answer_bytes == 0 && end != MODEL_DECLINED) {
		log_failure(call, "model_failed", HTTP_COMPLETE, MODEL_ERROR_EMPTY);
		finish(call, MODEL_FAILED, MODEL_ERROR_EMPTY);
		return;
	}
	finish(call, end, words[end]);
}

/* Handing on. */

/* Give what has been joined to the sink, as far as the greatest length allows; false: no more. */
static bool give(struct model_call *call, const struct buffer *text)
{
	size_t room = MODEL_ANSWER_MAX_BYTES - call->answer_bytes, length = text->length;
	call->is_full = length > room;
	if (call->is_full) {
		length = room;
		while (length > 0 && ((unsigned char)text->bytes[length] & 0xc0) == 0x80)
			length--;
	}
	if (length == 0)
		return !call->is_full;
	call->answer_bytes += length;
	call->is_in_piece = true;
	bool is_wanted = call->sink.piece(call->sink.context, text->bytes, length);
	call->is_in_piece = false;
	call->is_unwanted = call->is_unwanted || !is_wanted;
	return !call->is_unwanted && !call->is_full;
}

/* Take over what a reader found; false: no more is needed. */
static bool take_reading(struct model_call *call)
{
	struct model_reading *reading = &call->reading;
	if (reading->fault.error != MODEL_ERROR_NONE) {
		call->attempt.fault = reading->fault;
		call->attempt.fault.message = pool_strdup(call->attempt.pool,
							  reading->fault.message);
		return false;
	}
	struct buffer joined = buffer_new(reading->pool, reading->text.length + 16);
	model_joiner_add(&call->joiner, &joined, reading->text.bytes, reading->text.length);
	if (reading->is_over || reading->is_finished)
		model_joiner_end(&call->joiner, &joined);
	bool goes_on = give(call, &joined);
	call->attempt.is_over = goes_on && reading->is_over;
	return goes_on && !reading->is_over;
}

/* The values of one event are gone after it. */
static void open_reading(struct model_call *call)
{
	struct pool *pool = pool_new(call->attempt.pool);
	call->reading.pool = pool;
	call->reading.text = buffer_new(pool, 256);
	call->reading.fault = (struct model_fault){ .message = "" };
}

static void close_reading(struct model_call *call)
{
	pool_free(call->reading.pool);
	call->reading.pool = NULL;
}

static bool on_event(void *context, const struct event *event)
{
	struct model_call *call = context;
	if (++call->attempt.events > EVENTS_MAX) {
		call->attempt.fault = (struct model_fault){ MODEL_ERROR_BAD_ANSWER,
							    "there is no end of events" };
		return false;
	}
	open_reading(call);
	call->server.protocol->read_event(&call->reading, event);
	bool goes_on = take_reading(call);
	close_reading(call);
	return goes_on;
}

static void read_whole(struct model_call *call)
{
	const struct buffer *body = &call->attempt.body;
	open_reading(call);
	struct event event = { .name = "", .data = body->bytes, .length = body->length };
	const struct value *json = model_reading_json(&call->reading, &event);
	if (json != NULL) {
		call->server.protocol->read_answer(&call->reading, json);
		if (!call->reading.is_finished && call->reading.fault.error == MODEL_ERROR_NONE)
			call->reading.fault = (struct model_fault){ MODEL_ERROR_BAD_ANSWER,
								    "no answer in the JSON" };
	}
	take_reading(call);
	close_reading(call);
}

/* The body of the answer. */

static enum shape find_shape(const struct attempt *attempt, const char *bytes, size_t length)
{
	int status = http_transfer_status(attempt->transfer);
	if (status < 200 || status >= 300)
		return SHAPE_ERROR;
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == '\0')
			return bytes[i] == '{' ? SHAPE_WHOLE : SHAPE_STREAM;
	return SHAPE_UNKNOWN; /* white space: wait for more, nothing is lost */
}

static bool keep(struct attempt *attempt, const char *bytes, size_t length)
{
	size_t most = attempt->shape == SHAPE_ERROR ? ERROR_MAX_BYTES : WHOLE_MAX_BYTES;
	size_t room = most - attempt->body.length;
	buffer_add(&attempt->body, bytes, length < room ? length : room);
	if (length <= room)
		return true;
	if (attempt->shape == SHAPE_WHOLE)
		attempt->fault = (struct model_fault){ MODEL_ERROR_BAD_ANSWER,
						       "the answer is too long" };
	return false;
}

static bool feed(struct attempt *attempt, const char *bytes, size_t length)
{
	enum event_stream_state state = event_stream_feed(attempt->stream, bytes, length);
	if (state == EVENT_STREAM_TOO_LONG)
		attempt->fault = (struct model_fault){ MODEL_ERROR_BAD_ANSWER,
						       "a line or an event is too long" };
	if (attempt->is_over)
		http_transfer_drain(attempt->transfer, DRAIN_MS);
	return state == EVENT_STREAM_READING || attempt->is_over;
}

static bool on_body(void *context, const char *bytes, size_t length)
{
	struct model_call *call = context;
	struct attempt *attempt = &call->attempt;
	if (attempt->shape == SHAPE_UNKNOWN)
		attempt->shape = find_shape(attempt, bytes, length);
	switch (attempt->shape) {
	case SHAPE_STREAM:
		return feed(attempt, bytes, length);
	case SHAPE_WHOLE:
	case SHAPE_ERROR:
		return keep(attempt, bytes, length);
	case SHAPE_UNKNOWN:
		break;
	}
	return true;
}

/* After the transfer: what came of it. */

static bool is_refused(const struct attempt *attempt)
{
	return http_transfer_status(attempt->transfer) >= 400;
}

static void judge_status(struct attempt *attempt)
{
	attempt->fault = model_fault_of_status(attempt->pool,
					       http_transfer_status(attempt->transfer),
					       attempt->body.bytes, attempt->body.length);
}

static void judge_end(struct model_call *call, enum http_end end)
{
	struct attempt *attempt = &call->attempt;
	attempt->fault.error = model_error_of_end(end, call->answer_bytes > 0);
	attempt->fault.message = "";
	if (attempt->fault.error != MODEL_ERROR_NONE)
		return;
	attempt->fault.error = attempt->events > 0 ? MODEL_ERROR_CUT_OFF : MODEL_ERROR_BAD_ANSWER;
	attempt->fault.message = attempt->events > 0 ? "the stream ended without a reason"
						     : "no event came";
}

/* Leaves the fault, or that the reading is finished. */
static void judge(struct model_call *call, enum http_end end)
{
	struct attempt *attempt = &call->attempt;
	if (call->reading.is_finished || attempt->fault.error != MODEL_ERROR_NONE)
		return;
	if (is_refused(attempt)) /* says more than how its body ended */
		judge_status(attempt);
	else if (end == HTTP_COMPLETE && attempt->shape == SHAPE_WHOLE)
		read_whole(call);
	else
		judge_end(call, end);
}

/* Trying again. */

/* Words of a refusal that name what a server does not know, and how to ask without it. */
static const struct {
	const char *word;
	enum model_without without;
} concessions[] = {
	{ "stream_options", MODEL_WITHOUT_USAGE },
	{ "include_usage", MODEL_WITHOUT_USAGE },
	{ "max_completion_tokens", MODEL_WITHOUT_MAX_TOKENS },
	{ "temperature", MODEL_WITHOUT_TEMPERATURE },
};

/* Whether the request can be put in a way that this server takes. Each way is tried once. */
static bool concede(struct model_call *call)
{
	int status = http_transfer_status(call->attempt.transfer);
	unsigned before = call->without;
	if (call->attempt.shape != SHAPE_ERROR || (status != 400 && status != 422))
		return false;
	for (size_t i = 0; i < sizeof concessions / sizeof *concessions; i++)
		if (strstr(call->attempt.body.bytes, concessions[i].word) != NULL)
			call->without |= concessions[i].without;
	return call->without != before;
}

/* Half of it is chance, so that those who were refused together do not come back together. */
static int64_t backoff_ms(int64_t tries)
{
	int64_t delay = BACKOFF_MAX_MS;
	uint32_t chance;
	if (tries <= 4)
		delay = (int64_t)BACKOFF_FIRST_MS << (tries - 1);
	crypto_random(&chance, sizeof chance);
	return delay / 2 + chance % (delay / 2);
}

/* How long to wait before another try; -1: there is none. */
static int64_t retry_delay_ms(const struct model_call *call)
{
	if (!model_error_meaning(call->attempt.fault.error)->is_retried || call->answer_bytes > 0 ||
	    call->tries > call->server.retries)
		return -1;
	int64_t wanted_s = http_transfer_retry_after_s(call->attempt.transfer);
	if (wanted_s > RETRY_AFTER_MAX_S)
		return -1;
	int64_t delay = backoff_ms(call->tries);
	if (delay < wanted_s * 1000)
		delay = wanted_s * 1000;
	int64_t spent = clock_monotonic_ms() - call->begun_ms;
	return spent + delay < call->server.total_ms ? delay : -1;
}

static void on_retry(void *context)
{
	struct model_call *call = context;
	call->tries++;
	pool_free(call->attempt.pool);
	begin_attempt(call);
}

/* Before the first piece nothing is kept of a try but its count. */
static void schedule(struct model_call *call, int64_t delay_ms)
{
	call->attempt.transfer = NULL;
	call->reading = model_reading_new(call->pool);
	call->joiner = (struct model_joiner){ .held_length = 0 };
	timer_set(http_client_timers(call->client), &call->timer, delay_ms);
}

static void on_done(void *context, enum http_end end)
{
	struct model_call *call = context;
	if (call->is_unwanted || end == HTTP_CANCELLED) {
		finish(call, MODEL_CANCELLED, MODEL_ERROR_CANCELLED);
		return;
	}
	judge(call, end);
	enum model_error error = call->attempt.fault.error;
	if (call->is_unwanted) {
		finish(call, MODEL_CANCELLED, MODEL_ERROR_CANCELLED);
	} else if (call->is_full) {
		finish_finished(call, MODEL_CUT);
	} else if (error == MODEL_ERROR_NONE) {
		finish_finished(call, call->reading.end);
	} else if (concede(call)) {
		call->tries--; /* not this server's failure */
		schedule(call, 0);
	} else if (retry_delay_ms(call) >= 0) {
		log_failure(call, "model_retry", end, error);
		schedule(call, retry_delay_ms(call));
	} else {
		log_failure(call, "model_failed", end, error);
		finish(call, error == MODEL_ERROR_DECLINED ? MODEL_DECLINED : MODEL_FAILED, error);
	}
}

/* Beginning. */

static size_t fill_headers(const struct model_call *call,
			   struct http_header headers[static MODEL_HEADERS_MAX + 3])
{
	size_t count = call->server.protocol->headers(call->attempt.pool, call->server.key,
						      headers);
	headers[count++] = (struct http_header){ "Content-Type", "application/json" };
	headers[count++] = (struct http_header){ "Accept", "text/event-stream, application/json" };
	headers[count++] = (struct http_header){ "User-Agent", "gatehouse/" GATEHOUSE_VERSION };
	return count;
}

static void begin_attempt(struct model_call *call)
{
	struct pool *pool = pool_new(call->pool);
	call->attempt = (struct attempt){ .pool = pool,
					  .body = buffer_new(pool, 256),
					  .fault = { .message = "" } };
	const struct event_sink events = { .context = call, .event = on_event };
	call->attempt.stream = event_stream_new(pool, EVENT_MAX_BYTES, &events);

	struct http_header headers[MODEL_HEADERS_MAX + 3];
	struct buffer body = buffer_new(pool, 4096);
	call->server.protocol->write_request(&body, &call->prompt, call->without);
	const struct model_server *server = &call->server;
	const struct http_request request = {
		.url = pool_printf(pool, "%s%s", server->base_url, server->protocol->path),
		.headers = headers,
		.header_count = fill_headers(call, headers),
		.body = body.bytes,
		.body_length = body.length,
		.connect_ms = server->connect_ms > 0 ? server->connect_ms : CONNECT_DEFAULT_MS,
		.first_byte_ms = server->first_byte_ms,
		.idle_ms = server->idle_ms,
		.total_ms = server->total_ms - (clock_monotonic_ms() - call->begun_ms),
		.headers_max = HEADERS_MAX_BYTES,
		.body_max = STREAM_MAX_BYTES,
	};
	const struct http_sink sink = { .context = call, .body = on_body, .done = on_done };
	call->attempt.transfer = http_transfer_start(call->client, &request, &sink);
}

struct model_call *model_call_start(struct http_client *client, struct pool *pool,
				    const struct model_server *server,
				    const struct model_prompt *prompt,
				    const struct model_sink *sink)
{
	struct pool *own = pool_new(pool);
	struct model_call *call = pool_zalloc(own, sizeof *call);
	*call = (struct model_call){
		.client = client,
		.pool = own,
		.server = *server,
		.prompt = *prompt,
		.sink = *sink,
		.reading = model_reading_new(own),
		.timer = { .fire = on_retry, .context = call },
		.tries = 1,
		.begun_ms = clock_monotonic_ms(),
	};
	begin_attempt(call);
	return call;
}

void model_call_cancel(struct model_call *call)
{
	call->is_unwanted = true;
	if (call->is_in_piece)
		return;
	if (call->attempt.transfer != NULL)
		http_transfer_cancel(call->attempt.transfer);
	else
		finish(call, MODEL_CANCELLED, MODEL_ERROR_CANCELLED);
}

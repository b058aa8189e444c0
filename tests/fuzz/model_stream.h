/* What the fuzz targets of both protocols do: read any bytes as a stream, as a whole answer and as an
 * error. */
#pragma once
#include "base/event_stream.h"
#include "chat/model.h"
#include "chat/model_text.h"
#include <stdlib.h>

struct stream_read {
	struct pool *pool;
	const struct model_protocol *protocol;
	struct model_reading reading;
	struct model_joiner joiner;
	struct buffer answer;
};

/* What must hold of a reading, whatever was read. */
static void check_reading(struct stream_read *read)
{
	const struct model_reading *reading = &read->reading;
	if (reading->prompt_tokens < -1 || reading->answer_tokens < -1)
		abort();
	if (reading->is_finished && reading->end > MODEL_DECLINED)
		abort();
	if (reading->fault.message == NULL || (unsigned)reading->fault.error >= MODEL_ERROR_COUNT)
		abort();
	model_joiner_add(&read->joiner, &read->answer, reading->text.bytes, reading->text.length);
	if (!text_is_plain(read->answer.bytes, read->answer.length, true))
		abort();
}

static bool read_one(void *context, const struct event *event)
{
	struct stream_read *read = context;
	read->reading.pool = pool_new(read->pool);
	read->reading.text = buffer_new(read->reading.pool, 64);
	read->reading.fault = (struct model_fault){ .message = "" };
	read->protocol->read_event(&read->reading, event);
	check_reading(read);
	bool goes_on = !read->reading.is_over && read->reading.fault.error == MODEL_ERROR_NONE;
	pool_free(read->reading.pool);
	return goes_on;
}

static int fuzz_protocol(const struct model_protocol *protocol, const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	struct stream_read read = { .pool = pool,
				    .protocol = protocol,
				    .reading = model_reading_new(pool),
				    .answer = buffer_new(pool, 64) };
	const struct event_sink sink = { .context = &read, .event = read_one };
	struct event_stream *stream = event_stream_new(pool, 1 << 16, &sink);
	event_stream_feed(stream, (const char *)data, size);

	read.reading = model_reading_new(pool);
	const struct event whole = { .name = "", .data = (const char *)data, .length = size };
	const struct value *json = model_reading_json(&read.reading, &whole);
	if (json != NULL)
		protocol->read_answer(&read.reading, json);
	check_reading(&read);

	for (int status = 400; status < 600; status += 29) {
		struct model_fault fault = model_fault_of_status(pool, status, (const char *)data,
								 size);
		if (fault.error == MODEL_ERROR_NONE || fault.message == NULL)
			abort();
	}
	pool_free(pool);
	return 0;
}

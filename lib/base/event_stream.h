/* Server-sent events: reads the format text/event-stream of the HTML standard (WHATWG, section 9.2.6)
 * from bytes that come in pieces cut anywhere.
 *
 * Lines end with CR, LF or CRLF; a byte order mark at the beginning is skipped; comments and the fields
 * `id` and `retry`, which are for reconnecting, are read over. Bytes are handed on as they came:
 * whoever reads the data decides what to do with bytes that are no UTF-8. */
#pragma once
#include "base/memory.h"

struct event {
	const char *name; /* of the field `event`; "" where there is none, which means "message" */
	const char *data; /* the data lines with LF between; NUL-terminated, may hold NUL */
	size_t length;
};

/* Where events go. The event lives only as long as the call; false: read no further. */
struct event_sink {
	void *context;
	bool (*event)(void *context, const struct event *event);
};

enum event_stream_state {
	EVENT_STREAM_READING,
	EVENT_STREAM_STOPPED, /* the sink wants no more */
	EVENT_STREAM_TOO_LONG /* a line or an event was longer than allowed */
};

struct event_stream;

/* A reader of one stream, in `pool`. Neither a line nor the data of one event may be longer than
 * `bytes_max`; it never holds more than four times that. */
struct event_stream *event_stream_new(struct pool *pool, size_t bytes_max,
				      const struct event_sink *sink);

/* The next bytes. Once it is not READING, everything more is ignored. What stands at the end of a
 * stream without an empty line after it is no event, as the standard says. */
enum event_stream_state event_stream_feed(struct event_stream *stream, const char *bytes,
					  size_t length);

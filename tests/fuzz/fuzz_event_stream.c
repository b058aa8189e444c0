/* Server-sent events: any bytes, cut anywhere, give the same events. */
#include "base/event_stream.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 200, EVENTS_MAX = 50 };

struct seen {
	struct buffer text;
	int events;
};

static bool see(void *context, const struct event *event)
{
	struct seen *seen = context;
	if (event->length > BYTES_MAX || event->data[event->length] != '\0')
		abort();
	buffer_puts(&seen->text, event->name);
	buffer_byte(&seen->text, '=');
	buffer_add(&seen->text, event->data, event->length);
	buffer_byte(&seen->text, '\0');
	return ++seen->events < EVENTS_MAX;
}

static enum event_stream_state read_all(struct pool *pool, const uint8_t *data, size_t size,
					size_t step, struct seen *seen)
{
	*seen = (struct seen){ .text = buffer_new(pool, 64) };
	const struct event_sink sink = { .context = seen, .event = see };
	struct event_stream *stream = event_stream_new(pool, BYTES_MAX, &sink);
	enum event_stream_state state = EVENT_STREAM_READING;
	for (size_t i = 0; i < size; i += step) {
		size_t length = size - i < step ? size - i : step;
		/* Exactly as long, so that AddressSanitizer sees a read past its end. */
		char *piece = malloc(length);
		if (piece == NULL)
			abort();
		memcpy(piece, data + i, length);
		state = event_stream_feed(stream, piece, length);
		free(piece);
	}
	return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 2, 3, 7, 64 };
	struct pool *pool = pool_new(NULL);
	struct seen whole, parts;
	enum event_stream_state end = read_all(pool, data, size, size > 0 ? size : 1, &whole);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (read_all(pool, data, size, steps[i], &parts) != end ||
		    parts.text.length != whole.text.length ||
		    memcmp(parts.text.bytes, whole.text.bytes, whole.text.length) != 0)
			abort();
	}
	pool_free(pool);
	return 0;
}

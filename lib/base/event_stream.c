#include "base/event_stream.h"
#include "base/text.h"
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct event_stream {
	struct event_sink sink;
	size_t bytes_max;
	enum event_stream_state state;
	bool is_begun;       /* the first line is over, and with it the place for a mark */
	bool follows_return; /* the last byte was CR: an LF now belongs to it */
	bool has_data;       /* a data field came, even an empty one */
	struct buffer line, data;
	char name[NAME_MAX_BYTES];
};

struct event_stream *event_stream_new(struct pool *pool, size_t bytes_max,
				      const struct event_sink *sink)
{
	struct event_stream *stream = pool_zalloc(pool, sizeof *stream);
	stream->sink = *sink;
	stream->bytes_max = bytes_max;
	stream->line = buffer_new(pool, 512);
	stream->data = buffer_new(pool, 512);
	return stream;
}

static void add_data(struct event_stream *stream, const char *value, size_t length)
{
	if (stream->data.length + length + 1 > stream->bytes_max) {
		stream->state = EVENT_STREAM_TOO_LONG;
		return;
	}
	if (stream->has_data)
		buffer_byte(&stream->data, '\n');
	buffer_add(&stream->data, value, length);
	stream->has_data = true;
}

/* A longer name is none that anybody knows. */
static void set_name(struct event_stream *stream, const char *value, size_t length)
{
	if (length >= sizeof stream->name)
		length = sizeof stream->name - 1;
	memcpy(stream->name, value, length);
	stream->name[length] = '\0';
}

static void dispatch(struct event_stream *stream)
{
	const struct event event = { .name = stream->name,
				     .data = stream->data.bytes,
				     .length = stream->data.length };
	if (stream->has_data && !stream->sink.event(stream->sink.context, &event))
		stream->state = EVENT_STREAM_STOPPED;
	buffer_clear(&stream->data);
	stream->name[0] = '\0';
	stream->has_data = false;
}

static bool is_field(const char *line, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(line, name, length) == 0;
}

static void read_field(struct event_stream *stream, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t name = colon != NULL ? (size_t)(colon - line) : length;
	const char *value = colon != NULL ? colon + 1 : line + length;
	size_t value_length = length - (size_t)(value - line);
	if (value_length > 0 && *value == ' ') {
		value++;
		value_length--;
	}
	if (is_field(line, name, "data"))
		add_data(stream, value, value_length);
	else if (is_field(line, name, "event"))
		set_name(stream, value, value_length);
}

static void end_line(struct event_stream *stream)
{
	const char *line = stream->line.bytes;
	size_t length = stream->line.length;
	if (!stream->is_begun && length >= 3 && memcmp(line, byte_order_mark, 3) == 0) {
		line += 3;
		length -= 3;
	}
	stream->is_begun = true;
	if (length == 0)
		dispatch(stream);
	else if (*line != ':') /* else a comment */
		read_field(stream, line, length);
	buffer_clear(&stream->line);
}

static size_t plain_run(const char *bytes, size_t length)
{
	size_t run = 0;
	while (run < length && bytes[run] != '\n' && bytes[run] != '\r')
		run++;
	return run;
}

static void add_to_line(struct event_stream *stream, const char *bytes, size_t length)
{
	if (stream->line.length + length > stream->bytes_max)
		stream->state = EVENT_STREAM_TOO_LONG;
	else
		buffer_add(&stream->line, bytes, length);
}

enum event_stream_state event_stream_feed(struct event_stream *stream, const char *bytes,
					  size_t length)
{
	for (size_t i = 0; i < length && stream->state == EVENT_STREAM_READING;) {
		bool is_rest_of_end = stream->follows_return && bytes[i] == '\n';
		stream->follows_return = false;
		if (is_rest_of_end) {
			i++;
			continue;
		}
		size_t run = plain_run(bytes + i, length - i);
		add_to_line(stream, bytes + i, run);
		i += run;
		if (i == length || stream->state != EVENT_STREAM_READING)
			break;
		stream->follows_return = bytes[i++] == '\r';
		end_line(stream);
	}
	return stream->state;
}

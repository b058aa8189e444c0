/* Server-sent events: the same events however the bytes are cut. */
#include "base/event_stream.h"
#include "harness.h"
#include <stdio.h>

struct seen {
	struct buffer text; /* "name=data|" of each event */
	int left;           /* how many are wanted */
};

static bool see(void *context, const struct event *event)
{
	struct seen *seen = context;
	buffer_printf(&seen->text, "%s=", event->name);
	buffer_add(&seen->text, event->data, event->length);
	buffer_byte(&seen->text, '|');
	assert_int_equal(event->data[event->length], '\0');
	return --seen->left > 0;
}

/* The events of a stream in pieces of `step` bytes, and what state it ends in. */
static const char *read_in_steps(struct pool *pool, const char *bytes, size_t length, size_t step,
				 size_t most, int wanted, enum event_stream_state *state)
{
	struct seen seen = { .text = buffer_new(pool, 64), .left = wanted };
	const struct event_sink sink = { .context = &seen, .event = see };
	struct event_stream *stream = event_stream_new(pool, most, &sink);
	*state = EVENT_STREAM_READING;
	for (size_t i = 0; i < length; i += step)
		*state = event_stream_feed(stream, bytes + i,
					   length - i < step ? length - i : step);
	return seen.text.bytes;
}

static void expect(struct pool *pool, const char *bytes, size_t length, const char *events)
{
	for (size_t step = 1; step <= length; step++) {
		enum event_stream_state state;
		const char *found = read_in_steps(pool, bytes, length, step, 100, 100, &state);
		assert_string_equal(found, events);
		assert_int_equal(state, EVENT_STREAM_READING);
	}
}

#define EXPECT(bytes, events) expect(*state, bytes, sizeof(bytes) - 1, events)

static void test_lines_end_in_three_ways(void **state)
{
	EXPECT("data: a\n\ndata: b\n\n", "=a|=b|");
	EXPECT("data: a\r\n\r\ndata: b\r\n\r\n", "=a|=b|");
	EXPECT("data: a\r\rdata: b\r\r", "=a|=b|");
	EXPECT("data: a\r\n\ndata: b\n\r\n", "=a|=b|");
	EXPECT("data: a\r\r\ndata: b\n\r", "=a|=b|");
}

static void test_data_of_several_lines(void **state)
{
	EXPECT("data: a\ndata\ndata:\ndata:  b\n\n", "=a\n\n\n b|");
	EXPECT("data\n\n", "=|");
	EXPECT("data:a\ndata: b:c\n\n", "=a\nb:c|");
}

static void test_names_are_of_one_event(void **state)
{
	EXPECT("event: x\ndata: a\n\ndata: b\n\n", "x=a|=b|");
	EXPECT("event: x\n\ndata: b\n\n", "=b|");
	EXPECT("event: x\nevent: y\ndata: b\n\n", "y=b|");
	EXPECT("event:  x\ndata: b\n\n", " x=b|");
}

static void test_what_is_read_over(void **state)
{
	EXPECT(": comment\n:\n\ndata: a\n: more\n\n", "=a|");
	EXPECT("id: 1\nretry: 5\nDATA: x\n data: x\nunknown\ndata : x\ndata: a\n\n", "=a|");
	EXPECT("\xef\xbb\xbf"
	       "data: a\n\n\xef\xbb\xbf"
	       "data: b\n\n",
	       "=a|");
	EXPECT("\n\n\r\n\r\r", "");
	EXPECT("data: unfinished\n", "");
	EXPECT("data: unfinished", "");
}

static void test_bytes_stay_as_they_are(void **state)
{
	EXPECT("data: \xff\xc3\n\n", "=\xff\xc3|");
	enum event_stream_state end;
	const char *found = read_in_steps(*state, "data: a\0b\n\n", 11, 3, 100, 9, &end);
	assert_memory_equal(found, "=a\0b|", 6);
}

static void test_nothing_grows_without_end(void **state)
{
	enum event_stream_state end;
	for (size_t step = 1; step < 20; step += 3) {
		read_in_steps(*state, "data: 0123456789abcdef", 22, step, 20, 9, &end);
		assert_int_equal(end, EVENT_STREAM_TOO_LONG);
		read_in_steps(*state, "data: 01234567\ndata: 0123456789\n", 32, step, 20, 9, &end);
		assert_int_equal(end, EVENT_STREAM_READING);
		read_in_steps(*state, "data: 01234567\ndata: 0123456789ab\n", 34, step, 20, 9,
			      &end);
		assert_int_equal(end, EVENT_STREAM_TOO_LONG);
		const char *found = read_in_steps(*state,
						  "data: a\n\n: 0123456789abcdefghijk\ndata: b\n\n",
						  42, step, 20, 9, &end);
		assert_int_equal(end, EVENT_STREAM_TOO_LONG);
		assert_string_equal(found, "=a|");
	}
	char name[200] = "event: ";
	memset(name + 7, 'n', 90);
	strcpy(name + 97, "\ndata: a\n\n");
	const char *found = read_in_steps(*state, name, strlen(name), 7, 100, 9, &end);
	assert_int_equal(strlen(found), 63 + 3);
}

static void test_a_sink_that_wants_no_more(void **state)
{
	enum event_stream_state end;
	for (size_t step = 1; step < 27; step++) {
		const char *found = read_in_steps(*state, "data: a\n\ndata: b\n\ndata: c\n\n", 27,
						  step, 100, 2, &end);
		assert_string_equal(found, "=a|=b|");
		assert_int_equal(end, EVENT_STREAM_STOPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines_end_in_three_ways),   TEST(test_data_of_several_lines),
		TEST(test_names_are_of_one_event),    TEST(test_what_is_read_over),
		TEST(test_bytes_stay_as_they_are),    TEST(test_nothing_grows_without_end),
		TEST(test_a_sink_that_wants_no_more),
	};
	return cmocka_run_group_tests_name("event_stream", tests, NULL, NULL);
}

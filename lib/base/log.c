#include "base/log.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Longest line: what POSIX promises to write to a pipe in one piece (PIPE_BUF on Linux), so that
 * lines of several processes do not mix. */
enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 1024 };

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t length;
};

static enum log_level lowest = LOG_LEVEL_INFO;
static int output = STDERR_FILENO;
static _Thread_local char request[40];

static const char *const level_names[] = { "debug", "info", "warning", "error" };

void log_set_level(enum log_level level)
{
	lowest = level;
}

bool log_is_written(enum log_level level)
{
	return level >= lowest;
}

void log_set_file_descriptor(int file_descriptor)
{
	output = file_descriptor;
}

void log_set_request_id(const char *request_id)
{
	snprintf(request, sizeof request, "%s", request_id != NULL ? request_id : "");
}

static void add(struct line *line, const char *bytes, size_t length)
{
	size_t room = sizeof line->bytes - 1 - line->length; /* the last byte is the line's end */
	if (length > room)
		length = room;
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

static bool needs_quotes(const char *value)
{
	return *value == '\0' || strpbrk(value, " \"\\=") != NULL;
}

static void add_escaped(struct line *line, const char *value)
{
	size_t start = line->length;
	for (const char *c = value; *c != '\0' && line->length - start < VALUE_MAX_BYTES; c++) {
		unsigned char byte = (unsigned char)*c;
		char hex[5];
		if (byte == '"' || byte == '\\') {
			add(line, "\\", 1);
			add(line, c, 1);
		} else if (byte < 0x20 || byte >= 0x7f) {
			add(line, hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x", byte));
		} else {
			add(line, c, 1);
		}
	}
}

static void add_pair(struct line *line, const char *key, const char *value)
{
	if (value == NULL)
		value = "-";
	const char *quote = needs_quotes(value) ? "\"" : "";
	add(line, " ", 1);
	add(line, key, strlen(key));
	add(line, "=", 1);
	add(line, quote, strlen(quote));
	add_escaped(line, value);
	add(line, quote, strlen(quote));
}

void log_event(enum log_level level, const char *event, ...)
{
	if (level < lowest)
		return;
	struct line line = { .length = 0 };
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	line.length = strftime(line.bytes, 32, "%Y-%m-%dT%H:%M:%SZ ", &utc);
	add(&line, level_names[level], strlen(level_names[level]));
	add(&line, " ", 1);
	add(&line, event, strlen(event));
	if (request[0] != '\0')
		add_pair(&line, "request", request);

	va_list pairs;
	va_start(pairs, event);
	for (const char *key = va_arg(pairs, const char *); key != NULL;
	     key = va_arg(pairs, const char *))
		add_pair(&line, key, va_arg(pairs, const char *));
	va_end(pairs);

	line.bytes[line.length++] = '\n';
	/* Nothing can be done when the log itself cannot be written. */
	ssize_t written = write(output, line.bytes, line.length);
	(void)written;
}

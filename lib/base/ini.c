#include "base/ini.h"
#include <ini.h>
#include <string.h>

enum { LINE_MAX_BYTES = 16 << 10 };

struct progress {
	const struct ini_reader *reader;
	const char *at; /* what is still to be read */
	int line;
};

/* inih asks for one line after the other; counting them here gives every message its line. */
static char *next_line(char *line, int size, void *stream)
{
	struct progress *progress = stream;
	if (*progress->at == '\0')
		return NULL;
	size_t length = strcspn(progress->at, "\n"), whole = length;
	bool ends = progress->at[length] == '\n';
	progress->line++;
	if (length + 2 > (size_t)size) {
		progress->reader->complain(progress->reader->user, progress->line,
					   "the line is too long");
		length = (size_t)size - 2;
	}
	memcpy(line, progress->at, length);
	line[length] = '\n';
	line[length + 1] = '\0';
	progress->at += whole + (ends ? 1 : 0);
	return line;
}

static int take_pair(void *user, const char *section, const char *key, const char *value)
{
	const struct progress *progress = user;
	progress->reader->take(
		progress->reader->user,
		&(struct ini_pair){
			.section = section, .key = key, .value = value, .line = progress->line });
	return 1;
}

void ini_read(const char *bytes, size_t length, const struct ini_reader *reader)
{
	struct progress progress = { .reader = reader, .at = bytes };
	if (strlen(bytes) != length || !text_is_utf8(bytes, length)) {
		reader->complain(reader->user, 0, "is not a text file in UTF-8");
		return;
	}
	/* inih's defaults would cut a secret at " ;" and at 200 bytes. */
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_max_line = LINE_MAX_BYTES;
	ini_initial_alloc = LINE_MAX_BYTES;
	ini_use_stack = false;
	int line = ini_parse_stream(next_line, &progress, take_pair, &progress);
	if (line > 0)
		reader->complain(reader->user, line,
				 "expected [section], key = value, or a comment");
}

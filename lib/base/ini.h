/* INI files: sections, keys, values, each with the line it stands on. Reading is inih's work. */
#pragma once
#include "base/text.h"

struct ini_pair {
	const char *section;
	const char *key;
	const char *value;
	int line;
};

struct ini_reader {
	/* Take one pair; its texts live only as long as the call. */
	void (*take)(void *user, const struct ini_pair *pair);
	/* Say what is wrong with a line. */
	void (*complain)(void *user, int line, const char *reason);
	void *user;
};

/* Read text: "key = value" lines below "[section]" lines; comments begin with '#' or ';' and have a
 * line of their own. Bytes that are no UTF-8 text, or a line over 16 KiB, are complained about. Not
 * for two threads at once. */
void ini_read(const char *bytes, size_t length, const struct ini_reader *reader);

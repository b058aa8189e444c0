/* The beginning of a longer text as one line: for titles and previews. */
#pragma once
#include "base/text.h"

/* A summary that is being written. Only for the functions below. */
struct summary {
	struct buffer *out;
	size_t begin;       /* of the summary in `out` */
	size_t last_length; /* of `out` before its last character, where an ellipsis would go */
	size_t left;        /* code points that may still be written */
	bool is_cut, wants_space;
};

/* Begin a summary of at most `characters` code points at the end of `out`. */
struct summary summary_begin(struct buffer *out, size_t characters);

/* Add UTF-8 text. White space and control characters of any length count as one space, at both
 * ends of the summary as none. False when the summary is full. */
bool summary_add(struct summary *summary, const char *text, size_t length);

/* If anything did not fit, the last character becomes an ellipsis. */
void summary_end(struct summary *summary);

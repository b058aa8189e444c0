/* Markdown that is still being written: which part of it is final, and how the rest can be shown.
 *
 * A growing answer is shown as finished blocks, rendered once and never touched again, and a rest
 * that is rendered anew whenever it has grown:
 *
 *	struct markdown_progress progress = { 0 };
 *	size_t settled = markdown_settle(&progress, text, length);
 *	markdown_render(&final, text + shown, settled - shown, shift);          (append)
 *	markdown_render_growing(&rest, text + settled, length - settled, shift); (replace)
 */
#pragma once
#include "base/text.h"

/* Where the reading of a growing text stands. Zeroes to begin with; private to markdown_stream.c. */
struct markdown_progress {
	size_t settled;
	size_t line;         /* where the first line begins that is not complete */
	size_t searched;     /* up to there it has no end */
	int block;           /* what the text is in at that line */
	char fence;          /* of the block of code it is in */
	size_t fence_run;    /* how many of them */
	size_t lines;        /* of a paragraph, so far */
	size_t outer, inner; /* columns where the text of list items begins; 0: not certain */
	bool is_table;
	bool is_after_blank;
	bool is_lazy; /* a line in a list or quote that may be outside of it */
	bool is_stuck;
	bool has_bracket, has_label, has_backtick; /* an open '[', text behind it, an open '`' */
	bool had_pipe;                             /* in the line before */
	bool had_fence; /* in the list or quote, and it is not certain that it was closed */
};

/* The length of the longest prefix of this text that is known to be final: it ends between two
 * top-level blocks, and whatever follows, the HTML of the whole is the HTML of the prefix and
 * then the HTML of the rest. Each call gives the same text, longer; the total work is in
 * proportion to its length. Never less than the call before.
 *
 * Brackets that are not a complete link, "[1]", keep their block and what follows from being
 * final, because a definition "[1]: /there" may still come. Where it is not certain how md4c
 * reads a text, it is not final either.
 *
 * Texts that markdown_render shows as they are (longer than MARKDOWN_LENGTH_MAX, or out of
 * proportion) are not considered: the caller looks at the length of the whole. */
size_t markdown_settle(struct markdown_progress *progress, const char *text, size_t length);

/* The same in one call, for a text that is read once. */
size_t markdown_settled(const char *text, size_t length);

/* Append the HTML of a text whose end is missing, as it will probably look: emphasis, code and
 * tables that are open are closed, a link without its end is its text, and marks of which nothing
 * can be said yet ("-", "``", "&am") are left out. Safe as markdown_render is. */
void markdown_render_growing(struct buffer *out, const char *text, size_t length,
			     unsigned heading_shift);

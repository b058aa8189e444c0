/* Lines of Markdown, by what they begin with (CommonMark 0.31.2, section 4 and 5). For
 * markdown_stream.c and markdown_growing.c only: they must know blocks before md4c does. */
#pragma once
#include "base/text.h"

enum line_kind {
	LINE_BLANK,
	LINE_INDENTED, /* by four columns or more: code, or the next line of a paragraph */
	LINE_FENCE,
	LINE_HEADING,
	LINE_BREAK,
	LINE_QUOTE,
	LINE_ITEM,
	LINE_TEXT,
};

struct markdown_line {
	const char *text; /* the whole line, without its end */
	size_t length;
	size_t indent;     /* columns; tabs stop at every fourth */
	const char *begin; /* behind the indent */
	size_t rest;       /* bytes from there */
	enum line_kind kind;
};

/* An item's marker, "-" or "12)". */
struct markdown_marker {
	size_t content;     /* column where its text begins; 0 when that is not certain */
	size_t bytes;       /* of the line before its text */
	bool is_empty;      /* nothing follows */
	bool may_interrupt; /* a paragraph: a bullet or number 1, with text */
};

/* The line of `length` bytes, without its end. */
struct markdown_line markdown_line_read(const char *text, size_t length);

/* Of a LINE_ITEM. */
struct markdown_marker markdown_line_marker(const struct markdown_line *line);

/* How many bytes the line begins with of this kind, after its indent. */
size_t markdown_line_run(const struct markdown_line *line, char byte);

/* Whether the line is an underline that makes a heading of the paragraph before it. */
bool markdown_line_is_underline(const struct markdown_line *line);

enum line_table { TABLE_NO, TABLE_PERHAPS, TABLE_YES };

/* Whether the line is the second of a table, "| --- | :-: |". Perhaps: md4c 0.4.8 wants three
 * dashes in a cell, which later versions do not. */
enum line_table markdown_line_table(const struct markdown_line *line);

/* Whether the line closes a block of code that began with `count` times `fence`. */
bool markdown_line_closes(const struct markdown_line *line, char fence, size_t count);

/* The end of the line that begins at `from`: where its "\n", "\r\n" or "\r" is, or `length`. */
size_t markdown_line_end(const char *text, size_t from, size_t length);

/* Bytes of the line's end at `end`. */
size_t markdown_line_break(const char *text, size_t end, size_t length);

/* Finding the tags in the text of a template. For template_compile.c only. */
#pragma once
#include "web/template_private.h"

struct tag {
	char kind;            /* the character after the opening delimiter; 'v' for {{name}} */
	struct slice content; /* without the kind and the white space around */
	size_t start, end;    /* in the source */
	unsigned line;
	bool blank_before; /* nothing but blanks between the line's begin and the tag */
	bool blank_after;  /* nothing but blanks between the tag and the line's end */
	size_t next_line;  /* where the next line begins, if blank_after */
};

struct scanner {
	const char *source;
	size_t length;
	struct slice open, close; /* delimiters, which {{=<% %>=}} changes */
	unsigned line;
	size_t counted; /* `line` is that of this place */
};

struct scanner template_scan(struct slice source);

/* Where the next tag begins, or the end of the source. */
size_t template_scan_next(const struct scanner *scanner, size_t from);

/* Read the tag that begins at `start`. False when it is never closed; its line is set then, too. */
bool template_scan_tag(struct scanner *scanner, size_t start, struct tag *tag);

/* The indentation of the first line from `at` on that has something on it. */
struct slice template_scan_indentation(const struct scanner *scanner, size_t at);

bool slice_is_blank(char c); /* a space or a tab */
bool slice_is_space(char c); /* or a line break */
struct slice slice_trim(struct slice slice);
bool slice_equal(struct slice left, struct slice right);

/* Markdown to HTML that is safe to show, whoever wrote the Markdown.
 *
 * CommonMark 0.31.2 as md4c parses it, with tables, strikethrough, task lists and bare links.
 * Nothing in the text can become markup of its own choosing:
 * - raw HTML is shown as text;
 * - a link may go to http, https, mailto or a path of this site (one leading '/', then neither '/'
 *   nor '\'); any other link becomes its text. Links that leave the site (http, https) get
 *   rel="nofollow noopener noreferrer";
 * - an image becomes a link to the picture, so that reading a page asks no third party for
 *   anything; the link's text is the alternative text. Only http and https;
 * - the only attributes are: href, title and rel of a; data-language of pre, which the style sheet
 *   shows; class of code ("language-…"), of table, th, td and li; start of ol; type, disabled,
 *   checked and aria-label of a task's check box. No id, no style, no event handler.
 * docs/MARKDOWN.md lists every example of the specification that comes out differently, and why.
 *
 * Hostile text costs time and space in proportion to its length: elements are nested 100 deep at
 * most (what is deeper loses its markup), and when the HTML would grow out of proportion, or the
 * text is longer than MARKDOWN_LENGTH_MAX, it is shown as it is, in a pre element. */
#pragma once
#include "base/text.h"

enum {
	MARKDOWN_LENGTH_MAX = 128 * 1024, /* md4c 0.4.8 needs up to 0.2 s for it, 9 s for 1 MB */
	MARKDOWN_HEADING_SHIFT = 2        /* for a page whose own headings are h1 and h2 */
};

/* Append the HTML of `length` bytes of UTF-8 to `out`. A heading of level n becomes
 * h(n + heading_shift), at most h6. */
void markdown_render(struct buffer *out, const char *text, size_t length, unsigned heading_shift);

/* Append the text without its markup, for titles and previews: one line of plain text (not HTML)
 * of at most `characters` code points; if it was longer, the last one is an ellipsis. */
void markdown_to_text(struct buffer *out, const char *text, size_t length, size_t characters);

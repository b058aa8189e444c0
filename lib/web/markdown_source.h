/* Text as md4c 0.4.8 can read it without going astray. For markdown.c only. */
#pragma once
#include "base/text.h"

/* A copy of the text for md_parse, and its length.
 *
 * - md4c looks at up to two bytes behind the end (md_is_inline_link_spec): something that means
 *   nothing follows there.
 * - Where an empty line follows in a list, md4c takes the position of the line before it for the
 *   type of a block, and when its lowest byte is that of an item, the rest falls out of the item
 *   (md_analyze_line, "two blank lines"). Empty lines go before the text so that no line stands
 *   there; a text with so many lines that each place is taken stays as it is. */
const char *markdown_source(struct pool *pool, const char *text, size_t *length);

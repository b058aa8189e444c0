/* Where links in Markdown may go. For markdown.c only. */
#pragma once
#include "base/text.h"

/* An allow-rule, on the target as the browser will see it, after entities are decoded: http and
 * https; and for links also mailto and a path of this site. */
bool markdown_link_is_allowed(const char *target, bool is_image);

bool markdown_link_leaves_the_site(const char *target);

/* Append the target for use in an attribute. What a URL may not hold is percent-encoded, control
 * bytes and spaces too, so that a browser has none to strip; what is encoded already stays
 * (RFC 3986). */
void markdown_link_write(struct buffer *out, const struct buffer *target);

/* The character references of HTML (HTML, section 13.5), for Markdown. */
#pragma once
#include <stddef.h>

enum { ENTITY_BYTES_MAX = 8 };

/* Decode one reference, from '&' to ';' ("&amp;", "&#65;", "&#x41;"), to UTF-8. Returns its length;
 * 0 when there is no such reference. A number that is no character (0, a surrogate, above
 * U+10FFFF) becomes U+FFFD, as CommonMark 0.31.2, section 2.5, says. */
size_t entity_decode(const char *reference, size_t length, char utf8[static ENTITY_BYTES_MAX]);

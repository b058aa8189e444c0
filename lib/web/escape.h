/* Escaping: one function for each place that text of unknown origin can go.
 *
 * Each appends to `out` and cannot fail. Use the one that is named after the place; none is
 * right for two places by accident. Inside a JSON text or a script element: base/json.h. */
#pragma once
#include "base/text.h"

/* Between tags, or inside a quoted attribute: & < > " ' become character references, and NUL
 * becomes U+FFFD, which is what a browser would make of it (HTML, section 13.2.5). */
void escape_html(struct buffer *out, const char *bytes, size_t length);

/* Inside an attribute in double or single quotes whose value must arrive byte for byte: as
 * escape_html, and tab and line breaks are kept from being normalised. */
void escape_attribute(struct buffer *out, const char *bytes, size_t length);

/* One component of a URL (a query value, one path segment): everything but the unreserved
 * characters is percent-encoded (RFC 3986, section 2.3). */
void escape_url(struct buffer *out, const char *bytes, size_t length);

/* A whole path of a URL: as escape_url, but '/' stays. */
void escape_url_path(struct buffer *out, const char *bytes, size_t length);

/* The value of a header of HTTP or mail: each control byte (CR, LF, NUL …) becomes a space, so
 * that a value cannot end its header and begin another. */
void escape_header(struct buffer *out, const char *bytes, size_t length);

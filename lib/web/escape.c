#include "web/escape.h"
#include <string.h>

/* What a byte is replaced with; NULL: it stays. */
typedef const char *const replacements[256];

static replacements in_html = {
	['\0'] = "\xef\xbf\xbd", ['&'] = "&amp;",  ['<'] = "&lt;",
	['>'] = "&gt;",          ['"'] = "&quot;", ['\''] = "&#39;",
};

static replacements in_attribute = {
	['\0'] = "\xef\xbf\xbd", ['&'] = "&amp;",  ['<'] = "&lt;",
	['>'] = "&gt;",          ['"'] = "&quot;", ['\''] = "&#39;",
	['\t'] = "&#9;",         ['\n'] = "&#10;", ['\r'] = "&#13;",
};

static void replace(struct buffer *out, const char *bytes, size_t length, replacements with)
{
	size_t run = 0;
	for (size_t i = 0; i < length; i++) {
		const char *replacement = with[(unsigned char)bytes[i]];
		if (replacement == NULL)
			continue;
		buffer_add(out, bytes + run, i - run);
		buffer_add(out, replacement, strlen(replacement));
		run = i + 1;
	}
	buffer_add(out, bytes + run, length - run);
}

void escape_html(struct buffer *out, const char *bytes, size_t length)
{
	replace(out, bytes, length, in_html);
}

void escape_attribute(struct buffer *out, const char *bytes, size_t length)
{
	replace(out, bytes, length, in_attribute);
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void percent_encode(struct buffer *out, const char *bytes, size_t length, char also_kept)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t run = 0;
	for (size_t i = 0; i < length; i++) {
		if (is_unreserved(bytes[i]) || bytes[i] == also_kept)
			continue;
		unsigned char byte = (unsigned char)bytes[i];
		buffer_add(out, bytes + run, i - run);
		buffer_add(out, (char[]){ '%', digits[byte >> 4], digits[byte & 15] }, 3);
		run = i + 1;
	}
	buffer_add(out, bytes + run, length - run);
}

void escape_url(struct buffer *out, const char *bytes, size_t length)
{
	percent_encode(out, bytes, length, '-');
}

void escape_url_path(struct buffer *out, const char *bytes, size_t length)
{
	percent_encode(out, bytes, length, '/');
}

void escape_header(struct buffer *out, const char *bytes, size_t length)
{
	size_t run = 0;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte >= 0x20 && byte != 0x7f)
			continue;
		buffer_add(out, bytes + run, i - run);
		buffer_byte(out, ' ');
		run = i + 1;
	}
	buffer_add(out, bytes + run, length - run);
}

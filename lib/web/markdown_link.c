#include "web/markdown_link.h"
#include "web/escape.h"
#include <string.h>
#include <strings.h>

static bool begins_with(const char *text, const char *scheme)
{
	return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

bool markdown_link_leaves_the_site(const char *target)
{
	return begins_with(target, "http://") || begins_with(target, "https://");
}

bool markdown_link_is_allowed(const char *target, bool is_image)
{
	if (markdown_link_leaves_the_site(target))
		return true;
	if (is_image)
		return false;
	if (begins_with(target, "mailto:"))
		return true;
	return target[0] == '/' && target[1] != '/' && target[1] != '\\';
}

void markdown_link_write(struct buffer *out, const struct buffer *target)
{
	static const char kept[] = "-._~:/?#@!$()*+,;=%";
	for (size_t i = 0; i < target->length; i++) {
		char c = target->bytes[i];
		if (c == '&')
			buffer_puts(out, "&amp;");
		else if (c != '\0' && strchr(kept, c) != NULL)
			buffer_byte(out, c);
		else
			escape_url(out, &c, 1);
	}
}

#include "web/cookie.h"
#include "base/text.h"
#include <string.h>

const char *cookie_find(struct pool *pool, const char *header, const char *name)
{
	if (header == NULL)
		return NULL;
	size_t name_length = strlen(name);
	for (const char *at = header; *at != '\0';) {
		at += strspn(at, " \t;");
		size_t length = strcspn(at, ";");
		if (length > name_length && at[name_length] == '=' &&
		    strncmp(at, name, name_length) == 0) {
			const char *value = at + name_length + 1;
			return text_trim(pool, pool_strndup(pool, value, length - name_length - 1));
		}
		at += length;
	}
	return NULL;
}

const char *cookie_format(struct pool *pool, const struct cookie *cookie)
{
	struct buffer out = buffer_new(pool, 160);
	buffer_printf(&out, "%s=%s; Path=%s", cookie->name, cookie->value, cookie->path);
	if (!text_is_empty(cookie->domain))
		buffer_printf(&out, "; Domain=%s", cookie->domain);
	if (cookie->max_age_seconds >= 0)
		buffer_printf(&out, "; Max-Age=%lld", (long long)cookie->max_age_seconds);
	buffer_printf(&out, "; SameSite=%s", cookie->same_site);
	if (cookie->http_only)
		buffer_puts(&out, "; HttpOnly");
	if (cookie->secure)
		buffer_puts(&out, "; Secure");
	if (cookie->partitioned)
		buffer_puts(&out, "; Partitioned");
	return out.bytes;
}

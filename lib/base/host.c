#include "base/host.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* The length of a name or address at the beginning; 0: there is none. */
static size_t host_length(const char *text)
{
	if (*text != '[')
		return strspn(text, ALPHANUMERIC ".-_");
	size_t inside = strspn(text + 1, "0123456789abcdefABCDEF:.");
	return inside > 0 && text[inside + 1] == ']' ? inside + 2 : 0;
}

const char *host_of_url(struct pool *pool, const char *url)
{
	bool is_tls = strncasecmp(url, "https://", 8) == 0;
	if (!is_tls && strncasecmp(url, "http://", 7) != 0)
		return NULL;
	const char *host = strstr(url, "://") + 3;
	size_t length = host_length(host);
	const char *rest = host + length;
	int64_t port = is_tls ? 443 : 80;
	if (*rest == ':') {
		size_t digits = strspn(rest + 1, "0123456789");
		if (!text_to_integer(pool_strndup(pool, rest + 1, digits), 1, 65535, &port))
			return NULL;
		rest += 1 + digits;
	}
	if (length == 0 || (*rest != '\0' && *rest != '/') ||
	    rest[strspn(rest, ALPHANUMERIC "/.-_~:")] != '\0')
		return NULL;
	const char *name = pool_strndup(pool, host, length);
	return text_lower(pool, pool_printf(pool, "%s:%lld", name, (long long)port));
}

bool host_is_listed(const char *const *hosts, const char *host)
{
	const char *colon = strrchr(host, ':');
	size_t name = colon != NULL ? (size_t)(colon - host) : strlen(host);
	for (; hosts != NULL && *hosts != NULL; hosts++)
		if (text_equal_fold(*hosts, host) ||
		    (strlen(*hosts) == name && strncasecmp(*hosts, host, name) == 0))
			return true;
	return false;
}

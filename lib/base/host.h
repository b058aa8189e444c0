/* Hosts in URLs, and lists of them in the configuration. */
#pragma once
#include "base/memory.h"

/* The "host:port" of an http or https URL that is written plainly, in lower case: scheme, host (a name,
 * an IPv4 address, or an IPv6 one in brackets), perhaps a port, perhaps a path of unreserved
 * characters. NULL for anything else: a user, a query, a fragment, escapes. In `pool`. */
const char *host_of_url(struct pool *pool, const char *url);

/* Whether a list has this "host:port". Its items are "host", on every port, or "host:port", in any
 * case; it ends with NULL. A NULL list has nothing. */
bool host_is_listed(const char *const *hosts, const char *host);

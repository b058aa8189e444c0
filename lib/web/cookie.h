/* Cookies (RFC 6265, and 6265bis for SameSite, prefixes and Partitioned). */
#pragma once
#include "base/memory.h"

/* The value of the first cookie of that name in a Cookie header, or NULL. Browsers send the cookie
 * with the longest path first. */
const char *cookie_find(struct pool *pool, const char *header, const char *name);

struct cookie {
	const char *name;
	const char *value;
	const char *path;
	const char *domain;      /* "" or NULL: this host only */
	const char *same_site;   /* "Lax", "Strict", "None" */
	int64_t max_age_seconds; /* -1: until the browser closes; 0: delete it now */
	bool secure;
	bool http_only;
	bool partitioned; /* CHIPS: kept apart for each site that shows this one in a frame */
};

/* The value of a Set-Cookie header. */
const char *cookie_format(struct pool *pool, const struct cookie *cookie);

/* Names for the list of one's devices: browser and system, from the User-Agent header.
 *
 * What the header says is a claim and decides nothing. Names come from tables; of the header's own
 * bytes only a plain product name of a program is ever repeated (RFC 9110, section 10.1.5), so that
 * nobody can put words, links or markup into somebody's list. */
#pragma once
#include "base/memory.h"

/* Longest product name that is repeated, in bytes: of letters, digits, '-' and '_'. */
enum { DEVICE_PRODUCT_MAX_BYTES = 24 };

struct device_name {
	const char *browser; /* "Firefox", "curl", "a program (okhttp)", "an unknown browser" */
	const char *system;  /* "Windows", "iPhone"; NULL when it is not told */
};

/* Browser and system; `user_agent` may be NULL or anything. The texts live in `pool` or for ever.
 * Some cannot be told apart: Brave says it is Chrome, and an iPad usually that it is a Mac. */
struct device_name device_name(struct pool *pool, const char *user_agent);

/* Both in one text: "Firefox on Windows", "curl", "an unknown browser". Never NULL; plain ASCII. */
const char *device_text(struct pool *pool, const char *user_agent);

/* The browser's or program's major version, 1 to 9999; 0 when it is not told. */
int device_major_version(const char *user_agent);

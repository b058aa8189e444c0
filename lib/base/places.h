/* Places: where in the world an address is, from a MaxMind DB file (GeoLite2 City or Country, DB-IP
 * and others of the same shape).
 *
 * For showing people their own devices. It is a guess of whoever made the file, and decides nothing. */
#pragma once
#include "base/memory.h"

struct places;

/* Longest name of a city or country that is shown, in characters; the rest is cut off. */
enum { PLACE_NAME_MAX_CHARACTERS = 64 };

/* Open a file; it stays mapped into memory until `pool` is freed and is shared by all programs that
 * have it open, so a newer one must be put in its place by renaming, never written over it. NULL when
 * it is missing, damaged or no such file; then `*problem` is a sentence without a full stop. */
struct places *places_open(struct pool *pool, const char *path, const char **problem);

/* "Berlin, Germany", or "Germany" where the file does not know the city; in English, UTF-8 without
 * control characters. NULL: the address is not in the file, private, no IP address, or NULL; `places`
 * may be NULL too. IPv4 in IPv6 form (::ffff:192.0.2.1) is looked up as IPv4. Several threads may ask
 * at once. */
const char *places_find(const struct places *places, struct pool *pool, const char *address);

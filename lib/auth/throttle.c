#include "auth/throttle.h"
#include "base/crypto.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <string.h>

/* The address, or the first 64 bits of an IPv6 one; IPv4 mapped into IPv6 is IPv4. */
static const char *network_of(struct pool *pool, const char *address)
{
	struct in6_addr parsed;
	if (address == NULL || inet_pton(AF_INET6, address, &parsed) != 1)
		return address != NULL ? address : "unknown";
	const unsigned char *b = parsed.s6_addr;
	if (IN6_IS_ADDR_V4MAPPED(&parsed))
		return pool_printf(pool, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	return pool_printf(pool, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", b[0], b[1], b[2], b[3],
			   b[4], b[5], b[6], b[7]);
}

const char *throttle_bucket(struct pool *pool, const char *kind, const char *account,
			    const char *address)
{
	unsigned char digest[SHA256_BYTES];
	const char *folded = text_lower(pool, account);
	crypto_sha256(folded, strlen(folded), digest);
	return pool_printf(pool, "sign-in:%s:%s:%s", kind, crypto_hex(pool, digest, 16),
			   network_of(pool, address));
}

enum outcome throttle_count(const struct throttle *throttle, struct pool *pool, const char *bucket,
			    int64_t *retry_after_s)
{
	struct pg_rows *rows;
	const char *window = pool_printf(pool, "%lld", (long long)throttle->window_s);
	enum outcome outcome = pg_run(throttle->database, pool, STATEMENT_THROTTLE_COUNT,
				      (const char *const[]){ bucket, window }, 2, &rows);
	if (outcome != OK)
		return UNAVAILABLE;
	if (pg_integer(rows, 0, 0) <= throttle->limit)
		return OK;
	int64_t wait_s = pg_integer(rows, 0, 1);
	*retry_after_s = wait_s > 0 ? wait_s : 1;
	return TOO_MANY_ATTEMPTS;
}

void throttle_forgive(const struct throttle *throttle, struct pool *pool, const char *bucket)
{
	/* A failure here only makes the next lock come sooner. */
	pg_run(throttle->database, pool, STATEMENT_THROTTLE_FORGIVE,
	       (const char *const[]){ bucket }, 1, NULL);
}

void throttle_uncount(const struct throttle *throttle, struct pool *pool, const char *bucket)
{
	pg_run(throttle->database, pool, STATEMENT_THROTTLE_UNCOUNT,
	       (const char *const[]){ bucket }, 1, NULL);
}

#include "auth/throttle.h"
#include "base/json.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <string.h>

enum { PLAIN_ID_MAX = 64, NAME_HASH_BYTES = 16 };

const struct hmac_key *throttle_name_key(struct pool *pool, const char *secret)
{
	return crypto_hmac_keys_new(pool, "gatehouse.throttle.name", secret, NULL)[0];
}

static const char *hidden(const struct throttle *throttle, struct pool *pool, const char *text)
{
	unsigned char digest[SHA256_BYTES];
	crypto_hmac_sign(throttle->name_key, text, strlen(text), digest);
	return crypto_hex(pool, digest, NAME_HASH_BYTES);
}

/* An id that can stand in a bucket's name as it is. Anything a table may hold instead is hashed. */
static bool is_plain_id(const char *id)
{
	size_t length = strlen(id);
	return length > 0 && length <= PLAIN_ID_MAX &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
		       length;
}

const char *throttle_account(const struct throttle *throttle, struct pool *pool,
			     const char *user_id, const char *login)
{
	if (user_id == NULL)
		return pool_printf(pool, "name:%s",
				   hidden(throttle, pool, text_lower(pool, login)));
	return pool_printf(pool, "user:%s",
			   is_plain_id(user_id) ? user_id : hidden(throttle, pool, user_id));
}

const char *throttle_network(struct pool *pool, const char *address)
{
	unsigned char b[16];
	char text[INET6_ADDRSTRLEN];
	if (address == NULL)
		return NULL;
	if (inet_pton(AF_INET, address, b) == 1)
		return pool_strdup(pool, inet_ntop(AF_INET, b, text, sizeof text));
	if (inet_pton(AF_INET6, address, b) != 1)
		return NULL;
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)b))
		return pool_strdup(pool, inet_ntop(AF_INET, b + 12, text, sizeof text));
	memset(b + 8, 0, 8);
	return pool_printf(pool, "%s/64", inet_ntop(AF_INET6, b, text, sizeof text));
}

/* What a bucket does with an attempt. */
enum part {
	LOOKS,    /* only whether it is locked */
	COUNTS,   /* and is taken back after a success */
	FORGIVES, /* and a success empties it */
};

struct bucket {
	const char *kind;
	const char *account; /* "-": of any */
	const char *where;   /* address or device; "-": from any */
	const struct throttle_rule *rule;
	enum part part;
	bool grows;
};

/* The rules as gatehouse_throttle_count reads them (sql/postgresql/005_throttle.sql). */
static const char *write_rules(const struct throttle *throttle, struct pool *pool,
			       const struct bucket *buckets, size_t count)
{
	struct value *rules = value_array(pool);
	for (size_t i = 0; i < count; i++) {
		const struct bucket *bucket = &buckets[i];
		struct value *rule = value_object(pool);
		value_set_string(rule, "bucket",
				 pool_printf(pool, "%s %s %s", bucket->kind, bucket->account,
					     bucket->where));
		value_set_integer(rule, "most", bucket->rule->most);
		value_set_integer(rule, "window_s", bucket->rule->window_s);
		value_set_integer(rule, "longest_s",
				  bucket->grows ? throttle->longest_lock_s
						: bucket->rule->window_s);
		value_set_bool(rule, "grows", bucket->grows);
		value_set_bool(rule, "counts", bucket->part != LOOKS);
		value_set_bool(rule, "forgives", bucket->part == FORGIVES);
		value_append(rules, rule);
	}
	struct buffer out = buffer_new(pool, 1024);
	json_write(&out, rules);
	return out.bytes;
}

static enum outcome run_count(const struct throttle *throttle, struct pool *pool, const char *rules,
			      bool may_refuse, struct pg_rows **rows)
{
	enum outcome outcome = pg_run(throttle->database, pool, STATEMENT_THROTTLE_COUNT,
				      (const char *const[]){ rules, may_refuse ? "true" : "false" },
				      2, rows);
	return outcome == OK ? OK : UNAVAILABLE;
}

/* The longest wait of the buckets that refuse; 0: none does. */
static int64_t refused_for(const struct pg_rows *rows)
{
	int64_t longest_s = 0;
	for (size_t i = 0; i < pg_row_count(rows); i++)
		if (pg_bool(rows, i, 1) && pg_integer(rows, i, 2) > longest_s)
			longest_s = pg_integer(rows, i, 2);
	return longest_s;
}

/* A line for each lock that began, for people and for fail2ban. Never with what was typed. */
static void log_locks(struct pool *pool, const struct pg_rows *rows, const char *user_id,
		      const char *address)
{
	for (size_t i = 0; i < pg_row_count(rows); i++) {
		const char *bucket = pg_text(rows, i, 0);
		if (pg_integer(rows, i, 2) > 0)
			log_event(LOG_LEVEL_WARNING, "throttled", "kind",
				  pool_strndup(pool, bucket, strcspn(bucket, " ")), "user", user_id,
				  "address", address, "seconds", pg_text(rows, i, 2), NULL);
	}
}

static const char *network_or_unknown(struct pool *pool, const char *address)
{
	const char *network = throttle_network(pool, address);
	return network != NULL ? network : "unknown";
}

enum outcome throttle_begin(const struct throttle *throttle, struct pool *pool,
			    struct throttle_attempt *attempt)
{
	const char *account = throttle_account(throttle, pool, attempt->user_id, attempt->login);
	const char *network = network_or_unknown(pool, attempt->address);
	const struct bucket of_strangers[] = {
		{ "account_and_address", account, network, &throttle->account_and_address, FORGIVES,
		  true },
		{ "account", account, "-", &throttle->account, COUNTS, true },
		{ "address", "-", network, &throttle->address, LOOKS, true },
		{ "endpoint", "-", network, &throttle->endpoint, LOOKS, false },
		{ "success", account, "-", &throttle->success, LOOKS, false },
	};
	const struct bucket of_device[] = {
		{ "device", account, attempt->device, &throttle->account_and_address, FORGIVES,
		  true },
		{ "success", account, "-", &throttle->success, LOOKS, false },
	};
	attempt->rules = attempt->device != NULL ? write_rules(throttle, pool, of_device, 2)
						 : write_rules(throttle, pool, of_strangers, 5);
	struct pg_rows *rows;
	enum outcome outcome = run_count(throttle, pool, attempt->rules, true, &rows);
	if (outcome != OK)
		return outcome;
	attempt->retry_after_s = refused_for(rows);
	if (attempt->retry_after_s > 0)
		return TOO_MANY_ATTEMPTS;
	attempt->counted = rows;
	attempt->counted_at = pg_row_count(rows) > 0 ? pg_text(rows, 0, 3) : NULL;
	return OK;
}

/* Count what became of an attempt: for the address what failed, for the account what succeeded, and look
 * at the others once more. A known device has no address. OK, TOO_MANY_ATTEMPTS, UNAVAILABLE. */
static enum outcome count_ending(const struct throttle *throttle, struct pool *pool,
				 struct throttle_attempt *attempt, bool succeeded)
{
	const char *account = throttle_account(throttle, pool, attempt->user_id, attempt->login);
	const char *network = network_or_unknown(pool, attempt->address);
	enum part part = succeeded ? LOOKS : COUNTS;
	const struct bucket buckets[] = {
		{ "success", account, "-", &throttle->success, COUNTS, false },
		{ "address", "-", network, &throttle->address, part, true },
		{ "endpoint", "-", network, &throttle->endpoint, part, false },
	};
	size_t first = succeeded ? 0 : 1, after = attempt->device != NULL ? 1 : 3;
	struct pg_rows *rows;
	if (first == after)
		return OK;
	enum outcome outcome =
		run_count(throttle, pool,
			  write_rules(throttle, pool, buckets + first, after - first), true, &rows);
	if (outcome != OK)
		return outcome;
	attempt->retry_after_s = refused_for(rows);
	if (attempt->retry_after_s > 0)
		return TOO_MANY_ATTEMPTS;
	log_locks(pool, rows, succeeded ? attempt->user_id : NULL, attempt->address);
	return OK;
}

enum outcome throttle_end(const struct throttle *throttle, struct pool *pool,
			  struct throttle_attempt *attempt, enum outcome outcome)
{
	bool succeeded = outcome == OK;
	bool failed = outcome == WRONG_CREDENTIALS || outcome == ACCOUNT_DISABLED;
	enum outcome counted = OK;
	if (failed) /* the lock that it may have begun stands */
		log_locks(pool, attempt->counted, attempt->user_id, attempt->address);
	if (succeeded || failed)
		counted = count_ending(throttle, pool, attempt, succeeded);
	if (failed)
		return counted == TOO_MANY_ATTEMPTS ? counted : outcome;
	if (counted != OK) {
		log_locks(pool, attempt->counted, attempt->user_id, attempt->address);
		return counted;
	}
	pg_run(throttle->database, pool, STATEMENT_THROTTLE_END,
	       (const char *const[]){ attempt->rules, attempt->counted_at,
				      succeeded ? "true" : "false" },
	       3, NULL);
	return outcome;
}

/* Count at one bucket of an address. */
static enum outcome count_one(const struct throttle *throttle, struct pool *pool,
			      const struct bucket *bucket, const char *address,
			      int64_t *retry_after_s)
{
	struct pg_rows *rows;
	enum outcome outcome = run_count(throttle, pool, write_rules(throttle, pool, bucket, 1),
					 true, &rows);
	if (outcome != OK)
		return outcome;
	*retry_after_s = refused_for(rows);
	if (*retry_after_s > 0)
		return TOO_MANY_ATTEMPTS;
	log_locks(pool, rows, NULL, address);
	return OK;
}

enum outcome throttle_post(const struct throttle *throttle, struct pool *pool, const char *address,
			   int64_t *retry_after_s)
{
	const struct bucket bucket = {
		"endpoint",          "-",    network_or_unknown(pool, address),
		&throttle->endpoint, COUNTS, false
	};
	return count_one(throttle, pool, &bucket, address, retry_after_s);
}

enum outcome throttle_guess(const struct throttle *throttle, struct pool *pool, const char *address,
			    bool missed, int64_t *retry_after_s)
{
	static const struct throttle_rule rule = { .most = 30, .window_s = 60 };
	const struct bucket bucket = {
		"link", "-", network_or_unknown(pool, address), &rule, missed ? COUNTS : LOOKS,
		false
	};
	return count_one(throttle, pool, &bucket, address, retry_after_s);
}

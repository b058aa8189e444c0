/* Throttle: attempts to guess, counted in PostgreSQL, so that all machines of a fleet count together
 * and a restart forgets nothing.
 *
 * Attempts are counted in buckets, each with a rule: so many in a window that slides along with the
 * clock. A full bucket is locked, and a locked one refuses whatever is tried, before anything is
 * hashed; what is refused is not counted.
 *
 *   account_and_address   one person guessing at one account
 *   account               many addresses guessing at one account
 *   address               one address guessing at many accounts
 *   endpoint              one address posting forms below /auth/, of whatever kind
 *   device                one account on a device that signed in to it before (auth/known_device.h)
 *   link                  one address trying links that open nothing
 *   success               one account, with the right password, again and again
 *
 * A sign-in is counted in the first two before its password is looked at, so that many at once are
 * many; the attempt that fills a bucket locks it at once but is itself still good, and when its
 * password is right that is taken back. The address's two are only looked at then, and count
 * afterwards what failed: so thirty people who sign in from one office in the same second all get
 * in. The same statement looks once more, and an attempt that finds them full by then is refused as
 * if it had come later, whether its password was right or wrong: of a hundred guesses at once no
 * more are answered than the limit says. A known device is counted in its own bucket and in no
 * other: strangers cannot lock the owner out of it.
 *
 * Locks last as long as the window, and twice as long each time, up to a longest; a day after the
 * last one ended that is forgotten. `endpoint` has no such locks: it is full until an attempt slides
 * out of the window; so is `success`, which counts what succeeded. */
#pragma once
#include "base/crypto.h"
#include "base/outcome.h"
#include "db/postgresql.h"

struct throttle_rule {
	int64_t most; /* attempts in a window */
	int64_t window_s;
};

struct throttle {
	struct pg_pool *database;
	const struct hmac_key *name_key;          /* hides what was typed for a name */
	struct throttle_rule account_and_address; /* of devices, too */
	struct throttle_rule account;
	struct throttle_rule address;
	struct throttle_rule endpoint;
	struct throttle_rule success;
	int64_t longest_lock_s;
};

struct throttle_attempt {
	/* Set by the caller, and kept until the end of the attempt. */
	const char *user_id; /* NULL: nobody is called so */
	const char *login;   /* what was typed */
	const char *address; /* of the connection */
	const char *device;  /* known_device_nonce, or NULL */
	/* After TOO_MANY_ATTEMPTS, of either. */
	int64_t retry_after_s;
	/* The throttle's own notes. */
	const char *rules;
	const char *counted_at;
	const struct pg_rows *counted;
};

/* The key for throttle.name_key, from the site's secret. */
const struct hmac_key *throttle_name_key(struct pool *pool, const char *secret);

/* Before a password is looked at. OK; TOO_MANY_ATTEMPTS; UNAVAILABLE. */
enum outcome throttle_begin(const struct throttle *throttle, struct pool *pool,
			    struct throttle_attempt *attempt);

/* After it, with what became of it; gives what the client is told. OK: the failures before it no longer
 * count. WRONG_CREDENTIALS and ACCOUNT_DISABLED: a failure, which the log hears of when it begins a
 * lock. Of both TOO_MANY_ATTEMPTS, when the limit of the address, or that of successes, was reached
 * meanwhile; then the attempt stays counted and nothing tells whether the password was right. Anything
 * else was no attempt, and is taken back with the lock it may have begun. When the database does not
 * answer now, a failure stays one, and a success is UNAVAILABLE. */
enum outcome throttle_end(const struct throttle *throttle, struct pool *pool,
			  struct throttle_attempt *attempt, enum outcome outcome);

/* Count a posted form that is no sign-in, whether it works or not. OK; TOO_MANY_ATTEMPTS, and
 * `*retry_after_s` says how long to wait; UNAVAILABLE. */
enum outcome throttle_post(const struct throttle *throttle, struct pool *pool, const char *address,
			   int64_t *retry_after_s);

/* Somebody opens a secret link. With `missed` false, look whether this address may try; with true, count
 * that what it tried opens nothing. OK; TOO_MANY_ATTEMPTS, and `*retry_after_s` says how long to wait;
 * UNAVAILABLE. */
enum outcome throttle_guess(const struct throttle *throttle, struct pool *pool, const char *address,
			    bool missed, int64_t *retry_after_s);

/* How an account is written in a bucket: "user:" and the id, "name:" and a keyed hash of a text that
 * names nobody, for it may be a password typed into the wrong field. */
const char *throttle_account(const struct throttle *throttle, struct pool *pool,
			     const char *user_id, const char *login);

/* How an address is written in a bucket: an IPv6 one as its /64 network, which is what one customer
 * gets, an IPv4 one in IPv6 clothes as IPv4. NULL: the text is no address. */
const char *throttle_network(struct pool *pool, const char *address);

#include "auth/credentials.h"
#include "base/clock.h"
#include "base/log.h"
#include <string.h>

/* Costs in a table change over weeks. */
enum { LOOK_AGAIN_MS = 600000 };

/* A style packed into an int, so that threads can share it without a lock: cost, variant, wrapper. */
static int pack(const struct password_style *style)
{
	int wrapper = *style->wrapper == '\0' ? 0 : strcmp(style->wrapper, "bcrypt$") == 0 ? 1 : 2;
	return style->cost | style->variant << 8 | wrapper << 16;
}

static struct password_style unpack(int packed)
{
	static const char *const wrappers[] = { "", "bcrypt$", "bcrypt_sha256$" };
	return (struct password_style){ (char)(packed >> 8 & 0xff), packed & 0xff,
					wrappers[packed >> 16] };
}

/* How the table's newest hashes are written. Of several costs the highest counts: it is what an
 * unknown person must take at least. Empty or unreadable tables: our own style. */
static struct password_style neighbour_style(struct auth *auth, struct pool *pool)
{
	if (clock_monotonic_ms() < auth->neighbour_style_until_ms)
		return unpack(auth->neighbour_style);
	const char *hashes[5];
	size_t count = 0;
	struct password_style style = { 'b', auth->bcrypt_cost, "" };
	if (users_sample_hashes(auth->users, pool, hashes, &count) != OK)
		return style; /* ask again next time */
	bool found = false;
	for (size_t i = 0; i < count; i++) {
		struct password_style one;
		if (!password_read_style(hashes[i], &one))
			continue;
		if (!found || one.cost > style.cost)
			style.cost = one.cost;
		if (!found) {
			/* $2x$ marks hashes of an old fault; nobody writes new ones. */
			style.variant = one.variant == 'x' ? 'y' : one.variant;
			style.wrapper = one.wrapper;
		}
		found = true;
	}
	auth->neighbour_style = pack(&style);
	auth->neighbour_style_until_ms = clock_monotonic_ms() + LOOK_AGAIN_MS;
	return style;
}

enum outcome credentials_hash(struct auth *auth, struct pool *pool, const char *password,
			      const char **stored_password)
{
	struct password_style style = neighbour_style(auth, pool);
	style.cost = auth->bcrypt_cost;
	size_t slot;
	if (!hash_slots_acquire(auth->slots, auth->hash_wait_ms, &slot))
		return BUSY;
	*stored_password = password_hash(pool, password, &style);
	hash_slots_release(auth->slots, slot);
	return *stored_password != NULL ? OK : INTERNAL_ERROR;
}

enum outcome credentials_replace(struct auth *auth, struct pool *pool, struct user *user,
				 const char *password)
{
	const char *stored_password;
	enum outcome outcome = credentials_hash(auth, pool, password, &stored_password);
	if (outcome == OK)
		outcome = users_replace_password(auth->users, pool, user, stored_password);
	if (outcome == OK)
		user->stored_password = stored_password;
	return outcome == UNAVAILABLE ? SIGN_IN_UNAVAILABLE : outcome;
}

/* One hash, whoever asks. `user` NULL or without a readable hash: work for nothing. */
static enum outcome check_password(struct auth *auth, struct pool *pool, const struct user *user,
				   const char *password)
{
	struct password_style style = { .cost = 0 };
	bool readable = user != NULL && password_read_style(user->stored_password, &style);
	int usual_cost = neighbour_style(auth, pool).cost;
	size_t slot;
	if (!hash_slots_acquire(auth->slots, auth->hash_wait_ms, &slot))
		return BUSY;
	bool matches = false;
	if (readable)
		matches = password_matches(password, user->stored_password);
	else
		password_waste_time(password, usual_cost);
	/* A wrong password on a weaker hash takes as long as on the others: 2^c, and once more each
	 * of 2^c, 2^(c+1) … up to the usual cost, is 2^usual in all. */
	for (int cost = style.cost; readable && !matches && cost < usual_cost; cost++)
		password_waste_time(password, cost);
	hash_slots_release(auth->slots, slot);
	return matches ? OK : WRONG_CREDENTIALS;
}

/* Somebody was faster. If it was the same person on another device, this sign-in belongs to the hash
 * that stands there now; if the password is another, the session ends at its next look-up. */
static void follow_other_rehash(struct auth *auth, struct pool *pool, const char *password,
				struct user *user)
{
	struct user *fresh;
	size_t slot;
	if (users_load(auth->users, pool, user->id, &fresh) != OK ||
	    !hash_slots_acquire(auth->slots, auth->hash_wait_ms, &slot))
		return;
	if (password_matches(password, fresh->stored_password))
		user->stored_password = fresh->stored_password;
	hash_slots_release(auth->slots, slot);
}

/* Replace a hash that is weaker than new ones. Nothing here keeps anybody from signing in. */
static void rehash(struct auth *auth, struct pool *pool, const char *password,
		   struct credentials_verdict *verdict)
{
	struct user *user = verdict->user;
	struct password_style style;
	if (!auth->rehash || !password_read_style(user->stored_password, &style) ||
	    style.cost >= auth->bcrypt_cost)
		return;
	if (style.variant == 'x')
		style.variant = 'y';
	/* The same prefix and wrapper: the table's other programs go on reading it. A password
	 * longer than bcrypt reads stays as it was made, truncated. */
	style.cost = auth->bcrypt_cost;
	size_t slot;
	if (!hash_slots_acquire(auth->slots, 0, &slot))
		return; /* busy: next time */
	const char *stronger = password_hash(pool, password, &style);
	hash_slots_release(auth->slots, slot);
	if (stronger == NULL)
		return;
	enum outcome outcome = users_replace_password(auth->users, pool, user, stronger);
	if (outcome == NOT_FOUND)
		follow_other_rehash(auth, pool, password, user);
	if (outcome != OK)
		return;
	verdict->replaced_password = user->stored_password;
	user->stored_password = stronger;
	log_event(LOG_LEVEL_INFO, "password_rehashed", "user", user->id, NULL);
}

enum outcome credentials_check(struct auth *auth, struct pool *pool,
			       const struct credentials *credentials,
			       struct credentials_verdict *verdict)
{
	enum outcome outcome =
		credentials->user_id != NULL
			? users_load(auth->users, pool, credentials->user_id, &verdict->user)
			: users_find(auth->users, pool, credentials->login, &verdict->user);
	if (outcome != OK && outcome != NOT_FOUND)
		return outcome;
	const char *user_id = outcome == OK ? verdict->user->id : NULL;
	struct throttle_attempt attempt = {
		.user_id = user_id,
		.login = credentials->user_id != NULL ? credentials->user_id : credentials->login,
		.address = credentials->address,
		.device = user_id == NULL
				  ? NULL
				  : known_device_nonce(
					    auth->devices, pool, credentials->known_device,
					    known_device_account(pool, user_id,
								 verdict->user->stored_password),
					    clock_now_s()),
	};
	outcome = throttle_begin(&auth->throttle, pool, &attempt);
	verdict->retry_after_s = attempt.retry_after_s;
	if (outcome != OK)
		return outcome;
	outcome = check_password(auth, pool, verdict->user, credentials->password);
	if (outcome == OK && !verdict->user->is_active)
		outcome = ACCOUNT_DISABLED;
	outcome = throttle_end(&auth->throttle, pool, &attempt, outcome);
	verdict->retry_after_s = attempt.retry_after_s;
	if (outcome != OK)
		return outcome;
	rehash(auth, pool, credentials->password, verdict);
	users_note_sign_in(auth->users, pool, verdict->user);
	return OK;
}

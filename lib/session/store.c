#include "session/store.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "session/members.h"
#include <string.h>

/* Django's own: 32 characters of a-z0-9. */
enum { KEY_CHARACTERS = 32, USER_AGENT_MAX_BYTES = 300 };

static const char key_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

struct identity_names {
	const char *user_id, *auth_hash, *backend;
};

/* Which members of the JSON say who is signed in. With identity = off a Django project must not
 * take our sign-in for its own, so ours have other names. */
static const struct identity_names shared_names = { "_auth_user_id", "_auth_user_hash",
						    "_auth_user_backend" };
static const struct identity_names own_names = { "gatehouse_user_id", "gatehouse_auth_hash", NULL };

struct session_store {
	struct session_store_options options;
	const struct identity_names *names;
	const struct django_keys *keys;
};

struct session_store *session_store_new(struct pool *pool,
					const struct session_store_options *options)
{
	struct session_store *store = pool_alloc(pool, sizeof *store);
	store->options = *options;
	store->names = options->shared_table ? &shared_names : &own_names;
	store->keys = django_keys_new(pool, options->secret_key);
	return store;
}

static bool is_key(const char *key)
{
	return key != NULL && strlen(key) == KEY_CHARACTERS &&
	       key[strspn(key, key_alphabet)] == '\0';
}

static struct members *read_members(const struct session_store *store, struct pool *pool,
				    const char *signed_data)
{
	size_t length;
	const char *json = django_decode(pool, store->keys, signed_data, &length);
	return json != NULL ? members_parse(pool, json, length) : NULL;
}

/* Columns of session_load. */
enum {
	DATA,
	NOT_EXPIRED,
	PUBLIC_ID,
	USER_ID,
	USERNAME,
	KIND,
	AGE,
	IDLE,
	AUTHENTICATED,
	CHECKED,
	EXPIRES_IN,
	REMEMBER,
	ADDRESS,
	CREATED_AT
};

static struct session *new_session(struct pool *pool, const char *key, const struct pg_rows *rows)
{
	struct session *session = pool_zalloc(pool, sizeof *session);
	session->key = pool_strdup(pool, key);
	session->signed_data = pg_text(rows, 0, DATA);
	return session;
}

static void read_companion(struct session *session, const struct pg_rows *rows)
{
	session->public_id = pg_text(rows, 0, PUBLIC_ID);
	session->username = pg_text(rows, 0, USERNAME);
	session->kind = pg_text(rows, 0, KIND);
	session->age_s = pg_integer(rows, 0, AGE);
	session->authenticated_s = pg_integer(rows, 0, AUTHENTICATED);
	session->user_checked_s = pg_integer(rows, 0, CHECKED);
	session->created_at_s = pg_integer(rows, 0, CREATED_AT);
	session->times = (struct session_times){
		.idle_s = pg_integer(rows, 0, IDLE),
		.expires_in_s = pg_integer(rows, 0, EXPIRES_IN),
		.remember = pg_bool(rows, 0, REMEMBER),
	};
}

/* Who the signed data says is signed in, and whether the companion agrees. */
static enum outcome identify(const struct session_store *store, struct pool *pool, const char *key,
			     const struct pg_rows *rows, struct session **session)
{
	const struct identity_names *names = store->names;
	struct members *members = read_members(store, pool, pg_text(rows, 0, DATA));
	if (members == NULL) {
		log_event(LOG_LEVEL_WARNING, "session_refused", "reason",
			  "its data is not signed with our secret, or damaged", NULL);
		return SESSION_EXPIRED;
	}
	const char *user_id = members_get(members, names->user_id);
	const char *auth_hash = members_get(members, names->auth_hash);
	const char *companion = pg_text(rows, 0, USER_ID);
	if (companion == NULL && !store->options.shared_table)
		return SIGN_IN_REQUIRED;
	if (companion == NULL && user_id == NULL && auth_hash == NULL) { /* a visitor's */
		*session = new_session(pool, key, rows);
		return SIGN_IN_REQUIRED;
	}
	if (user_id == NULL || auth_hash == NULL)
		return SESSION_EXPIRED;
	if (names->backend != NULL) {
		const char *backend = members_get(members, names->backend);
		if (backend == NULL || strcmp(backend, store->options.backend) != 0)
			return SESSION_EXPIRED;
	}
	if (companion != NULL && strcmp(companion, user_id) != 0)
		return SESSION_EXPIRED;
	*session = new_session(pool, key, rows);
	(*session)->user_id = user_id;
	(*session)->auth_hash = auth_hash;
	if (companion != NULL)
		read_companion(*session, rows);
	return OK;
}

enum outcome session_load(const struct session_store *store, struct pool *pool, const char *key,
			  struct session **session)
{
	*session = NULL;
	if (!is_key(key))
		return SESSION_EXPIRED;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(store->options.database, pool, STATEMENT_SESSION_LOAD,
				      (const char *const[]){ key }, 1, &rows);
	if (outcome != OK)
		return outcome == BAD_REQUEST ? SESSION_EXPIRED : UNAVAILABLE;
	if (pg_row_count(rows) == 0)
		return SESSION_EXPIRED;
	outcome = identify(store, pool, key, rows, session);
	bool is_ours = *session != NULL && (*session)->public_id != NULL;
	if (!pg_bool(rows, 0, NOT_EXPIRED)) {
		if (!is_ours)
			*session = NULL; /* Django's to clear away */
		return SESSION_EXPIRED;
	}
	if (outcome != OK || !is_ours)
		return outcome; /* OK: to be adopted; it has no times of ours yet */
	return session_policy_check(&store->options.limits, &(*session)->times);
}

bool session_fits_password(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *stored_password)
{
	return crypto_equal_text(session->auth_hash,
				 django_auth_hash(pool, store->keys, stored_password));
}

/* The members a new session begins with: a visitor's, or those the same person had. */
static struct members *carried_over(const struct session_store *store, struct pool *pool,
				    const struct session_new *wanted)
{
	const struct session *before = wanted->replaces;
	struct members *members = NULL;
	if (before != NULL &&
	    (before->user_id == NULL || strcmp(before->user_id, wanted->user_id) == 0))
		members = read_members(store, pool, before->signed_data);
	return members != NULL ? members : members_new(pool);
}

static const char *signed_identity(const struct session_store *store, struct pool *pool,
				   const struct session_new *wanted, const char **auth_hash)
{
	struct members *members = carried_over(store, pool, wanted);
	*auth_hash = django_auth_hash(pool, store->keys, wanted->stored_password);
	members_set(members, store->names->user_id, wanted->user_id);
	if (store->names->backend != NULL)
		members_set(members, store->names->backend, store->options.backend);
	members_set(members, store->names->auth_hash, *auth_hash);
	return django_encode(pool, store->keys, members_write(members, pool), clock_now_s());
}

static const char *short_user_agent(struct pool *pool, const char *user_agent)
{
	if (user_agent == NULL)
		return NULL;
	size_t length = strnlen(user_agent, USER_AGENT_MAX_BYTES);
	while (length > 0 && !text_is_plain(user_agent, length, false))
		length--;
	return pool_strndup(pool, user_agent, length);
}

enum outcome session_create(const struct session_store *store, struct pool *pool,
			    const struct session_new *wanted, struct session **session)
{
	int64_t lifetime_s = session_policy_lifetime(&store->options.limits, wanted->remember);
	struct session *made = pool_zalloc(pool, sizeof *made);
	*made = (struct session){
		.key = crypto_random_text(pool, key_alphabet, KEY_CHARACTERS),
		.user_id = wanted->user_id,
		.username = wanted->username,
		.kind = "authenticated",
		.times = { .expires_in_s = lifetime_s, .remember = wanted->remember },
		.created_at_s = clock_now_s(),
	};
	made->signed_data = signed_identity(store, pool, wanted, &made->auth_hash);
	const char *const parameters[] = {
		made->key,
		made->signed_data,
		pool_printf(pool, "%lld", (long long)lifetime_s),
		wanted->user_id,
		wanted->username,
		made->kind,
		wanted->method,
		wanted->address,
		short_user_agent(pool, wanted->user_agent),
		wanted->remember ? "true" : "false",
		wanted->replaces != NULL ? wanted->replaces->key : NULL,
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(store->options.database, pool, STATEMENT_SESSION_CREATE,
				      parameters, sizeof parameters / sizeof *parameters, &rows);
	if (outcome != OK)
		return outcome;
	made->public_id = pg_text(rows, 0, 0);
	*session = made;
	return OK;
}

enum outcome session_adopt(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *username, const char *address,
			   const char *user_agent)
{
	const char *const parameters[] = {
		session->key,
		session->user_id,
		username,
		address,
		short_user_agent(pool, user_agent),
		pool_printf(pool, "%lld", (long long)store->options.limits.lifetime_s),
	};
	return pg_run(store->options.database, pool, STATEMENT_SESSION_ADOPT, parameters,
		      sizeof parameters / sizeof *parameters, NULL);
}

static enum outcome run_with_key(const struct session_store *store, struct pool *pool,
				 enum statement statement, const struct session *session)
{
	return pg_run(store->options.database, pool, statement,
		      (const char *const[]){ session->key }, 1, NULL);
}

enum outcome session_touch(const struct session_store *store, struct pool *pool,
			   const struct session *session)
{
	return run_with_key(store, pool, STATEMENT_SESSION_TOUCH, session);
}

enum outcome session_user_checked(const struct session_store *store, struct pool *pool,
				  const struct session *session)
{
	return run_with_key(store, pool, STATEMENT_SESSION_USER_CHECKED, session);
}

enum outcome session_destroy(const struct session_store *store, struct pool *pool,
			     const struct session *session)
{
	return run_with_key(store, pool, STATEMENT_SESSION_DESTROY, session);
}

/* Put the new hash into one session's data; NULL when it was not begun with the old one. */
static const char *resigned(const struct session_store *store, struct pool *pool,
			    const char *signed_data, const char *old_hash, const char *new_hash)
{
	struct members *members = read_members(store, pool, signed_data);
	if (members == NULL)
		return NULL;
	const char *stored = members_get(members, store->names->auth_hash);
	if (stored == NULL || !crypto_equal_text(stored, old_hash))
		return NULL;
	members_set(members, store->names->auth_hash, new_hash);
	return django_encode(pool, store->keys, members_write(members, pool), clock_now_s());
}

enum outcome session_follow_rehash(const struct session_store *store, struct pool *pool,
				   const char *user_id, const char *old_password,
				   const char *new_password)
{
	const char *old_hash = django_auth_hash(pool, store->keys, old_password);
	const char *new_hash = django_auth_hash(pool, store->keys, new_password);
	struct pg_rows *rows;
	enum outcome outcome = pg_run(store->options.database, pool, STATEMENT_SESSION_LIST_OF_USER,
				      (const char *const[]){ user_id }, 1, &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++) {
		const char *data = pg_text(rows, i, 1);
		const char *changed = resigned(store, pool, data, old_hash, new_hash);
		if (changed != NULL)
			outcome = pg_run(
				store->options.database, pool, STATEMENT_SESSION_REPLACE_DATA,
				(const char *const[]){ pg_text(rows, i, 0), data, changed }, 3,
				NULL);
	}
	return outcome;
}

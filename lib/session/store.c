#include "base/address.h"
#include "base/log.h"
#include "base/text.h"
#include "session/store_private.h"
#include <string.h>

enum { BROWSER_MAX_BYTES = 300 };

const char session_key_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* Which members of the JSON say who is signed in. With identity = off a Django project must not
 * take our sign-in for its own, so ours have other names. */
static const struct signed_identity_names shared_names = { "_auth_user_id", "_auth_user_hash",
							   "_auth_user_backend" };
static const struct signed_identity_names own_names = { "gatehouse_user_id", "gatehouse_auth_hash",
							NULL };

/* How long a session of each kind may rest, as session_load_and_touch takes it. */
static const char *may_rest(struct pool *pool, const struct session_policy *policy)
{
	struct buffer out = buffer_new(pool, 128);
	for (unsigned kind = 0; kind < SESSION_KINDS; kind++)
		buffer_printf(&out, "%c\"%s\":%lld", kind == 0 ? '{' : ',',
			      session_kind_name((enum session_kind)kind),
			      (long long)policy->kinds[kind].idle_s);
	buffer_byte(&out, '}');
	return out.bytes;
}

struct session_store *session_store_new(struct pool *pool,
					const struct session_store_options *options)
{
	struct session_store *store = pool_alloc(pool, sizeof *store);
	store->options = *options;
	store->names = options->shared_table ? &shared_names : &own_names;
	store->keys = django_keys_new(pool, options->secret_key, options->secret_key_fallbacks);
	store->identities = signed_identity_reader_new(pool, store->keys, store->names);
	store->seen = seen_sessions_new(pool);
	store->may_rest = may_rest(pool, &options->policy);
	store->cookie_keys = NULL;
	if (options->sign_cookie)
		store->cookie_keys = crypto_hmac_keys_new(pool, "gatehouse.session.cookie",
							  options->secret_key,
							  options->secret_key_fallbacks);
	return store;
}

const struct session_policy *session_store_policy(const struct session_store *store)
{
	return &store->options.policy;
}

static bool is_key(const char *key)
{
	return key != NULL && strlen(key) == SESSION_KEY_CHARACTERS &&
	       key[strspn(key, session_key_alphabet)] == '\0';
}

const char *session_cookie_value(const struct session_store *store, struct pool *pool,
				 const struct session *session)
{
	if (store->cookie_keys == NULL)
		return session->key;
	unsigned char digest[SHA256_BYTES];
	crypto_hmac_sign(store->cookie_keys[0], session->key, strlen(session->key), digest);
	return pool_printf(pool, "%s:%s", session->key,
			   crypto_base64url(pool, digest, sizeof digest));
}

const char *session_cookie_key(const struct session_store *store, struct pool *pool,
			       const char *cookie)
{
	if (store->cookie_keys == NULL)
		return is_key(cookie) ? cookie : NULL;
	if (cookie == NULL || strlen(cookie) <= SESSION_KEY_CHARACTERS ||
	    cookie[SESSION_KEY_CHARACTERS] != ':')
		return NULL;
	const char *key = pool_strndup(pool, cookie, SESSION_KEY_CHARACTERS);
	const char *signature = cookie + SESSION_KEY_CHARACTERS + 1;
	size_t size;
	const unsigned char *digest = crypto_base64url_decode(pool, signature, strlen(signature),
							      &size);
	if (!is_key(key) || digest == NULL || size != SHA256_BYTES)
		return NULL;
	return crypto_hmac_find(store->cookie_keys, key, SESSION_KEY_CHARACTERS, digest) >= 0
		       ? key
		       : NULL;
}

struct members *session_read_members(const struct session_store *store, struct pool *pool,
				     const char *signed_data)
{
	size_t length;
	const char *json = django_decode(pool, store->keys, signed_data, &length);
	return json != NULL ? members_parse(pool, json, length) : NULL;
}

/* Columns of session_load and session_load_and_touch. */
enum {
	DATA,
	PUBLIC_ID,
	USER_ID,
	USERNAME,
	EMAIL,
	KIND,
	GROUPS,
	OWN_LIMITS,
	REMEMBER,
	ADDRESS,
	BROWSER,
	NOW,
	CREATED_AT,
	LAST_SEEN_AT,
	AUTHENTICATED_AT,
	CHECKED_AT,
	EXPIRES_AT,
	ENDS_AT,
	IDLE_SECONDS
};

/* Times are noted to the minute, so that a busy session is written once a minute. */
enum { TOUCH_SECONDS = 60 };

static struct session *new_session(struct pool *pool, const char *key, const struct pg_rows *rows)
{
	struct session *session = pool_zalloc(pool, sizeof *session);
	session->key = pool_strdup(pool, key);
	session->groups = "";
	session->kind = SESSION_AUTHENTICATED;
	session->signed_data = pg_text(rows, 0, DATA);
	return session;
}

/* What a session began with holds on where it is less than the limits of today: its row slides, is
 * listed and is cleaned away by it. */
static void hold_to_beginning(struct session *session, const struct pg_rows *rows)
{
	struct session_limits *limits = &session->limits;
	int64_t lifetime_s = pg_integer(rows, 0, ENDS_AT) - session->created_at_s;
	int64_t idle_s = pg_integer(rows, 0, IDLE_SECONDS); /* 0: none */
	if (lifetime_s < limits->lifetime_s)
		limits->lifetime_s = lifetime_s;
	if (idle_s > 0 && (limits->idle_s == 0 || idle_s < limits->idle_s))
		limits->idle_s = idle_s;
}

static void read_companion(const struct session_store *store, struct session *session,
			   const struct pg_rows *rows)
{
	int64_t now_s = pg_integer(rows, 0, NOW);
	session->public_id = pg_text(rows, 0, PUBLIC_ID);
	session->username = pg_text(rows, 0, USERNAME);
	session->email = pg_text(rows, 0, EMAIL);
	session->kind = session_kind_find(pg_text(rows, 0, KIND));
	session->groups = pg_text(rows, 0, GROUPS);
	session->created_at_s = pg_integer(rows, 0, CREATED_AT);
	session->times = (struct session_times){
		.age_s = now_s - session->created_at_s,
		.idle_s = now_s - pg_integer(rows, 0, LAST_SEEN_AT),
		.authenticated_s = now_s - pg_integer(rows, 0, AUTHENTICATED_AT),
		.user_checked_s = now_s - pg_integer(rows, 0, CHECKED_AT),
		.expires_in_s = pg_integer(rows, 0, EXPIRES_AT) - now_s,
		.remember = pg_bool(rows, 0, REMEMBER),
	};
	session->saw_password = pg_integer(rows, 0, AUTHENTICATED_AT) > 0;
	if (!session->saw_password)
		session->times.authenticated_s = session->times.age_s;
	session->began = (struct session_client){ .address = pg_text(rows, 0, ADDRESS),
						  .browser = pg_text(rows, 0, BROWSER) };
	if (session->kind == SESSION_KINDS)
		return;
	session->limits = session_policy_limits(&store->options.policy, session->kind,
						session->times.remember,
						pg_text(rows, 0, OWN_LIMITS));
	hold_to_beginning(session, rows);
}

/* Whether the signed data names somebody the way our own and Django's sign-ins do. */
static enum outcome take_identity(const struct session_store *store,
				  const struct signed_identity *identity, struct session *session)
{
	session->user_id = identity->user_id;
	session->auth_hash = identity->auth_hash;
	if (session->user_id == NULL || session->auth_hash == NULL)
		return SESSION_EXPIRED;
	if (store->names->backend != NULL &&
	    (identity->backend == NULL || strcmp(identity->backend, store->options.backend) != 0))
		return SESSION_EXPIRED;
	return OK;
}

/* A row without a companion: a Django project's. With a users table in common its person may be
 * ours too; a visitor's is only to be replaced. */
static enum outcome identify_foreign(const struct session_store *store,
				     const struct signed_identity *identity, struct session *found,
				     struct session **session)
{
	if (!store->options.shared_table)
		return SIGN_IN_REQUIRED;
	if (identity->user_id == NULL && identity->auth_hash == NULL) {
		*session = found;
		return SIGN_IN_REQUIRED;
	}
	enum outcome outcome = take_identity(store, identity, found);
	if (outcome == OK)
		*session = found;
	return outcome;
}

/* Who the signed data says is signed in, and whether the companion agrees. */
static enum outcome identify(const struct session_store *store, struct pool *pool, const char *key,
			     const struct pg_rows *rows, struct session **session)
{
	const struct signed_identity *identity = signed_identity_read(store->identities, pool, key,
								      pg_text(rows, 0, DATA));
	if (identity == NULL) {
		log_event(LOG_LEVEL_WARNING, "session_refused", "reason",
			  "its data is not signed with our secret, or damaged", NULL);
		return SESSION_EXPIRED;
	}
	struct session *found = new_session(pool, key, rows);
	const char *companion = pg_text(rows, 0, USER_ID);
	if (companion == NULL)
		return identify_foreign(store, identity, found, session);
	read_companion(store, found, rows);
	enum outcome outcome = OK;
	if (found->kind == SESSION_BOT)
		found->user_id = identity->guest_id;
	else
		outcome = take_identity(store, identity, found);
	if (outcome != OK || found->kind == SESSION_KINDS || found->user_id == NULL ||
	    strcmp(companion, found->user_id) != 0)
		return SESSION_EXPIRED;
	*session = found;
	return OK;
}

/* Seconds since the use of the row's session was noted. */
static int64_t noted_ago(const struct pg_rows *rows)
{
	if (pg_row_count(rows) == 0 || pg_text(rows, 0, PUBLIC_ID) == NULL)
		return 0; /* nothing to note */
	return pg_integer(rows, 0, NOW) - pg_integer(rows, 0, LAST_SEEN_AT);
}

/* The row of a key. Noting that it is used is part of the same statement when it is due; when the
 * guess that it is not was wrong, because somebody set a clock, it is made up for. */
static enum outcome fetch(const struct session_store *store, struct pool *pool, const char *key,
			  struct pg_rows **rows)
{
	struct pg_pool *database = store->options.database;
	const char *const parameters[] = { key, store->may_rest };
	bool seen = seen_lately(store->seen, key);
	enum outcome outcome = pg_run(
		database, pool, seen ? STATEMENT_SESSION_LOAD : STATEMENT_SESSION_LOAD_AND_TOUCH,
		parameters, seen ? 1 : 2, rows);
	if (outcome == OK && seen && noted_ago(*rows) > TOUCH_SECONDS)
		outcome = pg_run(database, pool, STATEMENT_SESSION_LOAD_AND_TOUCH, parameters, 2,
				 rows);
	if (outcome != OK)
		return outcome;
	int64_t ago = noted_ago(*rows);
	seen_note(store->seen, key,
		  ago > TOUCH_SECONDS ? 0 : ago + 1); /* for what rounding took away */
	return OK;
}

const char *session_short_browser(struct pool *pool, const char *browser)
{
	if (browser == NULL)
		return NULL;
	size_t length = strnlen(browser, BROWSER_MAX_BYTES);
	while (length > 0 && !text_is_plain(browser, length, false))
		length--;
	return pool_strndup(pool, browser, length);
}

enum outcome session_load(const struct session_store *store, struct pool *pool, const char *key,
			  const struct session_client *client, struct session **session)
{
	*session = NULL;
	struct pg_rows *rows;
	enum outcome outcome = fetch(store, pool, key, &rows);
	if (outcome != OK)
		return outcome == BAD_REQUEST ? SESSION_EXPIRED : UNAVAILABLE;
	if (pg_row_count(rows) == 0)
		return SESSION_EXPIRED;
	outcome = identify(store, pool, key, rows, session);
	if (*session == NULL || (*session)->public_id == NULL) {
		if (pg_integer(rows, 0, EXPIRES_AT) > pg_integer(rows, 0, NOW))
			return outcome; /* OK: to be adopted; it has no times of ours yet */
		*session = NULL;        /* Django's to clear away */
		return SESSION_EXPIRED;
	}
	struct session *found = *session;
	const struct session_client now = {
		.address = client->address, .browser = session_short_browser(pool, client->browser)
	};
	found->end = session_policy_check(&found->limits, &found->times, &found->began, &now);
	if (found->end == SESSION_GOES_ON)
		return OK;
	return found->end == SESSION_END_ADDRESS || found->end == SESSION_END_BROWSER
		       ? SESSION_MOVED
		       : SESSION_EXPIRED;
}

static bool is_same(const char *left, const char *right)
{
	return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

unsigned session_changes(struct pool *pool, const struct session *session,
			 const struct session_client *client)
{
	const struct session_client *began = &session->began;
	unsigned changes = 0;
	if (session->limits.bind_address == BINDING_LOG &&
	    !is_same(began->address, client->address) &&
	    !address_equal(began->address, client->address))
		changes |= SESSION_CHANGED_ADDRESS;
	if ((session->limits.bind_browser == BINDING_LOG ||
	     session->limits.bind_browser == BINDING_SUBNET) &&
	    !is_same(began->browser, client->browser) &&
	    !is_same(began->browser, session_short_browser(pool, client->browser)))
		changes |= SESSION_CHANGED_BROWSER;
	return changes;
}

enum outcome session_stays_over(const struct session_store *store, struct pool *pool,
				const struct session *session)
{
	if (session->times.expires_in_s <= 0)
		return OK; /* by its row, and nothing moves that any more */
	return pg_run(store->options.database, pool, STATEMENT_SESSION_STAYS_OVER,
		      (const char *const[]){ session->key }, 1, NULL);
}

enum outcome session_move(const struct session_store *store, struct pool *pool,
			  const struct session *session, const struct session_client *client)
{
	return pg_run(store->options.database, pool, STATEMENT_SESSION_MOVED,
		      (const char *const[]){ session->key, client->address,
					     session_short_browser(pool, client->browser) },
		      3, NULL);
}

/* Several statements in one round trip and transaction. */
enum outcome session_run_after(const struct session_store *store, struct pool *pool,
			       const struct pg_call *first, size_t first_count,
			       const struct pg_call *last, size_t last_count)
{
	struct pg_call *calls = pool_zalloc(pool, (first_count + last_count) * sizeof *calls);
	for (size_t i = 0; i < first_count; i++)
		calls[i] = first[i];
	for (size_t i = 0; i < last_count; i++)
		calls[first_count + i] = last[i];
	return pg_run_all(store->options.database, pool, calls, first_count + last_count);
}

enum outcome session_user_checked(const struct session_store *store, struct pool *pool,
				  const struct session *session, const char *username,
				  const char *email)
{
	return pg_run(store->options.database, pool, STATEMENT_SESSION_USER_CHECKED,
		      (const char *const[]){ session->key, username, email }, 3, NULL);
}

enum outcome session_destroy(const struct session_store *store, struct pool *pool,
			     const struct session *session, const struct pg_call *first)
{
	bool moved = session->end == SESSION_END_ADDRESS || session->end == SESSION_END_BROWSER;
	const struct pg_call destroy = { .statement = moved ? STATEMENT_SESSION_DESTROY_MOVED
							    : STATEMENT_SESSION_DESTROY,
					 .parameters = (const char *const[]){ session->key },
					 .parameter_count = 1 };
	return session_run_after(store, pool, first, 1, &destroy, 1);
}

bool session_has_moved(const struct session_store *store, struct pool *pool, const char *key)
{
	struct pg_rows *rows;
	return pg_run(store->options.database, pool, STATEMENT_SESSION_HAS_MOVED,
		      (const char *const[]){ key }, 1, &rows) == OK &&
	       pg_row_count(rows) > 0;
}

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "session/store_private.h"
#include <string.h>

/* Beginning sessions: a sign-in, and a session of Django's that becomes ours too. */

/* The members a new session begins with: a visitor's, or those the same person had. */
static struct members *carried_over(const struct session_store *store, struct pool *pool,
				    const struct session_new *wanted)
{
	const struct session *before = wanted->replaces;
	struct members *members = NULL;
	if (before != NULL &&
	    (before->user_id == NULL || strcmp(before->user_id, wanted->user_id) == 0))
		members = session_read_members(store, pool, before->signed_data);
	return members != NULL ? members : members_new(pool);
}

/* The data of a new session. A guest's says only that; of somebody else's it takes nothing over. */
static const char *signed_identity(const struct session_store *store, struct pool *pool,
				   const struct session_new *wanted, const char **auth_hash)
{
	const struct signed_identity_names *names = store->names;
	struct members *members = carried_over(store, pool, wanted);
	bool is_guest = wanted->kind == SESSION_BOT;
	members_set(members, IDENTITY_GUEST_ID, is_guest ? wanted->user_id : NULL);
	if (!is_guest) {
		*auth_hash = django_auth_hash(pool, store->keys, wanted->stored_password);
		members_set(members, names->user_id, wanted->user_id);
		if (names->backend != NULL)
			members_set(members, names->backend, store->options.backend);
		members_set(members, names->auth_hash, *auth_hash);
	}
	return django_encode(pool, store->keys, members_write(members, pool), clock_now_s());
}

enum outcome session_person_load(const struct session_store *store, struct pool *pool,
				 const char *user_id, struct session_person *person)
{
	enum { PERSON_GROUPS, PERSON_KIND, PERSON_LIMITS };
	struct pg_rows *rows;
	*person = (struct session_person){ .groups = "" };
	enum outcome outcome = pg_run(store->options.database, pool, STATEMENT_SESSION_PERSON,
				      (const char *const[]){ user_id }, 1, &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++) {
		enum session_kind kind = session_kind_find(pg_text(rows, i, PERSON_KIND));
		person->groups = pg_text(rows, i, PERSON_GROUPS);
		if (kind != SESSION_KINDS)
			person->own_limits[kind] = pg_text(rows, i, PERSON_LIMITS);
	}
	return outcome;
}

enum session_kind session_kind_of(const struct session_store *store,
				  const struct session_person *person)
{
	return text_list_has(person->groups, store->options.admin_group) ? SESSION_ADMIN
									 : SESSION_AUTHENTICATED;
}

static const char *number_text(struct pool *pool, int64_t number)
{
	return pool_printf(pool, "%lld", (long long)number);
}

/* How long the session may rest, as its row says it; NULL: as long as it lasts. */
static const char *idle_text(struct pool *pool, const struct session_limits *limits)
{
	return limits->idle_s > 0 ? number_text(pool, limits->idle_s) : NULL;
}

/* Room for one more beside session `key`, if there is one: an account's sessions count by its id; a
 * guest has a new one each time, so theirs count by the address they gave and the one they come from. */
static struct pg_call trim_call(struct pool *pool, const struct session *made, const char *key)
{
	bool is_guest = made->kind == SESSION_BOT;
	int64_t limit = made->limits.concurrent;
	const char **parameters = pool_alloc(pool, 4 * sizeof *parameters);
	parameters[0] = is_guest ? made->username : made->user_id;
	parameters[1] = is_guest ? made->began.address : session_kind_name(made->kind);
	parameters[2] = number_text(pool, limit > 0 ? limit - 1 : INT32_MAX);
	parameters[3] = key;
	return (struct pg_call){ .statement = is_guest ? STATEMENT_SESSION_TRIM_GUEST
						       : STATEMENT_SESSION_TRIM,
				 .parameters = parameters,
				 .parameter_count = 4 };
}

static enum outcome store_session(const struct session_store *store, struct pool *pool,
				  const struct session_new *wanted, struct session *made)
{
	const char *replaces = wanted->replaces != NULL ? wanted->replaces->key : NULL;
	const char *const person[] = { wanted->kind == SESSION_BOT ? wanted->username
								   : wanted->user_id };
	const char *const create[] = {
		made->key,
		made->signed_data,
		number_text(pool, made->limits.lifetime_s),
		wanted->user_id,
		wanted->username,
		session_kind_name(wanted->kind),
		wanted->method,
		wanted->client.address,
		made->began.browser,
		wanted->remember ? "true" : "false",
		replaces,
		wanted->email,
		number_text(pool, session_policy_step(&made->limits)),
		idle_text(pool, &made->limits),
		wanted->public_id,
	};
	/* The lock comes first: who waits for it must not hold a session that its holder may end. */
	size_t count = wanted->first_count;
	struct pg_call *calls = pool_zalloc(pool, (count + 3) * sizeof *calls);
	calls[0] = (struct pg_call){ STATEMENT_SESSION_LOCK_PERSON, person, 1, NULL };
	for (size_t i = 0; i < count; i++)
		calls[i + 1] = wanted->first[i];
	calls[count + 1] = trim_call(pool, made, replaces);
	calls[count + 2] = (struct pg_call){ STATEMENT_SESSION_CREATE, create, 15, NULL };
	return pg_run_all(store->options.database, pool, calls, count + 3);
}

enum outcome session_create(const struct session_store *store, struct pool *pool,
			    const struct session_new *wanted, struct session **session)
{
	struct session *made = pool_zalloc(pool, sizeof *made);
	*made = (struct session){
		.key = crypto_random_text(pool, session_key_alphabet, SESSION_KEY_CHARACTERS),
		.public_id = wanted->public_id,
		.user_id = wanted->user_id,
		.username = wanted->username,
		.email = wanted->email,
		.groups = wanted->person->groups,
		.kind = wanted->kind,
		.limits = session_policy_limits(&store->options.policy, wanted->kind,
						wanted->remember,
						wanted->person->own_limits[wanted->kind]),
		.times = { .remember = wanted->remember },
		.saw_password = wanted->stored_password != NULL,
		.began = { .address = wanted->client.address,
			   .browser = session_short_browser(pool, wanted->client.browser) },
		.created_at_s = clock_now_s(),
	};
	made->times.expires_in_s = made->limits.lifetime_s;
	made->signed_data = signed_identity(store, pool, wanted, &made->auth_hash);
	enum outcome outcome = store_session(store, pool, wanted, made);
	if (outcome == OK)
		*session = made;
	return outcome;
}

enum outcome session_adopt(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *username, const char *email,
			   const struct session_client *client)
{
	struct session_person person;
	enum outcome outcome = session_person_load(store, pool, session->user_id, &person);
	if (outcome != OK)
		return outcome;
	struct session ours = { .user_id = session->user_id,
				.kind = session_kind_of(store, &person) };
	ours.limits = session_policy_limits(&store->options.policy, ours.kind, false,
					    person.own_limits[ours.kind]);
	const char *const adopt[] = {
		session->key,
		session->user_id,
		username,
		client->address,
		session_short_browser(pool, client->browser),
		number_text(pool, ours.limits.lifetime_s),
		number_text(pool, session_policy_step(&ours.limits)),
		idle_text(pool, &ours.limits),
		email,
		session_kind_name(ours.kind),
	};
	struct pg_call calls[] = {
		{ STATEMENT_SESSION_LOCK_PERSON, adopt + 1, 1, NULL },
		trim_call(pool, &ours, session->key),
		{ STATEMENT_SESSION_ADOPT, adopt, sizeof adopt / sizeof *adopt, NULL },
	};
	return pg_run_all(store->options.database, pool, calls, 3);
}

#include "base/clock.h"
#include "base/log.h"
#include "session/store_private.h"

/* Signing sessions anew, when the stored hash or the secret key was replaced. */

bool session_fits_password(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *stored_password)
{
	return django_auth_hash_fits(pool, store->keys, session->auth_hash, stored_password, NULL);
}

/* One session's data with the hash of the new stored password, both made with the current key; NULL
 * when it was not begun with the old one. */
static const char *resigned(const struct session_store *store, struct pool *pool,
			    const char *signed_data, const char *old_password,
			    const char *new_password)
{
	struct members *members = session_read_members(store, pool, signed_data);
	if (members == NULL)
		return NULL;
	const char *hash = members_get(members, store->names->auth_hash);
	if (hash == NULL || !django_auth_hash_fits(pool, store->keys, hash, old_password, NULL))
		return NULL;
	members_set(members, store->names->auth_hash,
		    django_auth_hash(pool, store->keys, new_password));
	return django_encode(pool, store->keys, members_write(members, pool), clock_now_s());
}

/* Compare and set: a session that was ended, or written by Django, meanwhile stays as it is. */
static enum outcome replace_data(const struct session_store *store, struct pool *pool,
				 const char *key, const char *before, const char *after)
{
	return pg_run(store->options.database, pool, STATEMENT_SESSION_REPLACE_DATA,
		      (const char *const[]){ key, before, after }, 3, NULL);
}

enum outcome session_follow_rehash(const struct session_store *store, struct pool *pool,
				   const char *user_id, const char *old_password,
				   const char *new_password)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(store->options.database, pool, STATEMENT_SESSION_LIST_OF_USER,
				      (const char *const[]){ user_id }, 1, &rows);
	for (size_t i = 0; outcome == OK && i < pg_row_count(rows); i++) {
		const char *data = pg_text(rows, i, 1);
		const char *changed = resigned(store, pool, data, old_password, new_password);
		if (changed != NULL)
			outcome = replace_data(store, pool, pg_text(rows, i, 0), data, changed);
	}
	return outcome;
}

enum outcome session_follow_key(const struct session_store *store, struct pool *pool,
				const struct session *session, const char *stored_password)
{
	bool is_current = false;
	django_auth_hash_fits(pool, store->keys, session->auth_hash, stored_password, &is_current);
	if (is_current &&
	    django_is_signed_with_current_key(pool, store->keys, session->signed_data))
		return OK;
	const char *changed = resigned(store, pool, session->signed_data, stored_password,
				       stored_password);
	if (changed == NULL)
		return OK;
	log_event(LOG_LEVEL_DEBUG, "session_signed_anew", "session", session->public_id, NULL);
	return replace_data(store, pool, session->key, session->signed_data, changed);
}

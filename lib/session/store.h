/* Sessions as rows: Django's django_session and our companion gatehouse_session.
 *
 * A session's key never leaves this module but as a cookie; pages, commands and logs name a session
 * by its public_id. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"
#include "session/django.h"
#include "session/policy.h"

struct session_store;

struct session_store_options {
	struct pg_pool *database;
	const char *secret_key;
	bool shared_table;   /* a Django project reads the same users table */
	const char *backend; /* Django's name of the backend we sign in with */
	struct session_limits limits;
};

struct session_store *session_store_new(struct pool *pool,
					const struct session_store_options *options);

struct session {
	const char *key;
	const char *public_id; /* NULL: made by Django, and not yet adopted */
	const char *user_id;   /* NULL: Django's session of a visitor who is not signed in */
	const char *username;
	const char *kind;
	const char *auth_hash; /* what was signed over the password it began with */
	struct session_times times;
	int64_t age_s, authenticated_s, user_checked_s; /* seconds since */
	int64_t created_at_s;                           /* since 1970 */
	const char *signed_data;
};

/* Load the session of a cookie with one statement. `*session` is set after OK and, so that its
 * place can be taken, after SESSION_EXPIRED when the row is ours, and after SIGN_IN_REQUIRED when it
 * is what a Django project on the same users table keeps of a visitor; otherwise it is NULL.
 * SESSION_EXPIRED: no such session, or its time is over, or it says something else than it should.
 * SIGN_IN_REQUIRED: somebody else's row, where nobody is signed in as far as we are concerned.
 * UNAVAILABLE: the database does not answer. A row that cannot be trusted is left untouched and
 * refused. */
enum outcome session_load(const struct session_store *store, struct pool *pool, const char *key,
			  struct session **session);

/* Whether the session was begun with the password that is stored now. */
bool session_fits_password(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *stored_password);

struct session_new {
	const char *user_id;
	const char *username;
	const char *stored_password;
	const char *method;     /* "password" */
	const char *address;    /* may be NULL */
	const char *user_agent; /* may be NULL */
	bool remember;
	/* Ends in the same statement; may be NULL. As in Django's login(), what other programs put
	 * into it moves on, unless it was another person's. */
	const struct session *replaces;
};

/* Begin a session under a new key. */
enum outcome session_create(const struct session_store *store, struct pool *pool,
			    const struct session_new *wanted, struct session **session);

/* Give a session that Django made its companion, after the person was checked. */
enum outcome session_adopt(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *username, const char *address,
			   const char *user_agent);

enum outcome session_touch(const struct session_store *store, struct pool *pool,
			   const struct session *session);
enum outcome session_user_checked(const struct session_store *store, struct pool *pool,
				  const struct session *session);
enum outcome session_destroy(const struct session_store *store, struct pool *pool,
			     const struct session *session);

/* A person's stored hash was replaced by one of the same password: sign it into all sessions that
 * were begun with the old one, so that nobody is signed out. */
enum outcome session_follow_rehash(const struct session_store *store, struct pool *pool,
				   const char *user_id, const char *old_password,
				   const char *new_password);

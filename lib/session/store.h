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
	const char *secret_key_fallbacks; /* earlier ones, as django_keys_new takes them */
	bool shared_table;                /* a Django project reads the same users table */
	const char *backend;              /* Django's name of the backend we sign in with */
	const char *admin_group;
	bool sign_cookie; /* the cookie carries a signature of the key */
	struct session_policy policy;
};

struct session_store *session_store_new(struct pool *pool,
					const struct session_store_options *options);

/* The policy that it was made with. */
const struct session_policy *session_store_policy(const struct session_store *store);

struct session {
	const char *key;
	const char *public_id; /* NULL: made by Django, and not yet adopted */
	const char *user_id;   /* NULL: Django's session of a visitor who is not signed in */
	const char *username;
	const char *email;  /* NULL: not known */
	const char *groups; /* names with commas between, "" for none */
	enum session_kind kind;
	const char
		*auth_hash; /* what was signed over the password it began with; NULL: a guest's */
	struct session_times times;
	struct session_limits limits; /* of its kind and its person */
	bool saw_password;            /* here; Django's sign-in may be any time ago */
	struct session_client began;  /* where it was begun, or moved to */
	int64_t created_at_s;         /* since 1970 */
	enum session_end end;         /* why it is over, after SESSION_EXPIRED */
	const char *signed_data;
};

/* What a session's cookie holds: its key, and with sign_cookie ":" and base64url(HMAC-SHA256(key)).
 * (Not "." as Django's signed cookies have it: theirs hold data, ours a key.) */
const char *session_cookie_value(const struct session_store *store, struct pool *pool,
				 const struct session *session);

/* The key in a cookie; NULL when it has not the form of one, or is not signed and has to be. Nothing
 * is asked of the database for a cookie that cannot be good. */
const char *session_cookie_key(const struct session_store *store, struct pool *pool,
			       const char *cookie);

/* Load the session of a key with one statement, which also notes, once a minute, that it is used.
 * `*session` is set after OK and, so that its place can be taken, after SESSION_EXPIRED and
 * SESSION_MOVED when the row is ours, and after SIGN_IN_REQUIRED when it is what a Django project on
 * the same users table keeps of a visitor; otherwise it is NULL.
 * SESSION_EXPIRED: no such session, or its time is over, or it says something else than it should.
 * SESSION_MOVED: it is used from another place or browser than its kind allows.
 * SIGN_IN_REQUIRED: somebody else's row, where nobody is signed in as far as we are concerned.
 * UNAVAILABLE: the database does not answer. A row that cannot be trusted is left untouched and
 * refused. */
enum outcome session_load(const struct session_store *store, struct pool *pool, const char *key,
			  const struct session_client *client, struct session **session);

/* What of a session's client changed that is to be noted: where the binding is `log`, and for the
 * browser also `subnet`. A session ends for the others, or nobody wants to know. */
enum session_change { SESSION_CHANGED_ADDRESS = 1, SESSION_CHANGED_BROWSER = 2 };
unsigned session_changes(struct pool *pool, const struct session *session,
			 const struct session_client *client);

/* A session whose time is over by the limits of today was perhaps not by those it began with: make
 * sure that nothing brings it back. Its row stays until it is replaced or cleaned away, because what
 * other programs put into it moves on when the same person signs in again. */
enum outcome session_stays_over(const struct session_store *store, struct pool *pool,
				const struct session *session);

/* The session goes on from another address or browser: from now on that is where it is. */
enum outcome session_move(const struct session_store *store, struct pool *pool,
			  const struct session *session, const struct session_client *client);

/* Whether the session was begun with the password that is stored now; the current secret key or an
 * earlier one may have made its hash. */
bool session_fits_password(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *stored_password);

/* What a person is besides their row in the users table. */
struct session_person {
	const char *groups;                    /* names with commas between, "" for none */
	const char *own_limits[SESSION_KINDS]; /* NULL: those of the kind */
};

enum outcome session_person_load(const struct session_store *store, struct pool *pool,
				 const char *user_id, struct session_person *person);

/* Administrators have sessions of their kind, wherever they signed in. */
enum session_kind session_kind_of(const struct session_store *store,
				  const struct session_person *person);

struct session_new {
	const char *public_id; /* a new UUID */
	const char *user_id;
	const char *username;
	const char *email;
	const char *stored_password; /* NULL: a guest, who has none */
	enum session_kind kind;
	const struct session_person *person;
	const char *method; /* "password", "guest" */
	struct session_client client;
	bool remember;
	/* Ends in the same statement; may be NULL. As in Django's login(), what other programs put
	 * into it moves on, unless it was another person's. */
	const struct session *replaces;
	/* Run before it, in the same round trip and transaction. */
	const struct pg_call *first;
	size_t first_count;
};

/* Begin a session under a new key; over the limit of its kind, the oldest of the person's ends. */
enum outcome session_create(const struct session_store *store, struct pool *pool,
			    const struct session_new *wanted, struct session **session);

/* Give a session that Django made its companion, after the person was checked; over the limit, the
 * oldest of the person's ends. A session that is gone meanwhile stays gone. */
enum outcome session_adopt(const struct session_store *store, struct pool *pool,
			   const struct session *session, const char *username, const char *email,
			   const struct session_client *client);

/* The person behind the session was looked up again: note it, with the names found. */
enum outcome session_user_checked(const struct session_store *store, struct pool *pool,
				  const struct session *session, const char *username,
				  const char *email);

/* End it, after `first` in the same round trip and transaction: the entry that tells of it. Of one that
 * ends because it is used from elsewhere it is remembered for a day: session_has_moved. */
enum outcome session_destroy(const struct session_store *store, struct pool *pool,
			     const struct session *session, const struct pg_call *first);

/* Whether a key that has no session any more was of such a one. Only for the words of a refusal: false
 * also when PostgreSQL does not answer. */
bool session_has_moved(const struct session_store *store, struct pool *pool, const char *key);

/* A person's stored hash was replaced by one of the same password: sign it into all sessions that
 * were begun with the old one, so that nobody is signed out. */
enum outcome session_follow_rehash(const struct session_store *store, struct pool *pool,
				   const char *user_id, const char *old_password,
				   const char *new_password);

/* The secret key was changed: sign a session that an earlier one signed anew with the current one, the
 * password's hash in it too; nothing to do for the others. Called when the person was looked up again,
 * so a session in use needs the earlier key for one such interval. When Django writes into the
 * session at the same moment, its word stands, and the next look-up tries again. */
enum outcome session_follow_key(const struct session_store *store, struct pool *pool,
				const struct session *session, const char *stored_password);

/* Users: somebody's existing MySQL table, whose names are configuration. */
#pragma once
#include "base/config.h"
#include "base/outcome.h"
#include "db/mysql.h"

struct users;

struct user {
	const char *id;
	const char *username; /* the email address where the table has no username */
	const char *email;
	const char *stored_password;
	bool is_active;
};

/* Build the statements from the configured names and prepare a pool of connections. NULL when a
 * name is not an identifier; then `errors` says which setting. */
struct users *users_open(struct pool *pool, const struct config *config, struct buffer *errors);

/* The one person whose username or email is this text, ASCII case aside. NOT_FOUND: nobody, or more
 * than one (the log says so). SIGN_IN_UNAVAILABLE: the database does not answer. */
enum outcome users_find(struct users *users, struct pool *pool, const char *login,
			struct user **user);

/* The person with this id. */
enum outcome users_load(struct users *users, struct pool *pool, const char *id, struct user **user);

struct user_new {
	const char *username;
	const char *email;
	const char *stored_password;
};

/* Add a person; CONFLICT when the username or the email is taken. */
enum outcome users_insert(struct users *users, struct pool *pool, const struct user_new *user);

/* Replace the stored hash if it still is `user`'s; NOT_FOUND when it changed meanwhile, FORBIDDEN
 * when the account may only read. */
enum outcome users_replace_password(struct users *users, struct pool *pool, const struct user *user,
				    const char *stored_password);

/* Note the sign-in, where there is a column for it and writing is allowed. */
void users_note_sign_in(struct users *users, struct pool *pool, const struct user *user);

/* Up to five stored hashes of the table. */
enum outcome users_sample_hashes(struct users *users, struct pool *pool, const char **hashes,
				 size_t *count);

/* Whether username and email are unique by an index each, which sign-up relies on. `reason` gets a
 * sentence when not. */
enum outcome users_check_unique(struct users *users, struct pool *pool, bool *unique,
				const char **reason);

/* Whether the configured table is there; one in another database counts as there. */
enum outcome users_check_table(struct users *users, struct pool *pool, bool *exists);

/* The connections, for commands that migrate and check. */
struct mysql_pool *users_database(struct users *users);

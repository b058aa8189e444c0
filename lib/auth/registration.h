/* Registration: the rules of a sign-up, and the new person in the table. */
#pragma once
#include "auth/credentials.h"
#include "base/value.h"

enum { USERNAME_MIN = 2, USERNAME_MAX = 64, EMAIL_MAX = 254, PASSWORD_INPUT_MAX_BYTES = 4096 };

struct registration {
	const char *username;
	const char *email;
	const char *password;
	const char *password_confirm;
	bool terms_accepted; /* or there are none */
};

/* Check every field; a sentence for each one that needs another look goes into the object `fields`
 * under the field's name. OK or INVALID_FIELDS. */
enum outcome registration_check(const struct auth *auth, const struct registration *wanted,
				struct pool *pool, struct value *fields);

/* Only the new password and its repetition, of somebody with this username and email. */
enum outcome registration_check_password(const struct auth *auth, const struct registration *wanted,
					 struct pool *pool, struct value *fields);

/* Add the person. CONFLICT: username or email is taken, also when two ask at the same moment. */
enum outcome registration_add(struct auth *auth, struct pool *pool,
			      const struct registration *wanted, struct user **user);

/* Whether the text is an email address as browsers check them (HTML, "valid email address"), at
 * most EMAIL_MAX bytes, with a dot in its domain. */
bool registration_is_email(const char *text);

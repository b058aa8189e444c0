#include "auth/registration.h"
#include <string.h>

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { LOCAL_PART_MAX = 64, LABEL_MAX = 63 };

static bool is_label(const char *label, size_t length)
{
	return length > 0 && length <= LABEL_MAX && label[0] != '-' && label[length - 1] != '-' &&
	       strspn(label, LETTERS_AND_DIGITS "-") >= length;
}

bool registration_is_email(const char *text)
{
	size_t local = strspn(text, LETTERS_AND_DIGITS ".!#$%&'*+/=?^_`{|}~-");
	if (local == 0 || local > LOCAL_PART_MAX || text[local] != '@' || strlen(text) > EMAIL_MAX)
		return false;
	/* Stricter than HTML: no mail server takes these. */
	if (text[0] == '.' || text[local - 1] == '.' || memmem(text, local, "..", 2) != NULL)
		return false;
	size_t labels = 0;
	for (const char *label = text + local + 1;; labels++) {
		size_t length = strcspn(label, ".");
		if (!is_label(label, length))
			return false;
		if (label[length] == '\0')
			return labels > 0;
		label += length + 1;
	}
}

static const char *username_problem(const char *username)
{
	size_t length = strlen(username);
	if (length == 0)
		return "Choose a username.";
	if (length < USERNAME_MIN || length > USERNAME_MAX)
		return "Use 2 to 64 characters.";
	if (strchr(username, '@') != NULL)
		return "A username cannot hold an @ sign; your email address goes below.";
	if (strspn(username, LETTERS_AND_DIGITS "._-") != length)
		return "Use letters, digits, dots, dashes and underscores.";
	return NULL;
}

static const char *email_problem(const char *email)
{
	if (*email == '\0')
		return "Enter your email address.";
	if (!registration_is_email(email))
		return "Enter an email address such as name@example.org.";
	return NULL;
}

static const char *password_problem(const struct auth *auth, const struct registration *wanted,
				    struct pool *pool)
{
	const char *password = wanted->password;
	if (*password == '\0')
		return "Choose a password.";
	if (text_characters(password) < auth->password_min_length)
		return pool_printf(pool, "Use at least %zu characters.", auth->password_min_length);
	if (strlen(password) > PASSWORD_MAX_BYTES)
		return "This password is too long: it can have 72 letters, fewer with accents or "
		       "emoji.";
	if (text_equal_fold(password, wanted->username) || text_equal_fold(password, wanted->email))
		return "Choose a password that is not your username or email address.";
	return NULL;
}

static const char *confirm_problem(const struct registration *wanted)
{
	if (*wanted->password_confirm == '\0')
		return "Type the password once more.";
	if (strcmp(wanted->password, wanted->password_confirm) != 0)
		return "The two passwords are not the same.";
	return NULL;
}

struct field_problem {
	const char *field, *problem; /* NULL: none */
};

/* What was said about a field before stands. */
static enum outcome tell(struct value *fields, const struct field_problem *problems, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (problems[i].problem != NULL && value_get(fields, problems[i].field) == NULL)
			value_set_string(fields, problems[i].field, problems[i].problem);
	return value_count(fields) == 0 ? OK : INVALID_FIELDS;
}

enum outcome registration_check(const struct auth *auth, const struct registration *wanted,
				struct pool *pool, struct value *fields)
{
	const struct field_problem problems[] = {
		{ "username", username_problem(wanted->username) },
		{ "email", email_problem(wanted->email) },
		{ "password", password_problem(auth, wanted, pool) },
		{ "password_confirm", confirm_problem(wanted) },
		{ "terms", wanted->terms_accepted ? NULL : "Please accept the terms to sign up." },
	};
	return tell(fields, problems, sizeof problems / sizeof *problems);
}

enum outcome registration_check_password(const struct auth *auth, const struct registration *wanted,
					 struct pool *pool, struct value *fields)
{
	const struct field_problem problems[] = {
		{ "password", password_problem(auth, wanted, pool) },
		{ "password_confirm", confirm_problem(wanted) },
	};
	return tell(fields, problems, sizeof problems / sizeof *problems);
}

enum outcome registration_add(struct auth *auth, struct pool *pool,
			      const struct registration *wanted, struct user **user)
{
	/* A taken name is told before the work of hashing; the unique index decides in the end. */
	struct user *taken;
	const char *const logins[] = { wanted->username, wanted->email };
	for (size_t i = 0; i < 2; i++) {
		enum outcome found = users_find(auth->users, pool, logins[i], &taken);
		if (found != NOT_FOUND)
			return found == OK ? CONFLICT : found;
	}
	const char *stored_password;
	enum outcome outcome = credentials_hash(auth, pool, wanted->password, &stored_password);
	if (outcome != OK)
		return outcome;
	const struct user_new person = { .username = wanted->username,
					 .email = wanted->email,
					 .stored_password = stored_password };
	outcome = users_insert(auth->users, pool, &person);
	if (outcome != OK)
		return outcome;
	return users_find(auth->users, pool, wanted->email, user);
}

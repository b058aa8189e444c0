#include "audit/audit.h"
#include "auth/registration.h"
#include "commands.h"
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line from standard input, without showing it on a terminal; false: none. */
static bool read_password(char *password, size_t size)
{
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
	if (terminal) {
		fputs("Password: ", stderr);
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	bool got = fgets(password, (int)size, stdin) != NULL;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	if (got)
		password[strcspn(password, "\r\n")] = '\0';
	return got && *password != '\0';
}

/* The outcomes' own sentences are for visitors. */
static int fail(enum outcome outcome)
{
	if (outcome == FORBIDDEN)
		return command_fail("the account of [mysql] user may not write the users table");
	if (outcome == SIGN_IN_UNAVAILABLE || outcome == UNAVAILABLE)
		return command_fail("the databases did not do it; the log above says why");
	return command_fail("%s", outcome_meaning(outcome)->message);
}

static int explain(enum outcome outcome, const struct value *fields)
{
	for (size_t i = 0; i < value_count(fields); i++)
		fprintf(stderr, "gatehousectl: %s: %s\n", value_key(fields, i),
			value_text(value_item(fields, i)));
	return outcome == INVALID_FIELDS ? 1 : fail(outcome);
}

/* What the operator did is done, in MySQL; the audit trail is in PostgreSQL. */
static int note(struct command_context *context, enum audit_event event, const struct user *user)
{
	const struct audit_entry entry = {
		.event = event, .user_id = user->id, .username = user->username, .actor = "operator"
	};
	if (audit_write(context->app->postgresql, context->pool, &entry) == OK)
		return 0;
	return command_fail("this is done, but it could not be written to the audit trail");
}

static int add(struct command_context *context, const char *password)
{
	const struct registration wanted = {
		.username = context->argv[1],
		.email = context->argv[2],
		.password = password,
		.password_confirm = password,
		.terms_accepted = true,
	};
	struct auth *auth = &context->app->auth;
	struct value *fields = value_object(context->pool);
	enum outcome outcome = registration_check(auth, &wanted, context->pool, fields);
	struct user *user;
	if (outcome == OK)
		outcome = registration_add(auth, context->pool, &wanted, &user);
	if (outcome != OK)
		return explain(outcome, fields);
	printf("%s can sign in.\n", wanted.username);
	return note(context, AUDIT_USER_ADDED, user);
}

static int set_password(struct command_context *context, const char *password)
{
	struct auth *auth = &context->app->auth;
	struct user *user;
	const char *stored_password;
	enum outcome outcome = users_find(auth->users, context->pool, context->argv[1], &user);
	if (outcome == NOT_FOUND)
		return command_fail("there is nobody with the username or email %s",
				    context->argv[1]);
	const struct registration same = { .username = outcome == OK ? user->username : "",
					   .email = outcome == OK ? user->email : "",
					   .password = password,
					   .password_confirm = password,
					   .terms_accepted = true };
	struct value *fields = value_object(context->pool);
	registration_check(auth, &same, context->pool, fields);
	if (outcome == OK && value_get(fields, "password") != NULL)
		return command_fail("%s", value_get_string(fields, "password"));
	if (outcome == OK)
		outcome = credentials_hash(auth, context->pool, password, &stored_password);
	if (outcome == OK)
		outcome = users_replace_password(auth->users, context->pool, user, stored_password);
	if (outcome != OK)
		return fail(outcome);
	printf("The password of %s is changed; other sign-ins end within %lld seconds.\n",
	       user->username, (long long)context->config->users.recheck_seconds);
	return note(context, AUDIT_PASSWORD_CHANGED, user);
}

int command_user(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "";
	bool adds = strcmp(what, "add") == 0 && context->argc == 3;
	bool changes = strcmp(what, "password") == 0 && context->argc == 2;
	if (!adds && !changes)
		return 2;
	char password[PASSWORD_INPUT_MAX_BYTES];
	if (!read_password(password, sizeof password))
		return command_fail("the password is read from standard input, and there was none");
	int status = adds ? add(context, password) : set_password(context, password);
	memory_wipe(password, sizeof password);
	return status;
}

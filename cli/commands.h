/* The operator's commands. Each takes the words after its own name and returns an exit status: 0 done,
 * 1 it could not be done (a sentence is on standard error), 2 the words make no sense, which shows how
 * the command is used; WORDS_REFUSED the same where a sentence has said what is wrong already. */
#pragma once
#include "app/app.h"
#include "audit/audit.h"

enum { WORDS_REFUSED = 3 };

struct command_context {
	struct pool *pool;
	const struct config *config;
	struct app *app;
	int argc;
	char **argv;
};

int command_migrate(struct command_context *context);
int command_check(struct command_context *context);
int command_user(struct command_context *context);
int command_session(struct command_context *context);
int command_throttle(struct command_context *context);
int command_knowledge(struct command_context *context);
int command_model(struct command_context *context);
int command_character(struct command_context *context);
int command_group(struct command_context *context);
int command_policy(struct command_context *context);

/* The person of a username or email, or a refusal that is said; returns the exit status. */
int command_find_user(struct command_context *context, const char *login, struct user **user);

/* An object with one text, for the detail of an audit entry. */
struct value *command_detail(struct command_context *context, const char *name, const char *text);
int command_audit(struct command_context *context);

/* Make and drop partitions of the audit trail as its retention says; an exit status. */
int audit_keep_partitions(struct command_context *context);

/* "gatehousectl: sentence" on standard error; returns 1. */
int command_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The operator's commands. Each takes the words after its own name and returns an exit status: 0 done,
 * 1 it could not be done (a sentence is on standard error), 2 the words make no sense. */
#pragma once
#include "app/app.h"

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
int command_knowledge(struct command_context *context);

/* "gatehousectl: sentence" on standard error; returns 1. */
int command_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

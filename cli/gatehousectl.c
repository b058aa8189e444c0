/* gatehousectl: what an operator does from a shell. */
#include "base/log.h"
#include "commands.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int command_config(struct command_context *context);
static int command_version(struct command_context *context);

static const struct command {
	const char *name;
	const char *usage;
	const char *help;
	bool needs_app; /* configuration, templates and databases */
	int (*run)(struct command_context *context);
} commands[] = {
	{ "migrate", "migrate", "bring PostgreSQL (and our own users table) to the newest schema",
	  true, command_migrate },
	{ "check", "check", "say whether configuration, templates and both databases work", true,
	  command_check },
	{ "user", "user add NAME EMAIL\n  gatehousectl user password NAME",
	  "add a person, give a new password; it is read from standard input", true, command_user },
	{ "session", "session count\n  gatehousectl session clean",
	  "say how many there are; throw away what has expired", true, command_session },
	{ "knowledge", "knowledge import FOLDER\n  gatehousectl knowledge check FOLDER",
	  "articles that the chat answers from: store them, or only say what is wrong with them",
	  true, command_knowledge },
	{ "config", "config example\n  gatehousectl config show\n  gatehousectl config path",
	  "the annotated example; the settings in force; which file they come from", false,
	  command_config },
	{ "version", "version", "print the version", false, command_version },
};

int command_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("gatehousectl: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return 1;
}

static int usage(FILE *out, int status)
{
	fputs("Usage:\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  gatehousectl %s\n      %s\n", commands[i].usage, commands[i].help);
	fputs("\nThe configuration is found as the programs find it: $GATEHOUSE_CONF,\n"
	      "~/.config/gatehouse/gatehouse.conf, /etc/gatehouse/gatehouse.conf.\n",
	      out);
	return status;
}

static int command_version(struct command_context *context)
{
	(void)context;
	puts("gatehousectl " GATEHOUSE_VERSION);
	return 0;
}

static int print_settings(struct command_context *context)
{
	struct buffer out = buffer_new(context->pool, 4096);
	const struct config *config = config_load(context->pool, &out);
	if (config == NULL)
		return command_fail("the configuration is not usable:\n%s", out.bytes);
	config_write_settings(&out, config);
	fputs(out.bytes, stdout);
	return 0;
}

static int command_config(struct command_context *context)
{
	const char *what = context->argc == 1 ? context->argv[0] : "";
	if (strcmp(what, "show") == 0)
		return print_settings(context);
	if (strcmp(what, "path") == 0) {
		const char *path = config_path(context->pool);
		if (path == NULL)
			return command_fail("there is no configuration file yet");
		puts(path);
		return 0;
	}
	if (strcmp(what, "example") != 0)
		return usage(stderr, 2);
	struct buffer out = buffer_new(context->pool, 8192);
	config_write_example(&out);
	fputs(out.bytes, stdout);
	return 0;
}

static int run(const struct command *command, struct command_context *context)
{
	struct buffer errors = buffer_new(context->pool, 256);
	if (command->needs_app) {
		context->config = config_load(context->pool, &errors);
		if (context->config != NULL)
			context->app = app_open(context->pool, context->config, &errors);
		if (context->app == NULL)
			return command_fail("cannot start:\n%s", errors.bytes);
	}
	int status = command->run(context);
	if (status != 2)
		return status;
	fprintf(stderr, "gatehousectl: that is not how %s is used.\n", command->name);
	return usage(stderr, 2);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr, 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout, 0);
	const char *wanted = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(wanted, commands[i].name) != 0)
			continue;
		struct command_context context = { .pool = pool_new(NULL),
						   .argc = argc - 2,
						   .argv = argv + 2 };
		int status = run(&commands[i], &context);
		pool_free(context.pool);
		return status;
	}
	fprintf(stderr, "gatehousectl: there is no command \"%s\"\n", argv[1]);
	return usage(stderr, 2);
}

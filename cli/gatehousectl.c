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
	{ "session",
	  "session list [NAME] [--json]\n  gatehousectl session end ID\n"
	  "  gatehousectl session end --user NAME\n  gatehousectl session count\n"
	  "  gatehousectl session clean",
	  "who is signed in where; end a sign-in, or all of a person; throw away what is over",
	  true, command_session },
	{ "group",
	  "group add GROUP NAME\n  gatehousectl group remove GROUP NAME\n  gatehousectl group list "
	  "[GROUP]",
	  "who is in which group; the wall's rules can ask for one", true, command_group },
	{ "policy",
	  "policy show [NAME]\n  gatehousectl policy set NAME KIND idle_minutes=5 …\n"
	  "  gatehousectl policy clear NAME [KIND]",
	  "the limits of each kind of session, and those that single persons have instead", true,
	  command_policy },
	{ "throttle",
	  "throttle list [--json]\n  gatehousectl throttle clear NAME\n"
	  "  gatehousectl throttle clear ADDRESS\n  gatehousectl throttle clear all",
	  "who has to wait or is counted after failed sign-ins; let a person or an address try "
	  "again",
	  true, command_throttle },
	{ "knowledge",
	  "knowledge import FOLDER|FILE [--dry-run] [--keep-edited|--overwrite]\n"
	  "                     [--delete-missing [--yes]]\n"
	  "  gatehousectl knowledge export FOLDER\n  gatehousectl knowledge check [FOLDER|FILE]\n"
	  "  gatehousectl knowledge list\n  gatehousectl knowledge remove NAME",
	  "articles that the chat answers from: store them, write them to files, say what is "
	  "wrong\n"
	  "      with them, list them, remove one",
	  true, command_knowledge },
	{ "model", "model list\n  gatehousectl model try NAME QUESTION",
	  "the language models that are configured; ask one, and see its answer or what is wrong",
	  false, command_model },
	{ "character", "character import FILE... --shared",
	  "characters for everybody to chat with, from files of ours or character cards (JSON, "
	  "PNG)",
	  true, command_character },
	{ "audit",
	  "audit [list] [--user NAME|ID] [--event EVENT] [--address ADDRESS|NETWORK]\n"
	  "                     [--since 2026-11-01] [--until 2026-11-30] [--limit N] [--json]\n"
	  "  gatehousectl audit partitions",
	  "the audit trail, newest first; its months, made and dropped as the retention says", true,
	  command_audit },
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

int command_find_user(struct command_context *context, const char *login, struct user **user)
{
	enum outcome outcome = users_find(context->app->users, context->pool, login, user);
	if (outcome == NOT_FOUND)
		return command_fail("there is nobody with the username or email %s", login);
	return outcome == OK ? 0 : command_fail("%s", outcome_meaning(outcome)->message);
}

struct value *command_detail(struct command_context *context, const char *name, const char *text)
{
	struct value *detail = value_object(context->pool);
	value_set_string(detail, name, text);
	return detail;
}

/* Of one command, or of all when that is NULL. */
static int usage(const struct command *only, FILE *out, int status)
{
	fputs("Usage:\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (only == NULL || only == &commands[i])
			fprintf(out, "  gatehousectl %s\n      %s\n", commands[i].usage,
				commands[i].help);
	if (only != NULL)
		return status;
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
		return 2;
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
	if (status == WORDS_REFUSED)
		return 2;
	if (status != 2)
		return status;
	fprintf(stderr, "gatehousectl: that is not how %s is used.\n", command->name);
	return usage(command, stderr, 2);
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* "help" as the first word; further on it may be somebody's name, which "--help" and "-h" cannot be. */
static bool help_is_among(int argc, char **argv)
{
	if (argc > 0 && asks_for_help(argv[0]))
		return true;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(NULL, stderr, 2);
	bool help_first = asks_for_help(argv[1]);
	const char *wanted = strcmp(argv[1], "--version") == 0 ? "version"
			     : help_first                      ? argv[argc - 1]
							       : argv[1];
	const struct command *command = find_command(wanted);
	if (help_first || (command != NULL && help_is_among(argc - 2, argv + 2)))
		return usage(command, stdout, 0);
	if (command == NULL) {
		fprintf(stderr, "gatehousectl: there is no command \"%s\"\n", argv[1]);
		return usage(NULL, stderr, 2);
	}
	struct command_context context = { .pool = pool_new(NULL),
					   .argc = argc - 2,
					   .argv = argv + 2 };
	int status = run(command, &context);
	pool_free(context.pool);
	return status;
}

#include "base/http_client.h"
#include "chat/model_servers.h"
#include "commands.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The state of one question. */
struct trial {
	struct command_context *context;
	bool is_done;
	bool ends_line; /* what was printed last */
	int status;
};

static bool print_piece(void *context, const char *text, size_t length)
{
	struct trial *trial = context;
	trial->ends_line = text[length - 1] == '\n';
	fwrite(text, 1, length, stdout);
	return fflush(stdout) == 0;
}

/* Not every server says what it counted. */
static const char *counts_text(struct pool *pool, const struct model_result *result)
{
	if (result->prompt_tokens < 0 || result->answer_tokens < 0)
		return "tokens not told";
	return pool_printf(pool, "%lld tokens read, %lld written", (long long)result->prompt_tokens,
			   (long long)result->answer_tokens);
}

static void print_result(void *context, const struct model_result *result)
{
	static const char *const words[] = {
		[MODEL_COMPLETE] = "complete", [MODEL_CUT] = "cut",
		[MODEL_DECLINED] = "declined", [MODEL_CANCELLED] = "cancelled",
		[MODEL_FAILED] = "failed",
	};
	struct trial *trial = context;
	trial->is_done = true;
	if (!trial->ends_line)
		putchar('\n');
	fflush(stdout);
	fprintf(stderr, "%s, %s\n", words[result->end], counts_text(trial->context->pool, result));
	if (result->end == MODEL_COMPLETE || result->end == MODEL_CUT)
		return;
	trial->status = command_fail("%s: %s", result->error, result->sentence);
	if (strcmp(result->error, model_error_meaning(MODEL_ERROR_ADDRESS)->code) == 0)
		fputs("If it is yours, list its host in [chat] model_hosts.\n", stderr);
}

/* SIGINT as something to wait for; -1: it ends the program as ever. */
static int open_interrupt(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void ask(struct trial *trial, const struct model_server *server,
		const struct model_prompt *prompt)
{
	struct pool *pool = trial->context->pool;
	struct http_client *client = model_client_new(pool, trial->context->config);
	const struct model_sink sink = { .context = trial,
					 .piece = print_piece,
					 .done = print_result };
	struct pollfd interrupt = { .fd = open_interrupt(), .events = POLLIN };
	struct model_call *call = model_call_start(client, pool, server, prompt, &sink);
	while (!trial->is_done) {
		http_client_run(client, 60000, &interrupt, interrupt.fd >= 0);
		if (!trial->is_done && (interrupt.revents & POLLIN) != 0)
			model_call_cancel(call);
	}
	close(interrupt.fd);
}

static int try_model(struct command_context *context, const char *model, const char *question)
{
	struct model_prompt prompt = { .system = "", .turn_count = 1, .temperature = -1 };
	const struct model_server *server = model_server_of(context->pool, context->config, model,
							    &prompt.model);
	if (server == NULL)
		return command_fail("there is no model %s; \"gatehousectl model list\" has them",
				    model);
	if (!text_is_plain(question, strlen(question), true) || *question == '\0')
		return command_fail("the question must be text in UTF-8");
	const struct model_turn turn = { .role = "user", .content = question };
	prompt.turns = &turn;
	prompt.answer_tokens_max = server->answer_tokens;
	struct trial trial = { .context = context, .ends_line = true };
	ask(&trial, server, &prompt);
	return trial.status;
}

static int list_models(struct command_context *context)
{
	const char *const *names = model_names(context->pool, context->config);
	if (*names == NULL)
		puts("No models are configured; docs/MODELS.md says how.");
	for (; *names != NULL; names++)
		puts(*names);
	return 0;
}

/* Needs no databases. */
int command_model(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "";
	bool is_list = strcmp(what, "list") == 0 && context->argc == 1;
	bool is_trial = strcmp(what, "try") == 0 && context->argc == 3;
	if (!is_list && !is_trial)
		return 2;
	struct buffer errors = buffer_new(context->pool, 256);
	context->config = config_load(context->pool, &errors);
	if (context->config == NULL)
		return command_fail("the configuration is not usable:\n%s", errors.bytes);
	return is_list ? list_models(context)
		       : try_model(context, context->argv[1], context->argv[2]);
}

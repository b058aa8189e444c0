#include "app/program.h"
#include "app/gate.h"
#include "app/guard.h"
#include "app/page.h"
#include "base/clock.h"
#include "base/log.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum placement { NOT_LOOKED, OUTSIDE, INSIDE };

struct program {
	struct app *app;
	const struct route_table *const *tables;
	const char *rule; /* of the places that ask this process; NULL: the web server names it */
	_Atomic enum placement placement; /* of the configuration and the document root */
};

static void log_request(const struct visit *visit, int64_t started_ms)
{
	enum log_level level = response_status(visit->response) >= 500 ? LOG_LEVEL_WARNING
								       : LOG_LEVEL_DEBUG;
	char status[16], took[24];
	if (!log_is_written(level))
		return;
	snprintf(status, sizeof status, "%d", response_status(visit->response));
	snprintf(took, sizeof took, "%lld", (long long)(clock_monotonic_ms() - started_ms));
	log_event(level, "request", "method", visit->request->method_name, "path",
		  visit->is_secret_address ? "(a link)" : visit->request->path, "status", status,
		  "ms", took, NULL);
}

/* The configuration must not be one missing rule away from being served. Where the document root is,
 * only a request tells. */
static bool is_outside(struct program *program, const struct exchange *exchange, struct pool *pool)
{
	enum placement placement = program->placement;
	const char *root = exchange_parameter(exchange, "DOCUMENT_ROOT");
	if (placement == NOT_LOOKED && root != NULL) {
		placement = config_lies_in(pool, root) ? INSIDE : OUTSIDE;
		program->placement = placement;
	}
	if (placement == INSIDE)
		log_event(LOG_LEVEL_ERROR, "configuration_in_document_root", "root", root, NULL);
	return placement != INSIDE;
}

/* Whether a refusal reaches the client as the authorizer wrote it. lighttpd passes it on. Of Apache's
 * modules, which name themselves by this variable, mod_fcgid passes on nothing, and mod_authnz_fcgi
 * only the first part of a page, without its type. */
static bool passes_refusals(const struct exchange *exchange)
{
	return exchange_is_authorizer(exchange) &&
	       exchange_parameter(exchange, "FCGI_APACHE_ROLE") == NULL;
}

/* Whether this is the web server's question who may, and not a request for a page: always in a program
 * that serves no pages, else in FastCGI's role for it, or where the server is configured to say so. */
static bool is_for_gate(const struct program *program, const struct exchange *exchange)
{
	const struct route_table *const *tables = program->tables;
	bool has_gate = false;
	size_t count = 0;
	for (; tables[count] != NULL; count++)
		has_gate = has_gate || tables[count]->is_gate;
	const char *marked = exchange_parameter(exchange, "GATEHOUSE_GATE");
	return has_gate && (count == 1 || exchange_is_authorizer(exchange) ||
			    (marked != NULL && strcmp(marked, "on") == 0));
}

/* The pieces of a file, each in memory only until it is sent. */
static void write_pieces(struct visit *visit, struct exchange *exchange)
{
	bool goes_on = true;
	while (goes_on) {
		struct pool *pool = pool_new(visit->pool);
		struct buffer out = buffer_new(pool, 64 << 10);
		enum outcome outcome = visit->file_next(visit->file_context, pool, &out);
		goes_on = outcome == OK && out.length > 0 &&
			  exchange_write(exchange, out.bytes, out.length);
		if (outcome != OK)
			log_event(LOG_LEVEL_ERROR, "file_cut_off", "path", visit->request->path,
				  "reason", outcome_meaning(outcome)->code, NULL);
		pool_free(pool);
	}
}

static void serve(void *context, struct exchange *exchange, struct pool *pool)
{
	struct program *program = context;
	const struct config *config = program->app->config;
	int64_t started_ms = clock_monotonic_ms();
	bool for_gate = is_for_gate(program, exchange);
	const struct request_limits limits = { .base_path = config->site.base_path,
					       .body_limit = (size_t)config->server.body_limit,
					       .late_limit = (size_t)config->chat.import_limit,
					       .is_question = for_gate };
	struct visit visit = {
		.app = program->app,
		.pool = pool,
		.request = request_read(pool, exchange, &limits),
		.response = response_new(pool),
		.status = 200,
		.data = value_object(pool),
		.page = value_object(pool),
	};
	log_set_request_id(visit.request->id);
	if (for_gate && program->rule != NULL)
		visit.request->rule = program->rule;
	if (!is_outside(program, exchange, pool))
		visit.request->problem = INTERNAL_ERROR;
	if (for_gate) {
		gate_serve(&visit, passes_refusals(exchange));
	} else {
		guard_serve(&visit, program->tables);
		page_render(&visit);
	}
	response_write(visit.response, exchange, visit.request->method == METHOD_HEAD);
	if (visit.file_next != NULL && visit.request->method == METHOD_GET)
		write_pieces(&visit, exchange);
	if (visit.streamed_answer != NULL && visit.request->method == METHOD_GET) {
		const struct stream_request stream = { .user_id = visit.session->user_id,
						       .session_id = visit.session->public_id,
						       .answer_id = visit.streamed_answer,
						       .cursor = visit.request->last_event };
		streams_add(visit.app->streams, exchange, &stream);
	}
	log_request(&visit, started_ms);
	log_set_request_id(NULL);
}

static void stop(void *context)
{
	struct program *program = context;
	if (program->app->streams != NULL)
		streams_stop(program->app->streams);
}

static struct app *start(struct pool *pool, const char *program_name)
{
	struct buffer errors = buffer_new(pool, 256);
	const struct config *config = config_load(pool, &errors);
	struct app *app = NULL;
	if (config != NULL) {
		log_set_level((enum log_level)config->server.log_level);
		app = app_open(pool, config, &errors);
	}
	if (app == NULL) {
		fprintf(stderr, "%s cannot start:\n%s", program_name, errors.bytes);
		return NULL;
	}
	return app;
}

static void print_help(const char *name)
{
	printf("Usage: %s [--listen unix:/path | --listen address:port] [--rule NAME] [--check]\n"
	       "       [--version]\n\n"
	       "A FastCGI program of Gatehouse. Without --listen it serves the socket on its\n"
	       "standard input, as mod_fcgid and lighttpd start it, or answers one CGI request.\n"
	       "--rule is for the gate: the rule of every place that asks this process.\n"
	       "--check reads configuration and templates, says what is wrong, and ends.\n",
	       name);
}

int program_main(int argc, char **argv, const struct route_table *const *tables)
{
	static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
						 { "rule", required_argument, NULL, 'r' },
						 { "check", no_argument, NULL, 'c' },
						 { "version", no_argument, NULL, 'v' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	const char *listen = NULL, *rule = NULL;
	bool only_check = false;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			listen = optarg;
			break;
		case 'r':
			rule = optarg;
			break;
		case 'c':
			only_check = true;
			break;
		case 'v':
			puts("gatehouse " GATEHOUSE_VERSION);
			return 0;
		case 'h':
			print_help(argv[0]);
			return 0;
		default:
			return 2;
		}
	}
	struct pool *pool = pool_new(NULL);
	struct program program = { .app = start(pool, argv[0]), .tables = tables, .rule = rule };
	int status = 1;
	if (program.app != NULL && only_check)
		status = 0;
	else if (program.app != NULL)
		status = fastcgi_serve(&(struct fastcgi_options){
			.listen = listen,
			.threads = (size_t)program.app->config->server.threads,
			.handle = serve,
			.stop = stop,
			.context = &program,
		});
	pool_free(pool);
	return status;
}

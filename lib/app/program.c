#include "app/program.h"
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
	_Atomic enum placement placement; /* of the configuration and the document root */
};

static void log_request(const struct visit *visit, int64_t started_ms)
{
	char status[16], took[24];
	snprintf(status, sizeof status, "%d", response_status(visit->response));
	snprintf(took, sizeof took, "%lld", (long long)(clock_monotonic_ms() - started_ms));
	log_event(response_status(visit->response) >= 500 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
		  "request", "method", visit->request->method_name, "path", visit->request->path,
		  "status", status, "ms", took, NULL);
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

static void serve(void *context, struct exchange *exchange, struct pool *pool)
{
	struct program *program = context;
	const struct config *config = program->app->config;
	int64_t started_ms = clock_monotonic_ms();
	const struct request_limits limits = { .base_path = config->site.base_path,
					       .body_limit = (size_t)config->server.body_limit };
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
	if (!is_outside(program, exchange, pool))
		visit.request->problem = INTERNAL_ERROR;
	guard_serve(&visit, program->tables);
	page_render(&visit);
	response_write(visit.response, exchange, visit.request->method == METHOD_HEAD);
	log_request(&visit, started_ms);
	log_set_request_id(NULL);
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
	printf("Usage: %s [--listen unix:/path | --listen address:port] [--check] [--version]\n\n"
	       "A FastCGI program of Gatehouse. Without --listen it serves the socket on its\n"
	       "standard input, as mod_fcgid and lighttpd start it, or answers one CGI request.\n"
	       "--check reads configuration and templates, says what is wrong, and ends.\n",
	       name);
}

int program_main(int argc, char **argv, const struct route_table *const *tables)
{
	static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
						 { "check", no_argument, NULL, 'c' },
						 { "version", no_argument, NULL, 'v' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	const char *listen = NULL;
	bool only_check = false;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			listen = optarg;
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
	struct program program = { .app = start(pool, argv[0]), .tables = tables };
	int status = 1;
	if (program.app != NULL && only_check)
		status = 0;
	else if (program.app != NULL)
		status = fastcgi_serve(&(struct fastcgi_options){
			.listen = listen,
			.threads = (size_t)program.app->config->server.threads,
			.handle = serve,
			.context = &program,
		});
	pool_free(pool);
	return status;
}

/* The floors of `make bench`: FastCGI programs that do nothing but what cannot be left out.
 *
 *   floor SOCKET THREADS CLOSE REPLY                                  answer with the bytes of REPLY
 *   floor SOCKET THREADS CLOSE REPLY CONNINFO KEY                     after session_load
 *   floor SOCKET THREADS CLOSE REPLY CONNINFO KEY USER_ID LIMIT    and then, in one more round trip,
 *                                                     account_figures and conversation_list
 *
 * CLOSE: "plain" ends a request as libfcgi does by itself, "early" as Gatehouse does (see finish()
 * in lib/web/fastcgi.c). The statements are those of the build, prepared once for each thread; their rows are thrown away. */
#include "db/postgresql_statements.h"
#include <fastcgi.h>
#include <fcgiapp.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BACKLOG = 512 };

static struct {
	int socket;
	bool closes_early;
	char *reply;
	int reply_length;
	const char *conninfo;              /* NULL: no database */
	const char *key, *user_id, *limit; /* user_id NULL: the session alone */
} options;

static void fail(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

static void read_reply(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	if (file == NULL || fstat(fileno(file), &status) != 0)
		fail("the reply cannot be read");
	options.reply = malloc((size_t)status.st_size + 1);
	if (options.reply == NULL)
		fail("no memory");
	options.reply_length = (int)fread(options.reply, 1, (size_t)status.st_size, file);
	fclose(file);
}

static PGconn *connect_and_prepare(void)
{
	static const enum statement wanted[] = { STATEMENT_SESSION_LOAD, STATEMENT_ACCOUNT_FIGURES,
						 STATEMENT_CONVERSATION_LIST };
	PGconn *database = PQconnectdb(options.conninfo);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const struct statement_text *text = &statement_texts[wanted[i]];
		PGresult *result = PQprepare(database, text->name, text->sql, 0, NULL);
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail(PQerrorMessage(database));
		PQclear(result);
	}
	return database;
}

static void take(PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
		fail(PQresultErrorMessage(result));
	if (status == PGRES_TUPLES_OK && PQntuples(result) == 0 && PQnfields(result) > 10)
		fail("there is no such session");
	PQclear(result);
}

static void load_session(PGconn *database)
{
	take(PQexecPrepared(database, statement_texts[STATEMENT_SESSION_LOAD].name, 1, &options.key,
			    NULL, NULL, 0));
}

static void load_account(PGconn *database)
{
	const char *const figures[] = { options.user_id };
	const char *const list[] = { options.user_id, options.limit, NULL, NULL, "all" };
	PQenterPipelineMode(database);
	PQsendQueryPrepared(database, statement_texts[STATEMENT_ACCOUNT_FIGURES].name, 1, figures,
			    NULL, NULL, 0);
	PQsendQueryPrepared(database, statement_texts[STATEMENT_CONVERSATION_LIST].name, 5, list,
			    NULL, NULL, 0);
	PQpipelineSync(database);
	for (int i = 0; i < 2; i++) {
		take(PQgetResult(database));
		PQgetResult(database); /* NULL: the end of one statement's results */
	}
	take(PQgetResult(database));
	PQexitPipelineMode(database);
}

static void *serve(void *unused)
{
	(void)unused;
	PGconn *database = options.conninfo != NULL ? connect_and_prepare() : NULL;
	FCGX_Request request;
	FCGX_InitRequest(&request, options.socket, 0);
	while (FCGX_Accept_r(&request) == 0) {
		if (database != NULL)
			load_session(database);
		if (options.user_id != NULL)
			load_account(database);
		FCGX_PutStr(options.reply, options.reply_length, request.out);
		if (options.closes_early &&
		    (request.role == FCGI_AUTHORIZER || FCGX_GetChar(request.in) == EOF))
			FCGX_Detach(&request);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 5 && argc != 7 && argc != 9)
		fail("wrong arguments; see the source");
	options.closes_early = strcmp(argv[3], "early") == 0;
	read_reply(argv[4]);
	if (argc >= 7) {
		options.conninfo = argv[5];
		options.key = argv[6];
	}
	if (argc == 9) {
		options.user_id = argv[7];
		options.limit = argv[8];
	}
	/* "-": on the standard input, as web servers hand it over. */
	FCGX_Init();
	options.socket = strcmp(argv[1], "-") == 0 ? 0 : FCGX_OpenSocket(argv[1], BACKLOG);
	if (options.socket < 0)
		fail("the socket cannot be opened");
	if (options.socket > 0)
		chmod(argv[1], 0666);
	int threads = atoi(argv[2]);
	for (int i = 1; i < threads; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, serve, NULL) != 0)
			fail("no thread");
	}
	serve(NULL);
	return 0;
}

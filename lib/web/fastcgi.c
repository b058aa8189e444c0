#include "web/fastcgi.h"
#include "base/log.h"
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 512, THREAD_STACK_BYTES = 512 << 10 };

struct exchange {
	FCGX_Request *fastcgi; /* NULL: plain CGI */
};

/* The write end of a pipe that the signal handler uses to wake every waiting thread. */
static int stop_pipe[2] = { -1, -1 };

static void on_stop(int signal_number)
{
	(void)signal_number;
	int kept = errno;
	ssize_t written = write(stop_pipe[1], "", 1);
	(void)written;
	errno = kept;
}

const char *exchange_parameter(const struct exchange *exchange, const char *name)
{
	return exchange->fastcgi != NULL ? FCGX_GetParam(name, exchange->fastcgi->envp)
					 : getenv(name);
}

ssize_t exchange_read(struct exchange *exchange, char *bytes, size_t size)
{
	if (exchange->fastcgi == NULL) {
		ssize_t got;
		do
			got = read(STDIN_FILENO, bytes, size);
		while (got < 0 && errno == EINTR);
		return got;
	}
	int got = FCGX_GetStr(bytes, (int)size, exchange->fastcgi->in);
	/* At the end of the stream libfcgi tells an end from an abort only by its error. */
	if (got == 0 && FCGX_GetError(exchange->fastcgi->in) != 0)
		return -1;
	return got;
}

bool exchange_write(struct exchange *exchange, const char *bytes, size_t length)
{
	if (exchange->fastcgi != NULL)
		return FCGX_PutStr(bytes, (int)length, exchange->fastcgi->out) == (int)length;
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

struct worker {
	pthread_t thread;
	int socket;
	const struct fastcgi_options *options;
};

/* Wait for a connection or for the stop signal; false: stop. */
static bool wait_for_connection(int socket)
{
	struct pollfd sources[] = { { .fd = stop_pipe[0], .events = POLLIN },
				    { .fd = socket, .events = POLLIN } };
	while (poll(sources, 2, -1) < 0 && errno == EINTR)
		continue;
	return sources[0].revents == 0;
}

static void *work(void *data)
{
	struct worker *worker = data;
	FCGX_Request fastcgi;
	if (FCGX_InitRequest(&fastcgi, worker->socket, 0) != 0)
		return NULL;
	while (wait_for_connection(worker->socket)) {
		/* Another thread may have been faster; then the socket has nothing for us. */
		if (FCGX_Accept_r(&fastcgi) < 0)
			continue;
		/* FCGX_Accept_r makes the connection's socket inherit nothing from the listening
		 * one on Linux, so reads and writes on it block as libfcgi expects. */
		struct exchange exchange = { .fastcgi = &fastcgi };
		worker->options->handle(worker->options->context, &exchange);
		FCGX_Finish_r(&fastcgi);
	}
	FCGX_Free(&fastcgi, 1);
	return NULL;
}

static void catch_signals(void)
{
	/* SA_RESTART: a request in progress is finished, not broken. Set before FCGX_Init, which
	 * keeps handlers that are there already. */
	struct sigaction stop = { .sa_handler = on_stop, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigemptyset(&stop.sa_mask);
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &stop, NULL); /* how FastCGI asks for the same */
	sigaction(SIGPIPE, &ignore, NULL);
}

static int open_socket(const char *listen)
{
	const char *path = strncmp(listen, "unix:", 5) == 0 ? listen + 5 : listen;
	if (path == listen && strchr(listen, ':') == NULL) {
		fprintf(stderr, "gatehouse: --listen takes unix:/path or address:port\n");
		return -1;
	}
	int socket = FCGX_OpenSocket(path, BACKLOG);
	/* The web server may run as another user of the same group. */
	if (socket >= 0 && path != listen)
		chmod(path, 0660);
	return socket;
}

static int serve_on(int socket, const struct fastcgi_options *options)
{
	struct worker *workers = calloc(options->threads, sizeof *workers);
	if (workers == NULL)
		return 1;
	fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	size_t started = 0;
	/* The first worker is this thread itself: a program with one costs no thread at all. */
	for (size_t i = 0; i < options->threads; i++)
		workers[i] = (struct worker){ .socket = socket, .options = options };
	for (started = 1; started < options->threads; started++)
		if (pthread_create(&workers[started].thread, &attributes, work, &workers[started]) != 0)
			break;
	pthread_attr_destroy(&attributes);
	work(&workers[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
	return 0;
}

int fastcgi_serve(const struct fastcgi_options *options)
{
	if (pipe(stop_pipe) != 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		fcntl(stop_pipe[i], F_SETFD, FD_CLOEXEC);
		fcntl(stop_pipe[i], F_SETFL, O_NONBLOCK);
	}
	catch_signals();
	if (options->listen == NULL && FCGX_IsCGI()) {
		struct exchange exchange = { .fastcgi = NULL };
		options->handle(options->context, &exchange);
		return 0;
	}
	if (FCGX_Init() != 0)
		return 1;
	int socket = options->listen != NULL ? open_socket(options->listen) : 0;
	if (socket < 0) {
		log_event(LOG_LEVEL_ERROR, "cannot_listen", "address", options->listen, NULL);
		return 1;
	}
	int status = serve_on(socket, options);
	if (options->listen != NULL && strncmp(options->listen, "unix:", 5) == 0)
		unlink(options->listen + 5);
	return status;
}

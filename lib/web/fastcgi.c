#include "web/fastcgi.h"
#include "base/log.h"
#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	BACKLOG = 512,
	THREAD_STACK_BYTES = 512 << 10,
	BODY_SILENCE_MS = 10000, /* a client that sends nothing for so long has gone */
	BODY_NEAR_MS = 30,       /* what is only on its way between two programs is here by then */
	OUT_OF_FILES_PAUSE_MS = 50,
	KEPT_PATIENCE_S = 2,
};

/* A request has about thirty parameters, and we ask for twenty of them. */
enum { INDEXED_MAX = 96 };

struct exchange {
	FCGX_Request *fastcgi; /* NULL: plain CGI */
	size_t indexed;        /* the first parameters, the lengths of whose names are known */
	unsigned short name_lengths[INDEXED_MAX];
	bool has_body;      /* which may still be on its way */
	bool close_at_once; /* its end was read, or is not worth waiting for */
	bool is_kept;       /* and so is not this thread's any more */
};

struct kept_exchange {
	FCGX_Request *fastcgi;
};

/* The write end of a pipe that the signal handler uses to wake every waiting thread. */
static int stop_pipe[2] = { -1, -1 };
static atomic_bool stopping;

static atomic_int waiting_for_bodies;
static int waiting_for_bodies_max = 1;

static void on_stop(int signal_number)
{
	(void)signal_number;
	int kept = errno;
	stopping = true;
	ssize_t written = write(stop_pipe[1], "", 1);
	(void)written;
	errno = kept;
}

/* Finding the ends of the names once makes each search a comparison of numbers. */
static void index_parameters(struct exchange *exchange)
{
	char **parameters = exchange->fastcgi->envp;
	size_t count = 0;
	for (; count < INDEXED_MAX && parameters[count] != NULL; count++) {
		size_t length = strcspn(parameters[count], "=");
		exchange->name_lengths[count] = length <= USHRT_MAX ? (unsigned short)length : 0;
	}
	exchange->indexed = count;
}

const char *exchange_parameter(const struct exchange *exchange, const char *name)
{
	if (exchange->fastcgi == NULL)
		return getenv(name);
	char **parameters = exchange->fastcgi->envp;
	size_t length = strlen(name);
	for (size_t i = 0; i < exchange->indexed; i++)
		if (exchange->name_lengths[i] == length && memcmp(parameters[i], name, length) == 0)
			return parameters[i] + length + 1;
	return FCGX_GetParam(name, parameters + exchange->indexed);
}

bool exchange_is_authorizer(const struct exchange *exchange)
{
	return exchange->fastcgi != NULL && exchange->fastcgi->role == FCGI_AUTHORIZER;
}

static void set_blocking(int socket, bool blocking)
{
	int flags = fcntl(socket, F_GETFL);
	fcntl(socket, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* Wait for more of a body. Some web servers hand a request over before its body is there, or send its end by
 * itself a moment later; half of the threads may wait longer than that, so that a few silent clients cannot
 * stop a program. */
static bool wait_for_body(const struct exchange *exchange)
{
	struct pollfd more = { .fd = exchange->fastcgi->ipcFd, .events = POLLIN };
	if (poll(&more, 1, BODY_NEAR_MS) > 0)
		return true;
	bool may_wait = atomic_fetch_add(&waiting_for_bodies, 1) < waiting_for_bodies_max;
	if (may_wait)
		may_wait = poll(&more, 1, BODY_SILENCE_MS) > 0;
	atomic_fetch_sub(&waiting_for_bodies, 1);
	return may_wait;
}

/* What libfcgi has or can get without waiting, on a socket that does not block: FCGX_GetStr would
 * otherwise stay until it has all it was asked for. -EAGAIN: nothing yet. */
static ssize_t read_arrived(FCGX_Stream *in, char *bytes, size_t size)
{
	int got = FCGX_GetStr(bytes, (int)size, in);
	int error = FCGX_GetError(in);
	if (error == EAGAIN || error == EWOULDBLOCK) {
		/* No error to libfcgi's own state: the next read goes on where this one stopped. */
		FCGX_ClearError(in);
		in->isClosed = 0;
		return got > 0 ? got : -EAGAIN;
	}
	return got > 0 || error == 0 ? got : EXCHANGE_BROKEN;
}

static ssize_t read_fastcgi(struct exchange *exchange, char *bytes, size_t size)
{
	int socket = exchange->fastcgi->ipcFd;
	ssize_t got;
	set_blocking(socket, false);
	while ((got = read_arrived(exchange->fastcgi->in, bytes, size)) == -EAGAIN)
		if (!wait_for_body(exchange)) {
			got = EXCHANGE_BUSY;
			break;
		}
	set_blocking(socket, true);
	exchange->close_at_once = got == 0 || got == EXCHANGE_BUSY;
	return got;
}

ssize_t exchange_read(struct exchange *exchange, char *bytes, size_t size)
{
	if (exchange->fastcgi != NULL)
		return read_fastcgi(exchange, bytes, size);
	ssize_t got;
	do
		got = read(STDIN_FILENO, bytes, size);
	while (got < 0 && errno == EINTR);
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

/* A descriptor to wait on for a connection or the stop signal. Of the threads and processes that
 * wait on the same socket a connection wakes one, not all. */
static int open_waiter(int socket)
{
	struct epoll_event connection = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	struct epoll_event stop = { .events = EPOLLIN };
	int waiter = epoll_create1(EPOLL_CLOEXEC);
	if (waiter >= 0 && epoll_ctl(waiter, EPOLL_CTL_ADD, socket, &connection) == 0 &&
	    epoll_ctl(waiter, EPOLL_CTL_ADD, stop_pipe[0], &stop) == 0)
		return waiter;
	log_event(LOG_LEVEL_ERROR, "cannot_wait_for_connections", "reason", strerror(errno), NULL);
	if (waiter >= 0)
		close(waiter);
	return -1;
}

/* Wait until there may be a connection; false: the stop signal came. */
static bool wait_for_connection(int waiter)
{
	struct epoll_event event;
	while (epoll_wait(waiter, &event, 1, -1) < 0 && errno == EINTR)
		continue;
	return !stopping;
}

/* Out of descriptors or memory a connection stays in the queue, and asking for it again at once would
 * only burn the processor. */
static void pause_when_exhausted(int accepted)
{
	struct timespec pause = { .tv_nsec = OUT_OF_FILES_PAUSE_MS * 1000000L };
	if (accepted == -EMFILE || accepted == -ENFILE || accepted == -ENOBUFS ||
	    accepted == -ENOMEM)
		nanosleep(&pause, NULL);
}

static void serve_request(const struct worker *worker, struct exchange *exchange,
			  struct pool *parent)
{
	struct pool *pool = pool_new(parent);
	worker->options->handle(worker->options->context, exchange, pool);
	pool_free(pool);
}

/* What came behind an authorizer's parameters, which are all that FastCGI has for it (1.0, section 6.3):
 * lighttpd sends the end of an input as well, and over HTTP/2 perhaps the beginning of a body. */
static void throw_away_arrived(int socket)
{
	char bytes[4096];
	for (int i = 0; i < 32 && recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
		continue;
}

/* End a request. libfcgi keeps the thread until the web server has closed its side as well, because
 * closing with something unread can destroy the answer on its way. When the web server has said
 * everything, there is nothing to wait for: where no body was announced, its end has come with the
 * request, and to an authorizer nothing else is of use. */
static void finish(const struct exchange *exchange)
{
	FCGX_Request *fastcgi = exchange->fastcgi;
	char unread;
	bool at_once = exchange->close_at_once || exchange_is_authorizer(exchange);
	if (!at_once && !exchange->has_body)
		at_once = FCGX_GetStr(&unread, 1, fastcgi->in) == 0 &&
			  FCGX_GetError(fastcgi->in) == 0;
	if (exchange_is_authorizer(exchange))
		throw_away_arrived(fastcgi->ipcFd);
	if (at_once)
		FCGX_Detach(fastcgi);
	FCGX_Finish_r(fastcgi);
}

/* Whether a body was announced. */
static bool has_body(const struct exchange *exchange)
{
	const char *length = exchange_parameter(exchange, "CONTENT_LENGTH");
	return (length != NULL && *length != '\0' && strcmp(length, "0") != 0) ||
	       exchange_parameter(exchange, "HTTP_TRANSFER_ENCODING") != NULL;
}

/* Memory of its own for each, because its streams point back to it and it may outlive the thread. */
static FCGX_Request *new_request(int socket)
{
	FCGX_Request *fastcgi = calloc(1, sizeof *fastcgi);
	if (fastcgi == NULL || FCGX_InitRequest(fastcgi, socket, 0) == 0)
		return fastcgi;
	free(fastcgi);
	return NULL;
}

static void free_request(FCGX_Request *fastcgi)
{
	if (fastcgi != NULL)
		FCGX_Free(fastcgi, 1);
	free(fastcgi);
}

struct kept_exchange *exchange_keep(struct exchange *exchange)
{
	const struct timeval patience = { .tv_sec = KEPT_PATIENCE_S };
	struct kept_exchange *kept = exchange->fastcgi != NULL ? malloc(sizeof *kept) : NULL;
	if (kept == NULL)
		return NULL;
	kept->fastcgi = exchange->fastcgi;
	setsockopt(kept->fastcgi->ipcFd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	exchange->is_kept = true;
	return kept;
}

bool kept_write(struct kept_exchange *kept, const char *bytes, size_t length)
{
	return FCGX_PutStr(bytes, (int)length, kept->fastcgi->out) == (int)length &&
	       FCGX_FFlush(kept->fastcgi->out) == 0;
}

static short kept_events(const struct kept_exchange *kept, short events)
{
	struct pollfd socket = { .fd = kept->fastcgi->ipcFd, .events = events };
	return poll(&socket, 1, 0) > 0 ? socket.revents : 0;
}

bool kept_is_ready(const struct kept_exchange *kept)
{
	return (kept_events(kept, POLLOUT) & POLLOUT) != 0;
}

bool kept_has_gone(const struct kept_exchange *kept)
{
	return (kept_events(kept, POLLRDHUP) & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void kept_end(struct kept_exchange *kept)
{
	FCGX_Detach(kept->fastcgi); /* does not wait for the web server to close its side */
	FCGX_Finish_r(kept->fastcgi);
	free_request(kept->fastcgi);
	free(kept);
}

static void *work(void *data)
{
	const struct worker *worker = data;
	int waiter = open_waiter(worker->socket);
	FCGX_Request *fastcgi = waiter >= 0 ? new_request(worker->socket) : NULL;
	if (fastcgi == NULL) {
		if (waiter >= 0)
			close(waiter);
		return NULL;
	}
	/* Requests get their memory from here and give it back, so that the next one need not ask the
	 * operating system. */
	struct pool *pool = pool_new(NULL);
	while (fastcgi != NULL && wait_for_connection(waiter)) {
		/* Another thread may have been faster; then the socket has nothing for us. */
		int accepted = FCGX_Accept_r(fastcgi);
		if (accepted < 0) {
			pause_when_exhausted(accepted);
			continue;
		}
		/* FCGX_Accept_r makes the connection's socket inherit nothing from the listening
		 * one on Linux, so reads and writes on it block as libfcgi expects. */
		struct exchange exchange = { .fastcgi = fastcgi };
		index_parameters(&exchange);
		exchange.has_body = has_body(&exchange);
		serve_request(worker, &exchange, pool);
		if (exchange.is_kept)
			fastcgi = new_request(worker->socket);
		else
			finish(&exchange);
	}
	pool_free(pool);
	free_request(fastcgi);
	close(waiter);
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

/* A socket file that is left over answers nobody; one in use must not be taken away. */
static bool somebody_answers(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return false;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answers = probe >= 0 &&
		       (connect(probe, (const struct sockaddr *)&address, sizeof address) == 0 ||
			errno == EAGAIN);
	if (probe >= 0)
		close(probe);
	return answers;
}

static int open_socket(const char *listen)
{
	const char *path = strncmp(listen, "unix:", 5) == 0 ? listen + 5 : listen;
	if (path == listen && strchr(listen, ':') == NULL) {
		fprintf(stderr, "gatehouse: --listen takes unix:/path or address:port\n");
		return -1;
	}
	if (path != listen && somebody_answers(path)) {
		fprintf(stderr, "gatehouse: %s is in use by another program\n", path);
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
	waiting_for_bodies_max = options->threads > 1 ? (int)(options->threads / 2) : 1;
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
		if (pthread_create(&workers[started].thread, &attributes, work,
				   &workers[started]) != 0)
			break;
	pthread_attr_destroy(&attributes);
	work(&workers[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
	if (options->stop != NULL)
		options->stop(options->context);
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
		const struct worker worker = { .options = options };
		serve_request(&worker, &(struct exchange){ .fastcgi = NULL }, NULL);
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

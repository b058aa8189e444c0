/* gatehouse-answerd: makes the answers of models. The chat starts it when it is needed, or systemd does.
 * One is enough for a machine; several machines may have one each. */
#include "app/answering.h"
#include "base/crypto.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* An answer that is made by itself, and may outlive its request, may take so long. */
enum { ONLY_PATIENCE_S = 300 };

struct wish {
	bool background;
	int64_t idle_s;      /* 0: stay */
	const char *only_id; /* NULL: all answers */
};

static volatile bool stopping;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopping = true;
}

static void catch_signals(void)
{
	/* No SA_RESTART: waiting ends at once. */
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
}

enum lock { LOCK_IS_OURS, LOCK_IS_TAKEN, LOCK_FAILED };

/* A lock of this machine for the database and user, which ends with the processes that have it open: a
 * child keeps what its parent took. */
static enum lock take_lock(struct pool *pool, const struct config *config, const char *name)
{
	unsigned char digest[SHA256_BYTES];
	crypto_sha256(config->postgresql.dsn, strlen(config->postgresql.dsn), digest);
	const char *path = pool_printf(pool, "%s/gatehouse-%s-%ld-%s.lock",
				       config->server.runtime_dir, name, (long)getuid(),
				       crypto_hex(pool, digest, 8));
	int lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0) {
		log_event(LOG_LEVEL_ERROR, "answerd_cannot_lock", "path", path, "reason",
			  strerror(errno), NULL);
		return LOCK_FAILED;
	}
	if (flock(lock, LOCK_EX | LOCK_NB) == 0)
		return LOCK_IS_OURS;
	close(lock);
	return LOCK_IS_TAKEN;
}

/* Where nothing can be locked there may be two, which does no harm: leases keep them apart. */
static bool is_the_only_one(struct pool *pool, const struct config *config)
{
	return take_lock(pool, config, "answerd") != LOCK_IS_TAKEN;
}

/* A place among the few processes that may outlive their request. */
static bool take_place(struct pool *pool, const struct config *config)
{
	for (int64_t i = 1; i <= config->chat.inline_processes; i++) {
		enum lock lock = take_lock(pool, config, pool_printf(pool, "inline-%ld", (long)i));
		if (lock != LOCK_IS_TAKEN)
			return lock == LOCK_IS_OURS;
	}
	return false;
}

/* The request that started us waits for this process alone. It gets back what there is after a while, or
 * its web server would give it up, and the answer goes on in a process of its own. */
static void let_go_after(int64_t seconds)
{
	sigset_t ended;
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	pid_t child = fork();
	if (child < 0)
		_exit(1);
	if (child == 0) {
		sigprocmask(SIG_UNBLOCK, &ended, NULL);
		setsid();
		return;
	}
	signal(SIGTERM, SIG_DFL); /* this one only waits */
	const struct timespec patience = { .tv_sec = (time_t)seconds };
	while (sigtimedwait(&ended, NULL, &patience) < 0 && errno == EINTR)
		continue;
	int status = 0;
	bool has_ended = waitpid(child, &status, WNOHANG) == child;
	_exit(has_ended && status != 0 ? 1 : 0);
}

/* One answer, begun by its request. Without a place nothing outlives the request, or guests who ask and
 * leave would fill the machine with processes, and the database with their connections. */
static void make_one(struct pool *pool, struct app *app, const char *id)
{
	int64_t patience_s = app->config->chat.inline_seconds;
	if (take_place(pool, app->config)) {
		let_go_after(patience_s);
		patience_s = ONLY_PATIENCE_S;
	}
	answering_make(answering_new(pool, app), id, &stopping, patience_s);
}

/* Leave whoever started us; the caller's process ends here. */
static void go_into_background(void)
{
	pid_t child = fork();
	if (child != 0)
		_exit(child > 0 ? 0 : 1);
	setsid();
	if (chdir("/") != 0)
		_exit(1);
}

static int run(struct pool *pool, const struct wish *wish)
{
	struct buffer errors = buffer_new(pool, 256);
	/* Who is told to go before anything has begun still says so of the one answer that is its own. */
	if (wish->only_id != NULL)
		catch_signals();
	const struct config *config = config_load(pool, &errors);
	struct app *app = NULL;
	if (config != NULL) {
		log_set_level((enum log_level)config->server.log_level);
		app = app_open(pool, config, &errors);
	}
	if (app == NULL) {
		fprintf(stderr, "gatehouse-answerd cannot start:\n%s", errors.bytes);
		return 1;
	}
	if (wish->background)
		go_into_background();
	if (wish->only_id != NULL) {
		make_one(pool, app, wish->only_id);
		return 0;
	}
	catch_signals();
	if (!is_the_only_one(pool, config))
		return 0;
	log_event(LOG_LEVEL_INFO, "answerd_started", NULL);
	answering_work(answering_new(pool, app), &stopping, wish->idle_s);
	log_event(LOG_LEVEL_INFO, "answerd_stopped", NULL);
	return 0;
}

static void print_help(void)
{
	puts("Usage: gatehouse-answerd [--background] [--idle-exit SECONDS] [--only ID]\n"
	     "       [--version]\n\n"
	     "Makes the answers of models for the chat. The chat starts it by itself, with\n"
	     "--background; under systemd it stays. With --idle-exit it ends after so many "
	     "seconds\n"
	     "without anything to do. With --only it makes the one answer of that number, and\n"
	     "goes on in the background when that takes long ([chat] inline_seconds, "
	     "inline_processes).");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "background", no_argument, NULL, 'b' },
						 { "idle-exit", required_argument, NULL, 'i' },
						 { "only", required_argument, NULL, 'o' },
						 { "version", no_argument, NULL, 'v' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	struct wish wish = { .background = false };
	int64_t id;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			wish.background = true;
			break;
		case 'i':
			if (!text_to_integer(optarg, 1, 86400, &wish.idle_s)) {
				fputs("gatehouse-answerd: --idle-exit takes seconds\n", stderr);
				return 2;
			}
			break;
		case 'o':
			if (!text_to_integer(optarg, INT64_MIN, INT64_MAX, &id)) {
				fputs("gatehouse-answerd: --only takes the number of an answer\n",
				      stderr);
				return 2;
			}
			wish.only_id = optarg;
			break;
		case 'v':
			puts("gatehouse-answerd " GATEHOUSE_VERSION);
			return 0;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	struct pool *pool = pool_new(NULL);
	int status = run(pool, &wish);
	pool_free(pool);
	return status;
}

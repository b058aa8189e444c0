#include "app/answer_worker.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_PAUSE_MS = 2000 };

/* As configured, or in the folder of this program, or beside that folder:
 * …/lib/gatehouse/gatehouse-answerd for …/lib/gatehouse/cgi-bin/chat. */
static const char *worker_path(const struct config *config, struct pool *pool)
{
	char own[PATH_MAX];
	if (*config->chat.worker_program != '\0')
		return config->chat.worker_program;
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
	if (length <= 0)
		return NULL;
	own[length] = '\0';
	char *folder = dirname(own);
	const char *path = pool_printf(pool, "%s/gatehouse-answerd", folder);
	return access(path, X_OK) == 0 ? path
				       : pool_printf(pool, "%s/gatehouse-answerd", dirname(folder));
}

/* Run the worker with these words and wait until that process has ended. The HTTP library stays out of this
 * program: it would make every start slower and every process larger. */
static void run_worker(const struct config *config, struct pool *pool, char *const *words)
{
	const char *path = worker_path(config, pool);
	posix_spawn_file_actions_t files;
	pid_t child;
	int status = 0;
	if (path == NULL || posix_spawn_file_actions_init(&files) != 0)
		return;
	/* Not the listening socket, nor anybody's connection. */
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	int error = posix_spawn(&child, path, &files, NULL, words, environ);
	posix_spawn_file_actions_destroy(&files);
	while (error == 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (error != 0 || status != 0)
		log_event(LOG_LEVEL_ERROR, "cannot_start_answerd", "path", path, "reason",
			  error != 0 ? strerror(error) : "it ended with an error", NULL);
}

void answer_worker_start(const struct config *config, struct pool *pool)
{
	if (config->chat.generation == GENERATION_INLINE)
		return;
	/* It goes into the background, in a session of its own, so that it outlives this program. */
	static char *const words[] = { "gatehouse-answerd", "--background", "--idle-exit", "300",
				       NULL };
	static _Atomic int64_t not_before_ms;
	int64_t now_ms = clock_monotonic_ms(), earliest_ms = not_before_ms;
	if (now_ms >= earliest_ms &&
	    atomic_compare_exchange_strong(&not_before_ms, &earliest_ms, now_ms + START_PAUSE_MS))
		run_worker(config, pool, words);
}

void answer_worker_wake(struct visit *visit, const struct question_stored *stored)
{
	const struct config *config = visit->app->config;
	if (config->chat.generation == GENERATION_INLINE) {
		char *const words[] = { "gatehouse-answerd", "--only",
					pool_strdup(visit->pool, stored->answer_id), NULL };
		run_worker(config, visit->pool, words);
	} else if (!stored->has_worker) {
		answer_worker_start(config, visit->pool);
	}
}

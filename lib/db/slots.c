#include "db/slots.h"
#include "base/clock.h"
#include <errno.h>
#include <pthread.h>
#include <time.h>

enum { RETRY_PAUSE_MS = 200 };

struct slots {
	pthread_mutex_t lock;
	pthread_cond_t released;
	int64_t no_connect_before_ms;
	size_t count;
	bool in_use[];
};

static void destroy(void *data)
{
	struct slots *slots = data;
	pthread_mutex_destroy(&slots->lock);
	pthread_cond_destroy(&slots->released);
}

struct slots *slots_new(struct pool *pool, size_t count)
{
	struct slots *slots = pool_zalloc(pool, sizeof *slots + count * sizeof slots->in_use[0]);
	slots->count = count;
	pthread_mutex_init(&slots->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&slots->released, &attributes);
	pthread_condattr_destroy(&attributes);
	pool_cleanup(pool, destroy, slots);
	return slots;
}

static bool take_free(struct slots *slots, size_t *slot)
{
	for (size_t i = 0; i < slots->count; i++) {
		if (slots->in_use[i])
			continue;
		slots->in_use[i] = true;
		*slot = i;
		return true;
	}
	return false;
}

bool slots_acquire(struct slots *slots, int64_t deadline_ms, size_t *slot)
{
	struct timespec until = { .tv_sec = deadline_ms / 1000,
				  .tv_nsec = (deadline_ms % 1000) * 1000000 };
	pthread_mutex_lock(&slots->lock);
	bool taken = take_free(slots, slot);
	while (!taken &&
	       pthread_cond_timedwait(&slots->released, &slots->lock, &until) != ETIMEDOUT)
		taken = take_free(slots, slot);
	pthread_mutex_unlock(&slots->lock);
	return taken;
}

void slots_release(struct slots *slots, size_t slot)
{
	pthread_mutex_lock(&slots->lock);
	slots->in_use[slot] = false;
	pthread_cond_signal(&slots->released);
	pthread_mutex_unlock(&slots->lock);
}

bool slots_may_connect(struct slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	bool may = clock_monotonic_ms() >= slots->no_connect_before_ms;
	pthread_mutex_unlock(&slots->lock);
	return may;
}

void slots_connect_failed(struct slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->no_connect_before_ms = clock_monotonic_ms() + RETRY_PAUSE_MS;
	pthread_mutex_unlock(&slots->lock);
}

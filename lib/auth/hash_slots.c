#include "auth/hash_slots.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A waiting sign-in is woken when a slot is released. It also looks by itself now and then, for a
 * slot whose holder was killed and woke nobody. */
enum { LOOK_AGAIN_MS = 50, SLOTS_MAX = 256, WAITERS_PER_SLOT = 8, BOOT_ID_CHARACTERS = 36 };

struct shared {
	/* Which start of the machine the mutexes belong to: after a power cut their holders are
	 * gone, and no kernel remembers that they died. */
	char boot_id[BOOT_ID_CHARACTERS + 1];
	uint32_t count;
	_Atomic uint32_t releases; /* a futex: counts up with each release */
	pthread_mutex_t slots[SLOTS_MAX];
	/* Places to wait in. Who finds none is told "busy" at once, so that threads are left for
	 * everything else, and the wait stays short. */
	pthread_mutex_t places[SLOTS_MAX * WAITERS_PER_SLOT];
};

struct hash_slots {
	struct shared *shared;
	_Atomic int waiting; /* threads of this process */
	int waiting_max;
};

static void unmap(void *data)
{
	munmap(data, sizeof(struct shared));
}

static void read_boot_id(char boot_id[static BOOT_ID_CHARACTERS + 1])
{
	int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = file >= 0 ? read(file, boot_id, BOOT_ID_CHARACTERS) : 0;
	boot_id[got > 0 ? got : 0] = '\0';
	if (file >= 0)
		close(file);
	if (got <= 0) /* not this system's way: any start is the same one */
		snprintf(boot_id, BOOT_ID_CHARACTERS + 1, "unknown");
}

static void prepare(struct shared *shared, size_t count, const char *boot_id)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	memset(shared, 0, sizeof *shared);
	for (size_t i = 0; i < count; i++)
		pthread_mutex_init(&shared->slots[i], &attributes);
	for (size_t i = 0; i < count * WAITERS_PER_SLOT; i++)
		pthread_mutex_init(&shared->places[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
	shared->count = (uint32_t)count;
	snprintf(shared->boot_id, sizeof shared->boot_id, "%s", boot_id);
}

/* The file of this user with this many slots; -1 when it is not ours or cannot be made. Its name
 * holds the layout's number and the count: programs with other ones do not meet. */
static int open_file(struct pool *pool, const char *folder, size_t count)
{
	const char *path = pool_printf(pool, "%s/gatehouse-hash-slots-3-%ld-%zu", folder,
				       (long)geteuid(), count);
	int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return -1;
	struct stat about;
	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid() ||
	    (about.st_mode & 077) != 0 || about.st_nlink != 1) {
		close(file);
		errno = EPERM;
		return -1;
	}
	return file;
}

static struct shared *map_file(int file, size_t count, const char *boot_id)
{
	struct shared *shared = MAP_FAILED;
	flock(file, LOCK_EX); /* two programs starting at once */
	if (ftruncate(file, sizeof *shared) == 0)
		shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (shared != MAP_FAILED && strcmp(shared->boot_id, boot_id) != 0)
		prepare(shared, count, boot_id);
	flock(file, LOCK_UN);
	close(file);
	return shared != MAP_FAILED ? shared : NULL;
}

/* How many threads of a process may wait: with those that hash, all but one, which still shows pages
 * and says "busy". A process with a single thread has nothing else to do. */
static int waiting_max(size_t threads, size_t count)
{
	return threads > count + 2 ? (int)(threads - count - 1) : 1;
}

struct hash_slots *hash_slots_open(struct pool *pool, const struct hash_slots_options *options)
{
	size_t count = options->count;
	if (count == 0) {
		long processors = sysconf(_SC_NPROCESSORS_ONLN);
		count = processors > 0 ? (size_t)processors : 1;
	}
	if (count > SLOTS_MAX)
		count = SLOTS_MAX;
	char boot_id[BOOT_ID_CHARACTERS + 1];
	read_boot_id(boot_id);
	struct hash_slots *slots = pool_zalloc(pool, sizeof *slots);
	slots->waiting_max = waiting_max(options->threads, count);
	int file = open_file(pool, options->folder, count);
	if (file >= 0)
		slots->shared = map_file(file, count, boot_id);
	if (slots->shared == NULL) {
		log_event(LOG_LEVEL_WARNING, "hash_slots_not_shared", "folder", options->folder,
			  "reason", strerror(errno), NULL);
		slots->shared = mmap(NULL, sizeof *slots->shared, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (slots->shared == MAP_FAILED)
			return NULL;
		prepare(slots->shared, count, boot_id);
	}
	pool_cleanup(pool, unmap, slots->shared);
	return slots;
}

static bool try_one(pthread_mutex_t *mutex)
{
	int status = pthread_mutex_trylock(mutex);
	if (status == EOWNERDEAD) {
		pthread_mutex_consistent(mutex);
		return true;
	}
	return status == 0;
}

static bool try_all(pthread_mutex_t *mutexes, size_t count, size_t *taken)
{
	for (size_t i = 0; i < count; i++) {
		if (try_one(&mutexes[i])) {
			*taken = i;
			return true;
		}
	}
	return false;
}

/* Sleep until the count is another than `seen`, or for a while. */
static void wait_for_release(struct shared *shared, uint32_t seen, int64_t longest_ms)
{
	int64_t pause_ms = longest_ms < LOOK_AGAIN_MS ? longest_ms : LOOK_AGAIN_MS;
	struct timespec pause = { .tv_nsec = (long)pause_ms * 1000000L };
	syscall(SYS_futex, &shared->releases, FUTEX_WAIT, seen, &pause, NULL, 0);
}

static bool wait_for_slot(struct shared *shared, int64_t wait_ms, size_t *slot)
{
	int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
	for (;;) {
		/* Read before looking: a release in between changes it, and nobody sleeps. */
		uint32_t seen = shared->releases;
		if (try_all(shared->slots, shared->count, slot))
			return true;
		int64_t left_ms = deadline_ms - clock_monotonic_ms();
		if (left_ms <= 0)
			return false;
		wait_for_release(shared, seen, left_ms);
	}
}

bool hash_slots_acquire(struct hash_slots *slots, int64_t wait_ms, size_t *slot)
{
	struct shared *shared = slots->shared;
	if (try_all(shared->slots, shared->count, slot))
		return true;
	size_t place, places = (size_t)shared->count * WAITERS_PER_SLOT;
	bool got = false;
	if (atomic_fetch_add(&slots->waiting, 1) < slots->waiting_max &&
	    try_all(shared->places, places, &place)) {
		got = wait_for_slot(shared, wait_ms, slot);
		pthread_mutex_unlock(&shared->places[place]);
	}
	atomic_fetch_sub(&slots->waiting, 1);
	return got;
}

void hash_slots_release(struct hash_slots *slots, size_t slot)
{
	pthread_mutex_unlock(&slots->shared->slots[slot]);
	slots->shared->releases++;
	syscall(SYS_futex, &slots->shared->releases, FUTEX_WAKE, 1, NULL, NULL, 0);
}

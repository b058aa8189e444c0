/* Hash slots: how many passwords are checked at the same time on this machine.
 *
 * A check keeps a processor busy for a tenth of a second, so a flood of sign-ins could take the
 * whole machine. All programs of one system user share a few slots through a file; one that is
 * killed while it holds a slot gives it back (robust mutexes, POSIX pthread_mutexattr_setrobust). */
#pragma once
#include "base/memory.h"

struct hash_slots;

struct hash_slots_options {
	const char *folder; /* where the programs meet in a file */
	size_t count;       /* 0: one for each processor */
	size_t threads;     /* of this process; all but one of them may hash or wait */
};

/* When the folder cannot be used the slots are those of this process alone, and the log says so. */
struct hash_slots *hash_slots_open(struct pool *pool, const struct hash_slots_options *options);

/* Take a slot, waiting at most `wait_ms`; false: all are busy, or enough others wait already. */
bool hash_slots_acquire(struct hash_slots *slots, int64_t wait_ms, size_t *slot);
void hash_slots_release(struct hash_slots *slots, size_t slot);

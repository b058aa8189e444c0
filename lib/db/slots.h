/* Slots: which of a fixed number of connections is free, for threads that share them. */
#pragma once
#include "base/memory.h"

struct slots;

struct slots *slots_new(struct pool *pool, size_t count);

/* Take a free slot, waiting for one until `deadline_ms` of the monotonic clock. False: none came
 * free in time. Give it back with slots_release. */
bool slots_acquire(struct slots *slots, int64_t deadline_ms, size_t *slot);
void slots_release(struct slots *slots, size_t slot);

/* A server that refuses connections is asked again only after a short pause, so that a crowd of
 * requests does not wait for it one after the other. */
bool slots_may_connect(struct slots *slots);
void slots_connect_failed(struct slots *slots);

/* Of which sessions it was noted in the last minute that they are used, as far as this program knows,
 * so that it asks the database only once a minute to note it. A guess that saves work: it may forget,
 * and what it says is checked against the row. */
#pragma once
#include "base/memory.h"

struct seen_sessions;

struct seen_sessions *seen_sessions_new(struct pool *pool);

/* Whether the use of the session of this key was noted in the last minute. */
bool seen_lately(const struct seen_sessions *seen, const char *key);

/* It was noted so many seconds ago, by whomever. */
void seen_note(struct seen_sessions *seen, const char *key, int64_t ago_s);

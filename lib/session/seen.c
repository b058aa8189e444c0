#include "session/seen.h"
#include "base/clock.h"

/* Sessions of two keys that share a place forget each other; 4,096 places are 32 KiB. */
enum { PLACES = 4096, LATELY_S = 60 };

struct seen_sessions {
	/* The upper half of a key's hash, and the second in which it was noted. */
	_Atomic uint64_t places[PLACES];
};

struct seen_sessions *seen_sessions_new(struct pool *pool)
{
	return pool_zalloc(pool, sizeof(struct seen_sessions));
}

/* FNV-1a; keys are random, so that nobody can choose where theirs falls. */
static uint64_t hash(const char *key)
{
	uint64_t sum = 0xcbf29ce484222325u;
	for (; *key != '\0'; key++)
		sum = (sum ^ (unsigned char)*key) * 0x100000001b3u;
	return sum;
}

bool seen_lately(const struct seen_sessions *seen, const char *key)
{
	uint64_t sum = hash(key);
	uint64_t was = seen->places[sum % PLACES];
	uint32_t now_s = (uint32_t)(clock_monotonic_ms() / 1000);
	return was >> 32 == sum >> 32 && now_s - (uint32_t)was < LATELY_S;
}

void seen_note(struct seen_sessions *seen, const char *key, int64_t ago_s)
{
	uint64_t sum = hash(key);
	uint32_t then_s = (uint32_t)(clock_monotonic_ms() / 1000 - ago_s);
	seen->places[sum % PLACES] = (sum >> 32 << 32) | then_s;
}

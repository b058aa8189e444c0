/* Pools: memory that is released all at once, when the request (or the program) it belongs to ends.
 *
 * A pool never returns NULL: when the machine has no memory left the program says so and aborts,
 * because a login wall that goes on half-initialised is worse than one that is restarted.
 * In sanitizer builds every allocation is a malloc of its own, so that AddressSanitizer sees
 * what runs over its end or is used after its pool. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;

/* A new pool; it is freed with `parent` at the latest (NULL: it stands alone). */
struct pool *pool_new(struct pool *parent);

/* Run the clean-ups, newest first, then release everything in the pool. */
void pool_free(struct pool *pool);

/* `size` bytes, aligned for any type. pool_alloc leaves them undefined, pool_zalloc zeroes them. */
void *pool_alloc(struct pool *pool, size_t size);
void *pool_zalloc(struct pool *pool, size_t size);

/* Copies with a terminating NUL. pool_strdup(NULL) is NULL. */
char *pool_strdup(struct pool *pool, const char *text);
char *pool_strndup(struct pool *pool, const char *text, size_t length);

char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *pool, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Call `function(data)` when the pool is freed: for what lives outside it (files, sockets, secrets). */
void pool_cleanup(struct pool *pool, void (*function)(void *data), void *data);

/* Wipe these `size` bytes when the pool is freed: for passwords and keys. */
void pool_wipe_at_end(struct pool *pool, void *secret, size_t size);

/* Overwrite a secret in a way the compiler does not remove. NULL is allowed. */
void memory_wipe(void *secret, size_t size);

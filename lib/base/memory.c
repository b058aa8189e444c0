#include "base/memory.h"
#include <apr_general.h>
#include <apr_pools.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) /* gcc */
#define OWN_MALLOC 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define OWN_MALLOC 1
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 0
#endif

/* What a pool keeps of the memory that its children gave back: enough for the pages, while a request
 * with a large body leaves nothing behind. */
enum { KEEP_FREE_BYTES = 256 << 10 };

struct block {
	struct block *next;
	_Alignas(max_align_t) char bytes[];
};

struct pool {
	apr_pool_t *apr;
	struct block *blocks; /* sanitizer builds only */
};

struct cleanup {
	void (*function)(void *data);
	void *data;
};

struct secret {
	void *bytes;
	size_t size;
};

static int out_of_memory(int status)
{
	(void)status;
	fputs("gatehouse: out of memory\n", stderr);
	abort();
}

static void start_apr(void)
{
	if (apr_initialize() != APR_SUCCESS)
		out_of_memory(0);
}

static apr_status_t free_blocks(void *data)
{
	struct pool *pool = data;
	while (pool->blocks != NULL) {
		struct block *next = pool->blocks->next;
		free(pool->blocks);
		pool->blocks = next;
	}
	return APR_SUCCESS;
}

struct pool *pool_new(struct pool *parent)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_apr);

	apr_pool_t *apr = NULL;
	apr_status_t status = parent != NULL
				      ? apr_pool_create_ex(&apr, parent->apr, out_of_memory, NULL)
				      : apr_pool_create_unmanaged_ex(&apr, out_of_memory, NULL);
	if (status != APR_SUCCESS)
		out_of_memory(status);
	if (parent == NULL)
		apr_allocator_max_free_set(apr_pool_allocator_get(apr), KEEP_FREE_BYTES);
	struct pool *pool = apr_palloc(apr, sizeof *pool);
	*pool = (struct pool){ .apr = apr };
	if (OWN_MALLOC)
		apr_pool_cleanup_register(apr, pool, free_blocks, apr_pool_cleanup_null);
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool != NULL)
		apr_pool_destroy(pool->apr);
}

void *pool_alloc(struct pool *pool, size_t size)
{
	if (!OWN_MALLOC)
		return apr_palloc(pool->apr, size);
	struct block *block = malloc(sizeof *block + size);
	if (block == NULL)
		out_of_memory(0);
	block->next = pool->blocks;
	pool->blocks = block;
	return block->bytes;
}

void *pool_zalloc(struct pool *pool, size_t size)
{
	return memset(pool_alloc(pool, size), 0, size);
}

char *pool_strndup(struct pool *pool, const char *text, size_t length)
{
	char *copy = pool_alloc(pool, length + 1);
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return text != NULL ? pool_strndup(pool, text, strlen(text)) : NULL;
}

char *pool_vprintf(struct pool *pool, const char *format, va_list arguments)
{
	char brief[128]; /* most texts fit, and formatting twice is what printf is slow at */
	va_list again;
	va_copy(again, arguments);
	int length = vsnprintf(brief, sizeof brief, format, arguments);
	if (length < 0)
		out_of_memory(0);
	char *text = pool_alloc(pool, (size_t)length + 1);
	if ((size_t)length < sizeof brief)
		memcpy(text, brief, (size_t)length + 1);
	else
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = pool_vprintf(pool, format, arguments);
	va_end(arguments);
	return text;
}

static apr_status_t run_cleanup(void *data)
{
	struct cleanup *cleanup = data;
	cleanup->function(cleanup->data);
	return APR_SUCCESS;
}

void pool_cleanup(struct pool *pool, void (*function)(void *data), void *data)
{
	struct cleanup *cleanup = apr_palloc(pool->apr, sizeof *cleanup);
	*cleanup = (struct cleanup){ .function = function, .data = data };
	apr_pool_cleanup_register(pool->apr, cleanup, run_cleanup, apr_pool_cleanup_null);
}

static void wipe_secret(void *data)
{
	struct secret *secret = data;
	memory_wipe(secret->bytes, secret->size);
}

void pool_wipe_at_end(struct pool *pool, void *bytes, size_t size)
{
	struct secret *secret = apr_palloc(pool->apr, sizeof *secret);
	*secret = (struct secret){ .bytes = bytes, .size = size };
	pool_cleanup(pool, wipe_secret, secret);
}

void memory_wipe(void *secret, size_t size)
{
	if (secret != NULL)
		explicit_bzero(secret, size);
}

/* Reading files whole. */
#pragma once
#include "base/memory.h"

/* The bytes of a file, NUL-terminated, at most `limit`; NULL with errno set when it cannot be read
 * or is larger (EFBIG). `length` may be NULL. */
char *file_read(struct pool *pool, const char *path, size_t limit, size_t *length);

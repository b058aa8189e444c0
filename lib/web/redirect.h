/* Return addresses: where a person goes after signing in.
 *
 * Only a path of this site is ever accepted; anything else becomes the landing page. */
#pragma once
#include "base/memory.h"

enum { RETURN_PATH_MAX = 2000 };

/* Whether the text is a local path: one leading '/', the second byte neither '/' nor '\', no
 * control bytes, nothing above 0x7e unescaped (WHATWG URL, section 4.4, treats '\' as '/'), at most
 * RETURN_PATH_MAX bytes. NULL is none. */
bool redirect_is_local(const char *path);

/* `wanted` if it is local, else `landing`. Never NULL; lives in `pool`. */
const char *redirect_path(struct pool *pool, const char *wanted, const char *landing);

#include "web/redirect.h"
#include <string.h>

bool redirect_is_local(const char *path)
{
	if (path == NULL || path[0] != '/' || path[1] == '/' || path[1] == '\\')
		return false;
	for (const char *c = path; *c != '\0'; c++)
		if (*c < 0x21 || *c > 0x7e || *c == '\\')
			return false;
	return strlen(path) <= RETURN_PATH_MAX;
}

const char *redirect_path(struct pool *pool, const char *wanted, const char *landing)
{
	return pool_strdup(pool, redirect_is_local(wanted) ? wanted : landing);
}

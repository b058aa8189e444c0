#include "app/routes.h"
#include <string.h>

/* What follows the fixed part, or NULL when the path is another. */
static const char *match(const char *pattern, const char *path)
{
	size_t length = strlen(pattern);
	if (length > 0 && pattern[length - 1] == '*')
		return strncmp(pattern, path, length - 1) == 0 ? path + length - 1 : NULL;
	return strcmp(pattern, path) == 0 ? path + length : NULL;
}

const struct route *route_find(const struct route_table *const *tables, const char *path,
			       enum method method, unsigned *allowed, const char **rest)
{
	unsigned wanted = method == METHOD_HEAD ? METHOD_GET : method;
	*allowed = 0;
	for (; *tables != NULL; tables++) {
		for (const struct route *route = (*tables)->routes; route->path != NULL; route++) {
			const char *found = match(route->path, path);
			if (found == NULL)
				continue;
			*allowed |= route->methods;
			if ((route->methods & wanted) != 0) {
				*rest = found;
				return route;
			}
		}
	}
	return NULL;
}

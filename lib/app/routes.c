#include "app/routes.h"
#include <string.h>

/* What follows the fixed part, or NULL when the path is another. */
static const char *match(const char *pattern, const char *path)
{
	const char *star = strchr(pattern, '*');
	if (star == NULL)
		return strcmp(pattern, path) == 0 ? path + strlen(path) : NULL;
	size_t length = (size_t)(star - pattern);
	if (strncmp(pattern, path, length) != 0)
		return NULL;
	const char *rest = path + length;
	if (star[1] == '\0' || strcmp(rest + strcspn(rest, "/"), star + 1) == 0)
		return rest;
	return NULL;
}

const struct route *route_find(const struct route_table *const *tables, const char *path,
			       enum method method, unsigned *allowed, const char **rest)
{
	unsigned wanted = method == METHOD_HEAD ? METHOD_GET : method;
	const struct route *best = NULL;
	*allowed = 0;
	for (; *tables != NULL; tables++) {
		for (const struct route *route = (*tables)->routes; route->path != NULL; route++) {
			const char *found = match(route->path, path);
			if (found == NULL)
				continue;
			*allowed |= route->methods;
			if ((route->methods & wanted) == 0 ||
			    (best != NULL && strlen(route->path) <= strlen(best->path)))
				continue;
			best = route;
			*rest = found;
		}
	}
	return best;
}

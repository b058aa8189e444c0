#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

char *file_read(struct pool *pool, const char *path, size_t limit, size_t *length)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return NULL;
	char *bytes = NULL;
	struct stat about;
	if (fstat(file, &about) != 0)
		goto out;
	if (!S_ISREG(about.st_mode) || (size_t)about.st_size > limit) {
		errno = S_ISREG(about.st_mode) ? EFBIG : EINVAL;
		goto out;
	}
	size_t size = (size_t)about.st_size, filled = 0;
	char *room = pool_alloc(pool, size + 1);
	while (filled < size) {
		ssize_t got = read(file, room + filled, size - filled);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto out;
		if (got == 0)
			break;
		filled += (size_t)got;
	}
	room[filled] = '\0';
	if (length != NULL)
		*length = filled;
	bytes = room;
out:
	close(file);
	return bytes;
}

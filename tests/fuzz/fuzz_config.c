/* Configuration files: whatever they hold, they are taken or refused with a reason. */
#include "base/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int file = memfd_create("configuration", MFD_CLOEXEC);
	if (file < 0 || fchmod(file, 0600) != 0 || write(file, data, size) != (ssize_t)size)
		abort();
	struct pool *pool = pool_new(NULL);
	struct buffer errors = buffer_new(pool, 256);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	const struct config *config = config_load_from(pool, path, NULL, &errors);
	if ((config == NULL) != (errors.length > 0))
		abort();
	pool_free(pool);
	close(file);
	return 0;
}

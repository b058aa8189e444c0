/* JSON from programs: what is read can be written, and reads back the same. */
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	struct value *value = json_read(pool, (const char *)data, size, SIZE_MAX);
	if (value != NULL) {
		struct buffer first = buffer_new(pool, 64), second = buffer_new(pool, 64);
		json_write(&first, value);
		struct value *again = json_read(pool, first.bytes, first.length, SIZE_MAX);
		if (again == NULL || strpbrk(first.bytes, "<>&") != NULL)
			abort();
		json_write(&second, again);
		if (strcmp(first.bytes, second.bytes) != 0)
			abort();
	}
	pool_free(pool);
	return 0;
}

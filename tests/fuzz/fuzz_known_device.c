/* The cookie of a known device: what a client sends is never good by chance, and what was made for
 * somebody, whatever their id, is good for them and nobody else. */
#include "auth/known_device.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now_s = 1800000000;
	struct pool *pool = pool_new(NULL);
	const struct known_devices *devices = known_devices_new(pool, "corpora-test-secret-key",
								"an-earlier-one");
	const char *text = pool_strndup(pool, (const char *)data, size);
	if (known_device_nonce(devices, pool, text, "42", now_s) != NULL)
		abort();
	const char *made = known_device_new(devices, pool, text, now_s);
	const char *other = pool_printf(pool, "%s.", text);
	if (known_device_nonce(devices, pool, made, text, now_s) == NULL ||
	    known_device_nonce(devices, pool, made, other, now_s) != NULL)
		abort();
	pool_free(pool);
	return 0;
}

/* User-Agent headers: whatever the bytes, the name is short, plain and of a known form. */
#include "base/text.h"
#include "session/device.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The longest browser's name, " on " and the longest system's name come to less. */
enum { LONGEST = 64 };

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ ()";

static void check(const char *text)
{
	size_t length = strlen(text);
	if (length == 0 || length > LONGEST || strspn(text, allowed) != length)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	const char *user_agent = pool_strndup(pool, (const char *)data, size);
	struct device_name name = device_name(pool, user_agent);
	const char *text = device_text(pool, user_agent);
	check(name.browser);
	check(text);
	if (!text_starts_with(text, name.browser) ||
	    (name.system != NULL && !text_ends_with(text, name.system)))
		abort();
	int version = device_major_version(user_agent);
	if (version < 0 || version > 9999)
		abort();
	pool_free(pool);
	return 0;
}

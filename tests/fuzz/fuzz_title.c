/* Titles, made of whatever somebody asks: one line of text within the limit. */
#include "base/text.h"
#include "chat/title.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	const char *question = pool_strndup(pool, (const char *)data, size);
	if (text_is_plain(question, strlen(question), true)) {
		const char *title = title_of_question(pool, question);
		if (!text_is_plain(title, strlen(title), false) ||
		    text_characters(title) > TITLE_CHARACTERS)
			abort();
	}
	pool_free(pool);
	return 0;
}

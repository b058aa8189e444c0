/* Articles that an operator imports, and the small talk in a message. */
#include "chat/article_file.h"
#include "chat/small_talk.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new(NULL);
	const char *problems = NULL;
	const struct article_file *article = article_file_read(pool, "a.md", (const char *)data,
							       size, &problems);
	if (article != NULL && (article->passage_count == 0 || *article->title == '\0'))
		abort();
	if (article == NULL && (problems == NULL || *problems == '\0'))
		abort();
	small_talk_recognise(pool_strndup(pool, (const char *)data, size));
	pool_free(pool);
	return 0;
}

/* Files of conversations, as anybody sends them: what is taken has every member that is stored, and each
 * message follows an earlier one; what is not says why. */
#include "base/json.h"
#include "base/text.h"
#include "chat/conversation_file.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts(const struct value *object, const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *text = value_get_string(object, *names);
		if (text == NULL || !text_is_utf8(text, strlen(text)))
			abort();
	}
}

static void check_messages(const struct value *conversation)
{
	static const char *const texts[] = { "role",  "content",     "state",
					     "model", "rating_note", NULL };
	const struct value *messages = value_get(conversation, "messages");
	int64_t shown = value_to_integer(value_get(conversation, "shown"));
	if (shown < 0 || (size_t)shown > value_count(messages))
		abort();
	for (size_t i = 0; i < value_count(messages); i++) {
		const struct value *message = value_item(messages, i);
		int64_t parent = value_to_integer(value_get(message, "parent"));
		check_texts(message, texts);
		if (parent < 0 || (size_t)parent > i)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const texts[] = { "title", "country", "service", "folder", NULL };
	struct pool *pool = pool_new(NULL);
	struct value *conversations;
	const char *problem = NULL;
	char *bytes = pool_strndup(pool, (const char *)data, size);
	if (!conversation_file_read(pool, bytes, size, &conversations, &problem)) {
		if (problem == NULL || *problem == '\0')
			abort();
		pool_free(pool);
		return 0;
	}
	for (size_t i = 0; i < value_count(conversations); i++) {
		check_texts(value_item(conversations, i), texts);
		check_messages(value_item(conversations, i));
	}
	pool_free(pool);
	return 0;
}

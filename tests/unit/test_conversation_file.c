/* Files of conversations: what is taken, and where what is wrong is said to be. */
#include "base/json.h"
#include "chat/conversation_file.h"
#include "harness.h"

static const char head[] = "{\"gatehouse_conversations\":1,\"conversations\":[";

static bool read_text(struct pool *pool, const char *conversations, struct value **read,
		      const char **problem)
{
	const char *text = pool_printf(pool, "%s%s]}", head, conversations);
	return conversation_file_read(pool, text, strlen(text), read, problem);
}

static void assert_refused(const char *conversations, const char *problem)
{
	struct pool *pool = pool_new(NULL);
	struct value *read;
	const char *said = NULL;
	assert_false(read_text(pool, conversations, &read, &said));
	assert_string_equal(said, problem);
	pool_free(pool);
}

static void test_what_is_missing_is_filled_in(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct value *read;
	const char *problem = NULL;
	struct buffer out = buffer_new(pool, 256);
	assert_true(read_text(pool,
			      "{\"messages\":[{\"id\":7,\"role\":\"user\",\"content\":\"\"}]}",
			      &read, &problem));
	json_write(&out, read);
	assert_string_equal(
		out.bytes,
		"[{\"title\":\"\",\"country\":\"\",\"service\":\"\",\"folder\":\"\",\"has_own_"
		"title\":false,"
		"\"is_pinned\":false,\"is_archived\":false,\"created_at\":null,\"last_activity\":"
		"null,"
		"\"messages\":[{\"parent\":0,\"role\":\"user\",\"state\":\"done\",\"content\":\"\","
		"\"model\":\"\",\"rating_note\":\"\",\"rating\":0,\"created_at\":null}],\"shown\":"
		"1}]");
	pool_free(pool);
}

static void test_an_empty_conversation_is_one(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct value *read;
	const char *problem = NULL;
	assert_true(read_text(pool, "{\"messages\":[]}", &read, &problem));
	assert_int_equal(value_to_integer(value_get(value_item(read, 0), "shown")), 0);
	pool_free(pool);
}

static void test_parents_become_places(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct value *read;
	const char *problem = NULL;
	assert_true(read_text(pool,
			      "{\"shown\":30,\"messages\":["
			      "{\"id\":10,\"role\":\"user\",\"content\":\"a\"},"
			      "{\"id\":20,\"parent\":10,\"role\":\"assistant\",\"content\":\"b\"},"
			      "{\"id\":30,\"parent\":10,\"role\":\"assistant\",\"content\":\"c\"},"
			      "{\"id\":41,\"parent\":20,\"role\":\"user\",\"content\":\"d\"}]}",
			      &read, &problem));
	static const int64_t parents[] = { 0, 1, 1, 2 };
	const struct value *messages = value_get(value_item(read, 0), "messages");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(value_to_integer(value_get(value_item(messages, i), "parent")),
				 parents[i]);
	assert_int_equal(value_to_integer(value_get(value_item(read, 0), "shown")), 3);
	pool_free(pool);
}

static void test_nothing_goes_in_circles(void **state)
{
	(void)state;
	assert_refused(
		"{\"messages\":[{\"id\":1,\"parent\":1,\"role\":\"user\",\"content\":\"\"}]}",
		"conversations[0].messages[0].parent: No message before this has that id.");
	assert_refused("{\"messages\":[{\"id\":1,\"parent\":2,\"role\":\"user\",\"content\":\"\"},"
		       "{\"id\":2,\"parent\":1,\"role\":\"user\",\"content\":\"\"}]}",
		       "conversations[0].messages[0].parent: No message before this has that id.");
	assert_refused("{\"messages\":[{\"id\":2,\"role\":\"user\",\"content\":\"\"},"
		       "{\"id\":2,\"role\":\"user\",\"content\":\"\"}]}",
		       "conversations[0].messages[1].id: It is not larger than the id before it.");
}

static void test_dates_are_days_that_there_were(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_fine;
	} dates[] = {
		{ "2024-02-29T23:59:59Z", true },  { "2000-02-29T00:00:00Z", true },
		{ "1900-02-29T00:00:00Z", false }, { "2100-02-29T00:00:00Z", false },
		{ "2023-02-29T00:00:00Z", false }, { "1970-01-01T00:00:00Z", true },
		{ "1969-12-31T23:59:59Z", false }, { "9999-12-31T23:59:59Z", true },
		{ "2024-04-31T00:00:00Z", false }, { "2024-00-01T00:00:00Z", false },
		{ "2024-01-01T24:00:00Z", false }, { "2024-01-01 00:00:00Z", false },
		{ "2024-01-01T00:00:00", false },  { "2024-01-01T00:00:00+01:00", false },
	};
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct pool *pool = pool_new(NULL);
		struct value *read;
		const char *problem = NULL;
		const char *text = pool_printf(pool, "{\"created_at\":\"%s\",\"messages\":[]}",
					       dates[i].text);
		if (read_text(pool, text, &read, &problem) != dates[i].is_fine)
			fail_msg("%s is taken wrongly", dates[i].text);
		pool_free(pool);
	}
}

static void test_there_are_limits(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct buffer text = buffer_new(pool, 1 << 20);
	struct value *read;
	const char *problem = NULL;
	for (int i = 0; i <= CONVERSATION_FILE_MESSAGES_MAX; i++)
		buffer_printf(&text, "%s{\"id\":%d,\"role\":\"user\",\"content\":\"\"}",
			      i > 0 ? "," : "", i + 1);
	const char *conversation = pool_printf(pool, "{\"messages\":[%s]}", text.bytes);
	assert_false(read_text(pool, conversation, &read, &problem));
	assert_string_equal(problem,
			    "conversations[0].messages: A file has at most 20000 messages.");
	buffer_clear(&text);
	for (int i = 0; i <= CONVERSATION_FILE_MAX; i++)
		buffer_printf(&text, "%s{\"messages\":[]}", i > 0 ? "," : "");
	assert_false(read_text(pool, text.bytes, &read, &problem));
	assert_string_equal(problem, "A file has at most 5000 conversations.");
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing_is_filled_in),
		cmocka_unit_test(test_an_empty_conversation_is_one),
		cmocka_unit_test(test_parents_become_places),
		cmocka_unit_test(test_nothing_goes_in_circles),
		cmocka_unit_test(test_dates_are_days_that_there_were),
		cmocka_unit_test(test_there_are_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

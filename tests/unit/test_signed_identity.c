#include "harness.h"
#include "session/signed_identity.h"

static const struct signed_identity_names names = { "_auth_user_id", "_auth_user_hash",
						    "_auth_user_backend" };

#define KEY "abcdefghijklmnopqrstuvwxyz012345"

static const char alice[] = "{\"_auth_user_id\":\"1\",\"_auth_user_hash\":\"aa\","
			    "\"_auth_user_backend\":\"b\",\"basket\":[1,2,3]}";
static const char bob[] = "{\"_auth_user_id\":\"2\",\"_auth_user_hash\":\"bb\"}";

static const struct django_keys *keys(struct pool *pool)
{
	return django_keys_new(pool, "corpora-test-secret-key", NULL);
}

static void test_the_same_bytes_name_the_same_person(void **state)
{
	struct pool *pool = *state, *request = pool_new(pool);
	struct signed_identity_reader *reader = signed_identity_reader_new(pool, keys(pool),
									   &names);
	const char *data = django_encode(pool, keys(pool), alice, 1700000000);
	const struct signed_identity *first = signed_identity_read(reader, request, KEY, data);
	assert_string_equal(first->user_id, "1");
	pool_free(request); /* what was read with it is gone, what was kept is not */
	const struct signed_identity *again = signed_identity_read(reader, pool, KEY, data);
	assert_string_equal(again->user_id, "1");
	assert_string_equal(again->auth_hash, "aa");
	assert_string_equal(again->backend, "b");
	assert_null(again->guest_id);
}

static void test_changed_data_is_read_anew(void **state)
{
	struct pool *pool = *state;
	struct signed_identity_reader *reader = signed_identity_reader_new(pool, keys(pool),
									   &names);
	const char *first = django_encode(pool, keys(pool), alice, 1700000000);
	const char *second = django_encode(pool, keys(pool), bob, 1700000000);
	assert_string_equal(signed_identity_read(reader, pool, KEY, first)->user_id, "1");
	const struct signed_identity *other = signed_identity_read(reader, pool, KEY, second);
	assert_string_equal(other->user_id, "2");
	assert_null(other->backend);
	assert_string_equal(signed_identity_read(reader, pool, KEY, first)->user_id, "1");
}

static void test_one_changed_byte_is_refused_also_where_the_rest_is_known(void **state)
{
	struct pool *pool = *state;
	struct signed_identity_reader *reader = signed_identity_reader_new(pool, keys(pool),
									   &names);
	char *data = pool_strdup(pool, django_encode(pool, keys(pool), alice, 1700000000));
	assert_non_null(signed_identity_read(reader, pool, KEY, data));
	for (size_t i = 0; data[i] != '\0'; i++) {
		char kept = data[i];
		data[i] = kept == 'A' ? 'B' : 'A';
		/* The last letter of a signature has bits that do not count. */
		if (data[i + 1] != '\0')
			assert_null(signed_identity_read(reader, pool, KEY, data));
		data[i] = kept;
	}
	assert_non_null(signed_identity_read(reader, pool, KEY, data));
}

static void test_data_that_is_too_long_to_keep_is_read_all_the_same(void **state)
{
	struct pool *pool = *state;
	struct signed_identity_reader *reader = signed_identity_reader_new(pool, keys(pool),
									   &names);
	struct buffer json = buffer_new(pool, 8192);
	buffer_puts(&json, "{\"_auth_user_id\":\"1\",\"x\":\"");
	for (unsigned i = 0; i < 4000; i++)
		buffer_byte(&json, (char)('a' + i * i * 7919 / 31 % 26));
	buffer_puts(&json, "\"}");
	const char *data = django_encode(pool, keys(pool), json.bytes, 1700000000);
	assert_true(strlen(data) > 2048);
	for (int i = 0; i < 2; i++)
		assert_string_equal(signed_identity_read(reader, pool, KEY, data)->user_id, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_bytes_name_the_same_person),
		TEST(test_changed_data_is_read_anew),
		TEST(test_one_changed_byte_is_refused_also_where_the_rest_is_known),
		TEST(test_data_that_is_too_long_to_keep_is_read_all_the_same),
	};
	return cmocka_run_group_tests_name("signed identity", tests, NULL, NULL);
}

/* Django's session format: made and read as Django 3.2 does. */
#include "harness.h"
#include "session/django.h"
#include "session/members.h"

static const char secret[] = "spike-secret-key-1";

static void test_a_known_session_is_written_as_django_writes_it(void **state)
{
	struct pool *pool = *state;
	const struct django_keys *keys = django_keys_new(pool, secret, NULL);
	assert_string_equal(django_encode(pool, keys, "{\"a\":1}", 1700000000),
			    "eyJhIjoxfQ:1r31eq:XYj6ttC0whWmSV482E_SkXHK1OpgR5ER1dvAYFp-T3A");
}

static void test_what_was_written_is_read_back(void **state)
{
	struct pool *pool = *state;
	const struct django_keys *keys = django_keys_new(pool, secret, NULL);
	char large[5000];
	memset(large, 'x', sizeof large);
	memcpy(large, "{\"blob\":\"", 9);
	memcpy(large + sizeof large - 3, "\"}", 3);
	const char *signed_text = django_encode(pool, keys, large, 0);
	assert_true(signed_text[0] == '.'); /* compressed */
	size_t length;
	assert_string_equal(django_decode(pool, keys, signed_text, &length), large);
	assert_int_equal(length, strlen(large));
}

/* The vectors' expectation against what our reader finds: the members it knows how to read. */
static void check_members(struct pool *pool, const struct value *expected,
			  const struct members *members, const char *name)
{
	for (size_t i = 0; i < value_count(expected); i++) {
		const char *text = value_text(value_item(expected, i));
		if (text == NULL)
			continue;
		const char *found = members_get(members, value_key(expected, i));
		if (found == NULL || strcmp(found, text) != 0)
			fail_msg("%s: member %s is \"%s\"", name, value_key(expected, i),
				 found != NULL ? found : "(missing)");
	}
	(void)pool;
}

static void check_session(struct pool *pool, const struct value *test, const char *default_key)
{
	const char *name = value_get_string(test, "name");
	const char *key = value_get_string(test, "key");
	const char *data = value_get_string(test, "session_data");
	bool valid = value_type(value_get(test, "valid")) == VALUE_TRUE;
	/* Signed with SHA-1 as before 3.1: Django 4 refuses it, and so do we. */
	if (strstr(name, "legacy") != NULL)
		valid = false;
	const struct django_keys *keys = django_keys_new(pool, key != NULL ? key : default_key, "");
	size_t length = 0;
	const char *json = data != NULL ? django_decode(pool, keys, data, &length) : NULL;
	struct members *members = json != NULL ? members_parse(pool, json, length) : NULL;
	if ((members != NULL) != valid)
		fail_msg("%s: expected to be %s", name, valid ? "taken" : "refused");
	if (valid)
		check_members(pool, value_get(test, "decoded"), members, name);
}

static const struct value *read_vectors(struct pool *pool)
{
	const struct value *vectors = harness_read_corpus(pool, "django/vectors.json");
	if (vectors == NULL)
		skip();
	return vectors;
}

static void test_every_session_made_by_django_is_taken_or_refused_as_it_should(void **state)
{
	const struct value *vectors = read_vectors(*state);
	const struct value *sessions = value_get(vectors, "sessions");
	assert_true(value_count(sessions) >= 40);
	for (size_t i = 0; i < value_count(sessions); i++)
		check_session(*state, value_item(sessions, i),
			      value_get_string(vectors, "SECRET_KEY"));
}

static void test_the_hash_over_the_password_is_djangos(void **state)
{
	const struct value *vectors = read_vectors(*state);
	const struct value *hashes = value_get(vectors, "session_auth_hash");
	const struct django_keys *keys =
		django_keys_new(*state, value_get_string(vectors, "SECRET_KEY"), NULL);
	assert_true(value_count(hashes) >= 5);
	for (size_t i = 0; i < value_count(hashes); i++) {
		const struct value *one = value_item(hashes, i);
		assert_string_equal(
			django_auth_hash(*state, keys, value_get_string(one, "password")),
			value_get_string(one, "sha256"));
	}
}

static void test_unknown_members_are_kept_byte_for_byte(void **state)
{
	static const char json[] =
		"{\"n\":123456789012345678901234567890,\"f\":1.50,"
		"\"deep\":{\"a\":[1,{\"b\":null}]},\"u\":\"\\u00e9\\ud83d\\ude00\","
		"\"x\":NaN,\"mine\":\"old\"}";
	struct members *members = members_parse(*state, json, strlen(json));
	assert_non_null(members);
	assert_string_equal(members_write(members, *state), json);
	members_set(members, "mine", "new \"text\"");
	members_set(members, "deep", NULL);
	assert_string_equal(
		members_write(members, *state),
		"{\"n\":123456789012345678901234567890,\"f\":1.50,"
		"\"u\":\"\\u00e9\\ud83d\\ude00\",\"x\":NaN,\"mine\":\"new \\\"text\\\"\"}");
}

static void test_text_above_ascii_is_escaped_as_python_does(void **state)
{
	struct members *members = members_new(*state);
	members_set(members, "name", "Zoë 😀");
	assert_string_equal(members_write(members, *state),
			    "{\"name\":\"Zo\\u00eb \\ud83d\\ude00\"}");
	assert_string_equal(members_get(members, "name"), "Zoë 😀");
}

static void test_what_is_no_json_object_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "[]",
					   "{",
					   "{\"a\"}",
					   "{\"a\":}",
					   "{a:1}",
					   "{\"a\":1,}",
					   "{\"a\":01}",
					   "{\"a\":1}x",
					   "{\"a\":\"\\x\"}",
					   "{\"a\":\"\n\"}",
					   "nul" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (members_parse(*state, bad[i], strlen(bad[i])) != NULL)
			fail_msg("taken: %s", bad[i]);
}

static void test_the_last_of_two_equal_names_counts(void **state)
{
	static const char json[] = "{\"id\":\"1\",\"id\":\"2\"}";
	struct members *members = members_parse(*state, json, strlen(json));
	assert_string_equal(members_get(members, "id"), "2");
	assert_string_equal(members_write(members, *state), "{\"id\":\"2\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_known_session_is_written_as_django_writes_it),
		TEST(test_what_was_written_is_read_back),
		TEST(test_every_session_made_by_django_is_taken_or_refused_as_it_should),
		TEST(test_the_hash_over_the_password_is_djangos),
		TEST(test_unknown_members_are_kept_byte_for_byte),
		TEST(test_text_above_ascii_is_escaped_as_python_does),
		TEST(test_what_is_no_json_object_is_refused),
		TEST(test_the_last_of_two_equal_names_counts),
	};
	return cmocka_run_group_tests_name("django", tests, NULL, NULL);
}

/* CSRF tokens in Django's format. */
#include "harness.h"
#include "web/csrf.h"

static void test_a_token_matches_its_cookie_and_no_other(void **state)
{
	const char *cookie = csrf_new_cookie(*state), *other = csrf_new_cookie(*state);
	const char *token = csrf_token(*state, cookie);
	assert_int_equal(strlen(token), 64);
	assert_string_not_equal(token, csrf_token(*state, cookie));
	assert_true(csrf_matches(cookie, token));
	assert_false(csrf_matches(other, token));
}

static void test_a_short_cookie_of_newer_django_works(void **state)
{
	static const char cookie[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
	assert_true(csrf_cookie_is_usable(cookie));
	assert_true(csrf_matches(cookie, csrf_token(*state, cookie)));
	assert_true(csrf_matches(cookie, cookie));
}

static void test_nothing_and_nonsense_never_match(void **state)
{
	const char *cookie = csrf_new_cookie(*state);
	assert_false(csrf_matches(cookie, NULL));
	assert_false(csrf_matches(cookie, ""));
	assert_false(csrf_matches(NULL, NULL));
	assert_false(csrf_matches("", ""));
	assert_false(csrf_cookie_is_usable("abc"));
	assert_false(csrf_cookie_is_usable("abcdefghijklmnopqrstuvwxyzABCDE!"));
}

static void test_djangos_own_tokens_are_judged_as_django_does(void **state)
{
	const struct value *vectors = harness_read_corpus(*state, "django/vectors.json");
	if (vectors == NULL)
		skip();
	const struct value *cases = value_get(vectors, "csrf");
	assert_true(value_count(cases) >= 38);
	for (size_t i = 0; i < value_count(cases); i++) {
		const struct value *one = value_item(cases, i);
		bool expected = value_type(value_get(one, "match")) == VALUE_TRUE;
		const char *token = value_get_string(one, "token");
		if (csrf_matches(value_get_string(one, "secret"), token) != expected)
			fail_msg("case %zu: token %s should %smatch", i, token,
				 expected ? "" : "not ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_token_matches_its_cookie_and_no_other),
		TEST(test_a_short_cookie_of_newer_django_works),
		TEST(test_nothing_and_nonsense_never_match),
		TEST(test_djangos_own_tokens_are_judged_as_django_does),
	};
	return cmocka_run_group_tests_name("csrf", tests, NULL, NULL);
}

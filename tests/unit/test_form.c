/* Form parsing, cookies and return addresses: what comes in from outside. */
#include "base/text.h"
#include "harness.h"
#include "web/cookie.h"
#include "web/form.h"
#include "web/redirect.h"

static const char *first(struct pool *pool, const char *body, const char *name)
{
	const struct form_field *field = form_find(form_parse(pool, body, strlen(body)), name);
	return field != NULL ? field->text : NULL;
}

static void test_fields_are_decoded(void **state)
{
	assert_string_equal(first(*state, "a=1+2%263&b=%C3%A9", "a"), "1 2&3");
	assert_string_equal(first(*state, "a=1&b=%C3%A9", "b"), "é");
	assert_string_equal(first(*state, "a=1&a=2", "a"), "1");
	assert_string_equal(first(*state, "&&a&&", "a"), "");
	assert_string_equal(first(*state, "a=100%", "a"), "100%");
	assert_null(first(*state, "a=1", "b"));
}

static void test_a_nul_byte_does_not_hide_what_follows(void **state)
{
	const struct form *form = form_parse(*state, "a=x%00y", 7);
	const struct form_field *field = form_find(form, "a");
	assert_int_equal(field->length, 3);
	assert_false(text_is_plain(field->text, field->length, true));
}

static void test_too_many_fields_are_refused(void **state)
{
	char body[2 * FORM_FIELDS_MAX + 3];
	memset(body, '&', sizeof body);
	assert_null(form_parse(*state, body, sizeof body));
}

/* The standard replaces bytes that are no UTF-8; we keep them, so that the field can be refused.
 * A case whose expectation has the replacement character is compared by that alone. */
static void check_case(struct pool *pool, const struct value *test)
{
	const struct value *input = value_get(test, "input"), *output = value_get(test, "output");
	const struct form *form = form_parse(pool, value_text(input), value_text_length(input));
	assert_non_null(form);
	if (form->count != value_count(output))
		fail_msg("%s: %zu fields", value_text(input), form->count);
	for (size_t i = 0; i < form->count; i++) {
		const char *name = value_text(value_item(value_item(output, i), 0));
		const char *text = value_text(value_item(value_item(output, i), 1));
		const struct form_field *field = &form->fields[i];
		if (strstr(name, "\xef\xbf\xbd") != NULL || strstr(text, "\xef\xbf\xbd") != NULL) {
			if (strstr(value_text(input), "\xef\xbf\xbd") == NULL &&
			    strstr(value_text(input), "%EF%BF%BD") == NULL)
				assert_false(text_is_utf8(field->text, field->length) &&
					     text_is_utf8(field->name, strlen(field->name)));
			continue;
		}
		/* A byte order mark is text like any other. */
		assert_string_equal(field->name, name);
		assert_string_equal(field->text, text);
	}
}

static void test_the_web_platforms_cases_are_read_alike(void **state)
{
	const struct value *cases = harness_read_corpus(*state, "forms/wpt-urlencoded-parser.json");
	if (cases == NULL)
		skip();
	assert_true(value_count(cases) >= 30);
	for (size_t i = 0; i < value_count(cases); i++)
		check_case(*state, value_item(cases, i));
}

static void test_the_first_cookie_of_a_name_counts(void **state)
{
	assert_string_equal(cookie_find(*state, "a=1; sessionid=x; sessionid=y", "sessionid"), "x");
	assert_string_equal(cookie_find(*state, "sessionid = ; sessionid=y", "sessionid"), "y");
	assert_null(cookie_find(*state, "xsessionid=1; sessionidx=2", "sessionid"));
	assert_null(cookie_find(*state, NULL, "sessionid"));
	assert_null(cookie_find(*state, ";;;", "sessionid"));
}

static void test_a_cookie_says_all_that_it_should(void **state)
{
	const struct cookie cookie = { .name = "sessionid",
				       .value = "abc",
				       .path = "/",
				       .same_site = "Lax",
				       .max_age_seconds = 60,
				       .secure = true,
				       .http_only = true };
	assert_string_equal(cookie_format(*state, &cookie),
			    "sessionid=abc; Path=/; Max-Age=60; SameSite=Lax; HttpOnly; Secure");
	struct cookie plain = { .name = "a",
				.value = "b",
				.path = "/x",
				.same_site = "Strict",
				.max_age_seconds = -1 };
	assert_string_equal(cookie_format(*state, &plain), "a=b; Path=/x; SameSite=Strict");
	plain.domain = "example.org";
	plain.secure = plain.partitioned = true;
	assert_string_equal(
		cookie_format(*state, &plain),
		"a=b; Path=/x; Domain=example.org; SameSite=Strict; Secure; Partitioned");
}

static void test_only_paths_of_this_site_are_returned_to(void **state)
{
	static const char *const good[] = { "/", "/a", "/chat/?session_id=1&b=%2F", "/a//b",
					    "/?x=//y" };
	static const char *const bad[] = { "",
					   "a",
					   "//evil.example/",
					   "/\\evil.example",
					   "https://e/",
					   "/a\nb",
					   "/a b",
					   "/a\\b",
					   "\\/a",
					   "/\xc3\xa9",
					   " /a",
					   "javascript:1" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_string_equal(redirect_path(*state, good[i], "/landing"), good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_string_equal(redirect_path(*state, bad[i], "/landing"), "/landing");
	assert_string_equal(redirect_path(*state, NULL, "/landing"), "/landing");
	char long_path[RETURN_PATH_MAX + 2];
	memset(long_path, '/', sizeof long_path);
	memset(long_path + 1, 'a', sizeof long_path - 2);
	long_path[sizeof long_path - 1] = '\0';
	assert_string_equal(redirect_path(*state, long_path, "/landing"), "/landing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields_are_decoded),
		TEST(test_a_nul_byte_does_not_hide_what_follows),
		TEST(test_too_many_fields_are_refused),
		TEST(test_the_web_platforms_cases_are_read_alike),
		TEST(test_the_first_cookie_of_a_name_counts),
		TEST(test_a_cookie_says_all_that_it_should),
		TEST(test_only_paths_of_this_site_are_returned_to),
	};
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}

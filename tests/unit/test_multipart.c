/* Forms in pieces (multipart/form-data): as browsers send them, and as nobody should. */
#include "harness.h"
#include "web/form.h"

static const char type[] = "multipart/form-data; boundary=b";

static struct form *parse(struct pool *pool, const char *body)
{
	return form_parse_multipart(pool, body, strlen(body), type);
}

static void test_fields_and_files_are_told_apart(void **state)
{
	const struct form *form = parse(
		*state, "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda & co\r\n"
			"--b\r\ncontent-type: image/png\r\nCONTENT-DISPOSITION: form-data; "
			"name=\"file\"; filename=\"a "
			"\\\"b\\\";%22.png\"\r\n\r\n\r\n--ytes\r\n\r\n--b--\r\n");
	assert_non_null(form);
	assert_int_equal(form->count, 2);
	assert_string_equal(form_find(form, "name")->text, "Ada & co");
	assert_null(form_find(form, "name")->filename);
	assert_string_equal(form_find(form, "file")->filename, "a \"b\";\".png");
	assert_string_equal(form_find(form, "file")->text, "\r\n--ytes\r\n");
}

static void test_any_byte_may_stand_in_a_file(void **state)
{
	static const char body[] = "--b\r\nContent-Disposition: form-data; name=f; filename=\r\n"
				   "\r\na\0b\r\n--\r\n-b\r\n--b--";
	const struct form *form = form_parse_multipart(*state, body, sizeof body - 1, type);
	assert_non_null(form);
	assert_int_equal(form->fields[0].length, 11);
	assert_memory_equal(form->fields[0].text, "a\0b\r\n--\r\n-b", 11);
	assert_string_equal(form->fields[0].filename, "");
}

static void test_what_stands_around_the_parts_is_passed_over(void **state)
{
	const struct form *form = parse(*state,
					"preamble\r\n--b \t\r\nContent-Disposition: form-data; "
					"name=\"a\"\r\n\r\n\r\n--b--\r\nepilogue");
	assert_non_null(form);
	assert_int_equal(form->count, 1);
	assert_int_equal(form->fields[0].length, 0);
	assert_int_equal(parse(*state, "--b--")->count, 0);
}

static void test_a_boundary_may_be_quoted(void **state)
{
	static const char body[] =
		"--a b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a b--";
	assert_non_null(
		form_parse_multipart(*state, body, strlen(body),
				     "multipart/form-data; charset=utf-8; Boundary=\"a b\""));
	assert_null(form_parse_multipart(*state, body, strlen(body), "multipart/form-data"));
	assert_null(form_parse_multipart(*state, body, strlen(body),
					 "multipart/form-data; boundary=\"\""));
	assert_null(form_parse_multipart(*state, body, strlen(body),
					 "multipart/form-data; boundary=\"a b"));
}

static void test_a_body_that_is_broken_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"--b",
		"--b\r\n",
		"--bx\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--",
		"--c\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--c--",
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b",
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
		"--b\r\nContent-Disposition: form-data; name=a\r\n--b--",
		"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
		"--b\r\nContent-Disposition: form-data; filename=a\r\n\r\n1\r\n--b--",
		"--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--",
		"--b\r\n\r\n1\r\n--b--",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(*state, bad[i]) != NULL)
			fail_msg("%s", bad[i]);
}

static struct buffer many(struct pool *pool, size_t count)
{
	struct buffer body = buffer_new(pool, 4096);
	for (size_t i = 0; i < count; i++)
		buffer_puts(&body, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n");
	buffer_puts(&body, "--b--");
	return body;
}

static void test_parts_and_their_heads_are_limited(void **state)
{
	assert_int_equal(parse(*state, many(*state, FORM_FIELDS_MAX).bytes)->count,
			 FORM_FIELDS_MAX);
	assert_null(parse(*state, many(*state, FORM_FIELDS_MAX + 1).bytes));
	struct buffer long_head = buffer_new(*state, 8192);
	buffer_puts(&long_head, "--b\r\nX: ");
	for (size_t i = 0; i < 5000; i++)
		buffer_byte(&long_head, 'x');
	buffer_puts(&long_head, "\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--");
	assert_null(parse(*state, long_head.bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields_and_files_are_told_apart),
		TEST(test_any_byte_may_stand_in_a_file),
		TEST(test_what_stands_around_the_parts_is_passed_over),
		TEST(test_a_boundary_may_be_quoted),
		TEST(test_a_body_that_is_broken_is_refused),
		TEST(test_parts_and_their_heads_are_limited),
	};
	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}

/* Escaping: each function against the bytes that matter in its place, and all 256 of them. */
#include "web/escape.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef void escaper(struct buffer *out, const char *bytes, size_t length);

static int setup(void **state)
{
	*state = pool_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	pool_free(*state);
	return 0;
}

static struct buffer escaped_n(struct pool *pool, escaper *escape, const char *bytes, size_t length)
{
	struct buffer out = buffer_new(pool, 0);
	escape(&out, bytes, length);
	return out;
}

static const char *escaped(struct pool *pool, escaper *escape, const char *text)
{
	return escaped_n(pool, escape, text, strlen(text)).bytes;
}

static void test_html_cannot_be_opened_or_left(void **state)
{
	assert_string_equal(escaped(*state, escape_html, "<b a='1' b=\"2\">&amp;</b>"),
			    "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;&lt;/b&gt;");
	assert_string_equal(escaped(*state, escape_html, ""), "");
	assert_string_equal(escaped(*state, escape_html, "Grüße, 世界\n"), "Grüße, 世界\n");
	assert_string_equal(escaped_n(*state, escape_html, "a\0b", 3).bytes, "a\xef\xbf\xbd"
									     "b");
}

static void test_an_attribute_keeps_its_line_breaks(void **state)
{
	assert_string_equal(escaped(*state, escape_attribute, "a\tb\r\nc\"'<>&"),
			    "a&#9;b&#13;&#10;c&quot;&#39;&lt;&gt;&amp;");
}

static void test_a_url_component_keeps_only_unreserved_characters(void **state)
{
	assert_string_equal(escaped(*state, escape_url, "az AZ09-._~/?&=#%+ü"),
			    "az%20AZ09-._~%2F%3F%26%3D%23%25%2B%C3%BC");
	assert_string_equal(escaped(*state, escape_url_path, "/a b/../ü?x"),
			    "/a%20b/../%C3%BC%3Fx");
}

static void test_a_header_value_cannot_begin_another_header(void **state)
{
	assert_string_equal(escaped(*state, escape_header, "a\r\nSet-Cookie: x=1\tä\x7f"),
			    "a  Set-Cookie: x=1 ä ");
	assert_int_equal(escaped_n(*state, escape_header, "\0\x1f", 2).length, 2);
}

static bool is_alphanumeric(int byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

static void test_every_byte_is_treated_as_the_standard_says(void **state)
{
	for (int byte = 0; byte < 256; byte++) {
		char raw = (char)byte, percent[4];
		snprintf(percent, sizeof percent, "%%%02X", (unsigned)byte);
		const char plain[2] = { raw, '\0' };
		bool unreserved = is_alphanumeric(byte) ||
				  (byte != 0 && strchr("-._~", byte) != NULL);
		assert_string_equal(escaped_n(*state, escape_url, &raw, 1).bytes,
				    unreserved ? plain : percent);
		assert_string_equal(escaped_n(*state, escape_url_path, &raw, 1).bytes,
				    unreserved || byte == '/' ? plain : percent);
		bool control = byte < 0x20 || byte == 0x7f;
		assert_string_equal(escaped_n(*state, escape_header, &raw, 1).bytes,
				    control ? " " : plain);
		bool special = memchr("\0&<>\"'", byte, 6) != NULL;
		assert_int_equal(escaped_n(*state, escape_html, &raw, 1).length == 1, !special);
		bool spacing = memchr("\t\r\n", byte, 3) != NULL;
		assert_int_equal(escaped_n(*state, escape_attribute, &raw, 1).length == 1,
				 !special && !spacing);
	}
}

static void test_what_is_already_in_the_buffer_stays(void **state)
{
	struct buffer out = buffer_new(*state, 0);
	buffer_puts(&out, "<p>");
	escape_html(&out, "<", 1);
	buffer_puts(&out, "</p>");
	assert_string_equal(out.bytes, "<p>&lt;</p>");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_html_cannot_be_opened_or_left),
		TEST(test_an_attribute_keeps_its_line_breaks),
		TEST(test_a_url_component_keeps_only_unreserved_characters),
		TEST(test_a_header_value_cannot_begin_another_header),
		TEST(test_every_byte_is_treated_as_the_standard_says),
		TEST(test_what_is_already_in_the_buffer_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How accounts and addresses are written in the throttle's buckets. The counting is PostgreSQL's:
 * tests/http/test_throttle.py. */
#include "auth/throttle.h"
#include "harness.h"

static void test_a_customers_whole_ipv6_network_is_one_address(void **state)
{
	assert_string_equal(throttle_network(*state, "2001:db8:1:2::1"), "2001:db8:1:2::/64");
	assert_string_equal(throttle_network(*state, "2001:0DB8:1:2:ffff::9"), "2001:db8:1:2::/64");
	assert_string_equal(throttle_network(*state, "2001:db8:1:3::1"), "2001:db8:1:3::/64");
	assert_string_equal(throttle_network(*state, "::1"), "::/64");
}

static void test_ipv4_is_the_same_in_ipv6_clothes(void **state)
{
	assert_string_equal(throttle_network(*state, "192.0.2.1"), "192.0.2.1");
	assert_string_equal(throttle_network(*state, "::ffff:192.0.2.1"), "192.0.2.1");
	assert_string_equal(throttle_network(*state, "::FFFF:c000:0201"), "192.0.2.1");
}

static void test_what_is_no_address_is_none(void **state)
{
	static const char *const bad[] = { "",
					   "unix:",
					   "alice",
					   "192.0.2",
					   "192.0.2.256",
					   "192.0.2.1 x",
					   "192.0.2.1:80",
					   "2001:db8::1%eth0",
					   "2001:db8::/64" };
	assert_null(throttle_network(*state, NULL));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(throttle_network(*state, bad[i]));
}

static const char *account(struct pool *pool, const char *secret, const char *user_id,
			   const char *login)
{
	const struct throttle throttle = { .name_key = throttle_name_key(pool, secret) };
	return throttle_account(&throttle, pool, user_id, login);
}

static void test_somebody_known_is_one_account_whatever_was_typed(void **state)
{
	assert_string_equal(account(*state, "s", "42", "alice"), "user:42");
	assert_string_equal(account(*state, "s", "42", "alice@example.org"), "user:42");
	assert_string_equal(account(*state, "s", "0190b2b4-6a0e-7c55-b1b0-1f1d9d2b8a11", "alice"),
			    "user:0190b2b4-6a0e-7c55-b1b0-1f1d9d2b8a11");
}

/* A bucket's name has spaces between its words. */
static void test_an_id_of_other_characters_is_hashed(void **state)
{
	static const char *const odd[] = { "",
					   "alice - 192.0.2.1",
					   "a:b",
					   "é",
					   "a\"b",
					   "12345678901234567890123456789012345678901234567890"
					   "123456789012345" };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		const char *text = account(*state, "s", odd[i], "x");
		assert_int_equal(strlen(text), strlen("user:") + 32);
		assert_int_equal(strspn(text + 5, "0123456789abcdef"), 32);
	}
}

static void test_a_text_that_names_nobody_is_hidden(void **state)
{
	const char *one = account(*state, "s", NULL, "my secret password");
	assert_int_equal(strlen(one), strlen("name:") + 32);
	assert_memory_equal(one, "name:", 5);
	assert_string_equal(one, account(*state, "s", NULL, "My Secret PASSWORD"));
	assert_string_not_equal(one, account(*state, "s", NULL, "my secret passwort"));
	/* Without the site's secret nobody can try texts against it. */
	assert_string_not_equal(one, account(*state, "another", NULL, "my secret password"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_customers_whole_ipv6_network_is_one_address),
		TEST(test_ipv4_is_the_same_in_ipv6_clothes),
		TEST(test_what_is_no_address_is_none),
		TEST(test_somebody_known_is_one_account_whatever_was_typed),
		TEST(test_an_id_of_other_characters_is_hashed),
		TEST(test_a_text_that_names_nobody_is_hidden),
	};
	return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}

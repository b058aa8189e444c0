/* Addresses: which ones are hosts of the Internet, at the very edges of what is not. */
#include "base/address.h"
#include "base/host.h"
#include "harness.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_is_public((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return address_is_public((const struct sockaddr *)&v6);
}

static void test_public(void **state)
{
	(void)state;
	static const char *const addresses[] = {
		"1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
		"100.128.0.0",     "126.255.255.255", "128.0.0.0",       "169.253.255.255",
		"169.255.0.0",     "172.15.255.255",  "172.32.0.0",      "191.255.255.255",
		"192.0.1.0",       "192.0.3.0",       "192.88.98.255",   "192.88.100.0",
		"192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",
		"198.51.99.255",   "198.51.101.0",    "203.0.112.255",   "203.0.114.0",
		"223.255.255.255", "8.8.8.8",         "2001:200::",      "2001:db7:ffff::1",
		"2001:db9::",      "2003::1",         "2606:4700::1111", "2a00:1450:4001::1",
		"3ffe::1",         "3fff:1000::",     "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
	};
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (!is_public(addresses[i]))
			fail_msg("%s is public", addresses[i]);
}

static void test_not_public(void **state)
{
	(void)state;
	static const char *const addresses[] = {
		"0.0.0.0",
		"0.255.255.255",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.0.0",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.0",
		"192.0.0.255",
		"192.0.2.255",
		"192.88.99.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.255",
		"224.0.0.0",
		"239.255.255.255",
		"240.0.0.0",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::8.8.8.8",
		"::ffff:10.0.0.1",
		"::ffff:127.0.0.1",
		"::ffff:0:8.8.8.8",
		"64:ff9b::10.0.0.1",
		"64:ff9b::7f00:1",
		"64:ff9b:1::8.8.8.8",
		"64:ff9b::1:8.8.8.8",
		"100::1",
		"1fff::1",
		"2001::1",
		"2001:0:7f00:1::",
		"2001:1ff::1",
		"2001:db8::1",
		"2001:db8:ffff::1",
		"2002::1",
		"2002:808:808::1",
		"3fff::1",
		"3fff:fff::1",
		"4000::1",
		"5f00::1",
		"fc00::1",
		"fd00::1",
		"fe80::1",
		"fec0::1",
		"ff02::1",
		"ffff::1",
	};
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (is_public(addresses[i]))
			fail_msg("%s is not public", addresses[i]);
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	assert_false(address_is_public((const struct sockaddr *)&local));
}

static void test_hosts_of_urls(void **state)
{
	static const struct {
		const char *url, *host;
	} cases[] = {
		{ "https://Example.org", "example.org:443" },
		{ "HTTP://example.org/v1/x_y~z", "example.org:80" },
		{ "http://[::1]:8080/v1", "[::1]:8080" },
		{ "https://[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]:443" },
		{ "http://127.0.0.1:1", "127.0.0.1:1" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(host_of_url(*state, cases[i].url), cases[i].host);
	static const char *const bad[] = {
		"",
		"example.org",
		"ftp://example.org",
		"https://",
		"https:///x",
		"https://:80",
		"https://a:",
		"https://a:0",
		"https://a:65536",
		"https://a:1x",
		"https://a@b",
		"https://a:b@c",
		"https://a/?x",
		"https://a#x",
		"https://a\\b",
		"https://a b",
		"https://[::1",
		"https://[]",
		"https://[::1%25eth0]",
		"https://a/%2e",
		"https://\xc3\xa4",
		"https://[::1]x",
		"https://a:-1",
		"//a",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (host_of_url(*state, bad[i]) != NULL)
			fail_msg("%s is not plain", bad[i]);
}

static void test_lists_of_hosts(void **state)
{
	(void)state;
	static const char *const list[] = { "example.org", "10.0.0.1:8080", "[::1]", NULL };
	assert_true(host_is_listed(list, "example.org:443"));
	assert_true(host_is_listed(list, "EXAMPLE.org:1"));
	assert_true(host_is_listed(list, "10.0.0.1:8080"));
	assert_true(host_is_listed(list, "[::1]:5"));
	assert_false(host_is_listed(list, "10.0.0.1:80"));
	assert_false(host_is_listed(list, "a.example.org:443"));
	assert_false(host_is_listed(list, "example.or:443"));
	assert_false(host_is_listed(list, "[::2]:5"));
	assert_false(host_is_listed(NULL, "example.org:443"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_public),
		TEST(test_not_public),
		TEST(test_hosts_of_urls),
		TEST(test_lists_of_hosts),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

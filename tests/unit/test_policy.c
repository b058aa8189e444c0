#include "base/address.h"
#include "harness.h"
#include "session/policy.h"
#include "session/seen.h"

static const struct session_client home = { .address = "192.0.2.7", .browser = "Firefox" };

static struct session_limits limits(void)
{
	return (struct session_limits){ .lifetime_s = 28800,
					.idle_s = 3600,
					.bind_address = BINDING_SUBNET,
					.bind_browser = BINDING_LOG,
					.extends = true };
}

static void test_session_times_are_judged(void **state)
{
	(void)state;
	const struct session_limits usual = limits();
	static const struct {
		struct session_times times;
		enum session_end expected;
	} cases[] = {
		{ { .expires_in_s = 1 }, SESSION_GOES_ON },
		{ { .idle_s = 3599, .expires_in_s = 1 }, SESSION_GOES_ON },
		{ { .idle_s = 3600, .expires_in_s = 1 }, SESSION_END_IDLE },
		{ { .expires_in_s = 0 }, SESSION_END_LIFETIME },
		{ { .expires_in_s = -5 }, SESSION_END_LIFETIME },
		{ { .expires_in_s = 7200, .age_s = 28799 }, SESSION_GOES_ON },
		{ { .expires_in_s = 7200, .age_s = 28800 }, SESSION_END_LIFETIME },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(session_policy_check(&usual, &cases[i].times, &home, &home),
				 cases[i].expected);
	struct session_limits restless = usual;
	restless.idle_s = 0;
	assert_int_equal(session_policy_check(
				 &restless,
				 &(struct session_times){ .idle_s = 1000000, .expires_in_s = 1 },
				 &home, &home),
			 SESSION_GOES_ON);
}

static enum session_end bound(enum binding address, enum binding browser,
			      struct session_client began, struct session_client now)
{
	struct session_limits one = limits();
	one.bind_address = address;
	one.bind_browser = browser;
	return session_policy_check(&one, &(struct session_times){ .expires_in_s = 1 }, &began,
				    &now);
}

static void test_a_session_is_bound_to_where_it_began(void **state)
{
	(void)state;
	struct session_client neighbour = { "192.0.2.200", "Firefox" },
			      elsewhere = { "192.0.3.7", "Firefox" },
			      other = { "192.0.2.7", "Chrome" }, nowhere = { NULL, NULL };
	assert_int_equal(bound(BINDING_SUBNET, BINDING_LOG, home, neighbour), SESSION_GOES_ON);
	assert_int_equal(bound(BINDING_SUBNET, BINDING_LOG, home, elsewhere), SESSION_END_ADDRESS);
	assert_int_equal(bound(BINDING_STRICT, BINDING_LOG, home, neighbour), SESSION_END_ADDRESS);
	assert_int_equal(bound(BINDING_LOG, BINDING_LOG, home, elsewhere), SESSION_GOES_ON);
	assert_int_equal(bound(BINDING_OFF, BINDING_STRICT, home, elsewhere), SESSION_GOES_ON);
	assert_int_equal(bound(BINDING_OFF, BINDING_STRICT, home, other), SESSION_END_BROWSER);
	assert_int_equal(bound(BINDING_OFF, BINDING_SUBNET, home, other), SESSION_GOES_ON);
	/* What nobody knows does not fit. */
	assert_int_equal(bound(BINDING_SUBNET, BINDING_OFF, nowhere, home), SESSION_END_ADDRESS);
	assert_int_equal(bound(BINDING_STRICT, BINDING_OFF, nowhere, nowhere), SESSION_END_ADDRESS);
	assert_int_equal(bound(BINDING_OFF, BINDING_STRICT, nowhere, nowhere), SESSION_END_BROWSER);
}

static void test_addresses_are_compared_as_addresses(void **state)
{
	assert_true(address_equal("192.0.2.1", "::ffff:192.0.2.1"));
	assert_true(address_equal("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"));
	assert_false(address_equal("192.0.2.1", "192.0.2.2"));
	assert_false(address_equal(NULL, NULL));
	assert_false(address_equal("nonsense", "nonsense"));
	assert_true(address_same_network("192.0.2.1", "::ffff:192.0.2.254"));
	assert_false(address_same_network("192.0.2.1", "192.0.3.1"));
	assert_true(address_same_network("2001:db8:1:2::1", "2001:db8:1:2:ffff::1"));
	assert_false(address_same_network("2001:db8:1:2::1", "2001:db8:1:3::1"));
	/* All IPv4 addresses share 64 bits when they are written as IPv6. */
	assert_false(address_same_network("::ffff:192.0.2.1", "::ffff:198.51.100.1"));
	assert_false(address_same_network("192.0.2.1", "::c000:201"));
	assert_false(address_same_network("::1", "127.0.0.1"));
	assert_false(address_same_network("::1", "::ffff:192.0.2.1"));
	assert_false(address_same_network("192.0.2.1", "::1"));
	assert_string_equal(address_customer(*state, "2001:db8:1:2:3::9"), "2001:db8:1:2::/64");
	assert_string_equal(address_customer(*state, "::ffff:192.0.2.1"), "192.0.2.1");
	assert_string_equal(address_customer(*state, NULL), "unknown");
}

static void test_the_end_moves_on_by_a_quarter_and_two_hours_at_most(void **state)
{
	(void)state;
	struct session_limits one = limits();
	assert_int_equal(session_policy_step(&one), 7200);
	one.lifetime_s = 24 * 3600;
	assert_int_equal(session_policy_step(&one), 7200);
	one.lifetime_s = 7200;
	one.idle_s = 600;
	assert_int_equal(session_policy_step(&one), 1800);
	one.idle_s = 3000; /* who may rest so long does not end before */
	assert_int_equal(session_policy_step(&one), 3000);
	one.extends = false;
	assert_int_equal(session_policy_step(&one), 0);
}

static struct session_policy configured(void)
{
	struct session_policy policy = { .remember_s = 2592000,
					 .remember_bind_address = BINDING_LOG };
	policy.kinds[SESSION_AUTHENTICATED] = limits();
	policy.kinds[SESSION_ADMIN] = (struct session_limits){ .lifetime_s = 7200, .idle_s = 900 };
	return policy;
}

static void test_remember_me_replaces_lifetime_and_rest(void **state)
{
	(void)state;
	const struct session_policy policy = configured();
	struct session_limits one = session_policy_limits(&policy, SESSION_AUTHENTICATED, true,
							  NULL);
	assert_int_equal(one.lifetime_s, 2592000);
	assert_int_equal(one.idle_s, 0);
	assert_int_equal(one.bind_address, BINDING_LOG);
	assert_int_equal(session_policy_step(&one), 0);
	/* What a person has of their own holds here too, but never makes it slide. */
	one = session_policy_limits(&policy, SESSION_AUTHENTICATED, true,
				    "extends=on bind_address=strict");
	assert_int_equal(one.lifetime_s, 2592000);
	assert_int_equal(one.bind_address, BINDING_STRICT);
	assert_int_equal(session_policy_step(&one), 0);
}

static void test_a_person_can_have_limits_of_their_own(void **state)
{
	(void)state;
	const struct session_policy policy = configured();
	struct session_limits one =
		session_policy_limits(&policy, SESSION_ADMIN, false,
				      "idle_minutes=5 concurrent=1 bind_address=strict extends=on");
	assert_int_equal(one.lifetime_s, 7200);
	assert_int_equal(one.idle_s, 300);
	assert_int_equal(one.concurrent, 1);
	assert_int_equal(one.bind_address, BINDING_STRICT);
	assert_true(one.extends);
}

static void test_a_quota_is_that_of_the_kind_and_the_person(void **state)
{
	(void)state;
	struct config config = { .quota[SESSION_AUTHENTICATED] = { 20, 0, 500, 3, 0 } };
	for (size_t kind = SESSION_SSO; kind < SESSION_KINDS; kind++)
		config.quota[kind] = (struct quota_settings){ -1, -1, -1, -1, -1 };
	config.quota[SESSION_BOT].messages_per_minute = 0;
	config.quota[SESSION_BOT].messages_per_day = 7;
	const struct session_policy policy = session_policy_read(&config);
	const struct session_quota *guest = &policy.kinds[SESSION_BOT].quota;
	assert_int_equal(guest->messages_per_minute, 0);
	assert_int_equal(guest->messages_per_day, 7);
	assert_int_equal(guest->tokens_per_day, 500);
	assert_int_equal(policy.kinds[SESSION_ADMIN].quota.messages_per_minute, 20);
	assert_int_equal(policy.kinds[SESSION_ANONYMOUS].quota.answers_at_once, 3);
	const struct session_limits own = session_policy_limits(
		&policy, SESSION_BOT, false, "messages_per_minute=4 tokens_per_day=0");
	assert_int_equal(own.quota.messages_per_minute, 4);
	assert_int_equal(own.quota.messages_per_day, 7);
	assert_int_equal(own.quota.tokens_per_day, 0);
}

static void test_limits_that_cannot_be_read_end_the_session(void **state)
{
	static const char *const bad[] = { "idle_minutes",       "idle_minutes=",
					   "idle_minutes=x",     "idle_minutes=-1",
					   "lifetime_minutes=0", "sleep_minutes=5",
					   "extends=maybe",      "bind_address=tight",
					   "idle_minutes=5 x",   "=5" };
	const struct session_policy policy = configured();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct session_limits one = session_policy_limits(&policy, SESSION_AUTHENTICATED,
								  false, bad[i]);
		if (one.lifetime_s != 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(session_policy_check(&one,
						      &(struct session_times){ .expires_in_s = 1 },
						      &home, &home),
				 SESSION_END_LIFETIME);
		assert_non_null(session_policy_problem(*state, bad[i]));
	}
	assert_null(session_policy_problem(*state, "idle_minutes=5  concurrent=0"));
	assert_string_equal(session_policy_problem(*state, "concurrent=1 nonsense"),
			    "\"nonsense\" is no limit, or out of its bounds");
}

static void test_kinds_have_names(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < SESSION_KINDS; kind++)
		assert_int_equal(session_kind_find(session_kind_name((enum session_kind)kind)),
				 kind);
	assert_int_equal(session_kind_find("root"), SESSION_KINDS);
	assert_int_equal(session_kind_find(NULL), SESSION_KINDS);
}

static void test_a_session_seen_lately_is_known_and_no_other(void **state)
{
	static const char one[] = "abcdefghijklmnopqrstuvwxyz012345",
			  other[] = "abcdefghijklmnopqrstuvwxyz012346";
	struct seen_sessions *seen = seen_sessions_new(*state);
	assert_false(seen_lately(seen, one));
	assert_false(seen_lately(seen, one));
	seen_note(seen, one, 0);
	assert_true(seen_lately(seen, one));
	assert_false(seen_lately(seen, other));
	seen_note(seen, one, 50); /* another program noted it then */
	assert_true(seen_lately(seen, one));
	seen_note(seen, one, 60);
	assert_false(seen_lately(seen, one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_session_times_are_judged),
		TEST(test_a_session_is_bound_to_where_it_began),
		TEST(test_addresses_are_compared_as_addresses),
		TEST(test_the_end_moves_on_by_a_quarter_and_two_hours_at_most),
		TEST(test_remember_me_replaces_lifetime_and_rest),
		TEST(test_a_person_can_have_limits_of_their_own),
		TEST(test_a_quota_is_that_of_the_kind_and_the_person),
		TEST(test_limits_that_cannot_be_read_end_the_session),
		TEST(test_kinds_have_names),
		TEST(test_a_session_seen_lately_is_known_and_no_other),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}

#include "access/rules.h"
#include "harness.h"

static const char *const staff[] = { "staff", NULL };
static const char *const alice[] = { "alice", NULL };
static const char *const admin_kind[] = { "admin", NULL };
static const char *const reading[] = { "GET", "HEAD", NULL };

/* alice, signed in a minute ago, in the groups editors and staff. */
static struct access_facts somebody(void)
{
	return (struct access_facts){ .is_signed_in = true,
				      .user_id = "1",
				      .username = "alice",
				      .groups = "editors,staff",
				      .kind = "authenticated",
				      .admin_group = "administrators",
				      .saw_password = true,
				      .authenticated_s = 60,
				      .reauthenticate_s = 86400,
				      .method = "GET" };
}

static void test_nothing_said_means_signed_in(void **state)
{
	(void)state;
	const struct access_rule rule = { .name = NULL };
	struct access_facts facts = somebody();
	assert_int_equal(access_decide(&facts, &rule), ACCESS_ALLOW);
	facts.is_signed_in = false;
	assert_int_equal(access_decide(&facts, &rule), ACCESS_ASK_SIGN_IN);
	facts.is_guest = true;
	assert_int_equal(access_decide(&facts, &rule), ACCESS_ASK_SIGN_IN);
}

static void test_a_guest_goes_only_where_guests_may(void **state)
{
	(void)state;
	const struct access_facts guest = { .is_guest = true,
					    .groups = "",
					    .kind = "bot",
					    .username = "alice",
					    .user_id = "guest:1",
					    .admin_group = "",
					    .method = "GET" };
	assert_int_equal(access_decide(&guest, &(struct access_rule){ .needs = ACCESS_GUEST }),
			 ACCESS_ALLOW);
	assert_int_equal(access_decide(&guest, &(struct access_rule){ .needs = ACCESS_GUEST |
									       ACCESS_FRESH }),
			 ACCESS_ASK_SIGN_IN);
	assert_int_equal(access_decide(&guest, &(struct access_rule){ .needs = ACCESS_GUEST,
								      .users = alice }),
			 ACCESS_ASK_SIGN_IN);
}

static void test_users_and_groups_are_one_list(void **state)
{
	(void)state;
	struct access_facts facts = somebody();
	const struct access_rule both = { .users = alice, .groups = staff };
	assert_int_equal(access_decide(&facts, &both), ACCESS_ALLOW);
	facts.username = "bob";
	assert_int_equal(access_decide(&facts, &both), ACCESS_ALLOW);
	facts.groups = "staff2,notstaff";
	assert_int_equal(access_decide(&facts, &both), ACCESS_REFUSE);
	facts.groups = "";
	facts.username = "Alice"; /* names are compared as they are */
	assert_int_equal(access_decide(&facts, &both), ACCESS_REFUSE);
}

static void test_a_list_of_nobody_lets_in_nobody(void **state)
{
	(void)state;
	static const char *const none[] = { NULL };
	const struct access_facts facts = somebody();
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .groups = none }),
			 ACCESS_REFUSE);
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .users = none }),
			 ACCESS_REFUSE);
}

static void test_kind_method_and_second_factor(void **state)
{
	(void)state;
	struct access_facts facts = somebody();
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .kinds = admin_kind }),
			 ACCESS_REFUSE);
	facts.method = "DELETE";
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .methods = reading }),
			 ACCESS_REFUSE_METHOD);
	assert_int_equal(
		access_decide(&facts, &(struct access_rule){ .needs = ACCESS_SECOND_FACTOR }),
		ACCESS_ASK_SECOND_FACTOR);
	facts.has_second_factor = true;
	assert_int_equal(
		access_decide(&facts, &(struct access_rule){ .needs = ACCESS_SECOND_FACTOR }),
		ACCESS_ALLOW);
}

static void test_a_password_given_too_long_ago_is_asked_for(void **state)
{
	(void)state;
	struct access_facts facts = somebody();
	const struct access_rule fresh = { .needs = ACCESS_FRESH, .fresh_s = 600 }, any = { 0 };
	facts.authenticated_s = 599;
	assert_int_equal(access_decide(&facts, &fresh), ACCESS_ALLOW);
	facts.authenticated_s = 600;
	assert_int_equal(access_decide(&facts, &fresh), ACCESS_ASK_PASSWORD);
	assert_int_equal(access_decide(&facts, &any), ACCESS_ALLOW);
	facts.authenticated_s = 86400;
	assert_int_equal(access_decide(&facts, &any), ACCESS_ASK_PASSWORD);
	facts.remember = true; /* lasts; only what asks for it asks */
	assert_int_equal(access_decide(&facts, &any), ACCESS_ALLOW);
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .needs = ACCESS_FRESH }),
			 ACCESS_ASK_PASSWORD);
	/* A rule that names a longer time than the kind asks no less than every page. */
	const struct access_rule longer = { .needs = ACCESS_FRESH, .fresh_s = 172800 };
	assert_int_equal(access_decide(&facts, &longer), ACCESS_ALLOW);
	facts.remember = false;
	assert_int_equal(access_decide(&facts, &longer), ACCESS_ASK_PASSWORD);
}

static void test_a_sign_in_that_nobody_here_saw_is_not_fresh(void **state)
{
	(void)state;
	struct access_facts facts = somebody();
	facts.saw_password = false;
	facts.authenticated_s = 0;
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .needs = ACCESS_FRESH }),
			 ACCESS_ASK_PASSWORD);
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .needs = ACCESS_FRESH,
								      .fresh_s = 600 }),
			 ACCESS_ASK_PASSWORD);
	assert_int_equal(access_decide(&facts, &(struct access_rule){ .needs = 0 }), ACCESS_ALLOW);
}

static void test_administrators_need_a_session_of_their_kind(void **state)
{
	(void)state;
	struct access_facts facts = somebody();
	const struct access_rule rule = { .needs = ACCESS_ADMIN };
	assert_int_equal(access_decide(&facts, &rule), ACCESS_REFUSE);
	facts.groups = "administrators";
	assert_int_equal(access_decide(&facts, &rule), ACCESS_ASK_PASSWORD);
	facts.kind = "admin";
	assert_int_equal(access_decide(&facts, &rule), ACCESS_ALLOW);
	facts.groups = ""; /* no longer one */
	assert_int_equal(access_decide(&facts, &rule), ACCESS_REFUSE);
}

static const struct access_rules *read_rules(struct pool *pool, const char *text, const char *error)
{
	struct buffer errors = buffer_new(pool, 100);
	const struct access_rules *rules = access_rules_read(pool, "rules", text, strlen(text),
							     &errors);
	if (error == NULL) {
		assert_string_equal(errors.bytes, "");
		assert_non_null(rules);
	} else {
		assert_null(rules);
		if (strstr(errors.bytes, error) == NULL)
			fail_msg("expected \"%s\", got: %s", error, errors.bytes);
	}
	return rules;
}

static void test_rules_are_read(void **state)
{
	bool known;
	const struct access_rules *rules =
		read_rules(*state,
			   "# staff only\n[staff]\ngroups = staff, editors\nmethods = GET, HEAD\n"
			   "fresh_minutes = 15\n[open]\nrequire = public\npaths = /open/*, /about\n"
			   "[inner]\nusers = alice\npaths = /open/inner/*\n",
			   NULL);
	const struct access_rule *rule = access_rules_find(rules, "staff", &known);
	assert_true(known);
	assert_string_equal(rule->groups[1], "editors");
	assert_string_equal(rule->methods[0], "GET");
	assert_int_equal(rule->fresh_s, 900);
	assert_int_equal(rule->needs, ACCESS_FRESH);
	assert_int_equal(access_rules_find(rules, "open", &known)->needs, ACCESS_PUBLIC);
	assert_string_equal(access_rules_find_path(rules, "/open/x")->name, "open");
	assert_string_equal(access_rules_find_path(rules, "/open/inner/x")->name, "inner");
	assert_string_equal(access_rules_find_path(rules, "/about")->name, "open");
	/* A server may hand what follows to the same file. */
	assert_string_equal(access_rules_find_path(rules, "/about/us")->name, "open");
	assert_null(access_rules_find_path(rules, "/aboutus"));
}

static void test_an_unknown_rule_means_signed_in(void **state)
{
	bool known;
	const struct access_rules *rules = read_rules(*state, "[open]\nrequire = public\n", NULL);
	assert_int_equal(access_rules_find(rules, "opne", &known)->needs, ACCESS_SIGNED_IN);
	assert_false(known);
	assert_int_equal(access_rules_find(rules, NULL, &known)->needs, ACCESS_SIGNED_IN);
	assert_true(known);
}

static void test_mistakes_in_rules_stop_the_start(void **state)
{
	read_rules(*state, "[a]\ngroup = staff\n", "rules:2: a rule has no \"group\"");
	read_rules(*state, "[a]\ngroups =\n", "rules:2: groups must name");
	read_rules(*state, "[a]\nrequire = everybody\n", "require must be");
	read_rules(*state, "[a]\nfresh_minutes = 0\n", "fresh_minutes must be");
	read_rules(*state, "[a]\nkinds = root\n", "kinds must be among");
	read_rules(*state, "[a]\nmethods = get\n", "methods must be");
	read_rules(*state, "[a]\npaths = private/*\n", "paths must begin");
	read_rules(*state, "[a]\npaths = /a/*/b\n", "paths must begin");
	read_rules(*state, "[A b]\nusers = x\n", "a rule has a name");
	read_rules(*state, "users = x\n", "a rule has a name");
	read_rules(*state, "[a]\nrequire = public\nusers = alice\n", "asks for more");
}

static void test_only_one_way_to_write_a_path_is_canonical(void **state)
{
	static const char *const good[] = { "/",      "/a",      "/a/",   "/a/b.html?x=//..",
					    "/a%20b", "/%C3%A9", "/a..b", "/.well-known/x",
					    "/a(b)" };
	static const char *const bad[] = {
		"",        "a",       "//a",        "/a//b",  "/./a",   "/a/.",     "/..",
		"/a/../b", "/a/..?x", "/%61",       "/a%2fb", "/a%2Fb", "/a%2e",    "/%2e%2e/b",
		"/a;b",    "/a%3bb",  "/a%00b",     "/a\\b",  "/a%5Cb", "/a%c3%a9", "/a%",
		"/a%2",    "/a%zz",   "/a%25b",     "/a\"b",  "/a b",   "/a\x7f",   "/\xc3\xa9",
		"/a%28b",  "/a%3Fb",  "http://x/a", "/a//",
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!access_path_is_canonical(good[i]))
			fail_msg("%s is canonical", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (access_path_is_canonical(bad[i]))
			fail_msg("%s is not canonical", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_said_means_signed_in),
		TEST(test_a_guest_goes_only_where_guests_may),
		TEST(test_users_and_groups_are_one_list),
		TEST(test_a_list_of_nobody_lets_in_nobody),
		TEST(test_kind_method_and_second_factor),
		TEST(test_a_password_given_too_long_ago_is_asked_for),
		TEST(test_a_sign_in_that_nobody_here_saw_is_not_fresh),
		TEST(test_administrators_need_a_session_of_their_kind),
		TEST(test_rules_are_read),
		TEST(test_an_unknown_rule_means_signed_in),
		TEST(test_mistakes_in_rules_stop_the_start),
		TEST(test_only_one_way_to_write_a_path_is_canonical),
	};
	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}

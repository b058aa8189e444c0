/* Passwords: every form of hash that is out there, and the rules for new ones. */
#include "auth/password.h"
#include "auth/registration.h"
#include "base/clock.h"
#include "harness.h"

/* Made with PHP, Python's bcrypt and Django's hashers; "x" is the 8-bit fault of old PHP. */
static void test_each_variant_is_checked(void **state)
{
	(void)state;
	/* The test vectors of crypt_blowfish 1.3: password U*U, salt CCCC… */
	assert_true(password_matches(
		"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	assert_true(password_matches(
		"U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	assert_true(password_matches(
		"U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	assert_true(password_matches(
		"\xa3", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"));
	assert_true(password_matches(
		"\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"));
	assert_false(password_matches(
		"\xa3", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"));
	assert_false(password_matches(
		"u*u", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

static void test_a_new_hash_is_taken_in_each_style(void **state)
{
	static const char *const wrappers[] = { "", "bcrypt$", "bcrypt_sha256$" };
	static const char variants[] = "aby";
	for (size_t w = 0; w < 3; w++) {
		for (size_t v = 0; v < 3; v++) {
			const struct password_style style = { variants[v], 4, wrappers[w] };
			const char *hash = password_hash(*state, "pässword", &style);
			struct password_style read;
			assert_non_null(hash);
			assert_true(password_read_style(hash, &read));
			assert_int_equal(read.variant, variants[v]);
			assert_int_equal(read.cost, 4);
			assert_string_equal(read.wrapper, wrappers[w]);
			assert_true(password_matches("pässword", hash));
			assert_false(password_matches("passwort", hash));
		}
	}
}

static void test_bcrypt_reads_72_bytes_and_sha256_all(void **state)
{
	char one[100], other[100];
	memset(one, 'a', sizeof one - 1);
	memset(other, 'a', sizeof other - 1);
	one[99] = other[99] = '\0';
	other[80] = 'b';
	const char *plain = password_hash(*state, one, &(struct password_style){ 'b', 4, "" });
	const char *wrapped = password_hash(*state, one,
					    &(struct password_style){ 'b', 4, "bcrypt_sha256$" });
	assert_true(password_matches(other, plain)); /* as PHP and others do with old hashes */
	assert_false(password_matches(other, wrapped));
}

static void test_what_is_no_hash_lets_nobody_in(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"secret",
		"$2b$",
		"$2b$05$short",
		"$1$abc$def",
		"!",
		"*0",
		"$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2z$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"pbkdf2_sha256$260000$abc$def"
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(password_read_style(bad[i], NULL));
		assert_false(password_matches(bad[i], bad[i]));
		assert_false(password_matches("", bad[i]));
	}
}

static void test_an_unknown_person_costs_the_same(void **state)
{
	const char *hash = password_hash(*state, "x", &(struct password_style){ 'b', 9, "" });
	int64_t start = clock_monotonic_ms();
	for (int i = 0; i < 8; i++)
		password_matches("y", hash);
	int64_t known = clock_monotonic_ms() - start;
	start = clock_monotonic_ms();
	for (int i = 0; i < 8; i++)
		password_waste_time("y", 9);
	int64_t unknown = clock_monotonic_ms() - start;
	/* Wide, because other things run on this machine; without the work it would be 0. */
	assert_true(unknown * 3 > known && known * 3 > unknown);
}

static const char *problem(struct pool *pool, struct registration wanted, const char *field)
{
	struct auth auth = { .password_min_length = 8 };
	struct value *fields = value_object(pool);
	registration_check(&auth, &wanted, pool, fields);
	return value_get_string(fields, field);
}

static void test_sign_up_explains_each_field(void **state)
{
	const struct registration good = { "alice", "alice@example.org", "correct horse",
					   "correct horse", true };
	struct registration wanted = good;
	assert_null(problem(*state, wanted, "username"));
	assert_null(problem(*state, wanted, "email"));
	assert_null(problem(*state, wanted, "password"));
	assert_null(problem(*state, wanted, "password_confirm"));
	wanted.username = "a@b";
	assert_non_null(strstr(problem(*state, wanted, "username"), "@"));
	wanted.username = "a b";
	assert_non_null(problem(*state, wanted, "username"));
	wanted.password = "seven77";
	assert_non_null(strstr(problem(*state, wanted, "password"), "at least 8"));
	assert_non_null(strstr(problem(*state, wanted, "password_confirm"), "not the same"));
	/* 40 characters, 80 bytes */
	wanted.password = "éééééééééééééééééééééééééééééééééééééééé";
	assert_non_null(strstr(problem(*state, wanted, "password"), "72"));
	wanted = good;
	wanted.password = "ALICE@example.org";
	assert_non_null(problem(*state, wanted, "password"));
	wanted.terms_accepted = false;
	assert_non_null(problem(*state, wanted, "terms"));
}

static void test_email_addresses_are_judged_as_browsers_do(void **state)
{
	(void)state;
	static const char *const good[] = { "a@b.c", "first.last+tag@sub.example.org",
					    "o'neil@example.co.uk" };
	static const char *const bad[] = { "",         "a",       "@b.c",   "a@",
					   "a@b",      "a b@c.d", "a@b..c", "a@-b.c",
					   "a@b.c-",   ".a@b.c",  "a.@b.c", "a..b@c.d",
					   "a@b.c ",   "a@b@c.d", "é@b.c",  "a@[127.0.0.1]",
					   "\"a\"@b.c" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(registration_is_email(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (registration_is_email(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

/* Addresses that a whole standard allows and no browser does (quotes, comments, literals) are
 * refused on purpose; what the corpus calls wrong must never be taken. */
static void test_no_wrong_address_of_the_corpus_is_taken(void **state)
{
	const struct value *cases = harness_read_corpus(*state, "email/isemail.json");
	if (cases == NULL)
		skip();
	size_t judged = 0;
	for (size_t i = 0; i < value_count(cases); i++) {
		const struct value *one = value_item(cases, i);
		const char *category = value_get_string(one, "category");
		const char *address = value_get_string(one, "address");
		if (category == NULL || address == NULL)
			continue;
		judged++;
		if (strcmp(category, "ISEMAIL_ERR") == 0 && registration_is_email(address))
			fail_msg("taken: %s", address);
	}
	assert_true(judged > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_variant_is_checked),
		TEST(test_a_new_hash_is_taken_in_each_style),
		TEST(test_bcrypt_reads_72_bytes_and_sha256_all),
		TEST(test_what_is_no_hash_lets_nobody_in),
		TEST(test_an_unknown_person_costs_the_same),
		TEST(test_sign_up_explains_each_field),
		TEST(test_email_addresses_are_judged_as_browsers_do),
		TEST(test_no_wrong_address_of_the_corpus_is_taken),
	};
	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}

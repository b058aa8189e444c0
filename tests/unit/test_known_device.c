/* Known devices: whom a device's text is good for, and for how long. */
#include "auth/known_device.h"
#include "base/crypto.h"
#include "harness.h"

static const char *const secrets[] = { "secret-of-today", "secret-of-yesterday" };
enum { NOW_S = 1800000000 };

static struct known_devices *devices(struct pool *pool)
{
	return known_devices_new(pool, secrets[0], secrets[1]);
}

static bool is_good(struct pool *pool, const char *text, const char *user_id, int64_t now_s)
{
	return known_device_nonce(devices(pool), pool, text, user_id, now_s) != NULL;
}

static void test_a_text_is_good_for_its_person(void **state)
{
	const char *text = known_device_new(devices(*state), *state, "42", NOW_S);
	const char *nonce = known_device_nonce(devices(*state), *state, text, "42", NOW_S);
	assert_non_null(nonce);
	assert_int_equal(strlen(nonce), 22);
	assert_memory_equal(nonce, text + 2, 22);
}

static void test_it_is_good_for_nobody_else(void **state)
{
	static const char *const others[] = { "", "4", "43", "420", "42 ", ".42", "2" };
	const char *text = known_device_new(devices(*state), *state, "42", NOW_S);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(is_good(*state, text, others[i], NOW_S));
}

static void test_each_device_has_a_nonce_of_its_own(void **state)
{
	const char *one = known_device_new(devices(*state), *state, "42", NOW_S);
	const char *other = known_device_new(devices(*state), *state, "42", NOW_S);
	assert_memory_not_equal(one + 2, other + 2, 22);
}

static void test_it_names_nobody(void **state)
{
	const char *id = "alice-in-clear";
	const char *text = known_device_new(devices(*state), *state, id, NOW_S);
	assert_null(strstr(text, id));
	assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_."),
			 strlen(text)); /* and needs no quotes in a cookie (RFC 6265) */
}

static void test_it_lasts_a_year(void **state)
{
	const char *text = known_device_new(devices(*state), *state, "42", NOW_S);
	assert_true(is_good(*state, text, "42", NOW_S + KNOWN_DEVICE_SECONDS - 1));
	assert_false(is_good(*state, text, "42", NOW_S + KNOWN_DEVICE_SECONDS));
	/* issued by a machine whose clock is a little ahead, and far ahead */
	assert_true(is_good(*state, text, "42", NOW_S - 300));
	assert_false(is_good(*state, text, "42", NOW_S - 301));
}

static void test_every_changed_byte_is_noticed(void **state)
{
	char *text = pool_strdup(*state, known_device_new(devices(*state), *state, "42", NOW_S));
	for (size_t i = 0; i < strlen(text); i++) {
		char kept = text[i];
		static const char changes[] = { 'A', 'B', '1', '2', '.', '=', ' ', '\0' };
		for (size_t c = 0; c < sizeof changes; c++) {
			text[i] = changes[c];
			if (changes[c] != kept && is_good(*state, text, "42", NOW_S))
				fail_msg("taken with byte %zu changed: %s", i, text);
		}
		text[i] = kept;
	}
	assert_true(is_good(*state, text, "42", NOW_S));
}

static void test_what_is_no_such_text_is_refused(void **state)
{
	const char *good = known_device_new(devices(*state), *state, "42", NOW_S);
	static const char *const bad[] = { "", "1", "1.", "1..", "1...", "....", "2.a.b.c" };
	assert_false(is_good(*state, NULL, "42", NOW_S));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(is_good(*state, bad[i], "42", NOW_S));
	assert_false(is_good(*state, pool_printf(*state, "%s ", good), "42", NOW_S));
	assert_false(is_good(*state, pool_printf(*state, "%s.", good), "42", NOW_S));
	assert_false(is_good(*state, pool_printf(*state, "x%s", good), "42", NOW_S));
}

/* The form that the header promises, signed here by other means. */
static const char *signed_by(struct pool *pool, const char *secret, const char *start,
			     const char *user_id)
{
	unsigned char key[SHA256_BYTES], digest[SHA256_BYTES];
	const char *text = pool_printf(pool, "%s.%s", start, user_id);
	const char *salted = pool_printf(pool, "gatehouse.known_device%s", secret);
	crypto_sha256(salted, strlen(salted), key);
	crypto_hmac_sha256(key, sizeof key, text, strlen(text), digest);
	return pool_printf(pool, "%s.%s", start, crypto_base64url(pool, digest, sizeof digest));
}

static void test_earlier_secrets_go_on_being_good(void **state)
{
	const char *start = "1.AAAAAAAAAAAAAAAAAAAAAA.1799999999";
	assert_true(is_good(*state, signed_by(*state, secrets[0], start, "42"), "42", NOW_S));
	assert_true(is_good(*state, signed_by(*state, secrets[1], start, "42"), "42", NOW_S));
	assert_false(is_good(*state, signed_by(*state, "another", start, "42"), "42", NOW_S));
	/* new ones are signed with the first */
	const char *text = known_device_new(devices(*state), *state, "42", NOW_S);
	assert_null(known_device_nonce(known_devices_new(*state, secrets[1], NULL), *state, text,
				       "42", NOW_S));
}

/* Even signed, a form that we never write is not read: two texts would mean the same. */
static void test_only_one_form_is_read(void **state)
{
	static const char *const starts[] = { "1.AAAAAAAAAAAAAAAAAAAAAA.-1",
					      "1.AAAAAAAAAAAAAAAAAAAAAA.",
					      "1.AAAAAAAAAAAAAAAAAAAAA.1799999999",
					      "1.AAAAAAAAAAAAAAAAAAAAAAA.1799999999",
					      "1.AAAAAAAAAAAAAAAAAAAAAA.1799999999x",
					      "2.AAAAAAAAAAAAAAAAAAAAAA.1799999999",
					      "1.AAAAAAAAAAAAAAAAAAAAAA.1799999999999",
					      "1.AAAAAAAAAAAAAAAAAAAAAA. 1799999999",
					      "1.AAAAAAAAAAAAAAAAAAAAAA.99999999999999999999" };
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (is_good(*state, signed_by(*state, secrets[0], starts[i], "42"), "42", NOW_S))
			fail_msg("taken: %s", starts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_text_is_good_for_its_person),
		TEST(test_it_is_good_for_nobody_else),
		TEST(test_each_device_has_a_nonce_of_its_own),
		TEST(test_it_names_nobody),
		TEST(test_it_lasts_a_year),
		TEST(test_every_changed_byte_is_noticed),
		TEST(test_what_is_no_such_text_is_refused),
		TEST(test_earlier_secrets_go_on_being_good),
		TEST(test_only_one_form_is_read),
	};
	return cmocka_run_group_tests_name("known_device", tests, NULL, NULL);
}

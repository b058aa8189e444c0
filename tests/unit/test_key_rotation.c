/* Changing the secret key: what the current one makes, and what earlier ones made. The texts and
 * hashes were made by Django 3.2, each with one key. */
#include "base/crypto.h"
#include "base/text.h"
#include "harness.h"
#include "session/django.h"

static const char password[] = "$2b$12$abcdefghijklmnopqrstuv";

/* Newest last; {"a":1} signed at 1700000000, the hash of the password, and "data" signed for the
 * purpose "gatehouse.test". */
static const struct {
	const char *key, *session, *hash, *digest;
} made[] = {
	{ "spike-secret-key-1", "eyJhIjoxfQ:1r31eq:XYj6ttC0whWmSV482E_SkXHK1OpgR5ER1dvAYFp-T3A",
	  "68b37443db0390cf2cee44a42985d23632998b4d1bfdf6760a882c9419244e73",
	  "cacec792c54d386df374c032f631b576c8c6c6e529f5134511ce78e964e3f1b7" },
	{ "spike-secret-key-2", "eyJhIjoxfQ:1r31eq:y1Ik3UXFU19IkUUAu8HrbTLSPvWFHLkTngchz27HcWc",
	  "8f7a42e04548b40c30d4b78f93d0857e6c70f752af42002cc24feeb1b7d9c63c",
	  "f6f2d21203e4bbd1e4873b32e510f8cdbc0fc3878553d34bf51a5e22fc626400" },
	{ "spike-secret-key-3", "eyJhIjoxfQ:1r31eq:hgXIQz0thLjTguvSsa-Sk7oOestgM9iDGKlbHe7jzEY",
	  "f02367ba985b20cdbbe3f0b7aabbf8fea73f64dbb96d069c6f513ba479ee4dae",
	  "ef3b1b2192fecfef5ca34b3785fa6c7a87765da9703ea706ab8de25e55f999f9" },
};
enum { OLDEST, MIDDLE, NEWEST, KEYS };

static const struct django_keys *all_keys(struct pool *pool)
{
	return django_keys_new(pool, made[NEWEST].key,
			       pool_printf(pool, "%s %s", made[MIDDLE].key, made[OLDEST].key));
}

static void test_the_current_key_signs(void **state)
{
	const struct django_keys *keys = all_keys(*state);
	assert_string_equal(django_encode(*state, keys, "{\"a\":1}", 1700000000),
			    made[NEWEST].session);
	assert_string_equal(django_auth_hash(*state, keys, password), made[NEWEST].hash);
}

static void test_each_key_may_have_signed(void **state)
{
	const struct django_keys *keys = all_keys(*state);
	for (size_t i = 0; i < KEYS; i++) {
		size_t length;
		const char *json = django_decode(*state, keys, made[i].session, &length);
		assert_non_null(json);
		assert_string_equal(json, "{\"a\":1}");
		assert_int_equal(django_is_signed_with_current_key(*state, keys, made[i].session),
				 i == NEWEST);
		bool is_current = i != NEWEST;
		assert_true(
			django_auth_hash_fits(*state, keys, made[i].hash, password, &is_current));
		assert_int_equal(is_current, i == NEWEST);
		assert_true(django_auth_hash_fits(*state, keys, made[i].hash, password, NULL));
	}
}

static void test_a_key_that_was_dropped_counts_no_more(void **state)
{
	const struct django_keys *keys = django_keys_new(*state, made[NEWEST].key,
							 made[MIDDLE].key);
	bool is_current = true;
	size_t length;
	assert_null(django_decode(*state, keys, made[OLDEST].session, &length));
	assert_false(django_is_signed_with_current_key(*state, keys, made[OLDEST].session));
	assert_false(django_auth_hash_fits(*state, keys, made[OLDEST].hash, password, &is_current));
	assert_true(is_current); /* untouched */
	keys = django_keys_new(*state, made[NEWEST].key, NULL);
	assert_null(django_decode(*state, keys, made[MIDDLE].session, &length));
	assert_non_null(django_decode(*state, keys, made[NEWEST].session, &length));
}

static void test_another_password_fits_no_key(void **state)
{
	const struct django_keys *keys = all_keys(*state);
	for (size_t i = 0; i < KEYS; i++)
		assert_false(
			django_auth_hash_fits(*state, keys, made[i].hash, "$2b$12$other", NULL));
	assert_false(django_auth_hash_fits(*state, keys, "", password, NULL));
	assert_false(django_auth_hash_fits(*state, keys, made[NEWEST].session, password, NULL));
}

static void test_what_is_not_signed_is_not_signed_with_the_current_key(void **state)
{
	static const char *const wrong[] = {
		"", ":", "::", "eyJhIjoxfQ:1r31eq", "eyJhIjoxfQ:1r31eq:", "eyJhIjoxfQ:1r31eq:XYj6"
	};
	const struct django_keys *keys = all_keys(*state);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		size_t length;
		assert_false(django_is_signed_with_current_key(*state, keys, wrong[i]));
		assert_null(django_decode(*state, keys, wrong[i], &length));
	}
}

static void count_keys(struct pool *pool, const char *earlier, size_t expected)
{
	const struct hmac_key *const *keys = crypto_hmac_keys_new(pool, "gatehouse.test",
								  made[NEWEST].key, earlier);
	size_t count = 0;
	while (keys[count] != NULL)
		count++;
	if (count != expected)
		fail_msg("\"%s\": %zu keys", earlier != NULL ? earlier : "(null)", count);
}

static void test_earlier_keys_are_separated_by_spaces(void **state)
{
	count_keys(*state, NULL, 1);
	count_keys(*state, "", 1);
	count_keys(*state, "   ", 1);
	count_keys(*state, "a", 2);
	count_keys(*state, "a b", 3);
	count_keys(*state, "  first   second third  ", 4);
	count_keys(*state, "a b c d e f g h", 9);
}

static void read_hex(const char *text, unsigned char digest[static SHA256_BYTES])
{
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		char pair[] = { text[2 * i], text[2 * i + 1], '\0' };
		digest[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
}

static void test_keys_for_a_purpose_tell_which_one_signed(void **state)
{
	const char *earlier = pool_printf(*state, "%s %s", made[MIDDLE].key, made[OLDEST].key);
	const struct hmac_key *const *keys = crypto_hmac_keys_new(*state, "gatehouse.test",
								  made[NEWEST].key, earlier);
	const struct hmac_key *const *others = crypto_hmac_keys_new(*state, "gatehouse.other",
								    made[NEWEST].key, earlier);
	for (size_t i = 0; i < KEYS; i++) {
		unsigned char digest[SHA256_BYTES];
		read_hex(made[i].digest, digest);
		assert_int_equal(crypto_hmac_find(keys, "data", 4, digest), KEYS - 1 - (int)i);
		assert_int_equal(crypto_hmac_find(keys, "date", 4, digest), -1);
		assert_int_equal(crypto_hmac_find(others, "data", 4, digest), -1);
		digest[SHA256_BYTES - 1] ^= 1;
		assert_int_equal(crypto_hmac_find(keys, "data", 4, digest), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_current_key_signs),
		TEST(test_each_key_may_have_signed),
		TEST(test_a_key_that_was_dropped_counts_no_more),
		TEST(test_another_password_fits_no_key),
		TEST(test_what_is_not_signed_is_not_signed_with_the_current_key),
		TEST(test_earlier_keys_are_separated_by_spaces),
		TEST(test_keys_for_a_purpose_tell_which_one_signed),
	};
	return cmocka_run_group_tests_name("key rotation", tests, NULL, NULL);
}

/* Places of addresses, from real database files that are made when the test begins. */
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"
#include "harness.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, THREADS = 8, ROUNDS = 2000 };

static char folder[] = "/tmp/gatehouse-places-XXXXXX";

static const char *file_named(struct pool *pool, const char *name)
{
	return pool_printf(pool, "%s/%s", folder, name);
}

static int make_files(void **state)
{
	char command[128];
	(void)state;
	/* Damaged files are looked into below; the log need not say so a thousand times. */
	log_set_level(LOG_LEVEL_ERROR);
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(command, sizeof command, "perl tests/unit/make_places.pl %s", folder);
	return system(command);
}

static int remove_files(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct places *open_file(struct pool *pool, const char *name)
{
	const char *problem = NULL;
	struct places *places = places_open(pool, file_named(pool, name), &problem);
	if (places == NULL)
		fail_msg("%s", problem);
	return places;
}

static void expect(const struct places *places, struct pool *pool, const char *address,
		   const char *expected)
{
	const char *found = places_find(places, pool, address);
	if (found == NULL ? expected != NULL : expected == NULL || strcmp(found, expected) != 0)
		fail_msg("%s: \"%s\"", address != NULL ? address : "(null)",
			 found != NULL ? found : "(none)");
}

static void test_addresses_have_their_places(void **state)
{
	struct places *places = open_file(*state, "places6.mmdb");
	expect(places, *state, "192.0.2.1", "Berlin, Germany");
	expect(places, *state, "192.0.2.200", "Germany");
	expect(places, *state, "198.51.100.7", "S\xc3\xa3o Paulo, Brazil");
	expect(places, *state, "198.51.100.200", "Singapore");
	expect(places, *state, "203.0.113.130", "Atlantis");
	expect(places, *state, "2001:db8:1::5", "Sydney, Australia");
	expect(places, *state, "2001:DB8:2:0:1::1", "Japan");
	expect(places, *state, "::ffff:192.0.2.1", "Berlin, Germany");
	expect(places, *state, "::ffff:c000:0201", "Berlin, Germany");
}

static void test_what_the_file_does_not_know_has_no_place(void **state)
{
	static const char *const nowhere[] = {
		"8.8.8.8",       "127.0.0.1", "10.1.2.3", "192.168.1.1", "203.0.113.161",
		"2001:db8:9::1", "::1",       "fe80::1",  "fd00::1",     "::ffff:10.1.2.3",
	};
	struct places *places = open_file(*state, "places6.mmdb");
	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
		expect(places, *state, nowhere[i], NULL);
}

static void test_what_is_no_address_has_no_place(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"unix:",
		"1",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.1 ",
		"192.0.2.1:80",
		"localhost",
		"192.0.2.1/24",
		"0300.0.2.1",
		"fe80::1%lo",
		"[2001:db8:1::5]",
		"2001:db8:1::5\n",
		"\xff\xfe",
		"::ffff:192.0.2",
	};
	struct places *places = open_file(*state, "places6.mmdb");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		expect(places, *state, wrong[i], NULL);
	expect(places, *state, NULL, NULL);
	expect(NULL, *state, "192.0.2.1", NULL);
}

static void test_a_file_of_ipv4_only_knows_no_ipv6(void **state)
{
	struct places *places = open_file(*state, "places4.mmdb");
	expect(places, *state, "192.0.2.1", "Berlin, Germany");
	expect(places, *state, "::ffff:192.0.2.1", "Berlin, Germany");
	expect(places, *state, "2001:db8:1::5", NULL);
}

static void test_names_are_english_clean_and_bounded(void **state)
{
	struct places *places = open_file(*state, "places6.mmdb");
	expect(places, *state, "203.0.113.1", NULL);       /* German only */
	expect(places, *state, "203.0.113.65", NULL);      /* control characters */
	expect(places, *state, "203.0.113.97", "Nowhere"); /* an empty city */
	const char *longest = places_find(places, *state, "203.0.113.33");
	assert_int_equal(text_characters(longest), 2 * PLACE_NAME_MAX_CHARACTERS + 2);
	assert_true(text_is_plain(longest, strlen(longest), false));
	expect(open_file(*state, "numbers.mmdb"), *state, "192.0.2.1", NULL);
}

static void write_file(struct pool *pool, const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(file_named(pool, name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void test_a_name_that_is_no_utf8_is_left_out(void **state)
{
	size_t length;
	char *bytes = file_read(*state, file_named(*state, "places6.mmdb"), FILE_MAX, &length);
	size_t changed = 0; /* also in the German one */
	for (char *name = bytes;
	     (name = memmem(name, length - (size_t)(name - bytes), "Sydney", 6)); changed++)
		name[1] = '\xff';
	assert_int_equal(changed, 2);
	write_file(*state, "latin.mmdb", bytes, length);
	expect(open_file(*state, "latin.mmdb"), *state, "2001:db8:1::5", "Australia");
}

static void refuse(struct pool *pool, const char *name, const char *words)
{
	const char *problem = NULL;
	assert_null(places_open(pool, file_named(pool, name), &problem));
	assert_non_null(problem);
	if (strstr(problem, words) == NULL || strstr(problem, name) == NULL)
		fail_msg("%s", problem);
}

static void test_a_file_that_cannot_be_used_is_said_at_the_start(void **state)
{
	size_t length;
	char *bytes = file_read(*state, file_named(*state, "places6.mmdb"), FILE_MAX, &length);
	assert_non_null(bytes);
	write_file(*state, "half.mmdb", bytes, length / 2);
	write_file(*state, "almost.mmdb", bytes, length - 100);
	write_file(*state, "end.mmdb", bytes + length - 400, 400);
	write_file(*state, "text.mmdb", "address,place\n", 14);
	write_file(*state, "empty.mmdb", "", 0);
	refuse(*state, "half.mmdb", "is damaged, or no MaxMind DB file");
	refuse(*state, "almost.mmdb", "is damaged, or no MaxMind DB file");
	refuse(*state, "end.mmdb", "is damaged, or no MaxMind DB file");
	refuse(*state, "text.mmdb", "is damaged, or no MaxMind DB file");
	refuse(*state, "empty.mmdb", "is damaged, or no MaxMind DB file");
	refuse(*state, "missing.mmdb", "cannot be opened: No such file or directory");
	refuse(*state, ".", "is damaged, or no MaxMind DB file");
}

/* Every byte once in another state: refused, another answer or none, but an answer that is clean. */
static void test_no_damage_does_harm(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "203.0.113.33", "2001:db8:1::5",
						 "8.8.8.8" };
	size_t length, opened = 0;
	char *bytes = file_read(*state, file_named(*state, "places6.mmdb"), FILE_MAX, &length);
	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++) {
		struct pool *pool = pool_new(NULL);
		char before = bytes[i];
		bytes[i] = (char)(i % 3 == 0 ? 0xff : i % 3 == 1 ? 0x00 : before ^ 0x21);
		write_file(pool, "damaged.mmdb", bytes, length);
		bytes[i] = before;
		const char *problem;
		struct places *places = places_open(pool, file_named(pool, "damaged.mmdb"),
						    &problem);
		opened += places != NULL;
		for (size_t n = 0; n < sizeof addresses / sizeof *addresses; n++) {
			const char *found = places_find(places, pool, addresses[n]);
			if (found != NULL)
				assert_true(text_is_plain(found, strlen(found), false));
		}
		pool_free(pool);
	}
	assert_true(opened > length / 2);
}

static void *ask_often(void *places)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct pool *pool = pool_new(NULL);
		const char *first = places_find(places, pool, "192.0.2.1");
		const char *second = places_find(places, pool, "2001:db8:1::5");
		bool right = first != NULL && strcmp(first, "Berlin, Germany") == 0 &&
			     second != NULL && strcmp(second, "Sydney, Australia") == 0;
		pool_free(pool);
		if (!right)
			return NULL;
	}
	return places;
}

static void test_several_threads_may_ask_at_once(void **state)
{
	struct places *places = open_file(*state, "places6.mmdb");
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, places), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *right;
		assert_int_equal(pthread_join(threads[i], &right), 0);
		assert_non_null(right);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses_have_their_places),
		TEST(test_what_the_file_does_not_know_has_no_place),
		TEST(test_what_is_no_address_has_no_place),
		TEST(test_a_file_of_ipv4_only_knows_no_ipv6),
		TEST(test_names_are_english_clean_and_bounded),
		TEST(test_a_name_that_is_no_utf8_is_left_out),
		TEST(test_a_file_that_cannot_be_used_is_said_at_the_start),
		TEST(test_no_damage_does_harm),
		TEST(test_several_threads_may_ask_at_once),
	};
	return cmocka_run_group_tests_name("places", tests, make_files, remove_files);
}

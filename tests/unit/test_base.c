/* The base: text, JSON, log, encodings, outcomes; and the rules of routes, access and sessions. */
#include "access/access.h"
#include "app/routes.h"
#include "auth/hash_slots.h"
#include "base/compress.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/outcome.h"
#include "harness.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_utf8_is_told_from_other_bytes(void **state)
{
	(void)state;
	assert_true(text_is_utf8("aé€😀", strlen("aé€😀")));
	static const char *const bad[] = { "\x80",
					   "\xc0\xaf",
					   "\xc3",
					   "\xe0\x80\xaf",
					   "\xed\xa0\x80",
					   "\xf0\x80\x80\xaf",
					   "\xf4\x90\x80\x80",
					   "\xff" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(text_is_utf8(bad[i], strlen(bad[i])));
	assert_false(text_is_plain("a\x1b[0m", 5, true));
	assert_false(text_is_plain("a\xc2\x85", 3, true));
	assert_true(text_is_plain("a\nb", 3, true));
	assert_false(text_is_plain("a\nb", 3, false));
	assert_int_equal(text_characters("aé€😀"), 4);
	assert_int_equal(text_prefix("aé€😀", 2), 3);
	static const size_t lengths[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
	for (size_t bytes = 0; bytes < sizeof lengths / sizeof *lengths; bytes++)
		assert_int_equal(text_prefix_bytes("aé€😀", bytes), lengths[bytes]);
}

static void test_texts_are_made_fit_to_read(void **state)
{
	static const struct {
		const char *given;
		size_t bytes_max;
		const char *clean;
	} texts[] = {
		{ "plain", 99, "plain" },
		{ "plain", 3, "pla" },
		{ "", 99, "" },
		{ "k\xc3\xa4se", 2, "k" }, /* never half a character */
		{ "k\xc3\xa4se", 3, "k\xc3\xa4" },
		{ "a\x1b[31m\n\x7f", 99, "a?[31m??" },
		{ "a\xc2\x85z", 99, "a?z" },                  /* a control character of two bytes */
		{ "a\xff\xc3(", 99, "a?\?(" },                /* no UTF-8 */
		{ "a\xe2\x80\xaez\xe2\x81\xa6", 99, "a?z?" }, /* turned around */
		{ "\xe2\x80\x94\xe2\x82\xac", 99, "\xe2\x80\x94\xe2\x82\xac" },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(text_clean(*state, texts[i].given, texts[i].bytes_max),
				    texts[i].clean);
}

static void test_folding_leaves_accents_alone(void **state)
{
	(void)state;
	assert_true(text_equal_fold("Admin", "aDMIN"));
	assert_false(text_equal_fold("ádmin", "admin"));
	assert_false(text_equal_fold("Ádmin", "ádmin"));
	assert_false(text_equal_fold("admin", "admin2"));
}

static void test_numbers_and_uuids_are_whole_or_nothing(void **state)
{
	(void)state;
	int64_t n;
	assert_true(text_to_integer("42", 0, 100, &n));
	assert_int_equal(n, 42);
	assert_false(text_to_integer("42x", 0, 100, &n));
	assert_false(text_to_integer(" 42", 0, 100, &n));
	assert_false(text_to_integer("101", 0, 100, &n));
	assert_false(text_to_integer("99999999999999999999", 0, INT64_MAX, &n));
	assert_true(text_is_uuid("63f58358-fa3a-4ab3-b17f-13cd2194b9f2"));
	assert_false(text_is_uuid("63f58358-fa3a-4ab3-b17f-13cd2194b9f"));
	assert_false(text_is_uuid("63f58358-fa3a-4ab3-b17f-13cd2194b9f2x"));
	assert_false(text_is_uuid("63f58358_fa3a-4ab3-b17f-13cd2194b9f2"));
	assert_false(text_is_uuid(""));
}

static const char *rewritten(struct pool *pool, const char *json)
{
	struct buffer out = buffer_new(pool, 64);
	struct value *value = json_read(pool, json, strlen(json), SIZE_MAX);
	if (value == NULL)
		return NULL;
	json_write(&out, value);
	return out.bytes;
}

static void test_json_comes_back_as_it_went_in(void **state)
{
	static const char json[] =
		"{\"a\":[1,-2,true,false,null,\"x\\\"\\\\\\n\"],\"b\":{},\"c\":[]}";
	assert_string_equal(rewritten(*state, json), json);
	assert_string_equal(rewritten(*state, "\"é\""), "\"é\"");
	assert_string_equal(rewritten(*state, "[2.0,-0.0,1.5]"), "[2.0,-0.0,1.5]");
}

static void test_json_cannot_close_a_script_element(void **state)
{
	assert_string_equal(rewritten(*state, "\"</script>&\u2028\""),
			    "\"\\u003c/script\\u003e\\u0026\\u2028\"");
}

static void test_json_can_be_shown_to_people(void **state)
{
	struct buffer out = buffer_new(*state, 64);
	struct value *value = json_read(*state, "{\"a\":[1,\"<b>\"],\"c\":{},\"d\":null}", 31, 100);
	json_show(&out, value);
	assert_string_equal(out.bytes, "{\n  \"a\": [\n    1,\n    \"<b>\"\n  ],\n  \"c\": {},\n"
				       "  \"d\": null\n}");
}

static void test_bad_json_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "{",
					   "{\"a\":1,\"a\":2}",
					   "[1,]",
					   "\"\\u0000\"",
					   "\"\\ud800\"",
					   "12345678901234567890123",
					   "\"\xff\"",
					   "{} x" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (rewritten(*state, bad[i]) != NULL)
			fail_msg("taken: %s", bad[i]);
	assert_non_null(json_read(*state, "[1,2,{\"a\":\"[{,\"}]", 17, 6));
	assert_null(json_read(*state, "[1,2,{\"a\":\"[{,\"}]", 17, 4));
	char deep[400];
	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	assert_null(json_read(*state, deep, sizeof deep, SIZE_MAX));
}

static void test_encodings_agree_with_their_standards(void **state)
{
	unsigned char digest[SHA256_BYTES];
	crypto_sha256("abc", 3, digest);
	assert_string_equal(crypto_hex(*state, digest, 4), "ba7816bf");
	/* RFC 4231, test case 2 */
	crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
	assert_string_equal(crypto_hex(*state, digest, 4), "5bdcc146");
	assert_string_equal(crypto_base64url(*state, "\xfb\xff", 2), "-_8");
	assert_string_equal(crypto_base64(*state, "\xfb\xff", 2), "+/8=");
	size_t size;
	for (size_t n = 0; n < 9; n++) {
		const char *text = crypto_base64url(*state, "12345678", n);
		const unsigned char *back = crypto_base64url_decode(*state, text, strlen(text),
								    &size);
		assert_non_null(back);
		assert_int_equal(size, n);
		assert_memory_equal(back, "12345678", n);
	}
	assert_null(crypto_base64url_decode(*state, "a", 1, &size));
	assert_null(crypto_base64url_decode(*state, "ab=", 3, &size));
	assert_null(crypto_base64url_decode(*state, "a+", 2, &size));
	assert_null(crypto_base64url_decode(*state, "ab", 2, &size)); /* bits left over */
}

static void test_a_small_stream_cannot_unpack_to_a_giant(void **state)
{
	char *zeros = pool_zalloc(*state, 2 << 20);
	size_t size, back;
	unsigned char *packed = compress_deflate(*state, zeros, 2 << 20, &size);
	assert_true(size < 4096);
	assert_null(compress_inflate(*state, packed, size, 1 << 20, &back));
	assert_non_null(compress_inflate(*state, packed, size, 4 << 20, &back));
	assert_int_equal(back, 2 << 20);
	assert_null(compress_inflate(*state, packed, size - 1, 4 << 20, &back));
}

static void test_random_uuids_are_uuids(void **state)
{
	for (int i = 0; i < 100; i++) {
		const char *uuid = crypto_uuid(*state);
		assert_true(text_is_uuid(uuid));
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_string_not_equal(uuid, crypto_uuid(*state));
	}
}

static void test_random_text_keeps_to_its_alphabet(void **state)
{
	const char *text = crypto_random_text(*state, "abc", 3000);
	assert_int_equal(strspn(text, "abc"), 3000);
	size_t counts[3] = { 0 };
	for (const char *c = text; *c != '\0'; c++)
		counts[*c - 'a']++;
	for (int i = 0; i < 3; i++)
		assert_true(counts[i] > 800 && counts[i] < 1200);
}

static void test_a_client_cannot_forge_a_log_line(void **state)
{
	(void)state;
	int ends[2];
	char line[5000];
	assert_int_equal(pipe(ends), 0);
	log_set_file_descriptor(ends[1]);
	log_event(LOG_LEVEL_ERROR, "test", "name", "a\nb \"c\" \x1b[31m", "empty", "", "none", NULL,
		  NULL);
	char *huge = pool_zalloc(*state, 100001);
	memset(huge, 'x', 100000);
	log_event(LOG_LEVEL_ERROR, "huge", "a", huge, "b", huge, "c", huge, "d", huge, "e", huge,
		  NULL);
	log_set_file_descriptor(STDERR_FILENO);
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	assert_non_null(fgets(line, sizeof line, in));
	assert_non_null(strstr(
		line, "error test name=\"a\\x0ab \\\"c\\\" \\x1b[31m\" empty=\"\" none=-\n"));
	assert_non_null(fgets(line, sizeof line, in));
	assert_true(strlen(line) <= 4096 && line[strlen(line) - 1] == '\n');
	assert_null(fgets(line, sizeof line, in));
	fclose(in);
}

static void test_every_outcome_has_a_status_a_code_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_meaning *meaning = outcome_meaning((enum outcome)i);
		assert_true(meaning->status >= 200 && meaning->status < 600);
		assert_true(strlen(meaning->message) > 4 && strlen(meaning->title) > 3);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(meaning->code,
						outcome_meaning((enum outcome)j)->code);
	}
	assert_int_equal(outcome_meaning((enum outcome)9999)->status, 500);
}

static void test_a_forgotten_need_closes_the_page(void **state)
{
	(void)state;
	const struct access_rule walled = { .needs = 0 }, open = { .needs = ACCESS_PUBLIC };
	const struct access_facts stranger = { .is_signed_in = false },
				  person = { .is_signed_in = true };
	assert_int_equal(access_decide(&stranger, &walled), ACCESS_ASK_SIGN_IN);
	assert_int_equal(access_decide(&person, &walled), ACCESS_ALLOW);
	assert_int_equal(access_decide(&stranger, &open), ACCESS_ALLOW);
}

static enum outcome nothing(struct visit *visit)
{
	(void)visit;
	return OK;
}

static void test_routes_are_found_by_path_and_method(void **state)
{
	(void)state;
	static const struct route rows[] = { { METHOD_GET, "/a", 0, nothing, NULL },
					     { METHOD_POST, "/a", 0, nothing, NULL },
					     { METHOD_GET, "/b/*", 0, nothing, NULL },
					     { 0, NULL, 0, NULL, NULL } };
	static const struct route_table table = { "t", rows, false };
	static const struct route_table *const tables[] = { &table, NULL };
	unsigned allowed;
	const char *rest;
	assert_ptr_equal(route_find(tables, "/a", METHOD_HEAD, &allowed, &rest), &rows[0]);
	assert_ptr_equal(route_find(tables, "/a", METHOD_POST, &allowed, &rest), &rows[1]);
	assert_null(route_find(tables, "/a", METHOD_OTHER, &allowed, &rest));
	assert_int_equal(allowed, METHOD_GET | METHOD_POST);
	assert_ptr_equal(route_find(tables, "/b/c/d", METHOD_GET, &allowed, &rest), &rows[2]);
	assert_string_equal(rest, "c/d");
	assert_null(route_find(tables, "/b", METHOD_GET, &allowed, &rest));
	assert_int_equal(allowed, 0);
	assert_null(route_find(tables, "", METHOD_GET, &allowed, &rest));
}

static void test_a_killed_program_gives_its_hash_slot_back(void **state)
{
	char folder[] = "/tmp/gatehouse-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	const struct hash_slots_options options = { .folder = folder, .count = 1, .threads = 4 };
	struct hash_slots *slots = hash_slots_open(*state, &options);
	size_t slot;
	pid_t child = fork();
	if (child == 0)
		_exit(hash_slots_acquire(slots, 0, &slot) ? 0
							  : 1); /* ends while it holds the slot */
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_true(hash_slots_acquire(slots, 100, &slot));
	struct hash_slots *again = hash_slots_open(*state, &options);
	size_t second;
	assert_false(hash_slots_acquire(again, 20, &second)); /* shared, and busy */
	hash_slots_release(slots, slot);
	assert_true(hash_slots_acquire(again, 20, &second));
	hash_slots_release(again, second);
	char command[100];
	snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_utf8_is_told_from_other_bytes),
		TEST(test_texts_are_made_fit_to_read),
		TEST(test_folding_leaves_accents_alone),
		TEST(test_numbers_and_uuids_are_whole_or_nothing),
		TEST(test_json_comes_back_as_it_went_in),
		TEST(test_json_cannot_close_a_script_element),
		TEST(test_json_can_be_shown_to_people),
		TEST(test_bad_json_is_refused),
		TEST(test_encodings_agree_with_their_standards),
		TEST(test_a_small_stream_cannot_unpack_to_a_giant),
		TEST(test_random_uuids_are_uuids),
		TEST(test_random_text_keeps_to_its_alphabet),
		TEST(test_a_client_cannot_forge_a_log_line),
		TEST(test_every_outcome_has_a_status_a_code_and_a_sentence),
		TEST(test_a_forgotten_need_closes_the_page),
		TEST(test_routes_are_found_by_path_and_method),
		TEST(test_a_killed_program_gives_its_hash_slot_back),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

/* Entries of the audit trail: their names, and what is done to texts before they are written. */
#include "audit/audit.h"
#include "base/text.h"
#include "harness.h"

/* The parameters of audit_write. */
enum {
	EVENT,
	REASON,
	USER_ID,
	USERNAME,
	SESSION,
	KIND,
	ADDRESS,
	USER_AGENT,
	ACTOR,
	REQUEST,
	DETAIL,
	WHEN
};

static void test_every_event_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++) {
		const char *name = audit_event_name((enum audit_event)event);
		assert_non_null(name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		assert_int_equal(audit_event_find(name), event);
	}
	assert_int_equal(audit_event_find("sign-in"), AUDIT_EVENT_COUNT);
	assert_int_equal(audit_event_find(""), AUDIT_EVENT_COUNT);
}

static void test_what_is_not_known_is_null(void **state)
{
	const struct audit_entry entry = { .event = AUDIT_THROTTLE_CLEARED };
	struct pg_call call = audit_call(*state, &entry);
	assert_int_equal(call.parameter_count, WHEN + 1);
	assert_int_equal(call.parameter_count, statement_texts[STATEMENT_AUDIT_WRITE].parameters);
	assert_string_equal(call.parameters[EVENT], "throttle_cleared");
	for (int i = REASON; i <= DETAIL; i++)
		assert_null(call.parameters[i]);
	assert_string_equal(call.parameters[WHEN], "");
}

static void test_texts_are_cleaned_and_cut(void **state)
{
	char longest[AUDIT_TEXT_MAX_BYTES + 10];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	const struct audit_entry entry = { .event = AUDIT_SIGN_IN,
					   .user_agent = longest,
					   .reason = longest,
					   .username = "k\xc3\xa4the\x1b[0m\n\xff" };
	struct pg_call call = audit_call(*state, &entry);
	assert_int_equal(strlen(call.parameters[USER_AGENT]), AUDIT_TEXT_MAX_BYTES);
	assert_int_equal(strlen(call.parameters[REASON]), AUDIT_TEXT_MAX_BYTES);
	assert_string_equal(call.parameters[USERNAME], "k\xc3\xa4the?[0m??");
}

static void test_a_detail_that_is_too_long_says_so(void **state)
{
	struct value *detail = value_object(*state);
	value_set_integer(detail, "sessions", 3);
	struct audit_entry entry = { .event = AUDIT_SESSIONS_ENDED, .detail = detail };
	assert_string_equal(audit_call(*state, &entry).parameters[DETAIL], "{\"sessions\":3}");
	char *text = pool_zalloc(*state, AUDIT_DETAIL_MAX_BYTES + 1);
	memset(text, 'x', AUDIT_DETAIL_MAX_BYTES);
	value_set_string(detail, "text", text);
	assert_string_equal(audit_call(*state, &entry).parameters[DETAIL], "{\"too_long\":true}");
}

static void test_only_what_can_come_in_bursts_has_a_rule(void **state)
{
	static const struct {
		enum audit_event event;
		const char *when;
	} rules[] = {
		{ AUDIT_SIGN_IN, "" },
		{ AUDIT_SIGN_IN_FAILED, "" },
		{ AUDIT_LOCKED_OUT, "once" },
		{ AUDIT_ACCESS_REFUSED, "once" },
		{ AUDIT_ADDRESS_CHANGED, "once" },
		{ AUDIT_SIGN_OUT, "standing" },
		{ AUDIT_SESSION_ENDED, "standing" },
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct audit_entry entry = { .event = rules[i].event };
		assert_string_equal(audit_call(*state, &entry).parameters[WHEN], rules[i].when);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_event_has_a_name_of_its_own),
		TEST(test_what_is_not_known_is_null),
		TEST(test_texts_are_cleaned_and_cut),
		TEST(test_a_detail_that_is_too_long_says_so),
		TEST(test_only_what_can_come_in_bursts_has_a_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

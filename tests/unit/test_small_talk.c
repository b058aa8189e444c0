/* Small talk: what is answered politely, and what must be looked up instead. */
#include "chat/small_talk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct example {
	const char *text;
	enum small_talk kind;
};

static void assert_kinds(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (small_talk_recognise(examples[i].text) != examples[i].kind)
			fail_msg("\"%s\" is taken for kind %d", examples[i].text,
				 (int)small_talk_recognise(examples[i].text));
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_a_greeting_alone_is_a_greeting(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "hi", SMALL_TALK_GREETING },
		{ "Hello!", SMALL_TALK_GREETING },
		{ "  HEY there :-)  ", SMALL_TALK_GREETING },
		{ "Good morning, everyone", SMALL_TALK_GREETING },
		{ "hello, how are you today?", SMALL_TALK_GREETING },
		{ "What's up?", SMALL_TALK_GREETING },
		{ "what\xe2\x80\x99s up", SMALL_TALK_GREETING },
	};
	assert_kinds(examples, COUNT(examples));
}

static void test_thanks_and_goodbyes_are_recognised(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "thank you", SMALL_TALK_THANKS },
		{ "Thanks a lot!!", SMALL_TALK_THANKS },
		{ "Thank you very much for your help.", SMALL_TALK_THANKS },
		{ "thanks for your help", SMALL_TALK_THANKS },
		{ "ok, thx, bye", SMALL_TALK_THANKS },
		{ "vielen Dank", SMALL_TALK_THANKS },
		{ "bye bye", SMALL_TALK_GOODBYE },
		{ "See you later", SMALL_TALK_GOODBYE },
		{ "tsch\xc3\xbcss", SMALL_TALK_GOODBYE },
	};
	assert_kinds(examples, COUNT(examples));
}

static void test_help_is_what_asks_about_the_chat_itself(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "help", SMALL_TALK_HELP },
		{ "Help me, please", SMALL_TALK_HELP },
		{ "What can you do?", SMALL_TALK_HELP },
		{ "hello, who are you?", SMALL_TALK_HELP },
		{ "Thanks. What can I ask you?", SMALL_TALK_HELP },
		{ "Can you help me?", SMALL_TALK_HELP },
	};
	assert_kinds(examples, COUNT(examples));
}

static void test_a_question_stays_a_question_however_polite(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "hi, how do I register a company in Germany?", SMALL_TALK_NONE },
		{ "help me with my visa for Canada", SMALL_TALK_NONE },
		{ "Thank you! And what about VAT?", SMALL_TALK_NONE },
		{ "hello Germany", SMALL_TALK_NONE },
		{ "can you help me start a company", SMALL_TALK_NONE },
		{ "Please help: tax return", SMALL_TALK_NONE },
		{ "what can you tell me about GST", SMALL_TALK_NONE },
		{ "start a business", SMALL_TALK_NONE },
		{ "hike", SMALL_TALK_NONE },
		{ "vat", SMALL_TALK_NONE },
	};
	assert_kinds(examples, COUNT(examples));
}

static void test_nothing_much_is_not_small_talk(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "", SMALL_TALK_NONE },
		{ "   ", SMALL_TALK_NONE },
		{ "?!", SMALL_TALK_NONE },
		{ "please", SMALL_TALK_NONE },
		{ "\xf0\x9f\x91\x8b", SMALL_TALK_NONE },
		{ "'", SMALL_TALK_NONE },
	};
	assert_kinds(examples, COUNT(examples));
}

static void test_a_long_message_is_never_small_talk(void **state)
{
	(void)state;
	char text[4096];
	for (size_t length = 100; length < sizeof text; length++) {
		memset(text, 'h', length);
		for (size_t i = 0; i + 3 <= length; i += 3)
			memcpy(text + i, "hi ", 3);
		text[length] = '\0';
		enum small_talk kind = small_talk_recognise(text);
		if (length > 160)
			assert_int_equal(kind, SMALL_TALK_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_greeting_alone_is_a_greeting),
		cmocka_unit_test(test_thanks_and_goodbyes_are_recognised),
		cmocka_unit_test(test_help_is_what_asks_about_the_chat_itself),
		cmocka_unit_test(test_a_question_stays_a_question_however_polite),
		cmocka_unit_test(test_nothing_much_is_not_small_talk),
		cmocka_unit_test(test_a_long_message_is_never_small_talk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

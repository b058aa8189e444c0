/* Protocols of language models: what is written, and what is read of each event. */
#include "chat/model.h"
#include "chat/model_text.h"
#include "harness.h"

static const struct model_turn turns[] = { { "user", "Hi?" },
					   { "assistant", "Yes." },
					   { "user", "\"So\" <what>\n\xc3\xa9" } };

static const char *written(struct pool *pool, const struct model_protocol *protocol,
			   const struct model_prompt *prompt, unsigned without)
{
	struct buffer out = buffer_new(pool, 64);
	protocol->write_request(&out, prompt, without);
	return out.bytes;
}

static void test_requests_of_openai(void **state)
{
	struct model_prompt prompt = { .model = "m",
				       .system = "Be kind.",
				       .turns = turns,
				       .turn_count = 3,
				       .temperature = 1.5,
				       .answer_tokens_max = 9 };
	assert_string_equal(
		written(*state, &model_openai, &prompt, 0),
		"{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"Be kind.\"},"
		"{\"role\":\"user\",\"content\":\"Hi?\"},{\"role\":\"assistant\",\"content\":\"Yes."
		"\"},"
		"{\"role\":\"user\",\"content\":\"\\\"So\\\" \\u003cwhat\\u003e\\n\xc3\xa9\"}],"
		"\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":9,"
		"\"temperature\":1.5}");
	prompt.system = "";
	prompt.turn_count = 1;
	assert_string_equal(
		written(*state, &model_openai, &prompt,
			MODEL_WITHOUT_USAGE | MODEL_WITHOUT_TEMPERATURE | MODEL_WITHOUT_MAX_TOKENS),
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi?\"}],"
		"\"stream\":true,\"max_completion_tokens\":9}");
}

static void test_requests_of_anthropic(void **state)
{
	static const struct model_turn greeting[] = { { "assistant", "Welcome!" },
						      { "user", "" },
						      { "user", "Hi?" } };
	struct model_prompt prompt = { .model = "m",
				       .system = "Be kind.",
				       .turns = turns,
				       .turn_count = 3,
				       .temperature = 1.5,
				       .answer_tokens_max = 9 };
	assert_string_equal(
		written(*state, &model_anthropic, &prompt, 0),
		"{\"model\":\"m\",\"max_tokens\":9,\"system\":\"Be kind.\",\"messages\":["
		"{\"role\":\"user\",\"content\":\"Hi?\"},{\"role\":\"assistant\",\"content\":\"Yes."
		"\"},"
		"{\"role\":\"user\",\"content\":\"\\\"So\\\" \\u003cwhat\\u003e\\n\xc3\xa9\"}],"
		"\"stream\":true,\"temperature\":1.0}");
	prompt = (struct model_prompt){
		.model = "m", .system = "", .turns = greeting, .turn_count = 3, .temperature = -1
	};
	assert_string_equal(written(*state, &model_anthropic, &prompt, 0),
			    "{\"model\":\"m\",\"max_tokens\":2048,\"messages\":["
			    "{\"role\":\"user\",\"content\":\"\xe2\x80\xa6\"},"
			    "{\"role\":\"assistant\",\"content\":\"Welcome!\"},"
			    "{\"role\":\"user\",\"content\":\"Hi?\"}],\"stream\":true}");
}

static void test_keys_travel_in_their_own_headers(void **state)
{
	struct http_header headers[MODEL_HEADERS_MAX];
	assert_int_equal(model_openai.headers(*state, "", headers), 0);
	assert_int_equal(model_openai.headers(*state, "k", headers), 1);
	assert_string_equal(headers[0].name, "Authorization");
	assert_string_equal(headers[0].value, "Bearer k");
	assert_int_equal(model_anthropic.headers(*state, "", headers), 1);
	assert_string_equal(headers[0].name, "anthropic-version");
	assert_int_equal(model_anthropic.headers(*state, "k", headers), 2);
	assert_string_equal(headers[1].name, "x-api-key");
	assert_string_equal(headers[1].value, "k");
}

/* Read one event on top of what was read before. */
static void read_event(struct model_reading *reading, const struct model_protocol *protocol,
		       const char *data)
{
	const struct event event = { .name = "", .data = data, .length = strlen(data) };
	buffer_clear(&reading->text);
	reading->fault = (struct model_fault){ .message = "" };
	protocol->read_event(reading, &event);
}

static void test_a_stream_of_openai(void **state)
{
	struct model_reading reading = model_reading_new(*state);
	read_event(&reading, &model_openai,
		   "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}");
	assert_string_equal(reading.text.bytes, "");
	read_event(&reading, &model_openai, "{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}");
	assert_string_equal(reading.text.bytes, "Hi");
	read_event(&reading, &model_openai,
		   "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"text\":\"x\"},"
		   "{\"type\":\"text\",\"text\":\" there\"}]}}]}");
	assert_string_equal(reading.text.bytes, " there");
	assert_false(reading.is_finished);
	read_event(&reading, &model_openai,
		   "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}");
	assert_true(reading.is_finished);
	assert_int_equal(reading.end, MODEL_CUT);
	assert_int_equal(reading.prompt_tokens, -1);
	read_event(&reading, &model_openai,
		   "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":0}}");
	assert_int_equal(reading.prompt_tokens, 3);
	assert_int_equal(reading.answer_tokens, 0);
	assert_false(reading.is_over);
	read_event(&reading, &model_openai, "[DONE]");
	assert_true(reading.is_over);
	assert_int_equal(reading.end, MODEL_CUT);
	assert_int_equal(reading.fault.error, MODEL_ERROR_NONE);
}

static void test_a_stream_of_anthropic(void **state)
{
	struct model_reading reading = model_reading_new(*state);
	read_event(&reading, &model_anthropic,
		   "{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,"
		   "\"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":5,"
		   "\"output_tokens\":1}}}");
	assert_int_equal(reading.prompt_tokens, 12);
	read_event(&reading, &model_anthropic,
		   "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\","
		   "\"text\":\"H\"}}");
	assert_string_equal(reading.text.bytes, "H");
	read_event(&reading, &model_anthropic,
		   "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
		   "\"text\":\"i\"}}");
	assert_string_equal(reading.text.bytes, "i");
	static const char *const silent[] = {
		"{\"type\":\"ping\"}",
		"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"thinking_delta\","
		"\"thinking\":\"x\",\"text\":\"x\"}}",
		"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\","
		"\"partial_json\":\"x\"}}",
		"{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\"}}",
		"{\"type\":\"content_block_stop\"}",
		"{\"type\":\"something_new\",\"text\":\"x\"}",
		"{}",
	};
	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		read_event(&reading, &model_anthropic, silent[i]);
		assert_string_equal(reading.text.bytes, "");
		assert_int_equal(reading.fault.error, MODEL_ERROR_NONE);
		assert_false(reading.is_finished || reading.is_over);
	}
	read_event(&reading, &model_anthropic,
		   "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},"
		   "\"usage\":{\"output_tokens\":8}}");
	assert_int_equal(reading.end, MODEL_DECLINED);
	assert_int_equal(reading.answer_tokens, 8);
	assert_int_equal(reading.prompt_tokens, 12);
	read_event(&reading, &model_anthropic, "{\"type\":\"message_stop\"}");
	assert_true(reading.is_over);
	assert_int_equal(reading.end, MODEL_DECLINED);
}

static void test_faults(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum model_error error;
		const char *message;
	} cases[] = {
		{ 400, "{\"error\":{\"message\":\"no\"}}", MODEL_ERROR_REJECTED, "no" },
		{ 400, "{\"error\":\"no\"}", MODEL_ERROR_REJECTED, "no" },
		{ 400, "{\"object\":\"error\",\"message\":\"no\"}", MODEL_ERROR_REJECTED, "no" },
		{ 422, "{\"detail\":[1]}", MODEL_ERROR_REJECTED, "[1]" },
		{ 400, "{\"error\":{\"code\":\"context_length_exceeded\"}}", MODEL_ERROR_TOO_LONG,
		  "{\"code\":\"context_length_exceeded\"}" },
		{ 500, "{\"error\":{\"message\":\"Context Size exceeded\"}}", MODEL_ERROR_TOO_LONG,
		  "Context Size exceeded" },
		{ 429, "{\"error\":{\"message\":\"x\",\"code\":\"insufficient_quota\"}}",
		  MODEL_ERROR_QUOTA, "x" },
		{ 404, "{\"error\":{\"message\":\"x\",\"type\":\"api_error\"}}",
		  MODEL_ERROR_UNKNOWN, "x" },
		{ 400, "<html>", MODEL_ERROR_REJECTED, "" },
		{ 500, "", MODEL_ERROR_SERVER, "" },
		{ 599, "[]", MODEL_ERROR_SERVER, "" },
		{ 418, "null", MODEL_ERROR_REJECTED, "" },
		{ 529, "{}", MODEL_ERROR_OVERLOADED, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct model_fault fault = model_fault_of_status(
			*state, cases[i].status, cases[i].body, strlen(cases[i].body));
		assert_int_equal(fault.error, cases[i].error);
		assert_string_equal(fault.message, cases[i].message);
	}
}

static void test_every_error_has_its_words(void **state)
{
	(void)state;
	for (int i = 1; i < MODEL_ERROR_COUNT; i++) {
		const struct model_error_meaning *meaning = model_error_meaning(i);
		assert_non_null(meaning->code);
		assert_true(text_starts_with(meaning->code, "model_"));
		assert_int_equal(meaning->sentence[strlen(meaning->sentence) - 1], '.');
		for (int j = 1; j < i; j++)
			assert_string_not_equal(meaning->code, model_error_meaning(j)->code);
	}
}

static const char *joined(struct pool *pool, const char *const *pieces)
{
	struct model_joiner joiner = { .held_length = 0 };
	struct buffer out = buffer_new(pool, 16);
	for (; *pieces != NULL; pieces++) {
		model_joiner_add(&joiner, &out, *pieces, strlen(*pieces));
		assert_true(text_is_utf8(out.bytes, out.length));
	}
	model_joiner_end(&joiner, &out);
	return out.bytes;
}

#define JOINED(...) joined(*state, (const char *const[]){ __VA_ARGS__, NULL })
#define BAD         "\xef\xbf\xbd"

static void test_characters_are_joined(void **state)
{
	assert_string_equal(JOINED("a\xc3", "\xa9z"), "a\xc3\xa9z");
	assert_string_equal(JOINED("\xf0", "\x9f", "\x98", "\x80"), "\xf0\x9f\x98\x80");
	assert_string_equal(JOINED("\xe2\x82", "\xac\xe2", "\x82\xac"), "\xe2\x82\xac\xe2\x82\xac");
	assert_string_equal(JOINED("\xe0", "\xa0\x80", "\xed", "\x9f\xbf"),
			    "\xe0\xa0\x80\xed\x9f\xbf");
	assert_string_equal(JOINED("\xf4", "\x8f\xbd\xbf"), "\xf4\x8f\xbd\xbf");
}

static void test_what_is_no_character_is_replaced(void **state)
{
	assert_string_equal(JOINED("\xc3"), BAD);
	assert_string_equal(JOINED("\xc3", "x"), BAD "x");
	assert_string_equal(JOINED("\xc0", "\x80"), BAD BAD);
	assert_string_equal(JOINED("\xe0", "\x80", "\x80"), BAD BAD BAD);
	assert_string_equal(JOINED("\xed", "\xa0", "\x80"), BAD BAD BAD);
	assert_string_equal(JOINED("\xf5", "\x80"), BAD BAD);
	assert_string_equal(JOINED("\xff"), BAD);
	assert_string_equal(JOINED("\t\r\n\x1b[m\x7f"), "\t\r\n" BAD "[m" BAD);
	assert_string_equal(JOINED("\xc2", "\x9b"), BAD);
}

/* The first text of a JSON array, read and joined. */
static const char *through_json(struct pool *pool, const char *json, size_t length)
{
	const struct value *value = model_json_read(pool, json, length, 10);
	if (value == NULL)
		return NULL;
	struct model_joiner joiner = { .held_length = 0 };
	struct buffer out = buffer_new(pool, 16);
	const struct value *text = value_item(value, 0);
	model_joiner_add(&joiner, &out, value_text(text), value_text_length(text));
	model_joiner_end(&joiner, &out);
	return out.bytes;
}

#define THROUGH(json) through_json(*state, json, sizeof(json) - 1)

static void test_json_keeps_what_it_can(void **state)
{
	assert_string_equal(THROUGH("[\"\xc3\xa9\\u00e9\\n\\\\u0041\\\"\"]"),
			    "\xc3\xa9\xc3\xa9\n\\u0041\"");
	assert_string_equal(THROUGH("[\"\\ud83d\\ude00\"]"), "\xf0\x9f\x98\x80");
	assert_string_equal(THROUGH("[\"a\\ud83d\"]"), "a" BAD);
	assert_string_equal(THROUGH("[\"\\ude00\\ud83dx\"]"), BAD BAD "x");
	assert_string_equal(THROUGH("[\"\\ud83d\\ud83d\\ude00\"]"), BAD "\xf0\x9f\x98\x80");
	assert_string_equal(THROUGH("[\"\\u0000\"]"), BAD);
	assert_string_equal(THROUGH("[\"\xff\xc3\"]"), BAD BAD);
	/* Every byte comes through its mark. */
	for (int byte = 0x80; byte <= 0xff; byte++) {
		const char json[] = { '[', '"', (char)byte, '"', ']' };
		assert_string_equal(through_json(*state, json, sizeof json), BAD);
	}
	/* A mark that a server sends is none. */
	assert_string_equal(THROUGH("[\"\xf4\x8f\xbf\xbf\\udbff\\udfff\"]"), BAD BAD);
	assert_null(THROUGH("[\"\\\xff\"]"));
	assert_null(THROUGH("[\"\\u12\"]"));
	assert_null(THROUGH("[\"\\"));
	assert_null(THROUGH("\xff"));
	assert_null(THROUGH("[1,2,3,4,5,6,7,8,9,10,11]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_requests_of_openai),
		TEST(test_requests_of_anthropic),
		TEST(test_keys_travel_in_their_own_headers),
		TEST(test_a_stream_of_openai),
		TEST(test_a_stream_of_anthropic),
		TEST(test_faults),
		TEST(test_every_error_has_its_words),
		TEST(test_characters_are_joined),
		TEST(test_what_is_no_character_is_replaced),
		TEST(test_json_keeps_what_it_can),
	};
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

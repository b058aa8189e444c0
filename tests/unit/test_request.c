/* What a request says about the login wall: which rule, whether the web server refused it, and what is
 * not ours to judge. */
#include "harness.h"
#include "web/request.h"

/* Stands in for web/fastcgi.c: pairs of name and value, ended by NULL, and the body. */
struct exchange {
	const char *const *pairs;
	const char *body;
};

const char *exchange_parameter(const struct exchange *exchange, const char *name)
{
	for (const char *const *pair = exchange->pairs; *pair != NULL; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

ssize_t exchange_read(struct exchange *exchange, char *bytes, size_t size)
{
	size_t length = exchange->body != NULL ? strlen(exchange->body) : 0;
	length = length < size ? length : size;
	memcpy(bytes, exchange->body != NULL ? exchange->body : "", length);
	exchange->body = NULL;
	return (ssize_t)length;
}

static struct request *read_request(struct pool *pool, const char *const *pairs, bool is_question)
{
	struct exchange exchange = { .pairs = pairs, .body = "a=b" };
	return request_read(pool, &exchange,
			    &(struct request_limits){ .base_path = "",
						      .body_limit = 1000,
						      .is_question = is_question });
}

/* An open place that was rewritten to a walled one leaves its rule behind, under another name. */
static void test_a_question_is_about_the_place_as_it_is_now(void **state)
{
	static const char *const pairs[] = { "REQUEST_METHOD",
					     "GET",
					     "REQUEST_URI",
					     "/staff/",
					     "REDIRECT_STATUS",
					     "200",
					     "REDIRECT_GATEHOUSE_RULE",
					     "open",
					     "REDIRECT_REDIRECT_GATEHOUSE_RULE",
					     "open",
					     "REDIRECT_REQUEST_METHOD",
					     "OPTIONS",
					     NULL };
	const struct request *request = read_request(*state, pairs, true);
	assert_null(request->rule);
	assert_int_equal(request->refused_status, 0);
	assert_string_equal(request->method_name, "GET");
}

static void test_a_question_knows_the_rule_that_the_server_names(void **state)
{
	static const char *const pairs[] = { "REQUEST_METHOD",
					     "POST",
					     "REQUEST_URI",
					     "/staff/",
					     "CONTENT_TYPE",
					     "application/x-www-form-urlencoded",
					     "CONTENT_LENGTH",
					     "99",
					     "GATEHOUSE_RULE",
					     "staff",
					     NULL };
	const struct request *request = read_request(*state, pairs, true);
	assert_string_equal(request->rule, "staff");
	assert_int_equal(request->problem, OK); /* its body is not ours */
	assert_null(request->form);
}

static void test_apaches_error_document_is_a_get_about_another_request(void **state)
{
	static const char *const pairs[] = { "REQUEST_METHOD",
					     "GET",
					     "REQUEST_URI",
					     "/staff/x?a=1",
					     "CONTENT_TYPE",
					     "application/x-www-form-urlencoded",
					     "CONTENT_LENGTH",
					     "99",
					     "GATEHOUSE_RULE",
					     "of_the_page_that_explains",
					     "REDIRECT_STATUS",
					     "401",
					     "REDIRECT_GATEHOUSE_RULE",
					     "staff",
					     "REDIRECT_REQUEST_METHOD",
					     "POST",
					     NULL };
	const struct request *request = read_request(*state, pairs, false);
	assert_int_equal(request->refused_status, 401);
	assert_string_equal(request->rule, "staff");
	assert_string_equal(request->method_name, "POST");
	assert_int_equal(request->method, METHOD_POST);
	assert_string_equal(request->target, "/staff/x?a=1");
	assert_int_equal(request->problem, OK);
	assert_null(request->form);
}

/* There the sign-in program is reached by a rewriting rule, which is one redirect more. */
static void test_shared_hosting_redirects_twice(void **state)
{
	static const char *const pairs[] = { "REQUEST_METHOD",
					     "GET",
					     "REQUEST_URI",
					     "/staff/x",
					     "REDIRECT_STATUS",
					     "403",
					     "REDIRECT_REDIRECT_GATEHOUSE_RULE",
					     "staff",
					     "REDIRECT_REDIRECT_REQUEST_METHOD",
					     "HEAD",
					     NULL };
	const struct request *request = read_request(*state, pairs, false);
	assert_int_equal(request->refused_status, 403);
	assert_string_equal(request->rule, "staff");
	assert_int_equal(request->method, METHOD_HEAD);
}

static void test_only_a_refusal_is_explained(void **state)
{
	static const struct {
		const char *status, *rule;
		int refused;
	} cases[] = {
		{ "401", NULL, 401 },  { "200", "staff", 0 },   { NULL, "staff", 0 },
		{ "404", NULL, 0 },    { "404", "staff", 404 }, { "503", "staff", 503 },
		{ "303", "staff", 0 }, { "4x", "staff", 0 },    { "", "staff", 0 },
		{ "600", "staff", 0 }, { "4040", "staff", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *pairs[] = {
			"REQUEST_METHOD", "GET", "REQUEST_URI", "/x", NULL, NULL, NULL, NULL, NULL
		};
		size_t count = 4;
		if (cases[i].status != NULL) {
			pairs[count++] = "REDIRECT_STATUS";
			pairs[count++] = cases[i].status;
		}
		if (cases[i].rule != NULL) {
			pairs[count++] = "REDIRECT_GATEHOUSE_RULE";
			pairs[count++] = cases[i].rule;
		}
		const struct request *request = read_request(*state, pairs, false);
		assert_int_equal(request->refused_status, cases[i].refused);
	}
}

/* A client's headers arrive with HTTP_ in front, and name nothing. */
static void test_a_client_cannot_say_any_of_it(void **state)
{
	static const char *const pairs[] = { "REQUEST_METHOD",
					     "GET",
					     "REQUEST_URI",
					     "/x",
					     "HTTP_GATEHOUSE_RULE",
					     "open",
					     "HTTP_REDIRECT_STATUS",
					     "401",
					     "HTTP_REDIRECT_GATEHOUSE_RULE",
					     "open",
					     "HTTP_REDIRECT_REQUEST_METHOD",
					     "POST",
					     NULL };
	for (int is_question = 0; is_question < 2; is_question++) {
		const struct request *request = read_request(*state, pairs, is_question == 1);
		assert_null(request->rule);
		assert_int_equal(request->refused_status, 0);
		assert_int_equal(request->method, METHOD_GET);
	}
}

/* An application behind the wall may take more fields than our own pages. */
static void test_the_query_of_another_program_is_not_judged(void **state)
{
	struct buffer uri = buffer_new(*state, 4000);
	buffer_puts(&uri, "/app/?");
	for (int i = 0; i <= FORM_FIELDS_MAX; i++)
		buffer_puts(&uri, "a=1&");
	const char *const pairs[] = { "REQUEST_METHOD", "GET", "REQUEST_URI", uri.bytes, NULL };
	assert_int_equal(read_request(*state, pairs, true)->problem, OK);
	assert_int_equal(read_request(*state, pairs, false)->problem, BAD_REQUEST);
	const char *const refused[] = { "REQUEST_METHOD",  "GET", "REQUEST_URI", uri.bytes,
					"REDIRECT_STATUS", "401", NULL };
	assert_int_equal(read_request(*state, refused, false)->problem, OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_question_is_about_the_place_as_it_is_now),
		TEST(test_a_question_knows_the_rule_that_the_server_names),
		TEST(test_apaches_error_document_is_a_get_about_another_request),
		TEST(test_shared_hosting_redirects_twice),
		TEST(test_only_a_refusal_is_explained),
		TEST(test_a_client_cannot_say_any_of_it),
		TEST(test_the_query_of_another_program_is_not_judged),
	};
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}

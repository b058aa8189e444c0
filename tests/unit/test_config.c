/* Configuration: what is accepted, and what is said about the rest. */
#include "base/config.h"
#include "base/config_table.h"
#include "harness.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
#define REQUIRED                                                                                   \
	"[site]\nurl = https://www.example.org/\n[postgresql]\ndsn = dbname=x\n"                   \
	"[django]\nsecret_key = " SECRET "\n"

#define HTTP                                                                                       \
	"[site]\nurl = http://www.example.org\n[postgresql]\ndsn = dbname=x\n"                     \
	"[django]\nsecret_key = " SECRET "\n"

static char path[64];

static const struct config *load(struct pool *pool, const char *text, mode_t mode,
				 const char *const *environment, struct buffer *errors)
{
	snprintf(path, sizeof path, "/tmp/gatehouse-test-%ld.conf", (long)getpid());
	unlink(path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, mode);
	*errors = buffer_new(pool, 256);
	const struct config *config = config_load_from(pool, path, environment, errors);
	unlink(path);
	return config;
}

static void expect_error(struct pool *pool, const char *text, const char *part)
{
	struct buffer errors;
	const struct config *config = load(pool, text, 0600, NULL, &errors);
	if (config != NULL || strstr(errors.bytes, part) == NULL)
		fail_msg("expected an error with \"%s\", got: %s", part, errors.bytes);
}

static void test_what_is_not_set_has_its_default(void **state)
{
	struct buffer errors;
	const struct config *config = load(*state, REQUIRED, 0600, NULL, &errors);
	if (config == NULL)
		fail_msg("%s", errors.bytes);
	assert_string_equal(config->site.url, "https://www.example.org");
	assert_true(config->site.https);
	assert_int_equal(config->session.kinds[SESSION_AUTHENTICATED].lifetime_minutes, 480);
	assert_int_equal(config->session.kinds[SESSION_AUTHENTICATED].idle_minutes, 60);
	assert_int_equal(config->throttle.failures, 5);
	assert_int_equal(config->users.bcrypt_cost, 12);
	assert_false(config->users.registration);
	assert_int_equal(config->django.identity, IDENTITY_OFF);
}

static void test_the_environment_overrides_the_file(void **state)
{
	static const char *const environment[] = { "GATEHOUSE_SESSION_IDLE_MINUTES=1",
						   "GATEHOUSE_SITE_NAME=Other", "HOME=/", NULL };
	struct buffer errors;
	const struct config *config = load(*state, REQUIRED "[session]\nidle_minutes = 30\n", 0600,
					   environment, &errors);
	assert_non_null(config);
	assert_int_equal(config->session.kinds[SESSION_AUTHENTICATED].idle_minutes, 1);
	assert_string_equal(config->site.name, "Other");
}

static void test_a_secret_is_kept_whole(void **state)
{
	/* Characters that other readers of such files stumble over, and more than 200 of them. */
	char text[2000];
	snprintf(text, sizeof text,
		 "[site]\nurl = http://a\n[postgresql]\ndsn = dbname=x\n[django]\n"
		 "secret_key = %0250d ;#=\"'[x] %s\n",
		 7, SECRET);
	struct buffer errors;
	const struct config *config = load(*state, text, 0600, NULL, &errors);
	if (config == NULL)
		fail_msg("%s", errors.bytes);
	assert_int_equal(strlen(config->django.secret_key), 250 + strlen(" ;#=\"'[x] " SECRET));
}

static void test_every_mistake_is_named_with_its_line(void **state)
{
	expect_error(*state, REQUIRED "[session]\nidle_minuets = 5\n",
		     ".conf:8: unknown setting idle_minuets");
	expect_error(*state, REQUIRED "[session]\nidle_minutes = five\n",
		     ".conf:8: idle_minutes must be");
	expect_error(*state, REQUIRED "[session]\nlifetime_minutes = 0\n", "from 1 to");
	expect_error(*state, REQUIRED "[users]\nregistration = yes\n",
		     ".conf:8: registration must be on or off");
	expect_error(*state, REQUIRED "[django]\nidentity = maybe\n", "off|shared_table");
	expect_error(*state, REQUIRED "[session]\nidle_minutes = 5\nidle_minutes = 6\n",
		     "set twice");
	expect_error(*state, REQUIRED "[session\n", ".conf:7: expected");
	expect_error(*state, REQUIRED "[site]\nbase_path = members/\n", "base_path must begin");
	expect_error(
		*state,
		"[site]\nurl = www.example.org\n[postgresql]\ndsn=x\n[django]\nsecret_key=" SECRET,
		".conf:2: url must look like");
	expect_error(*state,
		     "[site]\nurl = https://a/b\n[postgresql]\ndsn=x\n[django]\nsecret_key=" SECRET,
		     "base_path");
}

static void test_what_is_required_is_asked_for(void **state)
{
	expect_error(*state, "[site]\nname = x\n", "url in section [site] is required");
	expect_error(*state, "[site]\nname = x\n", "dsn in section [postgresql] is required");
	expect_error(*state, "[site]\nname = x\n", "secret_key in section [django] is required");
}

static void test_weak_secrets_and_contradictions_stop_the_start(void **state)
{
	expect_error(*state,
		     "[site]\nurl = http://a\n[postgresql]\ndsn=x\n[django]\nsecret_key = short\n",
		     ".conf:6: secret_key is weak");
	expect_error(*state,
		     "[site]\nurl = http://a\n[postgresql]\ndsn=x\n[django]\nsecret_key = "
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		     "weak");
	expect_error(*state,
		     "[site]\nurl = http://a\n[postgresql]\ndsn=x\n[session]\nsame_site = None\n"
		     "[django]\nsecret_key = " SECRET "\n",
		     "needs an https url");
	expect_error(*state, REQUIRED "[session]\nlifetime_minutes = 10\nidle_minutes = 20\n",
		     "longer than");
	expect_error(*state, HTTP "[session]\ncookie_prefix = host\n", "needs an https url");
	expect_error(*state, HTTP "[session]\ncookie_partitioned = on\n", "needs an https url");
	expect_error(*state, REQUIRED "[session]\ncookie_domain = evil; Secure\n",
		     "cookie_domain must be");
	expect_error(*state, REQUIRED "[session]\ncookie_domain = ample.org\n",
		     "a domain that it lies in");
	expect_error(*state, REQUIRED "[session]\ncookie_domain = a.www.example.org\n",
		     "a domain that it lies in");
	expect_error(*state, REQUIRED "[session]\ncookie_path = /members\n", "a folder above it");
	expect_error(*state, REQUIRED "[session_admin]\nidle_minutes = 121\n", "longer than");
	expect_error(*state,
		     REQUIRED "[session]\nsign_cookie = on\n[django]\nidentity = shared_table\n",
		     "does not sign its cookie");
	expect_error(*state, REQUIRED "[django]\nsecret_key_fallbacks = " SECRET " short\n",
		     "fallbacks is weak");
	expect_error(*state, REQUIRED "[session]\nlanding = https://evil.example/\n",
		     "landing must be a path of this site");
	expect_error(*state, REQUIRED "[site]\nsigned_out = //evil.example/\n",
		     "signed_out must be a path of this site");
}

static void test_a_file_that_others_can_read_is_refused(void **state)
{
	struct buffer errors;
	assert_null(load(*state, REQUIRED, 0644, NULL, &errors));
	assert_non_null(strstr(errors.bytes, "other users can read"));
	assert_non_null(load(*state, REQUIRED, 0640, NULL, &errors));
}

static void test_a_file_inside_the_document_root_is_refused(void **state)
{
	static const char *const environment[] = { "DOCUMENT_ROOT=/tmp", NULL };
	struct buffer errors;
	assert_null(load(*state, REQUIRED, 0600, environment, &errors));
	assert_non_null(strstr(errors.bytes, "document root"));
}

static void test_a_missing_file_is_named(void **state)
{
	struct buffer errors = buffer_new(*state, 64);
	assert_null(config_load_from(*state, "/nonexistent/gatehouse.conf", NULL, &errors));
	assert_non_null(strstr(errors.bytes, "/nonexistent/gatehouse.conf: cannot be read"));
}

static void test_the_example_is_itself_a_configuration(void **state)
{
	struct buffer example = buffer_new(*state, 4096), errors;
	config_write_example(&example);
	static const char *const environment[] = { "GATEHOUSE_SITE_URL=http://a",
						   "GATEHOUSE_POSTGRESQL_DSN=dbname=x",
						   "GATEHOUSE_DJANGO_SECRET_KEY=" SECRET, NULL };
	if (load(*state, example.bytes, 0600, environment, &errors) == NULL)
		fail_msg("%s", errors.bytes);
}

static void test_settings_in_force_are_printed_without_secrets(void **state)
{
	struct buffer errors, out = buffer_new(*state, 4096);
	const struct config *config = load(*state, REQUIRED, 0600, NULL, &errors);
	config_write_settings(&out, config);
	assert_non_null(strstr(out.bytes, "django.secret_key = (set)"));
	assert_null(strstr(out.bytes, SECRET));
	assert_non_null(strstr(out.bytes, "session.idle_minutes = 60"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_not_set_has_its_default),
		TEST(test_the_environment_overrides_the_file),
		TEST(test_a_secret_is_kept_whole),
		TEST(test_every_mistake_is_named_with_its_line),
		TEST(test_what_is_required_is_asked_for),
		TEST(test_weak_secrets_and_contradictions_stop_the_start),
		TEST(test_a_file_that_others_can_read_is_refused),
		TEST(test_a_file_inside_the_document_root_is_refused),
		TEST(test_a_missing_file_is_named),
		TEST(test_the_example_is_itself_a_configuration),
		TEST(test_settings_in_force_are_printed_without_secrets),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

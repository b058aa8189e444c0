#include "app/pending.h"
#include "app/person_settings.h"
#include "app/sign_in.h"
#include "pages/pages.h"
#include "web/redirect.h"
#include <string.h>

/* Longer than any column; refused before anything is asked of a database. */
enum { LOGIN_MAX_CHARACTERS = 254 };

/* Sentences for people who were sent here. */
static const struct {
	const char *code, *sentence;
} notices[] = {
	{ "signed_out", "You are signed out. See you soon." },
	{ "expired", "Your sign-in has ended. Sign in again to go on." },
	{ "moved", "Your sign-in was used from another network or with another browser than it "
		   "began with, so "
		   "it has ended. Sign in again to go on." },
};

static const char *find_notice(const char *code)
{
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
		if (strcmp(notices[i].code, code) == 0)
			return notices[i].sentence;
	return NULL;
}

/* Where to go after signing in, a full path. */
static const char *next_path(struct visit *visit, const char *wanted)
{
	return redirect_path(visit->pool, wanted,
			     visit_path(visit, visit->app->config->session.landing));
}

static void set_options(struct visit *visit)
{
	const struct config *config = visit->app->config;
	value_set_bool(visit->page, "remember_offered", config->session.remember_days > 0);
	value_set_integer(visit->page, "remember_days", config->session.remember_days);
	if (*config->site.forgot_password_url != '\0')
		value_set_string(visit->page, "forgot_password_url",
				 config->site.forgot_password_url);
}

/* The form with what was typed, never the password. */
static void set_typed(struct visit *visit)
{
	const struct request *request = visit->request;
	value_set_string(visit->page, "username", request_field(request, "username"));
	value_set_bool(visit->page, "remember_me", request_field_is_set(request, "remember_me"));
	value_set_string(visit->page, "next", request_field(request, "next"));
	pending_keep(visit);
	set_options(visit);
}

static enum outcome login_show(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "next");
	if (visit->session != NULL)
		return visit_redirect_to(visit, next_path(visit, wanted), NULL);
	set_options(visit);
	value_set_string(visit->page, "next", redirect_is_local(wanted) ? wanted : "");
	value_set_string(visit->page, "notice",
			 find_notice(request_query(visit->request, "notice")));
	return visit_show(visit, "login.html");
}

static enum outcome login_again(struct visit *visit)
{
	set_typed(visit);
	visit_refuse(visit, CSRF_FAILED, "login.html");
	value_set_string(visit->data, "message",
			 "This form was open for too long. Please type your password again.");
	return OK;
}

static const char *login_problem(const struct request *request)
{
	if (!request_field_is_clean(request, "username", false))
		return "This holds characters that cannot be part of a username.";
	const char *login = request_field(request, "username");
	if (*login == '\0')
		return "Enter your username or email address.";
	return text_characters(login) > LOGIN_MAX_CHARACTERS ? "This is too long for a username."
							     : NULL;
}

static enum outcome refuse_fields(struct visit *visit, const char *username, const char *password)
{
	/* When the database is away nobody is kept from reading what is missing. */
	if (sign_in_count_post(visit) == TOO_MANY_ATTEMPTS)
		return visit_refuse(visit, TOO_MANY_ATTEMPTS, "login.html");
	struct value *fields = value_object(visit->pool);
	if (username != NULL)
		value_set_string(fields, "username", username);
	if (password != NULL)
		value_set_string(fields, "password", password);
	visit_refuse(visit, INVALID_FIELDS, "login.html");
	visit_set_fields(visit, fields);
	return OK;
}

static enum outcome login_submit(struct visit *visit)
{
	const struct request *request = visit->request;
	const char *username = login_problem(request),
		   *password = sign_in_password_problem(request);
	set_typed(visit);
	if (username != NULL || password != NULL)
		return refuse_fields(visit, username, password);
	enum outcome outcome = sign_in(
		visit, &(struct sign_in){
			       .login = text_trim(visit->pool, request_field(request, "username")),
			       .password = request_field(request, "password"),
			       .remember = request_field_is_set(request, "remember_me"),
		       });
	if (outcome != OK)
		return visit_refuse(visit, outcome, "login.html");
	person_settings_follow(visit);
	if (pending_exists(visit))
		return pending_show_confirm(visit);
	return visit_redirect_to(visit, next_path(visit, request_field(request, "next")),
				 "You are signed in.");
}

static const struct route routes[] = {
	{ METHOD_GET, "/auth/login", PUBLIC, login_show, NULL },
	{ METHOD_GET, "/login", PUBLIC, login_show, NULL },
	{ METHOD_POST, "/auth/login", PUBLIC | JSON_SIGN_IN, login_submit, login_again },
	{ METHOD_POST, "/login", PUBLIC | JSON_SIGN_IN, login_submit, login_again },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table login_page = { "login", routes, false };

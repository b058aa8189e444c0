#include "base/config_table.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What settings must be beyond what each of them may be alone: well-formed addresses, keys that cannot be
 * guessed, cookies that browsers take, limits that agree. */

enum { SECRET_KEY_MIN_CHARACTERS = 32 };

struct check {
	struct pool *pool;
	void (*complain)(void *user, size_t offset, const char *reason);
	void *user;
};

static void refuse(const struct check *check, size_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse(const struct check *check, size_t offset, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	check->complain(check->user, offset, pool_vprintf(check->pool, format, arguments));
	va_end(arguments);
}

static void check_url(const struct check *check, struct config *config)
{
	size_t place = offsetof(struct config, site.url);
	char *url = pool_strdup(check->pool, config->site.url);
	config->site.https = text_starts_with(url, "https://");
	bool http = text_starts_with(url, "http://");
	const char *host = strstr(url, "://");
	if ((!http && !config->site.https) || host == NULL || host[3] == '\0' || host[3] == '/' ||
	    strpbrk(host + 3, " \"'<>\\?#@") != NULL) {
		refuse(check, place, "url must look like https://www.example.org");
		return;
	}
	size_t length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		url[--length] = '\0';
	if (strchr(url + (host - url) + 3, '/') != NULL)
		refuse(check, place, "url is scheme and host only; a folder goes into base_path");
	config->site.url = url;
	config->site.origin = text_lower(check->pool, url);
}

static void check_worker_program(const struct check *check, const struct config *config)
{
	const char *path = config->chat.worker_program;
	if (*path != '\0' && (*path != '/' || access(path, X_OK) != 0))
		refuse(check, offsetof(struct config, chat.worker_program),
		       "worker_program must be the whole path of a program that can be run: %s",
		       *path != '/' ? "it does not begin with a slash" : strerror(errno));
}

static void check_base_path(const struct check *check, struct config *config)
{
	const char *path = config->site.base_path;
	if (*path == '\0')
		return;
	size_t length = strlen(path);
	size_t plain =
		strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~-");
	if (path[0] != '/' || path[length - 1] == '/' || plain != length ||
	    strstr(path, "//") != NULL || strstr(path, "/.") != NULL)
		refuse(check, offsetof(struct config, site.base_path),
		       "base_path must begin with a slash, not end with one, and hold only "
		       "letters, digits, dots, dashes and underscores");
}

/* The bounds of Django's own deployment check are 50 characters, 5 different ones; a project with a
 * shorter key can exist, one that can be guessed must not. */
static bool is_strong_key(const char *key, size_t length)
{
	bool seen[256] = { false };
	size_t different = 0;
	for (size_t i = 0; i < length; i++) {
		different += !seen[(unsigned char)key[i]];
		seen[(unsigned char)key[i]] = true;
	}
	return length >= SECRET_KEY_MIN_CHARACTERS && different >= 5;
}

static void check_secret_key(const struct check *check, const struct config *config)
{
	const char *key = config->django.secret_key;
	if (*key != '\0' && !is_strong_key(key, strlen(key))) /* none: said already */
		refuse(check, offsetof(struct config, django.secret_key),
		       "secret_key is weak: at least %d characters, 5 different ones. Try: "
		       "openssl rand -base64 48",
		       SECRET_KEY_MIN_CHARACTERS);
	const char *earlier = config->django.secret_key_fallbacks;
	for (size_t length; *(earlier += strspn(earlier, " ")) != '\0'; earlier += length) {
		length = strcspn(earlier, " ");
		if (!is_strong_key(earlier, length))
			refuse(check, offsetof(struct config, django.secret_key_fallbacks),
			       "a key of secret_key_fallbacks is weak: at least %d characters, 5 "
			       "different ones",
			       SECRET_KEY_MIN_CHARACTERS);
	}
}

static void check_key_secret(const struct check *check, const struct config *config)
{
	const char *key = config->chat.key_secret;
	if (*key != '\0' && !is_strong_key(key, strlen(key)))
		refuse(check, offsetof(struct config, chat.key_secret),
		       "key_secret is weak: at least %d characters, 5 different ones. Try: "
		       "openssl rand -base64 48",
		       SECRET_KEY_MIN_CHARACTERS);
}

static bool is_token(const char *text)
{
	return *text != '\0' &&
	       text[strspn(text,
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] ==
		       '\0';
}

/* Whether the site's host is the domain or lies in it. */
static bool is_domain_of(const char *domain, const char *origin)
{
	const char *host = strstr(origin, "://") + 3;
	size_t length = strcspn(host, ":"), wanted = strlen(domain);
	return length >= wanted && strncmp(host + length - wanted, domain, wanted) == 0 &&
	       (length == wanted || host[length - wanted - 1] == '.');
}

/* Whether a browser sends a cookie of this path to pages in the folder (RFC 6265, section 5.1.4). */
static bool is_path_of(const char *path, const char *folder)
{
	size_t length = strlen(path);
	if (length > 0 && path[length - 1] == '/')
		length--;
	return strncmp(folder, path, length) == 0 &&
	       (folder[length] == '/' || folder[length] == '\0');
}

/* Browsers ignore a cookie whose prefix promises what its attributes do not keep (RFC 6265bis, section
 * 4.1.3), or that is for another site: people could then never sign in. */
static void check_cookies(const struct check *check, struct config *config)
{
	static const char *const prefixes[] = { "", "__Secure-", "__Host-" };
	size_t place = offsetof(struct config, session.cookie_prefix);
	const char *prefix = prefixes[config->session.cookie_prefix];
	config->session.cookie_name = pool_printf(check->pool, "%s%s", prefix,
						  config->session.cookie_name);
	config->session.csrf_cookie_name = pool_printf(check->pool, "%s%s", prefix,
						       config->session.csrf_cookie_name);
	if (*config->session.cookie_path == '\0')
		config->session.cookie_path =
			*config->site.base_path == '\0' ||
					text_starts_with(config->session.cookie_name, "__Host-")
				? "/"
				: config->site.base_path;
	const char *const names[] = { config->session.cookie_name,
				      config->session.csrf_cookie_name };
	for (size_t i = 0; i < 2; i++) {
		bool host = text_starts_with(names[i], "__Host-");
		if ((host || text_starts_with(names[i], "__Secure-")) && !config->site.https)
			refuse(check, place, "a cookie called %s needs an https url", names[i]);
		if (host && (*config->session.cookie_domain != '\0' ||
			     strcmp(config->session.cookie_path, "/") != 0))
			refuse(check, place,
			       "a cookie called %s can have no cookie_domain, and only / as "
			       "cookie_path",
			       names[i]);
	}
	const char *domain = config->session.cookie_domain;
	if (*domain != '\0' &&
	    (domain[0] == '-' ||
	     domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-")] != '\0' ||
	     strchr(domain, '.') == NULL))
		refuse(check, offsetof(struct config, session.cookie_domain),
		       "cookie_domain must be a domain in lower case, such as example.org");
	else if (*domain != '\0' && config->site.origin != NULL &&
		 !is_domain_of(domain + (domain[0] == '.'), config->site.origin))
		refuse(check, offsetof(struct config, session.cookie_domain),
		       "cookie_domain must be the host of url, or a domain that it lies in");
	const char *path = config->session.cookie_path;
	size_t path_place = offsetof(struct config, session.cookie_path);
	if (path[0] != '/' || strpbrk(path, "; ,\"\\") != NULL)
		refuse(check, path_place,
		       "cookie_path must begin with a slash and hold no spaces or semicolons");
	else if (!is_path_of(path, config->site.base_path))
		refuse(check, path_place, "cookie_path must be base_path or a folder above it");
	if (config->session.cookie_partitioned && !config->site.https)
		refuse(check, offsetof(struct config, session.cookie_partitioned),
		       "cookie_partitioned needs an https url");
	if (config->session.sign_cookie && config->django.identity == IDENTITY_SHARED_TABLE)
		refuse(check, offsetof(struct config, session.sign_cookie),
		       "sign_cookie does not go together with identity = shared_table: Django "
		       "does not sign its cookie");
}

static void check_kinds(const struct check *check, const struct config *config)
{
	for (size_t i = 0; i < SESSION_KINDS; i++) {
		const struct kind_limits *limits = &config->session.kinds[i];
		size_t offset =
			(size_t)((const char *)&limits->idle_minutes - (const char *)config);
		if (limits->idle_minutes > limits->lifetime_minutes)
			refuse(check, offset, "idle_minutes is longer than lifetime_minutes");
	}
}

static void check_local(const struct check *check, size_t place, const char *name, const char *path)
{
	if (path[0] != '/' || path[1] == '/' || strchr(path, '\\') != NULL)
		refuse(check, place, "%s must be a path of this site", name);
}

static void check_together(const struct check *check, struct config *config)
{
	if (!is_token(config->session.cookie_name))
		refuse(check, offsetof(struct config, session.cookie_name),
		       "cookie_name takes letters, digits, dash and underscore");
	if (!is_token(config->session.csrf_cookie_name))
		refuse(check, offsetof(struct config, session.csrf_cookie_name),
		       "csrf_cookie_name takes letters, digits, dash and underscore");
	if (config->session.same_site == SAME_SITE_NONE && !config->site.https)
		refuse(check, offsetof(struct config, session.same_site),
		       "same_site = None needs an https url");
	if (strcmp(config->session.cookie_name, config->session.csrf_cookie_name) == 0)
		refuse(check, offsetof(struct config, session.csrf_cookie_name),
		       "cookie_name and csrf_cookie_name must be different");
	check_local(check, offsetof(struct config, session.landing), "landing",
		    config->session.landing);
	check_local(check, offsetof(struct config, site.signed_out), "signed_out",
		    config->site.signed_out);
	check_cookies(check, config);
	check_kinds(check, config);
}

void config_check(struct pool *pool, struct config *config,
		  void (*complain)(void *user, size_t offset, const char *reason), void *user)
{
	const struct check check = { pool, complain, user };
	check_url(&check, config);
	check_base_path(&check, config);
	check_worker_program(&check, config);
	check_secret_key(&check, config);
	check_key_secret(&check, config);
	check_together(&check, config);
	config_check_models(pool, config, complain, user);
}

/* Configuration: one INI file and the environment, read once at start into a struct.
 *
 * The file is found through GATEHOUSE_CONF, then ~/.config/gatehouse/gatehouse.conf, then
 * /etc/gatehouse/gatehouse.conf. Every key can be overridden as GATEHOUSE_SECTION_KEY in the
 * environment; every secret can be read from a file named by KEY_file. The table in config_table.c
 * holds each key's type, default, limits and help; the example file is printed from it. */
#pragma once
#include "base/text.h"

enum identity { IDENTITY_OFF, IDENTITY_SHARED_TABLE };
enum same_site { SAME_SITE_LAX, SAME_SITE_STRICT, SAME_SITE_NONE };

struct config {
	struct {
		const char *url;       /* without a trailing slash */
		const char *origin;    /* derived: scheme://host[:port], lower case */
		const char *base_path; /* "" or "/folder" */
		const char *name;
		const char *templates; /* folder of the operator's own templates, or "" */
		const char *forgot_password_url;
		const char *terms_url;
		bool https; /* derived from url */
		int64_t hsts_seconds;
	} site;
	struct {
		int64_t threads;
		int64_t hash_slots; /* 0: one for each processor */
		int64_t hash_wait_ms;
		int64_t body_limit; /* bytes */
		const char *runtime_dir;
		const char *share_dir;
		int64_t log_level; /* enum log_level */
	} server;
	struct {
		const char *dsn;
		bool tls; /* a server on another machine must be asked for it */
		bool prepared_statements;
		int64_t timeout_ms;
	} postgresql;
	struct {
		const char *host;
		int64_t port;
		const char *socket;
		const char *user;
		const char *password;
		const char *database;
		int64_t tls; /* enum config_tls */
		const char *tls_ca;
		int64_t timeout_ms;
	} mysql;
	struct {
		const char *table;
		const char *id;
		const char *username; /* "" where the table has none */
		const char *email;
		const char *password_hash;
		const char *active_when; /* "column:value" or "" */
		const char *full_name;
		const char *created_at;
		const char *last_login;
		bool registration;
		int64_t bcrypt_cost;
		bool rehash;
		int64_t recheck_seconds;
		int64_t recheck_grace_minutes;
		int64_t password_min_length;
	} users;
	struct {
		int64_t lifetime_minutes;
		int64_t idle_minutes;
		int64_t remember_days;
		const char *cookie_name;
		const char *csrf_cookie_name;
		int64_t same_site; /* enum same_site */
		const char *landing;
		bool legacy_redirects;
	} session;
	struct {
		const char *secret_key;
		int64_t identity; /* enum identity */
		const char *backend;
	} django;
	struct {
		int64_t failures;
		int64_t window_minutes;
	} throttle;
	struct {
		int64_t responder; /* index of the choice */
		const char *countries;
		const char *services;
		int64_t message_limit;     /* characters */
		int64_t conversation_days; /* 0: for ever */
	} chat;
};

enum config_tls { TLS_WHEN_REMOTE, TLS_ALWAYS, TLS_NEVER };

/* Read and check everything. NULL when something is wrong; then `errors` has one line for each
 * problem, "FILE:LINE: reason". The configuration lives in `pool`; secrets in it are wiped with it. */
const struct config *config_load(struct pool *pool, struct buffer *errors);

/* The same from a given file (NULL: none) and environment, for tests and for --check. */
const struct config *config_load_from(struct pool *pool, const char *path,
				      const char *const *environment, struct buffer *errors);

/* The file that config_load would read; NULL when there is none. */
const char *config_path(struct pool *pool);

/* Whether that file lies in this folder or below it, links resolved. */
bool config_lies_in(struct pool *pool, const char *folder);

/* Append the annotated example file: every key with its help and default. */
void config_write_example(struct buffer *out);

/* Append every setting as `section.key = value`, secrets as "(set)" or "(not set)". */
void config_write_settings(struct buffer *out, const struct config *config);

/* The items of a comma-separated setting, trimmed, empty ones left out; ends with NULL. */
const char *const *config_list(struct pool *pool, const char *setting);

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
enum cookie_prefix { COOKIE_PREFIX_NONE, COOKIE_PREFIX_SECURE, COOKIE_PREFIX_HOST };

/* What happens when a session is used from another address or with another browser than it began
 * with: nothing, a note in log and audit trail, or its end. `subnet` compares the first 24 bits of
 * an IPv4 address and the first 64 of an IPv6 one; for a browser's name it means the same as log. */
enum binding { BINDING_OFF, BINDING_LOG, BINDING_SUBNET, BINDING_STRICT };

/* Kinds of session; each has limits of its own. */
enum session_kind {
	SESSION_ANONYMOUS,
	SESSION_AUTHENTICATED,
	SESSION_SSO,
	SESSION_ADMIN,
	SESSION_API,
	SESSION_BOT, /* of a visitor who only gave an email address */
	SESSION_KINDS
};

/* The limits of a kind, as configured; a person can have others (gatehouse_policy). */
struct kind_limits {
	int64_t lifetime_minutes;
	int64_t idle_minutes;         /* 0: no such limit */
	int64_t concurrent;           /* 0: no such limit */
	int64_t bind_address;         /* enum binding */
	int64_t bind_browser;         /* enum binding */
	bool extends;                 /* its end moves on while it is used */
	int64_t reauthenticate_hours; /* 0: never */
};

/* How much of the chat somebody with a session of a kind may use; 0: any number. A person can have
 * other numbers (gatehouse_policy). */
struct quota_settings {
	int64_t messages_per_minute; /* these five, but in [quota]: QUOTA_AS_USUAL, as it is there */
	int64_t messages_per_day;
	int64_t tokens_per_day;
	int64_t answers_at_once;
	int64_t conversation_messages;
};

enum { QUOTA_AS_USUAL = -1 };

/* Which servers of models are configured, each in a section of its own. */
enum model_section { MODELS_OPENAI, MODELS_ANTHROPIC, MODEL_SECTIONS };

/* A server of models. */
struct model_settings {
	const char *base_url; /* without a trailing slash, or "" */
	const char *key;      /* "" for none */
	const char *models;   /* a list; "": the section is off */
	int64_t connect_seconds;
	int64_t first_byte_seconds;
	int64_t idle_seconds;
	int64_t total_seconds;
	int64_t retries;
	int64_t answer_tokens;
};

struct config {
	struct {
		const char *url;       /* without a trailing slash */
		const char *origin;    /* derived: scheme://host[:port], lower case */
		const char *base_path; /* "" or "/folder" */
		const char *name;
		const char *templates; /* folder of the operator's own templates, or "" */
		const char *forgot_password_url;
		const char *terms_url;
		const char *signed_out;     /* local path */
		const char *place_database; /* MaxMind DB file, or "" */
		bool https;                 /* derived from url */
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
		const char *listen_dsn; /* "": dsn */
		bool tls;               /* a server on another machine must be asked for it */
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
		bool password_change;
		int64_t bcrypt_cost;
		bool rehash;
		int64_t recheck_seconds;
		int64_t recheck_grace_minutes;
		int64_t password_min_length;
	} users;
	struct {
		struct kind_limits kinds[SESSION_KINDS]; /* by enum session_kind */
		int64_t remember_days;
		int64_t remember_bind_address; /* enum binding */
		int64_t fresh_minutes;         /* 0: as reauthenticate_hours of the kind */
		const char *cookie_name;       /* with its prefix, once the file is read */
		const char *csrf_cookie_name;  /* likewise */
		const char *cookie_domain;     /* "": this host only */
		const char *cookie_path;       /* "" becomes base_path or "/" */
		int64_t cookie_prefix;         /* enum cookie_prefix */
		bool cookie_partitioned;
		int64_t same_site; /* enum same_site */
		bool sign_cookie;
		const char *landing;
		bool legacy_redirects;
		bool guest; /* visitors may chat after giving an email address */
	} session;
	struct {
		const char *rules;       /* path of the rules file, or "" */
		const char *admin_group; /* its members administrate */
		bool refuse_unknown_rules;
	} access;
	struct {
		const char *secret_key;
		const char *secret_key_fallbacks; /* separated by spaces */
		int64_t identity;                 /* enum identity */
		const char *backend;
	} django;
	struct {
		int64_t failures;
		int64_t window_minutes;
		int64_t account_failures;
		int64_t account_window_minutes;
		int64_t address_failures;
		int64_t address_window_minutes;
		int64_t posts_per_minute;
		int64_t sign_ins_per_hour;
		int64_t lock_max_minutes;
	} throttle;
	struct {
		int64_t retention_months; /* 0: for ever */
	} audit;
	struct {
		const char *countries;
		const char *services;
		int64_t message_limit;     /* characters */
		int64_t conversation_days; /* 0: for ever */
		int64_t import_limit;      /* bytes of a file with conversations */
		int64_t deleted_days;      /* until a deleted conversation is thrown away */
		const char *model;         /* "openai/NAME"; "": the articles answer */
		const char *system_prompt;
		bool knowledge;             /* passages go to models */
		const char *knowledge_tags; /* a list: articles without any of them are left out */
		int64_t history_characters; /* of a conversation that a model gets */
		int64_t generation;         /* enum generation */
		int64_t inline_seconds;     /* that a request waits for its answer */
		int64_t inline_processes;   /* that may outlive their request */
		const char *worker_program; /* "": beside the programs */
		int64_t stream_seconds;    /* after which a reader of an answer has to come again */
		const char *model_hosts;   /* a list: "host" or "host:port" */
		const char *model_ca_file; /* PEM file, or "" */
		bool own_keys;             /* people may store keys of model servers of their own */
		const char *key_secret;    /* seals those keys; "": secret_key does */
		int64_t sharing;           /* enum sharing */
		int64_t guests_per_address; /* share the limits of so many; 0: any number */
	} chat;
	struct quota_settings quota[SESSION_KINDS]; /* by enum session_kind; strangers have none */
	struct model_settings models[MODEL_SECTIONS]; /* by enum model_section */
};

enum generation { GENERATION_WORKER, GENERATION_INLINE };
/* Who may read a conversation by its link: nobody, whoever is signed in, or everybody. */
enum sharing { SHARING_OFF, SHARING_MEMBERS, SHARING_ANYONE };

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

/* One line of the operator's configuration, for people. */
struct config_entry {
	const char *section, *key, *help;
	const char *value; /* as one would write it; of a secret "(set)" or "(not set)" */
	bool is_secret, is_default;
};

/* How many settings there are, and one of them; `place` counts from 0 in the example's order. */
size_t config_entry_count(void);
struct config_entry config_entry(struct pool *pool, const struct config *config, size_t place);

/* The items of a comma-separated setting, trimmed, empty ones left out; ends with NULL. */
const char *const *config_list(struct pool *pool, const char *setting);

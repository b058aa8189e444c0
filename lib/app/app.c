#include "app/app.h"
#include "app/databases.h"
#include "base/crypto.h"
#include <string.h>
#include <sys/stat.h>

static struct template_set *load_templates(struct pool *pool, const struct config *config,
					   struct buffer *errors)
{
	const char *own = *config->site.templates != '\0' ? config->site.templates : NULL;
	const char *const folders[] = {
		own,
		pool_printf(pool, "%s/templates", config->server.share_dir),
	};
	return template_set_load(pool, folders, 2, errors);
}

/* Changes whenever a style sheet or script does: their names, sizes and times. */
static const char *static_version(struct pool *pool, const struct config *config)
{
	static const char *const names[] = { "gatehouse.css",    "gatehouse.js", "answer.js",
					     "messages.js",      "chat.js",      "frame.js",
					     "conversations.js", "temporary.js", "favicon.svg" };
	struct buffer seen = buffer_new(pool, 256);
	unsigned char digest[SHA256_BYTES];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct stat about = { .st_size = 0 };
		stat(pool_printf(pool, "%s/static/%s", config->server.share_dir, names[i]), &about);
		buffer_printf(&seen, "%s %lld %lld\n", names[i], (long long)about.st_size,
			      (long long)about.st_mtime);
	}
	crypto_sha256(seen.bytes, seen.length, digest);
	return crypto_hex(pool, digest, 4);
}

static struct session_store *open_sessions(struct pool *pool, const struct config *config,
					   struct pg_pool *database)
{
	return session_store_new(
		pool, &(struct session_store_options){
			      .database = database,
			      .secret_key = config->django.secret_key,
			      .secret_key_fallbacks = config->django.secret_key_fallbacks,
			      .shared_table = config->django.identity == IDENTITY_SHARED_TABLE,
			      .backend = config->django.backend,
			      .admin_group = config->access.admin_group,
			      .sign_cookie = config->session.sign_cookie,
			      .policy = session_policy_read(config),
		      });
}

/* app->places stays NULL when none is configured; false, with a line in `errors`, when it is and
 * cannot be used. */
static bool open_places(struct app *app, struct pool *pool, struct buffer *errors)
{
	const char *path = app->config->site.place_database, *problem = NULL;
	if (*path == '\0')
		return true;
	app->places = places_open(pool, path, &problem);
	if (app->places == NULL)
		buffer_printf(errors, "[site] place_database: %s\n", problem);
	return app->places != NULL;
}

static struct throttle throttle_settings(struct pool *pool, const struct config *config,
					 struct pg_pool *database)
{
	return (struct throttle){
		.database = database,
		.name_key = throttle_name_key(pool, config->django.secret_key),
		.account_and_address = { config->throttle.failures,
					 config->throttle.window_minutes * 60 },
		.account = { config->throttle.account_failures,
			     config->throttle.account_window_minutes * 60 },
		.address = { config->throttle.address_failures,
			     config->throttle.address_window_minutes * 60 },
		.endpoint = { config->throttle.posts_per_minute, 60 },
		.success = { config->throttle.sign_ins_per_hour, 3600 },
		.longest_lock_s = config->throttle.lock_max_minutes * 60,
	};
}

/* "a tag,another": without spaces about the commas. */
static const char *knowledge_tags(struct pool *pool, const char *setting)
{
	struct buffer tags = buffer_new(pool, 64);
	for (const char *const *tag = config_list(pool, setting); *tag != NULL; tag++)
		buffer_printf(&tags, "%s%s", tags.length > 0 ? "," : "", *tag);
	return tags.bytes;
}

struct app *app_open(struct pool *pool, const struct config *config, struct buffer *errors)
{
	struct app *app = pool_zalloc(pool, sizeof *app);
	app->config = config;
	app->templates = load_templates(pool, config, errors);
	app->users = users_open(pool, config, errors);
	bool has_places = open_places(app, pool, errors);
	const char *problem = pg_check_conninfo(pool, config->postgresql.dsn,
						config->postgresql.tls);
	if (problem != NULL)
		buffer_printf(errors, "[postgresql] dsn %s\n", problem);
	app->rules = access_rules_load(pool, config->access.rules, errors);
	if (app->templates == NULL || app->users == NULL || app->rules == NULL || !has_places ||
	    problem != NULL)
		return NULL;
	app->postgresql = app_database(pool, config, (size_t)config->server.threads);
	app->sessions = open_sessions(pool, config, app->postgresql);
	app->auth = (struct auth){
		.users = app->users,
		.slots = hash_slots_open(pool,
					 &(struct hash_slots_options){
						 .folder = config->server.runtime_dir,
						 .count = (size_t)config->server.hash_slots,
						 .threads = (size_t)config->server.threads,
					 }),
		.throttle = throttle_settings(pool, config, app->postgresql),
		.devices = known_devices_new(pool, config->django.secret_key,
					     config->django.secret_key_fallbacks),
		.hash_wait_ms = config->server.hash_wait_ms,
		.bcrypt_cost = (int)config->users.bcrypt_cost,
		.rehash = config->users.rehash,
		.password_min_length = (size_t)config->users.password_min_length,
	};
	if (app->auth.slots == NULL) {
		buffer_puts(errors, "no memory for the hash slots\n");
		return NULL;
	}
	if (config->server.threads > 1)
		app->streams = streams_new(pool, config);
	app->api = api_document_new(pool, config);
	app->countries = config_list(pool, config->chat.countries);
	app->services = config_list(pool, config->chat.services);
	app->knowledge_tags = knowledge_tags(pool, config->chat.knowledge_tags);
	app->static_version = static_version(pool, config);
	return app;
}

#include "app/app.h"
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
	static const char *const names[] = { "gatehouse.css", "gatehouse.js", "favicon.svg" };
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
	return session_store_new(pool, &(struct session_store_options){
		.database = database,
		.secret_key = config->django.secret_key,
		.shared_table = config->django.identity == IDENTITY_SHARED_TABLE,
		.backend = config->django.backend,
		.limits = {
			.lifetime_s = config->session.lifetime_minutes * 60,
			.idle_s = config->session.idle_minutes * 60,
			.remember_s = config->session.remember_days * 86400,
		},
	});
}

struct app *app_open(struct pool *pool, const struct config *config, struct buffer *errors)
{
	static const char *const responders[] = { "knowledge" };
	struct app *app = pool_zalloc(pool, sizeof *app);
	app->config = config;
	app->templates = load_templates(pool, config, errors);
	app->users = users_open(pool, config, errors);
	const char *problem = pg_check_conninfo(pool, config->postgresql.dsn,
						config->postgresql.tls);
	if (problem != NULL)
		buffer_printf(errors, "[postgresql] dsn %s\n", problem);
	if (app->templates == NULL || app->users == NULL || problem != NULL)
		return NULL;
	app->postgresql = pg_pool_new(pool,
				      &(struct pg_options){
					      .conninfo = config->postgresql.dsn,
					      .connections = (size_t)config->server.threads,
					      .deadline_ms = config->postgresql.timeout_ms,
					      .prepare = config->postgresql.prepared_statements,
				      });
	app->sessions = open_sessions(pool, config, app->postgresql);
	app->auth = (struct auth){
		.users = app->users,
		.slots = hash_slots_open(pool,
					 &(struct hash_slots_options){
						 .folder = config->server.runtime_dir,
						 .count = (size_t)config->server.hash_slots,
						 .threads = (size_t)config->server.threads,
					 }),
		.throttle = { .database = app->postgresql,
			      .limit = config->throttle.failures,
			      .window_s = config->throttle.window_minutes * 60 },
		.hash_wait_ms = config->server.hash_wait_ms,
		.bcrypt_cost = (int)config->users.bcrypt_cost,
		.rehash = config->users.rehash,
		.password_min_length = (size_t)config->users.password_min_length,
	};
	if (app->auth.slots == NULL) {
		buffer_puts(errors, "no memory for the hash slots\n");
		return NULL;
	}
	app->responder = responder_find(responders[config->chat.responder]);
	app->countries = config_list(pool, config->chat.countries);
	app->services = config_list(pool, config->chat.services);
	app->static_version = static_version(pool, config);
	return app;
}

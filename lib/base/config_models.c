#include "base/config_table.h"
#include "base/host.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct check {
	struct pool *pool;
	struct config *config;
	void (*complain)(void *user, size_t offset, const char *reason);
	void *user;
};

static size_t offset_of(const struct check *check, const void *setting)
{
	return (size_t)((const char *)setting - (const char *)check->config);
}

static void say(const struct check *check, const void *setting, const char *reason)
{
	check->complain(check->user, offset_of(check, setting), reason);
}

static const char *without_slashes(struct pool *pool, const char *url)
{
	size_t length = strlen(url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	return pool_strndup(pool, url, length);
}

/* Questions, answers and the key pass by everybody on the way where there is no TLS. */
static void check_address(const struct check *check, struct model_settings *models)
{
	models->base_url = without_slashes(check->pool, models->base_url);
	const char *host = host_of_url(check->pool, models->base_url);
	const char *const *hosts = config_list(check->pool, check->config->chat.model_hosts);
	if (host == NULL)
		say(check, &models->base_url,
		    "base_url must look like https://api.example.org/v1, without user, query or "
		    "fragment");
	else if (strncasecmp(models->base_url, "https:", 6) != 0 && !host_is_listed(hosts, host))
		say(check, &models->base_url,
		    pool_printf(check->pool,
				"base_url is not https, so its host must be in [chat] model_hosts: "
				"%s",
				host));
}

static void check_section(const struct check *check, struct model_settings *models,
			  const char *default_url)
{
	bool has_models = config_list(check->pool, models->models)[0] != NULL;
	bool has_address = *models->base_url != '\0';
	if (has_address)
		check_address(check, models);
	if (has_models && !has_address)
		say(check, &models->models, "models are named, but base_url is empty");
	bool is_wanted = *models->key != '\0' ||
			 (has_address && strcmp(models->base_url, default_url) != 0);
	if (is_wanted && !has_models)
		say(check, &models->models,
		    "models is empty; name those of this server that people may use");
	if (strchr(models->key, ' ') != NULL)
		say(check, &models->key, "key holds a space; keys have none");
}

static void check_hosts(const struct check *check)
{
	const char *const *setting = &check->config->chat.model_hosts;
	for (const char *const *host = config_list(check->pool, *setting); *host != NULL; host++)
		if (strchr(*host, '/') != NULL ||
		    host_of_url(check->pool, pool_printf(check->pool, "http://%s", *host)) == NULL)
			say(check, setting,
			    pool_printf(check->pool,
					"model_hosts has %s, which is neither host nor host:port; "
					"an IPv6 address stands in brackets",
					*host));
}

void config_check_models(struct pool *pool, struct config *config,
			 void (*complain)(void *user, size_t offset, const char *reason),
			 void *user)
{
	static const char *const default_urls[MODEL_SECTIONS] = {
		[MODELS_OPENAI] = "",
		[MODELS_ANTHROPIC] = "https://api.anthropic.com/v1",
	};
	const struct check check = {
		.pool = pool, .config = config, .complain = complain, .user = user
	};
	check_hosts(&check);
	for (int i = 0; i < MODEL_SECTIONS; i++)
		check_section(&check, &config->models[i], default_urls[i]);
	const char *file = config->chat.model_ca_file;
	if (*file != '\0' && access(file, R_OK) != 0)
		say(&check, &config->chat.model_ca_file,
		    pool_printf(pool, "cannot read %s: %s", file, strerror(errno)));
}

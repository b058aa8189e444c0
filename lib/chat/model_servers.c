#include "chat/model_servers.h"
#include <string.h>

static const struct model_protocol *const protocols[MODEL_SECTIONS] = {
	[MODELS_OPENAI] = &model_openai,
	[MODELS_ANTHROPIC] = &model_anthropic,
};

static bool has_name(struct pool *pool, const struct model_settings *settings, const char *wanted)
{
	for (const char *const *name = config_list(pool, settings->models); *name != NULL; name++)
		if (strcmp(*name, wanted) == 0)
			return true;
	return false;
}

static const struct model_server *server_of(struct pool *pool,
					    const struct model_settings *settings,
					    const struct model_protocol *protocol)
{
	struct model_server *server = pool_alloc(pool, sizeof *server);
	*server = (struct model_server){
		.protocol = protocol,
		.base_url = settings->base_url,
		.key = settings->key,
		.connect_ms = settings->connect_seconds * 1000,
		.first_byte_ms = settings->first_byte_seconds * 1000,
		.idle_ms = settings->idle_seconds * 1000,
		.total_ms = settings->total_seconds * 1000,
		.retries = settings->retries,
		.answer_tokens = settings->answer_tokens,
	};
	return server;
}

const struct model_server *model_server_of(struct pool *pool, const struct config *config,
					   const char *model, const char **name_at_server)
{
	size_t section = strcspn(model, "/");
	for (size_t i = 0; model[section] == '/' && i < MODEL_SECTIONS; i++) {
		if (strlen(protocols[i]->name) != section ||
		    strncmp(protocols[i]->name, model, section) != 0 ||
		    !has_name(pool, &config->models[i], model + section + 1))
			continue;
		*name_at_server = model + section + 1;
		return server_of(pool, &config->models[i], protocols[i]);
	}
	return NULL;
}

const char *const *model_names(struct pool *pool, const struct config *config)
{
	const char *const *lists[MODEL_SECTIONS];
	size_t count = 0, filled = 0;
	for (size_t i = 0; i < MODEL_SECTIONS; i++) {
		lists[i] = config_list(pool, config->models[i].models);
		for (const char *const *name = lists[i]; *name != NULL; name++)
			count++;
	}
	const char **names = pool_zalloc(pool, (count + 1) * sizeof *names);
	for (size_t i = 0; i < MODEL_SECTIONS; i++)
		for (const char *const *name = lists[i]; *name != NULL; name++)
			names[filled++] = pool_printf(pool, "%s/%s", protocols[i]->name, *name);
	return names;
}

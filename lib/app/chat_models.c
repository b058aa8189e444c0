#include "app/chat_models.h"
#include "chat/model_servers.h"
#include <string.h>

const struct chat_model chat_model_articles = { "knowledge", "Knowledge (articles only)",
						"knowledge" };

bool chat_model_is_articles(const char *name)
{
	return strcmp(name, chat_model_articles.name) == 0;
}

static struct chat_model of_server(struct pool *pool, const char *name)
{
	const char *slash = strchr(name, '/');
	return (struct chat_model){
		.name = name,
		.label = slash + 1,
		.protocol = pool_printf(pool, "%.*s", (int)(slash - name), name),
	};
}

struct chat_models chat_models(struct pool *pool, const struct config *config)
{
	const char *const *names = model_names(pool, config);
	size_t count = 0;
	while (names[count] != NULL)
		count++;
	struct chat_models models = { .count = count + 1 };
	models.items = pool_alloc(pool, models.count * sizeof *models.items);
	models.items[0] = chat_model_articles;
	for (size_t i = 0; i < count; i++)
		models.items[i + 1] = of_server(pool, names[i]);
	return models;
}

const struct chat_model *chat_model_find(const struct chat_models *models, const char *name)
{
	for (size_t i = 0; i < models->count; i++)
		if (strcmp(models->items[i].name, name) == 0)
			return &models->items[i];
	return NULL;
}

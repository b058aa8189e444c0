/* The models that people can choose, from the configuration. */
#pragma once
#include "base/config.h"

struct chat_model {
	const char *name;     /* as it is stored: "protocol/NAME", or that of the articles */
	const char *label;    /* for people */
	const char *protocol; /* "openai", "anthropic", or that of the articles */
};

struct chat_models {
	struct chat_model *items;
	size_t count;
};

/* What answers where no model does, "knowledge": the articles, which need no server. So a question to them
 * is answered in the request that asks it, and only another version of an answer by the worker. */
extern const struct chat_model chat_model_articles;
bool chat_model_is_articles(const char *name);

/* All of them; the articles are always the first. */
struct chat_models chat_models(struct pool *pool, const struct config *config);

/* The one of that name; NULL when it is not offered. */
const struct chat_model *chat_model_find(const struct chat_models *models, const char *name);

/* The models that people can choose, from the configuration. */
#pragma once
#include "base/config.h"

struct chat_model {
	const char *name;     /* as it is stored: "protocol/NAME", or "knowledge" */
	const char *label;    /* for people */
	const char *protocol; /* "openai", "anthropic", "knowledge" */
};

struct chat_models {
	struct chat_model *items;
	size_t count;
};

/* All of them; there is always one, "knowledge", which needs no server. */
struct chat_models chat_models(struct pool *pool, const struct config *config);

/* The one of that name; NULL when it is not offered. */
const struct chat_model *chat_model_find(const struct chat_models *models, const char *name);

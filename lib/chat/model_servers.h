/* Which models there are, and where. A model is called "openai/NAME" or "anthropic/NAME": the part before
 * the first '/' is the section of the configuration, the rest the server's own name for it. */
#pragma once
#include "base/config.h"
#include "chat/model_call.h"

/* The server of a model, in `pool`; `*name_at_server` points into `model`. NULL when the configuration
 * does not offer it. */
const struct model_server *model_server_of(struct pool *pool, const struct config *config,
					   const char *model, const char **name_at_server);

/* All names that model_server_of knows, in the order of the configuration; ends with NULL. */
const char *const *model_names(struct pool *pool, const struct config *config);

/* A client that may ask them. */
struct http_client *model_client_new(struct pool *pool, const struct config *config);

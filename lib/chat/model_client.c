#include "base/http_client.h"
#include "chat/model_servers.h"

struct http_client *model_client_new(struct pool *pool, const struct config *config)
{
	return http_client_new(pool,
			       &(struct http_client_options){
				       .trusted_hosts = config_list(pool, config->chat.model_hosts),
				       .ca_file = config->chat.model_ca_file });
}

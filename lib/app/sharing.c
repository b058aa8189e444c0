#include "app/sharing.h"
#include "base/crypto.h"
#include <string.h>

enum { TOKEN_CHARACTERS = 32 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char purpose[] = "gatehouse.share";

bool sharing_may_share(const struct visit *visit)
{
	return visit->app->config->chat.sharing != SHARING_OFF && visit->session != NULL &&
	       visit->session->kind != SESSION_BOT;
}

const char *sharing_new_token(struct pool *pool)
{
	return crypto_random_text(pool, alphabet, TOKEN_CHARACTERS);
}

const char *sharing_hash(struct pool *pool, const char *token)
{
	unsigned char digest[SHA256_BYTES];
	if (strlen(token) != TOKEN_CHARACTERS || strspn(token, alphabet) != TOKEN_CHARACTERS)
		return NULL;
	crypto_sha256(token, TOKEN_CHARACTERS, digest);
	return crypto_hex(pool, digest, sizeof digest);
}

const char *sharing_seal(const struct visit *visit, const char *conversation_id, const char *token)
{
	return crypto_seal(visit->pool, purpose, visit->app->config->django.secret_key,
			   conversation_id, token);
}

const char *sharing_unseal(const struct visit *visit, const char *conversation_id,
			   const char *sealed)
{
	const struct config *config = visit->app->config;
	return crypto_unseal(visit->pool, purpose, config->django.secret_key,
			     config->django.secret_key_fallbacks, conversation_id, sealed);
}

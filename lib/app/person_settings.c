#include "app/person_settings.h"
#include "app/trail.h"
#include "base/crypto.h"
#include "base/log.h"
#include <string.h>

const struct answer_language answer_languages[] = {
	{ "ar", "العربية", "Arabic" },        { "de", "Deutsch", "German" },
	{ "en", "English", "English" },       { "es", "Español", "Spanish" },
	{ "fr", "Français", "French" },       { "hi", "हिन्दी", "Hindi" },
	{ "id", "Indonesia", "Indonesian" },  { "it", "Italiano", "Italian" },
	{ "ja", "日本語", "Japanese" },       { "ko", "한국어", "Korean" },
	{ "nl", "Nederlands", "Dutch" },      { "pl", "Polski", "Polish" },
	{ "pt", "Português", "Portuguese" },  { "ru", "Русский", "Russian" },
	{ "tr", "Türkçe", "Turkish" },        { "uk", "Українська", "Ukrainian" },
	{ "vi", "Tiếng Việt", "Vietnamese" }, { "zh", "中文", "Chinese" },
};
const size_t answer_language_count = sizeof answer_languages / sizeof *answer_languages;

const char *const person_key_protocols[] = { "openai", "anthropic", NULL };

/* Keys of the known servers have 40 to 200 characters. */
enum { KEY_MIN_BYTES = 16, KEY_MAX_BYTES = 500, KEY_HINT_BYTES = 4 };

static const char key_purpose[] = "gatehouse.person_key";

const struct answer_language *answer_language_find(const char *code)
{
	for (size_t i = 0; i < answer_language_count; i++)
		if (strcmp(answer_languages[i].code, code) == 0)
			return &answer_languages[i];
	return NULL;
}

struct person_settings person_settings_default(void)
{
	return (struct person_settings){ .display_name = "",
					 .theme = "system",
					 .model = "",
					 .character_id = "",
					 .enter_sends = true,
					 .answer_language = "" };
}

/* "openai 1234" in lines, as the statement gives them. */
static void read_keys(struct pool *pool, const char *at, struct person_settings *settings)
{
	size_t room = sizeof settings->keys / sizeof *settings->keys;
	while (*at != '\0' && settings->key_count < room) {
		size_t length = strcspn(at, "\n"), name = strcspn(at, " ");
		struct person_key *key = &settings->keys[settings->key_count++];
		key->protocol = pool_strndup(pool, at, name);
		key->hint = pool_strndup(pool, at + name + 1, length - name - 1);
		at += length + (at[length] == '\n');
	}
}

enum outcome person_settings_load(struct app *app, struct pool *pool, const char *user_id,
				  struct person_settings *settings)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(app->postgresql, pool, STATEMENT_SETTINGS_LOAD,
				      (const char *const[]){ user_id }, 1, &rows);
	if (outcome != OK)
		return outcome;
	*settings = (struct person_settings){
		.display_name = pg_text(rows, 0, 0),
		.theme = pg_text(rows, 0, 1),
		.model = pg_text(rows, 0, 2),
		.character_id = pg_text(rows, 0, 3),
		.enter_sends = pg_bool(rows, 0, 4),
		.answer_language = pg_text(rows, 0, 5),
		.no_storage = pg_bool(rows, 0, 7),
	};
	read_keys(pool, pg_text(rows, 0, 6), settings);
	return OK;
}

void person_settings_follow(struct visit *visit)
{
	struct person_settings settings;
	if (visit->session == NULL ||
	    person_settings_load(visit->app, visit->pool, visit->session->user_id, &settings) != OK)
		return;
	visit_set_theme(visit, strcmp(settings.theme, "system") == 0 ? "" : settings.theme);
}

enum outcome person_settings_store(struct app *app, struct pool *pool, const char *user_id,
				   const struct person_settings *settings)
{
	const char *const parameters[] = {
		user_id,
		settings->display_name,
		settings->theme,
		settings->model,
		*settings->character_id != '\0' ? settings->character_id : NULL,
		settings->enter_sends ? "true" : "false",
		settings->answer_language,
		settings->no_storage ? "true" : "false",
	};
	return pg_run(app->postgresql, pool, STATEMENT_SETTINGS_STORE, parameters, 8, NULL);
}

const char *person_settings_prompt(struct pool *pool, const struct person_settings *settings)
{
	const struct answer_language *language = answer_language_find(settings->answer_language);
	struct buffer out = buffer_new(pool, 128);
	if (*settings->display_name != '\0')
		buffer_printf(&out, "The person you talk with is called %s.",
			      settings->display_name);
	if (language != NULL)
		buffer_printf(&out, "%sAnswer in %s, whatever language the question is in.",
			      out.length > 0 ? " " : "", language->english);
	return out.bytes;
}

/* ---- Keys ---- */

const char *person_key_problem(const char *key)
{
	size_t length = strlen(key);
	if (length == 0)
		return "Enter the key.";
	for (const char *c = key; *c != '\0'; c++)
		if (*c < 0x21 || *c > 0x7e)
			return "A key has no spaces and no letters beyond A to Z.";
	if (length < KEY_MIN_BYTES)
		return "This is too short for a key.";
	return length > KEY_MAX_BYTES ? "This is too long for a key." : NULL;
}

/* A sealed key opens for this person and this protocol only. */
static const char *key_context(struct pool *pool, const char *user_id, const char *protocol)
{
	return pool_printf(pool, "%s %s", protocol, user_id);
}

/* The secret that seals, and in `earlier` all others that may have. */
static const char *key_secret(struct pool *pool, const struct config *config, const char **earlier)
{
	const char *own = config->chat.key_secret, *django = config->django.secret_key;
	*earlier = config->django.secret_key_fallbacks;
	if (*own == '\0')
		return django;
	*earlier = pool_printf(pool, "%s %s", django, *earlier);
	return own;
}

/* The statement and its entry in the audit trail. */
static enum outcome change_key(struct visit *visit, const char *protocol, const char *reason,
			       struct pg_call act)
{
	struct audit_entry entry = trail_entry(visit, AUDIT_OWN_KEY_CHANGED, visit->session,
					       reason);
	struct value *detail = value_object(visit->pool);
	value_set_string(detail, "server", protocol);
	entry.detail = detail;
	struct pg_call calls[] = { act, audit_call(visit->pool, &entry) };
	return pg_run_all(visit->app->postgresql, visit->pool, calls, 2);
}

enum outcome person_key_store(struct visit *visit, const char *protocol, const char *key)
{
	const struct config *config = visit->app->config;
	const char *user_id = visit->session->user_id;
	if (!config->chat.own_keys)
		return FORBIDDEN;
	const char *earlier, *secret = key_secret(visit->pool, config, &earlier);
	const char *context = key_context(visit->pool, user_id, protocol);
	const char *const parameters[] = {
		user_id,
		protocol,
		crypto_seal(visit->pool, key_purpose, secret, context, key),
		key + strlen(key) - KEY_HINT_BYTES,
	};
	return change_key(visit, protocol, "stored",
			  (struct pg_call){ STATEMENT_SETTINGS_KEY_STORE, parameters, 4, NULL });
}

enum outcome person_key_load(struct app *app, struct pool *pool, const char *user_id,
			     const char *protocol, const char **key)
{
	if (!app->config->chat.own_keys)
		return NOT_FOUND;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(app->postgresql, pool, STATEMENT_SETTINGS_KEY_LOAD,
				      (const char *const[]){ user_id, protocol }, 2, &rows);
	if (outcome != OK || pg_row_count(rows) == 0)
		return outcome != OK ? outcome : NOT_FOUND;
	const char *earlier, *secret = key_secret(pool, app->config, &earlier);
	*key = crypto_unseal(pool, key_purpose, secret, earlier,
			     key_context(pool, user_id, protocol), pg_text(rows, 0, 0));
	if (*key == NULL)
		log_event(LOG_LEVEL_WARNING, "person_key_unreadable", "user", user_id, "protocol",
			  protocol, NULL);
	return *key != NULL ? OK : NOT_FOUND;
}

enum outcome person_key_remove(struct visit *visit, const char *protocol)
{
	const char *const parameters[] = { visit->session->user_id, protocol };
	return change_key(visit, protocol, "removed",
			  (struct pg_call){ STATEMENT_SETTINGS_KEY_REMOVE, parameters, 2, NULL });
}

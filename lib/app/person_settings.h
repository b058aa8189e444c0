/* What a person has set for themselves, and their own keys of model servers. */
#pragma once
#include "app/visit.h"

enum { DISPLAY_NAME_MAX = 80 }; /* characters */

struct person_key {
	const char *protocol; /* "openai", "anthropic" */
	const char *hint;     /* the key's last four characters */
};

struct person_settings {
	const char *display_name; /* what to call them; "": nothing said */
	const char *theme;        /* "system", "light", "dark" */
	const char *model;        /* "": the site's default */
	const char *character_id; /* UUID of one that they see, or "" */
	bool no_storage;          /* new conversations are temporary */
	bool enter_sends;         /* Enter sends, Shift+Enter breaks the line; else the reverse */
	const char *answer_language; /* a code of answer_languages, or "": the question's */
	struct person_key keys[2];
	size_t key_count;
};

/* What holds for somebody who set nothing. */
struct person_settings person_settings_default(void);

enum outcome person_settings_load(struct app *app, struct pool *pool, const char *user_id,
				  struct person_settings *settings);

/* Let the browser of somebody who has just signed in show their theme. What cannot be read changes
 * nothing: a theme keeps nobody out. */
void person_settings_follow(struct visit *visit);

/* Store all but the keys. */
enum outcome person_settings_store(struct app *app, struct pool *pool, const char *user_id,
				   const struct person_settings *settings);

/* Sentences for a system prompt: what to call the person, and in what language to answer. "" when
 * nothing of that was set. */
const char *person_settings_prompt(struct pool *pool, const struct person_settings *settings);

/* The languages to choose from; `name` is in that language, `english` for a prompt. */
struct answer_language {
	const char *code; /* BCP 47 */
	const char *name, *english;
};
extern const struct answer_language answer_languages[];
extern const size_t answer_language_count;
const struct answer_language *answer_language_find(const char *code);

/* ---- Own keys: AES-256-GCM under [chat] key_secret, bound to the person and the protocol ---- */

/* The protocols that take one; NULL ends them. */
extern const char *const person_key_protocols[];

/* Why this text cannot be a key, as a sentence; NULL when it can. */
const char *person_key_problem(const char *key);

/* Store a key of this visit's person, in place of an earlier one. This and removing it are in the audit
 * trail, without anything of the key. FORBIDDEN: [chat] own_keys is off. */
enum outcome person_key_store(struct visit *visit, const char *protocol, const char *key);

/* The key itself, for calling a server with; it is wiped with `pool`. NOT_FOUND: none is stored, or
 * own keys are off, or it was sealed under a secret that is no more. */
enum outcome person_key_load(struct app *app, struct pool *pool, const char *user_id,
			     const char *protocol, const char **key);

/* NOT_FOUND: there was none. */
enum outcome person_key_remove(struct visit *visit, const char *protocol);

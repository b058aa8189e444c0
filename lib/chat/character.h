/* Characters: whom people chat with. Each belongs to the person who made it, or to the site; shared
 * ones are seen by everybody, and changed by administrators only. Whoever asks for somebody else's
 * private one gets NOT_FOUND. */
#pragma once
#include "base/outcome.h"
#include "base/value.h"
#include "db/postgresql.h"

/* Limits in characters, as the table has them; no limit of a card format is smaller. */
enum {
	CHARACTER_NAME_MAX = 80,
	CHARACTER_CATEGORY_MAX = 40,
	CHARACTER_BACKSTORY_MAX = 20000,
	CHARACTER_GREETING_MAX = 8000,
	CHARACTER_PROMPT_MAX = 20000,
	CHARACTER_MODEL_MAX = 200,
	CHARACTER_TAG_MAX = 30,
	CHARACTER_TAGS_MAX = 10,
	CHARACTER_STYLE_MAX = 10, /* from 0; the middle says nothing about the style */
	CHARACTER_TEMPERATURE_MAX = 2,
	CHARACTERS_PER_PERSON = 200
};

/* In bytes. */
enum {
	CHARACTER_FILLED_MAX = 64 << 10, /* a prompt or greeting when its macros are filled in */
	CHARACTER_PERSON_BYTES = 320     /* the longest name that {{user}} may become */
};

/* The order is that of the table's columns and of character_style_names. */
enum character_style {
	CHARACTER_DIRECTNESS,
	CHARACTER_WARMTH,
	CHARACTER_FORMALITY,
	CHARACTER_EMPATHY,
	CHARACTER_HUMOUR,
	CHARACTER_STYLES
};

enum { CHARACTER_TRAITS = 8 };

extern const char *const character_style_names[CHARACTER_STYLES]; /* "directness", … */
extern const char *const character_trait_names[CHARACTER_TRAITS]; /* "Analytical", … */

struct character {
	const char *id;       /* UUID; NULL while it is not stored */
	const char *owner_id; /* NULL: the site's own */
	const char *name;
	const char *category;  /* "" for none, as every text below */
	const char *backstory; /* who it is and what it knows */
	const char *greeting;  /* what it says first */
	unsigned traits;       /* bit i: character_trait_names[i] */
	int64_t styles[CHARACTER_STYLES];
	const char *system_prompt; /* "": made from the fields (character_system_prompt) */
	const char *model;         /* "protocol/NAME", "knowledge", or "" for the site's default */
	double temperature;        /* negative: the model's own */
	const char *tags[CHARACTER_TAGS_MAX];
	size_t tag_count;
	bool is_shared;
	int64_t created_at_s, updated_at_s;
};

/* A character with nothing said about it: all texts "", all styles in the middle. */
struct character character_blank(void);

/* Who asks. */
struct character_person {
	const char *user_id;
	bool is_admin;
};

/* Whether the person may change it: a shared one only as an administrator, else only their own. */
bool character_is_changeable(const struct character *character,
			     const struct character_person *person);

/* The character, if this person sees it; else NOT_FOUND, also for what is no UUID. */
enum outcome character_load_for(struct pg_pool *database, struct pool *pool, const char *user_id,
				const char *id, struct character *character);

enum character_whose {
	CHARACTERS_ALL,
	CHARACTERS_MINE,
	CHARACTERS_SHARED,
	CHARACTERS_TO_CHANGE /* which the person may change */
};

struct character_query {
	const char *search; /* within name, category, backstory, greeting, traits, tags; "": all */
	const char *category; /* "" for any, as `tag` */
	const char *tag;
	enum character_whose whose;
	size_t limit, offset;
};

/* One page of a list, by name. Backstory and greeting are cut at 400 characters, and the system
 * prompt is left out. */
struct character_page {
	struct character *items;
	size_t count;
	int64_t total; /* on all pages; 0 also when `offset` lies behind the end */
};

enum outcome character_list(struct pg_pool *database, struct pool *pool,
			    const struct character_person *person,
			    const struct character_query *query, struct character_page *page);

/* Store a new one for its owner_id, under its id, a new UUID. CONFLICT: the owner has
 * CHARACTERS_PER_PERSON already (a few more when they are stored at the same moment). `entry`, here
 * and below, is a statement of the same transaction, of the audit trail; NULL: there is none. */
enum outcome character_create(struct pg_pool *database, struct pool *pool,
			      const struct character *character, const struct pg_call *entry);

/* Store it as it is now, under its id. NOT_FOUND: not there, or not this person's to change. */
enum outcome character_update(struct pg_pool *database, struct pool *pool,
			      const struct character_person *person,
			      const struct character *character, const struct pg_call *entry);

enum outcome character_delete(struct pg_pool *database, struct pool *pool,
			      const struct character_person *person, const char *id,
			      const struct pg_call *entry);

/* Store one of the site's own, shared, under its name, with its entry in the audit trail. */
enum character_change { CHARACTER_CREATED, CHARACTER_UPDATED, CHARACTER_UNCHANGED };
enum outcome character_import(struct pg_pool *database, struct pool *pool,
			      const struct character *character, enum character_change *change);

/* Words in use among what a person sees, with how many characters have each. */
struct character_word {
	const char *word;
	int64_t count;
};
struct character_words {
	struct character_word *items;
	size_t count;
};
enum outcome character_categories(struct pg_pool *database, struct pool *pool, const char *user_id,
				  struct character_words *words);
enum outcome character_tags(struct pg_pool *database, struct pool *pool, const char *user_id,
			    struct character_words *words);

/* The bit of a trait by its name, whatever the case of its letters; 0 for a word that is none. */
unsigned character_trait(const char *name);

/* What a model is told about the character, as plain English that a person can read and change: its
 * own system_prompt where it has one, else one made from the fields. {{char}} becomes the name,
 * {{user}} "the person you talk with", the first {{original}} within a system_prompt what would have
 * been made. Never "", and cut at CHARACTER_FILLED_MAX. */
const char *character_system_prompt(struct pool *pool, const struct character *character);
bool character_prompt_is_cut(struct pool *pool, const struct character *character);

/* The greeting with {{char}} and {{user}} filled in; `person` is what to call who reads it, such as
 * "you" or their display name. "" when the character has none. Cut at CHARACTER_FILLED_MAX. */
const char *character_greeting(struct pool *pool, const struct character *character,
			       const char *person);
/* Whether it would be cut for somebody with the longest name. */
bool character_greeting_is_cut(struct pool *pool, const struct character *character);

/* The table of settings, shared by the reader and the writers of configuration. */
#pragma once
#include "base/config.h"

enum setting_type {
	SETTING_TEXT,
	SETTING_SECRET, /* wiped at the end, never printed; also as KEY_file */
	SETTING_INTEGER,
	SETTING_BOOLEAN, /* on, off */
	SETTING_CHOICE   /* one of `choices`; stored as its index */
};

struct setting {
	const char *section;
	const char *key;
	enum setting_type type;
	size_t offset;        /* in struct config */
	const char *fallback; /* the default as one would write it; NULL: required */
	int64_t minimum, maximum;
	const char *choices; /* "one|two|three" */
	const char *help;    /* a sentence */
};

extern const struct setting settings[];
extern const size_t setting_count;

/* Say what does not go together (config_check.c), and make what follows from other settings, such as
 * site.origin. `complain` gets the place of a setting within struct config. */
void config_check(struct pool *pool, struct config *config,
		  void (*complain)(void *user, size_t offset, const char *reason), void *user);

/* What the settings of models say that cannot be; each is given to `complain` with the offset of its
 * setting. Trailing slashes of addresses are cut off. */
void config_check_models(struct pool *pool, struct config *config,
			 void (*complain)(void *user, size_t offset, const char *reason),
			 void *user);

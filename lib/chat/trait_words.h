/* Suggestions: which traits a text about a character speaks of, by rules over its words alone. */
#pragma once
#include "base/memory.h"
#include "chat/character.h"

/* A trait with the words of the text that speak for it, at most TRAIT_REASONS_MAX of them, each once
 * and in lower case. */
enum { TRAIT_REASONS_MAX = 5 };
struct trait_suggestion {
	unsigned trait; /* index in character_trait_names */
	const char *words[TRAIT_REASONS_MAX];
	size_t word_count;
	int64_t hits; /* how often such words stand there */
};

/* The traits that at least one word speaks for, most words first; returns how many. A word speaks for
 * a trait when it begins with one of the trait's stems (docs/CHARACTERS.md lists them); one that
 * follows "not", "never", "no", "without" or a word ending in "n't" does not count. */
size_t trait_suggest(struct pool *pool, const char *text,
		     struct trait_suggestion suggestions[static CHARACTER_TRAITS]);

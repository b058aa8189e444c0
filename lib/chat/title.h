/* Titles of conversations, made of what was asked. */
#pragma once
#include "base/memory.h"

enum { TITLE_CHARACTERS = 60 };

/* The first sentence of a question that is more than a greeting or thanks, without the marks of
 * Markdown, cut between two words to TITLE_CHARACTERS. "" when there is none: a later question may
 * say more. `question` is UTF-8; lives in `pool`. */
const char *title_of_question(struct pool *pool, const char *question);

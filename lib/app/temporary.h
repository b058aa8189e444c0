/* Temporary conversations: asking, and what seals their words on the way through the database. */
#pragma once
#include "app/ask.h"
#include "chat/temporary.h"

/* Whether new conversations of this visit's person are temporary unless they say otherwise. */
enum outcome temporary_is_usual(struct visit *visit, bool *is_usual);

/* Ask the last of the turns, of which `wanted` has the rest (its question does not count). As `ask`,
 * but nothing is stored: answer->content, or answer->stored.answer_id of one that begins to grow. */
enum outcome temporary_question(struct visit *visit, const struct ask *wanted,
				const struct answer_turns *turns, struct ask_answer *answer);

/* A piece of an answer as the database gets it; the text itself unless the answer is temporary. */
const char *temporary_seal_piece(const struct config *config, struct pool *pool,
				 const char *answer_id, const char *text);

/* Make the text of a temporary answer readable: its pieces are sealed, each on a line. Nothing to do for
 * another answer. */
void temporary_open_answer(const struct config *config, struct pool *pool, struct answer *answer);

/* What was said before a temporary answer; the question is the last. False: it cannot be read. */
bool temporary_open_turns(const struct config *config, struct pool *pool, struct answer_task *task);

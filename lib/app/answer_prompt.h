/* What a model is told: who it is to be, what the articles say about the question, and what was said
 * before. */
#pragma once
#include "app/app.h"
#include "chat/answer_work.h"
#include "chat/model.h"

struct answer_prompt {
	struct model_prompt model; /* without its name and longest answer */
	const char *sources; /* Markdown to put below the answer: which articles; NULL: none */
};

/* Put the prompt for a task together, in `pool`. */
enum outcome answer_prompt_make(struct app *app, struct pg_pool *database, struct pool *pool,
				const struct answer_task *task, struct answer_prompt *prompt);

/* Who makes the answers of models: the worker gatehouse-answerd, which is started when none is there. */
#pragma once
#include "app/visit.h"
#include "chat/question.h"

/* A question waits for an answer: see that somebody makes it. The worker hears of it from the database;
 * this starts one when none was there a moment ago, or makes the answer here and now where
 * [chat] generation = inline. */
void answer_worker_wake(struct visit *visit, const struct question_stored *stored);

/* Start the worker in the background, at most once in two seconds; when there is one already, the new
 * one ends at once. Does nothing where [chat] generation = inline. Any thread. */
void answer_worker_start(const struct config *config, struct pool *pool);

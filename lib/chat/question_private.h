/* What questions that are stored and questions that are not have in common. */
#pragma once
#include "base/value.h"
#include "chat/question.h"

/* Limits as the database's functions want them. */
struct value *question_limits_value(struct pool *pool, const struct question_limits *limits);

/* The row that they give back. */
void question_read_stored(const struct pg_rows *rows, struct question_stored *stored);

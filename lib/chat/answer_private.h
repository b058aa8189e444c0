/* What answer.c and answer_work.c share. */
#pragma once
#include "base/memory.h"

/* Numbers as an array of PostgreSQL's: "{1,2,3}". */
const char *answer_number_array(struct pool *pool, size_t count,
				int64_t (*number)(const void *items, size_t index),
				const void *items);

/* What somebody used of the chat, for their page of figures. Days are UTC, as the limits' days are. */
#pragma once
#include "base/outcome.h"
#include "db/postgresql.h"

enum { USAGE_DAYS = 30 };

struct usage_day {
	const char *date;  /* "2026-11-20" */
	const char *words; /* "20 Nov" */
	int64_t messages;
	int64_t prompt_tokens, answer_tokens;
};

struct usage {
	int64_t messages_last_minute;
	int64_t answers_now;               /* being written */
	int64_t next_day_s;                /* seconds until today's figures begin anew */
	struct usage_day days[USAGE_DAYS]; /* today last */
};

/* All of it in one round trip. */
enum outcome usage_load(struct pg_pool *database, struct pool *pool, const char *user_id,
			struct usage *usage);

/* Tokens of an answer that is not there any more count for today. */
enum outcome usage_add(struct pg_pool *database, struct pool *pool, const char *user_id,
		       int64_t prompt_tokens, int64_t answer_tokens);

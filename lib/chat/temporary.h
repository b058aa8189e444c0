/* Temporary conversations: nobody keeps them but the page that shows them. It sends along what was said;
 * an answer of a model passes through two tables (sql/postgresql/011_sharing_usage.sql) while it grows,
 * sealed, and is forgotten when the page has it. */
#pragma once
#include "base/value.h"
#include "chat/answer_work.h"
#include "chat/question.h"

/* More than most models read, and few enough for the limits of a body: 1,000 values of JSON, and 1 MiB
 * with percent escapes. */
enum { TEMPORARY_TURNS_MAX = 300, TEMPORARY_BYTES_MAX = 200 << 10 };

/* Temporary answers are told from others by their ids, which are negative. */
bool temporary_is_answer(const char *answer_id);

/* Read turns as a page or a program sends them: an array of {"role", "content"}, or its JSON as a text. Any
 * order of "user" and "assistant", clean text only. `*turns` has room for one turn more. OK; BAD_REQUEST;
 * TOO_LARGE: more than the limits above. NULL or an empty text is no turn. */
enum outcome temporary_turns_read(struct pool *pool, const struct value *given,
				  struct answer_turns *turns);

/* As JSON, for the page to send back. */
const char *temporary_turns_write(struct pool *pool, const struct answer_turns *turns);

/* The newest of them that fit into `characters`, the last in any case. */
struct answer_turns temporary_turns_newest(const struct answer_turns *turns, size_t characters);

/* Ask without storing anything: `question` as for question_store, of which conversation, parent, text and
 * title do not count; `sealed` are the turns, the question last, and `turn_count` says how many there
 * are. With an answer of the articles (question->answer) only its being asked is counted. Of
 * `*stored`, verdict, limit, wait, answer_id and has_worker are set. */
enum outcome temporary_ask(struct pg_pool *database, struct pool *pool,
			   const struct question *question, const char *sealed, size_t turn_count,
			   struct question_stored *stored);

/* The page has this answer: delete it. OK also when it is not there, or not over. */
enum outcome temporary_forget(struct pg_pool *database, struct pool *pool, const char *user_id,
			      const char *answer_id);

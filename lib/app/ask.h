/* Asking: a question is stored, and answered at once by the articles or later by a model. */
#pragma once
#include "app/visit.h"
#include "chat/question.h"

struct ask {
	const char *conversation_id; /* "": begin a new conversation, with the next four */
	const char *country;         /* "" when left open, as the next three */
	const char *service;
	const char *character_id;
	const char *model;
	const char *question;
	const char *submit_key; /* "": none */
	const char *parent_id;  /* "": after what is shown; see struct question */
};

struct ask_answer {
	struct question_stored stored;
	const char *content; /* Markdown of an answer that is there; NULL: it is on its way */
};

/* OK only after the question is stored. NOT_FOUND: not this person's conversation. CONFLICT: it is over,
 * or its last answer is still being written. TOO_MANY_ATTEMPTS: their limit is reached; Retry-After says
 * when it goes on, unless the limit is the conversation's length. Of these two `answer->stored` says
 * which, and ask_sentence says it in words.
 * UNAVAILABLE: the database does not answer; nothing was stored. */
enum outcome ask(struct visit *visit, const struct ask *wanted, struct ask_answer *answer);

/* What the articles say to a question at once, as the answer's content. TOO_MANY_ATTEMPTS, as of ask: their
 * limit is reached, and nothing was searched. */
enum outcome ask_articles(struct visit *visit, const struct question *asked,
			  struct ask_answer *answer);

/* Let the same model answer a question again: another version. */
enum outcome ask_again(struct visit *visit, const char *question_id, struct ask_answer *answer);

/* What makes a form that is sent twice one question: a new name for the form, and the one that came back,
 * made one person's own, so that nobody meets somebody else's. "": it has none. */
const char *ask_new_key(struct pool *pool);
const char *ask_key(struct visit *visit);

/* What this visit's person may use: of their kind of session, or their own. */
struct question_limits ask_limits(const struct visit *visit);

/* Who answers: the first that says something and is still there, of the conversation, its character, and
 * what the operator set; without any, the articles. A new conversation also takes what the
 * person has set, and keeps only what there is and what is theirs to use. */
enum outcome ask_choose_model(struct visit *visit, bool is_new, struct conversation *conversation,
			      const char **model);

/* The outcome of a verdict; sets Retry-After where there is one. */
enum outcome ask_outcome(struct visit *visit, const struct question_stored *stored);

/* visit_refuse of a question that was not taken, with why (NULL: what the outcome says). A conversation that is
 * as long as it may be has an error code of its own: no waiting helps. Sets "over_quota" for the others. */
void ask_refuse(struct visit *visit, enum outcome reason, const char *sentence,
		const char *template_name);

/* Why a question was not taken, for the person. NULL: nothing to add to what the outcome says. */
const char *ask_sentence(struct visit *visit, const struct question_stored *stored);

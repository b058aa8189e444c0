/* Asking: a question goes to the responder, question and answer are stored together. */
#pragma once
#include "app/visit.h"
#include "chat/conversation.h"

struct ask {
	const char *conversation_id; /* "": begin a new conversation */
	const char *country;         /* of a new one; "" when left open */
	const char *service;
	const char *question;
};

struct ask_answer {
	const char *conversation_id;
	const char *ids[2];  /* of the two messages */
	const char *content; /* Markdown */
};

/* OK only after both are stored. NOT_FOUND: not this person's conversation. CONFLICT: it is over.
 * UNAVAILABLE: the database does not answer; nothing was stored. */
enum outcome ask(struct visit *visit, const struct ask *wanted, struct ask_answer *answer);

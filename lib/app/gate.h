/* The gate: answers the web server's question who may see a file, a script or a proxied application
 * of its own. FastCGI's authorizer role, or nginx's auth_request. */
#pragma once
#include "access/access.h"
#include "app/visit.h"

struct gate_answer {
	const struct access_rule *rule; /* the one that decided */
	enum access_decision decision;
	enum outcome reason; /* what session_check said, for the words of a refusal */
};

/* Learn who is there and ask the rule of the request: the one that the web server named, and where
 * the rules file has paths, also the path's. OK: there is an answer. UNAVAILABLE: cannot tell.
 * BAD_REQUEST: rules with paths, and a path that can be written in more than one way. */
enum outcome gate_decide(struct visit *visit, struct gate_answer *answer);

/* Whether what the backend is to learn about the visitor can be told to it: in a header, so without
 * control characters, and at most 1,024 bytes each. Who cannot be named is not let in. */
bool gate_can_tell(const struct visit *visit);

/* Answer the web server. Allowed: 200 and the variables that it hands to its backend. Refused: in
 * words where they reach the client (`in_words`), else only as 401, 403 or 503, which is all that
 * nginx takes; then the web server asks the guard for the words. */
void gate_serve(struct visit *visit, bool in_words);

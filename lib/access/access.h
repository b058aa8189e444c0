/* Access: the one place that says who may. The guard of the pages, and later the gate in front of
 * the web server's own files, only put its answer into words. */
#pragma once
#include <stdbool.h>

/* What a page asks of its visitor. Nothing is the strictest common case: somebody signed in. */
enum access_need {
	ACCESS_SIGNED_IN = 0,
	ACCESS_PUBLIC = 1 << 0 /* open to everybody */
};

struct access_rule {
	unsigned needs; /* of enum access_need */
};

/* What is known about the visitor, all of it checked. */
struct access_facts {
	bool is_signed_in;
};

enum access_decision {
	ACCESS_ASK_SIGN_IN = 0, /* also what a forgotten case means */
	ACCESS_ALLOW
};

enum access_decision access_decide(const struct access_facts *facts,
				   const struct access_rule *rule);

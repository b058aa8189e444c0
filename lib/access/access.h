/* Access: the one place that says who may. The guard of the pages and the gate in front of the web
 * server's own files only put its answer into words. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What a page asks of its visitor. Nothing is the strictest common case: somebody signed in. */
enum access_need {
	ACCESS_SIGNED_IN = 0,
	ACCESS_PUBLIC = 1 << 0,        /* open to everybody */
	ACCESS_GUEST = 1 << 1,         /* also to a visitor who only gave an email address */
	ACCESS_FRESH = 1 << 2,         /* the password was given lately */
	ACCESS_SECOND_FACTOR = 1 << 3, /* and a second factor */
	ACCESS_ADMIN = 1 << 4,         /* administrators in a session of their kind */
	ACCESS_STALE = 1 << 5          /* the password may be due: the page that asks for it */
};

/* Everything that a rule asks must be so. A list that is NULL asks nothing; users and groups are one
 * list, of which one must fit. */
struct access_rule {
	const char *name; /* NULL: a page's own */
	unsigned needs;   /* of enum access_need */
	const char *const *users;
	const char *const *groups;
	const char *const *kinds;
	const char *const *methods;
	int64_t fresh_s; /* 0: with ACCESS_FRESH, what the session's kind says */
};

/* What is known about the visitor, all of it checked. */
struct access_facts {
	bool is_signed_in;
	bool is_guest;
	const char *user_id;
	const char *username;
	const char *groups; /* with commas between, "" for none */
	const char *kind;   /* of the session */
	const char *admin_group;
	bool saw_password;        /* here; else nobody knows when it was given */
	int64_t authenticated_s;  /* since then, or since the session was first seen */
	int64_t reauthenticate_s; /* when it is asked for again; 0: never */
	bool remember;            /* the sign-in is meant to last; only fresh pages ask again */
	bool has_second_factor;
	const char *method; /* of the request */
};

enum access_decision {
	ACCESS_ASK_SIGN_IN = 0, /* also what a forgotten case means */
	ACCESS_ALLOW,
	ACCESS_ASK_PASSWORD,
	ACCESS_ASK_SECOND_FACTOR,
	ACCESS_REFUSE,
	ACCESS_REFUSE_METHOD
};

enum access_decision access_decide(const struct access_facts *facts,
				   const struct access_rule *rule);

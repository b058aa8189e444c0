/* Routes: which handler answers which address. Each page's file has a table of them; a program
 * names the tables it serves. */
#pragma once
#include "access/access.h"
#include "app/visit.h"

/* What a route asks for. The default is: somebody signed in, and a CSRF token on every method that
 * changes something. A forgotten bit closes a page, never opens one. */
enum route_need {
	SIGNED_IN = ACCESS_SIGNED_IN,
	PUBLIC = ACCESS_PUBLIC,
	GUEST = ACCESS_GUEST,
	FRESH = ACCESS_FRESH,
	SECOND_FACTOR = ACCESS_SECOND_FACTOR,
	ADMIN = ACCESS_ADMIN,
	STALE = ACCESS_STALE,
	ROUTE_ACCESS = 0xff,   /* the bits that access_decide reads */
	NO_SESSION = 1 << 8,   /* does not even look who is there; only with PUBLIC */
	JSON_SIGN_IN = 1 << 9, /* a program without a session may post JSON without a CSRF token */
	LEAVES = 1 << 10,      /* ends the session, also while the users table is away */
	SECRET_ADDRESS = 1 << 11, /* who has the address may read: visit.is_secret_address */
	LARGE_FILE = 1 << 12,     /* a form with a file may be as long as [chat] import_limit */
	/* The password was given in the last [session] fresh_minutes; as FRESH where that is 0. */
	RECENT = 1 << 13 | ACCESS_FRESH
};

struct route {
	unsigned methods; /* METHOD_GET (includes HEAD), METHOD_POST, … */
	/* A last '*' stands for anything that follows, also nothing; one before, as in "/a/" "*" "/b",
	 * for anything without a slash. Of several that fit, the longest counts. */
	const char *path;
	unsigned needs;
	/* Do it. OK: the reply is complete; anything else becomes the error page. */
	enum outcome (*handle)(struct visit *visit);
	/* For a form: show it again with what was typed, because the CSRF token was stale. Nothing
	 * may be changed. NULL: the error page. */
	enum outcome (*show_again)(struct visit *visit);
};

/* A page's routes, ended by a row without a path. */
struct route_table {
	const char *name; /* of the page */
	const struct route *routes;
	bool is_gate; /* no pages: the program also answers the web server's question who may */
};

/* The route for a path and method. NULL: none; then `*allowed` has the methods that the path takes,
 * 0 when nobody knows the path. `*rest` gets the path from '*' on. */
const struct route *route_find(const struct route_table *const *tables, const char *path,
			       enum method method, unsigned *allowed, const char **rest);

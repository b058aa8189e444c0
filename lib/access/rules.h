/* The rules file: what the wall asks of visitors, by name. The web server's configuration says which
 * rule holds where; paths in the file are an extra, for what the server cannot name.
 *
 *   [staff]
 *   groups = staff, editors
 *   fresh_minutes = 15
 *
 * A rule asks for somebody signed in unless it says `require = public` or `require = guest`. */
#pragma once
#include "access/access.h"
#include "base/text.h"

struct access_rules;

/* Read a rules file. NULL when something is wrong; then `errors` has a line for each problem,
 * "FILE:LINE: reason". An empty path gives no rules. */
const struct access_rules *access_rules_load(struct pool *pool, const char *path,
					     struct buffer *errors);

/* The same from text, for tests. */
const struct access_rules *access_rules_read(struct pool *pool, const char *name, const char *bytes,
					     size_t length, struct buffer *errors);

/* The rule of a name. NULL and "" and a name that no rule has are somebody signed in; `*known` says
 * whether the name was one that we know (no name counts as known). */
const struct access_rule *access_rules_find(const struct access_rules *rules, const char *name,
					    bool *known);

/* The names of all rules, with spaces between; "" when there are none. */
const char *access_rules_names(const struct access_rules *rules, struct pool *pool);

/* The rule whose `paths` fit the path, the longest pattern first; NULL: none. A pattern is a path, with
 * everything below it, or the beginning of one that ends in '*'. */
const struct access_rule *access_rules_find_path(const struct access_rules *rules,
						 const char *path);

/* Whether the file has rules with paths at all. */
bool access_rules_have_paths(const struct access_rules *rules);

/* Whether the path of an address, as the client wrote it (the query left out), is written in its one
 * plain form: no empty, "." or ".." segment; bytes that can stand for themselves do, others are
 * written as %XX in capitals; none that a server could take for a part of the path's shape ('\\',
 * ';', '%', '#', '?', control bytes), encoded or not. */
bool access_path_is_canonical(const char *target);

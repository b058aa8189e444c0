#include "access/rules.h"
#include "base/config.h"
#include "base/file.h"
#include "base/ini.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20, RULES_MAX = 1000 };

struct named_rule {
	struct access_rule rule;
	const char *const *paths;
	struct named_rule *next;
};

struct access_rules {
	struct named_rule *first;
	bool have_paths;
};

/* What counts where no rule is named. */
static const struct access_rule signed_in = { .name = "signed_in" };

struct loading {
	struct pool *pool;
	const char *name;
	struct buffer *errors;
	struct access_rules *rules;
	int count;
	bool failed;
};

static void complain(void *user, int line, const char *reason)
{
	struct loading *loading = user;
	if (line > 0)
		buffer_printf(loading->errors, "%s:%d: %s\n", loading->name, line, reason);
	else
		buffer_printf(loading->errors, "%s: %s\n", loading->name, reason);
	loading->failed = true;
}

static bool take_require(struct loading *loading, struct named_rule *rule, const char *value)
{
	static const struct {
		const char *name;
		unsigned needs;
	} levels[] = {
		{ "public", ACCESS_PUBLIC },
		{ "guest", ACCESS_GUEST },
		{ "signed_in", ACCESS_SIGNED_IN },
	};
	(void)loading;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i].name, value) == 0) {
			rule->rule.needs |= levels[i].needs;
			return true;
		}
	return false;
}

/* A list that was written down but is empty would ask nothing; it is a mistake. */
static bool take_list(struct loading *loading, const char *value, const char *const **list)
{
	*list = config_list(loading->pool, pool_strdup(loading->pool, value));
	return **list != NULL;
}

static bool take_users(struct loading *loading, struct named_rule *rule, const char *value)
{
	return take_list(loading, value, &rule->rule.users);
}

static bool take_groups(struct loading *loading, struct named_rule *rule, const char *value)
{
	return take_list(loading, value, &rule->rule.groups);
}

static bool take_kinds(struct loading *loading, struct named_rule *rule, const char *value)
{
	static const char kinds[] = "anonymous,authenticated,sso,admin,api,bot";
	if (!take_list(loading, value, &rule->rule.kinds))
		return false;
	for (const char *const *kind = rule->rule.kinds; *kind != NULL; kind++)
		if (!text_list_has(kinds, *kind))
			return false;
	return true;
}

static bool take_methods(struct loading *loading, struct named_rule *rule, const char *value)
{
	if (!take_list(loading, value, &rule->rule.methods))
		return false;
	for (const char *const *method = rule->rule.methods; *method != NULL; method++)
		if ((*method)[strspn(*method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")] != '\0')
			return false;
	return true;
}

static bool take_paths(struct loading *loading, struct named_rule *rule, const char *value)
{
	if (!take_list(loading, value, &rule->paths))
		return false;
	for (const char *const *path = rule->paths; *path != NULL; path++) {
		const char *star = strchr(*path, '*');
		if ((*path)[0] != '/' || (star != NULL && star[1] != '\0'))
			return false;
	}
	loading->rules->have_paths = true;
	return true;
}

static bool take_fresh(struct loading *loading, struct named_rule *rule, const char *value)
{
	int64_t minutes;
	(void)loading;
	if (!text_to_integer(value, 1, 525600, &minutes))
		return false;
	rule->rule.fresh_s = minutes * 60;
	rule->rule.needs |= ACCESS_FRESH;
	return true;
}

static bool take_second_factor(struct loading *loading, struct named_rule *rule, const char *value)
{
	(void)loading;
	if (strcmp(value, "on") == 0)
		rule->rule.needs |= ACCESS_SECOND_FACTOR;
	return strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
}

/* What a rule can say. */
static const struct rule_key {
	const char *name;
	bool (*take)(struct loading *loading, struct named_rule *rule, const char *value);
	const char *expected;
} keys[] = {
	{ "require", take_require, "require must be public, guest or signed_in" },
	{ "users", take_users, "users must name somebody" },
	{ "groups", take_groups, "groups must name a group" },
	{ "kinds", take_kinds,
	  "kinds must be among anonymous, authenticated, sso, admin, api, bot" },
	{ "methods", take_methods, "methods must be names such as GET, HEAD" },
	{ "fresh_minutes", take_fresh, "fresh_minutes must be a whole number from 1 to 525600" },
	{ "second_factor", take_second_factor, "second_factor must be on or off" },
	{ "paths", take_paths, "paths must begin with a slash; a star can only stand at the end" },
};

static struct named_rule *rule_of_section(struct loading *loading, const char *section)
{
	for (struct named_rule *rule = loading->rules->first; rule != NULL; rule = rule->next)
		if (strcmp(rule->rule.name, section) == 0)
			return rule;
	struct named_rule *rule = pool_zalloc(loading->pool, sizeof *rule);
	rule->rule.name = pool_strdup(loading->pool, section);
	rule->next = loading->rules->first;
	loading->rules->first = rule;
	loading->count++;
	return rule;
}

static bool is_rule_name(const char *name)
{
	return *name != '\0' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static void take_pair(void *user, const struct ini_pair *pair)
{
	struct loading *loading = user;
	if (!is_rule_name(pair->section) || loading->count >= RULES_MAX) {
		complain(loading, pair->line,
			 "a rule has a name of small letters, digits, '-' and '_' in brackets");
		return;
	}
	struct named_rule *rule = rule_of_section(loading, pair->section);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].name, pair->key) == 0) {
			if (!keys[i].take(loading, rule, pair->value))
				complain(loading, pair->line, keys[i].expected);
			return;
		}
	complain(loading, pair->line,
		 pool_printf(loading->pool, "a rule has no \"%s\"", pair->key));
}

/* "public" together with something that only somebody signed in can have is a contradiction. */
static void check_rules(struct loading *loading)
{
	for (struct named_rule *rule = loading->rules->first; rule != NULL; rule = rule->next) {
		const struct access_rule *one = &rule->rule;
		bool asks = one->users != NULL || one->groups != NULL || one->kinds != NULL ||
			    (one->needs & (ACCESS_FRESH | ACCESS_SECOND_FACTOR)) != 0;
		if (asks && (one->needs & (ACCESS_PUBLIC | ACCESS_GUEST)) != 0)
			complain(loading, 0,
				 pool_printf(loading->pool,
					     "rule [%s] is for everybody and yet asks for more",
					     one->name));
	}
}

const struct access_rules *access_rules_read(struct pool *pool, const char *name, const char *bytes,
					     size_t length, struct buffer *errors)
{
	struct loading loading = { .pool = pool,
				   .name = name,
				   .errors = errors,
				   .rules = pool_zalloc(pool, sizeof *loading.rules) };
	ini_read(bytes, length,
		 &(struct ini_reader){ .take = take_pair, .complain = complain, .user = &loading });
	if (!loading.failed)
		check_rules(&loading);
	return loading.failed ? NULL : loading.rules;
}

const struct access_rules *access_rules_load(struct pool *pool, const char *path,
					     struct buffer *errors)
{
	if (*path == '\0')
		return pool_zalloc(pool, sizeof(struct access_rules));
	size_t length;
	const char *bytes = file_read(pool, path, FILE_MAX_BYTES, &length);
	if (bytes == NULL) {
		buffer_printf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
		return NULL;
	}
	return access_rules_read(pool, path, bytes, length, errors);
}

const struct access_rule *access_rules_find(const struct access_rules *rules, const char *name,
					    bool *known)
{
	*known = text_is_empty(name) || strcmp(name, signed_in.name) == 0;
	for (const struct named_rule *rule = rules->first; !*known && rule != NULL;
	     rule = rule->next)
		if (strcmp(rule->rule.name, name) == 0) {
			*known = true;
			return &rule->rule;
		}
	return &signed_in;
}

const char *access_rules_names(const struct access_rules *rules, struct pool *pool)
{
	struct buffer names = buffer_new(pool, 64);
	for (const struct named_rule *rule = rules->first; rule != NULL; rule = rule->next)
		buffer_printf(&names, "%s%s", names.length > 0 ? " " : "", rule->rule.name);
	return names.bytes;
}

/* How many bytes of a pattern fit the path; 0: it does not. */
static size_t fit(const char *pattern, const char *path)
{
	size_t length = strlen(pattern);
	if (pattern[length - 1] == '*')
		return strncmp(pattern, path, length - 1) == 0 ? length : 0;
	/* Also what follows a slash: servers hand it to the same file as its path-info. */
	bool fits = strncmp(pattern, path, length) == 0 &&
		    (path[length] == '\0' || path[length] == '/' || pattern[length - 1] == '/');
	return fits ? length + 1 : 0;
}

const struct access_rule *access_rules_find_path(const struct access_rules *rules, const char *path)
{
	const struct access_rule *best = NULL;
	size_t best_fit = 0;
	for (const struct named_rule *rule = rules->first; rule != NULL; rule = rule->next)
		for (const char *const *pattern = rule->paths; pattern != NULL && *pattern != NULL;
		     pattern++) {
			size_t length = fit(*pattern, path);
			if (length > best_fit) {
				best_fit = length;
				best = &rule->rule;
			}
		}
	return best;
}

bool access_rules_have_paths(const struct access_rules *rules)
{
	return rules->have_paths;
}

/* A byte that stands for itself in a path (RFC 3986, pchar) but for ';', which some servers cut at. */
static bool is_plain(int byte)
{
	return isalnum(byte) || (byte != 0 && strchr("-._~!$&'()*+,=:@/", byte) != NULL);
}

/* A byte that has to be written as %XX, and that no server takes for a part of the path's shape. */
static bool must_be_encoded(int byte)
{
	return byte >= 0x20 && byte != 0x7f && !is_plain(byte) && strchr("\\;%#?", byte) == NULL;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that three characters stand for, with upper-case digits (RFC 3986, section 6.2.2.1). */
static int decode(const char *at, size_t length)
{
	int high = length >= 3 ? digit(at[1]) : -1, low = high >= 0 ? digit(at[2]) : -1;
	return low >= 0 ? high << 4 | low : -1;
}

/* Whether a segment of this length means something else than itself. */
static bool is_special(const char *segment, size_t length, bool is_last)
{
	return (length == 0 && !is_last) || (length == 1 && segment[0] == '.') ||
	       (length == 2 && segment[0] == '.' && segment[1] == '.');
}

bool access_path_is_canonical(const char *target)
{
	size_t length = strcspn(target, "?#");
	if (length == 0 || target[0] != '/')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (target[i] == '%') {
			if (!must_be_encoded(decode(target + i, length - i)))
				return false;
			i += 2;
		} else if (!is_plain((unsigned char)target[i])) {
			return false;
		} else if (target[i] == '/') {
			size_t segment = strcspn(target + i + 1, "/?#");
			if (is_special(target + i + 1, segment, i + 1 + segment >= length))
				return false;
		}
	}
	return true;
}

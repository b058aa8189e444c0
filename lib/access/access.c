#include "access/access.h"
#include "base/text.h"
#include <string.h>

static bool is_named(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (name != NULL && strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool is_in_a_group(const char *const *names, const char *groups)
{
	for (; *names != NULL; names++)
		if (text_list_has(groups, *names))
			return true;
	return false;
}

/* Whether this person may at all, however they signed in. */
static bool is_among(const struct access_facts *facts, const struct access_rule *rule)
{
	if (rule->users == NULL && rule->groups == NULL)
		return true;
	return (rule->users != NULL && is_named(rule->users, facts->username)) ||
	       (rule->groups != NULL && is_in_a_group(rule->groups, facts->groups));
}

static bool is_fresh(const struct access_facts *facts, const struct access_rule *rule)
{
	if (rule->needs & ACCESS_STALE)
		return true;
	if ((rule->fresh_s > 0 || (rule->needs & ACCESS_FRESH) != 0) && !facts->saw_password)
		return false;
	if (rule->fresh_s > 0 && facts->authenticated_s >= rule->fresh_s)
		return false;
	/* What every page asks of the kind, a rule that names a longer time asks as well. */
	bool asks = (rule->fresh_s == 0 && (rule->needs & ACCESS_FRESH) != 0) || !facts->remember;
	return !asks || facts->reauthenticate_s == 0 ||
	       facts->authenticated_s < facts->reauthenticate_s;
}

static enum access_decision decide_for_guest(const struct access_rule *rule)
{
	return rule->needs == ACCESS_GUEST && rule->users == NULL && rule->groups == NULL &&
			       rule->kinds == NULL
		       ? ACCESS_ALLOW
		       : ACCESS_ASK_SIGN_IN;
}

enum access_decision access_decide(const struct access_facts *facts, const struct access_rule *rule)
{
	if (rule->methods != NULL && !is_named(rule->methods, facts->method))
		return ACCESS_REFUSE_METHOD;
	if (rule->needs & ACCESS_PUBLIC)
		return ACCESS_ALLOW;
	if (facts->is_guest)
		return decide_for_guest(rule);
	if (!facts->is_signed_in)
		return ACCESS_ASK_SIGN_IN;
	if (!is_among(facts, rule))
		return ACCESS_REFUSE;
	if (rule->needs & ACCESS_ADMIN) {
		if (!text_list_has(facts->groups, facts->admin_group))
			return ACCESS_REFUSE;
		/* A sign-in from before they were one has other limits: once more. */
		if (strcmp(facts->kind, "admin") != 0)
			return ACCESS_ASK_PASSWORD;
	}
	if (rule->kinds != NULL && !is_named(rule->kinds, facts->kind))
		return ACCESS_REFUSE;
	if (!is_fresh(facts, rule))
		return ACCESS_ASK_PASSWORD;
	if ((rule->needs & ACCESS_SECOND_FACTOR) != 0 && !facts->has_second_factor)
		return ACCESS_ASK_SECOND_FACTOR;
	return ACCESS_ALLOW;
}

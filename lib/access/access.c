#include "access/access.h"

enum access_decision access_decide(const struct access_facts *facts, const struct access_rule *rule)
{
	if (rule->needs & ACCESS_PUBLIC)
		return ACCESS_ALLOW;
	return facts->is_signed_in ? ACCESS_ALLOW : ACCESS_ASK_SIGN_IN;
}

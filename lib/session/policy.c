#include "session/policy.h"

enum outcome session_policy_check(const struct session_limits *limits,
				  const struct session_times *times)
{
	if (times->expires_in_s <= 0)
		return SESSION_EXPIRED;
	if (!times->remember && times->idle_s >= limits->idle_s)
		return SESSION_EXPIRED;
	return OK;
}

int64_t session_policy_lifetime(const struct session_limits *limits, bool remember)
{
	return remember ? limits->remember_s : limits->lifetime_s;
}

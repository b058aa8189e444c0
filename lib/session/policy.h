/* The rules that say whether a session is still valid. Every number is configuration. */
#pragma once
#include "base/outcome.h"
#include <stdbool.h>
#include <stdint.h>

struct session_limits {
	int64_t lifetime_s;
	int64_t idle_s;
	int64_t remember_s; /* replaces both for "Remember me" */
};

/* What is known about a session; times are seconds, by the database's clock. */
struct session_times {
	int64_t idle_s;       /* since it was last used */
	int64_t expires_in_s; /* until its end, which was set when it began */
	bool remember;
};

/* OK or SESSION_EXPIRED. */
enum outcome session_policy_check(const struct session_limits *limits,
				  const struct session_times *times);

/* How long a new session may last. */
int64_t session_policy_lifetime(const struct session_limits *limits, bool remember);

#include "session/policy.h"
#include "base/address.h"
#include "base/text.h"
#include <string.h>

/* Of a session that extends: its end is never further away than this. */
enum { STEP_MAX_S = 2 * 3600 };

static const char *const kind_names[SESSION_KINDS] = {
	[SESSION_ANONYMOUS] = "anonymous",
	[SESSION_AUTHENTICATED] = "authenticated",
	[SESSION_SSO] = "sso",
	[SESSION_ADMIN] = "admin",
	[SESSION_API] = "api",
	[SESSION_BOT] = "bot",
};

const char *session_kind_name(enum session_kind kind)
{
	return (unsigned)kind < SESSION_KINDS ? kind_names[kind] : "unknown";
}

bool session_kind_is_signed_in(enum session_kind kind)
{
	return kind == SESSION_AUTHENTICATED || kind == SESSION_SSO || kind == SESSION_ADMIN ||
	       kind == SESSION_API;
}

enum session_kind session_kind_find(const char *name)
{
	unsigned kind = 0;
	while (kind < SESSION_KINDS && (name == NULL || strcmp(kind_names[kind], name) != 0))
		kind++;
	return (enum session_kind)kind;
}

static const char *const binding_names[] = { "off", "log", "subnet", "strict" };

const char *session_binding_name(enum binding binding)
{
	return binding_names[binding];
}

const char *session_end_name(enum session_end end)
{
	static const char *const names[] = { "goes_on", "expired", "idle", "address", "browser" };
	return names[end];
}

static int64_t pick(int64_t own, int64_t usual)
{
	return own == QUOTA_AS_USUAL ? usual : own;
}

/* Of a kind; what its section leaves open is as in [quota]. */
static struct session_quota read_quota(const struct config *config, enum session_kind kind)
{
	static const struct quota_settings all_as_usual = { QUOTA_AS_USUAL, QUOTA_AS_USUAL,
							    QUOTA_AS_USUAL, QUOTA_AS_USUAL,
							    QUOTA_AS_USUAL };
	const struct quota_settings *usual = &config->quota[SESSION_AUTHENTICATED];
	const struct quota_settings *own = kind == SESSION_ANONYMOUS ? &all_as_usual
								     : &config->quota[kind];
	return (struct session_quota){
		.messages_per_minute = pick(own->messages_per_minute, usual->messages_per_minute),
		.messages_per_day = pick(own->messages_per_day, usual->messages_per_day),
		.tokens_per_day = pick(own->tokens_per_day, usual->tokens_per_day),
		.answers_at_once = pick(own->answers_at_once, usual->answers_at_once),
		.conversation_messages = pick(own->conversation_messages,
					      usual->conversation_messages),
	};
}

struct session_policy session_policy_read(const struct config *config)
{
	struct session_policy policy = {
		.remember_s = config->session.remember_days * 86400,
		.remember_bind_address = (enum binding)config->session.remember_bind_address,
	};
	for (size_t i = 0; i < SESSION_KINDS; i++) {
		const struct kind_limits *kind = &config->session.kinds[i];
		policy.kinds[i] = (struct session_limits){
			.lifetime_s = kind->lifetime_minutes * 60,
			.idle_s = kind->idle_minutes * 60,
			.concurrent = kind->concurrent,
			.bind_address = (enum binding)kind->bind_address,
			.bind_browser = (enum binding)kind->bind_browser,
			.extends = kind->extends,
			.reauthenticate_s = kind->reauthenticate_hours * 3600,
			.quota = read_quota(config, (enum session_kind)i),
		};
	}
	return policy;
}

/* What a person's own limits may name: the numbers of a kind's section, within the same bounds. */
static const struct own_limit {
	const char *name;
	size_t offset; /* of an int64_t in struct session_limits */
	int64_t minimum, maximum;
	int64_t unit; /* what one of it is, in the struct's unit */
} own_limits[] = {
	{ "lifetime_minutes", offsetof(struct session_limits, lifetime_s), 1, 525600, 60 },
	{ "idle_minutes", offsetof(struct session_limits, idle_s), 0, 525600, 60 },
	{ "concurrent", offsetof(struct session_limits, concurrent), 0, 10000, 1 },
	{ "reauthenticate_hours", offsetof(struct session_limits, reauthenticate_s), 0, 8760,
	  3600 },
	{ "messages_per_minute", offsetof(struct session_limits, quota.messages_per_minute), 0,
	  100000, 1 },
	{ "messages_per_day", offsetof(struct session_limits, quota.messages_per_day), 0, 1000000,
	  1 },
	{ "tokens_per_day", offsetof(struct session_limits, quota.tokens_per_day), 0, 1000000000,
	  1 },
	{ "answers_at_once", offsetof(struct session_limits, quota.answers_at_once), 0, 1000, 1 },
	{ "conversation_messages", offsetof(struct session_limits, quota.conversation_messages), 0,
	  1000000, 1 },
};

static bool read_binding(const char *text, enum binding *binding)
{
	for (unsigned i = 0; i < sizeof binding_names / sizeof *binding_names; i++)
		if (strcmp(text, binding_names[i]) == 0) {
			*binding = (enum binding)i;
			return true;
		}
	return false;
}

/* One "name=value"; false: it makes no sense. */
static bool apply(struct session_limits *limits, const char *name, const char *value)
{
	if (strcmp(name, "bind_address") == 0)
		return read_binding(value, &limits->bind_address);
	if (strcmp(name, "bind_browser") == 0)
		return read_binding(value, &limits->bind_browser);
	if (strcmp(name, "extends") == 0) {
		limits->extends = strcmp(value, "on") == 0;
		return limits->extends || strcmp(value, "off") == 0;
	}
	for (size_t i = 0; i < sizeof own_limits / sizeof *own_limits; i++) {
		const struct own_limit *own = &own_limits[i];
		int64_t number;
		if (strcmp(name, own->name) != 0)
			continue;
		if (!text_to_integer(value, own->minimum, own->maximum, &number))
			return false;
		number *= own->unit;
		memcpy((char *)limits + own->offset, &number, sizeof number);
		return true;
	}
	return false;
}

/* The first word of `*at`, cut into name and value; false at the end. An oversized word has no name. */
static bool next_word(const char **at, char name[static 32], char value[static 32])
{
	*at += strspn(*at, " ");
	size_t length = strcspn(*at, " ");
	if (length == 0)
		return false;
	size_t left = strcspn(*at, "= ");
	size_t right = left < length ? length - left - 1 : 0;
	name[0] = value[0] = '\0';
	if (left < 32 && right < 32 && left < length) {
		memcpy(name, *at, left);
		name[left] = '\0';
		memcpy(value, *at + left + 1, right);
		value[right] = '\0';
	}
	*at += length;
	return true;
}

struct session_limits session_policy_limits(const struct session_policy *policy,
					    enum session_kind kind, bool remember, const char *own)
{
	struct session_limits limits = policy->kinds[kind];
	char name[32], value[32];
	if (remember) {
		limits.lifetime_s = policy->remember_s;
		limits.idle_s = 0;
		limits.extends = false;
		limits.bind_address = policy->remember_bind_address;
	}
	for (const char *at = own != NULL ? own : ""; next_word(&at, name, value);)
		if (!apply(&limits, name, value)) {
			limits.lifetime_s = 0; /* fails closed */
			return limits;
		}
	if (remember) /* an end that slides would be nearer than the one that was promised */
		limits.extends = false;
	return limits;
}

const char *session_policy_problem(struct pool *pool, const char *own)
{
	struct session_limits limits = { 0 };
	char name[32], value[32];
	for (const char *at = own, *word = own; next_word(&at, name, value); word = at)
		if (!apply(&limits, name, value)) {
			word += strspn(word, " ");
			return pool_printf(pool, "\"%.*s\" is no limit, or out of its bounds",
					   (int)(at - word), word);
		}
	return NULL;
}

int64_t session_policy_step(const struct session_limits *limits)
{
	if (!limits->extends)
		return 0;
	int64_t step_s = limits->lifetime_s / 4;
	if (step_s > STEP_MAX_S)
		step_s = STEP_MAX_S;
	return step_s < limits->idle_s ? limits->idle_s : step_s;
}

int64_t session_policy_ends_in(const struct session_limits *limits,
			       const struct session_times *times)
{
	int64_t left_s = limits->lifetime_s - times->age_s;
	return !limits->extends && times->expires_in_s < left_s ? times->expires_in_s : left_s;
}

/* Whether two addresses, or two browsers, are as near as the binding asks. What is not known is not
 * near. */
static bool address_fits(enum binding binding, const char *began, const char *now)
{
	switch (binding) {
	case BINDING_OFF:
	case BINDING_LOG:
		return true;
	case BINDING_SUBNET:
		return address_same_network(began, now);
	case BINDING_STRICT:
		break;
	}
	return address_equal(began, now);
}

static bool browser_fits(enum binding binding, const char *began, const char *now)
{
	return binding != BINDING_STRICT ||
	       (began != NULL && now != NULL && strcmp(began, now) == 0);
}

enum session_end session_policy_check(const struct session_limits *limits,
				      const struct session_times *times,
				      const struct session_client *began,
				      const struct session_client *now)
{
	if (times->expires_in_s <= 0 || times->age_s >= limits->lifetime_s)
		return SESSION_END_LIFETIME;
	if (limits->idle_s > 0 && times->idle_s >= limits->idle_s)
		return SESSION_END_IDLE;
	if (!address_fits(limits->bind_address, began->address, now->address))
		return SESSION_END_ADDRESS;
	if (!browser_fits(limits->bind_browser, began->browser, now->browser))
		return SESSION_END_BROWSER;
	return SESSION_GOES_ON;
}

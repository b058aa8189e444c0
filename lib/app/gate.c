#include "app/gate.h"
#include "app/page.h"
#include "app/session_check.h"
#include "app/wall.h"
#include "base/log.h"
#include <string.h>

/* What the backend learns. A name never begins with HTTP_, which is what clients can send. */
enum { VARIABLES = 5, VARIABLE_MAX_BYTES = 1024 };

/* Members of a group that there is not. */
static const char *const no_groups[] = { NULL };
static const struct access_rule nobody = { .name = "nobody", .groups = no_groups };

static const struct access_rule *rule_of_request(const struct visit *visit)
{
	const struct request *request = visit->request;
	bool known;
	const struct access_rule *rule = access_rules_find(visit->app->rules, request->rule,
							   &known);
	if (!known)
		log_event(LOG_LEVEL_ERROR, "unknown_rule", "rule", request->rule, "path",
			  request->path, NULL);
	return known || !visit->app->config->access.refuse_unknown_rules ? rule : &nobody;
}

/* The rule of the path, beside the one that the server named or, where it named none, alone. */
static enum outcome find_rules(const struct visit *visit, const struct access_rule *rules[static 2])
{
	const struct access_rules *all = visit->app->rules;
	const char *target = visit->request->target;
	rules[0] = rule_of_request(visit);
	rules[1] = NULL;
	if (!access_rules_have_paths(all))
		return OK;
	if (!access_path_is_canonical(target))
		return BAD_REQUEST;
	const char *path = pool_strndup(visit->pool, target, strcspn(target, "?#"));
	const struct access_rule *by_path = access_rules_find_path(all, path);
	if (by_path != NULL)
		rules[visit->request->rule == NULL ? 0 : 1] = by_path;
	return OK;
}

/* Whoever is signed in and writes a path in another way than its plain one may be looking for a hole. */
static void note_path(struct visit *visit)
{
	struct value *detail = value_object(visit->pool);
	session_check(visit);
	value_set_string(detail, "path", wall_raw_path(visit));
	wall_note_refusal(visit, "path", detail);
}

enum outcome gate_decide(struct visit *visit, struct gate_answer *answer)
{
	const struct access_rule *rules[2];
	enum outcome outcome = find_rules(visit, rules);
	if (outcome != OK) {
		note_path(visit);
		return outcome;
	}
	answer->reason = session_check(visit);
	/* A public place stays open while nobody can say who is there. */
	if (answer->reason == UNAVAILABLE &&
	    ((rules[0]->needs & ACCESS_PUBLIC) == 0 || rules[1] != NULL))
		return UNAVAILABLE;
	const struct access_facts facts = wall_facts(visit);
	for (size_t i = 0; i < 2 && rules[i] != NULL; i++) {
		answer->rule = rules[i];
		answer->decision = access_decide(&facts, rules[i]);
		if (answer->decision != ACCESS_ALLOW)
			break;
	}
	return OK;
}

struct variable {
	const char *name, *text;
};

/* What the backend is told; false: nothing, because nobody is named. */
static bool variables_of(const struct visit *visit, struct variable variables[static VARIABLES])
{
	const struct session *session = visit->session;
	const struct access_facts facts = wall_facts(visit);
	if (!facts.is_signed_in)
		return false;
	variables[0] = (struct variable){ "Variable-REMOTE_USER", session->username };
	variables[1] = (struct variable){ "Variable-GATEHOUSE_USER_ID", session->user_id };
	variables[2] = (struct variable){ "Variable-GATEHOUSE_EMAIL", session->email };
	variables[3] = (struct variable){ "Variable-GATEHOUSE_GROUPS", session->groups };
	variables[4] = (struct variable){ "Variable-GATEHOUSE_KIND", facts.kind };
	for (size_t i = 0; i < VARIABLES; i++)
		if (variables[i].text == NULL)
			variables[i].text = "";
	return true;
}

/* lighttpd and mod_authnz_fcgi copy a variable as it is, so that only clean text may leave. */
static bool is_clean(const char *text)
{
	size_t length = strlen(text);
	return length <= VARIABLE_MAX_BYTES && text_is_plain(text, length, false);
}

bool gate_can_tell(const struct visit *visit)
{
	struct variable variables[VARIABLES];
	if (!variables_of(visit, variables))
		return true;
	for (size_t i = 0; i < VARIABLES; i++)
		if (!is_clean(variables[i].text))
			return false;
	return true;
}

static enum outcome allow(struct visit *visit)
{
	struct variable variables[VARIABLES];
	if (!gate_can_tell(visit)) {
		log_event(LOG_LEVEL_ERROR, "name_refused", "reason",
			  "it cannot stand in a header, so the wall stays closed", "user",
			  visit->session->user_id, NULL);
		wall_note_refusal(visit, "name", NULL);
		return FORBIDDEN;
	}
	/* Nothing else: Apache takes every header of this for its answer to the client, and the length
	 * for that of the page behind the wall. */
	response_set_status(visit->response, 200);
	response_leave_length(visit->response);
	if (variables_of(visit, variables))
		for (size_t i = 0; i < VARIABLES; i++)
			response_add_header(visit->response, variables[i].name, variables[i].text);
	return OK;
}

/* Where the answer's status is all that counts. No header either: Apache would send it along with the
 * words that it asks for. */
static void refuse_briefly(struct visit *visit, enum outcome outcome)
{
	int status = outcome_meaning(outcome)->status;
	response_set_status(visit->response,
			    status == 401 || status == 403 || status == 503 ? status : 403);
	response_leave_length(visit->response);
}

/* What a refusal is when only its status counts. */
static enum outcome brief_reason(const struct gate_answer *answer)
{
	switch (answer->decision) {
	case ACCESS_ASK_SIGN_IN:
		return answer->reason == OK ? SIGN_IN_REQUIRED : answer->reason;
	case ACCESS_ASK_PASSWORD:
		return PASSWORD_REQUIRED;
	default:
		return FORBIDDEN;
	}
}

void gate_serve(struct visit *visit, bool in_words)
{
	struct gate_answer answer = { .decision = ACCESS_ASK_SIGN_IN };
	enum outcome outcome = visit->request->problem;
	if (outcome == OK)
		outcome = gate_decide(visit, &answer);
	bool allowed = outcome == OK && answer.decision == ACCESS_ALLOW;
	if (allowed)
		outcome = allow(visit);
	if (allowed && outcome == OK)
		return;
	visit->response = response_new(visit->pool); /* without the variables */
	visit_read_csrf_cookie(visit);
	if (outcome == OK)
		outcome = in_words ? wall_refuse(visit, answer.decision, answer.rule, answer.reason)
				   : brief_reason(&answer);
	if (!in_words) {
		refuse_briefly(visit, outcome);
		return;
	}
	if (outcome != OK)
		visit_refuse(visit, outcome, NULL);
	page_render(visit);
}

#include "app/answer_worker.h"
#include "app/messages.h"
#include "app/temporary.h"
#include "pages/pages.h"
#include <string.h>

/* One answer while it is written: watching it (as a stream of events, or by asking again and again) and
 * stopping it. "/chat/answers/ID/events", "/chat/answers/ID/stop", "/api/answers/ID" and so on. */

/* The id in a path such as "12/stop", and what follows it: "stop", or "". */
static const char *split(struct visit *visit, const char **verb)
{
	const char *slash = strchr(visit->path_rest, '/');
	*verb = slash != NULL ? slash + 1 : "";
	return slash != NULL ? pool_printf(visit->pool, "%.*s", (int)(slash - visit->path_rest),
					   visit->path_rest)
			     : visit->path_rest;
}

static enum outcome load(struct visit *visit, const char *id, struct answer *answer)
{
	enum outcome outcome = answer_load(visit->app->postgresql, visit->pool,
					   visit->session->user_id, id, 0, answer);
	if (outcome == OK)
		temporary_open_answer(visit->app->config, visit->pool, answer);
	return outcome;
}

static void set_answer(struct visit *visit, const struct answer *answer)
{
	int64_t known = -1;
	text_to_integer(request_query(visit->request, "after"), 0, INT32_MAX, &known);
	value_set_string(visit->data, "id", answer->id);
	value_set_string(visit->data, "session_id", answer->conversation_id);
	value_set_string(visit->data, "question_id", answer->question_id);
	value_set_string(visit->data, "state", answer_state_name(answer->state));
	value_set_integer(visit->data, "newest", answer->newest);
	value_set_string(visit->data, "message_id", answer->message_id);
	value_set_string(visit->data, "error", answer->error);
	value_set_string(visit->data, "sentence", answer->sentence);
	if (answer->newest == known)
		return; /* nothing new to show */
	value_set_string(visit->data, "content", answer->text);
	value_set_string(visit->data, "html", growing_html(visit->pool, answer->text));
}

/* Whether this answer can be streamed from here; where it cannot, the page asks again and again. */
static bool can_stream(const struct visit *visit)
{
	return visit->app->streams != NULL && visit->session->public_id != NULL &&
	       streams_have_room(visit->app->streams, visit->session->user_id);
}

static enum outcome answer_show(struct visit *visit)
{
	const char *verb, *id = split(visit, &verb);
	struct answer answer;
	bool wants_events = strcmp(verb, "events") == 0;
	if (*verb != '\0' && !wants_events)
		return NOT_FOUND;
	enum outcome outcome = load(visit, id, &answer);
	if (outcome != OK)
		return outcome;
	if (answer.waits_s >= ANSWER_FORGOTTEN_S)
		answer_worker_start(visit->app->config, visit->pool);
	if (wants_events && can_stream(visit))
		visit->streamed_answer = answer.id;
	else
		set_answer(visit, &answer);
	return OK;
}

static enum outcome answer_change(struct visit *visit)
{
	const char *verb, *id = split(visit, &verb);
	struct answer answer;
	if (strcmp(verb, "stop") != 0)
		return NOT_FOUND;
	enum outcome outcome = answer_stop(visit->app->postgresql, visit->pool,
					   visit->session->user_id, id);
	if (outcome == OK)
		outcome = load(visit, id, &answer);
	if (outcome != OK)
		return outcome;
	set_answer(visit, &answer);
	return visit_redirect(
		visit,
		pool_printf(visit->pool, "/chat/?session_id=%s#latest", answer.conversation_id),
		NULL);
}

/* A stale token stops nothing; the page has the button again. */
static enum outcome answer_again(struct visit *visit)
{
	const char *verb, *id = split(visit, &verb);
	struct answer answer;
	enum outcome outcome = load(visit, id, &answer);
	return outcome != OK
		       ? outcome
		       : visit_redirect(visit,
					pool_printf(visit->pool, "/chat/?session_id=%s#latest",
						    answer.conversation_id),
					NULL);
}

static const struct route routes[] = {
	{ METHOD_GET, "/chat/answers/*", GUEST, answer_show, NULL },
	{ METHOD_POST, "/chat/answers/*", GUEST, answer_change, answer_again },
	{ METHOD_GET, "/api/answers/*", GUEST, answer_show, NULL },
	{ METHOD_POST, "/api/answers/*", GUEST, answer_change, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table answer_page = { "answer", routes, false };

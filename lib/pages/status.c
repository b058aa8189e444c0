#include "app/wall.h"
#include "pages/pages.h"

/* Whether the visitor is signed in; a stranger gets an answer, not a refusal. A guest is not, but has a
 * session with an end. */
static enum outcome status_show(struct visit *visit)
{
	const struct session *session = visit->session;
	value_set_bool(visit->data, "authenticated",
		       session != NULL && session_kind_is_signed_in(session->kind));
	if (session != NULL) {
		value_set_string(visit->data, "username", session->username);
		/* As the wall counts it: who has left the administrators is none. */
		value_set_string(visit->data, "kind", wall_facts(visit).kind);
		value_set_string(visit->data, "session", session->public_id);
		value_set_integer(visit->data, "expires_in",
				  session_policy_ends_in(&session->limits, &session->times));
		value_set_integer(visit->data, "idle_seconds", session->limits.idle_s);
	} else if (visit->had_session_cookie) {
		value_set_string(visit->data, "detail", "Invalid or expired session");
	}
	return OK;
}

static const struct route routes[] = {
	{ METHOD_GET, "/auth/status", PUBLIC | GUEST, status_show, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table status_page = { "status", routes, false };

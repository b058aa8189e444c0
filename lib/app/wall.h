/* The wall: who may, and what somebody who may not is told. The guard asks for our own pages, the
 * gate for everything else that the web server serves. */
#pragma once
#include "access/access.h"
#include "app/visit.h"

/* What is known about the visitor of a visit that session_check has seen. */
struct access_facts wall_facts(const struct visit *visit);

/* Put a refusal into words: a browser is sent to sign in, or to confirm the password, and comes back;
 * what it had posted is kept if it came from our own page; a program gets the outcome. `reason` is
 * what session_check said. Returns OK when the reply is complete, else the outcome of the error page.
 */
enum outcome wall_refuse(struct visit *visit, enum access_decision decision,
			 const struct access_rule *rule, enum outcome reason);

/* Write into the audit trail that somebody was refused something, once a minute. Of strangers, and guests are
 * strangers, nothing is written: there is nobody to answer for it, and anybody could fill the trail. */
void wall_note_refusal(const struct visit *visit, const char *reason, struct value *detail);

/* The path as the client wrote it, for the trail: never the query, which may hold a token; at most
 * AUDIT_TEXT_MAX_BYTES. Where it is no plain text, %XX stands for its bytes that are no printable ASCII,
 * so that it can be stored. In the pool of the visit. */
char *wall_raw_path(const struct visit *visit);

/* Whether the visitor may do what only administrators may. */
bool wall_is_admin(const struct visit *visit);

/* Whether the browser says, or the token proves, that a form came from a page of ours. */
bool wall_is_from_our_page(const struct visit *visit);

/* The browser's word that a request comes from another site (Fetch metadata, Origin); old browsers
 * say nothing. */
bool wall_is_cross_site(const struct visit *visit);

/* Whether the form's token, or the script's header, belongs to the cookie that came along. */
bool wall_has_token(const struct visit *visit);

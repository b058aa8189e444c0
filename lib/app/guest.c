#include "app/guest.h"
#include "base/crypto.h"
#include "base/text.h"

/* As many as a session's key has: nobody guesses a guest. */
enum { ID_CHARACTERS = 32 };

enum outcome guest_begin(struct visit *visit, const char *email)
{
	static const struct session_person nobody = { .groups = "" };
	const char *folded = text_lower(visit->pool, email);
	/* Asking again gains no time. With another address it is another guest, who gets nothing of the
	 * one before. */
	if (visit->session != NULL && text_equal_fold(visit->session->username, folded))
		return OK;
	enum outcome outcome = visit->session != NULL ? sign_out(visit) : OK;
	if (outcome != OK)
		return outcome;
	const struct session_new wanted = {
		/* Not the address: nobody proved it, and who gives it again tomorrow is another. */
		.user_id = pool_printf(visit->pool, "guest:%s",
				       crypto_random_text(visit->pool,
							  "abcdefghijklmnopqrstuvwxyz0123456789",
							  ID_CHARACTERS)),
		.username = folded,
		.email = folded,
		.kind = SESSION_BOT,
		.person = &nobody,
		.method = "guest",
	};
	return sign_in_begin(visit, &wanted, AUDIT_GUEST_STARTED);
}

/* Streams: answers that are sent to readers while they grow, as server-sent events (WHATWG HTML, section
 * 9.2). One thread serves them all, so that a reader who waits costs a connection and some memory, and
 * no thread.
 *
 * Events: "grow" {"from", "settled", "tail"}: HTML to add to what has settled up to "from", and HTML that
 * takes the place of the tail before. From 0, it begins anew. A reader who comes back with the id of the
 * last event they saw (Last-Event-ID) is told what came after it, any other all that came so far.
 * "end" {"state", "message_id", "error", "sentence"}. "resume" {}: come back, the stream has become old,
 * its session has ended, or the program stops. The id of an event is a cursor, "PIECE-FROM": the newest
 * piece in it, and how many bytes of the text have settled with it. */
#pragma once
#include "base/config.h"
#include "db/postgresql.h"
#include "web/fastcgi.h"

struct streams;

/* Not started until the first stream comes; stopped with `pool` at the latest. */
struct streams *streams_new(struct pool *pool, const struct config *config);

/* Whether one more may begin for this person: one alone must not take the places of all. A browser
 * opens six connections to a site at most (HTTP/1.1), so twelve are two devices with all their tabs. */
enum { STREAMS_OF_A_PERSON = 12 };
bool streams_have_room(struct streams *streams, const char *user_id);

/* Send this answer to its reader, who waits on the exchange, whose headers were written. The right to
 * read it was checked; that the session still holds is looked at every few seconds from then on. False:
 * not possible, the exchange stays the caller's. */
struct stream_request {
	const char *user_id;
	const char *session_id; /* its public_id */
	const char *answer_id;
	const char *cursor; /* of the last event the reader has; NULL, or anything else: none */
};
bool streams_add(struct streams *streams, struct exchange *exchange,
		 const struct stream_request *request);

/* Send everybody away to come back, and end the thread. */
void streams_stop(struct streams *streams);

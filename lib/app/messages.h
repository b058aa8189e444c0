/* Messages on pages and in JSON. */
#pragma once
#include "app/visit.h"
#include "chat/answer.h"
#include "chat/conversation.h"

/* The HTML of an answer, whole or still growing. */
const char *whole_html(struct pool *pool, const char *markdown);
const char *growing_html(struct pool *pool, const char *markdown);

/* One message as programs get it; the chat's own script shows `html`. Only id, role and content of
 * `message` need to be there. */
struct value *message_value(struct visit *visit, const struct message *message);

/* Those of a conversation, oldest first. */
struct value *messages_value(struct visit *visit, const struct message_list *messages);

/* An answer that is no message yet: id, state, is_open, newest, html, error, sentence, and where it can
 * be watched: "events" (NULL where this program cannot stream), "poll" and "stop". */
struct value *answer_value(struct visit *visit, const struct answer *answer);

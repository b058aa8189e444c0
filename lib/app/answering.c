#include "app/answering.h"
#include "app/answer_prompt.h"
#include "app/chat_models.h"
#include "app/databases.h"
#include "app/person_settings.h"
#include "app/temporary.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/http_client.h"
#include "chat/answer_work.h"
#include "chat/knowledge.h"
#include "chat/model_call.h"
#include "chat/model_servers.h"
#include "chat/usage.h"
#include "db/listener.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_ONCE_MAX = 256,
	FLUSH_MS = 80,       /* pieces are stored so often; the first one at once */
	RENEW_MS = 5 * 1000, /* a quarter of the lease */
	LOOK_MS = 2 * 1000,  /* a notification can be missed */
	LOOK_DEAF_MS = 500,  /* without notifications */
	TRY_AGAIN_MS = 1000, /* when the database does not answer */
	CLEAN_MS = 60 * 1000,
	TOKEN_BYTES = 4,    /* about; English has a few more, other languages fewer */
	STOP_MS = 3 * 1000, /* a worker that is told to go has so long to write down what came */
};

/* An answer in the making. */
struct making {
	struct making *next;
	struct answering *answering;
	struct pool *pool;
	struct answer_task task;
	struct answer_prompt prompt;
	struct model_call *call; /* NULL: not begun, or over */
	struct buffer pending;   /* not stored yet */
	int64_t ordinal;         /* of the last piece that was stored */
	int64_t flush_ms;        /* not before */
	bool is_over, is_lost;
	size_t prompt_bytes, said_bytes; /* to the model, and by it */
	struct answer_ending ending;
};

struct answering {
	struct app *app;
	struct pg_pool *database;
	struct pg_listener *listener;
	struct http_client *client;
	const char *name;
	struct making *all;
	size_t count;
	const char *only_id; /* NULL: any answer */
	bool may_claim;      /* somebody asked, or may have */
	bool must_look_for_stops;
	int64_t looked_ms, renewed_ms, cleaned_ms, busy_ms;
};

static const char *const channels[] = { "gatehouse_question", "gatehouse_stop", NULL };

struct answering *answering_new(struct pool *pool, struct app *app)
{
	const struct config *config = app->config;
	struct answering *answering = pool_zalloc(pool, sizeof *answering);
	char host[64] = "";
	gethostname(host, sizeof host - 1);
	answering->app = app;
	answering->name = pool_printf(pool, "%s %ld %s", host, (long)getpid(),
				      crypto_random_text(pool, "abcdefghijkmnpqrstuvwxyz", 8));
	answering->database = app_database(pool, config, 1);
	answering->listener = app_listener(pool, config, channels);
	answering->client = model_client_new(pool, config);
	answering->may_claim = true;
	answering->busy_ms = clock_monotonic_ms();
	return answering;
}

/* ---- One answer ---- */

static bool take_piece(void *context, const char *text, size_t length)
{
	struct making *making = context;
	buffer_add(&making->pending, text, length);
	making->said_bytes += length;
	return !making->is_lost;
}

static void finish(struct making *making, enum answer_state state, const char *error,
		   const char *sentence)
{
	making->is_over = true;
	making->call = NULL;
	making->ending = (struct answer_ending){ .state = state,
						 .error = error,
						 .sentence = sentence,
						 .prompt_tokens = -1,
						 .answer_tokens = -1 };
}

/* Servers say at the end how many tokens there were, if at all. What was paid for without being read to its
 * end must count as well, or the limit would hold for the patient only. */
static int64_t tokens_used(const struct making *making, const struct model_result *result,
			   int64_t told, size_t bytes)
{
	bool is_whole = result->end == MODEL_COMPLETE || result->end == MODEL_DECLINED;
	int64_t about = (int64_t)(bytes / TOKEN_BYTES) + 1;
	if (making->said_bytes == 0 || (is_whole && told >= 0) || told > about)
		return told;
	return about;
}

static void take_end(void *context, const struct model_result *result)
{
	static const enum answer_state states[] = { [MODEL_COMPLETE] = ANSWER_DONE,
						    [MODEL_CUT] = ANSWER_CUT,
						    [MODEL_DECLINED] = ANSWER_DONE,
						    [MODEL_CANCELLED] = ANSWER_STOPPED,
						    [MODEL_FAILED] = ANSWER_FAILED };
	struct making *making = context;
	bool has_failed = result->end == MODEL_FAILED;
	finish(making, states[result->end],
	       has_failed ? pool_strdup(making->pool, result->error) : NULL,
	       has_failed ? pool_strdup(making->pool, result->sentence) : NULL);
	making->ending.prompt_tokens = tokens_used(making, result, result->prompt_tokens,
						   making->prompt_bytes);
	making->ending.answer_tokens = tokens_used(making, result, result->answer_tokens,
						   making->said_bytes);
	if (!has_failed && making->prompt.sources != NULL)
		buffer_puts(&making->pending, making->prompt.sources);
}

/* Without a model the articles speak for themselves. */
static void quote_articles(struct making *making)
{
	const struct answering *answering = making->answering;
	const struct knowledge_question question = {
		.text = making->task.question,
		.country = making->task.country,
		.service = making->task.service,
		.tags = answering->app->knowledge_tags,
		.base_path = answering->app->config->site.base_path,
	};
	enum outcome outcome = knowledge_answer(answering->database, making->pool, &question,
						&making->pending);
	finish(making, outcome == OK ? ANSWER_DONE : ANSWER_FAILED,
	       outcome == OK ? NULL : outcome_meaning(outcome)->code,
	       outcome == OK ? NULL : outcome_meaning(outcome)->message);
}

/* The person's own key, where the operator allows it. */
static enum outcome use_own_key(struct making *making, struct model_server *server)
{
	const char *key;
	enum outcome outcome = person_key_load(making->answering->app, making->pool,
					       making->task.user_id, server->protocol->name, &key);
	if (outcome == OK)
		server->key = key;
	return outcome == NOT_FOUND ? OK : outcome;
}

static size_t prompt_bytes(const struct model_prompt *prompt)
{
	size_t bytes = strlen(prompt->system);
	for (size_t i = 0; i < prompt->turn_count; i++)
		bytes += strlen(prompt->turns[i].content);
	return bytes;
}

static void call_model(struct making *making)
{
	struct answering *answering = making->answering;
	const struct config *config = answering->app->config;
	const char *name;
	const struct model_server *offered = model_server_of(making->pool, config,
							     making->task.model, &name);
	if (offered == NULL) {
		finish(making, ANSWER_FAILED, "model_unknown",
		       "The model of this conversation is not there any more.");
		return;
	}
	struct model_server server = *offered;
	enum outcome outcome = use_own_key(making, &server);
	if (outcome == OK)
		outcome = answer_prompt_make(answering->app, answering->database, making->pool,
					     &making->task, &making->prompt);
	if (outcome != OK) {
		finish(making, ANSWER_FAILED, outcome_meaning(outcome)->code,
		       outcome_meaning(outcome)->message);
		return;
	}
	making->prompt_bytes = prompt_bytes(&making->prompt.model);
	making->prompt.model.model = name;
	making->prompt.model.answer_tokens_max = server.answer_tokens;
	const struct model_sink sink = { .context = making, .piece = take_piece, .done = take_end };
	making->call = model_call_start(answering->client, making->pool, &server,
					&making->prompt.model, &sink);
}

static void begin(struct answering *answering, const struct answer_task *task, struct pool *pool)
{
	struct making *making = pool_zalloc(pool, sizeof *making);
	making->answering = answering;
	making->pool = pool;
	making->task = *task;
	making->pending = buffer_new(pool, 1024);
	making->next = answering->all;
	answering->all = making;
	answering->count++;
	if (temporary_is_answer(task->id) &&
	    !temporary_open_turns(answering->app->config, pool, &making->task))
		finish(making, ANSWER_FAILED, "internal_error",
		       "The conversation could not be read. Start a new one.");
	else if (chat_model_is_articles(task->model))
		quote_articles(making);
	else
		call_model(making);
}

/* ---- All of them ---- */

static struct answer_task copy_task(struct pool *pool, const struct answer_task *task)
{
	return (struct answer_task){
		.id = pool_strdup(pool, task->id),
		.conversation_id = pool_strdup(pool, task->conversation_id),
		.question_id = pool_strdup(pool, task->question_id),
		.user_id = pool_strdup(pool, task->user_id),
		.model = pool_strdup(pool, task->model),
		.country = pool_strdup(pool, task->country),
		.service = pool_strdup(pool, task->service),
		.character_id = pool_strdup(pool, task->character_id),
		.question = pool_strdup(pool, task->question),
		.sealed_turns = pool_strdup(pool, task->sealed_turns),
	};
}

static void claim(struct answering *answering, struct pool *pool)
{
	struct answer_tasks tasks = { .count = 0 };
	size_t room = AT_ONCE_MAX - answering->count;
	if (!answering->may_claim || room == 0)
		return;
	if (answer_claim(answering->database, pool, answering->name, room, answering->only_id,
			 &tasks) != OK)
		return; /* looked for again soon */
	answering->may_claim = tasks.count == room;
	for (size_t i = 0; i < tasks.count; i++) {
		struct pool *own = pool_new(NULL);
		const struct answer_task task = copy_task(own, &tasks.items[i]);
		begin(answering, &task, own);
	}
}

static struct making *find(struct answering *answering, const char *id)
{
	for (struct making *making = answering->all; making != NULL; making = making->next)
		if (strcmp(making->task.id, id) == 0)
			return making;
	return NULL;
}

static void cancel(struct making *making)
{
	if (making->call != NULL)
		model_call_cancel(making->call);
}

/* What the database said of pieces or leases. */
static void obey(struct answering *answering, const struct answer_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct making *making = find(answering, pieces[i].answer_id);
		if (making == NULL)
			continue;
		making->is_lost = making->is_lost || pieces[i].is_lost;
		if (pieces[i].is_lost || pieces[i].is_stopped)
			cancel(making);
	}
}

static bool is_to_flush(const struct making *making, int64_t now_ms)
{
	return making->pending.length > 0 && !making->is_lost &&
	       (making->is_over || now_ms >= making->flush_ms);
}

/* Store what came, of all answers in one statement. */
static void flush(struct answering *answering, struct pool *pool)
{
	struct answer_piece pieces[AT_ONCE_MAX];
	struct making *whose[AT_ONCE_MAX];
	int64_t now_ms = clock_monotonic_ms();
	size_t count = 0;
	for (struct making *making = answering->all; making != NULL; making = making->next)
		if (is_to_flush(making, now_ms) && count < AT_ONCE_MAX) {
			whose[count] = making;
			pieces[count++] = (struct answer_piece){
				.answer_id = making->task.id,
				.ordinal = making->ordinal + 1,
				.text = temporary_seal_piece(answering->app->config, pool,
							     making->task.id, making->pending.bytes)
			};
		}
	if (count == 0)
		return;
	bool stored = answer_append(answering->database, pool, answering->name, pieces, count) ==
		      OK;
	for (size_t i = 0; i < count; i++) {
		whose[i]->flush_ms = now_ms + (stored ? FLUSH_MS : TRY_AGAIN_MS);
		if (stored) {
			whose[i]->ordinal++;
			buffer_clear(&whose[i]->pending);
		}
	}
	if (stored)
		obey(answering, pieces, count);
}

/* Of one that is somebody else's, or was deleted, only what it cost is left to be said. */
static bool write_end(struct making *making, struct pool *pool)
{
	struct answering *answering = making->answering;
	const struct answer_ending *ending = &making->ending;
	if (making->is_lost)
		return making->said_bytes == 0 ||
		       usage_add(answering->database, pool, making->task.user_id,
				 ending->prompt_tokens, ending->answer_tokens) == OK;
	return making->pending.length == 0 && answer_end(answering->database, pool, answering->name,
							 making->task.id, ending) == OK;
}

/* End those that are over and written down. When the database does not answer, later. */
static void end_finished(struct answering *answering, struct pool *pool)
{
	for (struct making **place = &answering->all; *place != NULL;) {
		struct making *making = *place;
		bool is_done = making->is_over && write_end(making, pool);
		if (!is_done) {
			place = &making->next;
			continue;
		}
		*place = making->next;
		answering->count--;
		answering->may_claim = true;
		pool_free(making->pool);
	}
}

static void renew(struct answering *answering, struct pool *pool)
{
	struct answer_piece pieces[AT_ONCE_MAX];
	size_t count = 0;
	for (struct making *making = answering->all; making != NULL && count < AT_ONCE_MAX;
	     making = making->next)
		if (!making->is_lost && !making->is_over)
			pieces[count++] = (struct answer_piece){ .answer_id = making->task.id };
	if (answer_renew(answering->database, pool, answering->name, pieces, count) == OK)
		obey(answering, pieces, count);
}

static void heard(void *context, const char *channel, const char *payload)
{
	struct answering *answering = context;
	if (strcmp(channel, "gatehouse_question") == 0)
		answering->may_claim = true;
	else if (find(answering, payload) != NULL)
		answering->must_look_for_stops = true;
}

/* Milliseconds until something is due; the network may wake us before. */
static int64_t patience(const struct answering *answering, bool is_deaf, int64_t now_ms)
{
	int64_t least = is_deaf ? LOOK_DEAF_MS : LOOK_MS;
	for (const struct making *making = answering->all; making != NULL; making = making->next) {
		int64_t due = making->is_over ? (making->pending.length == 0 ? TRY_AGAIN_MS : 0)
			      : making->pending.length > 0 ? making->flush_ms - now_ms
							   : least;
		least = due < least ? due : least;
	}
	return least < 0 ? 0 : least;
}

static void wait(struct answering *answering)
{
	bool is_new;
	int socket = pg_listener_socket(answering->listener, &is_new);
	int64_t now_ms = clock_monotonic_ms();
	struct pollfd news = { .fd = socket, .events = POLLIN };
	if (is_new)
		answering->may_claim = true;
	http_client_run(answering->client, is_new ? 0 : patience(answering, socket < 0, now_ms),
			socket >= 0 ? &news : NULL, socket >= 0);
	if (socket >= 0)
		pg_listener_take(answering->listener, heard, answering);
	now_ms = clock_monotonic_ms();
	if (now_ms - answering->looked_ms >= (socket >= 0 ? LOOK_MS : LOOK_DEAF_MS)) {
		answering->looked_ms = now_ms;
		answering->may_claim = true;
	}
}

/* One turn: wait, take up what was asked, write down what came. */
static void turn(struct answering *answering)
{
	struct pool *pool = pool_new(NULL);
	wait(answering);
	claim(answering, pool);
	int64_t now_ms = clock_monotonic_ms();
	if (answering->must_look_for_stops || now_ms - answering->renewed_ms >= RENEW_MS) {
		answering->renewed_ms = now_ms;
		answering->must_look_for_stops = false;
		renew(answering, pool);
	}
	flush(answering, pool);
	end_finished(answering, pool);
	if (now_ms - answering->cleaned_ms >= CLEAN_MS) {
		answering->cleaned_ms = now_ms;
		answer_clean(answering->database, pool);
	}
	if (answering->count > 0)
		answering->busy_ms = now_ms;
	pool_free(pool);
}

/* Nobody waits for the models any more: what came is written down, and the rest is another worker's. */
static void leave(struct answering *answering)
{
	int64_t until_ms = clock_monotonic_ms() + STOP_MS;
	struct pool *pool = pool_new(NULL);
	for (struct making *making = answering->all; making != NULL; making = making->next) {
		making->flush_ms = 0;
		if (making->is_over)
			continue;
		cancel(making);
		/* Seen in part: it ends here. Not begun: it is left to another, as if never claimed;
		 * but where each request makes its own answer, no other would ever come. */
		making->is_lost = answering->only_id == NULL && making->ordinal == 0 &&
				  making->pending.length == 0;
		making->ending.state = ANSWER_INTERRUPTED;
		making->ending.sentence = "The answer broke off. Try again.";
	}
	while (answering->all != NULL && clock_monotonic_ms() < until_ms) {
		flush(answering, pool);
		end_finished(answering, pool);
		if (answering->all != NULL)
			http_client_run(answering->client, 100, NULL, 0);
	}
	answer_leave(answering->database, pool, answering->name);
	pool_free(pool);
}

void answering_work(struct answering *answering, const volatile bool *stop, int64_t idle_s)
{
	while (!*stop) {
		turn(answering);
		if (idle_s > 0 && answering->count == 0 &&
		    clock_monotonic_ms() - answering->busy_ms > idle_s * 1000)
			break;
	}
	leave(answering);
}

void answering_make(struct answering *answering, const char *answer_id, const volatile bool *stop,
		    int64_t patience_s)
{
	int64_t until_ms = clock_monotonic_ms() + patience_s * 1000;
	answering->only_id = answer_id;
	turn(answering);
	while (!*stop && find(answering, answer_id) != NULL && clock_monotonic_ms() < until_ms)
		turn(answering);
	leave(answering);
}

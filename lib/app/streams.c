#include "app/streams.h"
#include "app/answer_worker.h"
#include "app/databases.h"
#include "app/temporary.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "chat/answer.h"
#include "db/listener.h"
#include "session/list.h"
#include "web/markdown.h"
#include "web/markdown_stream.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STREAMS_MAX = 1000,
	BEAT_MS = 15 * 1000,    /* a quiet stream says something, to notice who has gone */
	BEATS_IN_A_LIFE = 4,    /* at the least */
	LOOK_MS = 1000,         /* notifications can be missed; then this long */
	LOOK_DEAF_MS = 150,     /* without notifications */
	STUCK_MS = 30 * 1000,   /* a reader who takes nothing for so long */
	SESSIONS_MS = 5 * 1000, /* so often it is looked whether the readers are still signed in */
	STACK_BYTES = 512 << 10,
	ID_BYTES = 24,
	UUID_BYTES = 37,
};

/* An answer that somebody watches. */
struct watched {
	struct watched *next;
	struct pool *pool;
	char id[ID_BYTES];
	struct buffer text; /* Markdown, all that came */
	struct markdown_progress progress;
	size_t settled; /* bytes of it whose HTML does not change any more */
	int64_t newest;
	enum answer_state state;
	const char *end; /* data of the last event; NULL: it still grows */
	bool is_due;
	size_t readers;
};

/* How far a reader has come. */
struct cursor {
	int64_t newest; /* piece that was sent; 0: none yet */
	size_t settled; /* bytes of the text whose HTML was sent */
};

/* Somebody with streams. */
struct reader {
	struct reader *next;
	size_t streams;
	char user_id[];
};

struct stream {
	struct stream *next;
	struct kept_exchange *kept;
	struct reader *reader;
	struct watched *watched;
	char session_id[UUID_BYTES];
	bool has_session; /* when that was last looked at */
	struct cursor sent;
	int64_t begun_ms, told_ms;
};

/* One that was handed over and is not served yet. */
struct newcomer {
	struct newcomer *next;
	struct kept_exchange *kept;
	struct reader *reader;
	char answer_id[ID_BYTES], session_id[UUID_BYTES];
	struct cursor cursor;
};

struct streams {
	struct pg_pool *database;
	struct pg_listener *listener;
	pthread_t thread;
	pthread_mutex_t lock; /* of the next four */
	struct newcomer *newcomers;
	struct reader *readers;
	bool is_running;
	int wake[2];
	atomic_bool stopping;
	atomic_size_t count;
	struct stream *all;
	struct watched *watched;
	int64_t looked_ms, sessions_ms; /* when that was last asked: for pieces, for sessions */
	int64_t life_ms,
		beat_ms; /* of a stream; its life ends before the web servers' own limits do */
	const struct config *config;
};

static const char *const channels[] = { "gatehouse_answer", NULL };

static void stop_at_end(void *data)
{
	streams_stop(data);
}

struct streams *streams_new(struct pool *pool, const struct config *config)
{
	struct streams *streams = pool_zalloc(pool, sizeof *streams);
	streams->database = app_database(pool, config, 1);
	streams->listener = app_listener(pool, config, channels);
	streams->config = config;
	streams->life_ms = config->chat.stream_seconds * 1000;
	streams->beat_ms = streams->life_ms / BEATS_IN_A_LIFE;
	if (streams->beat_ms > BEAT_MS)
		streams->beat_ms = BEAT_MS;
	pthread_mutex_init(&streams->lock, NULL);
	pool_cleanup(pool, stop_at_end, streams);
	return streams;
}

/* With the lock held, as the next two. NULL: nobody with this id has a stream. */
static struct reader *find_reader(struct streams *streams, const char *user_id)
{
	struct reader *reader = streams->readers;
	while (reader != NULL && strcmp(reader->user_id, user_id) != 0)
		reader = reader->next;
	return reader;
}

/* One more stream for this person; NULL: they have as many as they may. */
static struct reader *take_place(struct streams *streams, const char *user_id)
{
	struct reader *reader = find_reader(streams, user_id);
	if (reader == NULL) {
		size_t size = strlen(user_id) + 1;
		reader = calloc(1, sizeof *reader + size);
		if (reader == NULL)
			return NULL;
		memcpy(reader->user_id, user_id, size);
		reader->next = streams->readers;
		streams->readers = reader;
	}
	if (reader->streams == STREAMS_OF_A_PERSON)
		return NULL;
	reader->streams++;
	return reader;
}

static void leave_place(struct streams *streams, struct reader *reader)
{
	if (--reader->streams > 0)
		return;
	struct reader **place = &streams->readers;
	while (*place != reader)
		place = &(*place)->next;
	*place = reader->next;
	free(reader);
}

bool streams_have_room(struct streams *streams, const char *user_id)
{
	pthread_mutex_lock(&streams->lock);
	const struct reader *reader = find_reader(streams, user_id);
	bool has_place = reader == NULL || reader->streams < STREAMS_OF_A_PERSON;
	pthread_mutex_unlock(&streams->lock);
	return has_place && streams->count < STREAMS_MAX && !streams->stopping;
}

/* A stream is over, or never began. */
static void uncount(struct streams *streams, struct reader *reader)
{
	pthread_mutex_lock(&streams->lock);
	leave_place(streams, reader);
	pthread_mutex_unlock(&streams->lock);
	streams->count--;
}

static struct watched *watch(struct streams *streams, const char *id)
{
	for (struct watched *one = streams->watched; one != NULL; one = one->next)
		if (strcmp(one->id, id) == 0)
			return one;
	struct pool *pool = pool_new(NULL);
	struct watched *one = pool_zalloc(pool, sizeof *one);
	one->pool = pool;
	snprintf(one->id, sizeof one->id, "%s", id);
	one->text = buffer_new(pool, 4096);
	one->next = streams->watched;
	streams->watched = one;
	return one;
}

static void unwatch(struct streams *streams, struct watched *gone)
{
	struct watched **place = &streams->watched;
	while (*place != NULL && *place != gone)
		place = &(*place)->next;
	if (*place != NULL)
		*place = gone->next;
	pool_free(gone->pool);
}

static void take_newcomers(struct streams *streams)
{
	char bytes[64];
	while (read(streams->wake[0], bytes, sizeof bytes) > 0)
		continue;
	pthread_mutex_lock(&streams->lock);
	struct newcomer *newcomer = streams->newcomers;
	streams->newcomers = NULL;
	pthread_mutex_unlock(&streams->lock);
	while (newcomer != NULL) {
		struct newcomer *next = newcomer->next;
		struct stream *stream = calloc(1, sizeof *stream);
		if (stream == NULL) {
			kept_end(newcomer->kept);
			uncount(streams, newcomer->reader);
		} else {
			stream->kept = newcomer->kept;
			stream->reader = newcomer->reader;
			stream->watched = watch(streams, newcomer->answer_id);
			stream->watched->readers++;
			stream->watched->is_due = true;
			memcpy(stream->session_id, newcomer->session_id, UUID_BYTES);
			stream->has_session = true;
			stream->sent = newcomer->cursor;
			stream->begun_ms = stream->told_ms = clock_monotonic_ms();
			stream->next = streams->all;
			streams->all = stream;
		}
		free(newcomer);
		newcomer = next;
	}
}

static void end_stream(struct streams *streams, struct stream **place)
{
	struct stream *stream = *place;
	*place = stream->next;
	kept_end(stream->kept);
	if (--stream->watched->readers == 0)
		unwatch(streams, stream->watched);
	uncount(streams, stream->reader);
	free(stream);
}

static void heard(void *context, const char *channel, const char *payload)
{
	struct streams *streams = context;
	(void)channel;
	for (struct watched *one = streams->watched; one != NULL; one = one->next)
		if (strcmp(one->id, payload) == 0)
			one->is_due = true;
}

static const char *end_data(struct watched *one, const struct answer *answer)
{
	struct value *value = value_object(one->pool);
	struct buffer out = buffer_new(one->pool, 256);
	value_set_string(value, "state", answer_state_name(answer->state));
	value_set_string(value, "message_id", answer->message_id);
	value_set_string(value, "error", answer->error);
	value_set_string(value, "sentence", answer->sentence);
	json_write(&out, value);
	return out.bytes;
}

static void add_progress(struct streams *streams, struct watched *one, const struct answer *answer)
{
	if (answer->waits_s >= ANSWER_FORGOTTEN_S)
		answer_worker_start(streams->config, one->pool);
	buffer_puts(&one->text, answer->text);
	one->newest = answer->newest;
	one->settled = markdown_settle(&one->progress, one->text.bytes, one->text.length);
	one->state = answer->state;
	if (!answer_is_open(answer->state) && one->end == NULL)
		one->end = end_data(one, answer);
}

/* Ask for all that is due, in one question. */
static void look(struct streams *streams, struct pool *pool)
{
	size_t count = 0, found = 0;
	for (struct watched *one = streams->watched; one != NULL; one = one->next)
		count += one->is_due;
	if (count == 0)
		return;
	struct answer_watch *due = pool_alloc(pool, count * sizeof *due);
	struct watched **which = pool_alloc(pool, count * sizeof(struct watched *));
	struct answer *answers;
	size_t at = 0;
	for (struct watched *one = streams->watched; one != NULL; one = one->next)
		if (one->is_due) {
			which[at] = one;
			due[at++] = (struct answer_watch){ one->id, one->newest };
		}
	if (answer_progress(streams->database, pool, due, count, &answers, &found) != OK)
		return; /* they stay due */
	for (size_t i = 0; i < found; i++)
		temporary_open_answer(streams->config, pool, &answers[i]);
	for (size_t i = 0; i < count; i++) {
		which[i]->is_due = false;
		for (size_t j = 0; j < found; j++)
			if (strcmp(answers[j].id, which[i]->id) == 0)
				add_progress(streams, which[i], &answers[j]);
	}
}

/* Who signed out, or whose session was ended elsewhere, is not told any more. False: not known. */
static bool look_for_sessions(struct streams *streams, struct pool *pool)
{
	int64_t now_ms = clock_monotonic_ms();
	if (streams->all == NULL || now_ms - streams->sessions_ms < SESSIONS_MS)
		return true;
	size_t count = 0, at = 0;
	for (const struct stream *stream = streams->all; stream != NULL; stream = stream->next)
		count++;
	const char **ids = pool_alloc(pool, count * sizeof *ids);
	bool *are_live = pool_alloc(pool, count * sizeof *are_live);
	for (const struct stream *stream = streams->all; stream != NULL; stream = stream->next)
		ids[at++] = stream->session_id;
	if (session_are_live(streams->database, pool, ids, count, are_live) != OK)
		return false;
	at = 0;
	for (struct stream *stream = streams->all; stream != NULL; stream = stream->next)
		stream->has_session = are_live[at++];
	streams->sessions_ms = now_ms;
	return true;
}

/* What the reader says they have: a cursor of ours, with which nothing but their own page can go wrong. */
static struct cursor read_cursor(const char *text)
{
	struct cursor cursor = { 0 };
	char piece[ID_BYTES];
	int64_t newest, settled;
	const char *dash = text != NULL ? strchr(text, '-') : NULL;
	if (dash == NULL || dash - text >= ID_BYTES)
		return cursor;
	snprintf(piece, sizeof piece, "%.*s", (int)(dash - text), text);
	if (text_to_integer(piece, 1, INT32_MAX, &newest) &&
	    text_to_integer(dash + 1, 0, INT32_MAX, &settled))
		cursor = (struct cursor){ newest, (size_t)settled };
	return cursor;
}

/* Whether the answer, as it is here, was once sent up to there. */
static bool fits(const struct cursor *cursor, const struct watched *one)
{
	return cursor->newest <= one->newest && cursor->settled <= one->settled &&
	       (cursor->settled == 0 ||
		strchr("\r\n", one->text.bytes[cursor->settled - 1]) != NULL);
}

static void write_event(struct buffer *out, const char *name, const struct cursor *cursor,
			const char *data)
{
	if (cursor != NULL)
		buffer_printf(out, "id: %lld-%zu\n", (long long)cursor->newest, cursor->settled);
	buffer_printf(out, "event: %s\n", name);
	buffer_puts(out, "data: ");
	buffer_puts(out, data);
	buffer_puts(out, "\n\n");
}

static const char *html_of(struct pool *pool, const char *markdown, size_t length, bool grows)
{
	struct buffer html = buffer_new(pool, length * 2 + 64);
	if (grows)
		markdown_render_growing(&html, markdown, length, MARKDOWN_HEADING_SHIFT);
	else
		markdown_render(&html, markdown, length, MARKDOWN_HEADING_SHIFT);
	return html.bytes;
}

static void write_growth(struct buffer *out, struct pool *pool, const struct stream *stream)
{
	const struct watched *one = stream->watched;
	struct value *value = value_object(pool);
	struct buffer data = buffer_new(pool, 1024);
	size_t from = stream->sent.settled;
	value_set_integer(value, "from", (int64_t)from);
	value_set_string(value, "settled",
			 html_of(pool, one->text.bytes + from, one->settled - from, false));
	value_set_string(value, "tail",
			 html_of(pool, one->text.bytes + one->settled,
				 one->text.length - one->settled, true));
	json_write(&data, value);
	write_event(out, "grow", &(struct cursor){ one->newest, one->settled }, data.bytes);
}

/* What there is to say to one reader. False: that was all, or there is nobody any more. */
static bool tell(const struct streams *streams, struct stream *stream, struct pool *pool,
		 int64_t now_ms)
{
	const struct watched *one = stream->watched;
	struct buffer out = buffer_new(pool, 1024);
	bool is_over = !stream->has_session || now_ms - stream->begun_ms > streams->life_ms;
	if (!fits(&stream->sent, one))
		stream->sent = (struct cursor){ 0 };
	if (one->newest > stream->sent.newest && stream->has_session)
		write_growth(&out, pool, stream);
	if (one->end != NULL && stream->has_session)
		write_event(&out, "end", NULL, one->end);
	else if (is_over)
		write_event(&out, "resume", NULL, "{}");
	else if (out.length == 0 && now_ms - stream->told_ms > streams->beat_ms)
		buffer_puts(&out, ": still here\n\n");
	if (out.length == 0)
		return !kept_has_gone(stream->kept);
	if (!kept_is_ready(stream->kept)) /* reads slowly; what comes meanwhile is told in one */
		return now_ms - stream->told_ms < STUCK_MS;
	if (!kept_write(stream->kept, out.bytes, out.length))
		return false;
	stream->sent = (struct cursor){ one->newest, one->settled };
	stream->told_ms = now_ms;
	return one->end == NULL && !is_over;
}

static void tell_all(struct streams *streams, struct pool *pool)
{
	int64_t now_ms = clock_monotonic_ms();
	for (struct stream **place = &streams->all; *place != NULL;) {
		struct pool *own = pool_new(pool);
		if (tell(streams, *place, own, now_ms))
			place = &(*place)->next;
		else
			end_stream(streams, place);
		pool_free(own);
	}
}

/* Wait for newcomers, notifications, or the time to look anyway. */
static void wait(struct streams *streams)
{
	bool is_new = false;
	int socket = streams->watched != NULL ? pg_listener_socket(streams->listener, &is_new) : -1;
	int patience = socket >= 0 ? LOOK_MS : LOOK_DEAF_MS;
	struct pollfd events[] = { { .fd = streams->wake[0], .events = POLLIN },
				   { .fd = socket, .events = POLLIN } };
	poll(events, 2, is_new ? 0 : streams->all == NULL ? -1 : patience);
	if (socket >= 0)
		pg_listener_take(streams->listener, heard, streams);
	take_newcomers(streams);
	int64_t now_ms = clock_monotonic_ms();
	if (is_new || now_ms - streams->looked_ms >= patience) {
		streams->looked_ms = now_ms;
		for (struct watched *one = streams->watched; one != NULL; one = one->next)
			one->is_due = one->end == NULL;
	}
}

static void say_good_bye(struct streams *streams)
{
	static const char words[] = "event: resume\ndata: {}\n\n";
	take_newcomers(streams);
	while (streams->all != NULL) {
		if (kept_is_ready(streams->all->kept))
			kept_write(streams->all->kept, words, sizeof words - 1);
		end_stream(streams, &streams->all);
	}
}

static void *serve(void *data)
{
	struct streams *streams = data;
	while (!streams->stopping) {
		struct pool *pool = pool_new(NULL);
		wait(streams);
		if (look_for_sessions(streams, pool))
			look(streams, pool);
		tell_all(streams, pool);
		pool_free(pool);
	}
	say_good_bye(streams);
	return NULL;
}

static bool start(struct streams *streams)
{
	pthread_attr_t attributes;
	if (streams->is_running)
		return true;
	if (pipe2(streams->wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	streams->is_running = pthread_create(&streams->thread, &attributes, serve, streams) == 0;
	pthread_attr_destroy(&attributes);
	if (!streams->is_running) {
		log_event(LOG_LEVEL_ERROR, "cannot_stream", "reason", strerror(errno), NULL);
		close(streams->wake[0]);
		close(streams->wake[1]);
	}
	return streams->is_running;
}

bool streams_add(struct streams *streams, struct exchange *exchange,
		 const struct stream_request *request)
{
	struct newcomer *newcomer = calloc(1, sizeof *newcomer);
	bool added = false;
	if (newcomer == NULL)
		return false;
	snprintf(newcomer->answer_id, sizeof newcomer->answer_id, "%s", request->answer_id);
	newcomer->cursor = read_cursor(request->cursor);
	snprintf(newcomer->session_id, sizeof newcomer->session_id, "%s", request->session_id);
	pthread_mutex_lock(&streams->lock);
	if (!streams->stopping && start(streams))
		newcomer->reader = take_place(streams, request->user_id);
	if (newcomer->reader != NULL) {
		newcomer->kept = exchange_keep(exchange);
		added = newcomer->kept != NULL;
	}
	if (newcomer->reader != NULL && !added)
		leave_place(streams, newcomer->reader);
	if (added) {
		newcomer->next = streams->newcomers;
		streams->newcomers = newcomer;
		streams->count++;
	} else {
		free(newcomer);
	}
	pthread_mutex_unlock(&streams->lock);
	if (added && write(streams->wake[1], "", 1) < 0 && errno != EAGAIN)
		log_event(LOG_LEVEL_ERROR, "cannot_wake_streams", "reason", strerror(errno), NULL);
	return added;
}

void streams_stop(struct streams *streams)
{
	if (streams->stopping)
		return;
	streams->stopping = true;
	if (!streams->is_running)
		return;
	if (write(streams->wake[1], "", 1) < 0)
		log_event(LOG_LEVEL_DEBUG, "streams_stop", NULL);
	pthread_join(streams->thread, NULL);
	close(streams->wake[0]);
	close(streams->wake[1]);
	streams->is_running = false;
}

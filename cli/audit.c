#include "audit/audit.h"
#include "base/json.h"
#include "commands.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	BATCH = 500, /* entries fetched at a time, so that any number of them takes little memory */
	DEADLINE_MS = 600000, /* for one batch: what no index knows is looked for in all months */
	DAY_SECONDS = 86400
};

struct listing {
	struct command_context *context;
	struct pg_pool *database;
	struct audit_filter filter;
	int64_t left; /* entries still wanted */
	bool json;
};

/* Each reads one option into the listing; false: it has said on standard error what is wrong. */

static bool read_user(struct listing *listing, const char *text)
{
	struct command_context *context = listing->context;
	struct user *user;
	listing->filter.user_id = text;
	listing->filter.or_username = NULL;
	if (users_find(context->app->users, context->pool, text, &user) == OK)
		listing->filter.user_id = user->id;
	else if (users_load(context->app->users, context->pool, text, &user) != OK)
		/* Gone, or MySQL is away: the trail has their names too. */
		listing->filter.or_username = text;
	return true;
}

static bool read_event(struct listing *listing, const char *text)
{
	listing->filter.event = text;
	if (audit_event_find(text) != AUDIT_EVENT_COUNT)
		return true;
	struct buffer names = buffer_new(listing->context->pool, 512);
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++)
		buffer_printf(&names, " %s", audit_event_name((enum audit_event)event));
	command_fail("there is no event \"%s\"; there are:%s", text, names.bytes);
	return false;
}

static bool read_address(struct listing *listing, const char *text)
{
	listing->filter.address = text;
	return true; /* PostgreSQL knows what an address or a network is */
}

/* A day, or a moment of it; by UTC, as everything here is. 0: neither. */
static int64_t read_moment(const char *text, bool *is_day)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
					       "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S" };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct tm read = { .tm_year = 0 }, back;
		const char *end = strptime(text, formats[i], &read);
		*is_day = i == 0;
		if (end == NULL || (*end != '\0' && (*is_day || strcmp(end, "Z") != 0)))
			continue;
		int day = read.tm_mday;
		time_t at = timegm(&read);
		/* There is no 31 February. */
		return gmtime_r(&at, &back) != NULL && back.tm_mday == day && at > 0 ? at : 0;
	}
	return 0;
}

static int64_t read_time(const char *text, bool *is_day)
{
	int64_t at = read_moment(text, is_day);
	if (at == 0)
		command_fail("\"%s\" is no time; write 2026-11-01 or \"2026-11-01 08:15\" (UTC)",
			     text);
	return at;
}

static bool read_since(struct listing *listing, const char *text)
{
	bool is_day;
	listing->filter.since_s = read_time(text, &is_day);
	return listing->filter.since_s != 0;
}

/* A day is meant with all its hours. */
static bool read_until(struct listing *listing, const char *text)
{
	bool is_day;
	int64_t at = read_time(text, &is_day);
	listing->filter.until_s = is_day ? at + DAY_SECONDS : at;
	return at != 0;
}

static bool read_limit(struct listing *listing, const char *text)
{
	if (text_to_integer(text, 1, INT64_MAX, &listing->left))
		return true;
	command_fail("--limit takes a number from 1 on, not \"%s\"", text);
	return false;
}

static bool read_json(struct listing *listing, const char *text)
{
	(void)text;
	listing->json = true;
	return true;
}

static const struct {
	const char *name;
	bool takes_text;
	bool (*read)(struct listing *listing, const char *text);
} options[] = {
	{ "--user", true, read_user },       { "--event", true, read_event },
	{ "--address", true, read_address }, { "--since", true, read_since },
	{ "--until", true, read_until },     { "--limit", true, read_limit },
	{ "--json", false, read_json },
};

/* Read the option at `words` and give how many words it took; 0: it has said what is wrong. */
static int read_option(struct listing *listing, int count, char **words)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (strcmp(words[0], options[i].name) != 0)
			continue;
		if (options[i].takes_text && count < 2) {
			command_fail("%s needs a value after it", words[0]);
			return 0;
		}
		int taken = options[i].takes_text ? 2 : 1;
		return options[i].read(listing, words[taken - 1]) ? taken : 0;
	}
	command_fail("audit has no option \"%s\"; gatehousectl --help shows them", words[0]);
	return 0;
}

static void print_json(struct pool *pool, const struct audit_row *row)
{
	struct value *line = value_object(pool);
	value_set_integer(line, "id", row->id);
	value_set_string(line, "at", row->at);
	value_set_string(line, "event", row->event);
	value_set_string(line, "reason", row->reason);
	value_set_string(line, "user_id", row->user_id);
	value_set_string(line, "username", row->username);
	value_set_string(line, "session", row->session);
	value_set_string(line, "kind", row->kind);
	value_set_string(line, "address", row->address);
	value_set_string(line, "user_agent", row->user_agent);
	value_set_string(line, "actor", row->actor);
	value_set_string(line, "request_id", row->request_id);
	value_set(line, "detail",
		  row->detail != NULL ? json_read(pool, row->detail, strlen(row->detail), SIZE_MAX)
				      : NULL);
	struct buffer out = buffer_new(pool, 512);
	json_write(&out, line);
	puts(out.bytes);
}

/* A text in a column of at least `width` characters; nobody's bytes reach the terminal as they are. */
static void add_column(struct buffer *line, const char *text, size_t width)
{
	const char *shown = text != NULL && *text != '\0'
				    ? text_clean(line->pool, text, AUDIT_TEXT_MAX_BYTES)
				    : "-";
	if (line->length > 0)
		buffer_puts(line, "  ");
	buffer_puts(line, shown);
	for (size_t i = text_characters(shown); i < width; i++)
		buffer_byte(line, ' ');
}

static void print_line(struct pool *pool, const struct audit_row *row)
{
	struct buffer line = buffer_new(pool, 256);
	char at[] = "2026-11-20 08:15:02Z";
	memcpy(at, row->at, 10);
	memcpy(at + 11, row->at + 11, 8);
	const char *who = row->username;
	if (row->username != NULL && row->user_id != NULL)
		who = pool_printf(pool, "%s (%s)", row->username, row->user_id);
	else if (row->user_id != NULL)
		who = pool_printf(pool, "(%s)", row->user_id);
	add_column(&line, at, 0);
	add_column(&line, row->event, 18);
	add_column(&line, row->reason, 16);
	add_column(&line, who, 24);
	add_column(&line, row->address, 15);
	add_column(&line, row->actor, 8);
	add_column(&line, row->session, 36);
	add_column(&line, row->user_agent, 0);
	puts(line.bytes);
}

/* A connection that may take its time, which the programs' must not. */
static struct pg_pool *patient_database(const struct command_context *context)
{
	const struct config *config = context->config;
	const struct pg_options patient = { .conninfo = config->postgresql.dsn,
					    .connections = 1,
					    .deadline_ms = DEADLINE_MS,
					    .prepare = config->postgresql.prepared_statements };
	return pg_pool_new(context->pool, &patient);
}

/* The next entries. The status, or -1: there may be more. */
static int list_batch(struct listing *listing, struct pool *pool)
{
	struct audit_filter *filter = &listing->filter;
	struct audit_list list;
	filter->limit = listing->left < BATCH ? (size_t)listing->left : BATCH;
	enum outcome outcome = audit_list(listing->database, pool, filter, &list);
	if (outcome == BAD_REQUEST) {
		if (filter->address != NULL)
			command_fail("\"%s\" is no address or network", filter->address);
		else
			command_fail("these words are no text in UTF-8");
		return WORDS_REFUSED;
	}
	if (outcome != OK)
		return command_fail("the audit trail cannot be read; the log above says why");
	for (size_t i = 0; i < list.count; i++)
		(listing->json ? print_json : print_line)(pool, &list.rows[i]);
	if (fflush(stdout) != 0 || ferror(stdout))
		/* Whoever reads has seen enough, as head(1) does. */
		return errno == EPIPE ? 0 : command_fail("the entries cannot be written");
	if (list.count == 0 && filter->before_id == 0 && !listing->json)
		puts("There are no such entries.");
	if (list.count < filter->limit)
		return 0;
	filter->before_id = list.rows[list.count - 1].id;
	listing->left -= (int64_t)list.count;
	return listing->left > 0 ? -1 : 0;
}

static int list(struct command_context *context, int count, char **words)
{
	struct listing listing = { .context = context,
				   .database = patient_database(context),
				   .left = INT64_MAX };
	while (count > 0) {
		int taken = read_option(&listing, count, words);
		if (taken == 0)
			return WORDS_REFUSED;
		count -= taken;
		words += taken;
	}
	int status;
	do {
		struct pool *pool = pool_new(context->pool);
		status = list_batch(&listing, pool);
		pool_free(pool);
	} while (status == -1);
	return status;
}

int audit_keep_partitions(struct command_context *context)
{
	const char *error;
	/* Without a deadline: what waits in the default partition may be much. */
	if (pg_run_script(context->app->postgresql, context->pool,
			  statement_texts[STATEMENT_AUDIT_PARTITIONS].sql, &error) == OK)
		return 0;
	const char *advice = "";
	if (strstr(error, "lock timeout") != NULL)
		advice = ". Somebody reads it for long; try again later";
	else if (strstr(error, "permission denied") != NULL)
		advice = ". gatehousectl migrate, run as the owner's role, gives the right";
	return command_fail("the months of the audit trail could not be put in order: %s%s", error,
			    advice);
}

static int partitions(struct command_context *context)
{
	int status = audit_keep_partitions(context);
	if (status != 0)
		return status;
	struct pg_rows *rows;
	if (pg_run(context->app->postgresql, context->pool, STATEMENT_AUDIT_PARTITION_LIST, NULL, 0,
		   &rows) != OK)
		return command_fail("PostgreSQL does not answer");
	int64_t months = pg_row_count(rows) > 0 ? pg_integer(rows, 0, 2) : 0;
	if (months > 0)
		printf("Kept: %lld whole months beside the running one\n", (long long)months);
	else
		puts("Kept: for ever");
	for (size_t i = 0; i < pg_row_count(rows); i++)
		printf("%-26s %12lld kB\n", pg_text(rows, i, 0),
		       (long long)pg_integer(rows, i, 1) / 1024);
	return 0;
}

int command_audit(struct command_context *context)
{
	const char *what = context->argc > 0 ? context->argv[0] : "list";
	if (strcmp(what, "partitions") == 0)
		return context->argc == 1 ? partitions(context) : 2;
	int skipped = context->argc > 0 && strcmp(what, "list") == 0;
	return list(context, context->argc - skipped, context->argv + skipped);
}

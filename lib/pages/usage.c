#include "chat/usage.h"
#include "pages/pages.h"
#include <string.h>

/* What somebody used of the chat: today beside their limits, and the days before as two charts. The
 * charts are SVG that the template draws from the numbers given here; they need no script. */

enum { BAR_STEP = 10, BAR_WIDTH = 7, CHART_HEIGHT = 100 };

/* 12345 as "12,345". */
static const char *number_words(struct pool *pool, int64_t number)
{
	const char *digits = text_from_integer(pool, number);
	size_t length = strlen(digits);
	struct buffer out = buffer_new(pool, 32);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			buffer_byte(&out, ',');
		buffer_byte(&out, digits[i]);
	}
	return out.bytes;
}

static int64_t messages_of(const struct usage_day *day)
{
	return day->messages;
}

static int64_t tokens_of(const struct usage_day *day)
{
	return day->prompt_tokens + day->answer_tokens;
}

/* ---- Limits ---- */

static void add_limit(struct visit *visit, struct value *rows, const char *label, int64_t used,
		      int64_t limit)
{
	struct pool *pool = visit->pool;
	struct value *row = value_object(pool);
	value_set_string(row, "label", label);
	value_set_string(row, "used", number_words(pool, used));
	value_set_string(row, "limit", limit > 0 ? number_words(pool, limit) : NULL);
	int64_t share = limit > 0 ? used * 100 / limit : 0;
	value_set_integer(row, "share", share > 100 ? 100 : share);
	value_set_bool(row, "is_reached", limit > 0 && used >= limit);
	value_append(rows, row);
}

static void set_limits(struct visit *visit, const struct usage *usage)
{
	const struct session_quota *quota = &visit->session->limits.quota;
	const struct usage_day *today = &usage->days[USAGE_DAYS - 1];
	struct value *rows = value_array(visit->pool);
	add_limit(visit, rows, "Messages in the last minute", usage->messages_last_minute,
		  quota->messages_per_minute);
	add_limit(visit, rows, "Messages today", today->messages, quota->messages_per_day);
	add_limit(visit, rows, "Tokens today", tokens_of(today), quota->tokens_per_day);
	add_limit(visit, rows, "Answers being written", usage->answers_now, quota->answers_at_once);
	value_set(visit->page, "limits_shown", rows);
	value_set_string(visit->page, "longest",
			 quota->conversation_messages > 0
				 ? number_words(visit->pool, quota->conversation_messages)
				 : NULL);
	value_set_string(visit->page, "next_day", visit_wait_text(visit->pool, usage->next_day_s));
}

/* ---- Charts ---- */

/* The next of 1, 2, 5, 10, 20, 50 …: the top of a chart that a person can read. */
static int64_t round_top(int64_t highest)
{
	static const int64_t steps[] = { 1, 2, 5 };
	for (int64_t ten = 1;; ten *= 10)
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
			if (highest <= steps[i] * ten)
				return steps[i] * ten;
}

static struct value *bar_value(struct pool *pool, size_t place, int64_t number, int64_t top)
{
	struct value *bar = value_object(pool);
	double height = (double)number * CHART_HEIGHT / (double)top;
	if (height < 1) /* a day without anything has a foot, so that it can be seen to be a day */
		height = number > 0 ? 2 : 0.5;
	value_set_string(bar, "x", pool_printf(pool, "%.1f", (double)place * BAR_STEP + 1.5));
	value_set_string(bar, "y", pool_printf(pool, "%.2f", CHART_HEIGHT - height));
	value_set_string(bar, "height", pool_printf(pool, "%.2f", height));
	value_set_bool(bar, "is_today", place == USAGE_DAYS - 1);
	return bar;
}

/* One chart: bars, and what it says in words for who does not see it. */
static struct value *chart_value(struct visit *visit, const struct usage *usage, const char *name,
				 const char *noun, int64_t (*number)(const struct usage_day *day))
{
	struct pool *pool = visit->pool;
	struct value *chart = value_object(pool), *bars = value_array(pool);
	const struct usage_day *highest = &usage->days[0];
	int64_t sum = 0;
	for (size_t i = 0; i < USAGE_DAYS; i++) {
		sum += number(&usage->days[i]);
		if (number(&usage->days[i]) >= number(highest))
			highest = &usage->days[i];
	}
	int64_t top = round_top(number(highest));
	for (size_t i = 0; i < USAGE_DAYS; i++)
		value_append(bars, bar_value(pool, i, number(&usage->days[i]), top));
	value_set_string(chart, "id", name);
	value_set_string(chart, "noun", noun);
	value_set_string(chart, "top", number_words(pool, top));
	value_set_string(chart, "sum", number_words(pool, sum));
	value_set_string(chart, "words",
			 sum == 0 ? "None on any of these days."
				  : pool_printf(pool, "%s in all; the most on %s: %s.",
						number_words(pool, sum), highest->words,
						number_words(pool, number(highest))));
	value_set(chart, "bars", bars);
	return chart;
}

static struct value *days_value(struct visit *visit, const struct usage *usage)
{
	struct value *days = value_array(visit->pool);
	for (size_t i = USAGE_DAYS; i-- > 0;) {
		const struct usage_day *day = &usage->days[i];
		struct value *value = value_object(visit->pool);
		value_set_string(value, "date", day->date);
		value_set_string(value, "words", day->words);
		value_set_string(value, "messages", number_words(visit->pool, day->messages));
		value_set_string(value, "tokens", number_words(visit->pool, tokens_of(day)));
		value_append(days, value);
	}
	return days;
}

static void set_page(struct visit *visit, const struct usage *usage)
{
	struct value *charts = value_array(visit->pool);
	bool has_days = false;
	for (size_t i = 0; i < USAGE_DAYS; i++)
		has_days = has_days ||
			   messages_of(&usage->days[i]) + tokens_of(&usage->days[i]) > 0;
	set_limits(visit, usage);
	value_append(charts, chart_value(visit, usage, "messages", "Messages", messages_of));
	value_append(charts, chart_value(visit, usage, "tokens", "Tokens", tokens_of));
	value_set(visit->page, "charts", charts);
	value_set(visit->page, "table", days_value(visit, usage));
	value_set_string(visit->page, "first_day", usage->days[0].words);
	value_set_bool(visit->page, "has_days", has_days);
}

/* ---- For programs ---- */

static void set_day(struct value *value, const struct usage_day *day)
{
	value_set_string(value, "date", day->date);
	value_set_integer(value, "messages", day->messages);
	value_set_integer(value, "tokens", tokens_of(day));
	value_set_integer(value, "prompt_tokens", day->prompt_tokens);
	value_set_integer(value, "answer_tokens", day->answer_tokens);
}

/* null: no such limit. */
static void set_number(struct visit *visit, struct value *limits, const char *name, int64_t limit)
{
	value_set(limits, name,
		  limit > 0 ? value_integer(visit->pool, limit) : value_null(visit->pool));
}

static void set_data(struct visit *visit, const struct usage *usage)
{
	const struct session_quota *quota = &visit->session->limits.quota;
	struct value *limits = value_object(visit->pool), *today = value_object(visit->pool),
		     *days = value_array(visit->pool);
	set_number(visit, limits, "messages_per_minute", quota->messages_per_minute);
	set_number(visit, limits, "messages_per_day", quota->messages_per_day);
	set_number(visit, limits, "tokens_per_day", quota->tokens_per_day);
	set_number(visit, limits, "answers_at_once", quota->answers_at_once);
	set_number(visit, limits, "conversation_messages", quota->conversation_messages);
	set_day(today, &usage->days[USAGE_DAYS - 1]);
	value_set_integer(today, "messages_last_minute", usage->messages_last_minute);
	value_set_integer(today, "answers_now", usage->answers_now);
	value_set_integer(today, "ends_in_seconds", usage->next_day_s);
	for (size_t i = 0; i < USAGE_DAYS; i++) {
		struct value *day = value_object(visit->pool);
		set_day(day, &usage->days[i]);
		value_append(days, day);
	}
	value_set(visit->data, "limits", limits);
	value_set(visit->data, "today", today);
	value_set(visit->data, "days", days);
}

static enum outcome usage_show(struct visit *visit)
{
	struct usage usage;
	enum outcome outcome = usage_load(visit->app->postgresql, visit->pool,
					  visit->session->user_id, &usage);
	if (outcome != OK)
		return outcome;
	set_data(visit, &usage);
	if (visit->request->wants_json)
		return OK;
	set_page(visit, &usage);
	return visit_show(visit, "usage.html");
}

static enum outcome usage_data(struct visit *visit)
{
	visit->request->wants_json = true;
	return usage_show(visit);
}

static const struct route routes[] = {
	{ METHOD_GET, "/usage", GUEST, usage_show, NULL },
	{ METHOD_GET, "/api/usage", GUEST, usage_data, NULL },
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table usage_page = { "usage", routes, false };

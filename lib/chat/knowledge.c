#include "chat/knowledge.h"
#include "base/text.h"
#include "chat/small_talk.h"
#include <string.h>

enum {
	QUOTE_MAX = 900, /* bytes quoted of one passage; about what fits a phone's screen */
	QUOTED_MAX = 3,  /* passages; the answer stays short */
	NEAR_TOPICS = 5, /* links offered when nothing was found */
};

/* ---- answering: texts ---- */

struct answer {
	struct pg_pool *database;
	struct pool *pool;
	const struct knowledge_question *question;
	struct buffer *out;
};

/* Names and titles are plain text; in Markdown they must not become anything else. */
static void add_plain(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\`*_[]<>#|~&", *text) != NULL)
			buffer_byte(out, '\\');
		buffer_byte(out, *text);
	}
}

static void add_link(struct buffer *out, const struct answer *answer, const char *title,
		     const char *slug)
{
	buffer_byte(out, '[');
	add_plain(out, title);
	buffer_printf(out, "](%s/articles/%s)", answer->question->base_path, slug);
}

/* Country names that English speakers say with an article. */
static const char *country_article(const char *country)
{
	static const char *const named[] = { "Netherlands", "Philippines", "Czech Republic" };
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (strcmp(country, named[i]) == 0)
			return "the ";
	return text_starts_with(country, "United ") ? "the " : "";
}

static void add_country(struct buffer *out, const char *country)
{
	buffer_puts(out, country_article(country));
	add_plain(out, country);
}

/* ---- answering: passages ---- */

/* Where to cut a text that is too long: after the last line or sentence that ends within the
 * limit, else after the last word, else between two characters. */
static size_t cut_length(const char *text, size_t limit)
{
	for (size_t i = limit; i > limit / 3; i--)
		if (text[i] == '\n' || (text[i] == ' ' && strchr(".!?", text[i - 1]) != NULL))
			return i;
	for (size_t i = limit; i > limit / 3; i--)
		if (text[i] == ' ')
			return i;
	while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

/* A passage with code in it is quoted whole: half a code block would swallow what follows. */
static void add_quote(struct buffer *out, const char *body)
{
	size_t length = strlen(body);
	if (length <= QUOTE_MAX || strstr(body, "```") != NULL || strstr(body, "~~~") != NULL) {
		buffer_puts(out, body);
		return;
	}
	buffer_add(out, body, cut_length(body, QUOTE_MAX));
	buffer_puts(out, " …");
}

static bool is_same_article(const struct knowledge_passages *findings, size_t index, size_t other)
{
	return other < findings->count &&
	       strcmp(findings->passages[index].slug, findings->passages[other].slug) == 0;
}

/* One quoted passage; the last of an article is followed by the link to it. */
static void say_passage(struct answer *answer, const struct knowledge_passages *findings,
			size_t index)
{
	const struct knowledge_passage *passage = &findings->passages[index];
	struct buffer *out = answer->out;
	buffer_puts(out, "\n\n");
	if (!text_is_empty(passage->heading)) {
		buffer_puts(out, "**");
		add_plain(out, passage->heading);
		buffer_puts(out, "**\n\n");
	}
	add_quote(out, passage->body);
	if (!is_same_article(findings, index, index + 1)) {
		buffer_puts(out, "\n\nFrom: ");
		add_link(out, answer, passage->title, passage->slug);
	}
}

/* ---- answering: around the passages ---- */

/* When typing mistakes were put right, what was looked up instead. */
static void say_correction(struct answer *answer, const struct knowledge_passages *findings)
{
	if (text_is_empty(findings->corrected) || findings->count == 0)
		return;
	struct buffer *out = answer->out;
	buffer_puts(out, "I read this as: ");
	add_plain(out, findings->corrected);
	buffer_puts(out, "\n\n");
}

static void say_opening(struct answer *answer, const struct knowledge_passages *findings)
{
	const char *country = findings->passages[0].country;
	const char *wanted = answer->question->country;
	struct buffer *out = answer->out;
	bool is_open = text_is_empty(findings->countries) && text_is_empty(wanted);
	if (text_is_empty(country)) {
		buffer_puts(out, "Here is what I found.");
	} else if (is_open && findings->is_elsewhere) {
		buffer_puts(out, "You did not name a country, so here is what I found for ");
		add_country(out, country);
		buffer_puts(out, ". Name another one if you meant that.");
	} else if (text_is_empty(findings->countries) && !is_open && strcmp(country, wanted) != 0) {
		buffer_puts(out, "I found nothing on this for ");
		add_country(out, wanted);
		buffer_puts(out, ". This is what I have for ");
		add_country(out, country);
		buffer_puts(out, "; the rules differ.");
	} else {
		buffer_puts(out, "Here is what I found for ");
		add_country(out, country);
		buffer_byte(out, '.');
	}
}

static void say_topics(struct answer *answer, const char *heading,
		       const struct knowledge_passages *findings)
{
	if (findings->topic_count == 0)
		return;
	struct buffer *out = answer->out;
	buffer_printf(out, "\n\n%s\n", heading);
	for (size_t i = 0; i < findings->topic_count; i++) {
		buffer_puts(out, "\n- ");
		add_link(out, answer, findings->topics[i].title, findings->topics[i].slug);
	}
}

static void say_note(struct answer *answer, const struct knowledge_passages *findings)
{
	const char *note = findings->passages[0].note;
	if (text_is_empty(note))
		return;
	struct buffer *out = answer->out;
	buffer_printf(out, "\n\n*%s*", note);
}

static void answer_found(struct answer *answer, const struct knowledge_passages *findings)
{
	say_opening(answer, findings);
	for (size_t i = 0; i < findings->count; i++)
		say_passage(answer, findings, i);
	say_topics(answer, "Related:", findings);
	say_note(answer, findings);
}

/* ---- answering: nothing found ---- */

static void add_topics(struct buffer *out, const struct answer *answer,
		       const struct knowledge_topics *topics)
{
	for (size_t i = 0; i < topics->count; i++) {
		buffer_puts(out, "\n- ");
		add_link(out, answer, topics->topics[i].title, topics->topics[i].slug);
	}
}

static void say_nothing_found(struct answer *answer, const struct knowledge_passages *findings)
{
	struct buffer *out = answer->out;
	bool has_topics = findings->topic_count > 0;
	if (findings->words == 0 && has_topics && !text_is_empty(findings->countries)) {
		buffer_puts(out, "What would you like to know about ");
		add_country(out, findings->countries);
		buffer_byte(out, '?');
	} else if (findings->words == 0) {
		buffer_puts(out, "I did not understand what this is about.");
	} else {
		buffer_puts(out, "I found nothing about this");
		if (!text_is_empty(findings->countries)) {
			buffer_puts(out, " for ");
			add_country(out, findings->countries);
		}
		buffer_byte(out, '.');
	}
	buffer_puts(out, " A short question that names the country and the matter works best.");
}

/* When nothing is near the question either, topics of the conversation's country, or of any. */
static struct knowledge_query query_of(const struct answer *answer, size_t limit)
{
	return (struct knowledge_query){
		.question = answer->question->text,
		.country = answer->question->country,
		.service = answer->question->service,
		.tags = answer->question->tags,
		.limit = limit,
	};
}

static enum outcome answer_nothing_found(struct answer *answer,
					 const struct knowledge_passages *findings)
{
	struct knowledge_topics topics = { 0 };
	const struct knowledge_query near = query_of(answer, NEAR_TOPICS);
	const struct knowledge_query any = { .tags = near.tags, .limit = NEAR_TOPICS };
	if (findings->topic_count == 0) {
		enum outcome outcome = knowledge_topics(answer->database, answer->pool, &near,
							&topics);
		if (outcome == OK && topics.count == 0)
			outcome = knowledge_topics(answer->database, answer->pool, &any, &topics);
		if (outcome != OK)
			return outcome;
	}
	say_nothing_found(answer, findings);
	say_topics(answer, "Perhaps one of these is near it:", findings);
	if (topics.count > 0) {
		struct buffer *out = answer->out;
		buffer_puts(out, "\n\nThese are among the topics I know:\n");
		add_topics(out, answer, &topics);
	}
	return OK;
}

static enum outcome answer_question(struct answer *answer)
{
	const struct knowledge_query query = query_of(answer, QUOTED_MAX);
	struct knowledge_passages findings;
	enum outcome outcome = knowledge_passages(answer->database, answer->pool, &query,
						  &findings);
	if (outcome != OK)
		return outcome;
	say_correction(answer, &findings);
	if (findings.count == 0)
		return answer_nothing_found(answer, &findings);
	answer_found(answer, &findings);
	return OK;
}

/* ---- answering: small talk ---- */

/* "a, b and c" of the rows of one kind. */
static void add_subjects(struct buffer *out, const struct pg_rows *rows, const char *kind)
{
	size_t count = pg_row_count(rows), left = 0;
	for (size_t i = 0; i < count; i++)
		left += strcmp(pg_text(rows, i, 0), kind) == 0;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(pg_text(rows, i, 0), kind) != 0)
			continue;
		add_country(out, pg_text(rows, i, 1));
		left--;
		buffer_puts(out, left > 1 ? ", " : left == 1 ? " and " : "");
	}
}

/* What there is to ask about, with some topics as links. */
static enum outcome answer_help(struct answer *answer)
{
	struct pg_pool *database = answer->database;
	const struct knowledge_query query = query_of(answer, NEAR_TOPICS);
	const char *const parameters[] = { query.tags != NULL ? query.tags : "" };
	struct knowledge_topics topics;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, answer->pool, STATEMENT_KNOWLEDGE_SUBJECTS,
				      parameters, 1, &rows);
	if (outcome == OK)
		outcome = knowledge_topics(database, answer->pool, &query, &topics);
	if (outcome != OK)
		return outcome;
	struct buffer *out = answer->out;
	buffer_puts(out,
		    "I look up your question in a collection of articles and quote what fits.");
	if (pg_row_count(rows) > 0) {
		buffer_puts(out, "\n\nI know about ");
		add_subjects(out, rows, "service");
		buffer_puts(out, " in ");
		add_subjects(out, rows, "country");
		buffer_byte(out, '.');
	}
	buffer_puts(out, " A short question that names the country and the matter works best.");
	if (topics.count > 0)
		buffer_puts(out, "\n\nFor example:\n");
	add_topics(out, answer, &topics);
	return OK;
}

static enum outcome answer_small_talk(struct answer *answer, enum small_talk kind)
{
	static const char *const replies[] = {
		[SMALL_TALK_GREETING] =
			"Hello! Ask me your question, or write *help* to see what I know about.",
		[SMALL_TALK_GOODBYE] =
			"Goodbye! This conversation stays here for you to return to.",
		[SMALL_TALK_THANKS] =
			"You are welcome. Is there anything else you would like to know?",
	};
	if (kind == SMALL_TALK_HELP)
		return answer_help(answer);
	struct buffer *out = answer->out;
	buffer_puts(out, replies[kind]);
	return OK;
}

enum outcome knowledge_answer(struct pg_pool *database, struct pool *pool,
			      const struct knowledge_question *question, struct buffer *out)
{
	struct answer answer = { database, pool, question, out };
	enum small_talk kind = small_talk_recognise(question->text);
	return kind == SMALL_TALK_NONE ? answer_question(&answer)
				       : answer_small_talk(&answer, kind);
}

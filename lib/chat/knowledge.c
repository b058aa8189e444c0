#include "chat/knowledge.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "chat/article_file.h"
#include "chat/small_talk.h"
#include <string.h>

enum {
	QUOTE_MAX = 900, /* bytes quoted of one passage; about what fits a phone's screen */
	NEAR_TOPICS = 5, /* links offered when nothing was found */
};

/* Raise it when articles are split in a new way, so that an import refreshes all of them. */
#define SPLIT_VERSION "1\n"

/* ---- answering: texts ---- */

struct answer {
	struct responder_services *services;
	struct pool *pool;
	const struct responder_question *question;
	const struct responder_sink *sink;
	bool reader_gone;
};

static void say(struct answer *answer, const struct buffer *text)
{
	if (!answer->reader_gone && text->length > 0)
		answer->reader_gone = !answer->sink->piece(answer->sink->context, text->bytes,
							   text->length);
}

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
	buffer_printf(out, "](%s/articles/%s)", answer->services->base_path, slug);
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

/* Columns of knowledge_search. */
enum column {
	COLUMN_SECTION,
	COLUMN_KIND,
	COLUMN_SLUG,
	COLUMN_TITLE,
	COLUMN_COUNTRY,
	COLUMN_SERVICE,
	COLUMN_HEADING,
	COLUMN_BODY,
	COLUMN_NOTE,
	COLUMN_SCORE,
	COLUMN_IS_ELSEWHERE,
};

/* What a search brought: one row about the question, then passages, then further topics. */
struct findings {
	const struct pg_rows *rows;
	const char *countries; /* that the question names, with commas between; "" */
	int64_t words;         /* of the question that say something */
	bool is_elsewhere;     /* whether other countries' articles answer it as well */
	size_t first_topic;    /* rows 1 up to here are passages */
	size_t count;
};

static const char *found(const struct findings *findings, size_t row, enum column column)
{
	return pg_text(findings->rows, row, (int)column);
}

static bool is_same_article(const struct findings *findings, size_t row, size_t other)
{
	return other < findings->first_topic &&
	       strcmp(found(findings, row, COLUMN_SLUG), found(findings, other, COLUMN_SLUG)) == 0;
}

/* One quoted passage; the last of an article is followed by the link to it. */
static void say_passage(struct answer *answer, const struct findings *findings, size_t row)
{
	struct buffer out = buffer_new(answer->pool, 1024);
	buffer_puts(&out, "\n\n");
	if (!text_is_empty(found(findings, row, COLUMN_HEADING))) {
		buffer_puts(&out, "**");
		add_plain(&out, found(findings, row, COLUMN_HEADING));
		buffer_puts(&out, "**\n\n");
	}
	add_quote(&out, found(findings, row, COLUMN_BODY));
	if (!is_same_article(findings, row, row + 1)) {
		buffer_puts(&out, "\n\nFrom: ");
		add_link(&out, answer, found(findings, row, COLUMN_TITLE),
			 found(findings, row, COLUMN_SLUG));
	}
	say(answer, &out);
}

/* ---- answering: around the passages ---- */

static void say_opening(struct answer *answer, const struct findings *findings)
{
	const char *country = found(findings, 1, COLUMN_COUNTRY);
	const char *wanted = answer->question->country;
	struct buffer out = buffer_new(answer->pool, 256);
	bool is_open = text_is_empty(findings->countries) && text_is_empty(wanted);
	if (text_is_empty(country)) {
		buffer_puts(&out, "Here is what I found.");
	} else if (is_open && findings->is_elsewhere) {
		buffer_puts(&out, "You did not name a country, so here is what I found for ");
		add_country(&out, country);
		buffer_puts(&out, ". Name another one if you meant that.");
	} else if (text_is_empty(findings->countries) && !is_open && strcmp(country, wanted) != 0) {
		buffer_puts(&out, "I found nothing on this for ");
		add_country(&out, wanted);
		buffer_puts(&out, ". This is what I have for ");
		add_country(&out, country);
		buffer_puts(&out, "; the rules differ.");
	} else {
		buffer_puts(&out, "Here is what I found for ");
		add_country(&out, country);
		buffer_byte(&out, '.');
	}
	say(answer, &out);
}

static void say_topics(struct answer *answer, const char *heading, const struct findings *findings)
{
	if (findings->first_topic == findings->count)
		return;
	struct buffer out = buffer_new(answer->pool, 512);
	buffer_printf(&out, "\n\n%s\n", heading);
	for (size_t i = findings->first_topic; i < findings->count; i++) {
		buffer_puts(&out, "\n- ");
		add_link(&out, answer, found(findings, i, COLUMN_TITLE),
			 found(findings, i, COLUMN_SLUG));
	}
	say(answer, &out);
}

static void say_note(struct answer *answer, const struct findings *findings)
{
	const char *note = found(findings, 1, COLUMN_NOTE);
	if (text_is_empty(note))
		return;
	struct buffer out = buffer_new(answer->pool, 256);
	buffer_printf(&out, "\n\n*%s*", note);
	say(answer, &out);
}

static void answer_found(struct answer *answer, const struct findings *findings)
{
	say_opening(answer, findings);
	for (size_t i = 1; i < findings->first_topic; i++)
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

static void say_nothing_found(struct answer *answer, const struct findings *findings)
{
	struct buffer out = buffer_new(answer->pool, 512);
	bool has_topics = findings->first_topic < findings->count;
	if (findings->words == 0 && has_topics && !text_is_empty(findings->countries)) {
		buffer_puts(&out, "What would you like to know about ");
		add_country(&out, findings->countries);
		buffer_byte(&out, '?');
	} else if (findings->words == 0) {
		buffer_puts(&out, "I did not understand what this is about.");
	} else {
		buffer_puts(&out, "I found nothing about this");
		if (!text_is_empty(findings->countries)) {
			buffer_puts(&out, " for ");
			add_country(&out, findings->countries);
		}
		buffer_byte(&out, '.');
	}
	buffer_puts(&out, " A short question that names the country and the matter works best.");
	say(answer, &out);
}

/* When nothing is near the question either, topics of the conversation's country, or of any. */
static enum outcome answer_nothing_found(struct answer *answer, const struct findings *findings)
{
	struct knowledge_topics topics = { 0 };
	const struct responder_question *question = answer->question;
	if (findings->first_topic == findings->count) {
		enum outcome outcome = knowledge_topics(answer->services->postgresql, answer->pool,
							question->country, question->service,
							NEAR_TOPICS, &topics);
		if (outcome == OK && topics.count == 0)
			outcome = knowledge_topics(answer->services->postgresql, answer->pool, NULL,
						   NULL, NEAR_TOPICS, &topics);
		if (outcome != OK)
			return outcome;
	}
	say_nothing_found(answer, findings);
	say_topics(answer, "Perhaps one of these is near it:", findings);
	if (topics.count > 0) {
		struct buffer out = buffer_new(answer->pool, 512);
		buffer_puts(&out, "\n\nThese are among the topics I know:\n");
		add_topics(&out, answer, &topics);
		say(answer, &out);
	}
	return OK;
}

static enum outcome answer_question(struct answer *answer)
{
	const struct responder_question *question = answer->question;
	const char *const parameters[] = { question->text, question->country, question->service };
	struct pg_rows *rows;
	enum outcome outcome = pg_run(answer->services->postgresql, answer->pool,
				      STATEMENT_KNOWLEDGE_SEARCH, parameters, 3, &rows);
	if (outcome != OK)
		return outcome;
	struct findings findings = { .rows = rows, .first_topic = 1, .count = pg_row_count(rows) };
	if (findings.count == 0)
		return INTERNAL_ERROR;
	findings.countries = found(&findings, 0, COLUMN_TITLE);
	findings.words = pg_integer(rows, 0, COLUMN_SCORE);
	findings.is_elsewhere = pg_bool(rows, 0, COLUMN_IS_ELSEWHERE);
	while (findings.first_topic < findings.count &&
	       strcmp(found(&findings, findings.first_topic, COLUMN_KIND), "passage") == 0)
		findings.first_topic++;
	if (findings.first_topic == 1)
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
	struct pg_pool *database = answer->services->postgresql;
	const struct responder_question *question = answer->question;
	struct knowledge_topics topics;
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, answer->pool, STATEMENT_KNOWLEDGE_SUBJECTS, NULL, 0,
				      &rows);
	if (outcome == OK)
		outcome = knowledge_topics(database, answer->pool, question->country,
					   question->service, NEAR_TOPICS, &topics);
	if (outcome != OK)
		return outcome;
	struct buffer out = buffer_new(answer->pool, 1024);
	buffer_puts(&out,
		    "I look up your question in a collection of articles and quote what fits.");
	if (pg_row_count(rows) > 0) {
		buffer_puts(&out, "\n\nI know about ");
		add_subjects(&out, rows, "service");
		buffer_puts(&out, " in ");
		add_subjects(&out, rows, "country");
		buffer_byte(&out, '.');
	}
	buffer_puts(&out, " A short question that names the country and the matter works best.");
	if (topics.count > 0)
		buffer_puts(&out, "\n\nFor example:\n");
	add_topics(&out, answer, &topics);
	say(answer, &out);
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
	struct buffer out = buffer_new(answer->pool, 128);
	buffer_puts(&out, replies[kind]);
	say(answer, &out);
	return OK;
}

static enum outcome knowledge_answer(struct responder_services *services, struct pool *pool,
				     const struct responder_question *question,
				     const struct responder_sink *sink)
{
	struct answer answer = {
		.services = services,
		.pool = pool,
		.question = question,
		.sink = sink,
	};
	enum small_talk kind = small_talk_recognise(question->text);
	return kind == SMALL_TALK_NONE ? answer_question(&answer)
				       : answer_small_talk(&answer, kind);
}

const struct responder knowledge_responder = { "knowledge", knowledge_answer };

/* ---- articles ---- */

static const char *content_hash(struct pool *pool, const char *bytes, size_t length)
{
	unsigned char digest[SHA256_BYTES];
	struct buffer hashed = buffer_new(pool, length + sizeof SPLIT_VERSION);
	buffer_puts(&hashed, SPLIT_VERSION);
	buffer_add(&hashed, bytes, length);
	crypto_sha256(hashed.bytes, hashed.length, digest);
	return crypto_hex(pool, digest, sizeof digest);
}

static const char *tags_json(struct pool *pool, const struct article_file *file)
{
	struct value *tags = value_array(pool);
	for (size_t i = 0; i < file->tag_count; i++)
		value_append(tags, value_string(pool, file->tags[i]));
	struct buffer json = buffer_new(pool, 256);
	json_write(&json, tags);
	return json.bytes;
}

static const char *passages_json(struct pool *pool, const struct article_file *file)
{
	struct value *passages = value_array(pool);
	for (size_t i = 0; i < file->passage_count; i++) {
		struct value *passage = value_object(pool);
		value_set_string(passage, "heading", file->passages[i].heading);
		value_set_string(passage, "body", file->passages[i].body);
		value_append(passages, passage);
	}
	struct buffer json = buffer_new(pool, 4096);
	json_write(&json, passages);
	return json.bytes;
}

static enum knowledge_change change_named(const char *name)
{
	if (strcmp(name, "created") == 0)
		return KNOWLEDGE_CREATED;
	return strcmp(name, "updated") == 0 ? KNOWLEDGE_UPDATED : KNOWLEDGE_UNCHANGED;
}

enum outcome knowledge_import_article(struct pg_pool *database, struct pool *pool,
				      const char *file_name, const char *bytes, size_t length,
				      struct knowledge_import *result)
{
	const struct article_file *file = article_file_read(pool, file_name, bytes, length,
							    &result->problems);
	if (file == NULL)
		return BAD_REQUEST;
	const char *const parameters[] = {
		file->slug,
		file->title,
		file->body,
		file->note,
		file->country,
		file->service,
		tags_json(pool, file),
		file->language,
		content_hash(pool, bytes, length),
		passages_json(pool, file),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_IMPORT, parameters,
				      sizeof parameters / sizeof *parameters, &rows);
	if (outcome == OK)
		result->change = change_named(pg_text(rows, 0, 0));
	return outcome;
}

enum outcome knowledge_article_load(struct pg_pool *database, struct pool *pool, const char *slug,
				    struct knowledge_article *article)
{
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_ARTICLE, &slug, 1, &rows);
	if (outcome != OK)
		return outcome;
	if (pg_row_count(rows) == 0)
		return NOT_FOUND;
	*article = (struct knowledge_article){
		.slug = pg_text(rows, 0, 0),
		.title = pg_text(rows, 0, 1),
		.body = pg_text(rows, 0, 2),
		.country = pg_text(rows, 0, 3),
		.service = pg_text(rows, 0, 4),
		.tags = pg_text(rows, 0, 5),
		.language = pg_text(rows, 0, 6),
		.updated_at = pg_integer(rows, 0, 7),
	};
	return OK;
}

enum outcome knowledge_topics(struct pg_pool *database, struct pool *pool, const char *country,
			      const char *service, size_t limit, struct knowledge_topics *topics)
{
	const char *const parameters[] = {
		text_is_empty(country) ? NULL : country,
		text_is_empty(service) ? NULL : service,
		pool_printf(pool, "%zu", limit),
	};
	struct pg_rows *rows;
	enum outcome outcome = pg_run(database, pool, STATEMENT_KNOWLEDGE_TOPICS, parameters, 3,
				      &rows);
	if (outcome != OK)
		return outcome;
	topics->count = pg_row_count(rows);
	topics->topics = pool_alloc(pool, (topics->count + 1) * sizeof *topics->topics);
	for (size_t i = 0; i < topics->count; i++)
		topics->topics[i] = (struct knowledge_topic){
			.slug = pg_text(rows, i, 0),
			.title = pg_text(rows, i, 1),
			.country = pg_text(rows, i, 2),
			.service = pg_text(rows, i, 3),
		};
	return OK;
}

#include "chat/article_file.h"
#include "base/text.h"
#include <string.h>

/* What is being read, and what was found wrong with it. */
struct reader {
	struct pool *pool;
	const char *file_name;
	char *next; /* where the next line begins; NULL after the last */
	int line;   /* number of the line read last, from 1 */
	struct article_file *article;
	struct buffer problems;
};

static void report(struct reader *reader, int line, const char *problem)
{
	if (line > 0)
		buffer_printf(&reader->problems, "%s:%d: %s\n", reader->file_name, line, problem);
	else
		buffer_printf(&reader->problems, "%s: %s\n", reader->file_name, problem);
}

/* The next line without its end ("\n" or "\r\n"), which is cut off; NULL after the last. */
static char *read_line(struct reader *reader)
{
	char *line = reader->next;
	if (line == NULL || *line == '\0')
		return NULL;
	reader->line++;
	char *end = strchr(line, '\n');
	reader->next = end == NULL ? NULL : end + 1;
	if (end == NULL)
		end = line + strlen(line);
	else
		*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

bool article_slug_is_good(const char *text)
{
	if (*text == '\0' || strlen(text) > ARTICLE_SLUG_MAX)
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
		if (!word && (*c != '-' || c == text || c[1] == '-' || c[1] == '\0'))
			return false;
	}
	return true;
}

static void read_slug(struct reader *reader)
{
	const char *folder = strrchr(reader->file_name, '/');
	const char *name = folder == NULL ? reader->file_name : folder + 1;
	size_t length = strlen(name);
	if (text_ends_with(name, ".md"))
		length -= strlen(".md");
	reader->article->slug = pool_strndup(reader->pool, name, length);
	if (!article_slug_is_good(reader->article->slug))
		report(reader, 0,
		       "the file name becomes part of an address: use lower-case "
		       "letters, digits and single hyphens, then \".md\"");
}

static bool fits(struct reader *reader, const char *value)
{
	if (text_characters(value) <= ARTICLE_TITLE_MAX)
		return true;
	report(reader, reader->line, "this is longer than 200 characters");
	return false;
}

/* The configurations that come with PostgreSQL 12 and later (\dF). */
static const char *const languages[] = {
	"arabic",    "armenian",   "basque",   "catalan", "danish",     "dutch",
	"english",   "finnish",    "french",   "german",  "greek",      "hindi",
	"hungarian", "indonesian", "irish",    "italian", "lithuanian", "nepali",
	"norwegian", "portuguese", "romanian", "russian", "serbian",    "simple",
	"spanish",   "swedish",    "tamil",    "turkish", "yiddish",    NULL,
};

const char *const *article_languages(void)
{
	return languages;
}

static void read_title(struct reader *reader, const char *value)
{
	reader->article->title = value;
}

static void read_country(struct reader *reader, const char *value)
{
	reader->article->country = value;
}

static void read_service(struct reader *reader, const char *value)
{
	reader->article->service = value;
}

static void read_language(struct reader *reader, const char *value)
{
	for (size_t i = 0; languages[i] != NULL; i++)
		if (strcmp(languages[i], value) == 0) {
			reader->article->language = languages[i];
			return;
		}
	report(reader, reader->line,
	       "unknown language; write its English name in lower case, "
	       "such as \"german\", or \"simple\" for others");
}

static void read_tags(struct reader *reader, const char *value)
{
	struct article_file *article = reader->article;
	article->tags = pool_alloc(reader->pool, ARTICLE_TAGS_MAX * sizeof *article->tags);
	while (*value != '\0') {
		size_t length = strcspn(value, ",");
		const char *tag = text_trim(reader->pool,
					    pool_strndup(reader->pool, value, length));
		value += length + (value[length] == ',');
		if (text_is_empty(tag) || !fits(reader, tag))
			continue;
		if (article->tag_count == ARTICLE_TAGS_MAX) {
			report(reader, reader->line, "these are more than 40 tags");
			return;
		}
		article->tags[article->tag_count++] = tag;
	}
}

static const struct key {
	const char *name;
	void (*read)(struct reader *reader, const char *value);
	bool is_list; /* its items are measured, not the whole */
} keys[] = {
	{ "title", read_title, false },       { "country", read_country, false },
	{ "service", read_service, false },   { "tags", read_tags, true },
	{ "language", read_language, false },
};

enum { KEY_COUNT = sizeof keys / sizeof *keys };

/* A line of front matter, "key: value". */
static void read_member(struct reader *reader, const char *line, bool seen[static KEY_COUNT])
{
	const char *colon = strchr(line, ':');
	if (colon == NULL) {
		report(reader, reader->line, "expected \"key: value\" or the closing \"---\"");
		return;
	}
	const char *name = text_trim(reader->pool,
				     pool_strndup(reader->pool, line, (size_t)(colon - line)));
	const char *value = text_trim(reader->pool, colon + 1);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if (seen[i])
			report(reader, reader->line, "this key is here twice");
		else if (keys[i].is_list || fits(reader, value))
			keys[i].read(reader, value);
		seen[i] = true;
		return;
	}
	report(reader, reader->line,
	       "unknown key; known are title, country, service, tags and language");
}

static void read_front_matter(struct reader *reader)
{
	bool seen[KEY_COUNT] = { false };
	const char *line = read_line(reader);
	if (line == NULL || strcmp(line, "---") != 0) {
		report(reader, 1,
		       "the file must begin with a line \"---\", then title, country, "
		       "service and tags, then another \"---\"");
		return;
	}
	while ((line = read_line(reader)) != NULL && strcmp(line, "---") != 0)
		if (!text_is_empty(text_trim(reader->pool, line)))
			read_member(reader, line, seen);
	if (line == NULL)
		report(reader, reader->line, "the closing \"---\" of the front matter is missing");
	else if (text_is_empty(reader->article->title))
		report(reader, reader->line, "there is no title");
}

/* The text of a heading of level 1 to 3; NULL for any other line. Deeper ones stay in their
 * passage. */
static const char *heading_text(struct pool *pool, const char *line)
{
	size_t level = strspn(line, "#");
	if (level < 1 || level > 3 || line[level] != ' ')
		return NULL;
	return text_trim(pool, line + level);
}

/* Whether the line opens or closes a fenced code block, inside which '#' is no heading. */
static bool is_fence(const char *line)
{
	line += strspn(line, " ");
	return text_starts_with(line, "```") || text_starts_with(line, "~~~");
}

static void add_passage(struct reader *reader, const char *heading, const struct buffer *body)
{
	const char *text = text_trim(reader->pool, body->bytes);
	struct article_file *article = reader->article;
	if (text_is_empty(text)) {
		if (*heading != '\0' && article->empty_heading == NULL)
			article->empty_heading = heading;
		return;
	}
	article->passages[article->passage_count++] = (struct article_passage){ heading, text };
}

static size_t count_lines(const char *text)
{
	size_t count = 1;
	for (; (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

static void split_passages(struct reader *reader, const char *body)
{
	struct reader lines = { .pool = reader->pool, .next = pool_strdup(reader->pool, body) };
	struct buffer passage = buffer_new(reader->pool, 1024);
	const char *heading = "", *line;
	bool in_code = false;
	size_t level = 0;
	reader->article->passages = pool_alloc(
		reader->pool, (count_lines(body) + 1) * sizeof *reader->article->passages);
	while ((line = read_line(&lines)) != NULL) {
		const char *next = in_code ? NULL : heading_text(reader->pool, line);
		in_code ^= is_fence(line);
		if (next == NULL) {
			buffer_printf(&passage, "%s\n", line);
			continue;
		}
		/* A heading right above its own parts is not empty. */
		bool is_part = strspn(line, "#") > level &&
			       text_is_empty(text_trim(reader->pool, passage.bytes));
		level = strspn(line, "#");
		add_passage(reader, is_part ? "" : heading, &passage);
		heading = next;
		buffer_clear(&passage);
	}
	add_passage(reader, heading, &passage);
}

/* Where the last paragraph begins if it is one piece of italics, "*like this*"; else the end. */
static size_t note_begins(const char *body)
{
	size_t end = strlen(body), begin = end;
	while (begin > 0 && !(body[begin - 1] == '\n' && (begin == 1 || body[begin - 2] == '\n')))
		begin--;
	size_t length = end - begin;
	if (length < 3 || (body[begin] != '*' && body[begin] != '_'))
		return end;
	/* A second mark inside means several pieces, or bold. */
	const char *closing = strchr(body + begin + 1, body[begin]);
	return closing == body + end - 1 ? begin : end;
}

static void read_body(struct reader *reader)
{
	struct buffer lines = buffer_new(reader->pool, 4096);
	const char *line;
	while ((line = read_line(reader)) != NULL)
		buffer_printf(&lines, "%s\n", line);
	const char *body = text_trim(reader->pool, lines.bytes);
	size_t length = strlen(body), note = note_begins(body);
	reader->article->body = body;
	reader->article->note = note == length ? ""
					       : pool_strndup(reader->pool, body + note + 1,
							      length - note - 2);
	split_passages(reader, pool_strndup(reader->pool, body, note));
	if (reader->article->passage_count == 0)
		report(reader, 0, "there is no text below the front matter");
}

static bool is_readable(struct reader *reader, const char *bytes, size_t length)
{
	const char *problem = NULL;
	if (length > ARTICLE_FILE_MAX)
		problem = "the file is larger than 256 KiB";
	else if (!text_is_plain(bytes, length, true))
		problem = "the file is not UTF-8 text, or has control characters";
	if (problem != NULL)
		report(reader, 0, problem);
	return problem == NULL;
}

const struct article_file *article_file_read(struct pool *pool, const char *file_name,
					     const char *bytes, size_t length,
					     const char **problems)
{
	struct article_file *article = pool_zalloc(pool, sizeof *article);
	struct reader reader = { .pool = pool, .file_name = file_name, .article = article };
	reader.problems = buffer_new(pool, 0);
	article->title = article->country = article->service = article->body = article->note = "";
	article->language = "english";
	if (is_readable(&reader, bytes, length)) {
		/* Some editors begin UTF-8 files with a byte order mark. */
		size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		reader.next = pool_strndup(pool, bytes + mark, length - mark);
		read_slug(&reader);
		read_front_matter(&reader);
		if (reader.problems.length == 0)
			read_body(&reader);
	}
	*problems = reader.problems.bytes;
	return reader.problems.length == 0 ? article : NULL;
}

static void write_member(struct buffer *out, const char *name, const char *value)
{
	if (!text_is_empty(value))
		buffer_printf(out, "%s: %s\n", name, value);
}

const char *article_file_write(struct pool *pool, const struct article_file *article)
{
	struct buffer out = buffer_new(pool, strlen(article->body) + 512),
		      tags = buffer_new(pool, 64);
	for (size_t i = 0; i < article->tag_count; i++)
		buffer_printf(&tags, "%s%s", i > 0 ? ", " : "", article->tags[i]);
	buffer_puts(&out, "---\n");
	write_member(&out, "title", article->title);
	write_member(&out, "country", article->country);
	write_member(&out, "service", article->service);
	write_member(&out, "tags", tags.bytes);
	if (strcmp(article->language, "english") != 0)
		write_member(&out, "language", article->language);
	buffer_printf(&out, "---\n%s\n", article->body);
	return out.bytes;
}

#include "web/markdown.h"
#include "web/markdown_line.h"
#include "web/markdown_stream.h"
#include <string.h>

enum {
	OPEN_MAX = 64,     /* marks that are open at the same time; further ones stay as they are */
	MARKERS_MAX = 100, /* of quotes and items in one line; markdown.c shows no more levels */
	LABEL_MAX = 400,   /* bytes of a link's text that may still be unfinished */
	REFERENCE_MAX = 32, /* bytes of a character reference, "&CounterClockwiseContourIntegral" */
};

/* ---- What is open in the last block ---- */

/* A mark that waits for its end, where it stands in the new text. */
struct mark {
	char byte; /* '*', '_', '~', '[' */
	size_t count;
	size_t at;
	bool may_close; /* by us: it does not stand within a word */
};

struct repair {
	struct buffer text; /* as it will be rendered */
	struct mark open[OPEN_MAX];
	size_t depth;
};

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\0';
}

static bool is_word(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || (unsigned char)byte >= 0x80;
}

static void push(struct repair *repair, struct mark mark)
{
	if (repair->depth < OPEN_MAX)
		repair->open[repair->depth++] = mark;
}

static size_t run_of(const char *text, size_t at, size_t length)
{
	size_t count = 0;
	while (at + count < length && text[at + count] == text[at])
		count++;
	return count;
}

/* Take out `count` bytes of the new text. */
static void take_out(struct repair *repair, size_t at, size_t count)
{
	struct buffer *text = &repair->text;
	memmove(text->bytes + at, text->bytes + at + count, text->length - at - count + 1);
	text->length -= count;
	for (size_t i = 0; i < repair->depth; i++)
		if (repair->open[i].at > at)
			repair->open[i].at -= count;
}

/* The last mark of this kind that is open, as an index from 1; 0 when there is none. */
static size_t find_open(const struct repair *repair, char byte)
{
	size_t i = repair->depth;
	while (i > 0 && repair->open[i - 1].byte != byte)
		i--;
	return i;
}

/* A run of asterisks, underscores or tildes: the end of what is open, then a beginning. */
static void read_emphasis(struct repair *repair, const char *text, size_t at, size_t length)
{
	size_t count = run_of(text, at, length), left = count, index;
	char before = at == 0 ? ' ' : text[at - 1];
	char after = at + count == length ? ' ' : text[at + count];
	bool opens = !is_space(after) && (is_word(after) || !is_word(before));
	bool closes = !is_space(before) && (is_word(before) || !is_word(after));
	if (text[at] == '_' && opens && closes && is_word(before) && is_word(after))
		opens = closes = false;
	while (closes && left > 0 && (index = find_open(repair, text[at])) > 0) {
		struct mark *mark = &repair->open[index - 1];
		size_t used = mark->count < left ? mark->count : left;
		left -= used;
		mark->count -= used;
		repair->depth = mark->count > 0 ? index : index - 1;
	}
	if (opens && left > 0 && (text[at] != '~' || left == 2))
		push(repair, (struct mark){ text[at], left, repair->text.length + count - left,
					    !is_word(before) });
	buffer_add(&repair->text, text + at, count);
}

/* Where the target "(…)" at `at` ends; 0 when its end is missing. */
static size_t target_end(const char *text, size_t at, size_t length)
{
	size_t depth = 0;
	for (; at < length; at++) {
		if (text[at] == '\\')
			at++;
		else if (text[at] == '(')
			depth++;
		else if (text[at] == ')' && --depth == 0)
			return at + 1;
		else if (text[at] == '\n' && depth > 0 && at + 1 < length && text[at + 1] == '\n')
			return at;
	}
	return 0;
}

/* Without its bracket, and the '!' of a picture, a link that is not finished is its text. */
static void unlink_text(struct repair *repair, size_t index)
{
	size_t at = repair->open[index - 1].at;
	size_t picture = at > 0 && repair->text.bytes[at - 1] == '!';
	repair->open[index - 1].byte = '\0';
	take_out(repair, at - picture, 1 + picture);
}

/* The end of a link's text; returns where to read on. */
static size_t read_link(struct repair *repair, const char *text, size_t at, size_t length)
{
	size_t index = find_open(repair, '['), next = at + 1, end = 0;
	bool has_target = next < length && text[next] == '(';
	if (index == 0 || (next < length && !has_target)) {
		repair->depth = index > 0 ? index - 1 : repair->depth;
		buffer_byte(&repair->text, ']');
		return next;
	}
	end = has_target ? target_end(text, next, length) : 0;
	if (end == 0) {
		unlink_text(repair, index);
		return length;
	}
	repair->depth = index - 1;
	buffer_add(&repair->text, text + at, end - at);
	return end;
}

/* A code span; when its end is missing, all that follows is in it. Returns where to read on. */
static size_t read_code_span(struct repair *repair, const char *text, size_t at, size_t length)
{
	size_t run = run_of(text, at, length), end = at + run, count;
	for (; end < length; end += count) {
		count = run_of(text, end, length);
		if (text[end] != '`')
			count = 1;
		else if (count == run)
			break;
	}
	if (end < length || end == at + run) {
		end = end < length ? end + run : end;
		buffer_add(&repair->text, text + at, end - at);
		return end;
	}
	buffer_add(&repair->text, text + at, length - at);
	buffer_add(&repair->text, text + at, run);
	return length;
}

static void read_marks(struct repair *repair, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		switch (text[at]) {
		case '`':
			at = read_code_span(repair, text, at, length);
			break;
		case '*':
		case '_':
		case '~':
			read_emphasis(repair, text, at, length);
			at += run_of(text, at, length);
			break;
		case ']':
			at = read_link(repair, text, at, length);
			break;
		case '[':
			push(repair, (struct mark){ '[', 1, repair->text.length, true });
			buffer_byte(&repair->text, text[at++]);
			break;
		default: {
			size_t count = text[at] == '\\' && at + 1 < length ? 2 : 1;
			buffer_add(&repair->text, text + at, count);
			at += count;
		}
		}
	}
}

/* Close what is open, the last first. What holds nothing yet is left out. */
static void close_marks(struct repair *repair)
{
	struct buffer *text = &repair->text;
	for (size_t i = repair->depth; i > 0; i--)
		if (repair->open[i - 1].byte == '[' &&
		    text->length - repair->open[i - 1].at < LABEL_MAX)
			unlink_text(repair, i);
	for (; repair->depth > 0; repair->depth--) {
		const struct mark *mark = &repair->open[repair->depth - 1];
		if (mark->byte == '\0' || mark->byte == '[' || !mark->may_close)
			continue;
		if (mark->at + mark->count >= text->length)
			take_out(repair, mark->at, text->length - mark->at);
		for (size_t i = 0; mark->at < text->length && i < mark->count; i++)
			buffer_byte(text, mark->byte);
	}
}

/* ---- What cannot be understood yet ---- */

static bool is_escaped(const char *text, size_t at)
{
	size_t count = 0;
	while (count < at && text[at - 1 - count] == '\\')
		count++;
	return count % 2 == 1;
}

/* Where a character reference or a link in angle brackets begins that is not finished at the end
 * of the text; else `length`. */
static size_t unfinished_word(const char *text, size_t length)
{
	size_t at = length;
	while (at > 0 && length - at <= REFERENCE_MAX &&
	       (is_word(text[at - 1]) || text[at - 1] == '#'))
		at--;
	if (at > 0 && text[at - 1] == '&' && !is_escaped(text, at - 1))
		return at - 1;
	for (at = length; at > 0 && !is_space(text[at - 1]) && text[at - 1] != '>'; at--)
		if (text[at - 1] == '<' && !is_escaped(text, at - 1) &&
		    (at == length || strncmp(text + at, "http", 4) == 0))
			return at - 1;
	return length;
}

/* The length without marks at the end that may be a beginning, or half of an end. */
static size_t without_open_end(const char *text, size_t length)
{
	size_t before;
	do {
		before = length;
		while (length > 0 && is_space(text[length - 1]))
			length--;
		while (length > 0 && strchr("*_~`", text[length - 1]) != NULL &&
		       !is_escaped(text, length - 1))
			length--;
		if (length > 0 && text[length - 1] == '\\' && !is_escaped(text, length - 1))
			length--;
		length = unfinished_word(text, length);
	} while (length < before);
	return length;
}

/* Whether a line that goes on may still become anything: "-", "##", "12.". */
static bool is_undecided(const struct markdown_line *line)
{
	size_t at = 0;
	while (at < line->rest && at < 9 && line->begin[at] >= '0' && line->begin[at] <= '9')
		at++;
	if (at > 0 && at < line->rest && strchr(".)", line->begin[at]) != NULL)
		at++;
	while (at < line->rest && strchr("-=*_+#~`>|: \t", line->begin[at]) != NULL)
		at++;
	return at == line->rest;
}

/* Whether an item that goes on begins with what may become a task's mark: "[", "[x]". */
static bool may_be_task(const struct markdown_line *line)
{
	return line->rest > 0 && line->rest <= 3 && line->begin[0] == '[' &&
	       (line->rest < 2 || strchr(" xX", line->begin[1]) != NULL) &&
	       (line->rest < 3 || line->begin[2] == ']');
}

/* ---- Lines ---- */

/* What the end of the text is in. */
struct tail {
	size_t paragraph; /* where the text of the last paragraph, item, heading or row begins */
	size_t header;    /* where a line begins that may be the first of a table; NOWHERE */
	size_t mark;      /* bytes of that line before its text */
	bool is_over;     /* nothing that comes belongs to the last line's paragraph */
	bool is_code;     /* indented */
	bool has_item;    /* so an indent says nothing */
	char fence;       /* of the block of code that is open */
	size_t fence_run;
};

static const size_t NOWHERE = SIZE_MAX;

/* The line without the marks of the quotes it is in, and of the items it begins. */
static struct markdown_line bare_line(struct tail *tail, const char *text, size_t length)
{
	struct markdown_line line = markdown_line_read(text, length);
	for (size_t i = 0; i < MARKERS_MAX && (line.kind == LINE_QUOTE || line.kind == LINE_ITEM);
	     i++) {
		bool is_item = line.kind == LINE_ITEM;
		size_t mark = is_item ? markdown_line_marker(&line).bytes
				      : (size_t)(line.begin - line.text) + 1;
		tail->has_item = tail->has_item || is_item;
		tail->is_over = tail->is_over || is_item;
		line = markdown_line_read(line.text + mark, line.length - mark);
	}
	if (tail->has_item && line.kind == LINE_INDENTED)
		line = markdown_line_read(line.begin, line.rest);
	return line;
}

static void read_text_line(struct tail *tail, const char *text, size_t from,
			   const struct markdown_line *line)
{
	bool is_row = line->rest > 0 && line->begin[0] == '|';
	tail->header = is_row && tail->is_over ? from : NOWHERE;
	tail->mark = (size_t)(line->begin - text) - from;
	if (tail->is_over)
		tail->is_code = line->kind == LINE_INDENTED;
	if (tail->is_over || is_row || line->kind == LINE_HEADING)
		tail->paragraph = (size_t)(line->begin - text);
	tail->is_over = line->kind == LINE_BLANK || line->kind == LINE_HEADING ||
			line->kind == LINE_BREAK || markdown_line_is_underline(line);
}

/* A line with its end. */
static void read_line(struct tail *tail, const char *text, size_t from, size_t end)
{
	struct markdown_line line = bare_line(tail, text + from, end - from);
	if (tail->fence != '\0') {
		tail->is_over = markdown_line_closes(&line, tail->fence, tail->fence_run);
		tail->fence = tail->is_over ? '\0' : tail->fence;
	} else if (line.kind == LINE_FENCE) {
		tail->fence = line.begin[0];
		tail->fence_run = markdown_line_run(&line, line.begin[0]);
		tail->header = NOWHERE;
	} else {
		read_text_line(tail, text, from, &line);
	}
}

/* The line without its end; false when it is not to be shown yet. */
static bool read_last_line(struct tail *tail, const char *text, size_t from, size_t end)
{
	struct tail before = *tail;
	struct markdown_line line = bare_line(tail, text + from, end - from);
	bool is_shown = true;
	if (tail->fence != '\0')
		is_shown = line.rest == 0 || markdown_line_run(&line, tail->fence) < line.rest;
	else if (line.kind == LINE_FENCE || is_undecided(&line) ||
		 (line.text != text + from && may_be_task(&line)))
		is_shown = false;
	else
		read_text_line(tail, text, from, &line);
	if (!is_shown)
		*tail = before;
	else
		tail->is_over = false;
	return is_shown;
}

/* Under what looks like the first line of a table, its second. */
static void add_table(struct buffer *out, const struct tail *tail, const char *text, size_t end)
{
	size_t pipes = 0, at = tail->header + tail->mark;
	for (; at < end && text[at] != '\n' && text[at] != '\r'; at++)
		pipes += text[at] == '|' && !is_escaped(text, at);
	while (at > tail->header && is_space(text[at - 1]))
		at--;
	pipes -= pipes > 1 && text[at - 1] == '|';
	while (out->length > 0 && is_space(out->bytes[out->length - 1]))
		out->bytes[--out->length] = '\0';
	buffer_byte(out, '\n');
	for (size_t i = 0; i < tail->mark; i++)
		buffer_byte(out, text[tail->header + i] == '>' ? '>' : ' ');
	for (size_t i = 0; i < pipes; i++)
		buffer_puts(out, "|---");
	buffer_puts(out, "|\n");
}

void markdown_render_growing(struct buffer *out, const char *text, size_t length,
			     unsigned heading_shift)
{
	struct tail tail = { .header = NOWHERE, .is_over = true };
	size_t from = 0, shown = length, end;
	while ((end = markdown_line_end(text, from, length)) < length) {
		read_line(&tail, text, from, end);
		from = end + markdown_line_break(text, end, length);
	}
	bool has_more = from < length;
	if (has_more && !read_last_line(&tail, text, from, length))
		shown = from;
	bool is_open = tail.fence == '\0' && !tail.is_over && !tail.is_code;
	struct pool *work = pool_new(NULL);
	struct repair repair = { .text = buffer_new(work, length + 256) };
	struct buffer whole = buffer_new(work, length + 256);
	if (is_open) {
		size_t begin = tail.paragraph;
		size_t some = without_open_end(text + begin, shown - begin);
		read_marks(&repair, text + begin, some);
		close_marks(&repair);
		shown = begin;
	}
	buffer_add(&whole, text, shown);
	buffer_add(&whole, repair.text.bytes, repair.text.length);
	if (is_open && tail.header != NOWHERE)
		add_table(&whole, &tail, text, length);
	markdown_render(out, whole.bytes, whole.length, heading_shift);
	pool_free(work);
}

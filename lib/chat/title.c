#include "chat/title.h"
#include "base/text.h"
#include "chat/small_talk.h"
#include <string.h>

/* Shorter ones end at a dot that is none: "Dr. Who", "No. 5". */
enum { SENTENCE_MIN = 12 };

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_fence(const char *line)
{
	return strncmp(line, "```", 3) == 0 || strncmp(line, "~~~", 3) == 0;
}

/* Behind what makes a line a heading, a quotation or an item of a list. */
static const char *skip_marker(const char *line)
{
	for (;;) {
		const char *at = line + strspn(line, " \t#>");
		if ((*at == '-' || *at == '*' || *at == '+') && at[1] == ' ')
			at += 2;
		if (at == line)
			return line;
		line = at;
	}
}

/* How many bytes the address of a link takes: "](https://…)"; 0: this is none. */
static size_t link_address(const char *at)
{
	if (strncmp(at, "](", 2) != 0)
		return 0;
	size_t length = strcspn(at, ") \n");
	return at[length] == ')' ? length + 1 : 0;
}

/* ASCII letters and digits, and every byte of other alphabets. */
static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

static bool is_mark(const char *text, const char *at)
{
	if (*at == '*' || *at == '`' || *at == '[' || *at == ']')
		return true;
	/* An underscore inside a word is part of it. */
	return *at == '_' && (at == text || !is_word_byte(at[-1]) || !is_word_byte(at[1]));
}

static void add_line(struct buffer *out, const char *text, size_t length)
{
	const char *line = pool_strndup(out->pool, text, length);
	for (const char *at = skip_marker(line); *at != '\0'; at++) {
		size_t address = link_address(at);
		if (address > 0)
			at += address - 1;
		else if (!is_mark(line, at))
			buffer_byte(out, is_space(*at) ? ' ' : *at);
	}
	buffer_byte(out, '\n');
}

/* The text without code and marks, a line for each of its own. */
static const char *plain(struct pool *pool, const char *question)
{
	struct buffer out = buffer_new(pool, strlen(question) + 2);
	bool in_code = false;
	for (const char *line = question; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		if (is_fence(line + strspn(line, " ")))
			in_code = !in_code;
		else if (!in_code)
			add_line(&out, line, length);
		line += length + (line[length] == '\n');
	}
	return out.bytes;
}

/* Bytes of the sentence that the text begins with: up to the end of its line, or to a mark that
 * ends it and is followed by another sentence. */
static size_t sentence_length(const char *text)
{
	size_t i = 0;
	for (; text[i] != '\0' && text[i] != '\n'; i++) {
		bool ends = strchr(".?!", text[i]) != NULL && text[i + 1] == ' ' &&
			    !(text[i + 2] >= 'a' && text[i + 2] <= 'z');
		if (ends && (i >= SENTENCE_MIN || text[i] != '.'))
			return i + 1;
	}
	return i;
}

/* Without "Hi," or "Good morning," before it. */
static const char *without_greeting(struct pool *pool, char *sentence)
{
	size_t clause = strcspn(sentence, ",;");
	if (sentence[clause] == '\0' ||
	    small_talk_recognise(pool_strndup(pool, sentence, clause)) == SMALL_TALK_NONE)
		return sentence;
	char *rest = sentence + clause + 1;
	rest += strspn(rest, " ");
	if (*rest >= 'a' && *rest <= 'z')
		*rest = (char)(*rest - 'a' + 'A');
	return rest;
}

static const char *one_space(struct pool *pool, const char *text)
{
	struct buffer out = buffer_new(pool, 128);
	for (const char *c = text; *c != '\0'; c++)
		if (*c != ' ' || (out.length > 0 && out.bytes[out.length - 1] != ' '))
			buffer_byte(&out, *c);
	while (out.length > 0 && strchr(" .", out.bytes[out.length - 1]) != NULL)
		out.bytes[--out.length] = '\0';
	return out.bytes;
}

static const char *cut(struct pool *pool, const char *title)
{
	if (text_characters(title) <= TITLE_CHARACTERS)
		return title;
	size_t length = text_prefix(title, TITLE_CHARACTERS - 1), word = length;
	while (word > 0 && title[word] != ' ')
		word--;
	/* Not everybody puts spaces between words, and some words are long. */
	if (word > length / 2)
		length = word;
	while (length > 0 && strchr(" ,;:", title[length - 1]) != NULL)
		length--;
	return pool_printf(pool, "%.*s…", (int)length, title);
}

const char *title_of_question(struct pool *pool, const char *question)
{
	for (const char *rest = plain(pool, question); *rest != '\0';) {
		size_t length = sentence_length(rest);
		char *sentence = text_trim(pool, pool_strndup(pool, rest, length));
		rest += length;
		rest += strspn(rest, " \n");
		const char *title = one_space(pool, without_greeting(pool, sentence));
		if (*title != '\0' && small_talk_recognise(title) == SMALL_TALK_NONE)
			return cut(pool, title);
	}
	return "";
}

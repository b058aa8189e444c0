#include "session/members.h"
#include "base/json.h"
#include <string.h>

enum { DEPTH_MAX = 128 };

struct member {
	const char *name;     /* unescaped, for comparing; may hold anything but NUL */
	const char *raw_name; /* as it stood, with its quotes */
	const char *raw;      /* the value as it stood */
	struct member *next;
};

struct members {
	struct pool *pool;
	struct member *first, *last;
};

/* A reader that only finds where each thing ends, and that it is JSON. */
struct scanner {
	const char *at, *end;
};

struct members *members_new(struct pool *pool)
{
	struct members *members = pool_zalloc(pool, sizeof *members);
	members->pool = pool;
	return members;
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0')
		s->at++;
}

static bool take(struct scanner *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool take_digits(struct scanner *s)
{
	const char *start = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

static bool skip_escape(struct scanner *s)
{
	if (s->at == s->end)
		return false;
	char c = *s->at++;
	if (c != 'u')
		return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
	for (int i = 0; i < 4; i++, s->at++)
		if (s->at == s->end || *s->at == '\0' ||
		    strchr("0123456789abcdefABCDEF", *s->at) == NULL)
			return false;
	return true;
}

static bool skip_string(struct scanner *s)
{
	if (!take(s, '"'))
		return false;
	while (s->at < s->end) {
		unsigned char c = (unsigned char)*s->at++;
		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !skip_escape(s)))
			return false;
	}
	return false;
}

static bool skip_number(struct scanner *s)
{
	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.') && !take_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		return take_digits(s);
	}
	return true;
}

static bool skip_word(struct scanner *s)
{
	/* The last three are no JSON, but Python writes and reads them. */
	static const char *const words[] = {
		"true", "false", "null", "NaN", "Infinity", "-Infinity"
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= length && memcmp(s->at, words[i], length) == 0) {
			s->at += length;
			return true;
		}
	}
	return false;
}

static bool skip_value(struct scanner *s, int depth);

static bool skip_list(struct scanner *s, bool is_object, int depth)
{
	char close = is_object ? '}' : ']';
	s->at++;
	skip_space(s);
	if (take(s, close))
		return true;
	for (;;) {
		skip_space(s);
		if (is_object) {
			if (!skip_string(s))
				return false;
			skip_space(s);
			if (!take(s, ':'))
				return false;
		}
		if (!skip_value(s, depth + 1))
			return false;
		if (take(s, close))
			return true;
		if (!take(s, ','))
			return false;
	}
}

/* Also skips the white space around it. */
static bool skip_value(struct scanner *s, int depth)
{
	skip_space(s);
	if (s->at == s->end || depth > DEPTH_MAX)
		return false;
	bool good;
	if (*s->at == '{' || *s->at == '[')
		good = skip_list(s, *s->at == '{', depth);
	else if (*s->at == '"')
		good = skip_string(s);
	else
		good = skip_word(s) || skip_number(s);
	skip_space(s);
	return good;
}

/* A JSON string's text through the JSON reader; NULL for what it refuses (lone surrogates, NUL). */
static const char *unescape(struct pool *pool, const char *raw, size_t length)
{
	if (memchr(raw, '\\', length) == NULL)
		return pool_strndup(pool, raw + 1, length - 2);
	return value_text(json_read(pool, raw, length, 1));
}

static struct member *find(const struct members *members, const char *name)
{
	struct member *found = NULL;
	for (struct member *m = members->first; m != NULL; m = m->next)
		if (m->name != NULL && strcmp(m->name, name) == 0)
			found = m;
	return found;
}

static void append(struct members *members, struct member *member)
{
	if (members->last != NULL)
		members->last->next = member;
	else
		members->first = member;
	members->last = member;
}

static void unlink_member(struct members *members, struct member *gone)
{
	struct member *before = NULL;
	for (struct member *m = members->first; m != NULL; before = m, m = m->next) {
		if (m != gone)
			continue;
		if (before != NULL)
			before->next = m->next;
		else
			members->first = m->next;
		if (members->last == m)
			members->last = before;
		return;
	}
}

static bool parse_member(struct members *members, struct scanner *s)
{
	struct pool *pool = members->pool;
	skip_space(s);
	const char *name = s->at;
	if (!skip_string(s))
		return false;
	size_t name_length = (size_t)(s->at - name);
	skip_space(s);
	if (!take(s, ':'))
		return false;
	skip_space(s);
	const char *start = s->at;
	if (!skip_value(s, 1))
		return false;
	const char *stop = s->at;
	while (stop > start && strchr(" \t\r\n", stop[-1]) != NULL)
		stop--;
	struct member *member = pool_zalloc(pool, sizeof *member);
	member->name = unescape(pool, name, name_length);
	member->raw_name = pool_strndup(pool, name, name_length);
	member->raw = pool_strndup(pool, start, (size_t)(stop - start));
	if (member->name != NULL) {
		struct member *earlier = find(members, member->name);
		if (earlier != NULL) {
			earlier->raw = member->raw;
			return true;
		}
	}
	append(members, member);
	return true;
}

/* Django reads the signed bytes as Latin-1: each byte is the character of its number. */
static const char *from_latin1(struct pool *pool, const char *bytes, size_t *length)
{
	bool ascii = true;
	for (size_t i = 0; i < *length && ascii; i++)
		ascii = (unsigned char)bytes[i] < 0x80;
	if (ascii)
		return bytes;
	struct buffer out = buffer_new(pool, *length * 2 + 1);
	for (size_t i = 0; i < *length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c >= 0x80) {
			buffer_byte(&out, (char)(0xc0 | c >> 6));
			c = (unsigned char)(0x80 | (c & 0x3f));
		}
		buffer_byte(&out, (char)c);
	}
	*length = out.length;
	return out.bytes;
}

struct members *members_parse(struct pool *pool, const char *json, size_t length)
{
	json = from_latin1(pool, json, &length);
	struct scanner s = { .at = json, .end = json + length };
	struct members *members = members_new(pool);
	skip_space(&s);
	if (!take(&s, '{'))
		return NULL;
	skip_space(&s);
	if (!take(&s, '}')) {
		do {
			if (!parse_member(members, &s))
				return NULL;
		} while (take(&s, ','));
		if (!take(&s, '}'))
			return NULL;
	}
	skip_space(&s);
	return s.at == s.end ? members : NULL;
}

const char *members_get(const struct members *members, const char *name)
{
	const struct member *member = find(members, name);
	if (member == NULL || member->raw[0] != '"')
		return NULL;
	const char *text = unescape(members->pool, member->raw, strlen(member->raw));
	return text != NULL && text_is_plain(text, strlen(text), true) ? text : NULL;
}

/* One UTF-8 character at `at` as \uXXXX, or two of them above U+FFFF; its length in bytes. */
static size_t write_escape(struct buffer *out, const unsigned char *at)
{
	size_t length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	unsigned point = at[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++)
		point = point << 6 | (at[i] & 0x3fU);
	if (point > 0xffff) {
		buffer_printf(out, "\\u%04x", 0xd800 + ((point - 0x10000) >> 10));
		point = 0xdc00 + ((point - 0x10000) & 0x3ff);
	}
	buffer_printf(out, "\\u%04x", point);
	return length;
}

/* Text that may hold UTF-8 (raw members may), with everything above ASCII escaped. */
static void write_ascii(struct buffer *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at != '\0') {
		if (*at < 0x80)
			buffer_byte(out, (char)*at++);
		else
			at += write_escape(out, at);
	}
}

static const char *quote(struct pool *pool, const char *text)
{
	struct buffer out = buffer_new(pool, strlen(text) + 16);
	buffer_byte(&out, '"');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buffer_printf(&out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			buffer_printf(&out, "\\u%04x", (unsigned)*c);
		else
			buffer_byte(&out, *c);
	}
	buffer_byte(&out, '"');
	return out.bytes;
}

void members_set(struct members *members, const char *name, const char *text)
{
	struct member *member = find(members, name);
	if (text == NULL) {
		if (member != NULL)
			unlink_member(members, member);
		return;
	}
	if (member == NULL) {
		member = pool_zalloc(members->pool, sizeof *member);
		member->name = pool_strdup(members->pool, name);
		member->raw_name = quote(members->pool, name);
		append(members, member);
	}
	member->raw = quote(members->pool, text);
}

const char *members_write(const struct members *members, struct pool *pool)
{
	struct buffer out = buffer_new(pool, 256);
	buffer_byte(&out, '{');
	for (const struct member *m = members->first; m != NULL; m = m->next) {
		if (m != members->first)
			buffer_byte(&out, ',');
		write_ascii(&out, m->raw_name);
		buffer_byte(&out, ':');
		write_ascii(&out, m->raw);
	}
	buffer_byte(&out, '}');
	return out.bytes;
}

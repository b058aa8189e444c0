#include "chat/conversation_file.h"
#include "base/json.h"
#include "chat/conversation_change.h"
#include <string.h>

/* What a file may have at most: a message has eleven values, and others may have been added. */
enum { FILE_VALUES_MAX = 16 * (CONVERSATION_FILE_MESSAGES_MAX + CONVERSATION_FILE_MAX) };

/* A conversation or a message on its way from the file. */
struct reading {
	struct pool *pool;
	const char *where;        /* "conversations[2].messages[14]" */
	const struct value *from; /* what the file has */
	struct value *to;         /* what is stored */
	const char **problem;
};

static bool refuse(const struct reading *reading, const char *member, const char *sentence)
{
	*reading->problem = pool_printf(reading->pool, "%s%s%s: %s", reading->where,
					*member != '\0' ? "." : "", member, sentence);
	return false;
}

struct text_member {
	const char *name;
	size_t longest;
	bool needed; /* it has to be there */
	bool lines;  /* it may have several */
};

static bool take_text(const struct reading *reading, const struct text_member *member)
{
	const struct value *given = value_get(reading->from, member->name);
	const char *text = value_text(given);
	if (value_type(given) == VALUE_NULL && !member->needed)
		text = "";
	if (text == NULL)
		return refuse(reading, member->name, "There is no text.");
	if (text_characters(text) > member->longest)
		return refuse(reading, member->name,
			      pool_printf(reading->pool, "It is longer than %zu characters.",
					  member->longest));
	if (!member->lines && !text_is_plain(text, strlen(text), false))
		return refuse(reading, member->name, "It holds characters that are no text.");
	value_set_string(reading->to, member->name, text);
	return true;
}

static bool take_texts(const struct reading *reading, const struct text_member *members,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!take_text(reading, &members[i]))
			return false;
	return true;
}

static bool take_bool(const struct reading *reading, const char *name)
{
	enum value_type type = value_type(value_get(reading->from, name));
	if (type != VALUE_TRUE && type != VALUE_FALSE && type != VALUE_NULL)
		return refuse(reading, name, "It is neither true nor false.");
	value_set_bool(reading->to, name, type == VALUE_TRUE);
	return true;
}

/* One of these words; the first when it is missing. */
static bool take_word(const struct reading *reading, const char *name, const char *const *words)
{
	const struct value *given = value_get(reading->from, name);
	const char *word = value_type(given) == VALUE_NULL ? words[0] : value_text(given);
	for (size_t i = 0; word != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0) {
			value_set_string(reading->to, name, words[i]);
			return true;
		}
	return refuse(reading, name, "This is none of the words that may stand here.");
}

static bool take_two_digits(const char *at, int lowest, int highest, int *number)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return false;
	*number = (at[0] - '0') * 10 + at[1] - '0';
	return *number >= lowest && *number <= highest;
}

/* "2026-11-20T08:15:00Z", a moment that there was, from 1970 on. */
static bool is_moment(const char *text)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century, year, month, day, hour, minute, second;
	if (strlen(text) != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
	    text[13] != ':' || text[16] != ':' || text[19] != 'Z')
		return false;
	bool fits = take_two_digits(text, 19, 99, &century) &&
		    take_two_digits(text + 2, century == 19 ? 70 : 0, 99, &year) &&
		    take_two_digits(text + 5, 1, 12, &month) &&
		    take_two_digits(text + 8, 1, 31, &day) &&
		    take_two_digits(text + 11, 0, 23, &hour) &&
		    take_two_digits(text + 14, 0, 59, &minute) &&
		    take_two_digits(text + 17, 0, 59, &second);
	if (!fits)
		return false;
	/* The Gregorian rule, for which the year within its century is enough, but at its begin. */
	bool is_leap = year != 0 ? year % 4 == 0 : century % 4 == 0;
	return day <= days[month - 1] + (month == 2 && is_leap);
}

static bool take_moment(const struct reading *reading, const char *name)
{
	const struct value *given = value_get(reading->from, name);
	const char *text = value_text(given);
	if (value_type(given) != VALUE_NULL && (text == NULL || !is_moment(text)))
		return refuse(reading, name,
			      "This is no date and time such as 2026-11-20T08:15:00Z.");
	value_set_string(reading->to, name, text);
	return true;
}

/* ---- Messages ---- */

/* The ids of the messages so far; their places in the array are counted from 1. */
struct places {
	int64_t *ids;
	size_t count;
};

size_t conversation_file_place(const int64_t *ids, size_t count, int64_t id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ids[low] == id ? low + 1 : 0;
}

/* The message that a member names; missing or null: `otherwise`. */
static bool take_place(const struct reading *reading, const char *name, const struct places *places,
		       size_t otherwise)
{
	const struct value *given = value_get(reading->from, name);
	size_t place = otherwise;
	if (value_type(given) == VALUE_INTEGER)
		place = conversation_file_place(places->ids, places->count,
						value_to_integer(given));
	else if (value_type(given) != VALUE_NULL)
		return refuse(reading, name, "This is not the number of a message.");
	if (place == 0 && value_type(given) != VALUE_NULL)
		return refuse(reading, name, "No message before this has that id.");
	value_set_integer(reading->to, name, (int64_t)place);
	return true;
}

static bool take_id(const struct reading *reading, struct places *places)
{
	const struct value *given = value_get(reading->from, "id");
	int64_t id = value_to_integer(given);
	if (value_type(given) != VALUE_INTEGER || id < 1)
		return refuse(reading, "id", "This is no whole number above 0.");
	if (places->count > 0 && id <= places->ids[places->count - 1])
		return refuse(reading, "id", "It is not larger than the id before it.");
	places->ids[places->count++] = id;
	return true;
}

static bool take_rating(const struct reading *reading)
{
	const struct value *given = value_get(reading->from, "rating");
	int64_t rating = value_to_integer(given);
	bool is_fine = value_type(given) == VALUE_NULL ||
		       (value_type(given) == VALUE_INTEGER && rating >= -1 && rating <= 1);
	if (!is_fine)
		return refuse(reading, "rating", "It is none of 1, 0 and -1.");
	value_set_integer(reading->to, "rating", rating);
	return true;
}

static bool take_message(const struct reading *reading, struct places *places)
{
	static const char *const roles[] = { "", "user", "assistant", "system", NULL };
	static const char *const states[] = { "done",        "cut",    "stopped",
					      "interrupted", "failed", NULL };
	static const struct text_member texts[] = {
		{ "content", CONVERSATION_FILE_CONTENT_MAX, true, true },
		{ "model", 200, false, false },
		{ "rating_note", 1000, false, true },
	};
	if (value_type(reading->from) != VALUE_OBJECT)
		return refuse(reading, "", "This is no message.");
	if (value_text(value_get(reading->from, "role")) == NULL)
		return refuse(reading, "role", "There is no text.");
	/* The parent first: a message does not follow itself. */
	return take_place(reading, "parent", places, 0) && take_id(reading, places) &&
	       take_word(reading, "role", roles + 1) && take_word(reading, "state", states) &&
	       take_texts(reading, texts, sizeof texts / sizeof *texts) && take_rating(reading) &&
	       take_moment(reading, "created_at");
}

static bool take_messages(const struct reading *reading, size_t *left)
{
	const struct value *given = value_get(reading->from, "messages");
	size_t count = value_count(given);
	if (value_type(given) != VALUE_ARRAY)
		return refuse(reading, "messages", "There is no list of messages.");
	if (count > *left)
		return refuse(reading, "messages",
			      pool_printf(reading->pool, "A file has at most %d messages.",
					  CONVERSATION_FILE_MESSAGES_MAX));
	*left -= count;
	struct places places = { pool_alloc(reading->pool, (count + 1) * sizeof(int64_t)), 0 };
	struct value *messages = value_array(reading->pool);
	for (size_t i = 0; i < count; i++) {
		const struct reading message = {
			.pool = reading->pool,
			.where = pool_printf(reading->pool, "%s.messages[%zu]", reading->where, i),
			.from = value_item(given, i),
			.to = value_object(reading->pool),
			.problem = reading->problem,
		};
		if (!take_message(&message, &places))
			return false;
		value_append(messages, message.to);
	}
	value_set(reading->to, "messages", messages);
	return take_place(reading, "shown", &places, count);
}

/* ---- Conversations ---- */

static bool take_conversation(const struct reading *reading, size_t *messages_left)
{
	static const struct text_member texts[] = {
		{ "title", 255, false, false }, /* as chats_chatsession has room for */
		{ "country", 100, false, false },
		{ "service", 100, false, false },
		{ "folder", CONVERSATION_FOLDER_MAX, false, false },
	};
	if (value_type(reading->from) != VALUE_OBJECT)
		return refuse(reading, "", "This is no conversation.");
	return take_texts(reading, texts, sizeof texts / sizeof *texts) &&
	       take_bool(reading, "has_own_title") && take_bool(reading, "is_pinned") &&
	       take_bool(reading, "is_archived") && take_moment(reading, "created_at") &&
	       take_moment(reading, "last_activity") && take_messages(reading, messages_left);
}

bool conversation_file_take(struct pool *pool, const struct value *json,
			    struct value **conversations, const char **problem)
{
	const struct value *version = value_get(json, "gatehouse_conversations");
	const struct value *given = value_get(json, "conversations");
	size_t messages_left = CONVERSATION_FILE_MESSAGES_MAX;
	*problem = "This is not a file of conversations that were exported here.";
	if (value_type(version) != VALUE_INTEGER || value_type(given) != VALUE_ARRAY)
		return false;
	*problem = "This file is of another version, which cannot be read here.";
	if (value_to_integer(version) != CONVERSATION_FILE_VERSION)
		return false;
	*problem = "There is no conversation in this file.";
	if (value_count(given) == 0)
		return false;
	*problem = pool_printf(pool, "A file has at most %d conversations.", CONVERSATION_FILE_MAX);
	if (value_count(given) > CONVERSATION_FILE_MAX)
		return false;
	*conversations = value_array(pool);
	for (size_t i = 0; i < value_count(given); i++) {
		const struct reading reading = {
			.pool = pool,
			.where = pool_printf(pool, "conversations[%zu]", i),
			.from = value_item(given, i),
			.to = value_object(pool),
			.problem = problem,
		};
		if (!take_conversation(&reading, &messages_left))
			return false;
		value_append(*conversations, reading.to);
	}
	return true;
}

bool conversation_file_read(struct pool *pool, const char *bytes, size_t length,
			    struct value **conversations, const char **problem)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	if (length >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
		bytes += 3;
		length -= 3;
	}
	const struct value *json = json_read(pool, bytes, length, FILE_VALUES_MAX);
	if (json == NULL) {
		*problem = "This file is damaged, or no JSON, or too large.";
		return false;
	}
	return conversation_file_take(pool, json, conversations, problem);
}

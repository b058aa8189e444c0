#include "chat/trait_words.h"
#include "base/text.h"
#include <string.h>

/* In the order of character_trait_names. Stems are whole beginnings of words, in lower case, with a
 * space before and after each. */
static const char *const stems[CHARACTER_TRAITS] = {
	" analy research scien data detail evidence examin investigat detective statistic measur "
	"engineer curious ",
	" creativ art artist poet poem paint music imagin invent design dream story storytell "
	"novel "
	"writer compos idea ",
	" empath kind caring gentle listen comfort support feeling compassion warm patient nurs "
	"counsel understanding friend ",
	" logic reason mathemat rational program proof systematic philosoph chess deduc precise "
	"algorithm structur ",
	" wit witty clever sarcas iron pun puns banter humor humour joke quip sharp-tongued ",
	" serious solemn grave strict stern disciplin sober duty duties soldier judge earnest "
	"austere ",
	" play playful fun funny game silly child childlike mischie prank cheer laugh toy "
	"adventur ",
	" professional business consult expert lawyer attorney manager formal corporate career "
	"advis account doctor physician teacher coach experienced ",
};

/* The words after which the next one is meant the other way round. */
static bool is_negation(const char *word)
{
	static const char *const words[] = { "not", "never", "no", "without" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return text_ends_with(word, "n't");
}

/* Short stems are whole words: "art" is not "article", "wit" is not "with". */
enum { WHOLE_WORD_MAX = 4 };

static bool has_stem(const char *list, const char *word)
{
	size_t word_length = strlen(word);
	for (const char *at = list; *at != '\0';) {
		at += strspn(at, " ");
		size_t length = strcspn(at, " ");
		bool fits = length > 0 && word_length >= length && strncmp(at, word, length) == 0;
		if (fits && (length > WHOLE_WORD_MAX || word_length == length ||
			     (word_length == length + 1 && word[length] == 's')))
			return true;
		at += length;
	}
	return false;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || c == '-' ||
	       (unsigned char)c >= 0x80;
}

/* The next word in lower case; NULL after the last. The apostrophe of typesetters becomes ours. */
static const char *next_word(struct pool *pool, const char **at)
{
	while (**at != '\0' && !is_word_byte(**at))
		++*at;
	size_t length = 0;
	while (is_word_byte((*at)[length]))
		length++;
	if (length == 0)
		return NULL;
	char *word = text_lower(pool, pool_strndup(pool, *at, length));
	*at += length;
	char *quote = strstr(word, "\xe2\x80\x99");
	if (quote != NULL) {
		*quote = '\'';
		memmove(quote + 1, quote + 3, strlen(quote + 3) + 1);
	}
	return word;
}

static void add_reason(struct trait_suggestion *suggestion, const char *word)
{
	suggestion->hits++;
	for (size_t i = 0; i < suggestion->word_count; i++)
		if (strcmp(suggestion->words[i], word) == 0)
			return;
	if (suggestion->word_count < TRAIT_REASONS_MAX)
		suggestion->words[suggestion->word_count++] = word;
}

/* The ones with hits to the front, most first; ties stay in the order of the traits. */
static size_t rank(struct trait_suggestion suggestions[static CHARACTER_TRAITS])
{
	size_t found = 0;
	for (size_t i = 0; i < CHARACTER_TRAITS; i++) {
		struct trait_suggestion one = suggestions[i];
		size_t place = found;
		if (one.hits == 0)
			continue;
		for (; place > 0 && suggestions[place - 1].hits < one.hits; place--)
			suggestions[place] = suggestions[place - 1];
		suggestions[place] = one;
		found++;
	}
	return found;
}

size_t trait_suggest(struct pool *pool, const char *text,
		     struct trait_suggestion suggestions[static CHARACTER_TRAITS])
{
	bool is_denied = false;
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++)
		suggestions[i] = (struct trait_suggestion){ .trait = i };
	for (const char *word; (word = next_word(pool, &text)) != NULL;) {
		for (size_t i = 0; i < CHARACTER_TRAITS && !is_denied; i++)
			if (has_stem(stems[i], word))
				add_reason(&suggestions[i], word);
		is_denied = is_negation(word);
	}
	return rank(suggestions);
}

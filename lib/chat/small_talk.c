#include "chat/small_talk.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	TALK_MAX = 160, /* bytes; nobody greets at greater length */
};

/* Longer phrases stand before their own beginnings, because the first that fits is taken. Those
 * without a kind may accompany small talk but are none by themselves. */
static const struct {
	const char *words;
	enum small_talk kind;
} phrases[] = {
	{ "good morning", SMALL_TALK_GREETING },
	{ "good afternoon", SMALL_TALK_GREETING },
	{ "good evening", SMALL_TALK_GREETING },
	{ "good day", SMALL_TALK_GREETING },
	{ "guten morgen", SMALL_TALK_GREETING },
	{ "guten tag", SMALL_TALK_GREETING },
	{ "guten abend", SMALL_TALK_GREETING },
	{ "how are you", SMALL_TALK_GREETING },
	{ "how do you do", SMALL_TALK_GREETING },
	{ "how is it going", SMALL_TALK_GREETING },
	{ "hows it going", SMALL_TALK_GREETING },
	{ "whats up", SMALL_TALK_GREETING },
	{ "nice to meet you", SMALL_TALK_GREETING },
	{ "hello", SMALL_TALK_GREETING },
	{ "hallo", SMALL_TALK_GREETING },
	{ "hola", SMALL_TALK_GREETING },
	{ "bonjour", SMALL_TALK_GREETING },
	{ "namaste", SMALL_TALK_GREETING },
	{ "salam", SMALL_TALK_GREETING },
	{ "greetings", SMALL_TALK_GREETING },
	{ "welcome", SMALL_TALK_GREETING },
	{ "hi", SMALL_TALK_GREETING },
	{ "hey", SMALL_TALK_GREETING },
	{ "hiya", SMALL_TALK_GREETING },
	{ "heya", SMALL_TALK_GREETING },
	{ "yo", SMALL_TALK_GREETING },
	{ "moin", SMALL_TALK_GREETING },
	{ "servus", SMALL_TALK_GREETING },

	{ "good night", SMALL_TALK_GOODBYE },
	{ "auf wiedersehen", SMALL_TALK_GOODBYE },
	{ "have a nice day", SMALL_TALK_GOODBYE },
	{ "have a good day", SMALL_TALK_GOODBYE },
	{ "have a great day", SMALL_TALK_GOODBYE },
	{ "see you later", SMALL_TALK_GOODBYE },
	{ "see you soon", SMALL_TALK_GOODBYE },
	{ "see you", SMALL_TALK_GOODBYE },
	{ "see ya", SMALL_TALK_GOODBYE },
	{ "talk to you later", SMALL_TALK_GOODBYE },
	{ "take care", SMALL_TALK_GOODBYE },
	{ "goodbye", SMALL_TALK_GOODBYE },
	{ "good bye", SMALL_TALK_GOODBYE },
	{ "bye bye", SMALL_TALK_GOODBYE },
	{ "bye", SMALL_TALK_GOODBYE },
	{ "ciao", SMALL_TALK_GOODBYE },
	{ "tschüss", SMALL_TALK_GOODBYE },
	{ "that is all", SMALL_TALK_GOODBYE },
	{ "thats all", SMALL_TALK_GOODBYE },

	{ "that helped me", SMALL_TALK_THANKS },
	{ "that helped", SMALL_TALK_THANKS },
	{ "that helps", SMALL_TALK_THANKS },
	{ "that was helpful", SMALL_TALK_THANKS },
	{ "that is helpful", SMALL_TALK_THANKS },
	{ "very helpful", SMALL_TALK_THANKS },
	{ "i appreciate it", SMALL_TALK_THANKS },
	{ "much appreciated", SMALL_TALK_THANKS },
	{ "many thanks", SMALL_TALK_THANKS },
	{ "thank you", SMALL_TALK_THANKS },
	{ "thank u", SMALL_TALK_THANKS },
	{ "thank", SMALL_TALK_THANKS },
	{ "thanks", SMALL_TALK_THANKS },
	{ "thankyou", SMALL_TALK_THANKS },
	{ "thx", SMALL_TALK_THANKS },
	{ "ty", SMALL_TALK_THANKS },
	{ "cheers", SMALL_TALK_THANKS },
	{ "danke schön", SMALL_TALK_THANKS },
	{ "vielen dank", SMALL_TALK_THANKS },
	{ "danke", SMALL_TALK_THANKS },
	{ "merci", SMALL_TALK_THANKS },
	{ "gracias", SMALL_TALK_THANKS },
	{ "great", SMALL_TALK_THANKS },
	{ "perfect", SMALL_TALK_THANKS },
	{ "excellent", SMALL_TALK_THANKS },
	{ "awesome", SMALL_TALK_THANKS },
	{ "wonderful", SMALL_TALK_THANKS },
	{ "brilliant", SMALL_TALK_THANKS },
	{ "nice", SMALL_TALK_THANKS },
	{ "cool", SMALL_TALK_THANKS },
	{ "got it", SMALL_TALK_THANKS },
	{ "okay", SMALL_TALK_THANKS },
	{ "ok", SMALL_TALK_THANKS },

	{ "can you help me", SMALL_TALK_HELP },
	{ "could you help me", SMALL_TALK_HELP },
	{ "can you help", SMALL_TALK_HELP },
	{ "can you assist me", SMALL_TALK_HELP },
	{ "i need help", SMALL_TALK_HELP },
	{ "i need some help", SMALL_TALK_HELP },
	{ "i need your help", SMALL_TALK_HELP },
	{ "help me", SMALL_TALK_HELP },
	{ "help", SMALL_TALK_HELP },
	{ "hilfe", SMALL_TALK_HELP },
	{ "what can you do", SMALL_TALK_HELP },
	{ "what do you do", SMALL_TALK_HELP },
	{ "what do you know", SMALL_TALK_HELP },
	{ "what can you tell me", SMALL_TALK_HELP },
	{ "what can you help me with", SMALL_TALK_HELP },
	{ "what can i ask you", SMALL_TALK_HELP },
	{ "what can i ask", SMALL_TALK_HELP },
	{ "what should i ask", SMALL_TALK_HELP },
	{ "what topics do you know", SMALL_TALK_HELP },
	{ "what topics do you cover", SMALL_TALK_HELP },
	{ "which topics do you cover", SMALL_TALK_HELP },
	{ "which countries do you know", SMALL_TALK_HELP },
	{ "which countries do you cover", SMALL_TALK_HELP },
	{ "what countries do you cover", SMALL_TALK_HELP },
	{ "how can you help me", SMALL_TALK_HELP },
	{ "how can you help", SMALL_TALK_HELP },
	{ "how does this work", SMALL_TALK_HELP },
	{ "how do you work", SMALL_TALK_HELP },
	{ "how do i use this", SMALL_TALK_HELP },
	{ "what is this", SMALL_TALK_HELP },
	{ "what are you", SMALL_TALK_HELP },
	{ "who are you", SMALL_TALK_HELP },
	{ "are you a bot", SMALL_TALK_HELP },
	{ "are you human", SMALL_TALK_HELP },
	{ "are you there", SMALL_TALK_HELP },
	{ "i have a question", SMALL_TALK_HELP },
	{ "can i ask you something", SMALL_TALK_HELP },
	{ "can i ask something", SMALL_TALK_HELP },
	{ "can i ask a question", SMALL_TALK_HELP },
	{ "menu", SMALL_TALK_HELP },
	{ "start", SMALL_TALK_HELP },

	{ "very much", SMALL_TALK_NONE },
	{ "so much", SMALL_TALK_NONE },
	{ "a lot", SMALL_TALK_NONE },
	{ "and", SMALL_TALK_NONE },
	{ "again", SMALL_TALK_NONE },
	{ "all", SMALL_TALK_NONE },
	{ "everybody", SMALL_TALK_NONE },
	{ "everyone", SMALL_TALK_NONE },
	{ "for helping me", SMALL_TALK_NONE },
	{ "for now", SMALL_TALK_NONE },
	{ "for that", SMALL_TALK_NONE },
	{ "for the answer", SMALL_TALK_NONE },
	{ "for the help", SMALL_TALK_NONE },
	{ "for your answer", SMALL_TALK_NONE },
	{ "for your help", SMALL_TALK_NONE },
	{ "friend", SMALL_TALK_NONE },
	{ "my friend", SMALL_TALK_NONE },
	{ "now", SMALL_TALK_NONE },
	{ "oh", SMALL_TALK_NONE },
	{ "please", SMALL_TALK_NONE },
	{ "sir", SMALL_TALK_NONE },
	{ "that is", SMALL_TALK_NONE },
	{ "thats", SMALL_TALK_NONE },
	{ "that was", SMALL_TALK_NONE },
	{ "there", SMALL_TALK_NONE },
	{ "to you", SMALL_TALK_NONE },
	{ "today", SMALL_TALK_NONE },
	{ "very", SMALL_TALK_NONE },
	{ "well", SMALL_TALK_NONE },
	{ "with something", SMALL_TALK_NONE },
	{ "yes", SMALL_TALK_NONE },
	{ "no", SMALL_TALK_NONE },
};

/* ASCII letters and digits, and every byte of other alphabets. */
static bool is_word_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/* Where the line of words goes on after this byte: apostrophes vanish ("what's" is "whats"),
 * anything else between words becomes one space. */
static size_t add_byte(char *words, size_t length, unsigned char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte = (unsigned char)(byte - 'A' + 'a');
	if (is_word_byte(byte))
		words[length++] = (char)byte;
	else if (byte != '\'' && length > 0 && words[length - 1] != ' ')
		words[length++] = ' ';
	return length;
}

/* The message in lower case with one space after each word; false when it is too long. */
static bool read_words(const char *text, char words[static TALK_MAX + 2])
{
	size_t size = strlen(text), length = 0;
	if (size > TALK_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		/* U+2019, the apostrophe that phones type. */
		if (strncmp(text + i, "\xe2\x80\x99", 3) == 0)
			i += 2;
		else
			length = add_byte(words, length, (unsigned char)text[i]);
	}
	length = add_byte(words, length, ' ');
	words[length] = '\0';
	return true;
}

/* How many bytes of `rest` the phrase takes, with the space after it; 0 when it does not fit. */
static size_t phrase_fits(const char *phrase, const char *rest)
{
	size_t length = strlen(phrase);
	return strncmp(rest, phrase, length) == 0 && rest[length] == ' ' ? length + 1 : 0;
}

enum small_talk small_talk_recognise(const char *text)
{
	char words[TALK_MAX + 2];
	if (!read_words(text, words))
		return SMALL_TALK_NONE;
	enum small_talk kind = SMALL_TALK_NONE;
	for (const char *rest = words; *rest != '\0';) {
		size_t i = 0, taken = 0;
		const size_t count = sizeof phrases / sizeof *phrases;
		while (i < count && (taken = phrase_fits(phrases[i].words, rest)) == 0)
			i++;
		if (i == count)
			return SMALL_TALK_NONE;
		if (phrases[i].kind > kind)
			kind = phrases[i].kind;
		rest += taken;
	}
	return kind;
}

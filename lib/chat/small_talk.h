/* Small talk: greetings, thanks, goodbyes and calls for help, which no article answers. */
#pragma once

enum small_talk {
	SMALL_TALK_NONE, /* a question, or anything else: to be looked up */
	SMALL_TALK_GREETING,
	SMALL_TALK_GOODBYE,
	SMALL_TALK_THANKS,
	SMALL_TALK_HELP, /* "help", "what can you do?", "who are you?" */
};

/* What a message is when all of it is small talk; one word that is about something makes it a
 * question ("hi" is a greeting, "hi, how do I register a company?" is not). When several kinds
 * meet, the one further down the list wins: "hello, what can you do?" asks for help. */
enum small_talk small_talk_recognise(const char *text);

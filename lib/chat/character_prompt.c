#include "base/text.h"
#include "chat/character.h"
#include <string.h>
#include <strings.h>

/* What a style from 0 to 10 asks for. The middle asks for nothing. */
enum band { BAND_LOWEST, BAND_LOW, BAND_MIDDLE, BAND_HIGH, BAND_HIGHEST, BANDS };

static enum band band_of(int64_t style)
{
	static const enum band bands[CHARACTER_STYLE_MAX + 1] = {
		BAND_LOWEST, BAND_LOWEST, BAND_LOW,  BAND_LOW,     BAND_MIDDLE,  BAND_MIDDLE,
		BAND_MIDDLE, BAND_HIGH,   BAND_HIGH, BAND_HIGHEST, BAND_HIGHEST,
	};
	return style >= 0 && style <= CHARACTER_STYLE_MAX ? bands[style] : BAND_MIDDLE;
}

static const char *const style_sentences[CHARACTER_STYLES][BANDS] = {
	[CHARACTER_DIRECTNESS] = {
		"Never push: hint, ask, and let people come to their own answer.",
		"Lead up to your point gently rather than opening with it.",
		NULL,
		"Say what you think early, then explain why.",
		"Get straight to the point. Give a clear answer first, even an unwelcome one.",
	},
	[CHARACTER_WARMTH] = {
		"Keep a cool distance and stay with the facts.",
		"Stay reserved; be polite without being familiar.",
		NULL,
		"Be friendly and welcoming.",
		"Be very warm, as with somebody dear to you.",
	},
	[CHARACTER_FORMALITY] = {
		"Talk as among close friends: short forms, everyday words, no ceremony.",
		"Keep it casual.",
		NULL,
		"Write with care and in complete sentences.",
		"Be formal throughout: no short forms, no slang, a respectful tone.",
	},
	[CHARACTER_EMPATHY] = {
		"Deal with the matter itself and leave feelings aside.",
		"Mention feelings only when somebody else brings them up.",
		NULL,
		"Notice how people feel and take it into account.",
		"Show first that you understand how somebody feels; only then turn to the matter.",
	},
	[CHARACTER_HUMOUR] = {
		"Do not joke.",
		"Stay mostly serious; a light remark now and then is enough.",
		NULL,
		"Let some humour in where it fits.",
		"Be funny whenever it does no harm.",
	},
};

static const char *const trait_words[CHARACTER_TRAITS] = {
	"analytical", "creative", "empathetic", "logical",
	"witty",      "serious",  "playful",    "professional",
};

static size_t count_bits(unsigned bits)
{
	size_t count = 0;
	for (; bits != 0; bits &= bits - 1)
		count++;
	return count;
}

/* "You are analytical, logical and witty." */
static void write_traits(struct buffer *out, unsigned traits)
{
	size_t left = count_bits(traits);
	if (left == 0)
		return;
	buffer_puts(out, "\n\nYou are ");
	for (unsigned i = 0; i < CHARACTER_TRAITS; i++) {
		if ((traits & 1u << i) == 0)
			continue;
		buffer_puts(out, trait_words[i]);
		left--;
		buffer_puts(out, left > 1 ? ", " : left == 1 ? " and " : ".");
	}
}

static void write_styles(struct buffer *out, const struct character *character)
{
	bool has_begun = false;
	for (size_t i = 0; i < CHARACTER_STYLES; i++) {
		const char *sentence = style_sentences[i][band_of(character->styles[i])];
		if (sentence == NULL)
			continue;
		if (!has_begun)
			buffer_puts(out, "\n\nHow you talk:");
		has_begun = true;
		buffer_printf(out, "\n- %s", sentence);
	}
}

/* The prompt of a character that has none of its own, with its macros still in. */
static const char *make_prompt(struct pool *pool, const struct character *character)
{
	struct buffer out = buffer_new(pool, 1024);
	buffer_printf(&out, "You are %s. Stay in this role for the whole conversation.",
		      *character->name != '\0' ? character->name : "a helpful companion");
	if (*character->backstory != '\0')
		buffer_printf(&out, "\n\nAbout you:\n%s", character->backstory);
	write_traits(&out, character->traits);
	write_styles(&out, character);
	return out.bytes;
}

struct macro {
	const char *name, *text;
	bool is_once; /* further ones become empty */
};

/* What a text became. */
struct filled {
	const char *text;
	bool is_cut; /* there would have been more than CHARACTER_FILLED_MAX */
};

/* The macro that stands at the beginning of a text; NULL: none of these. */
static struct macro *macro_at(const char *text, struct macro *macros, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncasecmp(text, macros[i].name, strlen(macros[i].name)) == 0)
			return &macros[i];
	return NULL;
}

/* A copy with the macros that are listed filled in; others stay as they are. What is filled in is
 * not looked through again. A few letters ask for much text, so it stops where it gets too long. */
static struct filled fill_in(struct pool *pool, const char *text, struct macro *macros,
			     size_t count)
{
	struct buffer out = buffer_new(pool, 1024);
	while (*text != '\0') {
		struct macro *macro = macro_at(text, macros, count);
		const char *piece = macro != NULL ? macro->text : text;
		size_t length = macro != NULL ? strlen(piece) : text_prefix(text, 1);
		if (out.length + length > CHARACTER_FILLED_MAX)
			break;
		buffer_add(&out, piece, length);
		text += macro != NULL ? strlen(macro->name) : length;
		if (macro != NULL && macro->is_once)
			macro->text = "";
	}
	return (struct filled){ out.bytes, *text != '\0' };
}

static struct filled fill_prompt(struct pool *pool, const struct character *character)
{
	struct macro macros[] = {
		{ "{{char}}", character->name, false },
		{ "{{user}}", "the person you talk with", false },
		{ "{{original}}", "", true },
	};
	struct filled made = fill_in(pool, make_prompt(pool, character), macros, 2);
	if (*character->system_prompt == '\0')
		return made;
	macros[2].text = made.text;
	struct filled own = fill_in(pool, character->system_prompt, macros, 3);
	bool has_original = *macros[2].text == '\0';
	own.is_cut = own.is_cut || (has_original && made.is_cut);
	return *own.text != '\0' ? own : made;
}

static struct filled fill_greeting(struct pool *pool, const struct character *character,
				   const char *person)
{
	struct macro macros[] = { { "{{char}}", character->name, false },
				  { "{{user}}", person, false } };
	return fill_in(pool, character->greeting, macros, 2);
}

const char *character_system_prompt(struct pool *pool, const struct character *character)
{
	return fill_prompt(pool, character).text;
}

bool character_prompt_is_cut(struct pool *pool, const struct character *character)
{
	return fill_prompt(pool, character).is_cut;
}

const char *character_greeting(struct pool *pool, const struct character *character,
			       const char *person)
{
	return fill_greeting(pool, character, person).text;
}

bool character_greeting_is_cut(struct pool *pool, const struct character *character)
{
	char person[CHARACTER_PERSON_BYTES + 1];
	memset(person, 'x', CHARACTER_PERSON_BYTES);
	person[CHARACTER_PERSON_BYTES] = '\0';
	return fill_greeting(pool, character, person).is_cut;
}

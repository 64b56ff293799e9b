/* The texts, and how they are put together. */
#include "gateway/words.h"

#include <stdio.h>
#include <string.h>

/* One thing said in one language: of a distress, and of any other message. */
struct phrase {
	const char *distress, *other;
};

struct saying {
	enum ack_level level;
	struct phrase said[2]; /* WORDS_EN, WORDS_FR */
};

/* The room of an APRS message is 67 bytes, of which the mark of an exercise takes 9. What a person reports is said to be that: nobody here
 * knows what will come of it. Stored may be with the broker alone, and who has looked there the gateway does not know until it is told. */
static const struct saying sayings[] = {
    {ACK_STORED,
     {{"Distress call stored. No person has reported seeing it.",
       "Message stored. No person has reported seeing it yet."},
      {"Appel de détresse enregistré. Nul ne dit l'avoir lu.",
       "Message enregistré. Personne ne dit encore l'avoir lu."}}},
    {ACK_BASE_SEEN,
     {{"A person at the base has seen your distress call.", "A person at the base has seen your message."},
      {"Une personne à la base a vu votre appel de détresse.", "Une personne à la base a vu votre message."}}},
    {ACK_HQ_RECEIVED,
     {{"The machines at headquarters have your distress call.", "The machines at headquarters have your message."},
      {"Les machines du siège ont votre appel de détresse.", "Les machines du siège ont votre message."}}},
    {ACK_HQ_SEEN,
     {{"A person at headquarters has seen your distress call.", "A person at headquarters has seen your message."},
      {"Une personne au siège a vu votre appel de détresse.", "Une personne au siège a vu votre message."}}},
    {ACK_RESPONDING,
     {{"A person reports: responding to your distress call.", "A person reports: responding to your message."},
      {"Une personne signale : elle traite votre appel.", "Une personne signale : elle traite votre message."}}},
    {ACK_CLOSED,
     {{"A person has closed your distress call.", "A person has closed the matter of your message."},
      {"Une personne a clos votre appel de détresse.", "Une personne a clos le sujet de votre message."}}},
    {ACK_NOT_UNDERSTOOD,
     {{"Your distress call was not understood.", "Your message was not understood."},
      {"Votre appel de détresse n'a pas été compris.", "Votre message n'a pas été compris."}}},
    {ACK_NOT_AUTHENTIC,
     {{"A distress call in your name could not be verified.", "A message in your name could not be verified."},
      {"Un appel de détresse à votre nom n'a pu être vérifié.", "Un message à votre nom n'a pas pu être vérifié."}}},
    {ACK_EXPIRED,
     {{"Your distress call did not get to headquarters in time.", "Your message did not get to headquarters in time."},
      {"Votre appel n'a pas été remis au siège à temps.", "Votre message n'a pas été remis au siège à temps."}}},
};

/* With the minutes that a person gave. */
static const char *const estimates[] = {
    [WORDS_EN] = "A person reports: responding. Estimate given: %d min.",
    [WORDS_FR] = "Une personne signale : en cours. Délai donné : %d min.",
};

static const char *drill_mark(enum message_status status, enum words_language language)
{
	if (status == STATUS_EXERCISE)
		return language == WORDS_FR ? "EXERCICE " : "EXERCISE ";
	return status == STATUS_TEST ? "TEST " : "";
}

/* The letters of French that ASCII has not: two bytes of UTF-8, of which the first is always the same. */
static char without_accent(unsigned char second)
{
	static const struct {
		unsigned char second;
		char letter;
	} letters[] = {{0xa0, 'a'}, {0xa2, 'a'}, {0xa7, 'c'}, {0xa8, 'e'}, {0xa9, 'e'}, {0xaa, 'e'}, {0xab, 'e'},
		       {0xae, 'i'}, {0xaf, 'i'}, {0xb4, 'o'}, {0xb9, 'u'}, {0xbb, 'u'}, {0x80, 'A'}, {0x89, 'E'}};
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (letters[i].second == second)
			return letters[i].letter;
	return '?';
}

static void make_plain(char *text)
{
	enum { LATIN = 0xc3 };
	char *to = text;
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at == LATIN && at[1])
			*to++ = without_accent((unsigned char)*++at);
		else
			*to++ = *at;
	}
	*to = '\0';
}

static const struct saying *saying_of(enum ack_level level)
{
	for (size_t i = 0; i < sizeof(sayings) / sizeof(*sayings); i++)
		if (sayings[i].level == level)
			return &sayings[i];
	return NULL;
}

/* One language. */
static void say(const struct words_ask *ask, const struct saying *saying, enum words_language language, bool plain,
		char text[static WORDS_MAX])
{
	char estimate[96];
	const struct phrase *phrase = &saying->said[language];
	const char *said = ask->distress ? phrase->distress : phrase->other;
	if (ask->level == ACK_RESPONDING && ask->eta_min >= 0) {
		int minutes = ask->eta_min <= UINT8_MAX ? ask->eta_min : UINT8_MAX;
		snprintf(estimate, sizeof(estimate), language == WORDS_FR ? estimates[WORDS_FR] : estimates[WORDS_EN],
			 minutes);
		said = estimate;
	}
	snprintf(text, WORDS_MAX, "%s%.128s", drill_mark(ask->status, language), said);
	if (plain)
		make_plain(text);
}

size_t words_make(const struct words_ask *ask, enum words_language language, const struct words_room *room,
		  char texts[WORDS_TEXTS][WORDS_MAX])
{
	static const char between[] = " / ";
	const struct saying *saying = saying_of(ask->level);
	if (!saying)
		return 0;
	if (language != WORDS_BOTH) {
		say(ask, saying, language, room->plain, texts[0]);
		return 1;
	}
	say(ask, saying, WORDS_EN, room->plain, texts[0]);
	say(ask, saying, WORDS_FR, room->plain, texts[1]);
	size_t first = strlen(texts[0]), second = strlen(texts[1]), gap = sizeof(between) - 1;
	if (first + gap + second > room->bytes || first + gap + second >= WORDS_MAX)
		return 2;
	memcpy(texts[0] + first, between, gap);
	memcpy(texts[0] + first + gap, texts[1], second + 1);
	return 1;
}

/* ---- knowing them again ---- */

static const char *behind_marks(const char *text)
{
	static const char *const marks[] = {"EXERCISE ", "EXERCICE ", "TEST "};
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks);)
		if (strncmp(text, marks[i], strlen(marks[i])) == 0) {
			text += strlen(marks[i]);
			i = 0;
		} else {
			i++;
		}
	return text;
}

static bool begins_with(const char *text, const char *words)
{
	char plain[WORDS_MAX];
	snprintf(plain, sizeof(plain), "%s", words);
	make_plain(plain);
	return strncmp(text, words, strlen(words)) == 0 || strncmp(text, plain, strlen(plain)) == 0;
}

static bool begins_with_estimate(const char *text)
{
	char words[WORDS_MAX];
	for (size_t i = 0; i < sizeof(estimates) / sizeof(*estimates); i++) {
		snprintf(words, sizeof(words), "%.*s", (int)strcspn(estimates[i], "%"), estimates[i]);
		if (begins_with(text, words))
			return true;
	}
	return false;
}

bool words_are_these(const char *text)
{
	const char *said = behind_marks(text);
	for (size_t i = 0; i < sizeof(sayings) / sizeof(*sayings); i++)
		for (size_t language = WORDS_EN; language <= WORDS_FR; language++)
			if (begins_with(said, sayings[i].said[language].distress) ||
			    begins_with(said, sayings[i].said[language].other))
				return true;
	return begins_with_estimate(said);
}

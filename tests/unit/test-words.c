/* The fixed texts: each fits every network, says its level and no more, and holds no word that promises anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/codec/aprs_compose.h"
#include "drivers/codec/meshcore.h"
#include "drivers/codec/meshtastic.h"
#include "drivers/codec/utf8.h"
#include "gateway/words.h"

static const enum ack_level levels[] = {ACK_STORED, ACK_BASE_SEEN,      ACK_HQ_RECEIVED,   ACK_HQ_SEEN, ACK_RESPONDING,
					ACK_CLOSED, ACK_NOT_UNDERSTOOD, ACK_NOT_AUTHENTIC, ACK_EXPIRED};
enum { LEVELS = sizeof(levels) / sizeof(*levels) };

static const struct words_room aprs = {APRS_MESSAGE_TEXT_MAX, true}, meshtastic = {MESHTASTIC_DIRECT_MAX, false},
			       meshcore = {MESHCORE_TEXT_MAX, false};
static const struct words_room *const rooms[] = {&aprs, &meshtastic, &meshcore};

static bool is_ascii(const char *text)
{
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	return *text == '\0';
}

/* Calls check for every text that can ever be said. */
static void each_text(void (*check)(const char *text, const struct words_room *room, const struct words_ask *ask))
{
	static const int etas[] = {-1, 0, 7, 255, 100000};
	char texts[WORDS_TEXTS][WORDS_MAX];
	for (size_t i = 0; i < LEVELS * 2 * 4 * 5 * 3 * 3; i++) {
		struct words_ask ask = {.level = levels[i % LEVELS],
					.distress = i / LEVELS % 2,
					.status = (enum message_status)(i / LEVELS / 2 % 4),
					.eta_min = etas[i / LEVELS / 8 % 5]};
		enum words_language language = (enum words_language)(i / LEVELS / 40 % 3);
		const struct words_room *room = rooms[i / LEVELS / 120 % 3];
		size_t count = words_make(&ask, language, room, texts);
		assert_in_range(count, 1, language == WORDS_BOTH ? 2 : 1);
		for (size_t j = 0; j < count; j++)
			check(texts[j], room, &ask);
	}
}

static void check_fits(const char *text, const struct words_room *room, const struct words_ask *ask)
{
	uint8_t out[APRS_COMPOSED_MAX];
	(void)ask;
	if (strlen(text) > room->bytes)
		fail_msg("%zu bytes of %zu: %s", strlen(text), room->bytes, text);
	assert_true(utf8_is_valid(text, strlen(text)));
	assert_null(strstr(text, "?"));
	if (room != &aprs)
		return;
	assert_true(is_ascii(text));
	/* The codec takes it, with the longest addressee and number. */
	assert_true(aprs_compose_message("N0CALL-15", text, "ABCDE", out) > 0);
}

static void test_every_text_fits(void **state)
{
	(void)state;
	each_text(check_fits);
}

/* Beginnings of words, without accents. */
static void check_promises(const char *text, const struct words_room *room, const struct words_ask *ask)
{
	static const char *const promises[] = {
	    "help",  "aid",   "rescu", "coming",   "come",     "arriv",  "on the way", "on its way", "will ", "soon",
	    "stay",  "safe",  "wait",  "dispatch", "sent to",  "promis", "guarant",    "secour",     "aide",  "sauve",
	    "venir", "vient", "viend", "bient",    "en route", "attend", "envoy",      "assur",      "sera ", "seront"};
	(void)room, (void)ask;
	for (size_t i = 0; i < sizeof(promises) / sizeof(*promises); i++)
		for (const char *at = text; (at = strcasestr(at, promises[i])); at++)
			if (at == text || at[-1] == ' ' || at[-1] == '\'')
				fail_msg("\"%s\" promises: %s", promises[i], text);
}

static void test_no_text_promises(void **state)
{
	(void)state;
	each_text(check_promises);
}

static void check_drill(const char *text, const struct words_room *room, const struct words_ask *ask)
{
	(void)room;
	bool exercise = strncmp(text, "EXERCISE ", 9) == 0 || strncmp(text, "EXERCICE ", 9) == 0;
	assert_int_equal(exercise, ask->status == STATUS_EXERCISE);
	assert_int_equal(strncmp(text, "TEST ", 5) == 0, ask->status == STATUS_TEST);
}

static void test_drills_say_so(void **state)
{
	(void)state;
	each_text(check_drill);
}

static const char *one(enum ack_level level, bool distress, enum words_language language, const struct words_room *room)
{
	static char texts[WORDS_TEXTS][WORDS_MAX];
	struct words_ask ask = {.level = level, .distress = distress, .eta_min = -1};
	assert_int_equal(words_make(&ask, language, room, texts), 1);
	return texts[0];
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(one(ACK_STORED, false, WORDS_EN, &aprs),
			    "Message stored. No person has reported seeing it yet.");
	assert_string_equal(one(ACK_STORED, true, WORDS_EN, &aprs),
			    "Distress call stored. No person has reported seeing it.");
	assert_string_equal(one(ACK_STORED, true, WORDS_FR, &aprs),
			    "Appel de detresse enregistre. Nul ne dit l'avoir lu.");
	assert_string_equal(one(ACK_STORED, true, WORDS_FR, &meshcore),
			    "Appel de détresse enregistré. Nul ne dit l'avoir lu.");
	assert_string_equal(one(ACK_BASE_SEEN, true, WORDS_EN, &meshtastic),
			    "A person at the base has seen your distress call.");
	assert_string_equal(one(ACK_HQ_SEEN, false, WORDS_FR, &meshtastic),
			    "Une personne au siège a vu votre message.");
}

static void test_minutes(void **state)
{
	(void)state;
	char texts[WORDS_TEXTS][WORDS_MAX];
	struct words_ask ask = {.level = ACK_RESPONDING, .distress = true, .eta_min = 20};
	assert_int_equal(words_make(&ask, WORDS_EN, &aprs, texts), 1);
	assert_string_equal(texts[0], "A person reports: responding. Estimate given: 20 min.");
	assert_int_equal(words_make(&ask, WORDS_FR, &aprs, texts), 1);
	assert_string_equal(texts[0], "Une personne signale : en cours. Delai donne : 20 min.");
	/* With any other level there is no time to speak of. */
	ask.level = ACK_HQ_SEEN;
	words_make(&ask, WORDS_EN, &aprs, texts);
	assert_null(strstr(texts[0], "20"));
}

static void test_both_languages(void **state)
{
	(void)state;
	char texts[WORDS_TEXTS][WORDS_MAX];
	struct words_ask ask = {.level = ACK_BASE_SEEN, .eta_min = -1};
	assert_int_equal(words_make(&ask, WORDS_BOTH, &meshtastic, texts), 1);
	assert_string_equal(texts[0],
			    "A person at the base has seen your message. / Une personne à la base a vu votre message.");
	assert_int_equal(words_make(&ask, WORDS_BOTH, &aprs, texts), 2);
	assert_string_equal(texts[0], "A person at the base has seen your message.");
	assert_string_equal(texts[1], "Une personne a la base a vu votre message.");
}

/* Every level differs from every other, so that nobody takes one for the other. */
static void test_levels_differ(void **state)
{
	(void)state;
	char texts[LEVELS][WORDS_MAX];
	for (int distress = 0; distress < 2; distress++) {
		for (size_t i = 0; i < LEVELS; i++)
			snprintf(texts[i], WORDS_MAX, "%s", one(levels[i], distress, WORDS_FR, &aprs));
		for (size_t i = 0; i < LEVELS; i++)
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(texts[i], texts[j]);
	}
}

static void test_no_such_level(void **state)
{
	(void)state;
	char texts[WORDS_TEXTS][WORDS_MAX];
	struct words_ask ask = {.level = (enum ack_level)7, .eta_min = -1};
	assert_int_equal(words_make(&ask, WORDS_EN, &aprs, texts), 0);
	ask.level = 0;
	assert_int_equal(words_make(&ask, WORDS_BOTH, &aprs, texts), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_text_fits), cmocka_unit_test(test_no_text_promises),
	    cmocka_unit_test(test_drills_say_so),   cmocka_unit_test(test_words),
	    cmocka_unit_test(test_minutes),         cmocka_unit_test(test_both_languages),
	    cmocka_unit_test(test_levels_differ),   cmocka_unit_test(test_no_such_level),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

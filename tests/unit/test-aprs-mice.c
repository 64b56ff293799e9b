/* Mic-E: all fifteen messages, every legal and illegal character, and that nothing invalid is ever an emergency. */
#include <math.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/aprs.h"

static struct aprs_packet packet;
static const char information[] = "`c51!f?>/]\"3x}=";

static void parse(const char *destination, const void *bytes, size_t size)
{
	memset(&packet, 0xa5, sizeof(packet));
	aprs_parse(destination, bytes, size, &packet);
}

struct message_case {
	const char *destination, *condition;
};

/* Latitude and longitude are the same in all of them. */
static const struct message_case messages[] = {
    {"TQTW2V", "off duty"},  {"TQ4W2V", "en route"}, {"T1TW2V", "in service"}, {"T14W2V", "returning"},
    {"4QTW2V", "committed"}, {"4Q4W2V", "special"},  {"41TW2V", "priority"},   {"414W2V", "emergency"},
    {"EBEW2V", "custom-0"},  {"EB4W2V", "custom-1"}, {"E1EW2V", "custom-2"},   {"E14W2V", "custom-3"},
    {"4BEW2V", "custom-4"},  {"4B4W2V", "custom-5"}, {"41EW2V", "custom-6"},   {"TBTW2V", "unknown"},
    {"E1TW2V", "unknown"},
};

static void test_messages(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		parse(messages[i].destination, information, strlen(information));
		assert_null(packet.error);
		assert_int_equal(packet.type, APRS_MICE);
		assert_string_equal(packet.condition, messages[i].condition);
		assert_int_equal(packet.emergency, strcmp(messages[i].condition, "emergency") == 0);
		assert_int_equal(packet.priority, strcmp(messages[i].condition, "priority") == 0);
		assert_true(fabs(packet.lat_deg - 41.7876666667) < 1e-6 && fabs(packet.lon_deg + 71.4201666667) < 1e-6);
		assert_true(fabs(packet.speed_kmh - 105.564) < 1e-6 && packet.course_deg == 35 &&
			    packet.altitude_m == 6);
		assert_string_equal(packet.symbol, "/>");
		assert_string_equal(packet.text, "]=");
	}
}

struct refused_case {
	const char *destination;
	uint8_t information[9];
	const char *error;
};

/* An emergency with one thing wrong in each. */
static const struct refused_case refused[] = {
    {"414W2", "`c51!f?>/", "invalid Mic-E destination"},
    {"414W2VX", "`c51!f?>/", "invalid Mic-E destination"},
    {"", "`c51!f?>/", "invalid Mic-E destination"},
    {"41LW2L", "`c51!f?>/", "invalid Mic-E destination"}, /* withheld digits in front of others */
    {"4L4W2V", "`c51!f?>/", "invalid Mic-E destination"},
    {"LLLLLL", "`c51!f?>/", "invalid Mic-E destination"}, /* of the degrees */
    {"414M2V", "`c51!f?>/", "invalid Mic-E destination"},
    {"414A2V", "`c51!f?>/", "invalid Mic-E destination"}, /* custom bit behind the third place */
    {"414WK2", "`c51!f?>/", "invalid Mic-E destination"},
    {"416W2V", "`c51!f?>/", "invalid Mic-E latitude"}, /* 67 minutes */
    {"910W2V", "`c51!f?>/", "invalid Mic-E latitude"},
    {"900001", "`c51!f?>/", "invalid Mic-E latitude"},
    {"414W2V", {'`', 0x25, '5', '1', '!', 'f', '?', '>', '/'}, "invalid Mic-E longitude"},
    {"414W2V", {'`', 0x80, '5', '1', '!', 'f', '?', '>', '/'}, "invalid Mic-E longitude"},
    {"414W2V", {'`', 'c', 0x25, '1', '!', 'f', '?', '>', '/'}, "invalid Mic-E longitude"},
    {"414W2V", {'`', 'c', 0x62, '1', '!', 'f', '?', '>', '/'}, "invalid Mic-E longitude"},
    {"414W2V", {'`', 'c', '5', 0x1b, '!', 'f', '?', '>', '/'}, "invalid Mic-E longitude"},
    {"414W2V", {'`', 'c', '5', '1', 0x1b, 'f', '?', '>', '/'}, "invalid Mic-E speed or course"},
    {"414W2V", {'`', 'c', '5', '1', '!', 0x7e, '?', '>', '/'}, "invalid Mic-E speed or course"},
    {"414W2V", {'`', 'c', '5', '1', '!', 'f', 0x80, '>', '/'}, "invalid Mic-E speed or course"},
    {"414W2V", {'`', 'c', '5', '1', '!', 0x1f, 0x1c + 61, '>', '/'}, "invalid Mic-E speed or course"}, /* 361 */
    {"414W2V", {'`', 'c', '5', '1', '!', 'f', '?', ' ', '/'}, "invalid symbol code"},
    {"414W2V", {'`', 'c', '5', '1', '!', 'f', '?', '>', ','}, "invalid symbol table"},
    {"414W2V", {'`', 'c', '5', '1', '!', 'f', '?', '>', 'a'}, "invalid symbol table"},
};

static void test_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		parse(refused[i].destination, refused[i].information, sizeof(refused[i].information));
		if (!packet.error || strcmp(packet.error, refused[i].error) != 0)
			fail_msg("%zu, %s: %s", i, refused[i].destination, packet.error ? packet.error : "taken");
		assert_int_equal(packet.type, APRS_MICE);
		assert_false(packet.emergency || packet.priority || packet.has_position);
	}
	for (size_t size = 1; size < 9; size++) {
		parse("414W2V", information, size);
		assert_string_equal(packet.error, "Mic-E too short");
		assert_false(packet.emergency);
	}
	/* The word in the comment does not help an invalid one. */
	parse("41LW2L", "`c51!f?>/!EMERGENCY!", 20);
	assert_non_null(packet.error);
	assert_false(packet.emergency);
}

struct position_case {
	const char *destination;
	uint8_t head[9];
	double lat_deg, lon_deg;
	unsigned ambiguity;
	double speed_kmh, course_deg;
};

static const struct position_case positions[] = {
    /* degrees of longitude: 0-9, 10-99, 100-109, 110-179 */
    {"P00PP0", {'`', 0x76, 0x58, 0x1c, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, 0, 0, 0, 0},
    {"P00PP0", {'`', 0x7f, 0x58, 0x1c, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, 9, 0, 0, 0},
    {"P00P00", {'`', 0x26, 0x61, 0x7f, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, 10 + 9.99 / 60, 0, 0, 0},
    {"P00P0P", {'`', 0x7f, 0x26, 0x1c, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, -(99 + 10. / 60), 0, 0, 0},
    {"P00PP0", {'`', 0x6c, 0x57, 0x1c, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, 100 + 59. / 60, 0, 0, 0},
    {"P00PPP", {'`', 0x6b, 0x57, 0x7f, 0x1c, 0x1c, 0x1c, '>', '/'}, 0, -(179 + 59.99 / 60), 0, 0, 0},
    {"YPPPPP", {'`', 0x6b, 0x58, 0x1c, 0x6c, 0x20, 0x1c, '>', '/'}, 90, -179, 0, 0, 0},
    /* speed 799 and course 360, with and without the offsets */
    {"P00000", {'\'', 0x26, 0x58, 0x1c, 0x6b, 0x1c + 93, 0x1c + 60, '>', '/'}, 0, 10, 0, 799 * 1.852, 360},
    {"P00000", {'\'', 0x26, 0x58, 0x1c, 0x6c, 0x1c + 97, 0x1c + 60, '>', '/'}, 0, 10, 0, 9 * 1.852, 360},
    /* each ambiguity, which counts for the longitude too */
    {"SS256Z",
     {'`', 0x26, 0x26 + 15, 0x1c + 77, 0x1c, 0x1c, 0x1c, '>', '/'},
     -(33 + 25.65 / 60),
     -(10 + 25.75 / 60),
     1,
     0,
     0},
    {"SS25LL",
     {'`', 0x26, 0x26 + 15, 0x1c + 77, 0x1c, 0x1c, 0x1c, '>', '/'},
     -(33 + 25.5 / 60),
     10 + 25.5 / 60,
     2,
     0,
     0},
    {"SS2ZLL", {'`', 0x26, 0x26 + 15, 0x1c + 77, 0x1c, 0x1c, 0x1c, '>', '/'}, 33 + 25. / 60, 10 + 25. / 60, 3, 0, 0},
    {"SSKZLL", {'`', 0x26, 0x26 + 15, 0x1c + 77, 0x1c, 0x1c, 0x1c, '>', '/'}, 33.5, 10.5, 4, 0, 0},
    {"SSZLLL", {0x1c, 0x26, 0x26 + 15, 0x1c + 77, 0x1c, 0x1c, 0x1c, '>', '/'}, -33.5, 10.5, 4, 0, 0},
};

static void test_positions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(positions) / sizeof(*positions); i++) {
		parse(positions[i].destination, positions[i].head, sizeof(positions[i].head));
		if (packet.error)
			fail_msg("%zu: %s", i, packet.error);
		if (fabs(packet.lat_deg - positions[i].lat_deg) > 1e-6 ||
		    fabs(packet.lon_deg - positions[i].lon_deg) > 1e-6 || packet.ambiguity != positions[i].ambiguity ||
		    fabs(packet.speed_kmh - positions[i].speed_kmh) > 1e-6 ||
		    packet.course_deg != positions[i].course_deg)
			fail_msg("%zu: %f %f %u %f %f", i, packet.lat_deg, packet.lon_deg, packet.ambiguity,
				 packet.speed_kmh, packet.course_deg);
		assert_string_equal(packet.text, "");
		assert_false(packet.emergency);
	}
}

static void test_altitudes(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *left;
		double altitude_m;
	} cases[] = {
	    {"\"3x}", "", 6},      {"`\"3x}abc_4", "`abc_4", 6}, {"'!!!}", "'", -10000},  {"ab\"3x}", "ab\"3x}", NAN},
	    {"\"3x", "\"3x", NAN}, {"\"3 }", "\"3 }", NAN},      {"}}}}}", "}}}}}", NAN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char bytes[40];
		int size = snprintf(bytes, sizeof(bytes), "`c51!f?>/%s", cases[i].text);
		parse("TQTW2V", bytes, (size_t)size);
		assert_null(packet.error);
		assert_string_equal(packet.text, cases[i].left);
		assert_true(isnan(cases[i].altitude_m) ? isnan(packet.altitude_m)
						       : packet.altitude_m == cases[i].altitude_m);
	}
}

/* What a valid Mic-E emergency looks like, written a second time and in another way. */
struct oracle {
	regex_t destination, information;
};

static void oracle_new(struct oracle *oracle)
{
	/* Three digits or blanks without a bit, the rest digits with or without one; blanks only at the end; minutes
	 * below 60. */
	static const char digits[] = "^(([0-8][0-9])([0-5L])|900)([0-9LP-Z])([0-9LP-Z])([0-9LP-Z])$";
	static const char bytes[] =
	    "^[`'\x1c\x1d][\x26-\x7f][\x26-\x61][\x1c-\x7f][\x1c-\x7f][\x1c-\x7d][\x1c-\x7f][\x21-\x7e]"
	    "[/\\0-9A-Z]";
	assert_int_equal(regcomp(&oracle->destination, digits, REG_EXTENDED | REG_NOSUB), 0);
	assert_int_equal(regcomp(&oracle->information, bytes, REG_EXTENDED | REG_NOSUB), 0);
}

static bool blanks_only_at_end(const char *destination)
{
	const char *blank = strpbrk(destination, "LZ");
	return !blank || strspn(blank, "LZ") == strlen(blank);
}

static bool oracle_says_emergency(const struct oracle *oracle, const char *destination, const uint8_t *bytes,
				  size_t size)
{
	char head[10] = "";
	if (size < 9 || memchr(bytes, 0, 9))
		return false;
	memcpy(head, bytes, 9);
	int course = (head[5] - 28) % 10 * 100 + head[6] - 28;
	bool beyond_pole = destination[0] == '9' && strspn(destination + 2, "0P") != 4;
	return regexec(&oracle->destination, destination, 0, NULL, 0) == 0 &&
	       regexec(&oracle->information, head, 0, NULL, 0) == 0 && blanks_only_at_end(destination) &&
	       !beyond_pole && (course <= 360 || (course >= 400 && course <= 760));
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 11;
}

/* Destinations and bytes that are nearly right, so that both outcomes are common: ours and the second opinion agree
 * on each. */
static void test_second_opinion(void **unused)
{
	(void)unused;
	static const char letters[] = "00011223344556789LLZPQTAK";
	struct oracle oracle;
	uint64_t seed = 88172645463325252u;
	size_t emergencies = 0, rounds = 1000000;
	oracle_new(&oracle);
	for (size_t round = 0; round < rounds; round++) {
		char destination[7] = "";
		uint8_t bytes[9];
		for (size_t i = 0; i < 6; i++)
			destination[i] = letters[next_random(&seed) % (round % 2 ? sizeof(letters) - 1 : 17)];
		memcpy(bytes, information, sizeof(bytes));
		for (uint64_t changes = next_random(&seed) % 3; changes > 0; changes--)
			bytes[next_random(&seed) % sizeof(bytes)] = (uint8_t)(next_random(&seed) %
									      (round % 4 ? 0x80 : 0x100));
		parse(destination, bytes, sizeof(bytes));
		bool expected = oracle_says_emergency(&oracle, destination, bytes, sizeof(bytes));
		bool mice = packet.type == APRS_MICE;
		/* A changed first byte makes another type of it; that is none of this oracle. */
		if ((mice && packet.emergency != expected) || (!mice && expected))
			fail_msg("%s: %d, second opinion %d", destination, packet.emergency, expected);
		emergencies += expected;
	}
	/* Both outcomes really came up. */
	assert_true(emergencies > rounds / 100 && emergencies < rounds / 2);
	regfree(&oracle.destination);
	regfree(&oracle.information);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_messages),  cmocka_unit_test(test_refused),        cmocka_unit_test(test_positions),
	    cmocka_unit_test(test_altitudes), cmocka_unit_test(test_second_opinion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* APRS information fields beyond the recorded vectors: positions, comments, messages, status, times, and the way back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/aprs.h"
#include "drivers/codec/aprs_compose.h"
#include "drivers/codec/aprs_time.h"

static struct aprs_packet packet;

static void parse(const char *information)
{
	memset(&packet, 0xa5, sizeof(packet)); /* nothing of an earlier packet may shine through */
	aprs_parse("APRS", (const uint8_t *)information, strlen(information), &packet);
}

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

static void assert_near(double given, double expected, const char *what)
{
	if (isnan(expected) ? !isnan(given) : !is_near(given, expected))
		fail_msg("%s: %.9f, not %.9f", what, given, expected);
}

struct position_case {
	const char *information;
	double lat_deg, lon_deg;
	unsigned ambiguity;
	const char *symbol, *text;
	double altitude_m, speed_kmh, course_deg;
};

static const struct position_case positions[] = {
    /* each ambiguity: the middle of the box */
    {"!4903.50N/07201.75W-x", 49.0583333333, -72.0291666667, 0, "/-", "x", NAN, NAN, NAN},
    {"!4903.5 N/07201.7 W-x", 49 + 3.55 / 60, -72 - 1.75 / 60, 1, "/-", "x", NAN, NAN, NAN},
    {"!4903.  N/07201.  W-x", 49 + 3.5 / 60, -72 - 1.5 / 60, 2, "/-", "x", NAN, NAN, NAN},
    {"!490 .  N/0720 .  W-x", 49 + 5. / 60, -72 - 5. / 60, 3, "/-", "x", NAN, NAN, NAN},
    {"!49  .  N/072  .  W-x", 49.5, -72.5, 4, "/-", "x", NAN, NAN, NAN},
    /* the latitude decides; digits of the longitude beyond it do not count */
    {"!49  .  N/07201.75W-x", 49.5, -72.5, 4, "/-", "x", NAN, NAN, NAN},
    /* DAO means nothing then */
    {"!4903.  N/07201.  W-x!W99!", 49 + 3.5 / 60, -72 - 1.5 / 60, 2, "/-", "x", NAN, NAN, NAN},
    {"!9000.00S\\18000.00E.", -90, 180, 0, "\\.", "", NAN, NAN, NAN},
    {"!0000.00n/00000.00e.", 0, 0, 0, "/.", "", NAN, NAN, NAN},
    {"=4903.50N907201.75W#", 49.0583333333, -72.0291666667, 0, "9#", "", NAN, NAN, NAN},
    {"!4903.50N/07201.75W>.../...abc", 49.0583333333, -72.0291666667, 0, "/>", "abc", NAN, NAN, NAN},
    {"!4903.50N/07201.75W>   /036abc", 49.0583333333, -72.0291666667, 0, "/>", "abc", NAN, 66.672, NAN},
    {"!4903.50N/07201.75W>400/036abc", 49.0583333333, -72.0291666667, 0, "/>", "abc", NAN, 66.672, NAN},
    {"!4903.50N/07201.75W>360/000/abc", 49.0583333333, -72.0291666667, 0, "/>", "abc", NAN, 0, 360},
    {"!4903.50N/07201.75W>Hi /A=001000 there", 49.0583333333, -72.0291666667, 0, "/>", "Hi  there", 304.8, NAN, NAN},
    {"!4903.50N/07201.75W>/A=00100", 49.0583333333, -72.0291666667, 0, "/>", "A=00100", NAN, NAN, NAN},
    {"!4903.50N/07201.75W>/A=x/A=000100y", 49.0583333333, -72.0291666667, 0, "/>", "A=xy", 30.48, NAN, NAN},
    /* the sign of a position on the equator survives the refinement */
    {"!0000.00S/00000.00W>!W55!", -0.005 / 60, -0.005 / 60, 0, "/>", "", NAN, NAN, NAN},
    {"!9000.00N/18000.00E>!W55!", 90, 180, 0, "/>", "", NAN, NAN, NAN},
    {"!4903.50N/07201.75W>!w33! a !wow!", 49.0583333333 + 78 / 91. * .01 / 60, -72.0291666667 - 86 / 91. * .01 / 60, 0,
     "/>", "!w33! a", NAN, NAN, NAN},
    /* compressed overlay, and time that is none */
    {"!a5L!!<*e7> sTx", 49.5, -72.7500039378, 0, "0>", "x", NAN, NAN, NAN},
    {"/999999z4903.50N/07201.75W-", 49.0583333333, -72.0291666667, 0, "/-", "", NAN, NAN, NAN},
    /* TNC text in front */
    {"X1J4 (HILL):!4903.50N/07201.75W-", 49.0583333333, -72.0291666667, 0, "/-", "", NAN, NAN, NAN},
    {"0123456789012345678901234567890123456 8!4903.50N/07201.75W-", 49.0583333333, -72.0291666667, 0, "/-", "", NAN,
     NAN, NAN},
};

static void test_positions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(positions) / sizeof(*positions); i++) {
		const struct position_case *c = &positions[i];
		parse(c->information);
		if (packet.error || packet.type != APRS_POSITION || !packet.has_position)
			fail_msg("%s: %s", c->information, packet.error ? packet.error : "no position");
		assert_near(packet.lat_deg, c->lat_deg, c->information);
		assert_near(packet.lon_deg, c->lon_deg, c->information);
		assert_near(packet.altitude_m, c->altitude_m, c->information);
		assert_near(packet.speed_kmh, c->speed_kmh, c->information);
		assert_near(packet.course_deg, c->course_deg, c->information);
		assert_int_equal(packet.ambiguity, c->ambiguity);
		assert_string_equal(packet.symbol, c->symbol);
		assert_string_equal(packet.text, c->text);
		assert_false(packet.emergency || packet.priority);
	}
}

struct refused_case {
	const char *information, *error;
	enum aprs_type type;
};

static const struct refused_case refused[] = {
    {"!", "position too short", APRS_POSITION},
    {"!4903.50N/07201.75W", "position too short", APRS_POSITION},
    {"!4960.00N/07201.75W-", "invalid position", APRS_POSITION},
    {"!9000.01N/07201.75W-", "invalid position", APRS_POSITION},
    {"!4903.50N/18000.01W-", "invalid position", APRS_POSITION},
    {"!4903.50X/07201.75W-", "invalid position", APRS_POSITION},
    {"!4903.50N/07201.75N-", "invalid position", APRS_POSITION},
    {"!4903.50N/0720 .75W-", "invalid position", APRS_POSITION},
    {"!4903. 0N/07201.75W-", "invalid position", APRS_POSITION},
    {"!49 3.50N/07201.75W-", "invalid position", APRS_POSITION},
    {"!4903,50N/07201.75W-", "invalid position", APRS_POSITION},
    {"!4903.50N/07201.75W\x7f", "invalid symbol code", APRS_POSITION},
    {"!4903.50Na07201.75W-", "invalid symbol table", APRS_POSITION},
    {"!k5L!!<*e7> sTx", "invalid position", APRS_POSITION},
    {"!/5L!!<*e|> sT", "invalid compressed position", APRS_POSITION},
    {"!/{{{{<*e7> sT", "invalid compressed position", APRS_POSITION},
    {"!/5L!!{{{{> sT", "invalid compressed position", APRS_POSITION},
    {"!/5L!!<*e7>7P~", "invalid compressed position", APRS_POSITION},
    {"!EMERGENCY! somebody", "invalid position", APRS_POSITION},
    {"@012345z", "position too short", APRS_POSITION},
    {"hello world", "unknown data type", APRS_UNKNOWN},
    {"hello! world, this is no position", "unknown data type", APRS_UNKNOWN},
    {"say !EMERGENCY! help us here", "unknown data type", APRS_UNKNOWN},
    {"01234567890123456789012345678901234567890!4903.50N/07201.75W-", "unknown data type", APRS_UNKNOWN},
    {"T!EMERGENCY!", "unknown data type", APRS_UNKNOWN},
    {";NAME", "object too short", APRS_OBJECT},
    {";LEADER   x092345z4903.50N/07201.75W>", "invalid object", APRS_OBJECT},
    {";LEA\x01"
     "ER   *092345z4903.50N/07201.75W>",
     "invalid name", APRS_OBJECT},
    {";LEADER   *092345znowhere", "invalid position", APRS_OBJECT},
    {")AB!4903.50N/07201.75W>", "invalid item", APRS_ITEM},
    {")ABCDEFGHIJ!4903.50N/07201.75W>", "invalid item", APRS_ITEM},
    {")ABCDEF", "invalid item", APRS_ITEM},
    {")", "invalid item", APRS_ITEM},
    {":N0CALL   ", "message too short", APRS_MESSAGE},
    {":N0CALL    x", "invalid addressee", APRS_MESSAGE},
    {":N0{ALL   :x", "invalid addressee", APRS_MESSAGE},
    {":         :x", "invalid addressee", APRS_MESSAGE},
    {"T#", "invalid telemetry", APRS_TELEMETRY},
    {"T#001", "invalid telemetry", APRS_TELEMETRY},
    {"T#x,1", "invalid telemetry", APRS_TELEMETRY},
    {"T#1,1.2.3", "invalid telemetry", APRS_TELEMETRY},
    {"T#1,1-2", "invalid telemetry", APRS_TELEMETRY},
    {"T#1,.", "invalid telemetry", APRS_TELEMETRY},
    {"T#1,1234567890123456", "invalid telemetry", APRS_TELEMETRY},
    {"_1009055", "invalid weather", APRS_WEATHER},
    {"_13090556c220s004", "invalid weather", APRS_WEATHER},
    {"_10092456c220s004", "invalid weather", APRS_WEATHER},
    {"_10090556hello", "invalid weather", APRS_WEATHER},
};

static void test_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		parse(refused[i].information);
		if (!packet.error || strcmp(packet.error, refused[i].error) != 0)
			fail_msg("%s: %s", refused[i].information, packet.error ? packet.error : "taken");
		assert_int_equal(packet.type, refused[i].type);
		assert_false(packet.emergency || packet.priority || packet.has_position);
	}
}

/* The word counts in the comment of a position and in a status, whole and in capitals, and nowhere else. */
static void test_emergency_word(void **unused)
{
	(void)unused;
	static const struct {
		const char *information;
		bool emergency;
	} cases[] = {
	    {"!4903.50N/07201.75W-!EMERGENCY!", true},
	    {"=/5L!!<*e7> sT!EMERGENCY! help", true},
	    {"/092345z4903.50N/07201.75W>088/036fell !EMERGENCY!/A=001000", true},
	    {"@092345z4903.50N/07201.75W>!EMERGENCY!W33!", true},
	    {"!4903.50N/07201.75W_150/002g004t039!EMERGENCY!", true},
	    {"X1J4 !4903.50N/07201.75W-!EMERGENCY!", true},
	    {">!EMERGENCY! need a doctor", true},
	    {">092345zneed a doctor !EMERGENCY!", true},
	    {"!4903.50N/07201.75W-EMERGENCY", false},
	    {"!4903.50N/07201.75W-!Emergency!", false},
	    {"!4903.50N/07201.75W-!EMERGENCY", false},
	    {">the word is EMERGENCY with marks", false},
	    {":N0CALL   :!EMERGENCY!", false},
	    {":BLN1     :!EMERGENCY!", false},
	    {";LEADER   *092345z4903.50N/07201.75W>!EMERGENCY!", false},
	    {")AID #2!4903.50N/07201.75WA!EMERGENCY!", false},
	    {"T#001,1,2,3,4,5,00000000!EMERGENCY!", false},
	    {"_10090556c220s004g005t077!EMERGENCY!", false},
	    {"?APRS? !EMERGENCY!", false},
	    {"{!EMERGENCY!", false},
	    {"$GPRMC,!EMERGENCY!", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].information);
		if (packet.error || packet.emergency != cases[i].emergency)
			fail_msg("%s: %s", cases[i].information, packet.error ? packet.error : "wrong");
	}
}

static void test_extensions(void **unused)
{
	(void)unused;
	static const struct {
		const char *information, *antenna, *text;
		double range_km;
	} cases[] = {
	    {"!4903.50N/07201.75W#PHG5132words", "5132", "words", NAN},
	    {"!4903.50N/07201.75W#PHG5132A/words", "5132A", "words", NAN},
	    {"!4903.50N/07201.75W#PHG5132Awords", "5132", "Awords", NAN},
	    {"!4903.50N/07201.75W#PHG5:32/words", "5:32", "words", NAN},
	    {"!4903.50N/07201.75W#PHG51x2", "", "PHG51x2", NAN},
	    {"!4903.50N/07201.75W#PHG513", "", "PHG513", NAN},
	    {"!4903.50N/07201.75W#DFS2360/words", "DFS2360", "words", NAN},
	    {"!4903.50N/07201.75W#RNG0050 words", "", "words", 80.4672},
	    {"!4903.50N/07201.75W#RNG005 words", "", "RNG005 words", NAN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].information);
		assert_null(packet.error);
		assert_string_equal(packet.antenna, cases[i].antenna);
		assert_string_equal(packet.text, cases[i].text);
		assert_near(packet.range_km, cases[i].range_km, cases[i].information);
	}
}

struct message_case {
	const char *information;
	enum aprs_type type;
	const char *addressee, *text, *number, *ack;
};

static const struct message_case messages[] = {
    {":N0CALL-15:hello{12345", APRS_MESSAGE, "N0CALL-15", "hello", "12345", ""},
    {":N0CALL   :hello{123456", APRS_MESSAGE, "N0CALL", "hello{123456", "", ""},
    {":N0CALL   :hello{1 \r\n", APRS_MESSAGE, "N0CALL", "hello", "1", ""},
    {":N0CALL   :hello{", APRS_MESSAGE, "N0CALL", "hello{", "", ""},
    {":N0CALL   :a{b{c", APRS_MESSAGE, "N0CALL", "a{b", "c", ""},
    {":N0CALL   :hello{MM}", APRS_MESSAGE, "N0CALL", "hello", "MM", ""},
    {":N0CALL   :hello{MM}AA", APRS_MESSAGE, "N0CALL", "hello", "MM", "AA"},
    {":N0CALL   :hello{MM}AA}", APRS_MESSAGE, "N0CALL", "hello{MM}AA}", "", ""},
    {":N0CALL   :hello{M M", APRS_MESSAGE, "N0CALL", "hello{M M", "", ""},
    {":N0CALL   :ack12{3", APRS_MESSAGE, "N0CALL", "ack12", "3", ""},
    {":N0CALL   :ackA1}B2", APRS_MESSAGE_ACK, "N0CALL", "", "", "A1"},
    {":N0CALL   :ackA1}", APRS_MESSAGE_ACK, "N0CALL", "", "", "A1"},
    {":N0CALL   :ack12  \r", APRS_MESSAGE_ACK, "N0CALL", "", "", "12"},
    {":N0CALL   :rejxyz", APRS_MESSAGE_REJ, "N0CALL", "", "", "xyz"},
    {":N0CALL   :acknowledged", APRS_MESSAGE, "N0CALL", "acknowledged", "", ""},
    {":N0CALL   :ack", APRS_MESSAGE, "N0CALL", "ack", "", ""},
    {":N0CALL   :ack 12", APRS_MESSAGE, "N0CALL", "ack 12", "", ""},
    {":N0CALL   :Ack12", APRS_MESSAGE, "N0CALL", "Ack12", "", ""},
    {":N0CALL   :", APRS_MESSAGE, "N0CALL", "", "", ""},
    {":BLN0     :zero", APRS_BULLETIN, "BLN0", "zero", "", ""},
    {":BLNZ     :last", APRS_ANNOUNCEMENT, "BLNZ", "last", "", ""},
    {":BLN1     :ack12", APRS_BULLETIN, "BLN1", "ack12", "", ""},
    {":BLN      :blank", APRS_MESSAGE, "BLN", "blank", "", ""},
    {":NWS-WARN :131200z,STORM{C1A00", APRS_NWS, "NWS-WARN", "131200z,STORM", "C1A00", ""},
    {":NWS_ADVIS:text", APRS_NWS, "NWS_ADVIS", "text", "", ""},
    {":N0CALL   :\xc3\xa9t\xc3\xa9 \xff", APRS_MESSAGE, "N0CALL", "\xc3\xa9t\xc3\xa9 \xff", "", ""},
};

static void test_messages(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		parse(messages[i].information);
		if (packet.error || packet.type != messages[i].type)
			fail_msg("%s: %s", messages[i].information,
				 packet.error ? packet.error : aprs_type_name(packet.type));
		assert_string_equal(packet.addressee, messages[i].addressee);
		assert_string_equal(packet.text, messages[i].text);
		assert_string_equal(packet.number, messages[i].number);
		assert_string_equal(packet.ack, messages[i].ack);
	}
}

static void test_status(void **unused)
{
	(void)unused;
	static const struct {
		const char *information, *timestamp, *text;
	} cases[] = {
	    {">092345zon the way", "092345z", "on the way"},
	    {">992345zon the way", "", "992345zon the way"},
	    {">092345/on the way", "", "092345/on the way"},
	    {">IO91SX/- locator", "", "IO91SX/- locator"},
	    {">", "", ""},
	    {">\x01 text \x7f\r\n", "", "text"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].information);
		assert_null(packet.error);
		assert_int_equal(packet.type, APRS_STATUS);
		assert_string_equal(packet.timestamp, cases[i].timestamp);
		assert_string_equal(packet.text, cases[i].text);
	}
	/* A zero byte inside does not hide what follows it. */
	static const uint8_t zero[] = {'>', 'a', 0, '!', 'E', 'M', 'E', 'R', 'G', 'E', 'N', 'C', 'Y', '!'};
	aprs_parse("APRS", zero, sizeof(zero), &packet);
	assert_string_equal(packet.text, "a !EMERGENCY!");
	assert_true(packet.emergency);
}

static void test_other_types(void **unused)
{
	(void)unused;
	static const struct {
		const char *information, *name;
	} cases[] = {
	    {"?APRS?", "query"},  {"<IGATE,MSG_CNT=1", "capabilities"},
	    {"$GPGGA,1", "nmea"}, {"{Q1qwerty", "user-defined"},
	    {",test", "test"},    {"}A>B:c", "third-party"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].information);
		assert_null(packet.error);
		assert_string_equal(aprs_type_name(packet.type), cases[i].name);
	}
	parse("");
	assert_non_null(packet.error);
	assert_string_equal(aprs_type_name(APRS_UNKNOWN), "raw");
}

static void test_object_names(void **unused)
{
	(void)unused;
	parse(";A B      *111111z/5L!!<*e7> sTx");
	assert_null(packet.error);
	assert_string_equal(packet.name, "A B");
	parse(")A_B!4903.50N/07201.75WA");
	assert_non_null(packet.error); /* `_` ends the name */
	parse(")ABC_4903.50N/07201.75WA");
	assert_null(packet.error);
	assert_string_equal(packet.name, "ABC");
	assert_true(packet.has_alive && !packet.alive);
}

/* 2026-11-23 23:40:07 UTC and its neighbours */
static void test_times(void **unused)
{
	(void)unused;
	const int64_t now_ms = INT64_C(1795477207000), day_ms = 86400000;
	static const struct {
		const char *timestamp;
		int64_t expected_s;
	} cases[] = {
	    {"232340z", 1795477200}, /* this minute */
	    {"231200z", 1795435200}, /* this noon */
	    {"241139z", 1795520340}, /* 12 h ahead, nearly */
	    {"241141z", 1792842060}, /* more than 12 h ahead: a month ago, 24 October */
	    {"010000z", 1793491200}, /* 1 November */
	    {"310000z", 1793404800}, /* 31 October: November has none */
	    {"234000h", 1795477200}, /* today */
	    {"000500h", 1795478700}, /* tomorrow, the nearest */
	    {"114100h", 1795434060}, /* this morning, the nearest */
	    {"232340/", 0},          /* the sender's local time */
	    {"11232340", 1795477200},
	    {"11241200", 1763985600}, /* a year ago */
	    {"02290000", 0},          /* 2026 has no 29 February, and 13 months back there is none */
	    {"", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t given = aprs_time_resolve(cases[i].timestamp, now_ms);
		if (given != cases[i].expected_s * 1000)
			fail_msg("%s: %lld", cases[i].timestamp, (long long)given / 1000);
		assert_int_equal(aprs_time_resolve(cases[i].timestamp, 0), 0);
	}
	/* At one in the morning eight in the evening was yesterday. */
	assert_int_equal(aprs_time_resolve("200000h", INT64_C(1795395600000)), INT64_C(1795377600000));
	/* Around the leap day of 2028 and at the turn of a year */
	assert_int_equal(aprs_time_resolve("290000z", INT64_C(1835395200000)), INT64_C(1835395200000));
	assert_int_equal(aprs_time_resolve("312359z", INT64_C(1798761600000)), INT64_C(1798761540000));
	/* A whole year, day by day: what is resolved is never more than 12 h ahead or a month old. */
	for (int64_t at = now_ms; at < now_ms + 366 * day_ms; at += day_ms) {
		int64_t given = aprs_time_resolve("150000z", at);
		assert_true(given <= at + day_ms / 2 && given > at - 32 * day_ms);
	}
}

static void test_compose(void **unused)
{
	(void)unused;
	uint8_t out[APRS_COMPOSED_MAX];
	char longest[80];
	memset(longest, 'x', sizeof(longest));
	longest[APRS_MESSAGE_TEXT_MAX] = 0;
	assert_int_equal(aprs_compose_message("N0CALL", "hello", "42", out), 19);
	assert_memory_equal(out, ":N0CALL   :hello{42", 19);
	assert_int_equal(aprs_compose_message("N0CALL-15", longest, "12345", out), APRS_COMPOSED_MAX);
	assert_int_equal(aprs_compose_message("BLN1", "road open", "", out), 20);
	/* What is no ASCII is two bytes and more of UTF-8, and stays what it is, here and where it is read again. */
	static const char accents[] = ":N0CALL   :Route coupée{7";
	assert_int_equal(aprs_compose_message("N0CALL", "Route coupée", "7", out), sizeof(accents) - 1);
	assert_memory_equal(out, accents, sizeof(accents) - 1);
	aprs_parse("", out, sizeof(accents) - 1, &packet);
	assert_string_equal(packet.text, "Route coupée");
	assert_int_equal(aprs_compose_ack("N0CALL", "42", 0, out), 16);
	assert_memory_equal(out, ":N0CALL   :ack42", 16);
	assert_int_equal(aprs_compose_ack("N0CALL", "42", 1, out), 16);
	assert_memory_equal(out, ":N0CALL   :rej42", 16);
	assert_int_equal(aprs_compose_status("at the base", out), 12);
	assert_memory_equal(out, ">at the base", 12);
	longest[APRS_MESSAGE_TEXT_MAX] = 'x';
	longest[APRS_MESSAGE_TEXT_MAX + 1] = 0;
	assert_int_equal(aprs_compose_message("N0CALL", longest, "", out), APRS_COMPOSE_TOO_LONG);
	longest[APRS_STATUS_TEXT_MAX + 1] = 0;
	assert_int_equal(aprs_compose_status(longest, out), APRS_COMPOSE_TOO_LONG);
	/* Refused: characters with a meaning of their own, and words that would be read as something else */
	static const char *const texts[] = {"", "a|b", "a~b", "a{b", "a\nb", "ack12", "rej1"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(aprs_compose_message("N0CALL", texts[i], "", out), APRS_COMPOSE_INVALID);
	assert_true(aprs_compose_message("N0CALL", "ack12", "7", out) > 0);
	assert_int_equal(aprs_compose_message("N0CALL-155", "x", "", out), APRS_COMPOSE_INVALID);
	assert_int_equal(aprs_compose_message("N0:ALL", "x", "", out), APRS_COMPOSE_INVALID);
	assert_int_equal(aprs_compose_message("N0CALL", "x", "123456", out), APRS_COMPOSE_INVALID);
	assert_int_equal(aprs_compose_ack("N0CALL", "", 0, out), APRS_COMPOSE_INVALID);
	assert_int_equal(aprs_compose_ack("", "1", 0, out), APRS_COMPOSE_INVALID);
	assert_int_equal(aprs_compose_status("012345z hello", out), APRS_COMPOSE_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_positions),      cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_emergency_word), cmocka_unit_test(test_extensions),
	    cmocka_unit_test(test_messages),       cmocka_unit_test(test_status),
	    cmocka_unit_test(test_other_types),    cmocka_unit_test(test_object_names),
	    cmocka_unit_test(test_times),          cmocka_unit_test(test_compose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

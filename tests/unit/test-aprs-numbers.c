/* APRS telemetry and weather beyond the recorded vectors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/aprs.h"

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

struct telemetry_case {
	const char *information;
	double sequence, analog[APRS_ANALOG_COUNT];
	size_t count;
	const char *bits, *text;
};

static const struct telemetry_case telemetry_reports[] = {
    {"T#005,199,000,255,073,123,01101001", 5, {199, 0, 255, 73, 123}, 5, "01101001", ""},
    {"T#005,-1.5,,3.,.25,,1010 pump", 5, {-1.5, NAN, 3, .25, NAN}, 5, "1010", "pump"},
    {"T#7,1,2 on battery", 7, {1, 2, NAN, NAN, NAN}, 5, "", "on battery"},
    {"T#MIC199,000,255,073,123,01101001", NAN, {199, 0, 255, 73, 123}, 5, "01101001", ""},
    {"T#MIC,199,000,255,073,123,01101001", NAN, {199, 0, 255, 73, 123}, 5, "01101001", ""},
    {"T#1,1,2,3,4,5,000000001", 1, {1, 2, 3, 4, 5}, 5, "00000000", "1"},
    {"!4903.50N/07201.75W-|!!!!|x", 0, {0, NAN, NAN, NAN, NAN}, 1, "", "x"},
    {"!4903.50N/07201.75W-a|!\"!#|", 1, {2, NAN, NAN, NAN, NAN}, 1, "", "a"},
    {"!4903.50N/07201.75W-|!!!\"!#!$!%!&{{|", 0, {1, 2, 3, 4, 5}, 5, "00011010", ""},
    {"!4903.50N/07201.75W-|!!!\"|b|!!!#|c", 0, {2, NAN, NAN, NAN, NAN}, 1, "", "|!!!\"|bc"},
};

static void test_telemetry(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(telemetry_reports) / sizeof(*telemetry_reports); i++) {
		const struct telemetry_case *c = &telemetry_reports[i];
		parse(c->information);
		if (packet.error || !packet.telemetry.present)
			fail_msg("%s: %s", c->information, packet.error ? packet.error : "none");
		assert_near(packet.telemetry.sequence, c->sequence, c->information);
		assert_int_equal(packet.telemetry.analog_count, c->count);
		for (size_t j = 0; j < APRS_ANALOG_COUNT; j++)
			assert_near(packet.telemetry.analog[j], c->analog[j], c->information);
		assert_string_equal(packet.telemetry.bits, c->bits);
		assert_string_equal(packet.text, c->text);
	}
	/* Bars that hold no telemetry stay words. */
	static const char *const words[] = {"|",      "||", "|ab|", "|abc|", "|abcde|", "|ab cd|", "|0123456789abcdef|",
					    "a|b|c|d"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		char information[64];
		snprintf(information, sizeof(information), "!4903.50N/07201.75W-%s", words[i]);
		parse(information);
		assert_false(packet.telemetry.present);
		assert_string_equal(packet.text, words[i]);
	}
}

/* How the station wrote it, so that 50.12 is not told as 50.120000. */
static void test_telemetry_decimals(void **unused)
{
	(void)unused;
	parse("T#324,000,038,255,.12,50.1");
	static const uint8_t decimals[] = {0, 0, 0, 2, 1};
	assert_memory_equal(packet.telemetry.decimals, decimals, sizeof(decimals));
}

#define MPH 0.44704 /* m/s */

struct weather_case {
	const char *information;
	double wind_direction_deg, wind_speed_m_s, wind_gust_m_s, temperature_c, humidity_percent, pressure_hpa;
	double rain_1h_mm, rain_24h_mm, rain_midnight_mm, snow_24h_mm, luminosity_w_m2;
	const char *software, *text;
};

static const struct weather_case weather_reports[] = {
    {"_10090556c220s004g005t077r000p010P020h50b09900wRSW", 220, 4 * MPH, 5 * MPH, 25, 50, 990, 0, 2.54, 5.08, NAN, NAN,
     "wRSW", ""},
    {"_10090556c...s...g...t...r...h..b.....Davis!", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, "",
     "Davis!"},
    {"_10090556c   s   g   t-05", NAN, NAN, NAN, (-5 - 32) / 1.8, NAN, NAN, NAN, NAN, NAN, NAN, NAN, "", ""},
    {"!4903.50N/07201.75W_220/004g005t077h100L500s001", 220, 4 * MPH, 5 * MPH, 25, 100, NAN, NAN, NAN, NAN, 25.4, 500,
     "", ""},
    {"!4903.50N/07201.75W_220/004g005t077l123#12345 up /A=000100", 220, 4 * MPH, 5 * MPH, 25, NAN, NAN, NAN, NAN, NAN,
     NAN, 1123, "", "up"},
    /* wind of the compressed form: knots in the position itself */
    {"!/5L!!<*e7_7P[g005t077", 88, 67.1016865367 / 3.6, 5 * MPH, 25, NAN, NAN, NAN, NAN, NAN, NAN, NAN, "", ""},
    {"!4903.50N/07201.75W_400/004g005", NAN, 4 * MPH, 5 * MPH, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, "", ""},
};

static void test_weather(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(weather_reports) / sizeof(*weather_reports); i++) {
		const struct weather_case *c = &weather_reports[i];
		const struct aprs_weather *weather = &packet.weather;
		parse(c->information);
		if (packet.error || packet.type != APRS_WEATHER || !weather->present)
			fail_msg("%s: %s", c->information, packet.error ? packet.error : "no weather");
		assert_near(weather->wind_direction_deg, c->wind_direction_deg, "wind direction");
		assert_near(weather->wind_speed_m_s, c->wind_speed_m_s, "wind speed");
		assert_near(weather->wind_gust_m_s, c->wind_gust_m_s, "gust");
		assert_near(weather->temperature_c, c->temperature_c, "temperature");
		assert_near(weather->humidity_percent, c->humidity_percent, "humidity");
		assert_near(weather->pressure_hpa, c->pressure_hpa, "pressure");
		assert_near(weather->rain_1h_mm, c->rain_1h_mm, "rain of the hour");
		assert_near(weather->rain_24h_mm, c->rain_24h_mm, "rain of the day");
		assert_near(weather->rain_midnight_mm, c->rain_midnight_mm, "rain since midnight");
		assert_near(weather->snow_24h_mm, c->snow_24h_mm, "snow");
		assert_near(weather->luminosity_w_m2, c->luminosity_w_m2, "luminosity");
		assert_string_equal(packet.software, c->software);
		assert_string_equal(packet.text, c->text);
		assert_near(packet.speed_kmh, NAN, "speed");
	}
	/* The symbol alone makes no weather; an object with weather stays an object. */
	parse("!4903.50N/07201.75W_220/004 nothing to report");
	assert_int_equal(packet.type, APRS_POSITION);
	assert_near(packet.speed_kmh, 4 * 1.852, "speed");
	parse("!4903.50N/07201.75W_22x/004g005t077");
	assert_int_equal(packet.type, APRS_POSITION);
	assert_string_equal(packet.text, "22x/004g005t077");
	parse(";STATION  *092345z4903.50N/07201.75W_220/004g005t077");
	assert_int_equal(packet.type, APRS_OBJECT);
	assert_near(packet.weather.temperature_c, 25, "temperature");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_telemetry),
	    cmocka_unit_test(test_telemetry_decimals),
	    cmocka_unit_test(test_weather),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

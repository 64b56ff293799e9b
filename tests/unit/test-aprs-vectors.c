/* Every frame of tests/vectors/aprs.jsonl, with every value that three other decoders agree on. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driver_services.h"

enum { VECTOR_COUNT = 49 };

/* 2026-11-02 12:00 UTC: the status of the vectors was sent the evening before. */
#define WALL_MS INT64_C(1793620800000)

static struct record record;
static const char *frame; /* of the vector being checked, for messages */

#define check(condition, what)                                                                                         \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			fail_msg("%s: %s", frame, what);                                                               \
	} while (0)

static bool is_near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

/* Value of a measured number by name; fails where there is none. */
static double number_of(const char *name)
{
	for (size_t i = 0; i < record.message.number_count; i++)
		if (strcmp(record.message.numbers[i].name, name) == 0)
			return record.message.numbers[i].value;
	fail_msg("%s: no number %s", frame, name);
	return NAN;
}

/* Compares a text without the spaces that pad a name; the vectors keep them. */
static void check_text(const char *expected, const char *given, const char *what)
{
	size_t size = strlen(expected);
	while (size > 0 && expected[size - 1] == ' ')
		size--;
	if (strlen(given) != size || memcmp(given, expected, size) != 0)
		fail_msg("%s: %s is \"%s\", not \"%s\"", frame, what, given, expected);
}

static double json_as_number(const json_t *value)
{
	return json_is_string(value) ? strtod(json_string_value(value), NULL) : json_number_value(value);
}

/* --- one function a member of "expect" --- */

static void check_type(const json_t *value)
{
	const char *type = json_string_value(value), *given = record.message.data_type;
	bool mice = strcmp(given, "mic-e") == 0;
	if (strcmp(type, "location") == 0)
		check(strcmp(given, "position") == 0 || strcmp(given, "weather") == 0 || mice, "type");
	else if (strcmp(type, "message") == 0)
		check(strncmp(given, "message", 7) == 0 || strcmp(given, "bulletin") == 0 ||
			  strcmp(given, "announcement") == 0,
		      "type");
	else
		check_text(type, given, "type");
}

static void check_format(const json_t *value)
{
	bool mice = strcmp(json_string_value(value), "mice") == 0;
	check(mice == (strcmp(record.message.data_type, "mic-e") == 0), "format");
}

static void check_result_code(const json_t *value)
{
	static const struct {
		const char *code, *error;
	} errors[] = {
	    {"loc_inv", "invalid position"},
	    {"sym_inv_table", "invalid symbol table"},
	    {"mice_inv", "invalid Mic-E destination"},
	    {"tlm_inv", "invalid telemetry"},
	};
	const char *code = json_string_value(value);
	if (strcmp(code, "srccall_badchars") == 0) {
		assert_int_equal(record.message_count, 0);
		assert_int_equal(record_drops(&record, "tnc2_bad_source"), 1);
		return;
	}
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (strcmp(code, errors[i].code) != 0)
			continue;
		check_text(errors[i].error, record.message.parse_error, "error");
		check(record.message.kind == KIND_RAW && record.message.raw_size > 0, "not kept raw");
		check(!record.message.position.valid && record.message.hint == HINT_NONE, "believed");
		return;
	}
	fail_msg("%s: unknown result code %s", frame, code);
}

static void check_timestamp(const json_t *value)
{
	/* The status carries the completed time in seconds, as seen in November 2026. */
	if (strcmp(record.message.data_type, "status") == 0) {
		assert_int_equal(record.message.sent_at_ms, json_integer_value(value) * 1000);
		return;
	}
	char expected[8] = "";
	if (json_is_string(value))
		snprintf(expected, sizeof(expected), "%s", json_string_value(value));
	else
		snprintf(expected, sizeof(expected), "%06d", (int)(json_integer_value(value) % 1000000));
	if (strlen(record.message.aprs.timestamp) != 7 || memcmp(record.message.aprs.timestamp, expected, 6) != 0)
		fail_msg("%s: timestamp", frame);
}

static void check_weather(const json_t *expected)
{
	static const struct {
		const char *name, *ours;
	} members[] = {
	    {"wind_direction", "wind_direction_deg"},
	    {"wind_speed", "wind_speed_m_s"},
	    {"wind_gust", "wind_gust_m_s"},
	    {"temp", "temperature_c"},
	    {"humidity", "humidity_percent"},
	    {"pressure", "pressure_hpa"},
	    {"rain_1h", "rain_1h_mm"},
	    {"rain_24h", "rain_24h_mm"},
	    {"rain_midnight", "rain_midnight_mm"},
	};
	size_t found = 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const json_t *value = json_object_get(expected, members[i].name);
		if (!value)
			continue;
		/* The vectors are rounded to one decimal, and so is ours when it is written. */
		double rounded = round(number_of(members[i].ours) * 10) / 10;
		if (!is_near(rounded, json_as_number(value), 1e-9))
			fail_msg("%s: %s is %g", frame, members[i].ours, rounded);
		found++;
	}
	const json_t *software = json_object_get(expected, "soft");
	if (software)
		check_text(json_string_value(software), record.message.aprs.software, "software");
	assert_int_equal(found + (software ? 1 : 0), json_object_size(expected));
	assert_int_equal(record.message.number_count, found);
	check(record.message.kind == KIND_TELEMETRY && record.message.position.valid, "weather without position");
}

static void check_telemetry(const json_t *expected)
{
	static const char *const names[] = {"analog_1", "analog_2", "analog_3", "analog_4", "analog_5"};
	const json_t *values = json_object_get(expected, "vals"), *bits = json_object_get(expected, "bits");
	check(number_of("sequence") == json_number_value(json_object_get(expected, "seq")), "sequence");
	for (size_t i = 0; i < 5; i++) {
		const json_t *value = json_array_get(values, i);
		double ours = number_of(names[i]);
		check(json_is_null(value) ? isnan(ours) : is_near(ours, json_number_value(value), 1e-9), names[i]);
	}
	check_text(bits ? json_string_value(bits) : "", record.message.aprs.bits, "bits");
}

static void check_number(const json_t *value, double given, double tolerance, const char *what)
{
	if (!is_near(json_number_value(value), given, tolerance))
		fail_msg("%s: %s is %.9f, not %.9f", frame, what, given, json_number_value(value));
}

static void check_symbol(const json_t *value, char given)
{
	/* One vector names the code beside a table that is none; what is not believed has no symbol here. */
	if (record.message.kind != KIND_RAW)
		check(json_string_value(value)[0] == given, "symbol");
}

static bool check_position_member(const char *name, const json_t *value)
{
	const struct message_position *position = &record.message.position;
	if (strcmp(name, "latitude") == 0)
		check_number(value, position->lat_deg, 1e-6, name);
	else if (strcmp(name, "longitude") == 0)
		check_number(value, position->lon_deg, 1e-6, name);
	else if (strcmp(name, "altitude") == 0)
		check_number(value, position->alt_m, 1e-6, name);
	else if (strcmp(name, "speed") == 0)
		check_number(value, position->speed_kmh, 1e-6, name);
	else if (strcmp(name, "course") == 0)
		check_number(value, position->course_deg, 1e-6, name);
	else if (strcmp(name, "posambiguity") == 0)
		check_number(value, position->ambiguity, 0, name);
	else if (strcmp(name, "radiorange") == 0)
		check_number(value, number_of("range_km"), 1e-6, name);
	else
		return false;
	return true;
}

/* Mic-E bits 111 are message 0. */
static void check_mice_bits(const json_t *value)
{
	static const char *const conditions[] = {"emergency", "priority",   "special",  "committed",
						 "returning", "in service", "en route", "off duty"};
	check_text(conditions[strtol(json_string_value(value), NULL, 2)], record.message.aprs.condition, "condition");
}

static bool check_text_member(const char *name, const json_t *value)
{
	const struct message *message = &record.message;
	const char *text = json_string_value(value);
	if (strcmp(name, "comment") == 0 || strcmp(name, "status") == 0 || strcmp(name, "message") == 0)
		check_text(text, message->text, name);
	else if (strcmp(name, "phg") == 0)
		check_text(text, message->aprs.antenna, name);
	else if (strcmp(name, "objectname") == 0 || strcmp(name, "itemname") == 0)
		check_text(text, message->aprs.name, name);
	else if (strcmp(name, "destination") == 0)
		check_text(text, message->to, name);
	else if (strcmp(name, "messageid") == 0)
		check_text(text, message->aprs.message_number, name);
	else if (strcmp(name, "messageack") == 0 || strcmp(name, "messagerej") == 0)
		check_text(text, message->ack.ref, name);
	else
		return false;
	return true;
}

static void check_member(const char *name, const json_t *value)
{
	if (check_position_member(name, value) || check_text_member(name, value))
		return;
	if (strcmp(name, "type") == 0)
		check_type(value);
	else if (strcmp(name, "format") == 0)
		check_format(value);
	else if (strcmp(name, "resultcode") == 0)
		check_result_code(value);
	else if (strcmp(name, "symboltable") == 0)
		check_symbol(value, record.message.aprs.symbol[0]);
	else if (strcmp(name, "symbolcode") == 0)
		check_symbol(value, record.message.aprs.symbol[1]);
	else if (strcmp(name, "messaging") == 0)
		check(record.message.aprs.has_messaging && record.message.aprs.messaging == json_integer_value(value),
		      name);
	else if (strcmp(name, "alive") == 0)
		check(record.message.aprs.has_alive && record.message.aprs.alive == json_integer_value(value), name);
	else if (strcmp(name, "timestamp") == 0)
		check_timestamp(value);
	else if (strcmp(name, "mbits") == 0)
		check_mice_bits(value);
	else if (strcmp(name, "wx") == 0)
		check_weather(value);
	else if (strcmp(name, "telemetry") == 0)
		check_telemetry(value);
	else
		fail_msg("%s: nothing checks \"%s\"", frame, name);
}

/* What the vectors say only by leaving it out. */
static void check_absent(const json_t *expect, const char *name)
{
	const struct message *message = &record.message;
	if (record.message_count == 0 || message->kind == KIND_RAW)
		return;
	if (json_object_get(expect, "latitude")) {
		check(isnan(message->position.alt_m) == !json_object_get(expect, "altitude"), "altitude");
		check(isnan(message->position.speed_kmh) == !json_object_get(expect, "speed"), "speed");
		check(isnan(message->position.course_deg) == !json_object_get(expect, "course"), "course");
		if (!json_object_get(expect, "comment"))
			check_text("", message->text, "comment");
	}
	bool emergency = strncmp(name, "X1", 2) == 0;
	assert_int_equal(message->hint, emergency ? HINT_EMERGENCY : HINT_NONE);
}

/* Vectors whose expectation the other decoders could not write down. */
static void check_special(const char *name)
{
	const struct message *message = &record.message;
	if (strncmp(name, "3P", 2) == 0) {
		assert_string_equal(message->station, "C");
		assert_string_equal(message->to, "DEF");
		assert_string_equal(message->ack.ref, "56");
		assert_string_equal(message->aprs.third_party, "A-1>APRS,B-2,WIDE1*");
		assert_int_equal(message->kind, KIND_ACK);
	} else if (strncmp(name, "E4", 2) == 0) {
		assert_int_equal(message->kind, KIND_RAW);
		assert_string_equal(message->parse_error, "invalid third-party header");
	} else if (strncmp(name, "E5", 2) == 0) {
		assert_int_equal(message->kind, KIND_RAW);
		assert_string_equal(message->parse_error, "position too short");
	}
}

static void check_vector(struct driver_under_test *driver, const json_t *vector)
{
	const char *name = json_string_value(json_object_get(vector, "name")), *key;
	json_t *expect = json_object_get(vector, "expect"), *value;
	frame = json_string_value(json_object_get(vector, "frame"));
	record_clear(&record);
	message_init(&record.message);
	driver->air->input_text(driver->state, frame, strlen(frame));
	assert_int_equal(record.message_count + record.drop_count, 1);
	json_object_foreach(expect, key, value) check_member(key, value);
	check_absent(expect, name);
	check_special(name);
}

static void test_vectors(void **unused)
{
	(void)unused;
	struct driver_under_test *driver = air_under_test("aprs", &record, NULL);
	FILE *file = fopen(CRESSET_SOURCE_DIR "/tests/vectors/aprs.jsonl", "r");
	char line[4096];
	size_t count = 0;
	assert_non_null(file);
	record.wall_ms = WALL_MS;
	while (fgets(line, sizeof(line), file)) {
		json_t *vector = json_loads(line, 0, NULL);
		assert_non_null(vector);
		check_vector(driver, vector);
		json_decref(vector);
		count++;
	}
	fclose(file);
	driver_under_test_free(driver);
	assert_int_equal(count, VECTOR_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The air protocol `field`: messages in pieces, of several stations and over several radios, and pieces that never come. */
#include "tests/unit/air-field-fixture.h"

static void assert_whole(const char *id)
{
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.text, whole_text + 3);
	assert_string_equal(record.message.id, id);
}

/* All orders of four pieces. */
static void test_fragments(void **unused)
{
	(void)unused;
	for (unsigned order = 0; order < 256; order++) {
		unsigned indexes[] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
		unsigned all = 0;
		for (size_t i = 0; i < 4; i++)
			all |= 1u << indexes[i];
		if (all != 15)
			continue;
		start(NULL);
		for (size_t i = 0; i < 4; i++) {
			struct frame frame = text_piece(7, 90 + indexes[i], 300, (uint8_t)indexes[i]);
			if (i < 3)
				hear_nothing_yet(&frame);
			else
				hear(&frame);
		}
		assert_whole("f-7-90");
		assert_int_equal(record.alarm_us, 0);
	}
}

static void test_fragments_of_several(void **unused)
{
	(void)unused;
	start(NULL);
	for (uint8_t index = 0; index < 3; index++)
		for (uint16_t from_station = 1; from_station <= 4; from_station++) {
			struct frame frame = text_piece(from_station, 90u + index, 5, index);
			hear_nothing_yet(&frame);
		}
	for (uint16_t from_station = 1; from_station <= 4; from_station++) {
		char id[32];
		struct frame frame = text_piece(from_station, 93, 5, 3);
		hear(&frame);
		snprintf(id, sizeof(id), "f-%u-90", from_station);
		assert_whole(id);
	}
}

/* A fifth sender costs the oldest its pieces, and a station that begins anew its own. */
static void test_fragments_give_way(void **unused)
{
	(void)unused;
	start(NULL);
	for (uint16_t from_station = 1; from_station <= 4; from_station++) {
		struct frame frame = text_piece(from_station, 90, 5, 0);
		record.now_us++;
		hear_nothing_yet(&frame);
	}
	struct frame fifth = text_piece(5, 90, 5, 0);
	hear_and_drop(&fifth, "field_fragments_lost");
	struct frame anew = text_piece(5, 91, 6, 0);
	hear_and_drop(&anew, "field_fragments_lost");
	for (uint8_t index = 1; index < 4; index++) {
		struct frame frame = text_piece(5, 91u + index, 6, index);
		hear(&frame);
	}
	assert_whole("f-5-91");
}

/* Switched off in the middle of a message, and without a clock, a station begins another with the same number and time. */
static void test_fragments_of_another_life(void **unused)
{
	(void)unused;
	start(NULL);
	for (uint8_t index = 0; index < 3; index++) {
		struct frame frame = text_piece(7, 90u + index, 0, index);
		hear_nothing_yet(&frame);
	}
	struct field_header text = header_of(FIELD_TEXT, 7, 1000);
	struct frame last = piece(&text, 1003, 0, 3, 4, "of another", 10);
	hear_and_drop(&last, "field_fragments_lost");
	for (uint8_t index = 0; index < 3; index++) {
		struct frame frame = text_piece(7, 1000u + index, 0, index);
		if (index < 2)
			hear_nothing_yet(&frame);
		else
			hear(&frame);
	}
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.id, "f-7-1000");
}

static void test_fragments_time_out(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"fragment_timeout_s", "60"}, {NULL, NULL}});
	struct frame first = text_piece(1, 90, 5, 0), second = text_piece(2, 90, 5, 0);
	hear_nothing_yet(&first);
	assert_int_equal(record.alarm_us, 61000000);
	record.now_us += 5000000;
	hear_nothing_yet(&second);
	assert_int_equal(record.alarm_us, 61000000);
	record.now_us = 61000000;
	field->air->alarm(field->state);
	assert_int_equal(record_drops(&record, "field_fragments_lost"), 1);
	assert_int_equal(record.alarm_us, 66000000);
	record.now_us = 66000000;
	field->air->alarm(field->state);
	assert_int_equal(record_drops(&record, "field_fragments_lost"), 2);
	assert_int_equal(record.alarm_us, 0);
}

/* Another radio of this gateway heard some pieces first and misses the rest; together they are all there. But what was heard before
 * neither makes a message alone nor costs another its place. */
static void test_fragments_of_two_radios(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame pieces[4];
	for (uint8_t i = 0; i < 4; i++)
		pieces[i] = text_piece(7, 90u + i, 5, i);
	for (uint32_t i = 0; i < 3; i++)
		record.taken[record.taken_count++] = (struct record_counter){7, 0, 90 + i};
	for (size_t i = 0; i < 3; i++)
		hear_nothing_yet(&pieces[i]);
	hear(&pieces[3]);
	assert_whole("f-7-90");
	for (size_t i = 0; i < 4; i++)
		hear_and_drop(&pieces[i], "field_replay");
	start(NULL);
	for (uint32_t i = 0; i < 4; i++)
		record.taken[record.taken_count++] = (struct record_counter){7, 0, 90 + i};
	for (size_t i = 0; i < 3; i++)
		hear_nothing_yet(&pieces[i]);
	hear_and_drop(&pieces[3], "field_replay");
	struct frame other = text_piece(7, 200, 6, 0);
	hear_nothing_yet(&other);
	hear_and_drop(&pieces[0], "field_replay");
	for (uint8_t i = 1; i < 4; i++) {
		struct frame next = text_piece(7, 200u + i, 6, i);
		hear(&next);
	}
	assert_whole("f-7-200");
}

static void test_bad_fragments(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header text = header_of(FIELD_TEXT, 7, 1), sitrep = header_of(FIELD_SITREP, 7, 1);
	struct frame frame = piece(&text, 1, 5, 0, 3, "abcd", 4);
	hear_nothing_yet(&frame);
	hear_and_drop(&frame, "field_replay");
	frame = piece(&text, 2, 5, 1, 4, "abcd", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	frame = piece(&sitrep, 3, 5, 1, 3, "abcd", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	frame = piece(&text, 4, 5, 0, 3, "abcd", 4);
	hear_and_drop(&frame, "field_replay");
	text.fragment = true;
	text.counter = 5;
	frame = seal(&text, "\x05\x00\x33z", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	struct field_header alert = header_of(FIELD_ALERT, 7, 6);
	alert.fragment = true;
	frame = seal(&alert, "\x05\x00\x02z", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	record.stale_below = 1000;
	frame = piece(&text, 7, 5, 1, 3, "abcd", 4);
	hear_and_drop(&frame, "field_old");
}

static void test_too_much(void **unused)
{
	(void)unused;
	static const char long_piece[FIELD_BODY_MAX] = "\xff\xff";
	start(NULL);
	struct field_header text = header_of(FIELD_TEXT, 7, 1);
	for (uint8_t index = 0; index < 8; index++) {
		struct frame frame = piece(&text, index, 5, index, 8, long_piece, 136);
		if (index < 7)
			hear_nothing_yet(&frame);
		else
			hear_and_drop(&frame, "field_fragments_too_long");
	}
	for (uint8_t index = 0; index < 8; index++) {
		struct frame frame = piece(&text, 20u + index, 6, index, 8, long_piece, 128);
		hear(&frame);
	}
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_int_equal(strlen(record.message.text), FIELD_WHOLE_MAX - 3);
	text = header_of(FIELD_CHECKIN, 7, 1);
	struct frame frame = piece(&text, 40, 7, 0, 1, "abc", 3);
	hear_and_drop(&frame, "field_bad_length");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_fragments, stop),
	    cmocka_unit_test_teardown(test_fragments_of_several, stop),
	    cmocka_unit_test_teardown(test_fragments_give_way, stop),
	    cmocka_unit_test_teardown(test_fragments_of_another_life, stop),
	    cmocka_unit_test_teardown(test_fragments_time_out, stop),
	    cmocka_unit_test_teardown(test_fragments_of_two_radios, stop),
	    cmocka_unit_test_teardown(test_bad_fragments, stop),
	    cmocka_unit_test_teardown(test_too_much, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

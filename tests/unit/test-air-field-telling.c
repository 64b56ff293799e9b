/* The air protocol `field`: what stations are told of their pieces, and what is heard once more. */
#include "drivers/codec/field_bodies.h"
#include "tests/unit/air-field-fixture.h"

enum { SECOND = 1000000, TELLINGS = 16, REMEMBERED = 8 };

/* Text of four pieces, numbers 90 to 93, of which a station wants to know that it is stored. */
static struct frame wanted_piece(uint16_t from_station, uint32_t counter, uint16_t id, uint8_t index)
{
	struct field_header header = header_of(FIELD_TEXT, from_station, 0);
	size_t size = sizeof(whole_text) - 1 - (size_t)index * PIECE;
	header.ack_wanted = true;
	return piece(&header, counter, id, index, 4, whole_text + index * PIECE, size < PIECE ? size : PIECE);
}

static void hear_piece(uint8_t index)
{
	struct frame frame = text_piece(7, 90u + index, 300, index);
	hear(&frame);
}

static void assert_said(const char *ref, int bitmap)
{
	assert_int_equal(record.said_back_count, 1);
	assert_int_equal(record.said_back.kind, KIND_ACK);
	assert_int_equal(record.said_back.status, STATUS_ACTUAL);
	assert_string_equal(record.said_back.to, "f-7");
	assert_string_equal(record.said_back.ack.ref, ref);
	assert_int_equal(record.said_back.ack.level, 0);
	assert_int_equal(record.said_back.ack.bitmap, bitmap);
}

static void ring_at(int64_t at_us)
{
	assert_int_equal(record.alarm_us, at_us);
	record_clear(&record);
	record.now_us = at_us;
	field->air->alarm(field->state);
}

static void hear_and_say_nothing(uint8_t index)
{
	hear_piece(index);
	assert_int_equal(record.said_back_count, 0);
}

static void hear_and_say(uint8_t index, const char *ref, int bitmap)
{
	hear_piece(index);
	assert_said(ref, bitmap);
}

static void test_all_come(void **unused)
{
	(void)unused;
	start(gateway_61000);
	for (uint8_t index = 0; index < 3; index++)
		hear_and_say_nothing(index);
	hear_and_say(3, "f-7-90", 15);
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	struct message message = record.said_back;
	struct frame frame;
	assert_int_equal(say(&message, &frame), 31);
}

static void test_last_comes_and_others_are_missing(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say_nothing(0);
	hear_and_say(3, "f-7-90", 9);
	/* It sends these two at once. */
	hear_and_say_nothing(1);
	hear_and_say(2, "f-7-90", 15);
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
}

/* The counter of a piece that has not come is not known. */
static void test_first_is_missing(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say_nothing(1);
	hear_and_say(3, "f-7-91", 10);
	hear_and_say_nothing(0);
	hear_and_say(2, "f-7-90", 15);
	assert_string_equal(record.message.id, "f-7-90");
}

static void test_only_the_last_comes(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say(3, "f-7-93", 8);
}

static void test_pieces_break_off(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say_nothing(0);
	record.now_us += 4 * SECOND;
	hear_and_say_nothing(1);
	ring_at(record.now_us + 10 * SECOND);
	assert_said("f-7-90", 3);
	/* Once; then it is waited for no more than the pieces of any message. */
	ring_at(605 * SECOND);
	assert_int_equal(record.said_back_count, 0);
	assert_int_equal(record_drops(&record, "field_fragments_lost"), 1);
	assert_int_equal(record.alarm_us, 0);
}

static void test_silence_as_configured(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"station", "61000"}, {"fragment_ack_s", "25"}, {NULL, NULL}});
	hear_and_say_nothing(2);
	ring_at(26 * SECOND);
	assert_said("f-7-92", 4);
}

/* The station heard no answer: it repeats the last piece that it knows to be missing. */
static void test_asked_again(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say_nothing(0);
	hear_and_say(3, "f-7-90", 9);
	/* Relayed. */
	hear_and_say_nothing(3);
	assert_int_equal(record_drops(&record, "field_replay"), 1);
	record.now_us += 3 * SECOND;
	hear_and_say(3, "f-7-90", 9);
	record.now_us += 3 * SECOND;
	hear_and_say_nothing(1);
	hear_and_say(2, "f-7-90", 15);
	hear_and_say_nothing(2);
	record.now_us += 3 * SECOND;
	hear_and_say(2, "f-7-90", 15);
	assert_dropped("field_replay");
	assert_int_equal(record.heard_again_count, 0);
}

static void test_asked_again_and_wants_more(void **unused)
{
	(void)unused;
	start(gateway_61000);
	for (uint8_t index = 0; index < 4; index++) {
		struct frame frame = wanted_piece(7, 90u + index, 300, index);
		hear(&frame);
	}
	assert_true(record.message.ack_wanted);
	record.now_us += 60 * SECOND;
	struct frame last = wanted_piece(7, 93, 300, 3);
	hear(&last);
	assert_said("f-7-90", 15);
	assert_int_equal(record.heard_again_count, 1);
	assert_string_equal(record.heard_again, "f-7-90");
}

/* Recorded and played back. */
static void test_not_for_ever(void **unused)
{
	(void)unused;
	start(gateway_61000);
	for (uint8_t index = 0; index < 4; index++)
		hear_piece(index);
	size_t said = 1;
	for (size_t i = 0; i < 100; i++) {
		record.now_us += 5 * SECOND;
		hear_piece(3);
		said += record.said_back_count;
	}
	assert_int_equal(said, TELLINGS);
}

static void test_remembered(void **unused)
{
	(void)unused;
	start(gateway_61000);
	for (uint32_t i = 0; i <= REMEMBERED; i++)
		for (uint8_t index = 0; index < 4; index++) {
			struct frame frame = text_piece(7, 100 * i + index, (uint16_t)i, index);
			hear(&frame);
		}
	record.now_us += 60 * SECOND;
	for (uint32_t i = 0; i <= REMEMBERED; i++) {
		struct frame frame = text_piece(7, 100 * i + 3, (uint16_t)i, 3);
		hear(&frame);
		assert_int_equal(record.said_back_count, i > 0);
		assert_int_equal(record.message_count, 0);
	}
}

static void assert_never_told(uint16_t from_station)
{
	for (uint8_t index = 0; index < 4; index++) {
		struct frame frame = text_piece(from_station, 90u + index, 300, index);
		hear(&frame);
		assert_int_equal(record.said_back_count, 0);
	}
	assert_int_equal(record.message_count, 1);
	record.now_us += 60 * SECOND;
	struct frame last = text_piece(from_station, 93, 300, 3);
	hear(&last);
	assert_int_equal(record.said_back_count + record.message_count, 0);
}

static void test_told_to_nobody_else(void **unused)
{
	(void)unused;
	start(NULL);
	assert_never_told(7);
	start(gateway_61000);
	assert_never_told(FIELD_ALL);
}

/* With the key of the epoch before: it could not read what it is told. */
static void test_not_with_an_old_key(void **unused)
{
	(void)unused;
	start(gateway_61000);
	record.revoked = 7;
	assert_never_told(7);
	assert_int_equal(record.heard_again_count, 0);
}

/* All of it was heard by another radio, which tells. */
static void test_another_radio_tells(void **unused)
{
	(void)unused;
	start(gateway_61000);
	for (uint32_t i = 0; i < 4; i++)
		record.taken[record.taken_count++] = (struct record_counter){7, 0, 90 + i};
	for (uint8_t index = 0; index < 3; index++)
		hear_and_say_nothing(index);
	ring_at(11 * SECOND);
	assert_int_equal(record.said_back_count, 0);
	hear_and_say_nothing(3);
	assert_int_equal(record.message_count, 0);
}

/* A station that started anew and counts its messages from 1 again. */
static void test_same_number_another_time(void **unused)
{
	(void)unused;
	start(gateway_61000);
	hear_and_say_nothing(0);
	struct field_header later = header_of(FIELD_TEXT, 7, 0);
	later.time_s += 60;
	struct frame frame = piece(&later, 200, 300, 1, 4, "elsewhere", 9);
	hear_and_drop(&frame, "field_fragments_lost");
	hear_piece(2);
	frame = piece(&later, 201, 300, 3, 4, "elsewhere", 9);
	hear(&frame);
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 1);
	assert_said("f-7-201", 8);
}

static void assert_again(const struct frame *frame, const char *id)
{
	hear(frame);
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.heard_again_count, id != NULL);
	if (id)
		assert_string_equal(record.heard_again, id);
}

static void test_heard_again(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct field_header header = header_of(FIELD_CHECKIN, 7, 5);
	struct frame plain = seal(&header, "\x01\xff\xff\x05\x40", 5);
	header.counter = 6;
	header.ack_wanted = true;
	struct frame wanted = seal(&header, "\x01\xff\xff\x05\x40", 5);
	hear_and_tell(&plain, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	assert_again(&plain, NULL);
	hear_and_tell(&wanted, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.heard_again_count, 0);
	assert_again(&wanted, "f-7-6");
	assert_again(&wanted, "f-7-6");
	struct frame forged = wanted;
	forged.bytes[1] ^= 1;
	assert_again(&forged, NULL);
	/* Older than the window: whether it was ever heard is not known. */
	record.stale_below = 1000;
	header.counter = 4;
	struct frame old = seal(&header, "\x01\xff\xff\x05\x40", 5);
	assert_again(&old, NULL);
	record.revoked = 7;
	header.counter = 2000;
	struct frame before = seal(&header, "\x01\xff\xff\x05\x40", 5);
	hear_and_tell(&before, KIND_CHECKIN, AUTHENTICITY_SUSPECT);
	assert_again(&before, NULL);
}

/* A distress that is raised although its counter is old is answered again, too; by the id that it was raised under. */
static void test_stale_distress_again(void **unused)
{
	(void)unused;
	start(gateway_61000);
	record.stale_below = 1000;
	struct field_header header = header_of(FIELD_DISTRESS, 7, 5);
	header.ack_wanted = true;
	struct frame frame = seal(&header, "\x04\x03\x57", 3);
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_STALE);
	char id[MESSAGE_ID_MAX];
	snprintf(id, sizeof(id), "%s", record.message.id);
	assert_again(&frame, id);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_all_come, stop),
	    cmocka_unit_test_teardown(test_last_comes_and_others_are_missing, stop),
	    cmocka_unit_test_teardown(test_first_is_missing, stop),
	    cmocka_unit_test_teardown(test_only_the_last_comes, stop),
	    cmocka_unit_test_teardown(test_pieces_break_off, stop),
	    cmocka_unit_test_teardown(test_silence_as_configured, stop),
	    cmocka_unit_test_teardown(test_asked_again, stop),
	    cmocka_unit_test_teardown(test_asked_again_and_wants_more, stop),
	    cmocka_unit_test_teardown(test_not_for_ever, stop),
	    cmocka_unit_test_teardown(test_remembered, stop),
	    cmocka_unit_test_teardown(test_told_to_nobody_else, stop),
	    cmocka_unit_test_teardown(test_not_with_an_old_key, stop),
	    cmocka_unit_test_teardown(test_another_radio_tells, stop),
	    cmocka_unit_test_teardown(test_same_number_another_time, stop),
	    cmocka_unit_test_teardown(test_heard_again, stop),
	    cmocka_unit_test_teardown(test_stale_distress_again, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

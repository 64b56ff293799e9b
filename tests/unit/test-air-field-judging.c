/* The air protocol `field`: what is told of a frame and what is not: keys, replays, groups, kinds that nobody knows. */
#include "tests/unit/air-field-fixture.h"

static void test_not_a_frame(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = distress(7, 1);
	hear_bytes(frame.bytes, 0);
	assert_dropped("field_too_short");
	hear_bytes(frame.bytes, 20);
	assert_dropped("field_too_short");
	frame.bytes[0] = 0x81;
	hear_and_drop(&frame, "field_bad_version");
	frame.bytes[0] = 0x51;
	hear_and_drop(&frame, "field_bad_header");
	frame.bytes[0] = 0x41;
	frame.size = FIELD_FRAME_MAX + 1;
	hear_and_drop(&frame, "field_too_long");
}

static void test_tag(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame good = checkin(7, 1);
	for (size_t i = 0; i < good.size; i++) {
		struct frame bad = good;
		bad.bytes[i] ^= 0x04;
		hear(&bad);
		if (i == 2)
			assert_told(KIND_CHECKIN, AUTHENTICITY_VERIFIED); /* hops: a relay may count */
		else
			assert_dropped("field_bad_tag");
	}
	/* None of them was taken for the frame itself but the one that was only relayed. */
	hear_and_drop(&good, "field_replay");
}

static void test_keys(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = checkin(7, 1);
	record.keyless = 7;
	hear_and_drop(&frame, "field_no_key");
	record.keyless = 0;
	record.revoked = 7;
	hear_and_tell(&frame, KIND_CHECKIN, AUTHENTICITY_SUSPECT);
	assert_int_equal(strncmp(record.message.id, "f-7-1-", 6), 0);
	assert_int_equal(record.taken[0].epochs_back, 1);
	hear_and_drop(&frame, "field_replay");
}

/* A distress is raised even if nobody can say who sent it, but not noise that begins like one. */
static void test_unverified(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = distress(7, 1);
	frame.bytes[frame.size - 1] ^= 1;
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_equal(record.message.station, "f-7");
	assert_int_equal(record.message.body_kind, KIND_NONE);
	assert_int_equal(record.message.sent_at_ms, TIME_S * INT64_C(1000));
	assert_int_equal(record.taken_count, 0);
	for (size_t size = 21; size <= FIELD_FRAME_MAX; size++) {
		struct frame other = {.size = size};
		memcpy(other.bytes, frame.bytes, 23);
		if (size == 24)
			continue;
		hear_and_drop(&other, "field_bad_tag");
	}
	frame.bytes[1] |= 0x10; /* a position that is not there */
	hear_and_drop(&frame, "field_bad_tag");
	frame.bytes[1] = 0x88; /* a fragment */
	hear_and_drop(&frame, "field_bad_tag");
}

/* What is not authentic cannot take the id of what will be. */
static void test_unverified_takes_no_id(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame good = distress(7, 1), bad = good;
	char first[MESSAGE_ID_MAX];
	bad.bytes[20] ^= 1;
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	snprintf(first, sizeof(first), "%s", record.message.id);
	hear_and_tell(&good, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.id, "f-7-1");
	bad.bytes[2] = 0x31; /* the same by a relay: the same id at every gateway */
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_equal(record.message.id, first);
	bad.bytes[21] ^= 1;
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_not_equal(record.message.id, first);
}

/* Not encrypted: everybody can read what it says. */
static void test_unverified_readable(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header header = header_of(FIELD_DISTRESS, 7, 1);
	header.encrypted = false;
	header.position = true;
	struct frame frame = seal(&header, "\x04\x03\x57\x00\x00\x00\x10\x00\x00\x00\x20\x02\x01", 13);
	record.keyless = 7;
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_int_equal(record.message.body_kind, KIND_DISTRESS);
	assert_int_equal(record.message.body.distress.nature, 4);
	assert_true(record.message.position.valid);
	assert_true(record.message.position.fix_age_s == 20);
}

static void test_replay(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame first = checkin(7, 100), old = checkin(7, 10), other = checkin(8, 10);
	hear_and_tell(&first, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	hear_and_drop(&first, "field_replay");
	record.stale_below = 50;
	hear_and_drop(&old, "field_old");
	record.stale_below = 0;
	hear_and_tell(&other, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	struct frame seen = distress(7, 100);
	hear_and_drop(&seen, "field_replay");
}

static void test_stale_distress(void **unused)
{
	(void)unused;
	start(NULL);
	record.stale_below = 50;
	struct frame old = distress(7, 10), next = distress(7, 11);
	hear_and_tell(&old, KIND_DISTRESS, AUTHENTICITY_STALE);
	assert_int_equal(strncmp(record.message.id, "f-7-10-", 7), 0);
	assert_int_equal(record.message.body.distress.nature, 4);
	hear_and_drop(&old, "field_replay");
	old.bytes[2] ^= 1; /* by a relay */
	hear_and_drop(&old, "field_replay");
	hear_and_tell(&next, KIND_DISTRESS, AUTHENTICITY_STALE);
	hear_and_drop(&next, "field_replay");
	record.revoked = 7;
	struct frame revoked = distress(7, 12);
	hear_and_tell(&revoked, KIND_DISTRESS, AUTHENTICITY_SUSPECT);
}

/* What is authentic but makes no sense is dropped, except for a distress. */
static void test_bodies(void **unused)
{
	(void)unused;
	static const uint8_t kinds[] = {FIELD_ALERT,    FIELD_ACK,       FIELD_CHECKIN, FIELD_ROLLCALL,
					FIELD_POSITION, FIELD_TEXT,      FIELD_SITREP,  FIELD_REQUEST,
					FIELD_ACTIVITY, FIELD_TELEMETRY, FIELD_MOVEMENT};
	start(NULL);
	for (uint32_t i = 0; i < sizeof(kinds); i++) {
		struct field_header header = header_of(kinds[i], 7, i);
		struct frame frame = seal(&header, "x", 1);
		hear_and_drop(&frame, "field_bad_length");
	}
	struct field_header header = header_of(FIELD_DISTRESS, 7, 50);
	struct frame frame = seal(&header, "xxxxx", 5);
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.message.body_kind, KIND_NONE);
	header.counter = 51;
	header.fragment = true;
	frame = seal(&header, "\x04\x03\x57", 3);
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
}

static void test_unknown_kinds(void **unused)
{
	(void)unused;
	static const uint8_t kinds[] = {0, 13, 14, 15};
	start(NULL);
	for (uint32_t i = 0; i < sizeof(kinds); i++) {
		struct field_header header = header_of(kinds[i], 7, i);
		struct frame frame = seal(&header, "later", 5);
		hear_and_tell(&frame, KIND_RAW, AUTHENTICITY_VERIFIED);
		assert_int_equal(record.message.raw_size, frame.size);
		assert_memory_equal(record.message.raw, frame.bytes, frame.size);
		assert_string_equal(record.message.parse_error, "");
		frame.bytes[frame.size - 1] ^= 1;
		hear_and_drop(&frame, "field_bad_tag");
	}
}

static void test_down(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct field_header header = header_of(FIELD_DISTRESS, 7, 1);
	header.down = true;
	header.from = 61000;
	struct frame own = seal(&header, "\x04\x03\x57", 3);
	header.from = 61001;
	struct frame other = seal(&header, "\x04\x03\x57", 3);
	hear_and_drop(&own, "own_frame");
	hear_and_drop(&other, "field_down");
	other.bytes[other.size - 1] ^= 1;
	hear_and_drop(&other, "field_down");
	start(NULL);
	hear_and_drop(&own, "field_down");
}

/* Members of a group share a key and not a counter: an equal counter may be another's. */
static void test_group(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame said = checkin(FIELD_ALL, 1), help = distress(FIELD_ALL, 1);
	hear_and_tell(&said, KIND_CHECKIN, AUTHENTICITY_SUSPECT);
	assert_string_equal(record.message.data_type, "field-group");
	assert_false(record.message.for_us);
	assert_string_equal(record.message.station, "f-65535");
	hear_and_drop(&said, "field_replay");
	hear_and_tell(&help, KIND_DISTRESS, AUTHENTICITY_SUSPECT);
	hear_and_drop(&help, "field_replay");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_not_a_frame, stop),
	    cmocka_unit_test_teardown(test_tag, stop),
	    cmocka_unit_test_teardown(test_keys, stop),
	    cmocka_unit_test_teardown(test_unverified, stop),
	    cmocka_unit_test_teardown(test_unverified_takes_no_id, stop),
	    cmocka_unit_test_teardown(test_unverified_readable, stop),
	    cmocka_unit_test_teardown(test_replay, stop),
	    cmocka_unit_test_teardown(test_stale_distress, stop),
	    cmocka_unit_test_teardown(test_bodies, stop),
	    cmocka_unit_test_teardown(test_unknown_kinds, stop),
	    cmocka_unit_test_teardown(test_down, stop),
	    cmocka_unit_test_teardown(test_group, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

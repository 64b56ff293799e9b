/* Frames through Ebyte modules: two drivers with their simulated modules, and what is lost and found between them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/carriage.h"
#include "tests/support/ebyte_rig.h"
#include "tests/support/near.h"

enum { AUX = 2, SECOND_US = 1000000 };

static struct ebyte_rig rig;
static struct ebyte_station *base, *field;

#define SETTINGS(...) ((const struct driver_setting[]){__VA_ARGS__, {NULL, NULL}})

static const struct ebyte_sim_options e22 = {.family = EBYTE_E22, .band = "900", .hardware = 0x10};
static const struct ebyte_sim_options e32 = {.family = EBYTE_E32, .band = "868"};

static void assert_ready(struct ebyte_station *station)
{
	if (!ebyte_rig_until_ready(station, 20 * SECOND_US))
		fail_msg("not ready: %s", ebyte_rig_status(station).text);
}

static void start_with(const struct driver_setting *base_settings, const struct driver_setting *field_settings)
{
	ebyte_rig_stop(&rig);
	ebyte_rig_start(&rig);
	base = ebyte_rig_add(&rig, "ebyte-e22", &e22, base_settings);
	field = ebyte_rig_add(&rig, "ebyte-e22", &e22, field_settings);
	assert_ready(base);
	assert_ready(field);
	ebyte_rig_run(&rig, SECOND_US);
}

static void start(void)
{
	const struct driver_setting *settings = SETTINGS({"frequency_mhz", "868.125"});
	start_with(settings, settings);
}

static void start_e32(void)
{
	ebyte_rig_stop(&rig);
	ebyte_rig_start(&rig);
	base = ebyte_rig_add(&rig, "ebyte-e32", &e32, SETTINGS({"frequency_mhz", "868"}));
	field = ebyte_rig_add(&rig, "ebyte-e32", &e32, SETTINGS({"frequency_mhz", "868"}));
	assert_ready(base);
	assert_ready(field);
	ebyte_rig_run(&rig, SECOND_US);
}

static int stop(void **unused)
{
	(void)unused;
	ebyte_rig_stop(&rig);
	return 0;
}

static size_t drops(const struct ebyte_station *station, const char *reason)
{
	return record_drops(&station->record, reason);
}

static const uint8_t *frame_of(size_t size, uint8_t seed)
{
	static uint8_t frame[CARRIAGE_FRAME_MAX + 1];
	for (size_t i = 0; i < size; i++)
		frame[i] = (uint8_t)(seed + i * 3);
	return frame;
}

/* Sent by one, heard by the other as it was; and the end is told when it is over and not before. */
static void assert_passes(struct ebyte_station *from, struct ebyte_station *to, const uint8_t *frame, size_t size)
{
	record_clear(&to->record);
	int64_t begun_us = rig.now_us;
	int64_t airtime_us = from->driver->modem->airtime_us(from->driver->state, size);
	assert_int_equal(ebyte_rig_send(from, frame, size), 0);
	assert_int_equal(ebyte_rig_send(from, frame, size), -EAGAIN);
	from->record.sent_count = 0;
	assert_true(ebyte_rig_until_sent(from, 20ll * SECOND_US));
	assert_int_equal(from->record.sent_count, 2);
	assert_int_equal(from->record.sent[0].result, SEND_ON_AIR);
	assert_true(from->record.sent[0].assumed);
	assert_int_equal(from->record.sent[1].result, SEND_DONE);
	assert_true(from->record.sent[1].assumed);
	assert_true(rig.now_us - begun_us >= airtime_us);
	assert_true(rig.now_us - begun_us < airtime_us + 500000);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(to->record.heard_count, 1);
	assert_int_equal(to->record.heard_sizes[0], size);
	assert_memory_equal(to->record.heard, frame, size);
}

static void test_all_sizes(void **unused)
{
	(void)unused;
	start();
	for (size_t size = 1; size <= CARRIAGE_FRAME_MAX; size += 9)
		assert_passes(field, base, frame_of(size, 1), size);
	assert_passes(base, field, frame_of(160, 9), 160);
	assert_int_equal(base->record.drop_count + field->record.drop_count, 0);
	assert_int_equal(ebyte_rig_send(field, frame_of(161, 1), 161), -EMSGSIZE);
	assert_int_equal(ebyte_rig_send(field, frame_of(0, 1), 0), -EMSGSIZE);
	/* AUX shows the end of each packet, which is no restart. */
	assert_int_equal(drops(base, "ebyte_reset"), 0);
}

static void test_e32_splits(void **unused)
{
	(void)unused;
	start_e32();
	for (size_t size = 1; size <= CARRIAGE_FRAME_MAX; size += 13)
		assert_passes(field, base, frame_of(size, 1), size);
	field->packets = 0;
	assert_passes(field, base, frame_of(160, 1), 160); /* 165 bytes in packets of 58 */
	assert_int_equal(field->packets, 3);
	assert_int_equal(base->record.drop_count, 0);
}

static void test_without_aux(void **unused)
{
	(void)unused;
	start_e32();
	struct ebyte_station *both[] = {base, field};
	for (int i = 0; i < 2; i++) {
		both[i]->record.lines[AUX] = -ENODEV;
		ebyte_rig_reopen(both[i]);
		assert_ready(both[i]);
	}
	ebyte_rig_run(&rig, SECOND_US);
	assert_passes(field, base, frame_of(160, 1), 160);
	assert_passes(base, field, frame_of(20, 1), 20);
	assert_int_equal(base->record.drop_count, 0);
}

/* Packets smaller than the frame, with the RSSI byte of the receiver behind each of them. */
static void test_small_packets(void **unused)
{
	(void)unused;
	static const char *const sizes[] = {"32", "64", "128"};
	for (size_t i = 0; i < 3; i++) {
		start_with(SETTINGS({"frequency_mhz", "868.125"}),
			   SETTINGS({"frequency_mhz", "868.125"}, {"packet_size", sizes[i]}));
		rig.rssi_dbm = -59; /* C5: also the first byte of a frame */
		assert_passes(field, base, frame_of(160, 1), 160);
		assert_passes(field, base, frame_of(27, 1), 27);
		assert_int_equal(base->record.drop_count, 0);
	}
}

/* No burst begins like a command, whatever the frame holds. */
static void test_no_burst_is_a_command(void **unused)
{
	(void)unused;
	uint8_t frame[CARRIAGE_FRAME_MAX];
	start_with(SETTINGS({"frequency_mhz", "868.125"}, {"rssi", "false"}),
		   SETTINGS({"frequency_mhz", "868.125"}, {"packet_size", "32"}));
	for (size_t at = 20; at < 40; at++) {
		memset(frame, 'x', sizeof(frame));
		memcpy(frame + at, "\xc0\xc1\xc2\xc3\x00\x02", 6);
		assert_passes(field, base, frame, 60);
		memset(frame, 'x', sizeof(frame));
		memcpy(frame + at, "\xcf\xcf\xcf\xc0", 4);
		assert_passes(field, base, frame, 100);
	}
	/* Where every place looks like one, the module splits by itself. */
	memset(frame, 0xcf, sizeof(frame));
	assert_passes(field, base, frame, 160);
	assert_int_equal(base->record.drop_count, 0);
}

static double last_rssi_dbm;
static void note_rssi(void *owner, const struct datagram *datagram)
{
	struct record *record = owner;
	last_rssi_dbm = datagram->rssi_dbm;
	record->heard_count++;
}

static void hear_at(double rssi_dbm)
{
	rig.rssi_dbm = rssi_dbm;
	base->driver->services.heard_datagram = note_rssi;
	base->record.heard_count = 0;
	assert_int_equal(ebyte_rig_send(field, "hello", 5), 0);
	assert_true(ebyte_rig_until_sent(field, 5ll * SECOND_US));
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(base->record.heard_count, 1);
}

static void test_rssi_is_told(void **unused)
{
	(void)unused;
	start();
	for (int rssi_dbm = -130; rssi_dbm < 0; rssi_dbm += 7) {
		hear_at(rssi_dbm);
		assert_near(last_rssi_dbm, rssi_dbm, 0);
	}
	start_with(SETTINGS({"frequency_mhz", "868.125"}, {"rssi_halves", "true"}),
		   SETTINGS({"frequency_mhz", "868.125"}));
	hear_at(-56); /* C8: 200 */
	assert_near(last_rssi_dbm, -100, 0);
	assert_int_equal(base->record.drop_count, 0);
}

static void test_rssi_off(void **unused)
{
	(void)unused;
	start_with(SETTINGS({"frequency_mhz", "868.125"}, {"rssi", "false"}), SETTINGS({"frequency_mhz", "868.125"}));
	hear_at(-80);
	assert_true(isnan(last_rssi_dbm));
	assert_int_equal(base->record.drop_count, 0);
}

/* On in the settings and not in the module, and the reverse. */
static void test_rssi_does_not_match(void **unused)
{
	(void)unused;
	start();
	struct ebyte_sim_options options = e22;
	options.no_rssi = options.own_airtime = true;
	ebyte_sim_set_options(base->sim, &options);
	hear_at(-80);
	assert_true(isnan(last_rssi_dbm));
	hear_at(-80);
	assert_int_equal(drops(base, "ebyte_rssi_missing"), 2);
	assert_int_equal(base->record.drop_count, 2);
	/* 256 - 125 is above 130. */
	uint8_t out[CARRIAGE_MAX + 1];
	size_t size = carriage_encode((const uint8_t *)"hi", 2, out);
	out[size++] = 125;
	ebyte_rig_to_driver(base, out, size);
	assert_true(isnan(last_rssi_dbm));
	assert_int_equal(drops(base, "ebyte_rssi_range"), 1);

	start_with(SETTINGS({"frequency_mhz", "868.125"}, {"rssi", "false"}), SETTINGS({"frequency_mhz", "868.125"}));
	size = carriage_encode((const uint8_t *)"hi", 2, out);
	out[size++] = 0xb0;
	for (int i = 0; i < 3; i++)
		ebyte_rig_to_driver(base, out, size);
	assert_int_equal(base->record.heard_count, 3);
	assert_int_equal(drops(base, "ebyte_noise"), 3);
}

/* Two stations speak one right after the other: one run of bytes at the port, cut anywhere. */
static void test_packets_run_together(void **unused)
{
	(void)unused;
	uint8_t bytes[2 * (CARRIAGE_MAX + 1)];
	size_t size = carriage_encode(frame_of(50, 1), 50, bytes);
	bytes[size++] = 0xc5;
	size += carriage_encode(frame_of(60, 2), 60, bytes + size);
	bytes[size++] = 0xb0;
	start();
	for (size_t cut = 0; cut <= size; cut++) {
		record_clear(&base->record);
		ebyte_rig_to_driver(base, bytes, cut);
		ebyte_rig_to_driver(base, bytes + cut, size - cut);
		assert_int_equal(base->record.heard_count, 2);
		assert_int_equal(base->record.heard_sizes[0], 50);
		assert_int_equal(base->record.heard_sizes[1], 60);
		assert_int_equal(base->record.drop_count, 0);
	}
}

/* Bytes are lost on the way: what is whole arrives, what is not is counted. */
static void test_bytes_lost(void **unused)
{
	(void)unused;
	start();
	struct ebyte_sim_options options = e22;
	options.own_airtime = true;
	options.lose_every = 150;
	ebyte_sim_set_options(base->sim, &options);
	record_clear(&base->record);
	for (uint8_t i = 0; i < 20; i++) {
		assert_int_equal(ebyte_rig_send(field, frame_of(60, i), 60), 0);
		assert_true(ebyte_rig_until_sent(field, 5ll * SECOND_US));
		ebyte_rig_run(&rig, SECOND_US);
	}
	/* 66 bytes a frame, 1320 in all, 8 lost: each spoils one frame at most, or only its RSSI byte. */
	assert_true(base->record.heard_count >= 12 && base->record.heard_count < 20);
	assert_true(drops(base, "ebyte_broken_frame") + drops(base, "ebyte_noise") +
			drops(base, "ebyte_rssi_missing") >=
		    20 - base->record.heard_count);
}

/* The plug is pulled in the middle of a frame in each direction and put back: everything works again, nothing is invented. */
static void test_unplug_in_the_middle(void **unused)
{
	(void)unused;
	for (int64_t after_us = 0; after_us < 400000; after_us += 23000) {
		start();
		assert_int_equal(ebyte_rig_send(field, frame_of(100, 1), 100), 0);
		ebyte_rig_run(&rig, after_us);
		base->unplugged = true;
		ebyte_rig_run(&rig, SECOND_US);
		ebyte_rig_reopen(base);
		assert_ready(base);
		ebyte_rig_run(&rig, SECOND_US);
		assert_true(base->record.heard_count <= 1);
		assert_passes(field, base, frame_of(30, 2), 30);

		assert_int_equal(ebyte_rig_send(base, frame_of(100, 1), 100), 0);
		ebyte_rig_run(&rig, after_us);
		base->unplugged = true;
		size_t ended = base->record.sent_count;
		ebyte_rig_reopen(base);
		assert_int_equal(base->record.sent_count, ended + 1);
		assert_int_equal(base->record.sent[ended].result, SEND_FAILED);
		assert_string_equal(base->record.sent[ended].code, "port_reopened");
		assert_ready(base);
		ebyte_rig_run(&rig, 3ll * SECOND_US);
		assert_passes(base, field, frame_of(30, 2), 30);
	}
}

/* A frame that is given during a verification waits for it; one that cannot be sent any more is failed. */
static void test_send_during_verification(void **unused)
{
	(void)unused;
	const struct driver_setting *settings = SETTINGS({"frequency_mhz", "868.125"}, {"verify_s", "100"});
	start_with(settings, settings);
	while (ebyte_sim_mode(base->sim) == 0)
		ebyte_rig_run(&rig, 1000);
	assert_true(ebyte_rig_status(base).ready);
	assert_passes(base, field, frame_of(40, 1), 40);

	while (ebyte_sim_mode(base->sim) == 0)
		ebyte_rig_run(&rig, 1000);
	ebyte_sim_set_absent(base->sim, true, rig.now_us);
	assert_int_equal(ebyte_rig_send(base, "x", 1), 0);
	assert_true(ebyte_rig_until_sent(base, 20ll * SECOND_US));
	assert_int_equal(base->record.sent[0].result, SEND_FAILED);
	assert_string_equal(base->record.sent[0].code, "not_configured");
}

/* The module listens before it talks; AUX stays low meanwhile. A module that never gets done is given up. */
static void test_module_stays_busy(void **unused)
{
	(void)unused;
	start();
	struct ebyte_sim_options options = e22;
	options.own_airtime = options.aux_low = true;
	ebyte_sim_set_options(base->sim, &options);
	assert_int_equal(ebyte_rig_send(base, "x", 1), 0);
	assert_true(ebyte_rig_until_sent(base, 20ll * SECOND_US));
	assert_int_equal(base->record.sent[base->record.sent_count - 1].result, SEND_FAILED);
	assert_string_equal(base->record.sent[base->record.sent_count - 1].code, "module_busy");
	assert_int_equal(drops(base, "ebyte_aux_stuck"), 1);
}

static void test_port_takes_nothing(void **unused)
{
	(void)unused;
	start();
	base->record.write_result = -EAGAIN;
	assert_int_equal(ebyte_rig_send(base, "x", 1), -EAGAIN);
	base->record.write_result = -ENOTCONN;
	assert_int_equal(ebyte_rig_send(base, "x", 1), -ENOTCONN);
	base->record.write_result = 0;
	assert_passes(base, field, frame_of(30, 1), 30);
}

/* Only those with the same NETID, key and channel hear one another; an address filters unless it is 65535. */
static void test_filters(void **unused)
{
	(void)unused;
	static const struct {
		struct driver_setting base, field;
		size_t heard;
	} cases[] = {
	    {{"netid", "1"}, {"netid", "1"}, 1},         {{"netid", "1"}, {"netid", "2"}, 0},
	    {{"key", "12"}, {"key", "12"}, 1},           {{"key", "12"}, {"key", "13"}, 0},
	    {{"address", "65535"}, {"address", "9"}, 1}, {{"address", "8"}, {"address", "9"}, 0},
	    {{"address", "9"}, {"address", "9"}, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_with(SETTINGS({"frequency_mhz", "868.125"}, cases[i].base),
			   SETTINGS({"frequency_mhz", "868.125"}, cases[i].field));
		assert_int_equal(ebyte_rig_send(field, "hello", 5), 0);
		assert_true(ebyte_rig_until_sent(field, 5ll * SECOND_US));
		ebyte_rig_run(&rig, SECOND_US);
		if (base->record.heard_count != cases[i].heard)
			fail_msg("case %zu: heard %zu", i, base->record.heard_count);
		assert_int_equal(base->record.drop_count, 0);
	}
}

static int64_t airtime_us(struct ebyte_station *station, size_t size)
{
	return station->driver->modem->airtime_us(station->driver->state, size);
}

static void test_airtime(void **unused)
{
	(void)unused;
	start();
	assert_int_equal(airtime_us(base, 32 - CARRIAGE_OVERHEAD - EBYTE_PREFIX_SIZE), 205824);
	start_e32();
	/* 58 and 7 bytes in two packets of 62 and 11 with their prefix */
	assert_int_equal(airtime_us(base, 60), 328704 + ebyte_packet_airtime_us(EBYTE_E32, 2, 7));
	/* What was measured is believed: on the line between two points, and beyond. */
	start_with(SETTINGS({"frequency_mhz", "868.125"}, {"airtime_ms", "25:200 45:300 105:900.5"}),
		   SETTINGS({"frequency_mhz", "868.125"}, {"airtime_ms", "20:77"}));
	assert_int_equal(airtime_us(base, 20), 200000);
	assert_int_equal(airtime_us(base, 30), 250000);
	assert_int_equal(airtime_us(base, 10), 150000);
	assert_int_equal(airtime_us(base, 100), 900500);
	assert_int_equal(airtime_us(base, 106), 960550);
	assert_int_equal(airtime_us(field, 100), 77000);
}

/* A buffer of 1000 bytes: what is over it is lost without a word, as in the real ones. */
static void test_module_overflow(void **unused)
{
	(void)unused;
	static uint8_t bytes[3000];
	start();
	memset(bytes, 'x', sizeof(bytes));
	ebyte_rig_to_module(field, bytes, sizeof(bytes));
	ebyte_rig_run(&rig, 20ll * SECOND_US);
	assert_true(ebyte_sim_overflow(field->sim) > 0);
	assert_int_equal(drops(base, "ebyte_noise"), 1);
	assert_passes(field, base, frame_of(30, 1), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_all_sizes, stop),
	    cmocka_unit_test_teardown(test_e32_splits, stop),
	    cmocka_unit_test_teardown(test_without_aux, stop),
	    cmocka_unit_test_teardown(test_small_packets, stop),
	    cmocka_unit_test_teardown(test_no_burst_is_a_command, stop),
	    cmocka_unit_test_teardown(test_rssi_is_told, stop),
	    cmocka_unit_test_teardown(test_rssi_off, stop),
	    cmocka_unit_test_teardown(test_rssi_does_not_match, stop),
	    cmocka_unit_test_teardown(test_packets_run_together, stop),
	    cmocka_unit_test_teardown(test_bytes_lost, stop),
	    cmocka_unit_test_teardown(test_unplug_in_the_middle, stop),
	    cmocka_unit_test_teardown(test_send_during_verification, stop),
	    cmocka_unit_test_teardown(test_module_stays_busy, stop),
	    cmocka_unit_test_teardown(test_port_takes_nothing, stop),
	    cmocka_unit_test_teardown(test_filters, stop),
	    cmocka_unit_test_teardown(test_airtime, stop),
	    cmocka_unit_test_teardown(test_module_overflow, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

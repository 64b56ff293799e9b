/* The simulated ether: each rule of who hears whom, with a case on either side of it. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/afsk_airtime.h"
#include "tests/support/ether_model.h"
#include "tests/support/ether_reception.h"
#include "tests/support/near.h"

static const struct ether_tuning sf9 = {.frequency_hz = 868100000,
					.bandwidth_hz = 125000,
					.spreading_factor = 9,
					.coding_rate = 5,
					.preamble = 8,
					.sync = 0x12,
					.power_dbm = 14};

static struct ether_scenario scenario;
static struct ether_model *model;
static struct ether_arrival arrivals[64];
static size_t arrival_count;

/* Three stations with losses that give round levels at `base`: -100 dBm from a, b as strong as wished. */
static int base, a, b;

static int start(const struct ether_tuning *tuning)
{
	ether_model_free(model);
	model = ether_model_new(&scenario);
	base = ether_model_join(model, "base");
	a = ether_model_join(model, "a");
	b = ether_model_join(model, "b");
	assert_int_equal(ether_model_tune(model, base, 0, tuning), 0);
	assert_int_equal(ether_model_tune(model, a, 0, tuning), 0);
	assert_int_equal(ether_model_tune(model, b, 0, tuning), 0);
	return 0;
}

static int setup(void **unused)
{
	(void)unused;
	ether_scenario_init(&scenario);
	ether_scenario_link(&scenario, "base", "a", 114);
	ether_scenario_link(&scenario, "base", "b", 114);
	ether_scenario_link(&scenario, "a", "b", INFINITY);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	ether_model_free(model);
	model = NULL;
	return 0;
}

static void set_loss(size_t link, double loss_db)
{
	scenario.links[link].loss_db = loss_db;
}

/* Everything that happens until then. */
static void take_until(int64_t now_us)
{
	arrival_count = 0;
	while (arrival_count < 64 && ether_model_take(model, now_us, &arrivals[arrival_count]))
		arrival_count++;
}

static size_t count(int station, enum ether_event event)
{
	size_t found = 0;
	for (size_t i = 0; i < arrival_count; i++)
		found += arrivals[i].station == station && arrivals[i].news.event == event;
	return found;
}

/* a sends at `start_a`, b at `start_b`, 20 bytes each; then all is taken. */
static void both_send(int64_t start_a, int64_t start_b)
{
	static const uint8_t bytes_a[20] = "from a", bytes_b[20] = "from b";
	int first = start_a <= start_b;
	assert_true(ether_model_send(model, first ? a : b, first ? start_a : start_b, first ? bytes_a : bytes_b, 20) >
		    0);
	assert_true(ether_model_send(model, first ? b : a, first ? start_b : start_a, first ? bytes_b : bytes_a, 20) >
		    0);
	take_until(1000000000);
}

static bool heard_from(const char *who)
{
	for (size_t i = 0; i < arrival_count; i++)
		if (arrivals[i].station == base && arrivals[i].news.event == ETHER_HEARD &&
		    strcmp((const char *)arrivals[i].news.bytes, who) == 0)
			return true;
	return false;
}

/* SF 9, 125 kHz, 4/5, 20 bytes: 12.25 + 8 + 5 ceil((160 - 36 + 28 + 16) / 36) symbols of 4.096 ms */
static const int64_t airtime_us = 185344;

static void test_delivery(void **unused)
{
	(void)unused;
	start(&sf9);
	assert_int_equal(ether_model_due_us(model), -1);
	assert_int_equal(ether_model_send(model, a, 1000, "from a\0.............", 20), airtime_us);
	assert_int_equal(ether_model_due_us(model), 1000 + airtime_us);
	take_until(1000 + airtime_us - 1);
	assert_int_equal(arrival_count, 0);
	take_until(1000 + airtime_us);
	assert_int_equal(arrival_count, 2);
	assert_int_equal(count(a, ETHER_SENT), 1);
	assert_int_equal(arrivals[0].news.airtime_us, airtime_us);
	assert_true(heard_from("from a"));
	assert_int_equal(arrivals[1].at_us, 1000 + airtime_us);
	assert_int_equal(arrivals[1].news.size, 20);
	assert_near(arrivals[1].news.rssi_dbm, -100, 1e-9);
	/* noise in 125 kHz with 6 dB: -117.0 dBm */
	assert_near(arrivals[1].news.snr_db, 17.0, 0.05);
	assert_int_equal(count(b, ETHER_HEARD), 0); /* hidden */
}

/* Equally tuned, at the same time: 5 dB apart both are spoilt, 7 dB apart the stronger is read. */
static void test_capture(void **unused)
{
	(void)unused;
	set_loss(0, 109);
	start(&sf9);
	both_send(0, 1000);
	assert_int_equal(count(base, ETHER_HEARD), 0);
	assert_int_equal(count(base, ETHER_SPOILT), 2);
	assert_int_equal(ether_model_totals(model)->collisions, 2);
	set_loss(0, 107);
	start(&sf9);
	both_send(0, 1000);
	assert_true(heard_from("from a"));
	assert_false(heard_from("from b"));
	assert_int_equal(count(base, ETHER_SPOILT), 1);
	assert_int_equal(ether_model_totals(model)->collisions, 1);
	/* Who came first does not matter. */
	start(&sf9);
	both_send(1000, 0);
	assert_true(heard_from("from a"));
	assert_int_equal(ether_model_totals(model)->collisions, 1);
}

/* The first three of eight preamble symbols may be lost: 3 x 4.096 ms. */
static void test_overlap(void **unused)
{
	(void)unused;
	start(&sf9);
	both_send(0, airtime_us - 12288);
	assert_false(heard_from("from a"));
	assert_true(heard_from("from b"));
	start(&sf9);
	both_send(0, airtime_us - 12289);
	assert_false(heard_from("from b"));
	start(&sf9);
	both_send(0, airtime_us);
	assert_true(heard_from("from a") && heard_from("from b"));
	assert_int_equal(ether_model_totals(model)->collisions, 0);
}

/* Other spreading factors are noise: SF 9 is read down to -12.5 dB among it, and not below. */
static void test_other_spreading_factor(void **unused)
{
	(void)unused;
	struct ether_tuning sf7 = sf9;
	sf7.spreading_factor = 7;
	for (int apart_db = 11; apart_db <= 14; apart_db += 3) {
		set_loss(1, 114 - apart_db); /* b is that much stronger than a */
		start(&sf9);
		ether_model_tune(model, b, 0, &sf7);
		both_send(0, 20000);
		assert_int_equal(heard_from("from a"), apart_db < 12.5);
	}
	setup(NULL);
}

/* A neighbour channel is no enemy, half of one is noise. */
static void test_other_channel(void **unused)
{
	(void)unused;
	struct ether_tuning other = sf9;
	other.frequency_hz += 200000;
	set_loss(1, 60);
	start(&sf9);
	ether_model_tune(model, b, 0, &other);
	both_send(0, 1000);
	assert_true(heard_from("from a"));
	other.frequency_hz = sf9.frequency_hz + 62500;
	start(&sf9);
	ether_model_tune(model, b, 0, &other);
	both_send(0, 1000);
	assert_false(heard_from("from a"));
	set_loss(1, 114); /* equally strong: as noise it does no harm */
	start(&sf9);
	ether_model_tune(model, b, 0, &other);
	both_send(0, 1000);
	assert_true(heard_from("from a"));
}

/* a and b are hidden from one another, find the channel free and collide at base; base hears both carriers. */
static void test_hidden(void **unused)
{
	(void)unused;
	start(&sf9);
	assert_true(ether_model_send(model, a, 0, "x", 1) > 0);
	assert_false(ether_model_carrier(model, b, 1000));
	assert_true(ether_model_carrier(model, base, 1000));
	assert_true(ether_model_send(model, b, 1000, "y", 1) > 0);
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD), 0);
	assert_false(ether_model_carrier(model, base, 1000000000));
	/* In sight of one another b would have waited. */
	set_loss(2, 114);
	start(&sf9);
	assert_true(ether_model_send(model, a, 0, "x", 1) > 0);
	assert_true(ether_model_carrier(model, b, 1000));
}

static void test_half_duplex(void **unused)
{
	(void)unused;
	static const uint8_t bytes[20];
	start(&sf9);
	assert_int_equal(ether_model_send(model, base, 0, bytes, 20), airtime_us);
	assert_int_equal(ether_model_send(model, base, 1, bytes, 20), -EBUSY);
	assert_int_equal(ether_model_tune(model, base, 1, &sf9), -EBUSY);
	assert_true(ether_model_send(model, a, 100000, bytes, 20) > 0);
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD) + count(base, ETHER_SPOILT), 0);
	assert_int_equal(ether_model_totals(model)->deaf, 2); /* base of a, a of base */
	/* Also when it begins to send in the middle of what it was about to hear. */
	start(&sf9);
	assert_true(ether_model_send(model, a, 0, bytes, 20) > 0);
	assert_true(ether_model_send(model, base, 100000, bytes, 1) > 0);
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD) + count(base, ETHER_SPOILT), 0);
	/* It hears again from its end on, as long as five symbols of the preamble are left. */
	for (int late = 0; late < 2; late++) {
		start(&sf9);
		assert_int_equal(ether_model_send(model, base, 0, bytes, 20), airtime_us);
		assert_true(ether_model_send(model, a, airtime_us - 12288 - late, bytes, 20) > 0);
		take_until(1000000000);
		assert_int_equal(count(base, ETHER_HEARD), !late);
	}
}

/* Off, retuned or too late: nothing. Tuning to the same again changes nothing. */
static void test_listening(void **unused)
{
	(void)unused;
	struct ether_tuning other = sf9;
	start(&sf9);
	ether_model_off(model, base, 0);
	ether_model_send(model, a, 0, "x", 1);
	ether_model_tune(model, base, 20000, &sf9);
	take_until(1000000);
	assert_int_equal(count(base, ETHER_HEARD), 0);
	ether_model_send(model, a, 1000000, "x", 1);
	ether_model_tune(model, base, 1020000, &sf9);
	take_until(2000000);
	assert_int_equal(count(base, ETHER_HEARD), 1);
	ether_model_send(model, a, 2000000, "x", 1);
	other.sync = 0x34;
	ether_model_tune(model, base, 2020000, &other);
	take_until(3000000);
	assert_int_equal(count(base, ETHER_HEARD), 0);
	ether_model_send(model, a, 3000000, "x", 1); /* wrong sync word from the start */
	take_until(4000000);
	assert_int_equal(count(base, ETHER_HEARD) + count(base, ETHER_SPOILT), 0);
	assert_int_equal(ether_model_tune(model, base, 4000000, &sf9), 0);
	ether_model_leave(model, base, 4000000);
	ether_model_send(model, a, 4000000, "x", 1);
	take_until(5000000);
	assert_int_equal(arrival_count, 1);
	assert_int_equal(ether_model_join(model, "base"), base);
	assert_int_equal(ether_model_send(model, base, 5000000, "x", 1), -ENOTCONN);
}

/* Sensitivity: SF 9 at 125 kHz down to -117.0 - 12.5 = -129.5 dBm; 3 dB below that the preamble is still seen. */
static void test_sensitivity(void **unused)
{
	(void)unused;
	static const struct {
		double loss_db;
		enum ether_event event;
	} cases[] = {{143.3, ETHER_HEARD}, {143.7, ETHER_SPOILT}, {146.3, ETHER_SPOILT}, {146.7, ETHER_NOTHING}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set_loss(0, cases[i].loss_db);
		start(&sf9);
		ether_model_send(model, a, 0, "x", 1);
		take_until(1000000);
		assert_int_equal(count(base, ETHER_HEARD), cases[i].event == ETHER_HEARD);
		assert_int_equal(count(base, ETHER_SPOILT), cases[i].event == ETHER_SPOILT);
	}
	/* SF 12 is read 7.5 dB further down. */
	struct ether_tuning sf12 = sf9;
	sf12.spreading_factor = 12;
	set_loss(0, 150.8);
	start(&sf12);
	ether_model_send(model, a, 0, "x", 1);
	take_until(10000000);
	assert_int_equal(count(base, ETHER_HEARD), 1);
}

static void test_refused(void **unused)
{
	(void)unused;
	static const uint8_t bytes[256];
	struct ether_tuning bad = sf9;
	start(&sf9);
	assert_int_equal(ether_model_join(model, "a"), -EEXIST);
	assert_int_equal(ether_model_join(model, "a-name-of-more-than-thirty-one-characters"), -ENAMETOOLONG);
	assert_int_equal(ether_model_send(model, a, 0, bytes, 0), -EMSGSIZE);
	assert_int_equal(ether_model_send(model, a, 0, bytes, 256), -EMSGSIZE);
	bad.spreading_factor = 13;
	assert_int_equal(ether_model_tune(model, a, 0, &bad), -EINVAL);
	bad = (struct ether_tuning){.frequency_hz = 144800000, .afsk_baud = 1};
	assert_int_equal(ether_model_tune(model, a, 0, &bad), -EINVAL);
}

static void test_afsk(void **unused)
{
	(void)unused;
	static const struct ether_tuning vhf = {
	    .frequency_hz = 144800000, .afsk_baud = 1200, .txdelay_ms = 300, .power_dbm = 30};
	static const uint8_t bytes[18];
	start(&vhf);
	int64_t airtime = ether_model_send(model, a, 0, bytes, sizeof(bytes));
	assert_int_equal(airtime, 300000 + ((16 + afsk_exact_bits(bytes, sizeof(bytes))) * 1000000 + 1199) / 1200);
	/* What ends before the data begins does no harm; one flag more, and it does. */
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD), 1);
	start(&vhf);
	int64_t first = ether_model_send(model, a, 0, bytes, sizeof(bytes));
	ether_model_send(model, b, first - 299000, bytes, sizeof(bytes));
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD), 1);
	start(&vhf);
	ether_model_send(model, a, 0, bytes, sizeof(bytes));
	ether_model_send(model, b, first - 301000, bytes, sizeof(bytes));
	take_until(1000000000);
	assert_int_equal(count(base, ETHER_HEARD), 0);
}

/* Rolls a thousand packets; the same seed gives the same losses, another gives others, and their number fits. */
static uint64_t losses_of(uint64_t seed, uint8_t pattern[1000])
{
	scenario.seed = seed;
	scenario.random_loss = 0.1;
	start(&sf9);
	for (int i = 0; i < 1000; i++) {
		ether_model_send(model, a, i * 1000000ll, "x", 1);
		take_until(i * 1000000ll + 999999);
		pattern[i] = (uint8_t)count(base, ETHER_HEARD);
	}
	return ether_model_totals(model)->random_losses;
}

static void test_seed(void **unused)
{
	(void)unused;
	static uint8_t one[1000], again[1000], other[1000];
	assert_in_range(losses_of(1, one), 70, 130);
	losses_of(1, again);
	losses_of(2, other);
	assert_memory_equal(one, again, sizeof(one));
	assert_int_not_equal(memcmp(one, other, sizeof(one)), 0);
}

/* Two hours of twenty stations that send every half minute or so, without any real clock; all that happened, as text. */
static char *two_hours(void)
{
	enum { STATIONS = 20, SENDS = 4800 };
	static const uint8_t bytes[32];
	uint64_t random = 12345;
	int64_t now = 0;
	int stations[STATIONS];
	ether_model_free(model);
	model = ether_model_new(&scenario);
	for (int i = 0; i < STATIONS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "node%d", i);
		stations[i] = ether_model_join(model, name);
		assert_int_equal(ether_model_tune(model, stations[i], 0, &sf9), 0);
	}
	for (int i = 0; i < SENDS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		now += (int64_t)((random >> 33) % 3000000);
		take_until(now);
		ether_model_send(model, stations[(random >> 20) % STATIONS], now, bytes, 1 + (random >> 40) % 32);
	}
	json_t *report = ether_model_report(model);
	char *text = json_dumps(report, JSON_COMPACT);
	json_decref(report);
	assert_in_range(now, 6600000000, 7800000000);
	return text;
}

static void test_same_twice(void **unused)
{
	(void)unused;
	ether_scenario_init(&scenario);
	snprintf(scenario.region, sizeof(scenario.region), "eu868");
	scenario.random_loss = 0.05;
	scenario.fading_db = 6;
	scenario.clutter_db = 40;
	for (int i = 0; i < 20; i++) {
		char name[16];
		snprintf(name, sizeof(name), "node%d", i);
		ether_scenario_place(&scenario, name, &(struct ether_place){i * 300.0, i % 4 * 500.0, 3, 2.15});
	}
	char *one = two_hours(), *again = two_hours();
	assert_string_equal(one, again);
	const struct ether_totals *totals = ether_model_totals(model);
	assert_true(totals->heard > 1000 && totals->collisions > 10);
	assert_true(totals->random_losses > 10 && totals->deaf > 10 && totals->weak > 10);
	scenario.seed = 2;
	free(again);
	again = two_hours();
	assert_string_not_equal(one, again);
	free(one);
	free(again);
}

static void test_fading(void **unused)
{
	(void)unused;
	double sum = 0, squares = 0;
	scenario.fading_db = 4;
	start(&sf9);
	for (int i = 0; i < 1000; i++) {
		ether_model_send(model, a, i * 1000000ll, "x", 1);
		take_until(i * 1000000ll + 999999);
		assert_int_equal(count(base, ETHER_HEARD), 1);
		double apart = arrivals[1].news.rssi_dbm + 100;
		sum += apart;
		squares += apart * apart;
	}
	assert_near(sum / 1000, 0, 0.5);
	assert_near(sqrt(squares / 1000), 4, 0.4);
}

/* Reckoned, not given: 14 dBm, two dipoles, plane earth, 10 dB of trees. */
static void test_places(void **unused)
{
	(void)unused;
	ether_scenario_init(&scenario);
	ether_scenario_place(&scenario, "base", &(struct ether_place){0, 0, 10, 2.15});
	ether_scenario_place(&scenario, "a", &(struct ether_place){6000, 8000, 2, 2.15});
	ether_scenario_place(&scenario, "b", &(struct ether_place){50000, 0, 2, 2.15});
	scenario.clutter_db = 5;
	start(&sf9);
	ether_model_send(model, a, 0, "x", 1);
	take_until(1000000);
	assert_int_equal(count(base, ETHER_HEARD), 1);
	assert_near(arrivals[1].news.rssi_dbm, 14 + 4.3 - 133.98 - 5, 0.01);
	assert_int_equal(count(b, ETHER_HEARD) + count(b, ETHER_SPOILT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_delivery, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_capture, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_overlap, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_other_spreading_factor, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_other_channel, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_half_duplex, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_listening, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sensitivity, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_afsk, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_seed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_same_twice, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_fading, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_places, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

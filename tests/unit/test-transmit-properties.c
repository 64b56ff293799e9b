/* What must hold of a radio's scheduler whatever comes: names make no difference, floods delay others by one frame, limits are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/transmit_rig.h"

enum { STATIONS = 8, SERVED = 1500, HOUR_MS = 3600000 };

/* Serves a random load of stations that are called names[permutation[i]]; writes down when which row went. */
static void serve_with_names(const size_t permutation[STATIONS], int64_t served[SERVED])
{
	/* Stations and organisations alike: the scheduler sees one name. */
	static const char *const names[STATIONS] = {"N0CALL-1", "N0CALL-2", "AAAAAAAA", "zzzzzzzz",
						    "org-one1", "org-two2", "m-000001", "--------"};
	unsigned short dice[3] = {1, 2, 3}; /* the same load every time */
	struct transmit_rig *rig = transmit_rig_new(36000000, 6000000, 0.25);
	size_t count = 0;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		rig->airtime_us[i] = 100000 + 77000 * (int64_t)i;
	while (count < SERVED) {
		if (nrand48(dice) % 5 < 3) {
			size_t station = (size_t)nrand48(dice) % STATIONS;
			enum message_class class = (enum message_class)(nrand48(dice) % CLASS_COUNT);
			if (class > CLASS_URGENT || nrand48(dice) % 20 == 0)
				transmit_rig_put_frames(rig, class, names[permutation[station]],
							1 + (unsigned)nrand48(dice) % 4);
			continue;
		}
		int64_t row = nrand48(dice) % 4 ? transmit_rig_send(rig) : transmit_rig_wait(rig);
		served[count++] = row < 0 ? -rig->again_ms : row + rig->now_ms * TRANSMIT_RIG_ROWS;
	}
	transmit_rig_free(rig);
}

static void names_make_no_difference(void **state)
{
	(void)state;
	static int64_t expected[SERVED], served[SERVED];
	size_t permutation[STATIONS] = {0, 1, 2, 3, 4, 5, 6, 7};
	unsigned short dice[3] = {7, 7, 7};
	serve_with_names(permutation, expected);
	for (size_t round = 0; round < 30; round++) {
		for (size_t i = STATIONS - 1; i > 0; i--) {
			size_t other = (size_t)nrand48(dice) % (i + 1), kept = permutation[i];
			permutation[i] = permutation[other];
			permutation[other] = kept;
		}
		serve_with_names(permutation, served);
		assert_memory_equal(served, expected, sizeof(expected));
	}
}

/* However long a station has been flooding, with messages of one frame or eight, another's first frame waits for one of its at most. */
static void flood_delays_another_by_one_frame(void **state)
{
	(void)state;
	for (enum message_class class = 0; class < CLASS_COUNT; class += 1)
		for (unsigned taken = 0; taken < 20; taken++)
			for (unsigned frames = 1; frames <= 8; frames += 7) {
				struct transmit_rig *rig = transmit_rig_new(36000000, 0, 0.25);
				for (size_t i = 0; i < 100; i++)
					transmit_rig_put_frames(rig, class, "FLOOD", frames);
				for (unsigned i = 0; i < taken; i++)
					assert_true(transmit_rig_wait(rig) >= 0);
				transmit_rig_put(rig, class, "QUIET"); /* row 100 */
				assert_true(transmit_rig_wait(rig) == 100 || transmit_rig_wait(rig) == 100);
				transmit_rig_free(rig);
			}
}

/* A sliding hour kept apart from the ledger: every transmission of the last hour, however little of it lies inside. */
struct hour {
	int64_t start_ms[TRANSMIT_RIG_ROWS], airtime_us[TRANSMIT_RIG_ROWS];
	bool urgent[TRANSMIT_RIG_ROWS];
	size_t count;
};

static int64_t used_us(const struct hour *hour, int64_t end_ms, bool ordinary_only)
{
	int64_t used = 0;
	for (size_t i = 0; i < hour->count; i++)
		if (hour->start_ms[i] + hour->airtime_us[i] / 1000 > end_ms - HOUR_MS &&
		    !(ordinary_only && hour->urgent[i]))
			used += hour->airtime_us[i];
	return used;
}

/* Four hours of more than fits, and the alerts for which there is a reserve: no hour ever holds more than is allowed, ordinary ones stay out of
 * the reserve, no alert waits for anything, and what is ordinary leaves the channel to the field. */
static void limits_are_kept_and_alerts_never_wait(void **state)
{
	(void)state;
	enum { LIMIT_US = 36000000, RESERVE_US = 13 * 400000 };
	static struct hour hour;
	unsigned short dice[3] = {4, 4, 4};
	struct transmit_rig *rig = transmit_rig_new(LIMIT_US, RESERVE_US, 0.25);
	int64_t end_ms = rig->now_ms + 4 * (int64_t)HOUR_MS, alert_ms = rig->now_ms, quiet_ms = 0;
	size_t bulk = 0;
	hour.count = 0;
	while (rig->now_ms < end_ms) {
		for (enum message_class class = CLASS_SAFETY; class <= CLASS_BULK; class += 1)
			if (transmit_level(rig->transmit, class).entries < 3)
				transmit_rig_put(rig, class, nrand48(dice) % 2 ? "A" : "B");
		bool alert = rig->now_ms >= alert_ms;
		if (alert) {
			alert_ms += 300000;
			transmit_rig_put(rig, nrand48(dice) % 2 ? CLASS_DISTRESS : CLASS_URGENT, "C");
		}
		for (size_t i = 0; i < CLASS_COUNT; i++)
			rig->airtime_us[i] = 50000 + nrand48(dice) % 350000;
		int64_t start_ms = rig->now_ms, row = transmit_rig_send(rig);
		if (row < 0) {
			assert_false(alert);
			assert_true(rig->again_ms > rig->now_ms);
			rig->now_ms = rig->again_ms < alert_ms ? rig->again_ms : alert_ms;
			continue;
		}
		assert_true(!alert || rig->class <= CLASS_URGENT);
		assert_true(hour.count < TRANSMIT_RIG_ROWS);
		hour.start_ms[hour.count] = start_ms;
		hour.airtime_us[hour.count] = rig->airtime_us[rig->class];
		hour.urgent[hour.count++] = rig->class <= CLASS_URGENT;
		assert_true(used_us(&hour, rig->now_ms, false) <= LIMIT_US);
		assert_true(used_us(&hour, rig->now_ms, true) <= LIMIT_US - RESERVE_US);
		if (rig->class > CLASS_SAFETY) {
			assert_true(start_ms >= quiet_ms);
			quiet_ms = start_ms + 4 * rig->airtime_us[rig->class] / 1000;
		}
		bulk += rig->class == CLASS_BULK;
	}
	assert_true(bulk > 20);
	transmit_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_make_no_difference),
	    cmocka_unit_test(flood_delays_another_by_one_frame),
	    cmocka_unit_test(limits_are_kept_and_alerts_never_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

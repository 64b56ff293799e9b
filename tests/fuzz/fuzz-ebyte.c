/* Any bytes from an Ebyte module, in its answers and in its data: in one piece and byte by byte they must come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/carriage.h"
#include "drivers/codec/ebyte.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ALARMS_MAX = 2000 };

struct run {
	struct record record;
	struct driver_under_test *driver;
};

/* Lets time pass until the driver awaits nothing sooner than a minute. */
static void pass_time(struct run *run)
{
	int64_t until_us = run->record.now_us + 60000000;
	for (int i = 0; i < ALARMS_MAX && run->record.alarm_us && run->record.alarm_us < until_us; i++) {
		if (run->record.now_us < run->record.alarm_us)
			run->record.now_us = run->record.alarm_us;
		run->record.alarm_us = 0;
		run->driver->modem->alarm(run->driver->state);
	}
}

static void run_new(struct run *run, const char *modem, const struct driver_setting *settings)
{
	memset(&run->record, 0, sizeof(run->record));
	run->record.now_us = 1000000;
	run->record.lines[0] = run->record.lines[1] = run->record.lines[2] = 1;
	run->driver = modem_under_test(modem, &run->record, settings);
	run->driver->modem->opened(run->driver->state);
}

/* Up to the question for the registers, whose answer is what comes. */
static void ask(struct run *run)
{
	for (int i = 0; i < ALARMS_MAX && !run->record.written_size; i++) {
		run->record.now_us = run->record.alarm_us;
		run->driver->modem->alarm(run->driver->state);
	}
}

static void compare(const struct record *a, const struct record *b)
{
	if (a->heard_count != b->heard_count || a->heard_size != b->heard_size || a->drop_count != b->drop_count ||
	    a->written_size != b->written_size || memcmp(a->heard, b->heard, a->heard_size) != 0 ||
	    memcmp(a->written, b->written, a->written_size) != 0)
		abort();
}

static void look(struct run *run)
{
	struct modem_status status;
	run->driver->modem->status(run->driver->state, &status);
	if (!status.text || !status.model || !status.firmware)
		abort();
}

static void try_modem(const char *modem, const struct driver_setting *settings, bool answers, const uint8_t *bytes,
		      size_t size)
{
	static struct run whole, single;
	struct run *const runs[] = {&whole, &single};
	for (int i = 0; i < 2; i++) {
		run_new(runs[i], modem, settings);
		if (answers)
			ask(runs[i]);
		else
			pass_time(runs[i]); /* no answer; the normal mode, not configured, hears all the same */
	}
	whole.driver->modem->input(whole.driver->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.driver->modem->input(single.driver->state, bytes + i, 1);
	for (int i = 0; i < 2; i++) {
		pass_time(runs[i]);
		look(runs[i]);
	}
	compare(&whole.record, &single.record);
	driver_under_test_free(whole.driver);
	driver_under_test_free(single.driver);
}

/* What is written is read again as it was. */
static void try_carriage(const uint8_t *bytes, size_t size)
{
	struct carriage_decoder decoder = {.with_rssi = false};
	uint8_t out[CARRIAGE_MAX];
	const uint8_t *at = bytes;
	size_t left = size;
	while (carriage_decode(&decoder, &at, &left))
		if (decoder.frame_size < 1 || decoder.frame_size > CARRIAGE_FRAME_MAX)
			abort();
	/* A frame with a whole one in it comes out as that one. */
	if (size < 1 || size > CARRIAGE_FRAME_MAX || memmem(bytes, size, "\xc5\x5e", 2))
		return;
	carriage_reset(&decoder);
	left = carriage_encode(bytes, size, out);
	at = out;
	if (!carriage_decode(&decoder, &at, &left) || decoder.frame_size != size ||
	    memcmp(decoder.frame, bytes, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct driver_setting e22[] = {{"frequency_mhz", "868.125"}, {NULL, NULL}};
	const struct driver_setting e32[] = {{"frequency_mhz", "868"}, {NULL, NULL}};
	try_modem("ebyte-e22", e22, true, bytes, size);
	try_modem("ebyte-e22", e22, false, bytes, size);
	try_modem("ebyte-e32", e32, true, bytes, size);
	try_modem("ebyte-e32", e32, false, bytes, size);
	try_carriage(bytes, size);
	return 0;
}

/* Any bytes from an SA818 module while it is being set up and examined: in one piece and byte by byte they must come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/sa818.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ALARMS = 64 };

struct run {
	struct record record;
	struct driver_under_test *sa818;
};

static void ring(struct run *run)
{
	if (run->record.alarm_us > run->record.now_us)
		run->record.now_us = run->record.alarm_us;
	run->sa818->modem->alarm(run->sa818->state);
}

/* The alarm rings behind every line, so that all of the conversation is reached. */
static void feed(struct run *run, const uint8_t *bytes, size_t size, bool single)
{
	while (size > 0) {
		const uint8_t *end = memchr(bytes, '\n', size);
		size_t line = end ? (size_t)(end - bytes) + 1 : size;
		for (size_t i = 0; single && i < line; i++)
			run->sa818->modem->input(run->sa818->state, bytes + i, 1);
		if (!single)
			run->sa818->modem->input(run->sa818->state, bytes, line);
		bytes += line;
		size -= line;
		ring(run);
		run->sa818->modem->examine(run->sa818->state, size % 2 ? MODEM_TEST : MODEM_SCAN);
	}
}

static void run_new(struct run *run, const struct driver_setting *settings, const uint8_t *bytes, size_t size,
		    bool single)
{
	memset(&run->record, 0, sizeof(run->record));
	run->sa818 = modem_under_test("sa818", &run->record, settings);
	run->sa818->modem->opened(run->sa818->state);
	ring(run);
	ring(run);
	feed(run, bytes, size, single);
	for (int i = 0; i < ALARMS; i++)
		ring(run);
}

static void compare(const struct run *a, const struct run *b)
{
	struct modem_status one, other;
	a->sa818->modem->status(a->sa818->state, &one);
	b->sa818->modem->status(b->sa818->state, &other);
	if (a->record.written_size != b->record.written_size || a->record.drop_count != b->record.drop_count ||
	    a->record.finding_count != b->record.finding_count || a->record.changes != b->record.changes ||
	    one.ready != other.ready || strcmp(one.text, other.text) != 0 || strcmp(one.firmware, other.firmware) != 0)
		abort();
}

static void try_settings(const struct driver_setting *settings, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, settings, bytes, size, false);
	run_new(&single, settings, bytes, size, true);
	compare(&whole, &single);
	driver_under_test_free(whole.sa818);
	driver_under_test_free(single.sa818);
}

/* A tone that is taken has a code of four characters. */
static void try_tone(const uint8_t *bytes, size_t size)
{
	char text[16] = "", code[SA818_TONE_SIZE];
	memcpy(text, bytes, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	if (sa818_tone(text, code) && strlen(code) != SA818_TONE_SIZE - 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_settings((const struct driver_setting[]){{"frequency_mhz", "144.8"}, {NULL, NULL}}, bytes, size);
	try_settings((const struct driver_setting[]){{"frequency_mhz", "433.5"},
						     {"variant", "dra818"},
						     {"squelch", "0"},
						     {"scan_mhz", "433.5 440"},
						     {NULL, NULL}},
		     bytes, size);
	try_tone(bytes, size);
	return 0;
}

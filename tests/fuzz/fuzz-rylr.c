/* Any bytes through the RYLR drivers: in one piece and byte by byte they must come to the same, and what is composed is read again. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/base64url.h"
#include "drivers/codec/rylr.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct run {
	struct record record;
	struct driver_under_test *rylr;
};

/* The answers of a module that is set up as configured; with `sending` a packet is under way. */
static const char *const answers[] = {
    "+OK\r\n",           "+VER=RYLR998_V1\r\n",     "+UID=1\r\n",          "+IPR=115200\r\n", "+MODE=0\r\n",
    "+NETWORKID=18\r\n", "+PARAMETER=9,7,1,12\r\n", "+BAND=868100000\r\n", "+ADDRESS=0\r\n",  "+CRFOP=14\r\n"};

static void run_new(struct run *run, bool sending)
{
	static const struct driver_setting settings[] = {{"frequency_mhz", "868.1"}, {NULL, NULL}};
	memset(&run->record, 0, sizeof(run->record));
	run->record.lines[0] = -ENODEV;
	run->rylr = modem_under_test("rylr998", &run->record, settings);
	run->rylr->modem->opened(run->rylr->state);
	for (size_t i = 0; sending && i < sizeof(answers) / sizeof(answers[0]); i++)
		run->rylr->modem->input(run->rylr->state, (const uint8_t *)answers[i], strlen(answers[i]));
	if (sending &&
	    run->rylr->modem->send(run->rylr->state, &(struct datagram){.bytes = (const uint8_t *)"x", .size = 1}) != 0)
		abort();
}

static void finish(struct run *run)
{
	for (int i = 0; i < 20 && run->record.alarm_us; i++) {
		run->record.now_us = run->record.alarm_us;
		run->rylr->modem->alarm(run->rylr->state);
	}
	driver_under_test_free(run->rylr);
}

static void try_stream(bool sending, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, sending);
	run_new(&single, sending);
	whole.rylr->modem->input(whole.rylr->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.rylr->modem->input(single.rylr->state, bytes + i, 1);
	if (!record_agrees(&whole.record, &single.record))
		abort();
	finish(&whole);
	finish(&single);
}

/* A packet with these bytes as data, as they are and as text, is read as it was written. */
static void try_packet(const uint8_t *bytes, size_t size)
{
	uint8_t line[RYLR_BUFFER_MAX];
	struct rylr_decoder decoder = {0};
	if (size > RYLR_DATA_MAX)
		return;
	size_t used = (size_t)snprintf((char *)line, sizeof(line), "+RCV=7,%zu,", size);
	memcpy(line + used, bytes, size);
	used += size;
	used += (size_t)snprintf((char *)line + used, sizeof(line) - used, ",-99,-3\r\n");
	const uint8_t *at = line;
	if (rylr_decode(&decoder, &at, &used) != RYLR_RECEIVED || decoder.data_size != size ||
	    memcmp(decoder.data, bytes, size) != 0 || decoder.rssi_dbm != -99)
		abort();
}

static void try_text(const uint8_t *bytes, size_t size)
{
	uint8_t out[RYLR_DATA_MAX];
	char text[RYLR_DATA_MAX];
	size_t used;
	/* Whatever is taken is what would be written. */
	if (base64url_decode((const char *)bytes, size, out, sizeof(out), &used) && used <= RYLR_DATA_MAX * 3 / 4 &&
	    (base64url_encode(out, used, text, sizeof(text)) != size || memcmp(text, bytes, size) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_stream(false, bytes, size);
	try_stream(true, bytes, size);
	try_packet(bytes, size);
	try_text(bytes, size);
	return 0;
}

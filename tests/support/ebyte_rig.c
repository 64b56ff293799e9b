/* Drivers of Ebyte modules joined to simulated modules under a simulated clock. */
#include "tests/support/ebyte_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_M0, LINE_M1, LINE_AUX };

static const struct modem_ops *ops_of(const struct ebyte_station *station)
{
	return station->driver->modem;
}

static void to_host(void *context, const uint8_t *bytes, size_t size)
{
	struct ebyte_station *station = context;
	station->record.now_us = station->rig->now_us;
	if (station->driver && !station->unplugged)
		ops_of(station)->input(station->driver->state, bytes, size);
}

static unsigned host_baud(void *context)
{
	const struct ebyte_station *station = context;
	return station->record.baud ? station->record.baud : 9600;
}

/* The driver has a pull-up: what is not driven reads high. */
static void set_aux(void *context, int level)
{
	struct ebyte_station *station = context;
	if (station->record.lines[LINE_AUX] == -ENODEV)
		return;
	bool on = level != 0;
	station->record.lines[LINE_AUX] = on;
	station->record.now_us = station->rig->now_us;
	if (station->driver && level >= 0 && !station->deaf_line && !station->unplugged)
		ops_of(station)->line(station->driver->state, LINE_AUX, on);
}

static void on_air(void *context, const uint8_t *bytes, size_t size)
{
	struct ebyte_station *station = context;
	struct ebyte_rig *rig = station->rig;
	station->packets++;
	station->last_packet = size;
	for (size_t i = 0; i < rig->count && !rig->on_air_lost; i++)
		if (&rig->stations[i] != station)
			ebyte_sim_heard(rig->stations[i].sim, rig->rssi_dbm, bytes, size, rig->now_us);
}

static void tune(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm)
{
	(void)context, (void)frequency_hz, (void)modulation, (void)power_dbm;
}

/* What the driver did reaches the module. */
static void pass_on(struct ebyte_station *station)
{
	struct record *record = &station->record;
	int64_t now_us = station->rig->now_us;
	ebyte_sim_pins(station->sim, record->lines[LINE_M0] != 0, record->lines[LINE_M1] != 0, now_us);
	size_t size = record->written_size;
	record->written_size = 0;
	if (size && !station->unplugged)
		ebyte_sim_uart(station->sim, record->written, size, now_us);
}

static int64_t next_us(const struct ebyte_rig *rig)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < rig->count; i++) {
		int64_t alarm_us = rig->stations[i].record.alarm_us, sim_us = ebyte_sim_next_us(rig->stations[i].sim);
		next = alarm_us && alarm_us < next ? alarm_us : next;
		next = sim_us < next ? sim_us : next;
	}
	return next > rig->now_us ? next : rig->now_us;
}

static void turn(struct ebyte_rig *rig)
{
	for (size_t i = 0; i < rig->count; i++) {
		struct ebyte_station *station = &rig->stations[i];
		station->record.now_us = rig->now_us;
		ebyte_sim_advance(station->sim, rig->now_us);
		pass_on(station);
		if (station->record.alarm_us && station->record.alarm_us <= rig->now_us) {
			station->record.alarm_us = 0;
			ops_of(station)->alarm(station->driver->state);
			pass_on(station);
		}
	}
}

void ebyte_rig_run(struct ebyte_rig *rig, int64_t us)
{
	int64_t end_us = rig->now_us + us;
	for (int64_t next; (next = next_us(rig)) <= end_us;) {
		rig->now_us = next;
		turn(rig);
	}
	rig->now_us = end_us;
	turn(rig);
}

void ebyte_rig_start(struct ebyte_rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->now_us = 1000000;
	rig->rssi_dbm = -80;
}

void ebyte_rig_stop(struct ebyte_rig *rig)
{
	for (size_t i = 0; i < rig->count; i++) {
		ebyte_sim_free(rig->stations[i].sim);
		driver_under_test_free(rig->stations[i].driver);
	}
	rig->count = 0;
}

struct ebyte_station *ebyte_rig_add(struct ebyte_rig *rig, const char *modem, const struct ebyte_sim_options *options,
				    const struct driver_setting *settings)
{
	struct ebyte_station *station = &rig->stations[rig->count];
	if (rig->count == EBYTE_RIG_STATIONS)
		abort();
	station->rig = rig;
	station->options = *options;
	station->options.own_airtime = true;
	const struct ebyte_sim_ports ports = {
	    .context = station, .uart = to_host, .host_baud = host_baud, .aux = set_aux, .air = on_air, .tune = tune};
	station->record.now_us = rig->now_us;
	station->record.lines[LINE_M0] = station->record.lines[LINE_M1] = station->record.lines[LINE_AUX] = 1;
	station->sim = ebyte_sim_new(&station->options, &ports, rig->now_us);
	station->driver = modem_under_test(modem, &station->record, settings);
	if (!station->sim)
		abort();
	rig->count++;
	ops_of(station)->opened(station->driver->state);
	pass_on(station);
	return station;
}

void ebyte_rig_reopen(struct ebyte_station *station)
{
	station->record.now_us = station->rig->now_us;
	for (unsigned line = LINE_M0; line <= LINE_M1; line++)
		if (station->record.lines[line] >= 0)
			station->record.lines[line] = 1;
	station->record.baud = 0;
	station->unplugged = false;
	ops_of(station)->opened(station->driver->state);
	pass_on(station);
}

bool ebyte_rig_until_ready(struct ebyte_station *station, int64_t us)
{
	int64_t end_us = station->rig->now_us + us;
	while (!ebyte_rig_status(station).ready && station->rig->now_us < end_us)
		ebyte_rig_run(station->rig, 1000);
	return ebyte_rig_status(station).ready;
}

static bool has_ended(const struct record *record)
{
	size_t last = record->sent_count;
	return last && last <= RECORD_SENT_MAX && record->sent[last - 1].result != SEND_ON_AIR;
}

bool ebyte_rig_until_sent(struct ebyte_station *station, int64_t us)
{
	int64_t end_us = station->rig->now_us + us;
	while (!has_ended(&station->record) && station->rig->now_us < end_us)
		ebyte_rig_run(station->rig, 1000);
	return has_ended(&station->record);
}

int ebyte_rig_send(struct ebyte_station *station, const void *bytes, size_t size)
{
	const struct datagram datagram = {.bytes = bytes, .size = size};
	station->record.sent_count = 0;
	station->record.now_us = station->rig->now_us;
	int result = ops_of(station)->send(station->driver->state, &datagram);
	pass_on(station);
	return result;
}

int ebyte_rig_examine(struct ebyte_station *station, enum modem_examination what)
{
	station->record.examined = false;
	station->record.finding_count = 0;
	station->record.now_us = station->rig->now_us;
	int result = ops_of(station)->examine(station->driver->state, what);
	pass_on(station);
	return result;
}

void ebyte_rig_to_module(struct ebyte_station *station, const void *bytes, size_t size)
{
	ebyte_sim_uart(station->sim, bytes, size, station->rig->now_us);
}

void ebyte_rig_to_driver(struct ebyte_station *station, const void *bytes, size_t size)
{
	to_host(station, bytes, size);
	pass_on(station);
}

struct modem_status ebyte_rig_status(struct ebyte_station *station)
{
	struct modem_status status;
	ops_of(station)->status(station->driver->state, &status);
	return status;
}

const char *ebyte_rig_finding(const struct ebyte_station *station, const char *name)
{
	const struct record *record = &station->record;
	for (size_t i = 0; i < record->finding_count && i < RECORD_FINDINGS_MAX; i++)
		if (strcmp(record->findings[i].name, name) == 0)
			return record->findings[i].value;
	return NULL;
}

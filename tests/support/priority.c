/* The clock of the simulation, and what its halves have in common. */
#include "tests/support/priority_internal.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/ether_reception.h"

enum { AX25_OVERHEAD = 16, ALERTS_END_US = 120000000 };

#define LORA(hz, dbm)                                                                                                  \
	{                                                                                                              \
		.frequency_hz = (hz), .power_dbm = (dbm), .bandwidth_hz = 125000, .spreading_factor = 9,               \
		.coding_rate = 5, .preamble = 8, .sync = 0x12                                                          \
	}
#define AFSK(dbm)                                                                                                      \
	{                                                                                                              \
		.frequency_hz = 144800000, .power_dbm = (dbm), .afsk_baud = 1200, .txdelay_ms = 300                    \
	}

const struct priority_case priority_cases[] = {
    {"eu868-10pct", "eu868", LORA(869525000, 27), LORA(869525000, 14), 0, 2000, 4000},
    {"eu868-1pct", "eu868", LORA(868300000, 14), LORA(868300000, 14), 0, 2000, 4000},
    {"afsk1200", "none", AFSK(44), AFSK(37), AX25_OVERHEAD, 10000, 8000},
    {0},
};

const struct priority_case *priority_case_of(const char *name)
{
	for (const struct priority_case *of = priority_cases; of->name; of++)
		if (strcmp(of->name, name) == 0)
			return of;
	return NULL;
}

int64_t priority_longest_us(const struct priority_case *of)
{
	/* With audio tones no bit is stuffed into these; real frames take up to 2 % longer, which flatters no ratio. */
	uint8_t bytes[ETHER_PAYLOAD_MAX];
	memset(bytes, 0x55, sizeof(bytes));
	return ether_airtime_us(&of->gateway, bytes, PRIORITY_FRAME_MAX + of->overhead);
}

double dice_roll(unsigned short dice[3])
{
	return erand48(dice);
}

void frame_make(struct frame *frame, const struct priority_case *of, enum frame_kind kind, unsigned station,
		unsigned number, size_t size)
{
	unsigned short dice[3] = {(unsigned short)station, (unsigned short)number, (unsigned short)kind};
	frame->size = of->overhead + size;
	for (size_t i = 0; i < frame->size; i++)
		frame->bytes[i] = (uint8_t)nrand48(dice);
	uint8_t *at = frame->bytes + of->overhead;
	at[0] = (uint8_t)kind;
	at[1] = (uint8_t)station;
	at[2] = (uint8_t)(station >> 8);
	for (unsigned i = 0; i < 4; i++)
		at[3 + i] = (uint8_t)(number >> 8 * i);
}

enum frame_kind frame_kind(const struct priority_case *of, const uint8_t *bytes)
{
	return (enum frame_kind)bytes[of->overhead];
}

unsigned frame_station(const struct priority_case *of, const uint8_t *bytes)
{
	return bytes[of->overhead + 1] | (unsigned)bytes[of->overhead + 2] << 8;
}

unsigned frame_number(const struct priority_case *of, const uint8_t *bytes)
{
	unsigned number = 0;
	for (unsigned i = 0; i < 4; i++)
		number |= (unsigned)bytes[of->overhead + 3 + i] << 8 * i;
	return number;
}

/* ---- the run ---- */

struct run {
	const struct priority_settings *settings;
	struct ether_model *model;
	struct gateway *gateway;
	struct field *field;
	int64_t alert_us; /* when the next one comes */
	unsigned alerts;
	unsigned short dice[3];
};

/* One at a random moment of the first four minutes of every five: 12 an hour, and in no hour more than 13. */
static void plan_alert(struct run *run)
{
	double wait_s = dice_roll(run->dice) * (PRIORITY_ALERT_EVERY_S - 60);
	run->alert_us = ((int64_t)run->alerts++ * PRIORITY_ALERT_EVERY_S) * 1000000 + (int64_t)(wait_s * 1e6);
	/* The last ones have the time that they need. */
	if (run->alert_us > run->settings->duration_us - ALERTS_END_US)
		run->alert_us = INT64_MAX;
}

static void alert(struct run *run, int64_t now_us)
{
	unsigned station = (unsigned)(dice_roll(run->dice) * PRIORITY_STATIONS);
	if (run->settings->from_field)
		field_alert(run->field, station, now_us);
	else
		gateway_alert(run->gateway, run->alerts % 2 ? CLASS_DISTRESS : CLASS_URGENT, station, now_us);
	plan_alert(run);
}

static void gateway_heard(struct run *run, const struct ether_news *news, int64_t now_us)
{
	const struct priority_case *of = run->settings->of;
	if (frame_kind(of, news->bytes) != FRAME_ALERT)
		return;
	unsigned station = frame_station(of, news->bytes), number = frame_number(of, news->bytes);
	field_delivered(run->field, station, number);
	gateway_acknowledge(run->gateway, station, number, now_us);
}

/* The gateway was the first to join. */
static void take_news(struct run *run, int64_t now_us)
{
	struct ether_arrival arrival;
	while (ether_model_take(run->model, now_us, &arrival)) {
		if (arrival.station > 0)
			field_news(run->field, &arrival);
		else if (arrival.news.event == ETHER_SENT)
			gateway_sent(run->gateway, arrival.at_us);
		else if (arrival.news.event == ETHER_HEARD)
			gateway_heard(run, &arrival.news, arrival.at_us);
	}
}

static int64_t sooner(int64_t one_us, int64_t other_us)
{
	return one_us < other_us ? one_us : other_us;
}

static void run_until(struct run *run, int64_t end_us)
{
	for (int64_t now_us = 0; now_us <= end_us;) {
		take_news(run, now_us);
		if (now_us >= run->alert_us)
			alert(run, now_us);
		int64_t next_us = gateway_turn(run->gateway, now_us);
		next_us = sooner(next_us, field_turn(run->field, now_us));
		next_us = sooner(next_us, run->alert_us);
		int64_t due_us = ether_model_due_us(run->model);
		if (due_us >= 0)
			next_us = sooner(next_us, due_us);
		now_us = next_us > now_us ? next_us : now_us + 1;
	}
}

void priority_run(const struct priority_settings *settings, struct priority_result *result)
{
	struct ether_scenario *scenario = malloc(sizeof(*scenario));
	if (!scenario)
		abort();
	*scenario = *settings->scenario;
	scenario->seed = settings->seed;
	memset(result, 0, sizeof(*result));
	struct run run = {.settings = settings, .dice = {(unsigned short)settings->seed, 1, 0}};
	run.model = ether_model_new(scenario);
	run.gateway = gateway_new(settings, run.model, result);
	run.field = field_new(settings, run.model, result);
	plan_alert(&run);
	run_until(&run, settings->duration_us);
	result->overruns = ether_auditor_overruns(ether_model_auditor(run.model));
	gateway_free(run.gateway);
	field_free(run.field);
	ether_model_free(run.model);
	free(scenario);
}

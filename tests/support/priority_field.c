/* The field: 64 stations that say where they are, and alert now and then. They listen before they talk, and repeat an alert that nobody
 * acknowledges. */
#include "tests/support/priority_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REPEATS = 3, /* of an alert, at most */
	SLOT_MS = 100,
	SLOTS = 8,
	POSITION_EVERY_S = 600,
	POSITION_SIZE = 36,
	QUEUE_MAX = 4,
};

static const int64_t never = INT64_MAX;

struct station {
	int transceiver;
	unsigned number; /* of its last message */
	int64_t position_us;
	/* The frame that waits for the channel, then is on the air. */
	bool wants, sending, was_busy;
	struct frame frame;
	int64_t since_us, pause_us; /* it has waited from, and pauses until */
	/* Its alert. */
	bool alerting, delivered;
	bool alert_next; /* as soon as the frame on the air has left */
	unsigned alert_number, tries;
	int64_t repeat_us;
};

struct field {
	const struct priority_settings *settings;
	struct ether_model *model;
	struct priority_result *result;
	struct station stations[PRIORITY_STATIONS];
	unsigned short dice[3];
};

struct field *field_new(const struct priority_settings *settings, struct ether_model *model,
			struct priority_result *result)
{
	struct field *field = calloc(1, sizeof(*field));
	if (!field)
		abort();
	field->settings = settings;
	field->model = model;
	field->result = result;
	field->dice[0] = (unsigned short)settings->seed;
	field->dice[1] = 3;
	for (unsigned i = 0; i < PRIORITY_STATIONS; i++) {
		char name[16];
		struct station *station = &field->stations[i];
		snprintf(name, sizeof(name), "station%u", i);
		station->transceiver = ether_model_join(model, name);
		ether_model_tune(model, station->transceiver, 0, &settings->of->station);
		station->position_us = (int64_t)(dice_roll(field->dice) * POSITION_EVERY_S * 1e6);
		station->repeat_us = never;
	}
	return field;
}

void field_free(struct field *field)
{
	free(field);
}

static void want(struct station *station, int64_t now_us)
{
	station->wants = true;
	station->was_busy = false;
	station->since_us = now_us;
	station->pause_us = now_us;
}

/* An alert takes the place of a position that waits. */
static void say_alert(struct field *field, struct station *station, int64_t now_us)
{
	station->repeat_us = never;
	station->alert_next = station->sending;
	if (station->sending)
		return;
	frame_make(&station->frame, field->settings->of, FRAME_ALERT, (unsigned)(station - field->stations),
		   station->alert_number, PRIORITY_ALERT_SIZE);
	want(station, now_us);
}

void field_alert(struct field *field, unsigned index, int64_t now_us)
{
	struct station *station = &field->stations[index];
	if (station->alerting)
		return; /* counted when it began */
	station->alerting = true;
	station->delivered = false;
	station->tries = 0;
	station->alert_number = ++station->number;
	field->result->field_alerts++;
	say_alert(field, station, now_us);
}

bool field_delivered(struct field *field, unsigned index, unsigned number)
{
	struct station *station = &field->stations[index];
	if (station->alert_number != number || station->delivered)
		return false;
	station->delivered = true;
	field->result->field_delivered++;
	return true;
}

/* The wait grows with each try and is up to half as long again by chance, so that two that collided do not do so again. */
static void sent(struct field *field, struct station *station, int64_t now_us)
{
	station->sending = false;
	if (station->alert_next)
		say_alert(field, station, now_us);
	if (frame_kind(field->settings->of, station->frame.bytes) != FRAME_ALERT || station->wants)
		return;
	field->result->field_sent++;
	double wait_ms = (double)field->settings->of->ack_timeout_ms * (1 + station->tries) *
			 (1 + dice_roll(field->dice) / 2);
	station->repeat_us = now_us + (int64_t)(wait_ms * 1000);
}

static void heard(struct field *field, unsigned index, const struct ether_news *news)
{
	const struct priority_case *of = field->settings->of;
	struct station *station = &field->stations[index];
	if (frame_kind(of, news->bytes) != FRAME_ACK || frame_station(of, news->bytes) != index ||
	    frame_number(of, news->bytes) != station->alert_number || !station->alerting)
		return;
	station->alerting = false;
	station->repeat_us = never;
	if (!station->sending)
		station->wants = false; /* the repeat that waited for the channel */
	field->result->field_acknowledged++;
}

void field_news(struct field *field, const struct ether_arrival *arrival)
{
	/* They joined in their order, behind the gateway. */
	unsigned index = (unsigned)(arrival->station - field->stations[0].transceiver);
	if (arrival->news.event == ETHER_SENT)
		sent(field, &field->stations[index], arrival->at_us);
	else if (arrival->news.event == ETHER_HEARD)
		heard(field, index, &arrival->news);
}

static void plan(struct field *field, struct station *station, int64_t now_us)
{
	if (now_us >= station->repeat_us) {
		station->repeat_us = never;
		if (station->tries++ < REPEATS)
			say_alert(field, station, now_us);
		else
			station->alerting = false; /* given up */
	}
	if (now_us < station->position_us)
		return;
	station->position_us += (int64_t)((0.5 + dice_roll(field->dice)) * POSITION_EVERY_S * 1e6);
	if (station->wants || station->sending || station->alerting)
		return;
	frame_make(&station->frame, field->settings->of, FRAME_POSITION, (unsigned)(station - field->stations),
		   ++station->number, POSITION_SIZE);
	want(station, now_us);
}

/* When to look again; never = when somebody's frame ends. */
static int64_t talk(struct field *field, struct station *station, int64_t now_us)
{
	int64_t patient_us = station->since_us + field->settings->of->patience_ms * 1000;
	if (now_us < patient_us) {
		if (ether_model_carrier(field->model, station->transceiver, now_us)) {
			station->was_busy = true;
			return patient_us;
		}
		if (station->was_busy)
			station->pause_us = now_us + (int64_t)(dice_roll(field->dice) * SLOTS * SLOT_MS * 1000);
		station->was_busy = false;
		if (now_us < station->pause_us)
			return station->pause_us;
	}
	station->wants = false;
	station->sending = ether_model_send(field->model, station->transceiver, now_us, station->frame.bytes,
					    station->frame.size) > 0;
	return never;
}

int64_t field_turn(struct field *field, int64_t now_us)
{
	int64_t next_us = never;
	for (size_t i = 0; i < PRIORITY_STATIONS; i++) {
		struct station *station = &field->stations[i];
		plan(field, station, now_us);
		int64_t at_us = station->wants ? talk(field, station, now_us) : never;
		next_us = at_us < next_us ? at_us : next_us;
		next_us = station->position_us < next_us ? station->position_us : next_us;
		next_us = station->repeat_us < next_us ? station->repeat_us : next_us;
	}
	return next_us;
}

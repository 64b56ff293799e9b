/* The simulated ether: transmissions in order of time, and their news. */
#include "tests/support/ether_model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/ether_reception.h"

struct station {
	char name[ETHER_NAME_MAX];
	struct ether_place place;
	bool joined, tuned, receiving;
	struct ether_tuning tuning;
	int64_t listening_since_us; /* while receiving and not sending */
	int64_t sending_until_us;
};

struct transmission {
	uint64_t serial;
	int station;
	struct ether_tuning tuning;
	int64_t start_us, lock_us, end_us; /* until lock_us a receiver may join */
	bool over;
	size_t size;
	uint8_t bytes[ETHER_PAYLOAD_MAX];
};

struct ether_model {
	struct ether_scenario scenario;
	struct ether_auditor *auditor;
	struct ether_totals totals;
	struct station stations[ETHER_STATIONS_MAX];
	int station_count;
	/* On the air, and those that were at the same time as one of them; by serial. */
	struct transmission *transmissions;
	size_t transmission_count, transmission_room;
	struct ether_signal *signals; /* scratch */
	struct ether_arrival *arrivals;
	size_t arrival_first, arrival_count, arrival_room;
};

static void *grow(void *memory, size_t count, size_t size)
{
	void *grown = realloc(memory, count * size);
	if (!grown)
		abort();
	return grown;
}

struct ether_model *ether_model_new(const struct ether_scenario *scenario)
{
	struct ether_model *model = calloc(1, sizeof(*model));
	if (!model)
		abort();
	model->scenario = *scenario;
	model->auditor = ether_auditor_new(scenario->region);
	return model;
}

void ether_model_free(struct ether_model *model)
{
	if (!model)
		return;
	ether_auditor_free(model->auditor);
	free(model->transmissions);
	free(model->signals);
	free(model->arrivals);
	free(model);
}

/* ---- everything random: a draw depends on seed, transmission, receiver and purpose only, not on what else was drawn ---- */

static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15u;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
	value = (value ^ value >> 27) * 0x94d049bb133111ebu;
	return value ^ value >> 31;
}

enum draw { DRAW_LOSS, DRAW_FADING_ONE, DRAW_FADING_TWO };

/* Above 0, at most 1. */
static double draw(const struct ether_model *model, const struct transmission *sent, int receiver, enum draw purpose)
{
	uint64_t value = mix(model->scenario.seed) ^ sent->serial;
	for (const char *at = model->stations[receiver].name; *at; at++)
		value = mix(value ^ (uint8_t)*at);
	value = mix(value ^ (uint64_t)purpose);
	return ((double)(value >> 11) + 1) / 9007199254740992.0;
}

static double fading_db(const struct ether_model *model, const struct transmission *sent, int receiver)
{
	if (model->scenario.fading_db == 0)
		return 0;
	double one = draw(model, sent, receiver, DRAW_FADING_ONE), two = draw(model, sent, receiver, DRAW_FADING_TWO);
	return model->scenario.fading_db * sqrt(-2 * log(one)) * cos(2 * M_PI * two);
}

static double rssi_dbm(const struct ether_model *model, const struct transmission *sent, int receiver)
{
	const struct station *from = &model->stations[sent->station], *to = &model->stations[receiver];
	double loss_db = ether_scenario_loss_db(&model->scenario, from->name, to->name);
	if (loss_db < 0)
		loss_db = ether_path_loss_db(&from->place, &to->place, sent->tuning.frequency_hz) +
			  model->scenario.clutter_db - from->place.antenna_dbi - to->place.antenna_dbi;
	return sent->tuning.power_dbm - loss_db + fading_db(model, sent, receiver);
}

/* ---- the end of a transmission ---- */

static struct ether_arrival *add_arrival(struct ether_model *model, int station, int64_t at_us, enum ether_event event)
{
	if (model->arrival_count == model->arrival_room) {
		model->arrival_room = model->arrival_room ? 2 * model->arrival_room : 16;
		model->arrivals = grow(model->arrivals, model->arrival_room, sizeof(*model->arrivals));
	}
	struct ether_arrival *arrival = &model->arrivals[model->arrival_count++];
	memset(arrival, 0, sizeof(*arrival));
	arrival->station = station;
	arrival->at_us = at_us;
	arrival->news.event = event;
	return arrival;
}

/* What else was on the air at this receiver between the lock and the end; written to model->signals. */
static size_t find_others(struct ether_model *model, const struct transmission *wanted, int receiver)
{
	size_t count = 0;
	for (size_t i = 0; i < model->transmission_count; i++) {
		const struct transmission *other = &model->transmissions[i];
		if (other == wanted || other->station == receiver || other->end_us <= wanted->lock_us ||
		    other->start_us >= wanted->end_us)
			continue;
		model->signals[count++] = (struct ether_signal){&other->tuning, rssi_dbm(model, other, receiver)};
	}
	return count;
}

static void deliver(struct ether_model *model, const struct transmission *sent, int receiver, double rssi, double snr)
{
	if (draw(model, sent, receiver, DRAW_LOSS) <= model->scenario.random_loss) {
		model->totals.random_losses++;
		return;
	}
	struct ether_arrival *arrival = add_arrival(model, receiver, sent->end_us, ETHER_HEARD);
	arrival->news.rssi_dbm = rssi;
	arrival->news.snr_db = snr;
	arrival->news.size = sent->size;
	memcpy(arrival->news.bytes, sent->bytes, sent->size);
	model->totals.heard++;
}

static void receive(struct ether_model *model, const struct transmission *sent, int receiver)
{
	double snr, rssi = rssi_dbm(model, sent, receiver);
	size_t others = find_others(model, sent, receiver);
	enum ether_verdict verdict = ether_judge(&(struct ether_signal){&sent->tuning, rssi}, model->signals, others,
						 model->scenario.noise_figure_db, &snr);
	if (verdict == ETHER_UNSEEN)
		return;
	/* It would have been noticed, but the receiver was not listening. */
	const struct station *station = &model->stations[receiver];
	if (station->listening_since_us > sent->lock_us) {
		model->totals.deaf += station->sending_until_us > sent->lock_us;
		return;
	}
	if (verdict == ETHER_READ) {
		deliver(model, sent, receiver, rssi, snr);
		return;
	}
	add_arrival(model, receiver, sent->end_us, ETHER_SPOILT)->news.rssi_dbm = rssi;
	model->totals.collisions += verdict == ETHER_COLLIDED;
	model->totals.weak += verdict == ETHER_WEAK;
}

static void end_transmission(struct ether_model *model, struct transmission *sent)
{
	struct station *sender = &model->stations[sent->station];
	sent->over = true;
	if (sender->joined)
		add_arrival(model, sent->station, sent->end_us, ETHER_SENT)->news.airtime_us = sent->end_us -
											       sent->start_us;
	for (int i = 0; i < model->station_count; i++) {
		const struct station *station = &model->stations[i];
		if (i != sent->station && station->joined && station->receiving &&
		    ether_tuned_to(&station->tuning, &sent->tuning))
			receive(model, sent, i);
	}
}

/* What ended before everything that is on the air began can disturb nothing any more. */
static void forget(struct ether_model *model)
{
	int64_t oldest_us = INT64_MAX;
	size_t kept = 0;
	for (size_t i = 0; i < model->transmission_count; i++)
		if (!model->transmissions[i].over && model->transmissions[i].start_us < oldest_us)
			oldest_us = model->transmissions[i].start_us;
	for (size_t i = 0; i < model->transmission_count; i++)
		if (!model->transmissions[i].over || model->transmissions[i].end_us > oldest_us)
			model->transmissions[kept++] = model->transmissions[i];
	model->transmission_count = kept;
}

static struct transmission *next_end(const struct ether_model *model)
{
	struct transmission *next = NULL;
	for (size_t i = 0; i < model->transmission_count; i++) {
		struct transmission *sent = &model->transmissions[i];
		if (!sent->over && (!next || sent->end_us < next->end_us))
			next = sent;
	}
	return next;
}

/* Ends everything whose time is over, in order, before anything else changes. */
static void settle(struct ether_model *model, int64_t now_us)
{
	struct transmission *next;
	while ((next = next_end(model)) && next->end_us <= now_us) {
		end_transmission(model, next);
		forget(model);
	}
}

int64_t ether_model_due_us(const struct ether_model *model)
{
	const struct transmission *next = next_end(model);
	return next ? next->end_us : -1;
}

bool ether_model_take(struct ether_model *model, int64_t now_us, struct ether_arrival *arrival)
{
	settle(model, now_us);
	if (model->arrival_first == model->arrival_count) {
		model->arrival_first = model->arrival_count = 0;
		return false;
	}
	*arrival = model->arrivals[model->arrival_first++];
	return true;
}

/* ---- what stations do ---- */

int ether_model_join(struct ether_model *model, const char *name)
{
	int at = 0;
	if (strlen(name) >= ETHER_NAME_MAX)
		return -ENAMETOOLONG;
	while (at < model->station_count && strcmp(model->stations[at].name, name) != 0)
		at++;
	if (at == ETHER_STATIONS_MAX)
		return -ENOSPC;
	struct station *station = &model->stations[at];
	if (station->joined)
		return -EEXIST;
	if (at == model->station_count)
		model->station_count++;
	snprintf(station->name, sizeof(station->name), "%s", name);
	station->place = ether_scenario_place_of(&model->scenario, name);
	station->joined = true;
	station->tuned = station->receiving = false;
	return at;
}

void ether_model_leave(struct ether_model *model, int station, int64_t now_us)
{
	settle(model, now_us);
	model->stations[station].joined = model->stations[station].receiving = false;
}

int ether_model_tune(struct ether_model *model, int station, int64_t now_us, const struct ether_tuning *tuning)
{
	struct station *tuned = &model->stations[station];
	settle(model, now_us);
	if (!ether_tuning_valid(tuning))
		return -EINVAL;
	if (now_us < tuned->sending_until_us)
		return -EBUSY;
	if (!tuned->receiving || !ether_tuning_same(&tuned->tuning, tuning))
		tuned->listening_since_us = now_us;
	tuned->tuning = *tuning;
	tuned->tuned = tuned->receiving = true;
	return 0;
}

void ether_model_off(struct ether_model *model, int station, int64_t now_us)
{
	settle(model, now_us);
	model->stations[station].receiving = false;
}

static struct transmission *new_transmission(struct ether_model *model)
{
	if (model->transmission_count == model->transmission_room) {
		model->transmission_room = model->transmission_room ? 2 * model->transmission_room : 8;
		model->transmissions = grow(model->transmissions, model->transmission_room,
					    sizeof(*model->transmissions));
		model->signals = grow(model->signals, model->transmission_room, sizeof(*model->signals));
	}
	return &model->transmissions[model->transmission_count++];
}

static void audit(struct ether_model *model, const struct station *station, int64_t start_us, int64_t airtime_us)
{
	model->totals.airtime_us += airtime_us;
	const struct ether_emission emission = {
	    .station = station->name,
	    .frequency_hz = station->tuning.frequency_hz,
	    .bandwidth_hz = ether_bandwidth_hz(&station->tuning),
	    .power_dbm = station->tuning.power_dbm,
	    .start_us = start_us,
	    .airtime_us = airtime_us,
	};
	ether_auditor_take(model->auditor, &emission);
}

int64_t ether_model_send(struct ether_model *model, int station, int64_t now_us, const void *bytes, size_t size)
{
	struct station *sender = &model->stations[station];
	settle(model, now_us);
	if (!sender->tuned)
		return -ENOTCONN;
	if (now_us < sender->sending_until_us)
		return -EBUSY;
	int64_t airtime_us = ether_airtime_us(&sender->tuning, bytes, size);
	if (airtime_us < 0)
		return -EMSGSIZE;
	struct transmission *sent = new_transmission(model);
	*sent = (struct transmission){
	    .serial = ++model->totals.transmissions,
	    .station = station,
	    .tuning = sender->tuning,
	    .start_us = now_us,
	    .lock_us = now_us + ether_lock_us(&sender->tuning),
	    .end_us = now_us + airtime_us,
	    .size = size,
	};
	memcpy(sent->bytes, bytes, size);
	sender->sending_until_us = sender->listening_since_us = sent->end_us;
	audit(model, sender, now_us, airtime_us);
	return airtime_us;
}

bool ether_model_carrier(struct ether_model *model, int station, int64_t now_us)
{
	const struct station *listener = &model->stations[station];
	size_t count = 0;
	settle(model, now_us);
	if (!listener->tuned)
		return false;
	for (size_t i = 0; i < model->transmission_count; i++) {
		const struct transmission *sent = &model->transmissions[i];
		if (!sent->over && sent->station != station)
			model->signals[count++] = (struct ether_signal){&sent->tuning, rssi_dbm(model, sent, station)};
	}
	return ether_senses(&listener->tuning, model->signals, count, model->scenario.noise_figure_db);
}

/* ---- the account ---- */

const struct ether_totals *ether_model_totals(const struct ether_model *model)
{
	return &model->totals;
}

const struct ether_auditor *ether_model_auditor(const struct ether_model *model)
{
	return model->auditor;
}

json_t *ether_model_report(const struct ether_model *model)
{
	const struct ether_totals *totals = &model->totals;
	json_t *report = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "transmissions", (json_int_t)totals->transmissions,
				   "airtime_us", (json_int_t)totals->airtime_us, "heard", (json_int_t)totals->heard,
				   "weak", (json_int_t)totals->weak, "collisions", (json_int_t)totals->collisions,
				   "deaf", (json_int_t)totals->deaf, "random_losses",
				   (json_int_t)totals->random_losses);
	json_t *audit = ether_auditor_report(model->auditor);
	json_object_update(report, audit);
	json_decref(audit);
	return report;
}

/* The gateway of the simulation: traffic that never ends, the scheduler under test or a FIFO, and a transmitter that listens first. */
#include "tests/support/priority_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/radio_rules.h"
#include "tests/support/ether_reception.h"

enum {
	ITEMS_MAX = 65536,
	FLOODER = 0, /* the station that has many messages waiting */
	FLOOD_MESSAGES = 20,
	FRAGMENTS_MAX = 8,
	SAFETY_EVERY_S = 60,
	SHORTEST = 40, /* bytes of an ordinary frame */
	ACK_SIZE = 29,
	/* As gateway/outgoing_lane.c pauses after somebody else has spoken. */
	SLOT_MS = 100,
	SLOTS = 8,
	SLOTS_URGENT = 2,
};

/* What is known of an entry, by its row. */
struct item {
	uint8_t station;
	unsigned frames; /* still to go */
	bool begun;
	struct frame frame; /* the next one */
	int64_t airtime_us;
	size_t flood_before; /* frames of the flooder, of its class, when it was put; SIZE_MAX = not measured */
	struct priority_alert *alert;
};

/* What the gateway is doing, and for how long it has in all. */
enum doing { DOING_NOTHING, SENDING, WAITING_FOR_CARRIER, WAITING_FOR_AIRTIME, DOING_COUNT };

struct gateway {
	const struct priority_settings *settings;
	struct ether_model *model;
	struct priority_result *result;
	int transceiver;
	struct ledger *ledger;     /* NULL: no limit */
	struct transmit *transmit; /* NULL: the fifo */
	struct entry *first, *last;
	struct item *items;
	uint64_t rows;
	unsigned waiting[CLASS_COUNT][PRIORITY_STATIONS]; /* messages, by class and station */
	size_t flood_frames[CLASS_COUNT];
	struct entry *flying;
	bool channel_was_busy;
	int64_t quiet_until_us, safety_us;
	enum doing doing;
	int64_t doing_since_us, done_us[DOING_COUNT];
	unsigned short dice[3];
};

/* ---- the scheduler under test ---- */

static struct item *item_of(const struct gateway *gateway, const struct entry *entry)
{
	return &gateway->items[entry->row];
}

static int64_t airtime_us(void *context, const struct entry *entry)
{
	return item_of(context, entry)->airtime_us;
}

static void on_drop(void *context, struct entry *entry, const char *reason)
{
	(void)context, (void)entry, (void)reason;
	abort(); /* nothing here expires, has a bound or is too long for the band */
}

/* What the gateway's own rules say of the channel. */
static struct ledger *ledger_of(const struct priority_settings *settings)
{
	const struct priority_case *of = settings->of;
	const struct radio_rules rules = {of->region, -1};
	const uint8_t bytes[ETHER_PAYLOAD_MAX] = {0};
	struct radio_allowance allowance;
	struct radio_case is = {
	    .channel = {of->gateway.frequency_hz, ether_bandwidth_hz(&of->gateway), 0, of->gateway.power_dbm},
	    .alert_us = ether_airtime_us(&of->gateway, bytes, PRIORITY_ALERT_SIZE + of->overhead),
	};
	radio_rules_judge(&rules, &is, &allowance);
	if (allowance.fault != RADIO_RULES_FINE)
		abort();
	if (settings->fifo)
		allowance.ledger.reserve_us = 0;
	return allowance.ledger.limit_us ? ledger_new(&allowance.ledger) : NULL;
}

struct gateway *gateway_new(const struct priority_settings *settings, struct ether_model *model,
			    struct priority_result *result)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	if (!gateway || !(gateway->items = calloc(ITEMS_MAX, sizeof(*gateway->items))))
		abort();
	gateway->settings = settings;
	gateway->model = model;
	gateway->result = result;
	gateway->dice[0] = (unsigned short)settings->seed;
	gateway->dice[1] = 2;
	gateway->transceiver = ether_model_join(model, "gateway");
	ether_model_tune(model, gateway->transceiver, 0, &settings->of->gateway);
	gateway->ledger = ledger_of(settings);
	const struct transmit_settings transmit = {.schedule = {.weight = {0, 0, 6, 3, 1}},
						   .ledger = gateway->ledger,
						   .listening_share = settings->listening_share,
						   .airtime_us = airtime_us,
						   .drop = on_drop,
						   .context = gateway};
	gateway->transmit = settings->fifo ? NULL : transmit_new(&transmit);
	return gateway;
}

void gateway_free(struct gateway *gateway)
{
	for (struct entry *entry = gateway->first, *next; entry; entry = next) {
		next = entry->next;
		entry_unref(entry);
	}
	entry_unref(gateway->flying);
	transmit_free(gateway->transmit);
	ledger_free(gateway->ledger);
	free(gateway->items);
	free(gateway);
}

/* ---- the other one: first come, first served ---- */

static void fifo_put(struct gateway *gateway, struct entry *entry)
{
	entry->next = NULL;
	if (gateway->last)
		gateway->last->next = entry;
	else
		gateway->first = entry;
	gateway->last = entry;
}

static struct entry *fifo_take(struct gateway *gateway, int64_t now_ms, int64_t *again_ms)
{
	struct entry *entry = gateway->first;
	*again_ms = INT64_MAX;
	if (entry && gateway->ledger)
		*again_ms = ledger_when_ms(gateway->ledger, false, item_of(gateway, entry)->airtime_us, now_ms);
	if (!entry || (gateway->ledger && *again_ms > now_ms))
		return NULL;
	gateway->first = entry->next;
	if (!gateway->first)
		gateway->last = NULL;
	entry->next = NULL;
	return entry;
}

/* What is left of a message goes on where it was. */
static void fifo_return(struct gateway *gateway, struct entry *entry)
{
	entry->next = gateway->first;
	gateway->first = entry;
	if (!gateway->last)
		gateway->last = entry;
}

/* ---- traffic ---- */

static void make_frame(struct gateway *gateway, struct item *item, enum frame_kind kind, unsigned number, size_t size)
{
	frame_make(&item->frame, gateway->settings->of, kind, item->station, number, size);
	item->airtime_us = ether_airtime_us(&gateway->settings->of->gateway, item->frame.bytes, item->frame.size);
}

/* A new message, which is not put yet. */
static struct entry *make(struct gateway *gateway, enum message_class class, unsigned station, unsigned frames)
{
	char name[16];
	snprintf(name, sizeof(name), "f-%u", station + 1);
	struct entry_parts parts = {.class = class,
				    .kind = KIND_TEXT,
				    .outlet = "radio",
				    .id = "",
				    .station = name,
				    .topic = "",
				    .payload = "",
				    .payload_size = 0};
	if (gateway->rows == ITEMS_MAX)
		abort();
	struct item *item = &gateway->items[gateway->rows];
	*item = (struct item){.station = (uint8_t)station, .frames = frames, .flood_before = SIZE_MAX};
	struct entry *entry = entry_new(&parts, gateway->rows++);
	if (!entry)
		abort();
	return entry;
}

static void put(struct gateway *gateway, struct entry *entry)
{
	struct item *item = item_of(gateway, entry);
	bool first = gateway->waiting[entry->class][item->station]++ == 0;
	if (first && entry->class > CLASS_SAFETY && item->station != FLOODER)
		item->flood_before = gateway->flood_frames[entry->class];
	if (gateway->transmit)
		transmit_put(gateway->transmit, entry);
	else
		fifo_put(gateway, entry);
}

static size_t ordinary_size(struct gateway *gateway)
{
	return SHORTEST + (size_t)(dice_roll(gateway->dice) * (PRIORITY_FRAME_MAX - SHORTEST + 1));
}

/* One in four of ROUTINE is long, and goes in fragments. */
static void put_ordinary(struct gateway *gateway, enum message_class class, unsigned station)
{
	bool is_long = class == CLASS_ROUTINE && dice_roll(gateway->dice) < 0.25;
	unsigned frames = is_long ? 2 + (unsigned)(dice_roll(gateway->dice) * (FRAGMENTS_MAX - 1)) : 1;
	struct entry *entry = make(gateway, class, station, frames);
	make_frame(gateway, item_of(gateway, entry), FRAME_DOWN, (unsigned)entry->row,
		   is_long ? PRIORITY_FRAME_MAX : ordinary_size(gateway));
	put(gateway, entry);
}

/* Every station has a message of BULK and one of ROUTINE waiting, always; one has many; SAFETY comes once a minute. */
static void fill(struct gateway *gateway, int64_t now_us)
{
	for (unsigned i = 0; i < PRIORITY_STATIONS; i++) {
		while (gateway->waiting[CLASS_ROUTINE][i] < (i == FLOODER ? FLOOD_MESSAGES : 1))
			put_ordinary(gateway, CLASS_ROUTINE, i);
		while (gateway->waiting[CLASS_BULK][i] < (i == FLOODER ? FLOOD_MESSAGES : 1))
			put_ordinary(gateway, CLASS_BULK, i);
	}
	for (; now_us >= gateway->safety_us; gateway->safety_us += SAFETY_EVERY_S * 1000000ll)
		put_ordinary(gateway, CLASS_SAFETY, (unsigned)(dice_roll(gateway->dice) * PRIORITY_STATIONS));
}

/* ---- alerts ---- */

/* Time so far in what it is doing. */
static int64_t done_us(const struct gateway *gateway, enum doing doing, int64_t now_us)
{
	return gateway->done_us[doing] + (gateway->doing == doing ? now_us - gateway->doing_since_us : 0);
}

static void put_alert(struct gateway *gateway, enum message_class class, unsigned station, enum frame_kind kind,
		      unsigned number, int64_t now_us)
{
	struct entry *entry = make(gateway, class, station, 1);
	struct item *item = item_of(gateway, entry);
	make_frame(gateway, item, kind, number, kind == FRAME_ACK ? ACK_SIZE : PRIORITY_ALERT_SIZE);
	if (gateway->result->alert_count < PRIORITY_ALERTS_MAX) {
		item->alert = &gateway->result->alerts[gateway->result->alert_count++];
		*item->alert = (struct priority_alert){.distress = class == CLASS_DISTRESS,
						       .put_us = now_us,
						       .start_us = -1,
						       .carrier_us = -done_us(gateway, WAITING_FOR_CARRIER, now_us),
						       .airtime_us = -done_us(gateway, WAITING_FOR_AIRTIME, now_us)};
	}
	put(gateway, entry);
}

void gateway_alert(struct gateway *gateway, enum message_class class, unsigned station, int64_t now_us)
{
	put_alert(gateway, class, station, FRAME_DOWN, (unsigned)gateway->rows, now_us);
}

void gateway_acknowledge(struct gateway *gateway, unsigned station, unsigned number, int64_t now_us)
{
	put_alert(gateway, CLASS_DISTRESS, station, FRAME_ACK, number, now_us);
}

static void alert_begins(struct gateway *gateway, struct priority_alert *alert, int64_t now_us)
{
	alert->start_us = now_us;
	alert->carrier_us += done_us(gateway, WAITING_FOR_CARRIER, now_us);
	alert->airtime_us += done_us(gateway, WAITING_FOR_AIRTIME, now_us);
}

/* ---- the transmitter ---- */

static void do_now(struct gateway *gateway, enum doing doing, int64_t now_us)
{
	gateway->done_us[gateway->doing] += now_us - gateway->doing_since_us;
	gateway->doing = doing;
	gateway->doing_since_us = now_us;
}

static bool alert_waits(const struct gateway *gateway)
{
	return gateway->transmit && transmit_has_urgent(gateway->transmit);
}

static bool channel_is_quiet(struct gateway *gateway, int64_t now_us)
{
	if (ether_model_carrier(gateway->model, gateway->transceiver, now_us)) {
		gateway->channel_was_busy = true;
		return false;
	}
	if (gateway->channel_was_busy) {
		int slots = alert_waits(gateway) ? SLOTS_URGENT : SLOTS;
		gateway->quiet_until_us = now_us + (int64_t)(dice_roll(gateway->dice) * slots * SLOT_MS * 1000);
	}
	gateway->channel_was_busy = false;
	return now_us >= gateway->quiet_until_us;
}

static void count_first_frame(struct gateway *gateway, const struct entry *entry, struct item *item)
{
	item->begun = true;
	if (item->flood_before != SIZE_MAX) {
		size_t delay = gateway->flood_frames[entry->class] - item->flood_before;
		if (delay > gateway->result->turn_delay_max)
			gateway->result->turn_delay_max = (unsigned)delay;
	}
}

static void send(struct gateway *gateway, struct entry *entry, int64_t now_us)
{
	struct item *item = item_of(gateway, entry);
	int64_t airtime = ether_model_send(gateway->model, gateway->transceiver, now_us, item->frame.bytes,
					   item->frame.size);
	if (airtime != item->airtime_us)
		abort();
	if (gateway->transmit)
		transmit_spent(gateway->transmit, entry, airtime, now_us / 1000);
	else if (gateway->ledger)
		ledger_spend(gateway->ledger, false, airtime, now_us / 1000);
	if (!item->begun)
		count_first_frame(gateway, entry, item);
	if (item->alert)
		alert_begins(gateway, item->alert, now_us);
	gateway->flood_frames[entry->class] += item->station == FLOODER;
	gateway->result->frames++;
	gateway->result->airtime_us += airtime;
	gateway->flying = entry;
	do_now(gateway, SENDING, now_us);
}

void gateway_sent(struct gateway *gateway, int64_t now_us)
{
	struct entry *entry = gateway->flying;
	struct item *item = item_of(gateway, entry);
	gateway->flying = NULL;
	do_now(gateway, DOING_NOTHING, now_us);
	if (--item->frames > 0) {
		make_frame(gateway, item, FRAME_DOWN, (unsigned)entry->row + (item->frames << 20),
			   item->frame.size - gateway->settings->of->overhead);
		if (gateway->transmit)
			transmit_return(gateway->transmit, entry);
		else
			fifo_return(gateway, entry);
		return;
	}
	gateway->result->sent[entry->class]++;
	gateway->waiting[entry->class][item->station]--;
	entry_unref(entry);
}

/* Its clock has milliseconds: what happens between two of them it sees at the next. */
int64_t gateway_turn(struct gateway *gateway, int64_t now_us)
{
	int64_t again_ms, next_us = (now_us + 999) / 1000 * 1000;
	if (gateway->flying || next_us > now_us)
		return gateway->flying ? INT64_MAX : next_us;
	fill(gateway, now_us);
	if (!channel_is_quiet(gateway, now_us)) {
		do_now(gateway, WAITING_FOR_CARRIER, now_us);
		return gateway->channel_was_busy ? INT64_MAX : (gateway->quiet_until_us + 999) / 1000 * 1000;
	}
	struct entry *entry = gateway->transmit ? transmit_take(gateway->transmit, now_us / 1000, &again_ms)
						: fifo_take(gateway, now_us / 1000, &again_ms);
	if (entry) {
		send(gateway, entry, now_us);
		return INT64_MAX;
	}
	/* With its own scheduler an alert waits for nothing else. */
	bool airtime = gateway->transmit ? alert_waits(gateway) : gateway->first != NULL;
	do_now(gateway, airtime ? WAITING_FOR_AIRTIME : DOING_NOTHING, now_us);
	return again_ms == INT64_MAX ? INT64_MAX : again_ms * 1000;
}

/* What outgoing.c (taking, receipts), outgoing_list.c (lists, cancelling), outgoing_errand.c (one message's way), outgoing_alert.c (alerts
 * that wait for airtime) and outgoing_lane.c (one radio's turns) share. */
#pragma once

#include "gateway/delivery.h"
#include "gateway/ledger_memory.h"
#include "gateway/outgoing.h"
#include "gateway/reach.h"
#include "gateway/transmit.h"

struct exit_lane {
	struct outgoing *outgoing;
	size_t index;
	const struct radio_settings *settings;
	struct radio *radio;              /* NULL: disabled or not started */
	struct radio_allowance allowance; /* as it was looked at last */
	struct ledger *ledger;            /* NULL: nothing is to be sent */
	struct transmit *transmit;
	struct errand *flying; /* whose frame is in the radio */
	int64_t again_ms;      /* nothing may go before, 0 = something went last */
	int64_t alert_until_ms;
	size_t alerts;                      /* waited when their senders were last told so */
	int64_t airtime_us, handed_over_ms; /* of that frame */
	bool channel_was_busy;
	int64_t quiet_until_ms; /* somebody else has just spoken */
};

/* A message that was looked at by its radio: planned, perhaps begun. Made at its first turn. */
struct errand {
	struct errand *next;
	struct entry *entry; /* a reference of its own */
	struct exit_lane *lane;
	struct delivery *delivery;
	bool announced;  /* on_air was said */
	bool assumed;    /* the modem could not tell whether each frame was transmitted */
	bool awaiting;   /* not in the schedule: all its frames went */
	bool superseded; /* what it says is out of date: not repeated any more */
	uint32_t tried;  /* bits of the lanes that did not get through */
};

struct outgoing {
	struct publisher *publisher;
	struct ledger_memory *ledgers;
	struct outgoing_callbacks callbacks;
	struct exit_lane *lanes;
	size_t count;
	struct reach *reach;
	struct errand *errands;
	uint16_t utterances; /* for ids of messages in several parts */
	void (*alerts_changed)(void *context);
	void *alerts_context;
	sd_event *event;
	sd_event_source *turn_source, *due_source;
};

/* ---- outgoing.c ---- */

void outgoing_say(struct outgoing *outgoing, const struct entry *entry, enum receipt_stage stage, const char *code,
		  bool assumed);
/* The last word on a message, wherever it stood but in a schedule. Takes over the reference. */
void outgoing_conclude(struct outgoing *outgoing, struct entry *entry, enum receipt_stage stage, const char *code,
		       bool assumed);
/* It left the lane's scheduler unserved; a schedule_drop_fn of the lane. */
void outgoing_dropped(void *lane, struct entry *entry, const char *reason);
/* Something is due then, of the steady clock. */
void outgoing_due(struct outgoing *outgoing, int64_t at_ms);
/* Fills in the lanes by which a station can be reached, the best first, without those whose bits are in `without`. Returns their number. */
size_t outgoing_ways(const struct outgoing *outgoing, const char *to, uint32_t without, struct exit_lane **lanes,
		     size_t max);
const char *outgoing_failure_code(int error);
/* A number from 0 to 1. */
double outgoing_random(void);

/* ---- outgoing_errand.c ---- */

/* The errand of an entry, made if there is none. NULL with *error: it cannot be said on that radio, -EAGAIN: not now. */
struct errand *errand_of(struct exit_lane *lane, struct entry *entry, int *error);
struct errand *errand_find(const struct outgoing *outgoing, const struct entry *entry);
void errand_free(struct outgoing *outgoing, struct errand *errand);
struct delivery_settings errand_settings(const struct errand *errand);
/* Time on the air of the frame of an entry that goes next, us, and how many are to go; 0 = it cannot be said. For the lane's scheduler. */
int64_t errand_airtime_us(void *lane, const struct entry *entry);
unsigned errand_frames(void *lane, const struct entry *entry);
/* The error for which that radio will never say it, whatever becomes of it; 0 = none is known. */
int errand_refusal(const struct exit_lane *lane, const struct entry *entry);
/* Writes the frame that goes next. Returns its size or negative errno; *bytes is valid until the errand goes on. */
ssize_t errand_render(struct errand *errand, const uint8_t **bytes);
/* It did not get through here: goes to the next lane, or is concluded as failed. The entry is in no schedule. */
void errand_failed(struct errand *errand, const char *code);
/* What it says is out of date, and some of it was transmitted: it is not repeated, and has been sent. */
void errand_supersede(struct errand *errand);
/* Acts on the stage its delivery has come to, once no frame of it is in the radio. */
void errand_follow(struct errand *errand);

/* ---- outgoing_alert.c ---- */

/* All lanes had their turn: what waits for airtime now is noted, and told. */
void outgoing_look_at_alerts(struct outgoing *outgoing);

/* ---- outgoing_lane.c ---- */

void lane_turn(struct exit_lane *lane);
/* False: out of memory. */
bool lane_open(struct exit_lane *lane);
void lane_close(struct exit_lane *lane);
void lane_put(struct exit_lane *lane, struct entry *entry);
/* An entry with more frames to go: first of its station, which waits for its turn. */
void lane_return(struct exit_lane *lane, struct entry *entry);
void lane_sent(struct exit_lane *lane, enum send_result result, bool assumed, const char *code);

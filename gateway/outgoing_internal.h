/* What outgoing.c (taking, receipts), outgoing_list.c (lists, cancelling), outgoing_ways.c (which way first), outgoing_errand.c (one message's
 * way), outgoing_alert.c (alerts that wait for airtime), outgoing_lane.c (one radio's turns), outgoing_handover.c (what neighbours deliver),
 * outgoing_order.c (what they are told), outgoing_late.c (what they say too late) and outgoing_rescue.c (radios that are down) share. */
#pragma once

#include "gateway/delivery.h"
#include "gateway/json_neighbour.h"
#include "gateway/ledger_memory.h"
#include "gateway/neighbours.h"
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
	int64_t down_ms;       /* since when the radio is down, 0 = it is up */
	size_t rescued_to;     /* how far what waits for it was looked through for another way */
	struct errand *flying; /* whose frame is in the radio */
	int64_t again_ms;      /* nothing may go before, 0 = something went last */
	int64_t alert_until_ms;
	size_t alerts;                      /* waited when their senders were last told so */
	int64_t airtime_us, handed_over_ms; /* of that frame */
	bool channel_was_busy;
	int64_t quiet_until_ms; /* somebody else has just spoken */
};

/* A way to a station: a radio of this gateway, or if lane is NULL a neighbour by its number. */
struct way {
	struct exit_lane *lane;
	unsigned neighbour;
};

/* What became of a message on other ways. */
struct past {
	uint32_t lanes, neighbours; /* bits: tried, and did not get through */
	uint32_t silent;            /* of those neighbours: it was not transmitted there, and may be another time */
	uint16_t attempts[NEIGHBOURS_MAX]; /* how often each has had it */
	int64_t handed_ms;                 /* when one of them was given it last */
	bool announced;                    /* on_air was said */
	bool sent;                         /* all of it, by a radio on which nobody acknowledges */
	bool sent_assumed;                 /* its modem could not tell */
	unsigned doubts;                   /* of them had it, and did not say whether they transmitted it */
	char left[COMMAND_ID_MAX + 1];     /* by which the last of those has it; "" = none */
	char left_outlet[MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)];
	char code[MESSAGE_NAME_MAX]; /* why it failed, "" = it was not transmitted anywhere, as far as is known */
};

/* A message that was looked at by its radio: planned, perhaps begun. Made at its first turn. */
struct errand {
	struct errand *next;
	struct entry *entry; /* a reference of its own */
	struct exit_lane *lane;
	struct delivery *delivery;
	bool assumed;                 /* the modem could not tell whether each frame was transmitted */
	bool awaiting;                /* not in the schedule: all its frames went */
	bool superseded;              /* what it says is out of date: not repeated any more */
	enum receipt_stage elsewhere; /* a neighbour has said that this became of it, RECEIPT_QUEUED = none has */
	bool assumed_elsewhere;
	struct past past;
};

/* A message whose outlet is a neighbour. Without an id it waits for a way. */
struct handover {
	struct handover *next;
	struct outgoing *outgoing;
	struct entry *entry; /* a reference of its own, in no schedule */
	struct past past;
	char id[COMMAND_ID_MAX + 1]; /* by which the neighbour has it now */
	bool taken, on_air;          /* that one says so */
	int64_t until_ms;            /* until when that one may transmit it */
	int64_t due_ms;              /* its last word is awaited no longer, or: when a way is looked for */
};

struct outgoing {
	struct publisher *publisher;
	struct ledger_memory *ledgers;
	struct outgoing_callbacks callbacks;
	struct exit_lane *lanes;
	size_t count;
	struct reach *reach;
	struct errand *errands;
	struct neighbours *neighbours; /* NULL: none */
	struct handover *handovers;
	bool online;         /* a broker is there, so that neighbours can be reached */
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
/* The same of what another outlet has delivered. */
void outgoing_conclude_by(struct outgoing *outgoing, struct entry *entry, const char *outlet, enum receipt_stage stage,
			  const char *code, bool assumed);
/* Something is due then, of the steady clock. */
void outgoing_due(struct outgoing *outgoing, int64_t at_ms);
const char *outgoing_failure_code(int error);
/* A number from 0 to 1. */
double outgoing_random(void);

/* ---- outgoing_ways.c ---- */

struct exit_lane *lane_of_radio(struct outgoing *outgoing, const struct radio *radio);
struct exit_lane *lane_of_name(struct outgoing *outgoing, const char *name);
/* The best way to a station, without those that were tried. False: there is none. kind and id are the message's: not all may go by neighbours. */
bool outgoing_way(const struct outgoing *outgoing, enum message_kind kind, const char *id, const char *to,
		  const struct past *past, struct way *way);
/* The way of a new message, by the radio that was named (NULL = none). 0, or the errors of outgoing_take. */
int outgoing_choose(struct outgoing *outgoing, const struct message *message, const char *radio, struct way *way);
/* The same among the radios of this gateway. */
int outgoing_choose_lane(struct outgoing *outgoing, const char *to, const char *radio, struct exit_lane **lane);
/* The name of the outlet that a way stands for. */
const char *way_outlet(const struct outgoing *outgoing, const struct way *way,
		       char outlet[static MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)]);
/* The same, but by a neighbour that has gone and may come back. False: none heard the station lately. */
bool outgoing_way_later(const struct outgoing *outgoing, enum message_kind kind, const char *id, const char *to,
			struct way *way);
/* Whether what takes that way can leave now, as far as is known. */
bool way_is_open(const struct way *way);
/* A way did not get through. */
void past_failed(struct past *past, const char *code);
/* The same message put on another way; it is with the store before this returns. The entry stays the caller's to finish. False: out of memory. */
bool outgoing_move(struct outgoing *outgoing, const struct entry *entry, const struct way *way,
		   const struct past *past);

/* Of a former run, for a radio that is in the settings no more: another one that speaks to its addressee has it now, unless its sender named the
 * radio. The entry stays the caller's to finish. False: there is none. */
bool outgoing_put_elsewhere(struct outgoing *outgoing, const struct entry *entry);

/* ---- outgoing_handover.c ---- */

/* Gives a message whose outlet is a neighbour to that one. Takes over the reference. past: NULL = none. */
void handover_start(struct outgoing *outgoing, struct entry *entry, const struct past *past);
struct handover *handover_find(const struct outgoing *outgoing, const char *id);
void handover_free(struct handover *handover);
/* Whether that code says that it was not transmitted, and nothing about another time. */
bool handed_code_is_passing(const char *code);
void handovers_due(struct outgoing *outgoing, int64_t now_ms);
/* All neighbours may be tried once more that have not transmitted it; but not before that time, so that none is asked more often than it may
 * take for it. */
void past_forgive(struct past *past);
int64_t handover_again_ms(const struct outgoing *outgoing, const struct past *past);

/* ---- outgoing_order.c ---- */

/* The neighbour's name, and its number or -1. */
const char *handover_gateway(const struct handover *handover);
int handover_number(const struct handover *handover);
/* Gives the order its id. */
void order_name(struct handover *handover);
/* Hands it to the neighbour, for the first time or again. */
void order_publish(const struct handover *handover);
/* Takes it back. A neighbour that has it already says what it has done with it; one that comes back gets both. */
void order_recall(const struct handover *handover);

/* ---- outgoing_late.c ---- */

/* The neighbour is not waited for any more; its word counts when it comes later. doubtful: what it has may have been transmitted, and it does
 * not say so. */
void handover_forsake(struct handover *handover, bool doubtful);
/* A neighbour speaks of what it was given before. False: nothing waits that this could be. */
bool outgoing_late_word(struct outgoing *outgoing, const char *gateway, const struct handed_receipt *receipt);

/* ---- outgoing_rescue.c ---- */

/* What waits for radios that are down is put on other ways, if there are any. Call every few seconds. */
void outgoing_rescue(struct outgoing *outgoing, int64_t now_ms);
/* Whether its radio is down for so long that it is not waited for, if there is another. */
bool lane_is_given_up(const struct exit_lane *lane, int64_t now_ms);
/* Bits of the radios that are down: the next one that is up is a way, however many better ones are not. */
uint32_t outgoing_down_lanes(const struct outgoing *outgoing);

/* ---- outgoing_errand.c ---- */

/* pinned: the sender has named the radio. 0 or -EINVAL. */
int errand_read(const struct entry *entry, struct message *message, bool *pinned);

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
/* What became of it so far, here too: what nobody can acknowledge was sent when all of it went, whatever becomes of its repetition. errand:
 * NULL = none. */
struct past errand_past(const struct errand *errand);
/* Whether it is an alert that was cut short here while another radio that is up speaks to its addressee: it goes there at once. */
bool errand_need_not_wait(const struct errand *errand);
/* It did not get through here: goes to the next lane, or is concluded as failed. The entry is in no schedule. */
void errand_failed(struct errand *errand, const char *code);
/* What it says is out of date, and some of it was transmitted: it is not repeated, and has been sent. */
void errand_supersede(struct errand *errand);
/* A neighbour has delivered it: the errand is over, and its entry the caller's to conclude. NULL: a frame of it is in the radio; it ends with
 * that, as the neighbour says. */
struct entry *errand_withdraw(struct errand *errand, const struct handed_receipt *receipt);
/* Whether no frame of it need go any more: its addressee has spoken, or a neighbour has delivered it. */
bool errand_is_settled(const struct errand *errand);
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

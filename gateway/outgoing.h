/* The way down: messages for the field wait for their radio by class and leave frame by frame; each gets one final receipt. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/json_neighbour.h"
#include "gateway/keeper.h"
#include "gateway/ledger_memory.h"
#include "gateway/neighbours.h"
#include "gateway/publisher.h"
#include "gateway/radio.h"

struct outgoing;

struct outgoing_callbacks {
	void *context;
	/* The message is safe: on disk, or, if on_disk is false, only in memory because there is no disk to be had. */
	void (*accepted)(void *context, const char *id, bool on_disk);
	void (*receipt)(void *context, const struct receipt *receipt);
};

/* publisher and ledgers are borrowed. NULL: out of memory. */
struct outgoing *outgoing_new(struct publisher *publisher, struct ledger_memory *ledgers,
			      const struct outgoing_callbacks *callbacks, sd_event *event);
void outgoing_free(struct outgoing *outgoing);

/* A radio takes part from now on; index is its place in settings->radios. */
void outgoing_add_radio(struct outgoing *outgoing, size_t index, struct radio *radio);

/* 0: there is a way for that message by that radio (NULL: by any); otherwise the error that outgoing_take would give. */
int outgoing_find(struct outgoing *outgoing, const struct message *message, const char *radio);
/* Takes a message with id, kind, to and text; radio is a name, or NULL: the one that heard the addressee last and best, or a neighbour that
 * did so better; and where it does not get through, the next one. 0: accepted and receipts follow. -ENODEV no such radio, or none of the addressee's network; -EINVAL more
 * than one to choose from, for a message to all; -ENOMEM. */
int outgoing_take(struct outgoing *outgoing, const struct message *message, const char *radio);
/* The same for what the gateway itself answers: its class is the message's, the radio is the one to begin with, and what is not to be kept
 * costs the disk nothing and ends with this run. No `accepted` follows. What that radio can never say is not taken: as air_ops.plan. */
int outgoing_answer(struct outgoing *outgoing, const struct message *message, const char *radio, bool kept);
/* Says something back to a station by the radio that heard it: without receipts, not kept on disk, before ROUTINE. */
void outgoing_say_back(struct outgoing *outgoing, struct radio *radio, const struct message *message);
/* Takes back a message that waits; the receipt `cancelled` follows before this returns. -ENOENT: nothing waits of that id; -EBUSY: too late,
 * some of it was or is being transmitted. */
int outgoing_cancel(struct outgoing *outgoing, const char *id);

/* Something newer takes its place: as outgoing_cancel, but what was transmitted already is repeated no more, and its final receipt is `sent`.
 * -ENOENT as above. */
int outgoing_supersede(struct outgoing *outgoing, const char *id);

/* An entry of a former run, found in the store. Takes over the reference. */
void outgoing_loaded(struct outgoing *outgoing, struct entry *entry);
/* The store answered for an entry that is not the uplink's. */
void outgoing_stored(struct outgoing *outgoing, struct entry *entry, bool on_disk);

/* Other gateways may deliver from now on what this one cannot, or not as well. Borrowed. */
void outgoing_use_neighbours(struct outgoing *outgoing, struct neighbours *neighbours);
/* The broker is there, or is gone: without it there are no neighbours. What they have is asked for again when it is back. */
void outgoing_online(struct outgoing *outgoing, bool online);
/* That neighbour has gone: what it was given and has not taken goes another way at once, if there is one; of alerts also what it may have
 * transmitted without having said so. */
void outgoing_neighbour_left(struct outgoing *outgoing, const char *gateway);
/* It is back: it is asked for what it has, and is a way again. */
void outgoing_neighbour_back(struct outgoing *outgoing, const char *gateway);
/* A neighbour says what became of something that it was given. */
void outgoing_answered(struct outgoing *outgoing, const char *gateway, const struct handed_receipt *receipt);

/* The radio told what became of its datagram. */
void outgoing_sent(struct outgoing *outgoing, struct radio *radio, enum send_result result, bool assumed,
		   const char *code);
/* That radio itself heard this: its sender can be reached there, and it may acknowledge something. Returns whether it did. */
bool outgoing_heard(struct outgoing *outgoing, const struct radio *radio, const struct message *message);
/* Something changed that may let a message go: a radio came up, time passed. */
void outgoing_wake(struct outgoing *outgoing);
/* Lets go of what has expired. Call every few seconds. */
void outgoing_tick(struct outgoing *outgoing, int64_t now_ms);

enum outgoing_stage {
	OUTGOING_WAITING,  /* nothing of it was transmitted */
	OUTGOING_ON_AIR,   /* a frame of it is in the radio */
	OUTGOING_SENDING,  /* some of its frames were transmitted, others wait */
	OUTGOING_AWAITING, /* for the addressee's acknowledgement */
};
const char *outgoing_stage_name(enum outgoing_stage stage);

/* One message on its way. Times are of the steady clock. */
struct outgoing_item {
	const struct entry *entry;
	const char *radio, *to; /* radio: a name, or GATEWAY_OUTLET and a neighbour */
	enum outgoing_stage stage;
	unsigned parts, parts_done, repeats; /* parts 0: not known yet */
	int64_t go_at_ms; /* when it will go, or is repeated, as far as can be told; 0 = as soon as its turn comes */
	const char *why;  /* "turn", "airtime", "listening", "radio", "acknowledgement", "repetition",
			     "neighbour" */
};
/* Every message on its way, radio by radio, most urgent first. Return false to stop. */
typedef bool outgoing_each_fn(void *context, const struct outgoing_item *item);
void outgoing_each(const struct outgoing *outgoing, outgoing_each_fn *each, void *context);

/* What a radio's transmitter has used of the airtime that it is allowed. */
struct outgoing_airtime {
	struct ledger_level level;
	int64_t
	    alert_until_ms; /* an alert waits for airtime until then; 0 = none does, INT64_MAX = nobody knows until when */
};
/* false: the radio is not running, or nothing is to be sent by it. */
bool outgoing_airtime(const struct outgoing *outgoing, size_t index, struct outgoing_airtime *airtime);
/* Whether an Actual DISTRESS or URGENT waits for airtime on any radio, and until when the first of them does (NULL = not wanted). */
bool outgoing_alert_waits(const struct outgoing *outgoing, int64_t *until_ms);
/* changed is called when that becomes true, or is true no more. */
void outgoing_watch_alerts(struct outgoing *outgoing, void (*changed)(void *context), void *context);

/* What of a class waits for that radio. */
struct schedule_level outgoing_level(const struct outgoing *outgoing, size_t index, enum message_class class);

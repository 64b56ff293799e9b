/* The way down: messages for the field wait for their radio by class and leave one at a time; each gets one final receipt. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/keeper.h"
#include "gateway/publisher.h"
#include "gateway/radio.h"

struct outgoing;

struct outgoing_callbacks {
	void *context;
	/* The message is safe: on disk, or, if on_disk is false, only in memory because there is no disk to be had. */
	void (*accepted)(void *context, const char *id, bool on_disk);
	void (*receipt)(void *context, const struct receipt *receipt);
};

/* publisher is borrowed. NULL: out of memory. */
struct outgoing *outgoing_new(struct publisher *publisher, const struct outgoing_callbacks *callbacks, sd_event *event);
void outgoing_free(struct outgoing *outgoing);

/* A radio takes part from now on; index is its place in settings->radios. */
void outgoing_add_radio(struct outgoing *outgoing, size_t index, struct radio *radio);

/* 0: there is such a radio (NULL: exactly one to choose from); otherwise the error that outgoing_take would give. */
int outgoing_find(struct outgoing *outgoing, const char *radio);
/* Takes a message with id, kind, to and text; radio is a name, or NULL for the only one there is. 0: accepted and receipts follow.
 * -ENODEV no such radio, -EINVAL more than one to choose from, -ENOMEM. */
int outgoing_take(struct outgoing *outgoing, const struct message *message, const char *radio);
/* An entry of a former run, found in the store. Takes over the reference. */
void outgoing_loaded(struct outgoing *outgoing, struct entry *entry);
/* The store answered for an entry that is not the uplink's. */
void outgoing_stored(struct outgoing *outgoing, struct entry *entry, bool on_disk);

/* The radio told what became of its message. */
void outgoing_sent(struct outgoing *outgoing, struct radio *radio, enum send_result result, bool assumed,
		   const char *code);
/* Something changed that may let a message go: a radio came up, time passed. */
void outgoing_wake(struct outgoing *outgoing);
/* Lets go of what has expired. Call every few seconds. */
void outgoing_tick(struct outgoing *outgoing, int64_t now_ms);

/* What waits for that radio. */
const struct schedule *outgoing_schedule(const struct outgoing *outgoing, size_t index);

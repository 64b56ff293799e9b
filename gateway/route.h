/* The one way a message walks. Up: heard, classified, told from its doubles, rendered, scheduled, published, answered. Down: see
 * outgoing.h. Each call records and wakes; nothing nests. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "gateway/incident.h"
#include "gateway/json.h"
#include "gateway/radio.h"
#include "gateway/settings.h"
#include "gateway/store.h"
#include "gateway/uplink.h"

struct field_memory;
struct outgoing;
struct receipts;
struct route;

struct route_callbacks {
	void *context;
	/* A message for the field is safe: on disk, or, if on_disk is false, only in memory because there is no disk to be had. */
	void (*accepted)(void *context, const char *id, bool on_disk);
	void (*receipt)(void *context, const struct receipt *receipt);
	/* A message was accepted for headquarters. */
	void (*passed)(void *context, const struct entry *entry);
};

/* Makes the route with its store, schedules and memory of doubles, and takes up what a former run left on disk. settings, event and
 * counters must outlive it. NULL: out of memory. */
struct route *route_new(const struct settings *settings, const struct route_callbacks *callbacks, sd_event *event,
			struct counters *counters);
/* Writes what is not safe yet (waiting at most a few seconds for the disk). Free the uplink and the radios first. */
void route_free(struct route *route);

/* Number of this run for birth and will: one more than the last run's. */
uint64_t route_session(const struct route *route);

/* What the uplink serves, and where its answers go. */
struct schedule *route_uplink_schedule(struct route *route);
void route_uplink_done(struct route *route, struct entry *entry, enum uplink_result result, int code);
/* The uplink is there from now on, or (NULL) not any more. */
void route_set_uplink(struct route *route, struct uplink *uplink);

/* Something for other people's topics at the broker goes with the bulk: when nothing else needs the line, not to disk, and not after ten
 * minutes. topic: whole. false: so much bulk waits already that it would only be in the way, or out of memory. */
struct route_aside {
	const char *topic, *id, *station;
	const void *payload;
	size_t size;
};
bool route_aside(struct route *route, const struct route_aside *aside);

/* A radio takes part from now on; index is its place in settings->radios. */
void route_add_radio(struct route *route, size_t index, struct radio *radio);
/* What the gateway itself has to say (gateway/panel_message.h): goes the way of what a radio of that name heard. at_us: monotonic. */
void route_panel_said(struct route *route, const struct message *message, int64_t at_us);
/* What struct radio_callbacks tells. */
void route_radio_heard(struct route *route, struct radio *radio, const struct message *message, int64_t heard_us);
void route_radio_say_back(struct route *route, struct radio *radio, const struct message *message);
void route_radio_heard_again(struct route *route, const char *id);
void route_radio_sent(struct route *route, struct radio *radio, enum send_result result, bool assumed,
		      const char *code);
size_t route_radio_unsafe(struct route *route, struct radio *radio);
void route_radio_state(struct route *route, struct radio *radio);

/* Takes a message for the field: id, to, text and kind are set, radio is a name or NULL. sender: whose command it is ("sec", "org/<name>").
 * 0: accepted() follows, and receipts. -EEXIST this command was taken before, -EADDRINUSE another one with its id was; -EPERM it is one of the
 * gateway's own ("k-..."); -ENOSPC too many are under way; -ENOMEM; otherwise the errors of outgoing_take, and the id may come again. */
int route_send(struct route *route, const char *sender, const struct message *message, const char *radio);
/* Takes a command back that waits; its final receipt is `cancelled`. -ENOENT: nothing of that id waits; -EBUSY: some of it was or is being
 * transmitted. */
int route_cancel(struct route *route, const char *id);
/* What is remembered of commands. Their receipts go through route_receipt. */
struct receipts *route_receipts(struct route *route);
/* For receipts_command.content: a hash that only this gateway can make. */
uint64_t route_content(const struct route *route, const char *sender, const char *text);
/* What became of a command that is not a message for a radio. */
void route_receipt(struct route *route, const struct receipt *receipt);

/* A level is given to ref: an open incident (by its id or that of any message of it: then it is published and kept, too) or a message that was
 * heard. Its station is told. eta_min: of RESPONDING, -1 = not given. 0; -ENOENT nothing is known of that id; -EALREADY that level or a
 * higher one was given; -EINVAL: none of BASE_SEEN to CLOSED, or one that only a person can give without an operator_id, as
 * incidents_acknowledge has it. */
int route_answer(struct route *route, const char *ref, enum ack_level level, const char *operator_id, int eta_min);
/* The same, given at the base, where nobody may learn which check-in was under duress: -EOPNOTSUPP for a check-in, whatever it is. */
int route_base_answer(struct route *route, const char *ref, enum ack_level level, const char *operator_id, int eta_min);
/* What a level may be given to: KIND_INCIDENT, or the kind of a message that was heard; KIND_NONE: nothing is known of that id. */
enum message_kind route_kind(const struct route *route, const char *ref);

/* A person at the base has seen all that are open and shown there (the covert ones are not): as above, at level BASE_SEEN. Returns how
 * many had been seen by nobody. */
size_t route_acknowledge_all(struct route *route, const char *operator_id);
/* changed is called once the open incidents are others than before, or others can be said of them. */
void route_watch_incidents(struct route *route, void (*changed)(void *context), void *context);

/* changed is called when an alert begins to wait for airtime, and when none does any more (outgoing_alert_waits). */
void route_watch_alerts(struct route *route, void (*changed)(void *context), void *context);

/* What keeps field frames from repeating, for the radios. */
struct field_memory *route_field_memory(struct route *route);

/* The broker is there, or is gone. */
void route_uplink_state(struct route *route, bool connected);
/* An uplink_received_fn each: what another gateway says on gw/+/reach/+, and on gw/+/state; and what it says became of what this one gave it, on a topic below
 * gw/<own>/down/ ("gw/<gateway>/receipt"): false = it is no such topic. */
void route_neighbour_heard(void *route, const char *topic, const void *payload, size_t size);
void route_neighbour_state(void *route, const char *topic, const void *payload, size_t size);
bool route_neighbour_answered(struct route *route, const char *topic, const void *payload, size_t size);
/* Whether a gateway of that name may give this one something to deliver. */
bool route_trusts(const struct route *route, const char *gateway);

/* For reports. */
const struct incidents *route_incidents(const struct route *route);
/* What is on its way to the field. */
const struct outgoing *route_outgoing(const struct route *route);
struct schedule_level route_radio_level(const struct route *route, size_t index, enum message_class class);
struct store *route_store(struct route *route);
const char *route_store_text(const struct route *route);

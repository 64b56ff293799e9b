/* The sender: takes entries from the schedule to the connections, urgent ones at once, bulk when the link is free for it. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "gateway/mqtt.h"
#include "gateway/schedule.h"
#include "gateway/uplink.h"

/* SENDER_SECOND is the other urgent connection; everything works without it, only losses cost more time. */
enum sender_lane { SENDER_URGENT, SENDER_BULK, SENDER_SECOND, SENDER_LANES };

struct sender;

/* settings: topic_prefix and bulk_rate_max_bps are used and must outlive it, as must schedule. done: as in uplink_callbacks.
 * broken: a connection was found lost while publishing; called on the loop, not from within another call. */
struct sender_callbacks {
	void *context;
	void (*done)(void *context, struct entry *entry, enum uplink_result result, int code);
	void (*broken)(void *context, enum sender_lane which);
};

struct sender *sender_new(const struct uplink_settings *settings, struct schedule *schedule,
			  const struct sender_callbacks *callbacks, sd_event *event, struct counters *counters);
/* Gives everything unanswered back and closes the connections. */
void sender_free(struct sender *sender);

/* Takes over an opened connection and begins to use it. 0 or -ENOMEM. */
int sender_attach(struct sender *sender, enum sender_lane which, struct mqtt *mqtt);
/* Closes one or all connections, gives what is unanswered back to the schedule. */
void sender_detach(struct sender *sender, enum sender_lane which);
void sender_detach_all(struct sender *sender);

/* To be called from the connection's callbacks of the same names. */
void sender_answered(struct sender *sender, enum sender_lane which, uint16_t mid, int code);
void sender_served(struct sender *sender, enum sender_lane which);

/* How long the lane that waits longest for an answer has had none; 0 = nothing waits. */
int64_t sender_silence_us(const struct sender *sender);

/* Something was put into the schedule. Sends within this loop turn what may be sent. */
void sender_wake(struct sender *sender);

/* Publishes a retained document on the urgent connection if it is up. topic: below the prefix. */
int sender_retain(struct sender *sender, const char *topic, const char *json);

/* Subscribes on that connection if it is up. filter: whole. */
int sender_subscribe(struct sender *sender, enum sender_lane which, const char *filter, enum mqtt_interest interest);

/* As mqtt_release. */
void sender_release(struct sender *sender, enum sender_lane which);

/* Fills in the numbers of the status that the sender knows. */
void sender_status(const struct sender *sender, struct uplink_status *status);

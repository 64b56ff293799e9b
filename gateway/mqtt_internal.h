/* What the files of one MQTT connection share: the attempt in its own thread, and the connection that the loop serves after it. */
#pragma once

#include <mosquitto.h>

#include "gateway/mqtt.h"

#define MQTT_NO_RECEIVE_MAXIMUM 65535

/* What came while the attempt's thread still read. */
struct mqtt_early {
	struct mqtt_early *next;
	struct mqtt_arrival arrival;
	char data[]; /* topic and payload */
};

struct mqtt {
	struct mqtt *next; /* among the leftovers */
	struct mosquitto *mosquitto;
	struct mqtt_callbacks callbacks;
	struct worker_job *job; /* of the attempt */
	sd_event *event;
	sd_event_source *io, *misc;
	bool connected, writing, closing, ipv6, may_hold, held, reading;
	int unasked_mid; /* of a subscription that may be refused, 0 = none */
	struct mqtt_limits limits;
	/* Written by the attempt's thread, read by the loop after it. */
	int answer; /* code of CONNACK, -1 = none came */
	int error, error_number;
	struct mqtt_early *early, **early_end;
	/* Of the settings. */
	char *host;
	uint16_t port;
	int protocol, keepalive_s, dscp;
	uint32_t session_expiry_s;
	int64_t connect_timeout_ms, event_priority;
};

/* Ends a connection that has no attempt under way. NULL allowed. */
void mqtt_free(struct mqtt *mqtt);
/* Leaves one that was closed to the end of its attempt: its thread may hang in a look-up, which nothing can end. The loop's thread alone. */
void mqtt_leave(struct mqtt *mqtt);
/* Keeps a copy of what came before the connection was the loop's, to be handed up with it. Lost when out of memory. */
void mqtt_keep_early(struct mqtt *mqtt, const struct mqtt_arrival *arrival);

/* The library acknowledges what it has read before it hands it up. While it believes that another thread does the writing, it only queues
 * what it has to say (mosquitto_threaded_set): that is how an acknowledgement can be held back. */
void mqtt_only_queue(struct mqtt *mqtt, bool on);
/* Hands up what came, and holds back that it came where that is wanted. */
void mqtt_hand_up(struct mqtt *mqtt, const struct mqtt_arrival *arrival);
/* What is queued goes when the socket takes it. */
void mqtt_watch_writing(struct mqtt *mqtt);

/* What the broker says is told to the callbacks from here on. */
void mqtt_listen(struct mqtt *mqtt);
/* The loop serves the connection from now on. Negative errno: out of memory. */
int mqtt_serve(struct mqtt *mqtt);

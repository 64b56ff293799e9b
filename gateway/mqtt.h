/* One MQTT connection over libmosquitto: opened in a worker thread up to the broker's answer, then served by the event loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/worker.h"

struct mqtt;

struct mqtt_settings {
	const char *host;
	uint16_t port;
	bool tls;
	const char *ca_file, *certificate_file, *key_file; /* NULL = none; with tls and no ca_file the system's store */
	const char *username, *password;                   /* NULL = none */
	const char *client_id;
	int protocol;              /* 5 or 4 (3.1.1) */
	bool clean;                /* no session kept at the broker */
	uint32_t session_expiry_s; /* MQTT 5, of a kept session */
	int keepalive_s;
	int64_t connect_timeout_ms;
	const char *will_topic, *will_payload; /* retained, QoS 1; NULL = none */
	int dscp;                              /* differentiated services code point, 0-63 */
	int64_t event_priority;
	bool may_hold; /* `received` may hold back acknowledgements */
};

enum mqtt_failure {
	MQTT_OK,
	MQTT_UNREACHABLE, /* name, TCP or TLS */
	MQTT_MUTE,        /* accepted the connection and said nothing */
	MQTT_HUNG_UP,     /* closed the connection instead of answering */
	MQTT_PROTOCOL,    /* does not speak this protocol version */
	MQTT_REFUSED,     /* any other refusal */
};

/* What somebody else published on a topic that was subscribed to. */
struct mqtt_arrival {
	const char *topic;
	const void *payload;
	size_t size;
	bool retained;    /* the broker had kept it, or will: see mqtt_subscribe */
	int64_t expiry_s; /* what is left of its message expiry (MQTT 5), -1 = it has none */
};

struct mqtt_callbacks {
	void *context;
	/* The attempt of mqtt_open is over. After a failure call mqtt_close. text: what happened, for people, valid during the call. */
	void (*opened)(void *context, enum mqtt_failure failure, const char *text);
	/* The broker answered a publication. code: MQTT 5 reason code, 0 = success and always 0 with 3.1.1. */
	void (*answered)(void *context, uint16_t mid, int code);
	/* Everything that had arrived was read: one call after a number of `answered`. */
	void (*served)(void *context);
	/* A message of somebody else came; valid during the call. What a kept session has waiting may come before `opened`. NULL: of no
	 * interest. True: the broker is not told that it came, nor that anything came after it, until mqtt_release; after a kill it comes
	 * again then. Only where the settings say may_hold. */
	bool (*received)(void *context, const struct mqtt_arrival *arrival);
	/* The broker does not grant a subscription. Many brokers grant it all the same and send nothing. NULL: of no interest. */
	void (*refused)(void *context);
	/* The connection is lost; call mqtt_close, now or later. Not called after mqtt_close. */
	void (*lost)(void *context, const char *text);
};

/* Starts an attempt. NULL: out of memory, a TLS file cannot be read, or no thread to be had; text (of text_size) says which. All
 * texts of the settings are copied. */
struct mqtt *mqtt_open(const struct mqtt_settings *settings, const struct mqtt_callbacks *callbacks, sd_event *event,
		       struct worker *worker, char *text, size_t text_size);
/* Ends it at any time, also in mid attempt and from any callback but answered, received and served; NULL allowed. A connected one says DISCONNECT
 * to the broker, which then forgets the will. */
void mqtt_close(struct mqtt *mqtt);

struct mqtt_limits {
	uint16_t receive_maximum;     /* publications without answer that the broker takes, 65535 = no limit */
	uint16_t topic_alias_maximum; /* 0 = none */
	uint32_t packet_maximum;      /* bytes, 0 = no limit */
	bool session_present;
};
const struct mqtt_limits *mqtt_limits(const struct mqtt *mqtt);

struct mqtt_publication {
	const char *topic; /* NULL: the alias was given with this topic before */
	uint16_t alias;    /* 0 = none */
	const void *payload;
	size_t payload_size;
	bool retain;
	uint32_t expiry_s;         /* 0 = none */
	const char *content_type;  /* NULL = none */
	const char *id, *class_id; /* user properties, NULL = none */
};

/* Publishes with QoS 1 and hands it to the socket. 0 and the message id, or negative errno: -ENOTCONN (lost, noticed here first; `lost` is
 * not called any more), -EINVAL (the library does not
 * accept the topic or the payload), -ENOMEM. Properties are left out with 3.1.1. */
int mqtt_publish(struct mqtt *mqtt, const struct mqtt_publication *publication, uint16_t *mid);

enum mqtt_interest {
	/* With QoS 1, from now on and without what the broker has kept (3.1.1 sends that all the same). */
	MQTT_WHAT_COMES,
	/* The same; `retained` says of what is published now, too, whether the broker keeps it (MQTT 5). */
	MQTT_WHAT_COMES_MARKED,
	/* What the broker keeps and each change of it, with QoS 0: what changes while there is no connection is asked for anew. That it is
	 * refused is not told. */
	MQTT_WHAT_IS,
};
/* Asks for what others publish on this topic filter. 0, -ENOTCONN, -EINVAL, -ENOMEM as above. */
int mqtt_subscribe(struct mqtt *mqtt, const char *filter, enum mqtt_interest interest);

/* What was held back goes in the next turn of the loop. */
void mqtt_release(struct mqtt *mqtt);
/* Whether something is held back. What is published with retain waits with it; anything else goes at once, and takes along what is held back. */
bool mqtt_holds(const struct mqtt *mqtt);

/* Whether the socket takes nothing more: publishing would only queue. */
bool mqtt_blocked(const struct mqtt *mqtt);

/* Between cork and uncork the kernel collects what is published into full segments. */
void mqtt_cork(struct mqtt *mqtt, bool on);

/* What the kernel knows of the connection. */
struct mqtt_tcp {
	uint64_t
	    wire_bytes; /* sent so far with the headers of TCP and IP, retransmissions and bare acknowledgements included */
	uint32_t unsent_bytes; /* handed down, not yet sent for lack of a congestion window */
	uint32_t lost;         /* retransmissions and holes in what arrived, so far */
	uint32_t rtt_us;       /* smoothed */
};
/* False when not connected. */
bool mqtt_tcp(const struct mqtt *mqtt, struct mqtt_tcp *tcp);

/* What the files of the Meshtastic driver share. */
#pragma once

#include "drivers/codec/lora_airtime.h"
#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_stream.h"
#include "drivers/codec/stranger.h"
#include "drivers/modem.h"

enum meshtastic_key { MESHTASTIC_KEY_ACK, MESHTASTIC_KEY_HEARTBEAT, MESHTASTIC_KEY_RETRY, MESHTASTIC_KEYS };

enum meshtastic_phase {
	MESHTASTIC_CLOSED,
	MESHTASTIC_WAKING,      /* filling bytes were written, the question comes */
	MESHTASTIC_CONFIGURING, /* asked for its configuration, which comes frame by frame */
	MESHTASTIC_RESTING,     /* nothing answered; tried again later */
	MESHTASTIC_UP,
};

enum meshtastic_stage {
	MESHTASTIC_NOTHING,
	MESHTASTIC_PACED,    /* waits until the node's limits allow it */
	MESHTASTIC_WRITTEN,  /* with the node, which has not said whether it takes it */
	MESHTASTIC_ACCEPTED, /* in its queue or on the air; an acknowledgement or a refusal may come */
};

/* What is being sent. */
struct meshtastic_sending {
	enum meshtastic_stage stage;
	mt_ToRadio to;
	int64_t due_us;
	bool answered;    /* the node said that it took it */
	bool relayed;     /* a neighbour was heard repeating it on its way to its addressee */
	bool repeated;    /* an alert without any sign, which goes once more as a text */
	uint32_t earlier; /* its number as an alert then: a late word on that counts, too */
	bool hurried;     /* something more urgent waits behind it */
};

/* What the node told of itself. */
struct meshtastic_node {
	uint32_t number, reboots;
	unsigned hardware, nodes, channels, region;
	bool has_lora, transmits;
	struct lora_modulation modulation;
};

struct meshtastic {
	const struct services *services;
	const union driver_value *values;
	struct meshtastic_stream stream;
	struct stranger stranger;
	enum meshtastic_phase phase;
	unsigned tries;
	uint32_t config_id;
	int64_t config_us; /* the whole configuration must have come by then */
	bool talks;        /* frames of it were read since it was woken first */
	uint64_t random;
	int64_t due_us;      /* of the phase; while up: the next heartbeat or the end of the wait for its answer */
	int64_t half_due_us; /* a half frame is given up, 0 = there is none */
	bool asked;          /* a heartbeat waits for its answer */
	unsigned misses;

	struct meshtastic_node node;
	bool has_queue;
	bool full, full_for_alerts; /* it refused a packet, or even an alert, and has had no room since */
	unsigned queue_free, queue_size;
	struct meshtastic_sending sending;
	int64_t text_us, alert_us; /* when the next of them may go */
	int64_t held_us;           /* nothing is taken until then: the node has used up its airtime, 0 = it has not */
	bool examining;
	bool was_ready;

	char model[32], firmware[32];
	char text[200];
};

/* meshtastic.c */

int64_t meshtastic_now_us(const struct meshtastic *meshtastic);
void meshtastic_drop(const struct meshtastic *meshtastic, const char *reason);
void meshtastic_set_text(struct meshtastic *meshtastic, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One frame to the node. 0 or what services->write answers. */
int meshtastic_tell(const struct meshtastic *meshtastic, const mt_ToRadio *to);
/* The next heartbeat goes after that time. */
void meshtastic_ask_soon(struct meshtastic *meshtastic, int64_t in_us);
/* Looks again at what has to be done when, and whether it takes a datagram. */
void meshtastic_settle(struct meshtastic *meshtastic);
/* A number that was not used before, never 0. */
uint32_t meshtastic_next_id(struct meshtastic *meshtastic);

/* meshtastic_send.c */

int meshtastic_send(void *state, const struct datagram *datagram);
/* Something more urgent waits: what only waits for its turn is given back, what only waits for an acknowledgement is done. */
void meshtastic_hurry(void *state);
/* Whether it takes a datagram of an alert. */
bool meshtastic_ready(const struct meshtastic *meshtastic);
void meshtastic_take_queue(struct meshtastic *meshtastic, const mt_QueueStatus *status);
void meshtastic_take_routing(struct meshtastic *meshtastic, const mt_MeshPacket *packet, const mt_Data *data);
/* A time of what is being sent is over. */
void meshtastic_send_late(struct meshtastic *meshtastic);
/* The node forgot what it had. */
void meshtastic_fail_sending(struct meshtastic *meshtastic, const char *code);

/* meshtastic_setup.c */

/* From waking the node to asking for its configuration. */
void meshtastic_begin(struct meshtastic *meshtastic);
void meshtastic_setup_late(struct meshtastic *meshtastic);
/* Takes what the node tells of itself. */
void meshtastic_setup_frame(struct meshtastic *meshtastic, const mt_FromRadio *from);

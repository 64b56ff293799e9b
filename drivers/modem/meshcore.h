/* What the files of the MeshCore driver share. */
#pragma once

#include "drivers/codec/meshcore.h"
#include "drivers/codec/stranger.h"
#include "drivers/modem.h"

enum meshcore_key {
	MESHCORE_KEY_ATTEMPTS,
	MESHCORE_KEY_HEARTBEAT,
	MESHCORE_KEY_STATS,
	MESHCORE_KEY_SET_CLOCK,
	MESHCORE_KEYS
};

enum meshcore_phase {
	MESHCORE_CLOSED,
	MESHCORE_WAKING,   /* bytes were written that end a half command */
	MESHCORE_STARTING, /* asked step by step what it is and has */
	MESHCORE_PROBING,  /* nothing answered: is it a node of the other family? */
	MESHCORE_RESTING,  /* tried again later */
	MESHCORE_UP,
};

enum meshcore_step {
	MESHCORE_STEP_QUERY,
	MESHCORE_STEP_APP,
	MESHCORE_STEP_TIME,
	MESHCORE_STEP_SET_TIME,
	MESHCORE_STEP_CHANNELS,
};

/* Answers carry no number, so one command is under way at a time. */
struct meshcore_asked {
	uint8_t command; /* 0 = none is */
	int64_t due_us;
};

enum meshcore_stage {
	MESHCORE_NOTHING,
	MESHCORE_WANTED,      /* waits until a command may be written, or longer */
	MESHCORE_ASKED,       /* with the node, which has not answered */
	MESHCORE_AWAITED,     /* on its way; an acknowledgement may come */
	MESHCORE_PATH_WANTED, /* the known way does not work any more: the node shall forget it */
	MESHCORE_PATH_ASKED,
	MESHCORE_AIRED, /* on a channel, where nobody acknowledges */
};

struct meshcore_sending {
	enum meshcore_stage stage;
	uint8_t bytes[MESHCORE_DIRECT_MAX];
	size_t size;
	unsigned attempt, refusals;
	bool on_air, flood;
	bool hurried; /* something more urgent waits behind it */
	int64_t due_us;
	uint8_t acks[MESHCORE_ATTEMPTS_MAX][MESHCORE_ACK_SIZE]; /* a late one counts, too */
	unsigned ack_count;
	bool has_early; /* came before it was known what to wait for */
	uint8_t early[MESHCORE_ACK_SIZE];
};

enum { MESHCORE_ADVERTS_MAX = 16 };

struct meshcore {
	const struct services *services;
	const union driver_value *values;

	struct meshcore_stream stream;
	struct stranger stranger;
	enum meshcore_phase phase;
	enum meshcore_step step;
	unsigned tries, misses;
	int64_t phase_us, half_us, retry_us; /* when they are over; 0 = not running */
	struct meshcore_asked asked;
	bool was_ready;

	struct meshcore_device device;
	struct meshcore_self self;
	bool old_frames; /* the node does not know version 3 */
	bool doubted;    /* it spoke in the old form although it does */
	bool asked_anew; /* it fell silent in the middle of the handshake, which was begun once more */
	uint8_t channel;

	bool waiting;     /* the node has messages, or may have */
	bool first_round; /* of taking what waited while nobody took anything */
	size_t round;     /* messages taken in it */
	bool was_full;    /* so many waited that some may be lost; that is what the text says */
	int64_t taken_us; /* when the last one was taken */
	bool contacts_wanted, contacts_known;
	int64_t listing_us; /* they are being listed, and the next must come by then; 0 = they are not */
	uint32_t contacts_since, contact_count;
	uint8_t adverts[MESHCORE_ADVERTS_MAX][MESHCORE_KEY_SIZE]; /* whose contact is to be asked for */
	unsigned advert_count;

	int64_t heartbeat_us, clock_us; /* when they are due */
	bool heartbeat_wanted, time_wanted, clock_wanted;
	bool no_stats; /* an old board */
	bool is_ahead; /* its clock; that is what the text says */
	uint32_t uptime_s;
	bool has_uptime;

	unsigned stats_next; /* of a round; MESHCORE_STATS_TYPES = none is under way */
	int64_t stats_us;
	struct meshcore_stats stats[MESHCORE_STATS_TYPES];
	bool has_stats[MESHCORE_STATS_TYPES];
	bool examining;

	struct meshcore_sending sending;
	char text[240];
};

/* meshcore.c */

int64_t meshcore_now_us(const struct meshcore *meshcore);
void meshcore_drop(const struct meshcore *meshcore, const char *reason);
void meshcore_set_text(struct meshcore *meshcore, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes a command, which is under way from then on. false: the port takes nothing now; it is tried again. */
bool meshcore_ask(struct meshcore *meshcore, const uint8_t *payload, size_t size);
/* The node was lost: what was under way fails with that code, and it is set up anew. */
void meshcore_start_anew(struct meshcore *meshcore, const char *reason, const char *code);

/* meshcore_take.c: a frame that has come, its code first. */

void meshcore_take_reply(struct meshcore *meshcore, const uint8_t *payload, size_t size);
/* Said unasked. */
void meshcore_take_push(struct meshcore *meshcore, const uint8_t *payload, size_t size);

/* meshcore_setup.c: from the opening of the port to a node that is known. */

void meshcore_begin(struct meshcore *meshcore);
/* Asks for what comes next. */
void meshcore_setup_next(struct meshcore *meshcore);
void meshcore_setup_answer(struct meshcore *meshcore, uint8_t command, const uint8_t *payload, size_t size);
/* No answer came. */
void meshcore_setup_silence(struct meshcore *meshcore);
/* The time of the phase is over. */
void meshcore_setup_late(struct meshcore *meshcore);
/* Looks at the node's time; true: it is behind and is to be set. */
bool meshcore_judge_clock(struct meshcore *meshcore, const uint8_t *payload, size_t size);
bool meshcore_write_clock(struct meshcore *meshcore);

/* meshcore_work.c: a node that is up: messages, contacts, signs of life. */

/* When messages that wait may be taken; 0 = at once. */
int64_t meshcore_may_take_us(const struct meshcore *meshcore);
void meshcore_work_begin(struct meshcore *meshcore);
void meshcore_work_next(struct meshcore *meshcore);
void meshcore_work_answer(struct meshcore *meshcore, uint8_t command, const uint8_t *payload, size_t size);
/* No answer came to that command. */
void meshcore_work_silence(struct meshcore *meshcore, uint8_t command);
void meshcore_work_late(struct meshcore *meshcore);
/* The list of contacts comes in many frames, and the node takes commands meanwhile: whether that code belongs to it. */
bool meshcore_is_listed(const struct meshcore *meshcore, uint8_t code);
void meshcore_take_listed(struct meshcore *meshcore, const uint8_t *payload, size_t size);
void meshcore_work_advert(struct meshcore *meshcore, const uint8_t *key);
/* There was text between frames: is that a node that starts? */
void meshcore_work_noise(struct meshcore *meshcore);
int meshcore_examine(void *state, enum modem_examination what);
void meshcore_end_examination(struct meshcore *meshcore, const char *error);

/* meshcore_send.c */

int meshcore_send(void *state, const struct datagram *datagram);
int64_t meshcore_airtime_us(const void *state, size_t size);
/* Whether it wants to write a command now. */
bool meshcore_send_wants(const struct meshcore *meshcore);
void meshcore_send_next(struct meshcore *meshcore);
void meshcore_send_answer(struct meshcore *meshcore, const uint8_t *payload, size_t size);
void meshcore_send_silence(struct meshcore *meshcore);
void meshcore_send_confirmed(struct meshcore *meshcore, const uint8_t *payload, size_t size);
void meshcore_send_late(struct meshcore *meshcore);
void meshcore_hurry(void *state);
void meshcore_fail_sending(struct meshcore *meshcore, const char *code);

/* What the files of the RNode driver share. */
#pragma once

#include "drivers/codec/lora_airtime.h"
#include "drivers/codec/rnode.h"
#include "drivers/codec/stranger.h"
#include "drivers/modem.h"

enum rnode_key {
	RNODE_KEY_FREQUENCY,
	RNODE_KEY_SPREADING,
	RNODE_KEY_BANDWIDTH,
	RNODE_KEY_CODING,
	RNODE_KEY_POWER,
	RNODE_KEY_LIMIT_SHORT,
	RNODE_KEY_LIMIT_LONG,
	RNODE_KEYS
};

/* What is set on the board and echoed by it. */
enum rnode_setting {
	RNODE_SET_FREQUENCY,
	RNODE_SET_BANDWIDTH,
	RNODE_SET_POWER,
	RNODE_SET_SPREADING,
	RNODE_SET_CODING,
	RNODE_SET_LIMIT_SHORT,
	RNODE_SET_LIMIT_LONG,
	RNODE_SET_STATE,
	RNODE_SETTINGS
};

enum rnode_phase {
	RNODE_CLOSED,
	RNODE_SETTLING, /* many boards start anew when the port is opened */
	RNODE_DETECTING,
	RNODE_SETTING_UP, /* settings were written, their echoes come */
	RNODE_RESTING,    /* it cannot be set up; tried again later */
	RNODE_IDLE,
	RNODE_POLLING,  /* asked whether its queue has room: is it alive? */
	RNODE_ASKING,   /* the same, with a datagram waiting for the answer */
	RNODE_IN_MODEM, /* the datagram is in the modem, and no sign of its transmission came yet */
};

/* What is gathered for an examination. */
struct rnode_findings {
	bool running;
	enum modem_examination what;
	int64_t end_us;
	unsigned count; /* of STAT_CHTM frames */
	double rssi_min_dbm, rssi_max_dbm, noise_dbm, interference_dbm, load_percent;
};

struct rnode {
	const struct services *services;
	const union driver_value *values;
	struct lora_modulation modulation;
	uint32_t wanted[RNODE_SETTINGS], echo[RNODE_SETTINGS];
	bool echoed[RNODE_SETTINGS];

	struct rnode_decoder decoder;
	struct stranger stranger;
	enum rnode_phase phase;
	unsigned tries;
	bool detected, has_firmware, configured;
	uint8_t major, minor, platform, mcu;
	int64_t due_us;     /* of the phase, 0 = none */
	int64_t changed_us; /* when a setting was last not what had been verified */

	bool has_channel; /* this board tells how the channel is used */
	struct rnode_channel channel;
	int64_t channel_us;
	bool limited; /* it transmits nothing: its airtime limit is reached */
	struct rnode_physical physical;
	double rssi_dbm, snr_db; /* of the datagram that comes next, NAN = not told */

	uint8_t bytes[RNODE_PACKET_MAX]; /* what is being sent, size 0 = nothing */
	size_t size;
	int64_t written_us;

	struct rnode_findings findings;
	char model[24], firmware[12];
	char text[200];
};

/* rnode_setup.c: from the opening of the port to a radio that is set up. */

void rnode_read_values(struct rnode *rnode);
void rnode_begin(struct rnode *rnode);
/* Tells the board to start anew, which empties its queue, and begins again. */
void rnode_reboot(struct rnode *rnode);
/* Not ready, tried again after that time. */
void rnode_rest(struct rnode *rnode, int64_t for_us);
/* Takes what identifies the board, or the echo of a setting. false: it is neither. */
bool rnode_setup_frame(struct rnode *rnode);
/* The time of a phase of the setting up is over. */
void rnode_setup_late(struct rnode *rnode);
/* "frequency_mhz", and whether its echo is what was asked for. */
const char *rnode_setting_key(enum rnode_setting setting);
bool rnode_setting_agrees(const struct rnode *rnode, enum rnode_setting setting);

/* rnode_examine.c */

int rnode_examine(void *state, enum modem_examination what);
/* A STAT_CHTM came. */
void rnode_examine_channel(struct rnode *rnode);
void rnode_examine_end(struct rnode *rnode, const char *error);

/* rnode_send.c */

int rnode_send(void *state, const struct datagram *datagram);
int64_t rnode_airtime_us(const void *state, size_t size);
void rnode_fail_sending(struct rnode *rnode, const char *code);
/* It was transmitted. assumed: nothing showed it, but its time is over. */
void rnode_finish_sending(struct rnode *rnode, bool assumed);
/* Is there room? The answer also proves that the board is alive. */
void rnode_ask_room(struct rnode *rnode, enum rnode_phase phase);
void rnode_take_room(struct rnode *rnode, uint8_t room);
/* The time a transmission needs is over. */
void rnode_look_for_signs(struct rnode *rnode);

/* rnode.c */

void rnode_drop(const struct rnode *rnode, const char *reason);
void rnode_enter(struct rnode *rnode, enum rnode_phase phase, int64_t for_us);
void rnode_set_alarm(const struct rnode *rnode);
/* One frame to the board, or several in one write. 0 or what services->write answers. */
int rnode_write(const struct rnode *rnode, uint8_t command, const void *body, size_t size);
void rnode_set_text(struct rnode *rnode, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rnode_set_configured(struct rnode *rnode, bool configured);
int64_t rnode_now_us(const struct rnode *rnode);

/* An RNode: LoRa modem with a KISS-like host protocol of its own. It carries datagrams as they are.
 *
 * The board queues what it is given and, once it has won the channel, sends all of it without listening again. So at most one
 * datagram is in it at a time, and the choice of the next one stays with the gateway. */
#include "drivers/modem/rnode.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/kiss.h"

enum {
	POLL_US = 10000000,   /* between two questions whether it is alive */
	SILENT_US = 10000000, /* a board that told of its channel every second and does not any more */
	REST_US = 5000000,
	REST_LONG_US = 30000000,
	FRAME_MAX = 2 * (RNODE_PACKET_MAX + 1) + 2,
};

int64_t rnode_now_us(const struct rnode *rnode)
{
	return rnode->services->now_us(rnode->services->owner);
}

void rnode_drop(const struct rnode *rnode, const char *reason)
{
	rnode->services->drop(rnode->services->owner, reason);
}

void rnode_set_alarm(const struct rnode *rnode)
{
	int64_t at_us = rnode->due_us;
	if (rnode->findings.running && (!at_us || rnode->findings.end_us < at_us))
		at_us = rnode->findings.end_us;
	rnode->services->alarm(rnode->services->owner, at_us);
}

void rnode_enter(struct rnode *rnode, enum rnode_phase phase, int64_t for_us)
{
	rnode->phase = phase;
	if (phase == RNODE_IDLE)
		for_us = POLL_US;
	rnode->due_us = rnode_now_us(rnode) + for_us;
	rnode_set_alarm(rnode);
}

int rnode_write(const struct rnode *rnode, uint8_t command, const void *body, size_t size)
{
	uint8_t bytes[FRAME_MAX];
	size_t used = kiss_encode(command, NULL, 0, body, size, bytes, sizeof(bytes));
	return used ? rnode->services->write(rnode->services->owner, bytes, used) : -EMSGSIZE;
}

void rnode_set_text(struct rnode *rnode, const char *format, ...)
{
	char text[sizeof(rnode->text)];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (strcmp(text, rnode->text) == 0)
		return;
	memcpy(rnode->text, text, sizeof(text));
	rnode->services->changed(rnode->services->owner);
}

void rnode_set_configured(struct rnode *rnode, bool configured)
{
	if (rnode->configured == configured)
		return;
	rnode->configured = configured;
	if (!configured)
		rnode_examine_end(rnode, "the RNode was lost meanwhile");
	rnode->services->changed(rnode->services->owner);
}

/* ---- what it says of itself ---- */

static bool over(const struct rnode *rnode, enum rnode_setting limit, double percent)
{
	return rnode->wanted[limit] && percent * 100 >= rnode->wanted[limit];
}

/* It stops transmitting at its limit, takes datagrams all the same, and says nothing. */
static void judge_limit(struct rnode *rnode)
{
	bool limited = over(rnode, RNODE_SET_LIMIT_SHORT, rnode->channel.airtime_short_percent) ||
		       over(rnode, RNODE_SET_LIMIT_LONG, rnode->channel.airtime_long_percent);
	if (limited == rnode->limited)
		return;
	rnode->limited = limited;
	rnode_set_text(rnode, "%s",
		       limited ? "the airtime limit set in the RNode is reached: it transmits nothing for a while."
			       : "");
	rnode->services->changed(rnode->services->owner);
}

/* Own airtime grows only by a transmission, and there is only one it can be. */
static void take_channel(struct rnode *rnode, const uint8_t *body, size_t size)
{
	struct rnode_channel before = rnode->channel;
	bool had = rnode->has_channel;
	if (!rnode_read_channel(body, size, &rnode->channel)) {
		rnode_drop(rnode, "rnode_bad_frame");
		return;
	}
	bool rose = had && (rnode->channel.airtime_short_percent > before.airtime_short_percent ||
			    rnode->channel.airtime_long_percent > before.airtime_long_percent);
	/* A datagram written before the first of these is reckoned as on a board without them. */
	rnode->has_channel = had || rnode->phase != RNODE_IN_MODEM;
	rnode->channel_us = rnode_now_us(rnode);
	rnode_examine_channel(rnode);
	if (rnode->phase == RNODE_IN_MODEM && rose)
		rnode_finish_sending(rnode, false);
	if (rnode->configured)
		judge_limit(rnode);
}

static void take_error(struct rnode *rnode, uint8_t error)
{
	switch (error) {
	case RNODE_ERROR_MEMORY_LOW:
		rnode_drop(rnode, "rnode_memory_low");
		return;
	case RNODE_ERROR_QUEUE_FULL:
		rnode_fail_sending(rnode, "modem_full");
		rnode_reboot(rnode);
		return;
	case RNODE_ERROR_TX_FAILED:
		rnode_fail_sending(rnode, "tx_failed");
		break;
	case RNODE_ERROR_MODEM_TIMEOUT:
		rnode_fail_sending(rnode, "modem_timeout");
		break;
	case RNODE_ERROR_RADIO_INIT:
	case RNODE_ERROR_EEPROM_LOCKED:
		rnode_fail_sending(rnode, "modem_error");
		break;
	default:
		rnode_drop(rnode, "rnode_unknown_error");
		return;
	}
	rnode_drop(rnode, "rnode_error");
	rnode_set_text(rnode, "the RNode reports: %s. It is set up again.%s", rnode_error_text(error),
		       error == RNODE_ERROR_EEPROM_LOCKED ? " Run rnodeconf --info to see what it lacks." : "");
	rnode_rest(rnode, error == RNODE_ERROR_EEPROM_LOCKED ? REST_LONG_US : REST_US);
}

/* | 55 | F8 | at the end of its start: all it was told is lost. */
static void take_reboot(struct rnode *rnode)
{
	if (rnode->phase == RNODE_SETTLING || rnode->phase == RNODE_CLOSED)
		return;
	rnode_drop(rnode, "rnode_reboot");
	rnode_fail_sending(rnode, "modem_rebooted");
	rnode_begin(rnode);
}

static void take_data(struct rnode *rnode, const uint8_t *body, size_t size)
{
	const struct datagram datagram = {
	    .bytes = body, .size = size, .rssi_dbm = rnode->rssi_dbm, .snr_db = rnode->snr_db};
	rnode->rssi_dbm = rnode->snr_db = (double)NAN;
	if (size > 0 && size <= RNODE_DATA_MAX)
		rnode->services->heard_datagram(rnode->services->owner, &datagram);
	else
		rnode_drop(rnode, "rnode_bad_frame");
}

/* Frames that tell nothing a gateway needs. */
static bool is_chatter(uint8_t command)
{
	static const uint8_t known[] = {RNODE_RADIO_LOCK, RNODE_IMPLICIT,  RNODE_PROMISC,
					RNODE_STAT_RX,    RNODE_STAT_TX,   RNODE_STAT_BAT,
					RNODE_STAT_CSMA,  RNODE_STAT_TEMP, RNODE_BOARD};
	return memchr(known, command, sizeof(known)) != NULL;
}

static void take_frame(struct rnode *rnode)
{
	const uint8_t *body = rnode->decoder.body;
	size_t size = rnode->decoder.body_size;
	uint8_t command = rnode->decoder.command;
	if (command == RNODE_DATA)
		take_data(rnode, body, size);
	else if (command == RNODE_STAT_RSSI && size == 1)
		rnode->rssi_dbm = rnode_rssi_dbm(body[0]);
	else if (command == RNODE_STAT_SNR && size == 1)
		rnode->snr_db = rnode_snr_db(body[0]);
	else if (command == RNODE_STAT_CHTM)
		take_channel(rnode, body, size);
	else if (command == RNODE_STAT_PHYPRM && rnode_read_physical(body, size, &rnode->physical))
		return;
	else if (command == RNODE_READY && size == 1)
		rnode_take_room(rnode, body[0]);
	else if (command == RNODE_ERROR && size == 1)
		take_error(rnode, body[0]);
	else if (command == RNODE_RESET && size == 1 && body[0] == RNODE_RESET_BODY)
		take_reboot(rnode);
	else if (!rnode_setup_frame(rnode) && !is_chatter(command))
		rnode_drop(rnode, "rnode_unknown_frame");
}

static void rnode_input(void *state, const uint8_t *bytes, size_t size)
{
	static const char *const reasons[] = {
	    [RNODE_NOISE] = "rnode_noise",
	    [RNODE_BAD_ESCAPE] = "rnode_bad_escape",
	    [RNODE_TOO_LONG] = "rnode_too_long",
	};
	struct rnode *rnode = state;
	enum rnode_event event;
	if (!rnode->configured)
		stranger_look(&rnode->stranger, bytes, size);
	while ((event = rnode_decode(&rnode->decoder, &bytes, &size)) != RNODE_NEED_MORE) {
		if (event == RNODE_FRAME)
			take_frame(rnode);
		else
			rnode_drop(rnode, reasons[event]);
	}
}

/* ---- the rest of the ops ---- */

static int rnode_init(void *state, const struct services *services, const union driver_value *values)
{
	struct rnode *rnode = state;
	rnode->services = services;
	rnode->values = values;
	rnode->rssi_dbm = rnode->snr_db = (double)NAN;
	rnode_read_values(rnode);
	return 0;
}

static void rnode_opened(void *state)
{
	struct rnode *rnode = state;
	rnode_decoder_reset(&rnode->decoder);
	rnode->stranger = (struct stranger){0};
	rnode_fail_sending(rnode, "port_reopened");
	rnode_begin(rnode);
}

/* No answer to the question for room: once more, then it is looked for anew. */
static void unanswered(struct rnode *rnode)
{
	if (++rnode->tries < 2) {
		rnode_ask_room(rnode, rnode->phase);
		return;
	}
	rnode_drop(rnode, "rnode_absent");
	rnode_set_text(rnode, "the RNode does not answer any more. Check power and cable; it is looked for.");
	rnode_fail_sending(rnode, "no_answer");
	rnode_begin(rnode);
}

static void poll(struct rnode *rnode)
{
	rnode->tries = 0;
	if (rnode->has_channel && rnode_now_us(rnode) - rnode->channel_us >= SILENT_US) {
		rnode_drop(rnode, "rnode_silent");
		rnode_set_text(rnode, "the RNode has stopped telling of its channel; it is set up again.");
		rnode_begin(rnode);
	} else {
		rnode_ask_room(rnode, RNODE_POLLING);
	}
}

static void late(struct rnode *rnode)
{
	switch (rnode->phase) {
	case RNODE_IDLE:
		poll(rnode);
		break;
	case RNODE_POLLING:
	case RNODE_ASKING:
		unanswered(rnode);
		break;
	case RNODE_IN_MODEM:
		rnode_look_for_signs(rnode);
		break;
	default:
		rnode_setup_late(rnode);
	}
}

static void rnode_alarm(void *state)
{
	struct rnode *rnode = state;
	if (rnode->findings.running && rnode_now_us(rnode) >= rnode->findings.end_us)
		rnode_examine_end(rnode, "");
	if (rnode->due_us && rnode_now_us(rnode) >= rnode->due_us)
		late(rnode);
	else
		rnode_set_alarm(rnode);
}

/* Tells the board that its host leaves. */
static size_t rnode_goodbye(const void *state, uint8_t *bytes, size_t size)
{
	(void)state;
	return kiss_encode(RNODE_LEAVE, NULL, 0, (const uint8_t[]){RNODE_LEAVE_BODY}, 1, bytes, size);
}

static void rnode_status(const void *state, struct modem_status *status)
{
	const struct rnode *rnode = state;
	*status = (struct modem_status){.ready = rnode->configured && !rnode->limited,
					.model = rnode->model,
					.firmware = rnode->firmware,
					.text = rnode->text};
}

/* Of the settings: a board that does not have them is not ready, and its echo may be beside them by a step of the chip. */
static int rnode_channel(const void *state, struct modem_channel *channel)
{
	const struct rnode *rnode = state;
	*channel = (struct modem_channel){
	    .frequency_hz = rnode->wanted[RNODE_SET_FREQUENCY],
	    .bandwidth_hz = rnode->wanted[RNODE_SET_BANDWIDTH],
	    .power_dbm = rnode->wanted[RNODE_SET_POWER],
	};
	return 0;
}

static const char *const bandwidths[] = {"7.8",  "10.4", "15.6", "20.8", "31.25", "41.7",
					 "62.5", "125",  "250",  "500",  NULL};
static const char *const coding_rates[] = {"4/5", "4/6", "4/7", "4/8", NULL};

static const struct driver_key keys[RNODE_KEYS] = {
    [RNODE_KEY_FREQUENCY] = {.name = "frequency_mhz",
			     .type = KEY_NUMBER,
			     .min = 137,
			     .max = 1020,
			     .help = "centre of the channel, as the law of the country allows it"},
    [RNODE_KEY_SPREADING] = {.name = "spreading_factor",
			     .type = KEY_INTEGER,
			     .min = 5,
			     .max = 12,
			     .fallback = "9",
			     .help = "5 or 6 only on boards with an SX126x"},
    [RNODE_KEY_BANDWIDTH] = {.name = "bandwidth_khz",
			     .type = KEY_CHOICE,
			     .fallback = "125",
			     .choices = bandwidths,
			     .help = "width of the channel"},
    [RNODE_KEY_CODING] = {.name = "coding_rate",
			  .type = KEY_CHOICE,
			  .fallback = "4/5",
			  .choices = coding_rates,
			  .help = "redundancy; 4/8 has most"},
    [RNODE_KEY_POWER] = {.name = "power_dbm",
			 .type = KEY_INTEGER,
			 .min = 0,
			 .max = 30,
			 .fallback = "14",
			 .help =
			     "transmitting power; most boards reach 17 or 22, and more than the board has is refused"},
    [RNODE_KEY_LIMIT_SHORT] = {.name = "airtime_limit_short_percent",
			       .type = KEY_NUMBER,
			       .min = 0,
			       .max = 99.99,
			       .fallback = "0",
			       .help = "the board itself transmits no more in 15 s, alerts included; 0 = no limit"},
    [RNODE_KEY_LIMIT_LONG] = {.name = "airtime_limit_long_percent",
			      .type = KEY_NUMBER,
			      .min = 0,
			      .max = 99.99,
			      .fallback = "0",
			      .help = "the same in an hour; 0 = no limit"},
};

const struct modem_ops modem_rnode = {
    .name = "rnode",
    .help = "RNode, a LoRa modem with the RNode firmware, on USB",
    .keys = keys,
    .key_count = RNODE_KEYS,
    .state_size = sizeof(struct rnode),
    .mtu = RNODE_PACKET_MAX,
    .baud = 115200,
    .init = rnode_init,
    .opened = rnode_opened,
    .input = rnode_input,
    .send = rnode_send,
    .alarm = rnode_alarm,
    .airtime_us = rnode_airtime_us,
    .channel = rnode_channel,
    .goodbye = rnode_goodbye,
    .status = rnode_status,
    .examine = rnode_examine,
};

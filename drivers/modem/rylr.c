/* The RYLR modules of REYAX: lines in, packets out. What the variants share. */
#include "drivers/modem/rylr.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/base64url.h"

enum {
	RETRY_US = 50000,   /* after a write that found no room */
	QUIET_US = 1000000, /* half a line that nothing follows */
	POLL_US = 60000000, /* whether the module is still there and still set up */
	SLOT_US = 100000,   /* until the next try, while the module transmits */
	SEND_US = 2000000,  /* +OK comes at the end of the airtime at the latest, and this is for the rest */
	REFUSALS_MAX = 2,   /* of one command that may have been garbled on the way */
	ASSUMED_BAUD = 115200,
	BITS_A_BYTE = 10,
};

const struct modem_line rylr_lines[RYLR_LINES] = {
    [RYLR_LINE_RESET] = {.name = "reset",
			 .output = true,
			 .safe = false,
			 .required = false,
			 .how = "active_low open_drain",
			 .help = "NRST of the module, which is pulled up in it; used when it does not answer"},
};

static int64_t now_us(const struct rylr *rylr)
{
	return rylr->services->now_us(rylr->services->owner);
}

void rylr_drop(const struct rylr *rylr, const char *reason)
{
	rylr->services->drop(rylr->services->owner, reason);
}

static void set_alarm(const struct rylr *rylr)
{
	int64_t at_us = rylr->due_us;
	if (rylr->quiet_us && (!at_us || rylr->quiet_us < at_us))
		at_us = rylr->quiet_us;
	rylr->services->alarm(rylr->services->owner, at_us);
}

void rylr_enter(struct rylr *rylr, enum rylr_phase phase, int64_t for_us)
{
	rylr->phase = phase;
	rylr->due_us = now_us(rylr) + for_us;
	set_alarm(rylr);
}

void rylr_say(struct rylr *rylr, const char *command, enum rylr_phase phase, int64_t for_us)
{
	int result = rylr->services->write(rylr->services->owner, command, strlen(command));
	/* A command that found no room is no try; the end of the phase's time counts it up again. */
	if (result < 0)
		rylr->tries--;
	rylr_enter(rylr, phase, result < 0 ? RETRY_US : for_us);
}

void rylr_set_text(struct rylr *rylr, const char *format, ...)
{
	char text[RYLR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (strcmp(text, rylr->text) == 0)
		return;
	memcpy(rylr->text, text, sizeof(text));
	rylr->services->changed(rylr->services->owner);
}

/* ---- sending ---- */

/* Time on air of that many characters of data. */
static int64_t data_airtime_us(const struct rylr *rylr, size_t characters)
{
	return lora_airtime_us(&rylr->modulation, characters + RYLR_AIR_EXTRA);
}

int64_t rylr_airtime_us(const void *state, size_t size)
{
	return data_airtime_us(state, BASE64URL_SIZE(size));
}

/* Time the command takes on the serial line. */
static int64_t line_us(const struct rylr *rylr)
{
	unsigned baud = rylr->baud ? rylr->baud : ASSUMED_BAUD;
	return (int64_t)rylr->line_size * BITS_A_BYTE * 1000000 / baud;
}

static void hand(struct rylr *rylr)
{
	int result = rylr->services->write(rylr->services->owner, rylr->line, rylr->line_size);
	rylr->waiting = result < 0;
	rylr->written_us = now_us(rylr);
	int64_t patience_us = line_us(rylr) + rylr_airtime_us(rylr, rylr->sent_size) + SEND_US;
	rylr_enter(rylr, result < 0 ? RYLR_YIELDING : RYLR_HANDING, result < 0 ? RETRY_US : patience_us);
}

void rylr_idle(struct rylr *rylr)
{
	rylr_enter(rylr, RYLR_IDLE, POLL_US);
	if (rylr->waiting)
		hand(rylr);
}

static void report(struct rylr *rylr, enum send_result result, bool assumed, const char *code)
{
	if (result != SEND_ON_AIR) {
		rylr->line_size = 0;
		rylr->waiting = false;
	}
	rylr->services->sent(rylr->services->owner, result, assumed, code);
}

void rylr_fail_sending(struct rylr *rylr, const char *code)
{
	if (rylr->line_size)
		report(rylr, SEND_FAILED, false, code);
}

static void fail(struct rylr *rylr, const char *code)
{
	rylr_enter(rylr, RYLR_IDLE, POLL_US);
	report(rylr, SEND_FAILED, false, code);
}

/* +OK says that the module took the packet, not that it left: the rest is reckoned. */
static void take_accepted(struct rylr *rylr)
{
	int64_t end_us = rylr->written_us + line_us(rylr) + rylr_airtime_us(rylr, rylr->sent_size);
	int64_t left_us = end_us - now_us(rylr);
	rylr_enter(rylr, RYLR_ON_AIR, left_us > 0 ? left_us : 0);
	report(rylr, SEND_ON_AIR, true, "");
}

static void take_refusal(struct rylr *rylr, unsigned error)
{
	switch (error) {
	case RYLR_ERROR_TX_BUSY:
		if (now_us(rylr) < rylr->give_up_us)
			rylr_enter(rylr, RYLR_YIELDING, SLOT_US);
		else
			fail(rylr, "module_busy");
		break;
	case RYLR_ERROR_NO_END:
	case RYLR_ERROR_NO_AT:
	case RYLR_ERROR_NO_EQUALS:
	case RYLR_ERROR_UNKNOWN_COMMAND:
	case RYLR_ERROR_LENGTH:
		/* What was written is right, so it was garbled on the way. */
		if (++rylr->refusals <= REFUSALS_MAX)
			rylr_enter(rylr, RYLR_YIELDING, SLOT_US);
		else
			fail(rylr, "send_refused");
		break;
	case RYLR_ERROR_TX_TIME:
		fail(rylr, "tx_timeout");
		break;
	case RYLR_ERROR_TOO_LONG:
		fail(rylr, "send_refused");
		break;
	default:
		fail(rylr, "module_error");
	}
}

static bool is_sending(const struct rylr *rylr)
{
	return rylr->phase == RYLR_HANDING || rylr->phase == RYLR_YIELDING || rylr->phase == RYLR_ON_AIR;
}

static void send_event(struct rylr *rylr, enum rylr_event event)
{
	unsigned error = rylr->decoder.error;
	if (rylr->phase == RYLR_HANDING && event == RYLR_OK)
		take_accepted(rylr);
	else if (rylr->phase == RYLR_HANDING && event == RYLR_ERROR)
		take_refusal(rylr, error);
	else if (rylr->phase == RYLR_ON_AIR && event == RYLR_ERROR && error == RYLR_ERROR_TX_TIME)
		fail(rylr, "tx_timeout");
	else if (event == RYLR_ERROR)
		rylr_drop(rylr, "rylr_stray_error");
}

int rylr_send(void *state, const struct datagram *datagram)
{
	struct rylr *rylr = state;
	char text[RYLR_DATA_MAX];
	if (datagram->size == 0 || datagram->size > RYLR_MTU)
		return -EMSGSIZE;
	if (!rylr->configured)
		return -ENOTCONN;
	if (rylr->line_size)
		return -EAGAIN;
	size_t size = base64url_encode(datagram->bytes, datagram->size, text, sizeof(text));
	rylr->line_size = rylr_compose_send(0, text, size, rylr->line);
	rylr->sent_size = datagram->size;
	rylr->refusals = 0;
	rylr->give_up_us = now_us(rylr) + data_airtime_us(rylr, RYLR_DATA_MAX) + SEND_US;
	/* While the module is being asked something, it goes out behind the answer. */
	rylr->waiting = rylr->phase != RYLR_IDLE;
	if (!rylr->waiting)
		hand(rylr);
	return 0;
}

/* ---- receiving ---- */

static void take_received(struct rylr *rylr)
{
	const struct rylr_decoder *decoder = &rylr->decoder;
	uint8_t bytes[RYLR_MTU];
	size_t size;
	if (!base64url_decode((const char *)decoder->data, decoder->data_size, bytes, sizeof(bytes), &size) || !size) {
		rylr_drop(rylr, "rylr_bad_text");
		return;
	}
	const struct datagram datagram = {
	    .bytes = bytes, .size = size, .rssi_dbm = decoder->rssi_dbm, .snr_db = decoder->snr_db};
	rylr->services->heard_datagram(rylr->services->owner, &datagram);
}

/* Errors of the receiver come whenever they like and belong to no command. */
static bool is_receive_error(struct rylr *rylr)
{
	if (rylr->decoder.error == RYLR_ERROR_RX_CRC)
		rylr_drop(rylr, "rylr_rx_crc");
	else if (rylr->decoder.error == RYLR_ERROR_RX_HEADER)
		rylr_drop(rylr, "rylr_rx_header");
	else
		return false;
	return true;
}

static void take_event(struct rylr *rylr, enum rylr_event event)
{
	if (event == RYLR_RECEIVED)
		take_received(rylr);
	else if (event == RYLR_BAD_RECEIVED)
		rylr_drop(rylr, "rylr_bad_packet");
	else if (event == RYLR_NOISE)
		rylr_drop(rylr, "rylr_noise");
	else if (event == RYLR_RESET || event == RYLR_READY || event == RYLR_FACTORY)
		rylr_reset_seen(rylr, event);
	else if (event == RYLR_ERROR && is_receive_error(rylr))
		return;
	else if (is_sending(rylr))
		send_event(rylr, event);
	else
		rylr_setup_event(rylr, event);
}

void rylr_input(void *state, const uint8_t *bytes, size_t size)
{
	struct rylr *rylr = state;
	enum rylr_event event;
	if (!rylr->configured)
		stranger_look(&rylr->stranger, bytes, size);
	while ((event = rylr_decode(&rylr->decoder, &bytes, &size)) != RYLR_NEED_MORE)
		take_event(rylr, event);
	rylr->quiet_us = rylr_waits(&rylr->decoder) ? now_us(rylr) + QUIET_US : 0;
	set_alarm(rylr);
}

/* ---- the rest of the ops ---- */

int rylr_init(void *state, const struct services *services, const union driver_value *values,
	      const struct rylr_variant *variant)
{
	struct rylr *rylr = state;
	rylr->services = services;
	rylr->values = values;
	rylr->variant = variant;
	return rylr_read_values(rylr) ? 0 : -EINVAL;
}

void rylr_opened(void *state)
{
	struct rylr *rylr = state;
	rylr_decoder_reset(&rylr->decoder);
	rylr->stranger = (struct stranger){0};
	rylr->quiet_us = 0;
	rylr->baud = rylr->found_baud = 0;
	rylr_fail_sending(rylr, "port_reopened");
	rylr_begin(rylr);
}

static void late(struct rylr *rylr)
{
	switch (rylr->phase) {
	case RYLR_IDLE:
		rylr_run(rylr, RYLR_STEP_BAND, RYLR_STEP_BAND);
		break;
	case RYLR_YIELDING:
		hand(rylr);
		break;
	case RYLR_HANDING:
		/* Whether it was transmitted is not known; the module is looked for anew. */
		report(rylr, SEND_FAILED, false, "no_answer");
		rylr_begin(rylr);
		break;
	case RYLR_ON_AIR:
		rylr_enter(rylr, RYLR_IDLE, POLL_US);
		report(rylr, SEND_DONE, true, "");
		break;
	case RYLR_CLOSED:
		break;
	default:
		rylr_setup_late(rylr);
	}
}

void rylr_alarm(void *state)
{
	struct rylr *rylr = state;
	if (rylr->quiet_us && now_us(rylr) >= rylr->quiet_us) {
		rylr_give_up(&rylr->decoder);
		rylr_input(rylr, NULL, 0);
	}
	if (rylr->due_us && now_us(rylr) >= rylr->due_us)
		late(rylr);
	else
		set_alarm(rylr);
}

void rylr_status(const void *state, struct modem_status *status)
{
	const struct rylr *rylr = state;
	*status = (struct modem_status){.ready = rylr->configured,
					.model = rylr->model[0] ? rylr->model : "",
					.firmware = rylr->firmware,
					.text = rylr->text};
}

int rylr_examine(void *state, enum modem_examination what)
{
	struct rylr *rylr = state;
	if (what != MODEM_TEST)
		return -EOPNOTSUPP;
	if (!rylr->configured)
		return -ENOTCONN;
	if (rylr->phase != RYLR_IDLE)
		return -EBUSY;
	rylr->examining = true;
	rylr->differs = false;
	rylr_run(rylr, 0, RYLR_STEPS - 1);
	return 0;
}

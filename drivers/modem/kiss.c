/* A TNC in KISS mode, on a serial line or over TCP (Direwolf). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/ax25.h"
#include "drivers/codec/crc.h"
#include "drivers/codec/kiss.h"
#include "drivers/modem.h"

enum {
	SMACK_FLAG = 0x80,
	SMACK_PORT_MAX = 7,
	UNIT_MS = 10, /* of TXDELAY, SlotTime and TXtail */
	ACK_ID_SIZE = 2,
	CRC_SIZE = 2,
	PARAMETER_MAX = 6, /* type and value, both escaped, between two FENDs */
	CONFIGURE_MAX = 5 * PARAMETER_MAX,
	SEND_MAX = (1 + ACK_ID_SIZE + AX25_FRAME_SEND_MAX) * 2 + 2,

	/* What is assumed where the configuration leaves a parameter as the TNC has it: the defaults of the KISS
	 * specification, and for TXtail that of Direwolf, the longest in use. */
	ASSUMED_TXDELAY_MS = 500,
	ASSUMED_PERSISTENCE = 63,
	ASSUMED_SLOTTIME_MS = 100,
	ASSUMED_TXTAIL_MS = 100,

	RETRY_US = 50000,                /* after a write that found no room */
	POLL_US = 100000,                /* between two questions for TXBUF */
	TXBUF_SILENCE_US = 5000000,      /* without any answer it is no Direwolf */
	TXBUF_BUSY_US = 90000000,        /* still queued after this: the channel never gets free */
	DIREWOLF_PATIENCE_US = 60000000, /* Direwolf throws a frame away that waited so long for a free channel */
	ACK_PATIENCE_US = 30000000,
};

enum {
	KEY_PORT,
	KEY_TXDELAY,
	KEY_PERSISTENCE,
	KEY_SLOTTIME,
	KEY_TXTAIL,
	KEY_FULL_DUPLEX,
	KEY_ACKMODE,
	KEY_SMACK,
	KEY_BAUD_ON_AIR,
	KEY_LEAVE,
	KEY_DIREWOLF,
	KEY_COUNT
};

/* What becomes of the frame handed to the TNC. */
enum sending {
	IDLE,
	TIMED,      /* nothing tells: done when its time is over */
	WAIT_ACK,   /* ACKMODE: the TNC will say when it has transmitted */
	WAIT_TXBUF, /* Direwolf is asked until its queue is empty */
	ON_AIR,     /* it is being transmitted and the time left is known */
};

struct kiss {
	const struct services *services;
	const union driver_value *values;
	struct kiss_decoder decoder;
	bool configured; /* the parameters were written since the port was opened */
	enum sending sending;
	int64_t sent_at_us, due_at_us, retry_at_us; /* 0 = none */
	int64_t airtime_us;
	bool answered; /* a TXBUF answer came */
	uint16_t ack_id;
};

static int64_t given_or(const struct kiss *kiss, int key, int64_t assumed)
{
	int64_t value = kiss->values[key].integer;
	return value < 0 ? assumed : value;
}

static bool is_full_duplex(const struct kiss *kiss)
{
	return strcmp(kiss->values[KEY_FULL_DUPLEX].text, "on") == 0;
}

static int64_t now_us(const struct kiss *kiss)
{
	return kiss->services->now_us(kiss->services->owner);
}

static void drop(const struct kiss *kiss, const char *reason)
{
	kiss->services->drop(kiss->services->owner, reason);
}

static uint8_t type_of(const struct kiss *kiss, enum kiss_command command)
{
	return (uint8_t)(kiss->values[KEY_PORT].integer << 4 | command);
}

/* One alarm for two purposes: the earlier of them. */
static void set_alarm(struct kiss *kiss)
{
	int64_t at = kiss->due_at_us;
	if (kiss->retry_at_us && (!at || kiss->retry_at_us < at))
		at = kiss->retry_at_us;
	kiss->services->alarm(kiss->services->owner, at);
}

/* Airtime of a frame: TXDELAY, a flag, the frame with its check sequence and one stuffed bit in 62 (the mean of
 * random data), a flag, TXtail. */
static int64_t kiss_airtime_us(const void *state, size_t size)
{
	const struct kiss *kiss = state;
	int64_t data_bits = ((int64_t)size + 2) * 8;
	int64_t bits = 8 + data_bits + (data_bits + 61) / 62 + 8;
	int64_t edges_ms = given_or(kiss, KEY_TXDELAY, ASSUMED_TXDELAY_MS) +
			   given_or(kiss, KEY_TXTAIL, ASSUMED_TXTAIL_MS);
	return edges_ms * 1000 + bits * 1000000 / kiss->values[KEY_BAUD_ON_AIR].integer;
}

/* Mean time the TNC waits on a free channel: with probability (P + 1) / 256 it transmits, otherwise it waits a slot
 * and draws again. */
static int64_t csma_guess_us(const struct kiss *kiss)
{
	int64_t persistence = given_or(kiss, KEY_PERSISTENCE, ASSUMED_PERSISTENCE);
	int64_t slot_ms = given_or(kiss, KEY_SLOTTIME, ASSUMED_SLOTTIME_MS);
	return is_full_duplex(kiss) ? 0 : slot_ms * 1000 * (255 - persistence) / (persistence + 1);
}

static int refuse(const struct kiss *kiss, const char *key, const char *why)
{
	kiss->services->refuse(kiss->services->owner, key, why);
	return -EINVAL;
}

static int kiss_init(void *state, const struct services *services, const union driver_value *values)
{
	struct kiss *kiss = state;
	kiss->services = services;
	kiss->values = values;
	/* From port 8 on the port bit is the flag of SMACK. Two ways to learn of a transmission contradict each
	 * other. */
	if (values[KEY_SMACK].flag && values[KEY_PORT].integer > SMACK_PORT_MAX)
		return refuse(kiss, "port", "must be 0 to 7 with smack: true");
	if (values[KEY_ACKMODE].flag && values[KEY_DIREWOLF].flag)
		return refuse(kiss, "ackmode", "does not go with direwolf_txbuf: true; switch one of them off");
	return 0;
}

/* Adds one parameter to what is written to the TNC; negative = leave it as it is. */
static size_t put_parameter(const struct kiss *kiss, enum kiss_command command, int64_t value, uint8_t *out,
			    size_t used)
{
	uint8_t byte = (uint8_t)value;
	if (value < 0)
		return used;
	return used + kiss_encode(type_of(kiss, command), NULL, 0, &byte, 1, out + used, CONFIGURE_MAX - used);
}

static int64_t in_units(int64_t ms)
{
	return ms < 0 ? ms : (ms + UNIT_MS - 1) / UNIT_MS;
}

static int64_t full_duplex_parameter(const struct kiss *kiss)
{
	if (strcmp(kiss->values[KEY_FULL_DUPLEX].text, "keep") == 0)
		return -1;
	return is_full_duplex(kiss);
}

/* Writes the parameters that are configured, all or nothing; where there is no room now it is tried again. */
static void configure(struct kiss *kiss)
{
	const union driver_value *values = kiss->values;
	uint8_t bytes[CONFIGURE_MAX];
	size_t size = 0;
	size = put_parameter(kiss, KISS_TXDELAY, in_units(values[KEY_TXDELAY].integer), bytes, size);
	size = put_parameter(kiss, KISS_PERSISTENCE, values[KEY_PERSISTENCE].integer, bytes, size);
	size = put_parameter(kiss, KISS_SLOTTIME, in_units(values[KEY_SLOTTIME].integer), bytes, size);
	size = put_parameter(kiss, KISS_TXTAIL, in_units(values[KEY_TXTAIL].integer), bytes, size);
	size = put_parameter(kiss, KISS_FULL_DUPLEX, full_duplex_parameter(kiss), bytes, size);
	int result = size ? kiss->services->write(kiss->services->owner, bytes, size) : 0;
	kiss->configured = result != -EAGAIN;
	kiss->retry_at_us = kiss->configured ? 0 : now_us(kiss) + RETRY_US;
	set_alarm(kiss);
}

static void finish(struct kiss *kiss, enum send_result result, bool assumed, const char *code)
{
	kiss->sending = IDLE;
	kiss->due_at_us = 0;
	set_alarm(kiss);
	kiss->services->sent(kiss->services->owner, result, assumed, code);
}

static void kiss_opened(void *state)
{
	struct kiss *kiss = state;
	kiss_decoder_reset(&kiss->decoder);
	if (kiss->sending != IDLE)
		finish(kiss, SEND_FAILED, false, "port_reopened");
	configure(kiss);
}

/* A received frame for the air protocol, without its type byte. */
static void hand_up(const struct kiss *kiss, const uint8_t *bytes, size_t size)
{
	const struct datagram datagram = {.bytes = bytes, .size = size, .rssi_dbm = NAN, .snr_db = NAN};
	kiss->services->heard_datagram(kiss->services->owner, &datagram);
}

/* A data frame with the flag of SMACK: | type | AX.25 frame | CRC-16, low byte first | */
static void take_smack(const struct kiss *kiss, const uint8_t *frame, size_t size)
{
	if (crc16_smack(frame, size) != 0)
		drop(kiss, "kiss_bad_crc");
	else if ((frame[0] & ~SMACK_FLAG) != type_of(kiss, KISS_DATA))
		drop(kiss, "kiss_other_port");
	else
		hand_up(kiss, frame + 1, size - 1 - CRC_SIZE);
}

/* | type | id | id |, once the frame with this id has been transmitted */
static void take_ack(struct kiss *kiss, const uint8_t *frame, size_t size)
{
	if (kiss->sending != WAIT_ACK || size != 1 + ACK_ID_SIZE || (frame[1] << 8 | frame[2]) != kiss->ack_id)
		drop(kiss, "kiss_stray_answer");
	else
		finish(kiss, SEND_DONE, false, "");
}

/* The queue of Direwolf is empty: the frame waited for a free channel until now and is being transmitted; or, if it
 * waited too long, it was thrown away, which cannot be told apart. */
static void begin_transmission(struct kiss *kiss)
{
	bool assumed = now_us(kiss) - kiss->sent_at_us >= DIREWOLF_PATIENCE_US;
	kiss->sending = assumed ? TIMED : ON_AIR;
	kiss->due_at_us = now_us(kiss) + kiss->airtime_us;
	set_alarm(kiss);
	kiss->services->sent(kiss->services->owner, SEND_ON_AIR, assumed, "");
}

/* | type | T X B U F : | bytes in the queue, decimal | */
static void take_hardware(struct kiss *kiss, const uint8_t *frame, size_t size)
{
	static const char head[] = "TXBUF:";
	size_t at = 1 + strlen(head);
	if (kiss->sending != WAIT_TXBUF || size <= at || memcmp(frame + 1, head, strlen(head)) != 0 ||
	    frame[at] < '0' || frame[at] > '9') {
		drop(kiss, "kiss_hardware_frame");
		return;
	}
	kiss->answered = true;
	while (at < size && frame[at] == '0')
		at++;
	if (at == size || frame[at] < '0' || frame[at] > '9')
		begin_transmission(kiss);
}

static void take_frame(struct kiss *kiss, const uint8_t *frame, size_t size)
{
	uint8_t command = frame[0] & 0x0f;
	if (kiss->values[KEY_SMACK].flag && command == KISS_DATA && (frame[0] & SMACK_FLAG))
		take_smack(kiss, frame, size);
	else if (command == KISS_LOG)
		drop(kiss, "kiss_log_frame");
	else if (frame[0] != KISS_RETURN && frame[0] >> 4 != kiss->values[KEY_PORT].integer)
		drop(kiss, "kiss_other_port");
	else if (command == KISS_DATA)
		hand_up(kiss, frame + 1, size - 1);
	else if (kiss->values[KEY_ACKMODE].flag && (command == KISS_ACKMODE || command == KISS_POLL))
		take_ack(kiss, frame, size);
	else if (command == KISS_SET_HARDWARE)
		take_hardware(kiss, frame, size);
	else
		drop(kiss, "kiss_unknown_command");
}

static void kiss_input(void *state, const uint8_t *bytes, size_t size)
{
	static const char *const reasons[] = {
	    [KISS_NOISE] = "kiss_noise",
	    [KISS_BAD_ESCAPE] = "kiss_bad_escape",
	    [KISS_TOO_LONG] = "kiss_too_long",
	    [KISS_TOO_SHORT] = "kiss_too_short",
	};
	struct kiss *kiss = state;
	enum kiss_event event;
	while ((event = kiss_decode(&kiss->decoder, &bytes, &size)) != KISS_NEED_MORE) {
		if (event == KISS_FRAME)
			take_frame(kiss, kiss->decoder.frame, kiss->decoder.frame_size);
		else
			drop(kiss, reasons[event]);
	}
}

static int write_frame(struct kiss *kiss, const struct datagram *datagram)
{
	bool ackmode = kiss->values[KEY_ACKMODE].flag;
	const uint8_t id[ACK_ID_SIZE] = {(uint8_t)(kiss->ack_id >> 8), (uint8_t)kiss->ack_id};
	uint8_t bytes[SEND_MAX];
	size_t size = kiss_encode(type_of(kiss, ackmode ? KISS_ACKMODE : KISS_DATA), id, ackmode ? ACK_ID_SIZE : 0,
				  datagram->bytes, datagram->size, bytes, sizeof(bytes));
	return size ? kiss->services->write(kiss->services->owner, bytes, size) : -EMSGSIZE;
}

/* Asks Direwolf how many bytes wait to be transmitted. If the question finds no room, the next one will. */
static void ask_txbuf(struct kiss *kiss)
{
	static const uint8_t question[] = "TXBUF:";
	uint8_t bytes[2 * sizeof(question) + 4];
	size_t size = kiss_encode(type_of(kiss, KISS_SET_HARDWARE), NULL, 0, question, sizeof(question) - 1, bytes,
				  sizeof(bytes));
	kiss->services->write(kiss->services->owner, bytes, size);
	kiss->due_at_us = now_us(kiss) + POLL_US;
	set_alarm(kiss);
}

/* Decides how the end of the transmission will be learned. */
static void watch(struct kiss *kiss)
{
	kiss->sent_at_us = now_us(kiss);
	kiss->answered = false;
	if (kiss->values[KEY_DIREWOLF].flag) {
		kiss->sending = WAIT_TXBUF;
		ask_txbuf(kiss);
		return;
	}
	bool ackmode = kiss->values[KEY_ACKMODE].flag;
	kiss->sending = ackmode ? WAIT_ACK : TIMED;
	kiss->due_at_us = kiss->sent_at_us + kiss->airtime_us + (ackmode ? ACK_PATIENCE_US : csma_guess_us(kiss));
	set_alarm(kiss);
	kiss->services->sent(kiss->services->owner, SEND_ON_AIR, true, "");
}

static int kiss_send(void *state, const struct datagram *datagram)
{
	struct kiss *kiss = state;
	if (datagram->size > AX25_FRAME_SEND_MAX)
		return -EMSGSIZE;
	if (kiss->sending != IDLE)
		return -EAGAIN;
	if (!kiss->configured)
		configure(kiss);
	if (!kiss->configured)
		return -EAGAIN;
	kiss->ack_id++;
	int result = write_frame(kiss, datagram);
	if (result < 0)
		return result;
	kiss->airtime_us = kiss_airtime_us(kiss, datagram->size);
	watch(kiss);
	return 0;
}

static void poll_txbuf(struct kiss *kiss)
{
	int64_t waited_us = now_us(kiss) - kiss->sent_at_us;
	if (kiss->answered && waited_us >= TXBUF_BUSY_US) {
		finish(kiss, SEND_FAILED, false, "channel_busy");
	} else if (!kiss->answered && waited_us >= TXBUF_SILENCE_US) {
		kiss->services->sent(kiss->services->owner, SEND_ON_AIR, true, "");
		finish(kiss, SEND_DONE, true, "");
	} else {
		ask_txbuf(kiss);
	}
}

static void kiss_alarm(void *state)
{
	struct kiss *kiss = state;
	if (kiss->retry_at_us && now_us(kiss) >= kiss->retry_at_us)
		configure(kiss);
	if (!kiss->due_at_us || now_us(kiss) < kiss->due_at_us) {
		set_alarm(kiss);
		return;
	}
	switch (kiss->sending) {
	case WAIT_TXBUF:
		poll_txbuf(kiss);
		break;
	case WAIT_ACK:
		finish(kiss, SEND_FAILED, false, "no_tnc_answer");
		break;
	case TIMED:
	case ON_AIR:
		finish(kiss, SEND_DONE, kiss->sending == TIMED, "");
		break;
	case IDLE:
		break;
	}
}

/* The command that returns a TNC to its own command line. */
static size_t kiss_goodbye(const void *state, uint8_t *bytes, size_t size)
{
	static const uint8_t leave[] = {KISS_FEND, KISS_RETURN, KISS_FEND};
	const struct kiss *kiss = state;
	if (!kiss->values[KEY_LEAVE].flag || size < sizeof(leave))
		return 0;
	memcpy(bytes, leave, sizeof(leave));
	return sizeof(leave);
}

static const char *const keep_off_on[] = {"keep", "off", "on", NULL};

static const struct driver_key keys[KEY_COUNT] = {
    [KEY_PORT] = {.name = "port",
		  .type = KEY_INTEGER,
		  .min = 0,
		  .max = 14,
		  .fallback = "0",
		  .help = "port of a TNC that has several; 0 is the first"},
    [KEY_TXDELAY] =
	{.name = "txdelay_ms",
	 .type = KEY_INTEGER,
	 .min = -1,
	 .max = 2550,
	 .fallback = "-1",
	 .help = "from keying the transmitter to the first data, in steps of 10; -1 leaves it as the TNC has it"},
    [KEY_PERSISTENCE] = {.name = "persistence",
			 .type = KEY_INTEGER,
			 .min = -1,
			 .max = 255,
			 .fallback = "-1",
			 .help = "chance of transmitting in a free slot, 255 = always, 63 = one in four; -1 leaves it"},
    [KEY_SLOTTIME] = {.name = "slottime_ms",
		      .type = KEY_INTEGER,
		      .min = -1,
		      .max = 2550,
		      .fallback = "-1",
		      .help = "wait between two such draws, in steps of 10; -1 leaves it as the TNC has it"},
    [KEY_TXTAIL] = {.name = "txtail_ms",
		    .type = KEY_INTEGER,
		    .min = -1,
		    .max = 2550,
		    .fallback = "-1",
		    .help = "from the last data to releasing the transmitter, in steps of 10; -1 leaves it"},
    [KEY_FULL_DUPLEX] = {.name = "full_duplex",
			 .type = KEY_CHOICE,
			 .fallback = "keep",
			 .choices = keep_off_on,
			 .help = "on: transmit without waiting for a free channel; keep: as the TNC has it"},
    [KEY_ACKMODE] = {.name = "ackmode",
		     .type = KEY_FLAG,
		     .fallback = "false",
		     .help =
			 "TNC reports when it has transmitted; Direwolf and most others cannot and would stay silent"},
    [KEY_SMACK] = {.name = "smack",
		   .type = KEY_FLAG,
		   .fallback = "false",
		   .help = "check the checksum of frames from a TNC that speaks SMACK; ports 0 to 7 only"},
    [KEY_BAUD_ON_AIR] = {.name = "baud_on_air",
			 .type = KEY_INTEGER,
			 .min = 300,
			 .max = 115200,
			 .fallback = "1200",
			 .help = "bit rate on the channel, from which airtime is reckoned"},
    [KEY_LEAVE] = {.name = "leave_kiss_on_exit",
		   .type = KEY_FLAG,
		   .fallback = "false",
		   .help = "return the TNC to its command line when the service ends"},
    [KEY_DIREWOLF] = {.name = "direwolf_txbuf",
		      .type = KEY_FLAG,
		      .fallback = "false",
		      .help =
			  "ask Direwolf for its transmit queue to know when a frame is on the air; not with ackmode"},
};

const struct modem_ops modem_kiss = {
    .name = "kiss",
    .help = "TNC in KISS mode, on a serial line or over TCP (Direwolf)",
    .keys = keys,
    .key_count = KEY_COUNT,
    .state_size = sizeof(struct kiss),
    .mtu = AX25_FRAME_SEND_MAX,
    .init = kiss_init,
    .opened = kiss_opened,
    .input = kiss_input,
    .send = kiss_send,
    .alarm = kiss_alarm,
    .airtime_us = kiss_airtime_us,
    .goodbye = kiss_goodbye,
};

/* A Meshtastic node: a radio that is a member of its mesh itself. The modem does the framing, the handshake and the node's limits; what
 * its packets say is the air protocol's.
 *
 * The node gives no sign when it starts anew, prints text on the same line, and may tear its own frames. So it is asked for a sign of
 * life once a minute, and at once when there was text. */
#include "drivers/modem/meshtastic.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	HALF_US = 1000000,   /* without a further byte */
	ANSWER_US = 5000000, /* for the answer to a heartbeat */
	ASK_US = 300000,     /* after text: let it print first */
	ROOM_US = 5000000,   /* between two questions for room in its queue */
	RETRY_US = 50000,
	MISSES = 2,
};

int64_t meshtastic_now_us(const struct meshtastic *meshtastic)
{
	return meshtastic->services->now_us(meshtastic->services->owner);
}

void meshtastic_drop(const struct meshtastic *meshtastic, const char *reason)
{
	meshtastic->services->drop(meshtastic->services->owner, reason);
}

void meshtastic_set_text(struct meshtastic *meshtastic, const char *format, ...)
{
	char text[sizeof(meshtastic->text)];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (strcmp(text, meshtastic->text) == 0)
		return;
	memcpy(meshtastic->text, text, sizeof(text));
	meshtastic->services->changed(meshtastic->services->owner);
}

int meshtastic_tell(const struct meshtastic *meshtastic, const mt_ToRadio *to)
{
	uint8_t frame[MESHTASTIC_FRAME_MAX];
	size_t size = meshtastic_write(to, frame, sizeof(frame));
	return size ? meshtastic->services->write(meshtastic->services->owner, frame, size) : -EMSGSIZE;
}

/* SplitMix64, seeded from the clocks: numbers that no run has used before. */
uint32_t meshtastic_next_id(struct meshtastic *meshtastic)
{
	uint32_t id;
	do {
		uint64_t z = meshtastic->random += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		id = (uint32_t)(z ^ z >> 31);
	} while (id == 0);
	return id;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

void meshtastic_settle(struct meshtastic *meshtastic)
{
	int64_t at_us = sooner(meshtastic->due_us, meshtastic->half_due_us);
	if (meshtastic->sending.stage != MESHTASTIC_NOTHING)
		at_us = sooner(at_us, meshtastic->sending.due_us);
	at_us = sooner(at_us, meshtastic->held_us);
	meshtastic->services->alarm(meshtastic->services->owner, at_us);
	bool ready = meshtastic_ready(meshtastic);
	if (ready == meshtastic->was_ready)
		return;
	meshtastic->was_ready = ready;
	meshtastic->services->changed(meshtastic->services->owner);
}

/* ---- signs of life ---- */

void meshtastic_ask_soon(struct meshtastic *meshtastic, int64_t in_us)
{
	int64_t at_us = meshtastic_now_us(meshtastic) + in_us;
	if (!meshtastic->asked && (!meshtastic->due_us || at_us < meshtastic->due_us || !in_us))
		meshtastic->due_us = at_us;
}

static void ask(struct meshtastic *meshtastic)
{
	mt_ToRadio to = mt_ToRadio_init_zero;
	to.which_content = mt_ToRadio_heartbeat_tag;
	bool told = meshtastic_tell(meshtastic, &to) == 0;
	meshtastic->asked = told;
	meshtastic->due_us = meshtastic_now_us(meshtastic) + (told ? ANSWER_US : RETRY_US);
}

static void end_examination(struct meshtastic *meshtastic, const char *error)
{
	if (meshtastic->examining)
		meshtastic->services->finding(meshtastic->services->owner, NULL, error);
	meshtastic->examining = false;
}

static void start_anew(struct meshtastic *meshtastic, const char *reason, const char *code)
{
	meshtastic_drop(meshtastic, reason);
	end_examination(meshtastic, "the node was lost meanwhile");
	meshtastic_fail_sending(meshtastic, code);
	meshtastic_begin(meshtastic);
}

static void heartbeat_late(struct meshtastic *meshtastic)
{
	if (!meshtastic->asked || ++meshtastic->misses < MISSES) {
		ask(meshtastic);
		return;
	}
	meshtastic_set_text(meshtastic, "the node does not answer any more; it is set up again.");
	start_anew(meshtastic, "meshtastic_silent", "node_lost");
}

/* A node that started anew says nothing before it is asked for its configuration, so any frame is a sign. */
static void note_life(struct meshtastic *meshtastic)
{
	if (meshtastic->phase != MESHTASTIC_UP || !meshtastic->asked)
		return;
	meshtastic->asked = false;
	meshtastic->misses = 0;
	int64_t pause_us = meshtastic->values[MESHTASTIC_KEY_HEARTBEAT].integer * INT64_C(1000000);
	bool wants_room = meshtastic->has_queue && meshtastic->queue_free == 0;
	meshtastic->due_us = meshtastic_now_us(meshtastic) + (wants_room ? ROOM_US : pause_us);
}

/* ---- findings ---- */

static void __attribute__((format(printf, 3, 4)))
finding(struct meshtastic *meshtastic, const char *name, const char *format, ...)
{
	char value[96];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	meshtastic->services->finding(meshtastic->services->owner, name, value);
}

static void report(struct meshtastic *meshtastic)
{
	const struct meshtastic_node *node = &meshtastic->node;
	if (!meshtastic->examining)
		return;
	finding(meshtastic, "node", "mt-%08x", (unsigned)node->number);
	finding(meshtastic, "firmware", "%s", meshtastic->firmware);
	finding(meshtastic, "hardware", "%u", node->hardware);
	finding(meshtastic, "reboots", "%u", (unsigned)node->reboots);
	finding(meshtastic, "nodes", "%u", node->nodes);
	finding(meshtastic, "channels", "%u", node->channels);
	if (node->has_lora) {
		finding(meshtastic, "region", "%u", node->region);
		finding(meshtastic, "spreading_factor", "%u", node->modulation.spreading_factor);
		finding(meshtastic, "bandwidth_khz", "%g", node->modulation.bandwidth_hz / 1e3);
	}
	finding(meshtastic, "queue_free", "%u of %u", meshtastic->queue_free, meshtastic->queue_size);
	end_examination(meshtastic, "");
}

static int meshtastic_examine(void *state, enum modem_examination what)
{
	struct meshtastic *meshtastic = state;
	if (what != MODEM_TEST)
		return -EOPNOTSUPP;
	if (meshtastic->phase != MESHTASTIC_UP)
		return -ENOTCONN;
	if (meshtastic->examining)
		return -EBUSY;
	meshtastic->examining = true;
	ask(meshtastic);
	meshtastic_settle(meshtastic);
	return 0;
}

/* ---- frames ---- */

static void hear(const struct meshtastic *meshtastic, const mt_FromRadio *from)
{
	const mt_MeshPacket *packet = meshtastic_packet(from);
	bool has_level = packet && packet->rx_rssi != 0;
	const struct datagram datagram = {
	    .bytes = meshtastic->stream.payload,
	    .size = meshtastic->stream.payload_size,
	    .rssi_dbm = has_level ? packet->rx_rssi : (double)NAN,
	    .snr_db = has_level && isfinite(packet->rx_snr) ? (double)packet->rx_snr : (double)NAN,
	};
	meshtastic->services->heard_datagram(meshtastic->services->owner, &datagram);
}

static void take_packet(struct meshtastic *meshtastic, const mt_FromRadio *from)
{
	const mt_MeshPacket *packet = meshtastic_packet(from);
	const mt_Data *data = meshtastic_data(packet);
	hear(meshtastic, from);
	if (data && data->port == MESHTASTIC_ROUTING_PORT)
		meshtastic_take_routing(meshtastic, packet, data);
}

static void take_frame(struct meshtastic *meshtastic, const mt_FromRadio *from)
{
	note_life(meshtastic);
	meshtastic_setup_frame(meshtastic, from);
	switch (from->which_content) {
	case mt_FromRadio_packet_tag:
		take_packet(meshtastic, from);
		break;
	case mt_FromRadio_my_info_tag:
	case mt_FromRadio_node_info_tag:
	case mt_FromRadio_config_tag:
	case mt_FromRadio_channel_tag:
		hear(meshtastic, from);
		break;
	case mt_FromRadio_queue_status_tag:
		meshtastic_take_queue(meshtastic, &from->content.queue_status);
		report(meshtastic);
		break;
	case mt_FromRadio_rebooted_tag:
		if (meshtastic->phase == MESHTASTIC_UP)
			start_anew(meshtastic, "meshtastic_reboot", "node_rebooted");
		break;
	default:
		break;
	}
}

static void note_damage(struct meshtastic *meshtastic)
{
	meshtastic_drop(meshtastic, "meshtastic_damaged");
	meshtastic_ask_soon(meshtastic, ASK_US);
}

static void judge_frame(struct meshtastic *meshtastic)
{
	struct meshtastic_stream *stream = &meshtastic->stream;
	mt_FromRadio from;
	if (!meshtastic_read(stream->payload, stream->payload_size, &from)) {
		meshtastic_stream_reject(stream);
		note_damage(meshtastic);
	} else if (!stream->sure && meshtastic_is_doubtful(&from, stream->payload, stream->payload_size)) {
		meshtastic_stream_doubt(stream);
	} else {
		take_frame(meshtastic, &from);
	}
}

static void read_stream(struct meshtastic *meshtastic, const uint8_t *bytes, size_t size)
{
	enum meshtastic_stream_event event;
	while ((event = meshtastic_stream_read(&meshtastic->stream, &bytes, &size)) != MESHTASTIC_NEED_MORE) {
		if (event == MESHTASTIC_FRAME) {
			judge_frame(meshtastic);
			continue;
		}
		if (event == MESHTASTIC_SWALLOWED) {
			note_damage(meshtastic);
			continue;
		}
		meshtastic_drop(meshtastic, event == MESHTASTIC_TEXT ? "meshtastic_text" : "meshtastic_too_long");
		/* Is that the text of a node that starts? */
		if (meshtastic->phase == MESHTASTIC_UP)
			meshtastic_ask_soon(meshtastic, ASK_US);
	}
}

static void meshtastic_input(void *state, const uint8_t *bytes, size_t size)
{
	struct meshtastic *meshtastic = state;
	if (meshtastic->phase != MESHTASTIC_UP)
		stranger_look(&meshtastic->stranger, bytes, size);
	read_stream(meshtastic, bytes, size);
	bool half = meshtastic_stream_is_half(&meshtastic->stream);
	meshtastic->half_due_us = half ? meshtastic_now_us(meshtastic) + HALF_US : 0;
	meshtastic_settle(meshtastic);
}

/* Whole frames may be hidden in a half one. */
static void give_up_half(struct meshtastic *meshtastic)
{
	meshtastic->half_due_us = 0;
	if (meshtastic_stream_trust(&meshtastic->stream))
		read_stream(meshtastic, NULL, 0);
	while (meshtastic_stream_give_up(&meshtastic->stream)) {
		meshtastic_drop(meshtastic, "meshtastic_torn");
		read_stream(meshtastic, NULL, 0);
	}
}

/* ---- the rest of the ops ---- */

static int meshtastic_init(void *state, const struct services *services, const union driver_value *values)
{
	struct meshtastic *meshtastic = state;
	meshtastic->services = services;
	meshtastic->values = values;
	return 0;
}

static void meshtastic_opened(void *state)
{
	struct meshtastic *meshtastic = state;
	const struct services *services = meshtastic->services;
	meshtastic->random ^= (uint64_t)services->wall_ms(services->owner) << 20;
	meshtastic->random += (uint64_t)services->now_us(services->owner);
	meshtastic->phase = MESHTASTIC_CLOSED;
	give_up_half(meshtastic);
	meshtastic_stream_reset(&meshtastic->stream);
	meshtastic->stranger = (struct stranger){0};
	end_examination(meshtastic, "the port was opened anew");
	meshtastic_fail_sending(meshtastic, "port_reopened");
	meshtastic_begin(meshtastic);
}

static void meshtastic_alarm(void *state)
{
	struct meshtastic *meshtastic = state;
	int64_t now_us = meshtastic_now_us(meshtastic);
	if (meshtastic->half_due_us && now_us >= meshtastic->half_due_us)
		give_up_half(meshtastic);
	if (meshtastic->held_us && now_us >= meshtastic->held_us) {
		meshtastic->held_us = 0;
		meshtastic_set_text(meshtastic, "%s", "");
	}
	if (meshtastic->sending.stage != MESHTASTIC_NOTHING && now_us >= meshtastic->sending.due_us)
		meshtastic_send_late(meshtastic);
	if (meshtastic->due_us && now_us >= meshtastic->due_us) {
		if (meshtastic->phase == MESHTASTIC_UP)
			heartbeat_late(meshtastic);
		else
			meshtastic_setup_late(meshtastic);
	}
	meshtastic_settle(meshtastic);
}

/* The frame on the air has a header of 16 bytes, which is about what the datagram has more than the payload. */
static int64_t meshtastic_airtime_us(const void *state, size_t size)
{
	static const struct lora_modulation long_fast = {11, 250000, 5, 16, false, false, LORA_OPTIMISE_AUTO};
	const struct meshtastic_node *node = &((const struct meshtastic *)state)->node;
	bool known = node->has_lora && lora_modulation_valid(&node->modulation);
	return lora_airtime_us(known ? &node->modulation : &long_fast, size);
}

static size_t meshtastic_goodbye(const void *state, uint8_t *bytes, size_t size)
{
	(void)state;
	mt_ToRadio to = mt_ToRadio_init_zero;
	to.which_content = mt_ToRadio_disconnect_tag;
	to.content.disconnect = true;
	return meshtastic_write(&to, bytes, size);
}

static void meshtastic_status(const void *state, struct modem_status *status)
{
	const struct meshtastic *meshtastic = state;
	*status = (struct modem_status){.ready = meshtastic_ready(meshtastic),
					.model = meshtastic->model,
					.firmware = meshtastic->firmware,
					.text = meshtastic->text};
}

static const struct driver_key keys[MESHTASTIC_KEYS] = {
    [MESHTASTIC_KEY_ACK] = {.name = "ack_timeout_s",
			    .type = KEY_INTEGER,
			    .min = 5,
			    .max = 600,
			    .fallback = "60",
			    .help = "how long an acknowledgement is waited for; an alert behind it does not wait"},
    [MESHTASTIC_KEY_HEARTBEAT] = {.name = "heartbeat_s",
				  .type = KEY_INTEGER,
				  .min = 10,
				  .max = 600,
				  .fallback = "60",
				  .help = "how often the node is asked whether it still lives"},
    [MESHTASTIC_KEY_RETRY] = {.name = "duty_cycle_retry_s",
			      .type = KEY_INTEGER,
			      .min = 5,
			      .max = 3600,
			      .fallback = "60",
			      .help = "when what the node refused for its duty cycle is tried again"},
};

const struct modem_ops modem_meshtastic = {
    .name = "meshtastic",
    .help = "Meshtastic node on USB, on a serial line, or meshtasticd at tcp://HOST:4403",
    .keys = keys,
    .key_count = MESHTASTIC_KEYS,
    .state_size = sizeof(struct meshtastic),
    .mtu = MESHTASTIC_PAYLOAD_MAX,
    .baud = 115200,
    .init = meshtastic_init,
    .opened = meshtastic_opened,
    .input = meshtastic_input,
    .send = meshtastic_send,
    .hurry = meshtastic_hurry,
    .alarm = meshtastic_alarm,
    .airtime_us = meshtastic_airtime_us,
    .goodbye = meshtastic_goodbye,
    .status = meshtastic_status,
    .examine = meshtastic_examine,
};

/* A MeshCore companion node: a radio that is a member of its mesh itself. The modem holds the conversation with it; what its frames say is
 * the air protocol's. */
#include "drivers/modem/meshcore.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	HALF_US = 500000, /* without a further byte */
	SETUP_ANSWER_US = 2000000,
	ANSWER_US = 5000000,
	RETRY_US = 50000, /* the port took nothing */
	MISSES = 2,
};

int64_t meshcore_now_us(const struct meshcore *meshcore)
{
	return meshcore->services->now_us(meshcore->services->owner);
}

void meshcore_drop(const struct meshcore *meshcore, const char *reason)
{
	meshcore->services->drop(meshcore->services->owner, reason);
}

void meshcore_set_text(struct meshcore *meshcore, const char *format, ...)
{
	char text[sizeof(meshcore->text)];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (strcmp(text, meshcore->text) == 0)
		return;
	memcpy(meshcore->text, text, sizeof(text));
	meshcore->services->changed(meshcore->services->owner);
}

bool meshcore_ask(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	uint8_t frame[MESHCORE_FRAME_MAX];
	size_t frame_size = meshcore_frame(payload, size, frame, sizeof(frame));
	int64_t now_us = meshcore_now_us(meshcore);
	if (!frame_size || meshcore->services->write(meshcore->services->owner, frame, frame_size) < 0) {
		meshcore->retry_us = now_us + RETRY_US;
		return false;
	}
	int64_t patience_us = meshcore->phase == MESHCORE_UP ? ANSWER_US : SETUP_ANSWER_US;
	meshcore->asked = (struct meshcore_asked){payload[0], now_us + patience_us};
	return true;
}

void meshcore_start_anew(struct meshcore *meshcore, const char *reason, const char *code)
{
	meshcore_drop(meshcore, reason);
	meshcore_end_examination(meshcore, "the node was lost meanwhile");
	meshcore_fail_sending(meshcore, code);
	meshcore_begin(meshcore);
}

/* ---- what is next ---- */

static bool is_ready(const struct meshcore *meshcore)
{
	return meshcore->phase == MESHCORE_UP;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

/* When something is to be done about what is being sent. What waits for its command goes as soon as that can be written, without an alarm. */
static int64_t sending_alarm_us(const struct meshcore *meshcore)
{
	const struct meshcore_sending *sending = &meshcore->sending;
	switch (sending->stage) {
	case MESHCORE_WANTED:
	case MESHCORE_PATH_WANTED:
		return meshcore->asked.command || meshcore->retry_us ? 0 : sending->due_us;
	case MESHCORE_AWAITED:
	case MESHCORE_AIRED:
		return sending->due_us;
	default:
		return 0;
	}
}

static int64_t next_alarm_us(const struct meshcore *meshcore)
{
	int64_t at_us = sooner(meshcore->half_us, meshcore->phase_us);
	at_us = sooner(at_us, meshcore->retry_us);
	if (meshcore->asked.command)
		at_us = sooner(at_us, meshcore->asked.due_us);
	if (meshcore->phase != MESHCORE_UP)
		return at_us;
	if (meshcore->waiting && !meshcore->asked.command)
		at_us = sooner(at_us, meshcore_may_take_us(meshcore));
	at_us = sooner(at_us, sending_alarm_us(meshcore));
	at_us = sooner(at_us, meshcore->listing_us);
	at_us = sooner(at_us, meshcore->stats_us);
	at_us = sooner(at_us, meshcore->clock_us);
	return sooner(at_us, meshcore->heartbeat_us);
}

/* Ends every call of the trunk: asks for what is next and sets the alarm. */
static void settle(struct meshcore *meshcore)
{
	if (!meshcore->asked.command && !meshcore->retry_us) {
		if (meshcore->phase == MESHCORE_STARTING)
			meshcore_setup_next(meshcore);
		else if (meshcore->phase == MESHCORE_UP)
			meshcore_work_next(meshcore);
	}
	meshcore->services->alarm(meshcore->services->owner, next_alarm_us(meshcore));
	if (is_ready(meshcore) == meshcore->was_ready)
		return;
	meshcore->was_ready = !meshcore->was_ready;
	meshcore->services->changed(meshcore->services->owner);
}

/* ---- the stream ---- */

static void read_stream(struct meshcore *meshcore, const uint8_t *bytes, size_t size)
{
	enum meshcore_event event;
	while ((event = meshcore_stream_read(&meshcore->stream, &bytes, &size)) != MESHCORE_NEED_MORE) {
		if (event == MESHCORE_NOISE) {
			meshcore_drop(meshcore, "meshcore_noise");
			meshcore_work_noise(meshcore);
			continue;
		}
		if (event == MESHCORE_TORN) {
			meshcore_drop(meshcore, "meshcore_torn");
			continue;
		}
		if (meshcore->stream.payload[0] >= MESHCORE_PUSH)
			meshcore_take_push(meshcore, meshcore->stream.payload, meshcore->stream.payload_size);
		else
			meshcore_take_reply(meshcore, meshcore->stream.payload, meshcore->stream.payload_size);
		/* The next frame may already be there. */
		settle(meshcore);
	}
}

static void meshcore_input(void *state, const uint8_t *bytes, size_t size)
{
	struct meshcore *meshcore = state;
	if (meshcore->phase != MESHCORE_UP)
		stranger_look(&meshcore->stranger, bytes, size);
	read_stream(meshcore, bytes, size);
	bool half = meshcore_stream_is_half(&meshcore->stream);
	meshcore->half_us = half ? meshcore_now_us(meshcore) + HALF_US : 0;
	settle(meshcore);
}

/* ---- time ---- */

/* Whole frames may be hidden in a half one. */
static void give_up_half(struct meshcore *meshcore)
{
	meshcore->half_us = 0;
	if (meshcore_stream_is_half(&meshcore->stream))
		meshcore_drop(meshcore, "meshcore_torn");
	while (meshcore_stream_give_up(&meshcore->stream))
		read_stream(meshcore, NULL, 0);
}

static void answer_late(struct meshcore *meshcore)
{
	uint8_t command = meshcore->asked.command;
	meshcore->asked.command = 0;
	if (meshcore->phase == MESHCORE_STARTING) {
		meshcore_setup_silence(meshcore);
		return;
	}
	meshcore_drop(meshcore, "meshcore_no_answer");
	if (++meshcore->misses >= MISSES) {
		meshcore_set_text(meshcore, "%s", "the node does not answer any more; it is set up again.");
		meshcore_start_anew(meshcore, "meshcore_silent", "node_lost");
		return;
	}
	if (command == MESHCORE_SEND_TEXT || command == MESHCORE_SEND_CHANNEL_TEXT || command == MESHCORE_RESET_PATH)
		meshcore_send_silence(meshcore);
	else
		meshcore_work_silence(meshcore, command);
}

static void meshcore_alarm(void *state)
{
	struct meshcore *meshcore = state;
	int64_t now_us = meshcore_now_us(meshcore);
	if (meshcore->half_us && now_us >= meshcore->half_us)
		give_up_half(meshcore);
	if (now_us >= meshcore->retry_us)
		meshcore->retry_us = 0;
	if (meshcore->asked.command && now_us >= meshcore->asked.due_us)
		answer_late(meshcore);
	if (meshcore->phase_us && now_us >= meshcore->phase_us)
		meshcore_setup_late(meshcore);
	if (meshcore->phase == MESHCORE_UP) {
		meshcore_send_late(meshcore);
		meshcore_work_late(meshcore);
	}
	settle(meshcore);
}

static void meshcore_safer(void *state)
{
	settle(state);
}

/* ---- the rest of the ops ---- */

static int meshcore_init(void *state, const struct services *services, const union driver_value *values)
{
	struct meshcore *meshcore = state;
	meshcore->services = services;
	meshcore->values = values;
	meshcore->stats_next = MESHCORE_STATS_TYPES;
	return 0;
}

static void meshcore_opened(void *state)
{
	struct meshcore *meshcore = state;
	meshcore->phase = MESHCORE_CLOSED;
	give_up_half(meshcore);
	meshcore_stream_reset(&meshcore->stream);
	meshcore->stranger = (struct stranger){0};
	meshcore->retry_us = 0;
	meshcore_end_examination(meshcore, "the port was opened anew");
	meshcore_fail_sending(meshcore, "port_reopened");
	meshcore_begin(meshcore);
	settle(meshcore);
}

static void meshcore_status(const void *state, struct modem_status *status)
{
	const struct meshcore *meshcore = state;
	*status = (struct modem_status){.ready = is_ready(meshcore),
					.model = meshcore->device.model,
					.firmware = meshcore->device.firmware,
					.text = meshcore->text};
}

static const struct driver_key keys[MESHCORE_KEYS] = {
    [MESHCORE_KEY_ATTEMPTS] = {.name = "attempts",
			       .type = KEY_INTEGER,
			       .min = 1,
			       .max = MESHCORE_ATTEMPTS_MAX,
			       .fallback = "3",
			       .help = "how often a direct message is sent until it is acknowledged"},
    [MESHCORE_KEY_HEARTBEAT] = {.name = "heartbeat_s",
				.type = KEY_INTEGER,
				.min = 10,
				.max = 600,
				.fallback = "60",
				.help = "how often the node is asked whether it still lives"},
    [MESHCORE_KEY_STATS] = {.name = "stats_s",
			    .type = KEY_INTEGER,
			    .min = 0,
			    .max = 86400,
			    .fallback = "900",
			    .help = "how often the node's own figures are told as telemetry; 0 = never"},
    [MESHCORE_KEY_SET_CLOCK] = {.name = "set_clock",
				.type = KEY_FLAG,
				.fallback = "true",
				.help =
				    "sets the node's clock where it is behind the gateway's; it cannot be set back"},
};

const struct modem_ops modem_meshcore = {
    .name = "meshcore",
    .help = "MeshCore node with the USB companion firmware, or one at tcp://HOST:PORT",
    .keys = keys,
    .key_count = MESHCORE_KEYS,
    .state_size = sizeof(struct meshcore),
    .mtu = MESHCORE_DIRECT_MAX,
    .baud = 115200,
    .init = meshcore_init,
    .opened = meshcore_opened,
    .input = meshcore_input,
    .send = meshcore_send,
    .hurry = meshcore_hurry,
    .alarm = meshcore_alarm,
    .safer = meshcore_safer,
    .airtime_us = meshcore_airtime_us,
    .status = meshcore_status,
    .examine = meshcore_examine,
};

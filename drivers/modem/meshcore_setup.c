/* From the opening of the port to a MeshCore node that is known. */
#include "drivers/modem/meshcore.h"

#include <string.h>

#define FIRST_SANE_S INT64_C(1577836800) /* 2020-01-01 */

enum {
	WAKE_US = 100000,
	PROBE_US = 1500000,
	REST_US = 10000000,
	TRIES = 3,
	BEHIND_S = 2, /* less is the time it takes to say */
	AHEAD_S = 60,
};

static void enter(struct meshcore *meshcore, enum meshcore_phase phase, int64_t for_us)
{
	meshcore->phase = phase;
	meshcore->phase_us = for_us ? meshcore_now_us(meshcore) + for_us : 0;
	meshcore->asked.command = 0;
}

/* As many zeros as end any half command. Between commands the node passes over them. */
void meshcore_begin(struct meshcore *meshcore)
{
	static const uint8_t zeros[MESHCORE_PAYLOAD_MAX] = {0};
	meshcore->services->write(meshcore->services->owner, zeros, sizeof(zeros));
	meshcore->step = MESHCORE_STEP_QUERY;
	meshcore->tries = meshcore->misses = 0;
	meshcore->listing_us = 0;
	meshcore->stranger = (struct stranger){0};
	meshcore->old_frames = meshcore->no_stats = meshcore->has_uptime = meshcore->asked_anew = false;
	enter(meshcore, MESHCORE_WAKING, WAKE_US);
}

/* ---- its clock ---- */

/* 0 = not known: a gateway whose clock nobody has set tells no node the time. */
static int64_t wall_s(const struct meshcore *meshcore)
{
	int64_t now_s = meshcore->services->wall_ms(meshcore->services->owner) / 1000;
	return now_s < FIRST_SANE_S ? 0 : now_s;
}

/* It may also be the gateway's own clock that was behind and has been set since. */
static void tell_ahead(struct meshcore *meshcore, int64_t ahead_s)
{
	if (ahead_s > AHEAD_S) {
		meshcore_drop(meshcore, "meshcore_clock_ahead");
		meshcore->was_full = false; /* told no more */
		meshcore_set_text(meshcore,
				  "the node's clock is %lld s ahead and cannot be set back; others may refuse its "
				  "messages. Remove its battery, or wait.",
				  (long long)ahead_s);
	} else if (meshcore->is_ahead) {
		meshcore_set_text(meshcore, "%s", "");
	}
	meshcore->is_ahead = ahead_s > AHEAD_S;
}

/* It can only be set forward: a node refuses a time before its own. */
bool meshcore_judge_clock(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	uint32_t time_s;
	int64_t now_s = wall_s(meshcore);
	if (!meshcore_read_number(payload, size, &time_s) || now_s <= 0)
		return false;
	tell_ahead(meshcore, time_s - now_s);
	return (int64_t)time_s + BEHIND_S < now_s && meshcore->values[MESHCORE_KEY_SET_CLOCK].flag;
}

bool meshcore_write_clock(struct meshcore *meshcore)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	size_t size = meshcore_write_number(MESHCORE_SET_TIME, (uint32_t)wall_s(meshcore), payload);
	return meshcore_ask(meshcore, payload, size);
}

/* ---- step by step ---- */

void meshcore_setup_next(struct meshcore *meshcore)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	switch (meshcore->step) {
	case MESHCORE_STEP_QUERY:
		meshcore_ask(meshcore, payload, meshcore_write_query(payload));
		break;
	case MESHCORE_STEP_APP:
		meshcore_ask(meshcore, payload, meshcore_write_app_start("cresset", payload));
		break;
	case MESHCORE_STEP_TIME:
		meshcore_ask(meshcore, payload, meshcore_write_plain(MESHCORE_GET_TIME, payload));
		break;
	case MESHCORE_STEP_SET_TIME:
		meshcore_write_clock(meshcore);
		break;
	case MESHCORE_STEP_CHANNELS:
		meshcore_ask(meshcore, payload, meshcore_write_byte(MESHCORE_GET_CHANNEL, meshcore->channel, payload));
		break;
	}
}

static void go_up(struct meshcore *meshcore)
{
	enter(meshcore, MESHCORE_UP, 0);
	meshcore_work_begin(meshcore);
}

static void take_step(struct meshcore *meshcore, enum meshcore_step step)
{
	meshcore->step = step;
	meshcore->tries = 0;
}

/* An old node does not know the question, and speaks the first version. */
static void take_device(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	bool told = payload[0] == MESHCORE_DEVICE_INFO && meshcore_read_device(payload, size, &meshcore->device);
	meshcore->old_frames = !told || meshcore->device.version < MESHCORE_VERSION;
	if (!told)
		meshcore->device = (struct meshcore_device){0};
	/* The tries are counted until it has begun, or one that never does would be asked without end. */
	meshcore->step = MESHCORE_STEP_APP;
}

/* What the last node's list said of the time holds for its list alone. */
static void note_self(struct meshcore *meshcore, const struct meshcore_self *self)
{
	if (memcmp(meshcore->self.key, self->key, sizeof(self->key)) != 0)
		meshcore->contacts_since = 0;
	meshcore->self = *self;
}

static void take_self(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_self self;
	if (payload[0] != MESHCORE_SELF_INFO || !meshcore_read_self(payload, size, &self)) {
		meshcore_setup_silence(meshcore);
		return;
	}
	note_self(meshcore, &self);
	meshcore->channel = 0;
	meshcore_set_text(meshcore, "%s", "");
	take_step(meshcore, wall_s(meshcore) > 0 ? MESHCORE_STEP_TIME : MESHCORE_STEP_CHANNELS);
}

/* Until the node says that there are no more. */
static void take_channel(struct meshcore *meshcore, const uint8_t *payload)
{
	unsigned most = meshcore->device.channels_max ? meshcore->device.channels_max : MESHCORE_CHANNELS_MAX;
	meshcore->tries = 0;
	if (payload[0] != MESHCORE_CHANNEL_INFO || ++meshcore->channel >= most)
		go_up(meshcore);
}

void meshcore_setup_answer(struct meshcore *meshcore, uint8_t command, const uint8_t *payload, size_t size)
{
	switch (command) {
	case MESHCORE_DEVICE_QUERY:
		take_device(meshcore, payload, size);
		break;
	case MESHCORE_APP_START:
		take_self(meshcore, payload, size);
		break;
	case MESHCORE_GET_TIME:
		take_step(meshcore, meshcore_judge_clock(meshcore, payload, size) ? MESHCORE_STEP_SET_TIME
										  : MESHCORE_STEP_CHANNELS);
		break;
	case MESHCORE_SET_TIME:
		take_step(meshcore, MESHCORE_STEP_CHANNELS);
		break;
	case MESHCORE_GET_CHANNEL:
		take_channel(meshcore, payload);
		break;
	default:
		break;
	}
}

/* ---- silence ---- */

/* A Meshtastic node answers to this question with its whole configuration; a MeshCore node passes over it. */
static void probe(struct meshcore *meshcore)
{
	static const uint8_t question[] = {0x94, 0xc3, 0x00, 0x02, 0x18, 0x01};
	meshcore->services->write(meshcore->services->owner, question, sizeof(question));
	enter(meshcore, MESHCORE_PROBING, PROBE_US);
}

/* It may have started anew, and forgotten which version it was asked for. If it is silent there once more, it can do without. */
static void pass_over(struct meshcore *meshcore)
{
	if (!meshcore->asked_anew) {
		meshcore->asked_anew = true;
		take_step(meshcore, MESHCORE_STEP_QUERY);
	} else if (meshcore->step == MESHCORE_STEP_CHANNELS) {
		go_up(meshcore);
	} else {
		take_step(meshcore, MESHCORE_STEP_CHANNELS);
	}
}

void meshcore_setup_silence(struct meshcore *meshcore)
{
	if (meshcore->step > MESHCORE_STEP_APP) {
		pass_over(meshcore);
		return;
	}
	if (++meshcore->tries >= TRIES)
		probe(meshcore);
	else
		meshcore->step = MESHCORE_STEP_QUERY;
}

static void rest(struct meshcore *meshcore)
{
	const char *name = meshcore->stranger.name;
	/* The first question was answered, the second was not. */
	bool refused = meshcore->step == MESHCORE_STEP_APP || (name && strstr(name, "MeshCore"));
	meshcore_drop(meshcore, refused ? "meshcore_refused" : name ? "meshcore_wrong_device" : "meshcore_absent");
	if (refused)
		meshcore_set_text(meshcore, "%s",
				  "the node answers but does not say who it is. Check that the board has the USB "
				  "companion firmware, and a new one; it is asked again.");
	else if (name)
		meshcore_set_text(meshcore, "no MeshCore node answers; what talks there looks like %s.%s", name,
				  strstr(name, "Meshtastic") ? " Set modem and air to meshtastic." : "");
	else
		meshcore_set_text(meshcore, "%s",
				  "no MeshCore node answers. Check power, cable, that `baud` is 115200, and that the "
				  "board has the USB companion firmware.");
	enter(meshcore, MESHCORE_RESTING, REST_US);
}

void meshcore_setup_late(struct meshcore *meshcore)
{
	switch (meshcore->phase) {
	case MESHCORE_WAKING:
		enter(meshcore, MESHCORE_STARTING, 0);
		break;
	case MESHCORE_PROBING:
		rest(meshcore);
		break;
	case MESHCORE_RESTING:
		meshcore_begin(meshcore);
		break;
	default:
		break;
	}
}

/* The radios of outgoing_rig.h: frames begin and end when the test says so. */
#pragma once

#include "tests/support/outgoing_rig_state.h"

bool radio_channel_busy(const struct radio *radio)
{
	return radio->channel_busy;
}
bool radio_ready(const struct radio *radio)
{
	return radio->up && !radio->busy;
}
/* "3 parts": the number of the text; one that begins with "L" is too long for the first radio, one with "S" is a short one. */
int radio_plan(const struct radio *radio, const struct message *message, struct air_plan *plan)
{
	*plan = (struct air_plan){.parts = 1, .text_max = 40};
	if (message->text[0] == 'L' && radio == &rig->radios[0])
		return -EMSGSIZE;
	if (message->text[0] >= '1' && message->text[0] <= '8')
		plan->parts = (unsigned)(message->text[0] - '0');
	for (unsigned i = 0; i < plan->parts; i++)
		plan->sizes[i] = message->text[0] == 'S' ? RIG_SHORT_SIZE : RIG_FRAME_SIZE;
	plan->confirmable = message->ack_wanted && message->to[0];
	return 0;
}
ssize_t radio_render(struct radio *radio, const struct message *message, struct air_utterance *utterance,
		     uint8_t *bytes, size_t size)
{
	assert_true(size >= RIG_FRAME_SIZE);
	memset(bytes, 0, RIG_FRAME_SIZE);
	snprintf(utterance->ref, sizeof(utterance->ref), "u%u-%u", (unsigned)(radio - rig->radios),
		 ++radio->renderings);
	struct air_plan plan;
	radio_plan(radio, message, &plan);
	bytes[0] = (uint8_t)utterance->part;
	bytes[1] = (uint8_t)plan.parts;
	bytes[2] = plan.confirmable;
	memcpy(bytes + 3, &radio->renderings, sizeof(radio->renderings));
	int room = (int)plan.sizes[0] - 8 < 29 ? (int)plan.sizes[0] - 8 : 29;
	snprintf((char *)bytes + 7, 30, "%.*s", room, message->id);
	return (ssize_t)plan.sizes[0];
}
int64_t radio_airtime_us(const struct radio *radio, size_t size)
{
	return radio->us_per_byte * (int64_t)size;
}
const struct radio_allowance *radio_allowance(const struct radio *radio)
{
	return &radio->allowance;
}
struct radio_status radio_status(const struct radio *radio)
{
	return (struct radio_status){.state = radio->up ? RADIO_UP : RADIO_DOWN};
}

static void rig_tell(struct radio *radio, enum send_result result, const char *code)
{
	if (!radio->busy)
		return;
	if (result == SEND_ON_AIR && radio->on_air)
		return;
	if (result == SEND_ON_AIR) {
		radio->on_air = true;
		radio->began_ms = rig->now_ms;
	} else {
		bool on_air = radio->on_air;
		radio->busy = radio->on_air = false;
		if (on_air) {
			assert_true(rig->sent_count < RIG_SENT);
			struct rig_sent *sent = &rig->sent[rig->sent_count++];
			*sent = (struct rig_sent){.radio = (unsigned)(radio - rig->radios),
						  .part = radio->part,
						  .whole = result == SEND_DONE || result == SEND_CONFIRMED,
						  .began_ms = radio->began_ms,
						  .ended_ms = rig->now_ms};
			memcpy(sent->id, radio->id, sizeof(sent->id));
		}
	}
	outgoing_sent(rig->down.outgoing, radio, result, false, code);
}
int radio_send(struct radio *radio, const void *bytes, size_t size)
{
	const uint8_t *frame = bytes;
	assert_true(size == RIG_FRAME_SIZE || size == RIG_SHORT_SIZE);
	if (!radio_ready(radio))
		return -EAGAIN;
	if (radio->error)
		return radio->error;
	radio->busy = true;
	radio->size = size;
	radio->part = frame[0];
	radio->parts = frame[1];
	radio->confirmable = frame[2];
	snprintf(radio->id, sizeof(radio->id), "%s", (const char *)frame + 7);
	if (radio->fails_at_once) {
		radio->fails_at_once = false;
		rig_tell(radio, SEND_FAILED, "refused");
	}
	return 0;
}
void radio_hurry(struct radio *radio)
{
	if (radio->busy && !radio->on_air)
		rig_tell(radio, SEND_GIVEN_BACK, "");
}

/* The frame in a radio, from its beginning to its end. */
RIG_HELPER void rig_frame(unsigned number, enum send_result result, const char *code)
{
	struct radio *radio = &rig->radios[number];
	if (!radio->busy)
		return;
	rig_tell(radio, SEND_ON_AIR, "");
	rig->now_ms += (radio_airtime_us(radio, radio->size) + 999) / 1000;
	rig_tell(radio, result, code);
}

RIG_HELPER void rig_unplug(unsigned number)
{
	rig->radios[number].up = false;
	rig_tell(&rig->radios[number], SEND_FAILED, "radio_lost");
	outgoing_wake(rig->down.outgoing);
}

RIG_HELPER void rig_plug(unsigned number)
{
	rig->radios[number].up = true;
	outgoing_wake(rig->down.outgoing);
}

void emergency_refer(const struct emergency *emergency, struct message *message)
{
	(void)emergency, (void)message;
}

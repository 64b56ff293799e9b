/* Sending by a MeshCore node. It transmits a direct message once and tells of an acknowledgement if one comes; to try again is its host's
 * affair. Attempts differ by a number, so that their acknowledgements do, and share the time, so that the addressee knows them for one. */
#include "drivers/modem/meshcore.h"

#include <errno.h>
#include <string.h>

#include "drivers/codec/lora_airtime.h"

enum {
	FULL_US = 2000000, /* its table of packets is full */
	REFUSALS = 5,
	MARGIN_MS = 1000, /* on top of what the node reckons */
	TIMEOUT_MIN_MS = 1000,
	TIMEOUT_MAX_MS = 120000,
	PACKET_OVERHEAD = 40, /* of a text on the air: header, path, addresses, MAC, padding; reckoned high */
};

static bool is_direct(const struct meshcore_sending *sending)
{
	return sending->bytes[0] == MESHCORE_SEND_TEXT;
}

static void tell(struct meshcore *meshcore, enum send_result result, bool assumed, const char *code)
{
	if (result != SEND_ON_AIR)
		meshcore->sending.stage = MESHCORE_NOTHING;
	meshcore->services->sent(meshcore->services->owner, result, assumed, code);
}

static void enter(struct meshcore *meshcore, enum meshcore_stage stage, int64_t for_us)
{
	meshcore->sending.stage = stage;
	meshcore->sending.due_us = meshcore_now_us(meshcore) + for_us;
}

int64_t meshcore_airtime_us(const void *state, size_t size)
{
	static const struct lora_modulation usual = {10, 250000, 5, 16, false, false, LORA_OPTIMISE_AUTO};
	const struct meshcore_self *self = &((const struct meshcore *)state)->self;
	struct lora_modulation modulation = usual;
	modulation.spreading_factor = self->spreading_factor;
	modulation.bandwidth_hz = self->bandwidth_hz;
	modulation.coding_rate = self->coding_rate;
	return lora_airtime_us(lora_modulation_valid(&modulation) ? &modulation : &usual, size);
}

int meshcore_send(void *state, const struct datagram *datagram)
{
	struct meshcore *meshcore = state;
	struct meshcore_sending *sending = &meshcore->sending;
	uint8_t code = datagram->size ? datagram->bytes[0] : 0;
	if (meshcore->phase != MESHCORE_UP)
		return -ENOTCONN;
	if (sending->stage != MESHCORE_NOTHING)
		return -EAGAIN;
	if (datagram->size > sizeof(sending->bytes) ||
	    (code == MESHCORE_SEND_CHANNEL_TEXT && datagram->size > MESHCORE_PAYLOAD_MAX))
		return -EMSGSIZE;
	if (code != MESHCORE_SEND_TEXT && code != MESHCORE_SEND_CHANNEL_TEXT)
		return -EINVAL;
	*sending = (struct meshcore_sending){.size = datagram->size};
	memcpy(sending->bytes, datagram->bytes, datagram->size);
	enter(meshcore, MESHCORE_WANTED, 0);
	meshcore->services->alarm(meshcore->services->owner, meshcore_now_us(meshcore));
	return 0;
}

/* ---- commands ---- */

bool meshcore_send_wants(const struct meshcore *meshcore)
{
	const struct meshcore_sending *sending = &meshcore->sending;
	bool wants = sending->stage == MESHCORE_WANTED || sending->stage == MESHCORE_PATH_WANTED;
	return wants && meshcore_now_us(meshcore) >= sending->due_us;
}

void meshcore_send_next(struct meshcore *meshcore)
{
	struct meshcore_sending *sending = &meshcore->sending;
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	const uint8_t *key = is_direct(sending) ? meshcore_direct_key(sending->bytes) : NULL;
	size_t size = sending->size;
	if (sending->stage == MESHCORE_PATH_WANTED && key) {
		if (meshcore_ask(meshcore, payload, meshcore_write_key(MESHCORE_RESET_PATH, key, payload)))
			sending->stage = MESHCORE_PATH_ASKED;
		return;
	}
	if (is_direct(sending))
		size = meshcore_write_attempt(sending->bytes, sending->size, sending->attempt, payload);
	else
		memcpy(payload, sending->bytes, size);
	if (size == 0)
		tell(meshcore, SEND_FAILED, false, "refused");
	else if (meshcore_ask(meshcore, payload, size))
		sending->stage = MESHCORE_ASKED;
}

/* ---- attempts ---- */

/* Before the last attempt the way that seems not to work any more is forgotten, so that it goes everywhere. */
static void try_again(struct meshcore *meshcore, const char *code)
{
	struct meshcore_sending *sending = &meshcore->sending;
	unsigned attempts = (unsigned)meshcore->values[MESHCORE_KEY_ATTEMPTS].integer;
	if (++sending->attempt >= attempts) {
		tell(meshcore, SEND_FAILED, false, code);
		return;
	}
	meshcore_drop(meshcore, "meshcore_attempt_repeated");
	bool last = sending->attempt + 1 == attempts;
	bool forget = last && sending->on_air && !sending->flood && meshcore_direct_key(sending->bytes);
	enter(meshcore, forget ? MESHCORE_PATH_WANTED : MESHCORE_WANTED, 0);
}

static bool is_awaited(const struct meshcore_sending *sending, const uint8_t ack[static MESHCORE_ACK_SIZE])
{
	for (unsigned i = 0; i < sending->ack_count; i++)
		if (memcmp(sending->acks[i], ack, MESHCORE_ACK_SIZE) == 0)
			return true;
	return false;
}

void meshcore_send_confirmed(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_sending *sending = &meshcore->sending;
	uint8_t ack[MESHCORE_ACK_SIZE];
	if (!meshcore_read_confirmed(payload, size, ack)) {
		meshcore_drop(meshcore, "meshcore_damaged");
		return;
	}
	/* Of a message that was given up, or once more. */
	if (sending->stage == MESHCORE_NOTHING)
		return;
	if (is_awaited(sending, ack)) {
		tell(meshcore, SEND_CONFIRMED, false, "");
		return;
	}
	sending->has_early = true;
	memcpy(sending->early, ack, sizeof(sending->early));
}

static int64_t timeout_us(uint32_t timeout_ms)
{
	if (timeout_ms < TIMEOUT_MIN_MS)
		timeout_ms = TIMEOUT_MIN_MS;
	if (timeout_ms > TIMEOUT_MAX_MS)
		timeout_ms = TIMEOUT_MAX_MS;
	return (timeout_ms + MARGIN_MS) * INT64_C(1000);
}

/* The node has queued it. When it leaves, nobody tells. */
static void take_sent(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_sending *sending = &meshcore->sending;
	struct meshcore_sent sent;
	if (!meshcore_read_sent(payload, size, &sent)) {
		meshcore_drop(meshcore, "meshcore_damaged");
		meshcore_send_silence(meshcore);
		return;
	}
	sending->flood = sent.flood;
	if (sending->ack_count < MESHCORE_ATTEMPTS_MAX)
		memcpy(sending->acks[sending->ack_count++], sent.ack, MESHCORE_ACK_SIZE);
	enter(meshcore, MESHCORE_AWAITED, timeout_us(sent.timeout_ms));
	if (!sending->on_air) {
		sending->on_air = true;
		tell(meshcore, SEND_ON_AIR, true, "");
	}
	if (sending->has_early && is_awaited(sending, sending->early))
		tell(meshcore, SEND_CONFIRMED, false, "");
}

static void take_channel_ok(struct meshcore *meshcore)
{
	struct meshcore_sending *sending = &meshcore->sending;
	size_t size = sending->size + meshcore->self.name_size + PACKET_OVERHEAD;
	enter(meshcore, MESHCORE_AIRED, meshcore_airtime_us(meshcore, size));
	tell(meshcore, SEND_ON_AIR, true, "");
}

static void take_error(struct meshcore *meshcore, unsigned error)
{
	struct meshcore_sending *sending = &meshcore->sending;
	bool full = error == MESHCORE_TABLE_FULL;
	if (full && ++sending->refusals < REFUSALS) {
		meshcore_drop(meshcore, "meshcore_node_full");
		enter(meshcore, MESHCORE_WANTED, FULL_US);
	} else if (full) {
		tell(meshcore, SEND_FAILED, false, "node_full");
	} else if (error == MESHCORE_NOT_FOUND) {
		tell(meshcore, SEND_FAILED, false, is_direct(sending) ? "unknown_contact" : "unknown_channel");
	} else {
		tell(meshcore, SEND_FAILED, false, "refused");
	}
}

void meshcore_send_answer(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_sending *sending = &meshcore->sending;
	if (sending->stage == MESHCORE_PATH_ASKED)
		enter(meshcore, MESHCORE_WANTED, 0);
	else if (sending->stage != MESHCORE_ASKED)
		return;
	else if (payload[0] == MESHCORE_SENT && is_direct(sending))
		take_sent(meshcore, payload, size);
	else if (payload[0] == MESHCORE_OK && !is_direct(sending))
		take_channel_ok(meshcore);
	else
		take_error(meshcore, meshcore_read_error(payload, size));
	if (sending->hurried)
		meshcore_hurry(meshcore);
}

/* Whether it was transmitted is not known: a direct message can go again, for its addressee knows it by its time; what was meant for a
 * channel would be read twice. */
void meshcore_send_silence(struct meshcore *meshcore)
{
	struct meshcore_sending *sending = &meshcore->sending;
	if (sending->stage == MESHCORE_PATH_ASKED)
		enter(meshcore, MESHCORE_WANTED, 0);
	else if (sending->stage != MESHCORE_ASKED)
		return;
	else if (!is_direct(sending))
		tell(meshcore, SEND_FAILED, false, "no_answer");
	else if (sending->hurried)
		tell(meshcore, sending->on_air ? SEND_DONE : SEND_GIVEN_BACK, sending->on_air, "");
	else
		try_again(meshcore, "no_answer");
	if (sending->hurried)
		meshcore_hurry(meshcore);
}

void meshcore_send_late(struct meshcore *meshcore)
{
	struct meshcore_sending *sending = &meshcore->sending;
	if (meshcore_now_us(meshcore) < sending->due_us)
		return;
	if (sending->stage == MESHCORE_AWAITED)
		try_again(meshcore, "no_ack");
	else if (sending->stage == MESHCORE_AIRED)
		tell(meshcore, SEND_DONE, true, "");
}

static bool has_begun(const struct meshcore_sending *sending)
{
	return sending->on_air || sending->attempt > 0 || sending->stage == MESHCORE_ASKED;
}

/* What the node has cannot be taken back, but need not be waited for. Once it has been asked, its answer decides. */
void meshcore_hurry(void *state)
{
	struct meshcore *meshcore = state;
	struct meshcore_sending *sending = &meshcore->sending;
	sending->hurried = true;
	if (sending->stage == MESHCORE_NOTHING || sending->stage == MESHCORE_ASKED ||
	    sending->stage == MESHCORE_PATH_ASKED)
		return;
	tell(meshcore, sending->on_air ? SEND_DONE : SEND_GIVEN_BACK, sending->on_air, "");
}

void meshcore_fail_sending(struct meshcore *meshcore, const char *code)
{
	struct meshcore_sending *sending = &meshcore->sending;
	if (sending->stage == MESHCORE_NOTHING)
		return;
	bool begun = has_begun(sending);
	tell(meshcore, begun ? SEND_FAILED : SEND_GIVEN_BACK, false, begun ? code : "");
}

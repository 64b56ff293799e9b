/* Handing a Meshtastic node one packet, within the limits that it does not tell of, and finding out what became of it.
 *
 * Of one port it takes a packet every 2 s (text) or 10 s (alert) and throws away the rest; for an alert it says even then that it took
 * it. What it cannot transmit for its duty cycle it forgets. So both are kept here, or given back to the gateway. */
#include <errno.h>
#include <string.h>

#include "drivers/modem/meshtastic.h"

enum {
	TEXT_PAUSE_US = 2100000,
	ALERT_PAUSE_US = 10500000,
	TAKEN_US = 2000000, /* for the node's word on whether it takes a packet */
	SIGN_US = 20000000, /* for any sign of an alert; it is repeated by some neighbour, or given up by the node */
	RETRY_US = 50000,
	FULL_US = 5000000,
	RESERVED = 2, /* places in the node's queue that only alerts take */
};

static mt_MeshPacket *packet_of(struct meshtastic_sending *sending)
{
	return &sending->to.content.packet;
}

static bool is_alert(const mt_MeshPacket *packet)
{
	return packet->priority >= MESHTASTIC_PRIORITY_ALERT;
}

static bool is_direct(const mt_MeshPacket *packet)
{
	return packet->to != MESHTASTIC_BROADCAST;
}

static void tell(struct meshtastic *meshtastic, enum send_result result, bool assumed, const char *code)
{
	if (result != SEND_ON_AIR)
		meshtastic->sending.stage = MESHTASTIC_NOTHING;
	meshtastic->services->sent(meshtastic->services->owner, result, assumed, code);
}

static void wait_for(struct meshtastic *meshtastic, enum meshtastic_stage stage, int64_t for_us)
{
	meshtastic->sending.stage = stage;
	meshtastic->sending.due_us = meshtastic_now_us(meshtastic) + for_us;
}

bool meshtastic_ready(const struct meshtastic *meshtastic)
{
	const struct meshtastic_node *node = &meshtastic->node;
	bool silent = node->has_lora && (node->region == 0 || !node->transmits);
	return meshtastic->phase == MESHTASTIC_UP && !meshtastic->held_us && !silent && !meshtastic->full_for_alerts;
}

/* ---- handing over ---- */

/* The port of this packet is closed for a while. */
static void note_use(struct meshtastic *meshtastic)
{
	int64_t now_us = meshtastic_now_us(meshtastic);
	if (packet_of(&meshtastic->sending)->content.decoded.port == MESHTASTIC_ALERT_PORT)
		meshtastic->alert_us = now_us + ALERT_PAUSE_US;
	else
		meshtastic->text_us = now_us + TEXT_PAUSE_US;
}

static void write_packet(struct meshtastic *meshtastic)
{
	struct meshtastic_sending *sending = &meshtastic->sending;
	mt_MeshPacket *packet = packet_of(sending);
	/* The node is silent about a number that it has had. */
	packet->id = meshtastic_next_id(meshtastic);
	if (meshtastic_tell(meshtastic, &sending->to) < 0) {
		wait_for(meshtastic, MESHTASTIC_PACED, RETRY_US);
		return;
	}
	note_use(meshtastic);
	wait_for(meshtastic, MESHTASTIC_WRITTEN, TAKEN_US);
}

/* A second alert within ten seconds goes as a text, which loses nothing but its port. */
static void pace(struct meshtastic *meshtastic)
{
	mt_Data *data = &packet_of(&meshtastic->sending)->content.decoded;
	int64_t now_us = meshtastic_now_us(meshtastic);
	if (data->port == MESHTASTIC_ALERT_PORT && now_us < meshtastic->alert_us)
		data->port = MESHTASTIC_TEXT_PORT;
	if (data->port == MESHTASTIC_TEXT_PORT && now_us < meshtastic->text_us)
		wait_for(meshtastic, MESHTASTIC_PACED, meshtastic->text_us - now_us);
	else
		write_packet(meshtastic);
}

/* A full queue takes an alert all the same, for which the node throws out what is less urgent. */
static bool has_room(const struct meshtastic *meshtastic, const mt_MeshPacket *packet)
{
	if (!meshtastic->has_queue || is_alert(packet))
		return true;
	return meshtastic->queue_free > RESERVED ||
	       (meshtastic->queue_free > 0 && meshtastic->queue_free == meshtastic->queue_size);
}

int meshtastic_send(void *state, const struct datagram *datagram)
{
	struct meshtastic *meshtastic = state;
	struct meshtastic_sending *sending = &meshtastic->sending;
	mt_ToRadio to;
	if (datagram->size > MESHTASTIC_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (!meshtastic_unpack(datagram->bytes, datagram->size, &to) || to.which_content != mt_ToRadio_packet_tag ||
	    !meshtastic_data(&to.content.packet))
		return -EINVAL;
	if (meshtastic->phase != MESHTASTIC_UP)
		return -ENOTCONN;
	if (sending->stage != MESHTASTIC_NOTHING || !meshtastic_ready(meshtastic))
		return -EAGAIN;
	if (!has_room(meshtastic, &to.content.packet)) {
		meshtastic_ask_soon(meshtastic, FULL_US);
		meshtastic_settle(meshtastic);
		return -EAGAIN;
	}
	*sending = (struct meshtastic_sending){.to = to};
	pace(meshtastic);
	meshtastic_settle(meshtastic);
	return 0;
}

/* What only waits for more words of the node. An alert of which there was none goes again, at the cost that it may be heard twice. */
static void release(struct meshtastic *meshtastic)
{
	if (meshtastic->sending.answered)
		tell(meshtastic, SEND_DONE, true, "");
	else if (is_alert(packet_of(&meshtastic->sending)))
		tell(meshtastic, SEND_GIVEN_BACK, false, "");
	else
		tell(meshtastic, SEND_FAILED, false, "no_answer");
}

void meshtastic_hurry(void *state)
{
	struct meshtastic *meshtastic = state;
	if (meshtastic->sending.stage == MESHTASTIC_PACED)
		tell(meshtastic, SEND_GIVEN_BACK, false, "");
	else if (meshtastic->sending.stage == MESHTASTIC_WRITTEN)
		meshtastic->sending.hurried = true;
	else if (meshtastic->sending.stage == MESHTASTIC_ACCEPTED)
		release(meshtastic);
	meshtastic_settle(meshtastic);
}

/* ---- refusals ---- */

/* Also for an alert: the firmware makes no exception, and what it refused it has forgotten. */
static void hold_for_duty(struct meshtastic *meshtastic)
{
	int64_t seconds = meshtastic->values[MESHTASTIC_KEY_RETRY].integer;
	meshtastic_drop(meshtastic, "meshtastic_duty_cycle");
	meshtastic_set_text(meshtastic,
			    "the node has used up its duty cycle; what is to be sent is held and tried again.");
	meshtastic->held_us = meshtastic_now_us(meshtastic) + seconds * 1000000;
	tell(meshtastic, SEND_GIVEN_BACK, false, "");
}

/* Another host of the node has used up the allowance of that port. The other port has one of its own. */
static void wait_for_turn(struct meshtastic *meshtastic)
{
	meshtastic_drop(meshtastic, "meshtastic_rate_limit");
	note_use(meshtastic);
	tell(meshtastic, SEND_GIVEN_BACK, false, "");
}

static void wait_for_room(struct meshtastic *meshtastic)
{
	meshtastic_drop(meshtastic, "meshtastic_queue_full");
	meshtastic->has_queue = true;
	meshtastic->queue_free = 0;
	meshtastic->full = true;
	meshtastic->full_for_alerts = is_alert(packet_of(&meshtastic->sending));
	meshtastic_set_text(meshtastic, "the node's queue is full: the channel is busy. %s until there is room.",
			    meshtastic->full_for_alerts ? "Even alerts wait" : "Texts wait");
	meshtastic_ask_soon(meshtastic, FULL_US);
	tell(meshtastic, SEND_GIVEN_BACK, false, "");
}

/* A refusal that both a Routing message and a QueueStatus know. */
static void refuse(struct meshtastic *meshtastic, int error)
{
	if (error == MESHTASTIC_DUTY_CYCLE)
		hold_for_duty(meshtastic);
	else if (error == MESHTASTIC_RATE_LIMIT)
		wait_for_turn(meshtastic);
	else
		tell(meshtastic, SEND_FAILED, false, meshtastic_error_name(error));
}

static bool awaits_word(const struct meshtastic *meshtastic)
{
	return meshtastic->sending.stage == MESHTASTIC_WRITTEN || meshtastic->sending.stage == MESHTASTIC_ACCEPTED;
}

/* Of an alert there is soon some sign, or it was thrown away. After one its addressee has as long as of a text. */
static void await_word(struct meshtastic *meshtastic)
{
	const struct meshtastic_sending *sending = &meshtastic->sending;
	bool alert = sending->to.content.packet.content.decoded.port == MESHTASTIC_ALERT_PORT;
	int64_t patience_us = meshtastic->values[MESHTASTIC_KEY_ACK].integer * INT64_C(1000000);
	bool soon = alert && !sending->relayed && patience_us > SIGN_US;
	wait_for(meshtastic, MESHTASTIC_ACCEPTED, soon ? SIGN_US : patience_us);
}

static void take_result(struct meshtastic *meshtastic, int result)
{
	switch (result) {
	case MESHTASTIC_OK:
		if (meshtastic->sending.answered)
			return;
		meshtastic->sending.answered = true;
		await_word(meshtastic);
		/* It is in the node's queue; when it leaves, nobody tells. */
		if (!meshtastic->sending.repeated)
			tell(meshtastic, SEND_ON_AIR, true, "");
		if (meshtastic->sending.hurried)
			release(meshtastic);
		break;
	case MESHTASTIC_QUEUE_FULL:
		wait_for_room(meshtastic);
		break;
	case MESHTASTIC_NO_RADIO:
		tell(meshtastic, SEND_FAILED, false, "no_radio");
		break;
	case MESHTASTIC_TX_DISABLED:
		tell(meshtastic, SEND_FAILED, false, "tx_disabled");
		break;
	default:
		refuse(meshtastic, result);
	}
}

static void note_room(struct meshtastic *meshtastic)
{
	if (meshtastic->full && !meshtastic->held_us)
		meshtastic_set_text(meshtastic, "%s", "");
	meshtastic->full = meshtastic->full_for_alerts = false;
}

void meshtastic_take_queue(struct meshtastic *meshtastic, const mt_QueueStatus *status)
{
	meshtastic->has_queue = status->size > 0;
	meshtastic->queue_free = status->free;
	meshtastic->queue_size = status->size;
	if (status->size > 0 && status->free == 0)
		meshtastic_ask_soon(meshtastic, FULL_US);
	else
		note_room(meshtastic);
	if (awaits_word(meshtastic) && status->packet_id == packet_of(&meshtastic->sending)->id)
		take_result(meshtastic, status->result);
	else if (meshtastic->queue_free > 0)
		meshtastic->services->changed(meshtastic->services->owner);
}

/* ---- acknowledgements ---- */

/* Some neighbour was heard repeating it, so it was on the air, and its addressee can still answer. */
static void note_relayed(struct meshtastic *meshtastic)
{
	struct meshtastic_sending *sending = &meshtastic->sending;
	bool first = !sending->relayed;
	sending->relayed = true;
	if (!sending->answered)
		take_result(meshtastic, MESHTASTIC_OK);
	else if (first && packet_of(sending)->content.decoded.port == MESHTASTIC_ALERT_PORT)
		await_word(meshtastic);
}

/* From its addressee: it arrived. From the own node: some neighbour was heard repeating it. */
static void take_ack(struct meshtastic *meshtastic, const mt_MeshPacket *packet)
{
	const mt_MeshPacket *sent = packet_of(&meshtastic->sending);
	if (is_direct(sent) && packet->from == sent->to)
		tell(meshtastic, SEND_CONFIRMED, false, "");
	else if (!is_direct(sent))
		tell(meshtastic, SEND_DONE, false, "");
	else
		note_relayed(meshtastic);
}

/* A word on the alert that has gone once more since. Only that it arrived, or was on the air, still says something. */
static void take_earlier(struct meshtastic *meshtastic, const mt_MeshPacket *packet, int error)
{
	const mt_MeshPacket *sent = packet_of(&meshtastic->sending);
	if (error == MESHTASTIC_OK && (!is_direct(sent) || packet->from == sent->to))
		take_ack(meshtastic, packet);
}

void meshtastic_take_routing(struct meshtastic *meshtastic, const mt_MeshPacket *packet, const mt_Data *data)
{
	const struct meshtastic_sending *sending = &meshtastic->sending;
	const mt_MeshPacket *sent = packet_of(&meshtastic->sending);
	bool earlier = sending->stage != MESHTASTIC_NOTHING && sending->repeated &&
		       data->request_id == sending->earlier;
	if (!earlier && (!awaits_word(meshtastic) || data->request_id != sent->id))
		return;
	if (packet->from != meshtastic->node.number && packet->from != sent->to)
		return;
	int error = meshtastic_read_routing(data->payload.bytes, data->payload.size);
	if (error < 0)
		return;
	if (earlier)
		take_earlier(meshtastic, packet, error);
	else if (error == MESHTASTIC_OK)
		take_ack(meshtastic, packet);
	else if (error == MESHTASTIC_MAX_RETRANSMIT && !is_direct(sent))
		tell(meshtastic, SEND_DONE, false, ""); /* on the air several times, and no neighbour repeated it */
	else
		refuse(meshtastic, error);
}

/* ---- time ---- */

/* No neighbour, no refusal: as if thrown away, for another host of the node may have used up its allowance. */
static void repeat_as_text(struct meshtastic *meshtastic)
{
	meshtastic_drop(meshtastic, "meshtastic_alert_repeated");
	meshtastic->sending.repeated = true;
	meshtastic->sending.earlier = packet_of(&meshtastic->sending)->id;
	meshtastic->sending.answered = false;
	packet_of(&meshtastic->sending)->content.decoded.port = MESHTASTIC_TEXT_PORT;
	pace(meshtastic);
}

static void give_up_ack(struct meshtastic *meshtastic)
{
	const mt_MeshPacket *sent = packet_of(&meshtastic->sending);
	if (sent->content.decoded.port == MESHTASTIC_ALERT_PORT && !meshtastic->sending.relayed)
		repeat_as_text(meshtastic);
	else if (!meshtastic->sending.answered)
		tell(meshtastic, SEND_FAILED, false, "no_answer");
	else if (is_direct(sent))
		tell(meshtastic, SEND_FAILED, false, "no_ack");
	else
		tell(meshtastic, SEND_DONE, true, "");
}

void meshtastic_send_late(struct meshtastic *meshtastic)
{
	switch (meshtastic->sending.stage) {
	case MESHTASTIC_PACED:
		pace(meshtastic);
		break;
	case MESHTASTIC_WRITTEN:
		/* The node keeps two such words for its host and may have lost this one; an acknowledgement can still come. */
		meshtastic_ask_soon(meshtastic, 0);
		wait_for(meshtastic, MESHTASTIC_ACCEPTED, SIGN_US);
		if (meshtastic->sending.hurried)
			release(meshtastic);
		break;
	case MESHTASTIC_ACCEPTED:
		give_up_ack(meshtastic);
		break;
	default:
		break;
	}
}

/* An alert may go twice rather than not at all; of a text nobody can say. */
void meshtastic_fail_sending(struct meshtastic *meshtastic, const char *code)
{
	bool again = meshtastic->sending.stage == MESHTASTIC_PACED || is_alert(packet_of(&meshtastic->sending));
	if (meshtastic->sending.stage != MESHTASTIC_NOTHING)
		tell(meshtastic, again ? SEND_GIVEN_BACK : SEND_FAILED, false, again ? "" : code);
}

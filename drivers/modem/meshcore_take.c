/* What comes from a MeshCore node, frame by frame: what answers a command, what it says unasked, and what goes on to the air protocol. */
#include "drivers/modem/meshcore.h"

#include <math.h>

static void hear(const struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_text text;
	bool has_level = payload[0] == MESHCORE_CONTACT_TEXT_V3 || payload[0] == MESHCORE_CHANNEL_TEXT_V3;
	struct datagram datagram = {.bytes = payload, .size = size, .rssi_dbm = (double)NAN, .snr_db = (double)NAN};
	/* The secret of a channel goes no further. */
	if (payload[0] == MESHCORE_CHANNEL_INFO && size > MESHCORE_CHANNEL_PUBLIC_SIZE)
		datagram.size = MESHCORE_CHANNEL_PUBLIC_SIZE;
	if (has_level && meshcore_read_text(payload, size, &text))
		datagram.snr_db = text.snr_db;
	meshcore->services->heard_datagram(meshcore->services->owner, &datagram);
}

/* Frames in which the air protocol finds something. */
static bool is_for_air(const struct meshcore *meshcore, uint8_t code)
{
	switch (code) {
	case MESHCORE_CONTACTS_START:
	case MESHCORE_CONTACT:
	case MESHCORE_CONTACTS_END:
	case MESHCORE_SELF_INFO:
	case MESHCORE_CHANNEL_INFO:
	case MESHCORE_NEW_ADVERT:
		return true;
	case MESHCORE_STATS:
		return !meshcore->heartbeat_wanted; /* a sign of life is no news */
	default:
		return meshcore_is_message(code);
	}
}

/* Whether the code is one that answers that command. */
static bool answers(uint8_t command, uint8_t code)
{
	switch (code) {
	case MESHCORE_OK:
		return command == MESHCORE_SET_TIME || command == MESHCORE_SEND_CHANNEL_TEXT ||
		       command == MESHCORE_RESET_PATH;
	case MESHCORE_ERR:
	case MESHCORE_DISABLED:
		return command != 0;
	case MESHCORE_DEVICE_INFO:
		return command == MESHCORE_DEVICE_QUERY;
	case MESHCORE_SELF_INFO:
		return command == MESHCORE_APP_START;
	case MESHCORE_CURR_TIME:
		return command == MESHCORE_GET_TIME;
	case MESHCORE_CHANNEL_INFO:
		return command == MESHCORE_GET_CHANNEL;
	case MESHCORE_CONTACT:
		return command == MESHCORE_GET_CONTACT;
	case MESHCORE_CONTACTS_START:
		return command == MESHCORE_GET_CONTACTS;
	case MESHCORE_SENT:
		return command == MESHCORE_SEND_TEXT;
	case MESHCORE_STATS:
		return command == MESHCORE_GET_STATS;
	default:
		return command == MESHCORE_SYNC_NEXT && (code == MESHCORE_NO_MORE || meshcore_is_message(code));
	}
}

/* Codes that a node answers with, whoever asked. */
static bool is_known(uint8_t code)
{
	return code <= MESHCORE_CHANNEL_DATA;
}

/* Otherwise somebody else was answered, before. */
static bool is_talking(const struct meshcore *meshcore)
{
	return meshcore->phase == MESHCORE_STARTING || meshcore->phase == MESHCORE_UP;
}

static void take_answer(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	uint8_t command = meshcore->asked.command;
	meshcore->misses = 0;
	meshcore->asked.command = 0;
	if (meshcore->phase == MESHCORE_STARTING)
		meshcore_setup_answer(meshcore, command, payload, size);
	else if (meshcore->phase == MESHCORE_UP)
		meshcore_work_answer(meshcore, command, payload, size);
}

/* After the handshake the node sends its messages in the new form; in the old one, it has forgotten the handshake. */
static void judge_form(struct meshcore *meshcore, uint8_t code)
{
	bool old = code == MESHCORE_CONTACT_TEXT || code == MESHCORE_CHANNEL_TEXT;
	bool new = code == MESHCORE_CONTACT_TEXT_V3 || code == MESHCORE_CHANNEL_TEXT_V3;
	bool wrong = old && !meshcore->old_frames && meshcore->phase == MESHCORE_UP;
	if (new)
		meshcore->doubted = false;
	if (!wrong || meshcore->doubted)
		return;
	meshcore->doubted = true; /* once: it may be the only form it has */
	meshcore_start_anew(meshcore, "meshcore_reboot", "node_rebooted");
}

void meshcore_take_reply(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	bool for_air = is_for_air(meshcore, payload[0]);
	if (for_air)
		hear(meshcore, payload, size);
	if (meshcore_is_message(payload[0]))
		meshcore->taken_us = meshcore_now_us(meshcore);
	if (meshcore_is_listed(meshcore, payload[0]))
		meshcore_take_listed(meshcore, payload, size);
	else if (answers(meshcore->asked.command, payload[0]))
		take_answer(meshcore, payload, size);
	else if (!is_known(payload[0]))
		meshcore_drop(meshcore, "meshcore_unknown_frame");
	else if (!for_air && is_talking(meshcore))
		meshcore_drop(meshcore, "meshcore_stray_answer");
	judge_form(meshcore, payload[0]);
}

void meshcore_take_push(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	const uint8_t *key;
	switch (payload[0]) {
	case MESHCORE_MESSAGE_WAITING:
		meshcore->waiting = true;
		break;
	case MESHCORE_SEND_CONFIRMED:
		meshcore_send_confirmed(meshcore, payload, size);
		break;
	case MESHCORE_ADVERT:
		key = meshcore_read_key(payload, size);
		if (key)
			meshcore_work_advert(meshcore, key);
		else
			meshcore_drop(meshcore, "meshcore_damaged");
		break;
	case MESHCORE_NEW_ADVERT:
		hear(meshcore, payload, size);
		break;
	case MESHCORE_CONTACTS_FULL:
		meshcore_drop(meshcore, "meshcore_contacts_full");
		meshcore->is_ahead = meshcore->was_full = false; /* told no more */
		meshcore_set_text(
		    meshcore, "%s",
		    "the node's list of contacts is full: it cannot take messages of new ones. Remove some.");
		break;
	case MESHCORE_LOG_RX: /* what was heard raw comes again as what it means */
	case MESHCORE_PATH_UPDATED:
	case MESHCORE_CONTACT_DELETED:
		break;
	default:
		meshcore_drop(meshcore, "meshcore_unused_push");
	}
}

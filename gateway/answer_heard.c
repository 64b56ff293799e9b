/* Records of what was heard. */
#include "gateway/answer_heard.h"

#include <stdio.h>
#include <string.h>

#include "gateway/classify.h"
#include "gateway/words.h"

enum { APRS_ADDRESSEE_MAX = 9 };

static bool find_network(const char *air, enum origin_network *network)
{
	static const char *const names[] = {[ORIGIN_FIELD] = "field",
					    [ORIGIN_APRS] = "aprs",
					    [ORIGIN_MESHTASTIC] = "meshtastic",
					    [ORIGIN_MESHCORE] = "meshcore"};
	for (size_t i = 0; air && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], air) == 0) {
			*network = (enum origin_network)i;
			return true;
		}
	return false;
}

static bool is_number(const char *text, const char *prefix, const char *digits, size_t size)
{
	size_t head = strlen(prefix), found;
	if (strncmp(text, prefix, head) != 0)
		return false;
	found = strspn(text + head, digits);
	return found > 0 && text[head + found] == '\0' && (!size || found == size);
}

/* Some names are only made up here, where a network does not say who spoke. */
static bool can_be_addressed(enum origin_network network, const char *station)
{
	static const char hex[] = "0123456789abcdef";
	switch (network) {
	case ORIGIN_FIELD:
		return is_number(station, "f-", "0123456789", 0);
	case ORIGIN_MESHTASTIC:
		return is_number(station, "mt-", hex, 8);
	case ORIGIN_MESHCORE:
		return is_number(station, "mc-", hex, 12);
	default:
		return station[0] && strlen(station) <= APRS_ADDRESSEE_MAX;
	}
}

/* Of a kind that somebody says to somebody. Nobody acknowledges an acknowledgement. */
static bool is_said(const struct message *message)
{
	if (message->kind == KIND_ACK || message->kind == KIND_NONE)
		return false;
	if (message->kind == KIND_POSITION || message->kind == KIND_TELEMETRY)
		return message->ack_wanted;
	return message->kind < KIND_STATE;
}

/* Heard here, from the one who said it, and of itself: not through a broker or a station that passes on other networks' frames, which
 * would carry the answer round and round, and not of an object that somebody has put on the map. */
static bool is_direct(const struct message *message)
{
	return !message->aprs.third_party[0] && !message->aprs.name[0] && strcmp(message->heard.path, "mqtt") != 0;
}

static bool concerns_us(const struct message *message, enum origin_network network)
{
	/* On a mesh's channel people talk to one another; an APRS status is a notice. */
	bool to_all = message->kind == KIND_TEXT && !message->to[0] && network != ORIGIN_APRS;
	return message->for_us || message->class <= CLASS_URGENT || to_all;
}

static bool asks_for_answer(const struct message *message, enum origin_network network)
{
	bool text = message->kind == KIND_TEXT || message->kind == KIND_ALERT;
	switch (network) {
	case ORIGIN_FIELD:
		return message->ack_wanted;
	case ORIGIN_APRS:
		return message->for_us && message->aprs.message_number[0];
	default:
		/* Another gateway tells this one how far a message has come: that is the end of it. */
		return message->for_us && text && !words_are_these(message->text);
	}
}

/* An answer goes with what it answers, but a frame that anybody can make brings none before others. */
static enum message_class class_of(const struct message *message, enum origin_network network, bool covert)
{
	bool forged = network == ORIGIN_FIELD && message->authenticity == AUTHENTICITY_UNVERIFIED;
	return message->class <= CLASS_URGENT && !covert && !forged ? message->class : CLASS_SAFETY;
}

bool answer_origin_of(const struct message *message, const char *radio, const char *air, int64_t now_ms,
		      struct origin *origin)
{
	enum origin_network network;
	if (!find_network(air, &network) || !message->id[0] || !is_said(message) || !is_direct(message) ||
	    !concerns_us(message, network) || !can_be_addressed(network, message->station))
		return false;
	/* Members of a group share a key and a name. */
	if (network == ORIGIN_FIELD && !message->for_us)
		return false;
	bool covert = classify_is_covert(message), incident = message->kind == KIND_DISTRESS || covert;
	bool urgent = message->class <= CLASS_URGENT && !covert &&
		      (message->kind == KIND_DISTRESS || message->kind == KIND_ALERT);
	*origin = (struct origin){
	    .network = network,
	    .kind = message->kind,
	    .class = class_of(message, network, covert),
	    .status = message->status,
	    .authenticity = message->authenticity,
	    .covert = covert,
	    .wanted = urgent || asks_for_answer(message, network),
	    .eta_min = -1,
	    .heard_ms = now_ms,
	};
	memcpy(origin->id, message->id, sizeof(origin->id));
	memcpy(origin->station, message->station, sizeof(origin->station));
	snprintf(origin->radio, sizeof(origin->radio), "%s", radio);
	if (incident)
		memcpy(origin->incident, message->incident, sizeof(origin->incident));
	if (network == ORIGIN_APRS && message->for_us)
		memcpy(origin->number, message->aprs.message_number, sizeof(origin->number));
	return true;
}

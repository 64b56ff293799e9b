/* APRS: AX.25 UI frames, or lines of TNC2 text, to messages and back. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/air.h"
#include "drivers/air/aprs_message.h"
#include "drivers/codec/aprs_compose.h"
#include "drivers/codec/ax25.h"
#include "drivers/codec/tnc2.h"

/* "APZ" marks software that is not in the public register of destinations. */
#define DESTINATION "APZCRS"

enum { KEY_CALLSIGN, KEY_PATH, KEY_COUNT };

struct aprs {
	const struct services *services;
	char callsign[AX25_ADDRESS_TEXT_MAX]; /* "" = receive only */
	struct ax25_frame frame;              /* addresses of what is sent */
};

/* A packet as heard, from a frame or from a line. */
struct packet {
	const char *source, *destination, *path;
	char header[MESSAGE_PATH_MAX]; /* as a line; only where the information is third-party traffic */
	int used;
	const uint8_t *information;
	size_t information_size;
	double rssi_dbm, snr_db;
};

static bool parse_path(const char *text, struct ax25_frame *frame)
{
	while (*text) {
		size_t size = strcspn(text, ",");
		struct ax25_address *address = &frame->digipeaters[frame->digipeater_count];
		if (frame->digipeater_count == AX25_DIGIPEATERS_MAX || !ax25_address_parse(text, size, address) ||
		    address->used)
			return false;
		frame->digipeater_count++;
		text += size + (text[size] == ',');
	}
	return true;
}

static int refuse(const struct aprs *aprs, const char *key, const char *why)
{
	aprs->services->refuse(aprs->services->owner, key, why);
	return -EINVAL;
}

static int aprs_init(void *state, const struct services *services, const union driver_value *values)
{
	struct aprs *aprs = state;
	const char *callsign = values[KEY_CALLSIGN].text;
	struct ax25_address *source = &aprs->frame.source;
	aprs->services = services;
	ax25_address_parse(DESTINATION, strlen(DESTINATION), &aprs->frame.destination);
	if (callsign[0]) {
		if (!ax25_address_parse(callsign, strlen(callsign), source) || source->used)
			return refuse(aprs, "callsign",
				      "is no call sign: up to six letters and digits, then - and 0 to 15");
		ax25_address_format(source, aprs->callsign);
	}
	if (!parse_path(values[KEY_PATH].text, &aprs->frame))
		return refuse(aprs, "path",
			      "must be up to eight digipeaters joined by commas, such as WIDE1-1,WIDE2-1");
	return 0;
}

static bool is_own(const struct aprs *aprs, const char *source)
{
	return aprs->callsign[0] && strcmp(aprs->callsign, source) == 0;
}

static void drop(const struct aprs *aprs, const char *reason)
{
	aprs->services->drop(aprs->services->owner, reason);
}

/* Opens third-party traffic, one level deep: packet becomes what the inner header and information say, and the source
 * of the inner header is written to source. What cannot be opened keeps the type third-party and an error.
 *
 *   | } | source | > | destination | , path | : | information | */
static void open_third_party(const struct packet *heard, struct aprs_packet *packet, struct tnc2_packet *inner)
{
	const char *line = (const char *)heard->information + 1;
	if (tnc2_parse(line, heard->information_size - 1, inner) != TNC2_OK) {
		inner->source[0] = 0;
		packet->error = "invalid third-party header";
		return;
	}
	aprs_parse(inner->destination, inner->information, inner->information_size, packet);
	if (packet->type == APRS_THIRD_PARTY)
		packet->error = "third party inside third party";
}

static void fill_heard(const struct packet *heard, struct message *message)
{
	message->heard.rssi_dbm = heard->rssi_dbm;
	message->heard.snr_db = heard->snr_db;
	message->heard.hops = heard->used;
	snprintf(message->heard.path, sizeof(message->heard.path), "%s", heard->path);
}

static void report(const struct aprs *aprs, const struct packet *heard)
{
	struct aprs_packet packet;
	struct tnc2_packet inner;
	struct message message;
	const char *source = heard->source;
	int64_t wall_ms = aprs->services->wall_ms(aprs->services->owner);

	message_init(&message);
	aprs_parse(heard->destination, heard->information, heard->information_size, &packet);
	if (packet.type == APRS_THIRD_PARTY) {
		open_third_party(heard, &packet, &inner);
		source = inner.source[0] ? inner.source : source;
		memcpy(message.aprs.third_party, heard->header, sizeof(heard->header));
	}
	if (is_own(aprs, heard->source) || is_own(aprs, source)) {
		drop(aprs, "own_frame");
		return;
	}
	snprintf(message.station, sizeof(message.station), "%s", source);
	memcpy(message.callsign, message.station, sizeof(message.callsign));
	fill_heard(heard, &message);
	aprs_fill_message(&packet, heard->information, heard->information_size, wall_ms, &message);
	message.for_us = !message.aprs.third_party[0] && is_own(aprs, message.to);
	aprs_fill_id(heard->source, heard->destination, heard->information, heard->information_size, wall_ms, &message);
	aprs->services->heard_message(aprs->services->owner, &message);
}

static void aprs_input(void *state, const struct datagram *datagram)
{
	struct ax25_frame frame;
	char source[AX25_ADDRESS_TEXT_MAX], destination[AX25_ADDRESS_TEXT_MAX], path[AX25_PATH_TEXT_MAX];
	enum ax25_result result = ax25_decode(datagram->bytes, datagram->size, &frame);
	if (result != AX25_OK) {
		drop(state, ax25_result_name(result));
		return;
	}
	struct packet heard = {.source = source,
			       .destination = frame.destination.call,
			       .path = path,
			       .used = ax25_path_format(&frame, path),
			       .information = frame.information,
			       .information_size = frame.information_size,
			       .rssi_dbm = datagram->rssi_dbm,
			       .snr_db = datagram->snr_db};
	ax25_address_format(&frame.source, source);
	ax25_address_format(&frame.destination, destination);
	if (heard.information[0] == '}')
		snprintf(heard.header, sizeof(heard.header), "%s>%s%s%s", source, destination, path[0] ? "," : "",
			 path);
	report(state, &heard);
}

static void aprs_input_text(void *state, const char *line, size_t size)
{
	struct tnc2_packet packet;
	enum tnc2_result result = tnc2_parse(line, size, &packet);
	if (result != TNC2_OK) {
		drop(state, tnc2_result_name(result));
		return;
	}
	struct packet heard = {.source = packet.source,
			       .destination = packet.destination,
			       .path = packet.path,
			       .used = packet.used,
			       .information = packet.information,
			       .information_size = packet.information_size,
			       .rssi_dbm = NAN,
			       .snr_db = NAN};
	if (heard.information[0] == '}')
		snprintf(heard.header, sizeof(heard.header), "%.*s", (int)packet.header_size, line);
	report(state, &heard);
}

/* An alert for all is a bulletin, which stations show and keep. */
static const char *addressee(const struct message *message)
{
	return message->kind == KIND_ALERT && !message->to[0] ? "BLN0ALERT" : message->to;
}

static bool is_said(const struct message *message)
{
	return message->kind == KIND_TEXT || message->kind == KIND_ALERT;
}

/* Bytes of text, behind what stands in front of it. */
static size_t text_max(const struct message *message)
{
	size_t most = addressee(message)[0] ? APRS_MESSAGE_TEXT_MAX : APRS_STATUS_TEXT_MAX;
	return most - strlen(message_drill_mark(message)) - strlen(message_alert_mark(message));
}

static int compose_words(const struct message *message, uint8_t *information)
{
	char words[APRS_MESSAGE_TEXT_MAX + 1];
	const char *to = addressee(message);
	if (!message->text[0])
		return APRS_COMPOSE_INVALID;
	if (strlen(message->text) > text_max(message))
		return APRS_COMPOSE_TOO_LONG;
	int size = snprintf(words, sizeof(words), "%s%s%s", message_drill_mark(message), message_alert_mark(message),
			    message->text);
	if (size >= (int)sizeof(words))
		return APRS_COMPOSE_TOO_LONG;
	return to[0] ? aprs_compose_message(to, words, message->aprs.message_number, information)
		     : aprs_compose_status(words, information);
}

/* The information field that says this message. Returns its size or negative errno. */
static int compose(const struct message *message, uint8_t *information)
{
	int size;
	if (is_said(message))
		size = compose_words(message, information);
	else if (message->kind == KIND_ACK)
		size = aprs_compose_ack(message->to, message->ack.ref, message->ack.rejected, information);
	else
		return -EOPNOTSUPP;
	if (size == APRS_COMPOSE_TOO_LONG)
		return -EMSGSIZE;
	return size < 0 ? -EINVAL : size;
}

/* Bulletins are for everybody. */
static bool is_answered(const struct message *message)
{
	return is_said(message) && message->to[0] && message->aprs.message_number[0] &&
	       strncmp(message->to, "BLN", 3) != 0;
}

static ssize_t write_frame(const struct aprs *aprs, const struct message *message, uint8_t *bytes, size_t size)
{
	uint8_t information[APRS_COMPOSED_MAX];
	if (!aprs->callsign[0])
		return -EACCES;
	int information_size = compose(message, information);
	if (information_size < 0)
		return information_size;
	struct ax25_frame frame = aprs->frame;
	frame.information = information;
	frame.information_size = (size_t)information_size;
	size_t written = ax25_encode(&frame, bytes, size);
	return written ? (ssize_t)written : -EMSGSIZE;
}

static int aprs_plan(const void *state, const struct message *message, struct air_plan *plan)
{
	uint8_t bytes[AX25_FRAME_SEND_MAX];
	ssize_t size = write_frame(state, message, bytes, sizeof(bytes));
	*plan = (struct air_plan){0};
	if (is_said(message))
		plan->text_max = text_max(message);
	if (size < 0)
		return (int)size;
	plan->parts = 1;
	plan->sizes[0] = (size_t)size;
	plan->confirmable = is_answered(message);
	return 0;
}

static ssize_t aprs_output(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
			   size_t size)
{
	const struct aprs *aprs = state;
	if (utterance && is_answered(message)) {
		snprintf(utterance->ref, sizeof(utterance->ref), "%s", message->aprs.message_number);
		snprintf(utterance->from, sizeof(utterance->from), "%s", aprs->callsign);
	}
	return write_frame(aprs, message, bytes, size);
}

static const struct driver_key keys[KEY_COUNT] = {
    [KEY_CALLSIGN] = {.name = "callsign",
		      .type = KEY_TEXT,
		      .max = 9,
		      .fallback = "",
		      .help = "licensed call sign to transmit with, such as N0CALL-10; empty = receive only"},
    [KEY_PATH] = {.name = "path",
		  .type = KEY_TEXT,
		  .max = 79,
		  .fallback = "WIDE1-1",
		  .help = "digipeater path of what is transmitted, up to eight names joined by commas; empty = none"},
};

const struct air_ops air_aprs = {
    .name = "aprs",
    .help = "APRS over AX.25 UI frames: positions, Mic-E, objects, messages, status, telemetry, weather",
    .keys = keys,
    .key_count = KEY_COUNT,
    .state_size = sizeof(struct aprs),
    .mtu = AX25_FRAME_SEND_MAX,
    .init = aprs_init,
    .input = aprs_input,
    .input_text = aprs_input_text,
    .plan = aprs_plan,
    .output = aprs_output,
};

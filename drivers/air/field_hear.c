/* Field frames as they are heard: opened, judged, told once. Pieces of long messages: field_pieces.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/air/field_heard.h"
#include "drivers/air/field_message.h"
#include "drivers/codec/hash.h"

struct opener {
	const struct services *services;
	unsigned epochs_back;
};

static int cipher_open(void *user, struct field_crypt *crypt)
{
	const struct opener *opener = user;
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	return opener->services->open(opener->services->owner, &sealed, opener->epochs_back);
}

/* Opens the frame with the station's key of today, else with the one before. Returns 0, -ENOKEY (neither is there) or -EBADMSG. */
static int open_frame(const struct field *field, struct field_heard *heard)
{
	int worst = -ENOKEY;
	for (unsigned back = 0; back <= 1; back++) {
		struct opener opener = {field->services, back};
		int result = field_open(heard->frame, heard->size, &heard->header, cipher_open, &opener);
		if (result == 0) {
			heard->epochs_back = back;
			heard->authenticity = back ? AUTHENTICITY_SUSPECT : AUTHENTICITY_VERIFIED;
			return 0;
		}
		if (result != -ENOKEY)
			worst = -EBADMSG;
	}
	return worst;
}

/* Only what is verified bears the plain id: nobody may take it away from a message that is still to come. */
static void print_id(const struct field_heard *heard, char id[static MESSAGE_ID_MAX])
{
	const unsigned long counter = heard->header.counter;
	if (heard->authenticity == AUTHENTICITY_VERIFIED)
		snprintf(id, MESSAGE_ID_MAX, "f-%u-%lu", heard->header.station, counter);
	else
		snprintf(id, MESSAGE_ID_MAX, "f-%u-%lu-%08lx", heard->header.station, counter,
			 (unsigned long)(heard->hash & 0xffffffff));
}

static void fill_heard(const struct field_heard *heard, struct message *message)
{
	const struct field_header *header = &heard->header;
	message_init(message);
	message->kind = (enum message_kind)header->kind;
	message->data_type = header->station == FIELD_ALL ? "field-group" : "field";
	message->authenticity = heard->authenticity;
	message->status = (enum message_status)header->status;
	message->sensitivity = header->sensitivity;
	message->ack_wanted = header->ack_wanted;
	message->for_us = header->station != FIELD_ALL; /* members of a group share a key: nobody could be answered */
	message->sent_at_ms = header->time_s * INT64_C(1000);
	message->heard.rssi_dbm = heard->datagram->rssi_dbm;
	message->heard.snr_db = heard->datagram->snr_db;
	message->heard.hops = header->hops_taken;
	snprintf(message->heard.path, sizeof(message->heard.path), "%s", heard->path);
	snprintf(message->station, sizeof(message->station), "f-%u", header->station);
	print_id(heard, message->id);
}

static void pass_on(const struct field *field, const struct message *message)
{
	field->services->heard_message(field->services->owner, message);
}

/* A valid frame of no known kind, as it was heard. */
static void hear_unknown(const struct field *field, const struct field_heard *heard)
{
	struct message message;
	fill_heard(heard, &message);
	message.kind = KIND_RAW;
	message.raw_size = heard->size;
	memcpy(message.raw, heard->datagram->bytes + heard->datagram->size - heard->size, heard->size);
	pass_on(field, &message);
}

/* A distress is raised with what its header says, even if nothing else can be read. */
void field_hear_body(const struct field *field, const struct field_heard *heard, const uint8_t *body, size_t size,
		     bool readable)
{
	struct message message;
	const int64_t now_ms = field->services->wall_ms(field->services->owner);
	fill_heard(heard, &message);
	readable = readable && field_fill_body(&heard->header, body, size, now_ms, &message);
	if (readable || message.kind == KIND_DISTRESS)
		pass_on(field, &message);
	else
		field_drop(field, "field_bad_length");
}

const uint8_t *field_body_of(const struct field_heard *heard, size_t *size)
{
	size_t header_size = field_header_size(&heard->header);
	*size = heard->size - header_size - FIELD_TAG_SIZE;
	return heard->frame + header_size;
}

/* Not authentic. Whether somebody needs help is not for a checksum to decide, as long as it is not noise. */
static void hear_unauthentic(const struct field *field, struct field_heard *heard, const char *reason)
{
	if (!field_looks_like_distress(&heard->header, heard->size)) {
		field_drop(field, reason);
		return;
	}
	size_t size;
	const uint8_t *body = field_body_of(heard, &size);
	heard->authenticity = AUTHENTICITY_UNVERIFIED;
	field_hear_body(field, heard, body, size, !heard->header.encrypted);
}

static bool was_raised(struct field *field, uint64_t hash)
{
	for (size_t i = 0; i < FIELD_STALE_MAX; i++)
		if (field->stale[i] == hash)
			return true;
	field->stale[field->stale_next++ % FIELD_STALE_MAX] = hash;
	return false;
}

/* Whoever still waits for an acknowledgement sends again. Only who can open it is worth one. */
static void note_again(const struct field *field, const struct field_heard *heard)
{
	char id[MESSAGE_ID_MAX];
	if (!heard->header.ack_wanted || heard->header.station == FIELD_ALL || heard->epochs_back)
		return;
	print_id(heard, id);
	field->services->heard_again(field->services->owner, id);
}

/* Whether an authentic frame is news. What is not is counted, but a distress older than the window is raised once: a handset may have
 * lost its counter. Members of a group share a key and not a counter, so that among them an equal one proves nothing. */
static bool is_news(struct field *field, struct field_heard *heard)
{
	const struct field_header *header = &heard->header;
	const bool group = header->station == FIELD_ALL;
	int taken = field->services->take_counter(field->services->owner, header->station, heard->epochs_back,
						  header->counter);
	if (taken == 0)
		return true;
	if (header->kind == FIELD_DISTRESS && (taken != -EEXIST || group)) {
		if (heard->authenticity == AUTHENTICITY_VERIFIED)
			heard->authenticity = AUTHENTICITY_STALE;
		if (!was_raised(field, heard->hash))
			return true;
		taken = -EEXIST;
	}
	field_drop(field, taken == -EEXIST ? "field_replay" : "field_old");
	if (taken == -EEXIST)
		note_again(field, heard);
	return false;
}

static void take_fragment(struct field *field, const struct field_heard *heard)
{
	const struct field_header *header = &heard->header;
	int taken = field->services->take_counter(field->services->owner, header->station, heard->epochs_back,
						  header->counter);
	if (taken == 0 || taken == -EEXIST)
		field_hear_piece(field, heard, taken == -EEXIST);
	else
		field_drop(field, "field_old");
}

static void hear_authentic(struct field *field, struct field_heard *heard)
{
	const struct field_header *header = &heard->header;
	size_t size;
	const uint8_t *body = field_body_of(heard, &size);
	if (header->station == FIELD_ALL)
		heard->authenticity = AUTHENTICITY_SUSPECT; /* somebody of the group, nobody knows who */
	if (header->fragment && !field_is_never_fragmented(header->kind)) {
		take_fragment(field, heard);
		return;
	}
	if (!is_news(field, heard))
		return;
	if (header->fragment && header->kind != FIELD_DISTRESS)
		field_drop(field, "field_bad_fragment");
	else if (header->kind >= FIELD_DISTRESS && header->kind <= FIELD_MOVEMENT)
		field_hear_body(field, heard, body, size, !header->fragment);
	else
		hear_unknown(field, heard);
}

static uint64_t hash_of(const uint8_t *frame, size_t size)
{
	static const uint8_t no_hops;
	uint64_t hash = fnv1a64(FNV1A64_START, frame, 2);
	hash = fnv1a64(hash, &no_hops, 1);
	return fnv1a64(hash, frame + 3, size - 3);
}

static void hear_frame(struct field *field, const uint8_t *frame, size_t size, const struct datagram *datagram,
		       const char *path)
{
	struct field_heard heard = {.datagram = datagram, .path = path, .size = size};
	enum field_result result = field_header_decode(frame, size, &heard.header);
	if (result != FIELD_OK) {
		field_drop(field, field_result_name(result));
		return;
	}
	if (heard.header.down) {
		field_drop(field, field->sends && heard.header.from == field->station ? "own_frame" : "field_down");
		return;
	}
	memcpy(heard.frame, frame, size);
	heard.hash = hash_of(frame, size);
	int opened = open_frame(field, &heard);
	if (opened == 0)
		hear_authentic(field, &heard);
	else
		hear_unauthentic(field, &heard, opened == -ENOKEY ? "field_no_key" : "field_bad_tag");
}

static void hear_ax25(struct field *field, const struct datagram *datagram)
{
	struct ax25_frame carriage;
	char path[AX25_PATH_TEXT_MAX];
	enum ax25_result result = ax25_decode(datagram->bytes, datagram->size, &carriage);
	if (result != AX25_OK) {
		field_drop(field, ax25_result_name(result));
		return;
	}
	if (strcmp(carriage.destination.call, FIELD_DESTINATION) != 0) {
		field_drop(field, "field_other_destination");
		return;
	}
	ax25_path_format(&carriage, path);
	hear_frame(field, carriage.information, carriage.information_size, datagram, path);
}

void field_hear(struct field *field, const struct datagram *datagram)
{
	if (field->ax25)
		hear_ax25(field, datagram);
	else
		hear_frame(field, datagram->bytes, datagram->size, datagram, "");
}

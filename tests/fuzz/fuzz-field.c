/* Any bytes as a field frame, as it is and sealed as a station would, alone and inside AX.25: whatever is told keeps the promises of
 * the data model, and what is not authentic is a distress or nothing. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/field.h"
#include "drivers/codec/field_bodies.h"
#include "drivers/codec/utf8.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct record record;

static void require(bool promise)
{
	if (!promise)
		abort();
}

static bool is_ended(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static void check_texts(const struct message *message)
{
	require(is_ended(message->station, sizeof(message->station)) && strncmp(message->station, "f-", 2) == 0);
	require(is_ended(message->id, sizeof(message->id)) && strncmp(message->id, "f-", 2) == 0);
	require(is_ended(message->to, sizeof(message->to)) && is_ended(message->text, sizeof(message->text)));
	require(is_ended(message->heard.path, sizeof(message->heard.path)));
	require(is_ended(message->ack.ref, sizeof(message->ack.ref)));
	require(utf8_is_valid(message->text, strlen(message->text)));
}

static void check_position(const struct message_position *position)
{
	if (!position->valid)
		return;
	require(position->lat_deg >= -90 && position->lat_deg <= 90);
	require(position->lon_deg >= -180 && position->lon_deg <= 180);
	require(!(position->fix_age_s < 0) && !(position->accuracy_m < 0));
	require(!(position->course_deg < 0) && !(position->course_deg >= 360));
}

static void check_told(const struct message *message)
{
	check_texts(message);
	check_position(&message->position);
	require(message->kind == message->body_kind || message->kind == KIND_DISTRESS || message->kind == KIND_RAW);
	require(message->kind != KIND_RAW || message->raw_size >= 21);
	require(message->authenticity != AUTHENTICITY_UNVERIFIED || message->kind == KIND_DISTRESS);
	require(message->authenticity != AUTHENTICITY_STALE || message->kind == KIND_DISTRESS);
	require(message->urgency <= URGENCY_PAST && message->severity <= SEVERITY_MINOR && message->sensitivity <= 3);
}

/* Which pieces of its message a station is told to have come. */
static void check_said(const struct message *message)
{
	require(message->kind == KIND_ACK && message->ack.level == 0 && !message->id[0]);
	require(message->ack.bitmap > 0 && message->ack.bitmap <= UINT8_MAX);
	require(strncmp(message->to, "f-", 2) == 0 && is_ended(message->to, sizeof(message->to)));
	require(strncmp(message->ack.ref, message->to, strlen(message->to)) == 0);
}

static void hear(struct driver_under_test *field, const uint8_t *bytes, size_t size)
{
	record_clear(&record);
	field->air->input(field->state,
			  &(struct datagram){.bytes = bytes, .size = size, .rssi_dbm = NAN, .snr_db = NAN});
	require(record.message_count <= 1 && record.drop_count <= 1 + 1);
	if (record.message_count)
		check_told(&record.message);
	require(record.said_back_count <= 1 && record.heard_again_count <= 1);
	require(record.message_count == 0 || record.heard_again_count == 0);
	if (record.said_back_count)
		check_said(&record.said_back);
}

/* A station that has a key and says what it likes. */
static void hear_sealed(struct driver_under_test *field, const uint8_t *bytes, size_t size)
{
	uint8_t frame[FIELD_FRAME_MAX];
	if (size > sizeof(frame) - FIELD_TAG_SIZE)
		return;
	memcpy(frame, bytes, size);
	if (field_seal(frame, size, record_seal, &record) == 0)
		hear(field, frame, size + FIELD_TAG_SIZE);
}

/* A sequence of sealed frames, each behind its length: what fragments are put together of. */
static void hear_several(struct driver_under_test *field, const uint8_t *bytes, size_t size)
{
	while (size > 1) {
		size_t length = bytes[0] < size ? bytes[0] : size - 1;
		hear_sealed(field, bytes + 1, length);
		bytes += 1 + length;
		size -= 1 + length;
	}
	record.now_us += 1000000;
	field->air->alarm(field->state);
}

/* A header that is taken can be written and says the same. */
static void try_header(const uint8_t *bytes, size_t size)
{
	struct field_header header, again;
	uint8_t frame[FIELD_FRAME_MAX];
	if (field_header_decode(bytes, size, &header) != FIELD_OK)
		return;
	memcpy(frame, bytes, size);
	size_t header_size = field_header_encode(&header, frame);
	require(header_size == field_header_size(&header) && memcmp(frame, bytes, header_size) == 0);
	require(field_header_decode(frame, size, &again) == FIELD_OK && again.counter == header.counter);
}

/* What was heard is said to somebody, if it can be. */
static void try_output(struct driver_under_test *field, struct message *message)
{
	uint8_t bytes[FIELD_FRAME_MAX + 16];
	ssize_t size = field->air->output(field->state, message, NULL, bytes, sizeof(bytes));
	require(size <= (ssize_t)sizeof(bytes));
	if (size > 0) {
		record_clear(&record);
		field->air->input(field->state, &(struct datagram){.bytes = bytes, .size = (size_t)size});
		require(record_drops(&record, "own_frame") == 1);
	}
}

/* Any text goes out as planned, or not at all; all its parts bear one number, kind and time. */
static void try_parts(struct driver_under_test *field, const uint8_t *bytes, size_t size)
{
	struct message message;
	struct air_plan plan;
	message_init(&message);
	message.kind = KIND_TEXT;
	snprintf(message.to, sizeof(message.to), "f-%u", 7u);
	memcpy(message.text, bytes, size < MESSAGE_TEXT_MAX ? size : MESSAGE_TEXT_MAX - 1);
	if (field->air->plan(field->state, &message, &plan) != 0)
		return;
	require(plan.parts >= 1 && plan.parts <= AIR_PARTS_MAX && strlen(message.text) <= plan.text_max);
	for (unsigned part = 0; part < plan.parts; part++) {
		struct air_utterance utterance = {.part = part, .id = 77};
		struct field_header header;
		uint8_t frame[FIELD_FRAME_MAX];
		ssize_t written = field->air->output(field->state, &message, &utterance, frame, sizeof(frame));
		require(written == (ssize_t)plan.sizes[part]);
		require(field_header_decode(frame, (size_t)written, &header) == FIELD_OK);
		require(header.kind == FIELD_TEXT && header.fragment == (plan.parts > 1) && header.down);
		require(field_open(frame, (size_t)written, &header, record_open, &record) == 0);
	}
}

static struct driver_under_test *start(const char *carriage)
{
	const struct driver_setting settings[] = {
	    {"station", "61000"}, {"carriage", carriage}, {"callsign", "N0CALL-10"}, {NULL, NULL}};
	struct driver_under_test *field = air_under_test("field", &record, settings);
	require(field->init_result == 0);
	return field;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct driver_under_test *plain, *ax25;
	if (!plain) {
		plain = start("plain");
		ax25 = start("ax25");
	}
	record.wall_ms = INT64_C(1795477207000);
	record.taken_count = 0;
	record.stale_below = 1000;
	record.keyless = 13;
	record.revoked = 258;
	try_header(bytes, size);
	hear(plain, bytes, size);
	hear(ax25, bytes, size);
	hear_sealed(plain, bytes, size);
	if (record.message_count) {
		struct message message = record.message;
		try_output(plain, &message);
	}
	hear_several(plain, bytes, size);
	try_parts(plain, bytes, size);
	return 0;
}

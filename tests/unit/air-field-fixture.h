/* What the tests of the air protocol `field` share: the driver, frames for it to hear, and what became of them. The seal is pretended
 * (tests/support/driver_services.h). Included by one file of a program. */
#pragma once

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/field.h"
#include "tests/support/driver_services.h"

#define WALL_MS INT64_C(1795477200000)
#define TIME_S  1795477207u

static struct record record, station; /* of the gateway, and of whoever it hears */
static struct driver_under_test *field;

static inline void start(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	memset(&station, 0, sizeof(station));
	record.wall_ms = WALL_MS;
	record.now_us = 1000000;
	driver_under_test_free(field);
	field = air_under_test("field", &record, settings);
	assert_int_equal(field->init_result, 0);
}

static inline int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(field);
	field = NULL;
	return 0;
}

static const struct driver_setting gateway_61000[] = {{"station", "61000"}, {NULL, NULL}};

/* ---- frames ---- */

struct frame {
	uint8_t bytes[FIELD_FRAME_MAX + 8];
	size_t size;
};

static inline struct frame seal(const struct field_header *header, const void *body, size_t size)
{
	struct frame frame = {.size = field_header_encode(header, frame.bytes)};
	memcpy(frame.bytes + frame.size, body, size);
	assert_int_equal(field_seal(frame.bytes, frame.size + size, record_seal, &station), 0);
	frame.size += size + FIELD_TAG_SIZE;
	return frame;
}

static inline struct field_header header_of(uint8_t kind, uint16_t from_station, uint32_t counter)
{
	return (struct field_header){.kind = kind,
				     .station = from_station,
				     .counter = counter,
				     .time_s = TIME_S,
				     .encrypted = true,
				     .hop_limit = 3};
}

static inline struct frame checkin(uint16_t from_station, uint32_t counter)
{
	struct field_header header = header_of(FIELD_CHECKIN, from_station, counter);
	return seal(&header, "\x01\xff\xff\x05\x40", 5);
}

static inline struct frame distress(uint16_t from_station, uint32_t counter)
{
	struct field_header header = header_of(FIELD_DISTRESS, from_station, counter);
	return seal(&header, "\x04\x03\x57", 3);
}

static inline void hear_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	record_clear(&record);
	field->air->input(field->state,
			  &(struct datagram){.bytes = copy, .size = size, .rssi_dbm = -97, .snr_db = 6.5});
	free(copy);
}

static inline void hear(const struct frame *frame)
{
	hear_bytes(frame->bytes, frame->size);
}

static inline void assert_dropped(const char *reason)
{
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 1);
	assert_string_equal(record.drops[0], reason);
}

static inline void assert_told(enum message_kind kind, enum message_authenticity authenticity)
{
	assert_int_equal(record.message_count, 1);
	assert_int_equal(record.drop_count, 0);
	assert_int_equal(record.message.kind, kind);
	assert_int_equal(record.message.authenticity, authenticity);
}

static inline void hear_and_drop(const struct frame *frame, const char *reason)
{
	hear(frame);
	assert_dropped(reason);
}

static inline void hear_and_tell(const struct frame *frame, enum message_kind kind,
				 enum message_authenticity authenticity)
{
	hear(frame);
	assert_told(kind, authenticity);
}

/* ---- pieces of a long text ---- */

enum { PIECE = 20 };

static inline struct frame piece(const struct field_header *like, uint32_t counter, uint16_t id, uint8_t index,
				 uint8_t total, const char *bytes, size_t size)
{
	uint8_t body[FIELD_BODY_MAX];
	struct field_header header = *like;
	struct field_fragment fragment = {
	    .id = id, .index = index, .total = total, .bytes = (const uint8_t *)bytes, .size = size};
	header.counter = counter;
	header.fragment = true;
	return seal(&header, body, field_fragment_encode(&fragment, body, sizeof(body)));
}

static const char whole_text[] = "\xff\xff\x01"
				 "the bridge is open for light vehicles only, come by the northern road";

static inline struct frame text_piece(uint16_t from_station, uint32_t counter, uint16_t id, uint8_t index)
{
	struct field_header header = header_of(FIELD_TEXT, from_station, 0);
	size_t size = sizeof(whole_text) - 1 - (size_t)index * PIECE;
	return piece(&header, counter, id, index, 4, whole_text + index * PIECE, size < PIECE ? size : PIECE);
}

static inline void hear_nothing_yet(const struct frame *frame)
{
	hear(frame);
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 0);
}

/* ---- what a gateway says ---- */

static inline struct message saying(enum message_kind kind, const char *to, const char *text)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	snprintf(message.to, sizeof(message.to), "%s", to);
	snprintf(message.text, sizeof(message.text), "%s", text);
	return message;
}

static inline ssize_t say(const struct message *message, struct frame *frame)
{
	record_clear(&record);
	ssize_t size = field->air->output(field->state, message, NULL, frame->bytes, sizeof(frame->bytes));
	frame->size = size > 0 ? (size_t)size : 0;
	return size;
}

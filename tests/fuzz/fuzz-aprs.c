/* Any bytes as a line of TNC2, as a datagram, and as an information field: whatever is heard keeps the promises of
 * the data model. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

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
	require(is_ended(message->station, sizeof(message->station)) && message->station[0]);
	require(is_ended(message->to, sizeof(message->to)) && is_ended(message->text, sizeof(message->text)));
	require(is_ended(message->heard.path, sizeof(message->heard.path)));
	require(is_ended(message->aprs.third_party, sizeof(message->aprs.third_party)));
	require(is_ended(message->aprs.name, sizeof(message->aprs.name)));
	require(is_ended(message->parse_error, sizeof(message->parse_error)));
	require(message->data_type != NULL && message->id[0] == 'a');
}

static void check_numbers(const struct message *message)
{
	require(message->number_count <= MESSAGE_NUMBERS_MAX);
	for (size_t i = 0; i < message->number_count; i++)
		require(message->numbers[i].name && !isinf(message->numbers[i].value));
}

static void check_position(const struct message_position *position)
{
	require(!isinf(position->alt_m) && !isinf(position->speed_kmh) && !isinf(position->course_deg));
	if (!position->valid)
		return;
	require(position->lat_deg >= -90 && position->lat_deg <= 90);
	require(position->lon_deg >= -180 && position->lon_deg <= 180);
	require(position->ambiguity <= 4);
}

static void check(const struct record *record)
{
	require(record->message_count + record->drop_count == 1);
	if (!record->message_count)
		return;
	const struct message *message = &record->message;
	check_texts(message);
	check_numbers(message);
	check_position(&message->position);
	require(message->kind != KIND_RAW || (message->hint == HINT_NONE && message->raw_size > 0));
	require(message->kind == KIND_RAW || message->parse_error[0] == 0);
}

static void try_information(struct driver_under_test *aprs, struct record *record, const uint8_t *bytes, size_t size)
{
	/* to 414W2V, which is an emergency if the rest is right */
	uint8_t frame[700] = {0x68, 0x62, 0x68, 0xae, 0x64, 0xac, 0xe0, 0x9c,
			      0x60, 0x86, 0x82, 0x98, 0x98, 0x6f, 0x03, 0xf0};
	if (size > sizeof(frame) - 16)
		return;
	memcpy(frame + 16, bytes, size);
	record_clear(record);
	aprs->air->input(aprs->state,
			 &(struct datagram){.bytes = frame, .size = 16 + size, .rssi_dbm = NAN, .snr_db = NAN});
	check(record);
}

/* What was heard as text is said again, if it can be. */
static void try_output(struct driver_under_test *aprs, const struct message *message)
{
	uint8_t bytes[400];
	ssize_t size = aprs->air->output(aprs->state, message, NULL, bytes, sizeof(bytes));
	require(size < (ssize_t)sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct record record;
	static struct driver_under_test *aprs;
	if (!aprs)
		aprs = air_under_test("aprs", &record,
				      (const struct driver_setting[]){{"callsign", "N0CALL-10"}, {NULL, NULL}});
	record.wall_ms = INT64_C(1795477207000);
	record_clear(&record);
	aprs->air->input_text(aprs->state, (const char *)bytes, size);
	check(&record);
	if (record.message_count)
		try_output(aprs, &record.message);
	record_clear(&record);
	aprs->air->input(aprs->state, &(struct datagram){.bytes = bytes, .size = size, .rssi_dbm = NAN, .snr_db = NAN});
	check(&record);
	try_information(aprs, &record, bytes, size);
	return 0;
}

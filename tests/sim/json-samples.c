/* Prints a line of every kind the gateway makes, with every member it can have: "<schema> <JSON>". For the check against the schemas. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json.h"

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static const struct json_context context = {
    .gateway = "base1", .radio = "vhf", .organisation = "unassigned", .clock = CLOCK_SOURCE_GPS};

static void print(const char *schema, char *json)
{
	if (!json)
		exit(1);
	printf("%s %s\n", schema, json);
	free(json);
}

static void fill_foreign(struct message *message)
{
	SET(message->aprs.name, "LEADER");
	message->aprs.has_alive = message->aprs.has_messaging = true;
	SET(message->aprs.symbol, "/>");
	SET(message->aprs.message_number, "42");
	SET(message->aprs.timestamp, "092345z");
	SET(message->aprs.condition, "en route");
	SET(message->aprs.antenna, "7220");
	SET(message->aprs.bits, "01000001");
	SET(message->aprs.software, "XRSW");
	SET(message->aprs.third_party, "N0CALL-1>APRS,WIDE1-1");
	message_add_number(message, "sequence", 7, 0);
	message_add_number(message, "analog_1", 1.5, 1);
	message_add_number(message, "analog_2", NAN, 0);
	message_add_number(message, "temperature_c", -3.9, 1);
}

static void fill(struct message *message, enum message_kind kind, enum message_class class)
{
	message_init(message);
	message->kind = kind;
	message->class = class;
	message->data_type = "position";
	SET(message->id, "a-0a1b2c3d4e5f6071-59666666");
	SET(message->alt_id, "a-0a1b2c3d4e5f6071-59666665");
	SET(message->station, "N0CALL-7");
	SET(message->callsign, "N0CALL-7");
	SET(message->to, "N0CALL-8");
	message->sent_at_ms = INT64_C(1790000000000);
	message->received_at_ms = INT64_C(1790000000123);
	message->heard = (struct message_heard){.rssi_dbm = -97.5, .snr_db = 6.25, .hops = 2};
	SET(message->heard.path, "DIGI1,WIDE1*");
	message->position = (struct message_position){true, 60.4751667, -25.0946667, 24.079, 96.304, 359.9, 12, 30, 2};
	SET(message->text, "13.8 V, caf\xc3\xa9 \xff\x01");
	SET(message->ack.ref, "17");
	fill_foreign(message);
	message->raw_size = 3;
	SET(message->parse_error, "invalid position");
}

static void print_messages(void)
{
	static const struct {
		enum message_kind kind;
		enum message_class class;
	} kinds[] = {{KIND_DISTRESS, CLASS_DISTRESS}, {KIND_ALERT, CLASS_SAFETY}, {KIND_ACK, CLASS_ROUTINE},
		     {KIND_POSITION, CLASS_BULK},     {KIND_TEXT, CLASS_ROUTINE}, {KIND_TELEMETRY, CLASS_BULK},
		     {KIND_RAW, CLASS_BULK}};
	size_t size;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct message message;
		fill(&message, kinds[i].kind, kinds[i].class);
		message.demoted = message.kind == KIND_ALERT;
		if (message.kind == KIND_DISTRESS) {
			SET(message.incident, message.id);
			message.incident_count = 1;
		}
		print(message_kind_name(message.kind), json_payload(&message, &context, &size));
		print(message_kind_name(message.kind), json_message(&message, &(struct json_context){0}, &size));
	}
	struct message message;
	fill(&message, KIND_ACK, CLASS_DISTRESS);
	message.ack.level = ACK_HQ_SEEN;
	SET(message.ack.operator_id, "desk-1");
	print("ack", json_payload(&message, &context, &size));
	message_init(&message);
	message.kind = KIND_POSITION;
	print("position", json_payload(&message, &context, &size));
}

static void print_records(void)
{
	struct incident incident = {.id = "f-17-4000",
				    .station = "f-17",
				    .radio = "vhf",
				    .authenticity = AUTHENTICITY_VERIFIED,
				    .level = ACK_RESPONDING,
				    .operator_id = "desk-1",
				    .count = 3,
				    .first_ms = 1,
				    .last_ms = INT64_C(1790000000123),
				    .position = {true, 1, 2, 3, 4, 5, 6, 7, 0},
				    .cancel_requested = true};
	size_t size;
	print("incident", json_incident(&incident, &context, &size));
	for (enum receipt_stage stage = RECEIPT_QUEUED; stage <= RECEIPT_CANCELLED; stage++) {
		struct receipt receipt = {"c-17",
					  stage,
					  stage == RECEIPT_FAILED ? "radio_down" : NULL,
					  stage == RECEIPT_SENT,
					  CLASS_ROUTINE,
					  STATUS_ACTUAL,
					  INT64_C(1790000000123)};
		print("receipt", json_receipt(&receipt, &context, &size));
	}
}

static void print_commands(void)
{
	struct message message;
	size_t size;
	message_init(&message);
	message.kind = KIND_TEXT;
	SET(message.id, "c-17");
	SET(message.to, "N0CALL-7");
	SET(message.text, "route 4 closed");
	SET(message.aprs.message_number, "42");
	print("command-send", json_outgoing(&message, "vhf", &size));
	message.kind = KIND_ACK;
	SET(message.ack.ref, "42");
	print("command-send", json_outgoing(&message, NULL, &size));
}

int main(void)
{
	print_messages();
	print_records();
	print_commands();
	return 0;
}

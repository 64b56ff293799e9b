/* Prints a line of every kind the gateway makes, with every member it can have: "<schema> <JSON>". For the check against the schemas. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/message_body.h"
#include "gateway/classify.h"
#include "gateway/command.h"
#include "gateway/json.h"
#include "gateway/json_neighbour.h"

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

/* A member with a value that is given: the largest there is, or all bits. */
static void fill_member(struct message *message, const struct body_member *member)
{
	switch (member->type) {
	case BODY_ID:
	case BODY_TEXT:
		snprintf(message_body_text(message, member), member->size, "f-17-4000");
		break;
	case BODY_NUMBER:
		message_body_set_number(message, member, 12.25);
		break;
	case BODY_BITS:
		message_body_set(message, member, (1 << member->names->count) - 1);
		break;
	case BODY_INTEGER:
		message_body_set(message, member, member->most);
		break;
	case BODY_TIME:
		message_body_set(message, member, INT64_C(1790003600000));
		break;
	default:
		message_body_set(message, member, 1);
	}
}

/* A message of the field network without what is only known of others. */
static struct message native(enum message_kind kind, bool full)
{
	struct message message;
	message_init(&message);
	message.kind = message.body_kind = kind;
	message_body_init(kind, &message.body);
	SET(message.id, "f-17-4000");
	SET(message.station, "f-17");
	message.received_at_ms = INT64_C(1790000000123);
	message.authenticity = AUTHENTICITY_VERIFIED;
	message.ack.level = kind == KIND_ACK ? ACK_BASE_SEEN : 0;
	SET(message.ack.ref, kind == KIND_ACK ? "f-17-3999" : "");
	const struct body_table table = message_body_table(kind), common = message_body_common();
	for (size_t i = 0; full && i < table.count; i++)
		fill_member(&message, &table.members[i]);
	for (size_t i = 0; full && i < common.count; i++)
		fill_member(&message, &common.members[i]);
	message.class = classify_class(&message);
	return message;
}

static void print_native(const struct message *message)
{
	size_t size;
	print(message_kind_name(message->kind), json_payload(message, &context, &size));
}

/* Every name that a member can have, and 255, which has none. */
static void print_names(enum message_kind kind, const struct body_member *member)
{
	for (int64_t number = 0; member->type == BODY_NAME && number <= 255; number++) {
		struct message message = native(kind, false);
		if (number != 255 && ((size_t)number >= member->names->count || !member->names->names[number]))
			continue;
		message_body_set(&message, member, number);
		message.class = classify_class(&message);
		print_native(&message);
	}
}

static void print_field(void)
{
	struct classify *classify = classify_new(NULL);
	for (enum message_kind kind = KIND_DISTRESS; kind <= KIND_MOVEMENT; kind++) {
		const struct body_table table = message_body_table(kind);
		struct message least = native(kind, false), most = native(kind, true);
		classify_message(classify, &least, "lora", 0);
		print_native(&least);
		print_native(&most);
		for (size_t i = 0; i < table.count; i++)
			print_names(kind, &table.members[i]);
	}
	classify_free(classify);
}

static void print_raised(void)
{
	struct message message = native(KIND_TEXT, true);
	message.kind = KIND_ALERT;
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.class = CLASS_URGENT;
	print_native(&message);
	message = native(KIND_CHECKIN, false);
	message.body.checkin.state = CHECKIN_DURESS;
	message.class = CLASS_DISTRESS;
	SET(message.incident, message.id);
	message.incident_count = 1;
	print_native(&message);
	message = native(KIND_REQUEST, false);
	message.body.request.type = REQUEST_MILITARY_ASSET;
	message.body.request.missing = message_request_missing(&message.body.request);
	message.class = CLASS_ROUTINE;
	print_native(&message);
	message = native(KIND_ALERT, true);
	size_t size;
	print("alert",
	      json_logistics(&message, CLASS_SAFETY, "l-0123456789abcdef", "l-fedcba9876543210", &context, &size));
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
	incident.covert = true;
	print("incident", json_incident(&incident, &context, &size));
	for (enum receipt_stage stage = RECEIPT_QUEUED; stage <= RECEIPT_CANCELLED; stage++) {
		struct receipt receipt = {"c-17",
					  stage,
					  stage == RECEIPT_FAILED ? "radio_down" : NULL,
					  stage == RECEIPT_SENT,
					  CLASS_ROUTINE,
					  STATUS_ACTUAL,
					  INT64_C(1790000000123)};
		receipt.limit = stage == RECEIPT_FAILED ? 67 : 0;
		receipt.text = stage == RECEIPT_FAILED ? "member \"to\" is missing" : NULL;
		receipt.in_memory = stage == RECEIPT_QUEUED;
		print("receipt", json_receipt(&receipt, &context, &size));
		receipt.command = "k-18c6f0a2b71-2";
		receipt.ref = "f-17-4001";
		print("receipt", json_receipt(&receipt, &context, &size));
	}
	struct receipt delayed = {.command = "c-17",
				  .class = CLASS_URGENT,
				  .at_ms = INT64_C(1790000000123),
				  .go_at_ms = INT64_C(1790000123456)};
	print("receipt", json_receipt(&delayed, &context, &size));
	struct receipt list = {.command = "c-18", .stage = RECEIPT_CONFIRMED, .class = CLASS_ROUTINE, .more = true};
	list.waiting =
	    "[{\"command\":\"c-17\",\"kind\":\"text\",\"class\":\"ROUTINE\",\"radio\":\"vhf\",\"to\":\"f-17\","
	    "\"since\":\"2026-09-21T14:13:20.123Z\",\"stage\":\"waiting\",\"why\":\"turn\"}]";
	print("receipt", json_receipt(&list, &context, &size));
}

static void print_between_gateways(void)
{
	struct json_context other = {.gateway = "base1", .radio = GATEWAY_OUTLET "base2", .clock = CLOCK_SOURCE_NTP};
	struct receipt receipt = {.command = "c-17", .stage = RECEIPT_CONFIRMED, .class = CLASS_ROUTINE, .at_ms = 1};
	struct reach_report report = {.gateway = "base1",
				      .station = "f-17",
				      .radio = "vhf",
				      .heard = {.rssi_dbm = -97.5, .snr_db = 6.25, .hops = 1},
				      .at_ms = INT64_C(1790000000123)};
	size_t size;
	print("receipt", json_receipt(&receipt, &other, &size));
	print("reach", json_reach(&report, &size));
	report.heard = (struct message_heard){.rssi_dbm = NAN, .snr_db = NAN, .hops = -1};
	print("reach", json_reach(&report, &size));
}

/* A command as it comes over MQTT. */
static void print_given(const char *schema, const char *topic, const char *json)
{
	static struct given_command given;
	struct command_fault fault;
	if (command_read(topic, json, strlen(json), &given, &fault) < 0) {
		fprintf(stderr, "%s: %s: %s\n", json, fault.code, fault.text);
		exit(1);
	}
	printf("%s %s\n", schema, json);
}

static void print_given_commands(void)
{
	print_given("command-cancel", "sec/cancel", "{\"id\":\"c-5\",\"ref\":\"c-4\"}");
	print_given("command-cancel", "sec/cancel",
		    "{\"id\":\"c-5\",\"kind\":\"cancel\",\"ref\":\"c-4\",\"expires_at\":\"2026-09-21T14:13:20Z\"}");
	print_given("command-list", "sec/list", "{\"id\":\"c-6\"}");
	print_given("command-list", "sec/list", "{\"id\":\"c-6\",\"kind\":\"list\"}");
	print_given("command-send", "sec/ack",
		    "{\"id\":\"c-7\",\"ref\":\"f-17-4\",\"body\":{\"level\":\"HQ_RECEIVED\"}}");
	print_given("command-send", "org/example-org/text",
		    "{\"id\":\"c-8\",\"to\":\"f-17\",\"text\":\"x\",\"expires_at\":\"2026-09-21T14:13:20.500Z\"}");
	print_given("command-send", "sec/alert",
		    "{\"id\":\"c-9\",\"text\":\"x\",\"body\":{\"urgency\":\"Past\",\"severity\":\"Minor\"}}");
	print_given("command-send", "sec/rollcall",
		    "{\"id\":\"c-10\",\"body\":{\"id\":7,\"type\":\"routine\",\"window_min\":10}}");
}

static void print_command(const char *json)
{
	struct message message;
	char radio[MESSAGE_NAME_MAX], error[128];
	size_t size;
	if (json_parse_outgoing(json, strlen(json), &message, radio, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s: %s\n", json, error);
		exit(1);
	}
	printf("command-send %s\n", json);
	print("command-send", json_outgoing(&message, radio, &size));
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
	print_command(
	    "{\"id\":\"c-1\",\"kind\":\"text\",\"text\":\"x\",\"body\":{\"language\":\"fr\",\"ack_wanted\":true}}");
	print_command(
	    "{\"id\":\"c-2\",\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-4000\",\"body\":{\"level\":\"RESPONDING\","
	    "\"eta_min\":40,\"operator\":\"desk-1\"}}");
	print_command(
	    "{\"id\":\"c-3\",\"kind\":\"alert\",\"status\":\"Exercise\",\"text\":\"x\",\"position\":{\"lat\":4.1,"
	    "\"lon\":18.5},"
	    "\"body\":{\"msg_type\":\"Update\",\"ref\":\"c-0\",\"urgency\":\"Immediate\",\"severity\":\"Severe\","
	    "\"certainty\":\"Likely\",\"category\":\"Transport\",\"event\":\"ROAD_CLOSED\",\"response\":\"Avoid\","
	    "\"radius_m\":1500,\"expires_at\":\"2026-09-21T14:13:20Z\",\"persons\":2,\"sensitivity\":\"partners\"}}");
	print_command(
	    "{\"id\":\"c-4\",\"kind\":\"rollcall\",\"body\":{\"id\":513,\"type\":\"major incident\",\"window_min\":30,"
	    "\"slot_s\":20,\"group\":4}}");
}

int main(void)
{
	print_messages();
	print_field();
	print_raised();
	print_records();
	print_commands();
	print_between_gateways();
	print_given_commands();
	return 0;
}

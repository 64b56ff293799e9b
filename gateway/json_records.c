/* What the gateway itself says: incidents and receipts as JSON objects. */
#include <stdio.h>

#include "gateway/json.h"
#include "gateway/json_writer.h"
#include "gateway/json_parts.h"

static const char *gateway_name(const struct json_context *context)
{
	return context->gateway ? context->gateway : "";
}

char *json_incident_id(const struct incident *incident, const struct json_context *context,
		       char id[static JSON_RECORD_ID_MAX])
{
	snprintf(id, JSON_RECORD_ID_MAX, "i-%.32s-%.79s-%u-%u%s", gateway_name(context), incident->id,
		 (unsigned)incident->count, (unsigned)incident->level, incident->cancel_requested ? "-c" : "");
	return id;
}

static void put_incident_body(struct writer *writer, const struct incident *incident)
{
	size_t mark = writer_open(writer, "body");
	WRITER_TEXT(writer, "incident", incident->id);
	writer_integer(writer, "incident_count", incident->count);
	writer_time(writer, "first_at", incident->first_ms);
	writer_time(writer, "last_at", incident->last_ms);
	writer_text(writer, "level", message_ack_level_name(incident->level), SIZE_MAX);
	WRITER_TEXT(writer, "operator", incident->operator_id);
	writer_flag(writer, "cancel_requested", incident->cancel_requested);
	writer_close(writer, mark);
}

char *json_incident(const struct incident *incident, const struct json_context *context, size_t *size)
{
	char id[JSON_RECORD_ID_MAX];
	struct writer writer = writer_new();
	writer_text(&writer, "id", json_incident_id(incident, context, id), sizeof(id));
	writer_text(&writer, "kind", message_kind_name(KIND_INCIDENT), SIZE_MAX);
	writer_text(&writer, "class", message_class_name(CLASS_DISTRESS), SIZE_MAX);
	writer_text(&writer, "status", message_status_name(incident->status), SIZE_MAX);
	WRITER_TEXT(&writer, "station", incident->station);
	json_put_gateway(&writer, context, incident->radio);
	json_put_times(&writer, context, 0, incident->last_ms);
	writer_text(&writer, "authenticity", message_authenticity_name(incident->authenticity), SIZE_MAX);
	json_put_position(&writer, &incident->position);
	put_incident_body(&writer, incident);
	return writer_finish(&writer, size);
}

const char *receipt_stage_name(enum receipt_stage stage)
{
	static const char *const names[] = {"queued", "on_air", "confirmed", "sent", "failed", "expired", "cancelled"};
	return (size_t)stage < sizeof(names) / sizeof(*names) ? names[stage] : "failed";
}

char *json_receipt_id(const struct receipt *receipt, const struct json_context *context,
		      char id[static JSON_RECORD_ID_MAX])
{
	snprintf(id, JSON_RECORD_ID_MAX, "r-%.32s-%.79s-%s", gateway_name(context), receipt->command,
		 receipt_stage_name(receipt->stage));
	return id;
}

static void put_receipt_body(struct writer *writer, const struct receipt *receipt)
{
	size_t mark = writer_open(writer, "body");
	writer_text(writer, "command", receipt->command, MESSAGE_ID_MAX);
	writer_text(writer, "stage", receipt_stage_name(receipt->stage), SIZE_MAX);
	writer_text(writer, "code", receipt->code, MESSAGE_NAME_MAX);
	if (receipt->assumed)
		writer_flag(writer, "assumed", true);
	writer_flag(writer, "final", receipt->stage >= RECEIPT_CONFIRMED);
	writer_close(writer, mark);
}

char *json_receipt(const struct receipt *receipt, const struct json_context *context, size_t *size)
{
	char id[JSON_RECORD_ID_MAX];
	struct writer writer = writer_new();
	writer_text(&writer, "id", json_receipt_id(receipt, context, id), sizeof(id));
	writer_text(&writer, "kind", message_kind_name(KIND_RECEIPT), SIZE_MAX);
	writer_text(&writer, "class", message_class_name(receipt->class), SIZE_MAX);
	writer_text(&writer, "status", message_status_name(receipt->status), SIZE_MAX);
	json_put_gateway(&writer, context, context->radio);
	json_put_times(&writer, context, 0, receipt->at_ms);
	put_receipt_body(&writer, receipt);
	return writer_finish(&writer, size);
}

/* What the gateway itself says: incidents and receipts as JSON objects. */
#include <stdio.h>
#include <string.h>

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
	if (incident->covert)
		writer_flag(writer, "duress", true);
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

/* About a kilometre: enough to know the road. Always snapped to the same grid, so that no average comes nearer. */
static void put_coarse_position(struct writer *writer, const struct message_position *position)
{
	if (!position->valid)
		return;
	size_t mark = writer_open(writer, "position");
	writer_number(writer, "lat", position->lat_deg, 2);
	writer_number(writer, "lon", position->lon_deg, 2);
	writer_close(writer, mark);
}

/* Who told, how many are there and what they wrote is not logistics' business. */
static void put_logistics_body(struct writer *writer, const struct message *message, const char *ref)
{
	static const char *const shared[] = {"msg_type", "urgency",  "severity", "certainty", "category",
					     "event",    "response", "radius_m", "expires_at"};
	const struct body_table table = message_body_table(KIND_ALERT);
	size_t mark = writer_open(writer, "body");
	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		for (size_t j = 0; j < table.count; j++)
			if (strcmp(table.members[j].name, shared[i]) == 0)
				json_put_member(writer, message, &table.members[j]);
	writer_text(writer, "ref", ref, MESSAGE_ID_MAX);
	writer_close(writer, mark);
}

char *json_logistics(const struct message *message, enum message_class class, const char *id, const char *ref,
		     const struct json_context *context, size_t *size)
{
	struct writer writer = writer_new();
	writer_text(&writer, "id", id, MESSAGE_ID_MAX);
	writer_text(&writer, "kind", message_kind_name(KIND_ALERT), SIZE_MAX);
	writer_text(&writer, "class", message_class_name(class), SIZE_MAX);
	writer_text(&writer, "status", message_status_name(message->status), SIZE_MAX);
	json_put_gateway(&writer, context, NULL);
	json_put_times(&writer, context, message->sent_at_ms, message->received_at_ms);
	writer_text(&writer, "authenticity", message_authenticity_name(message->authenticity), SIZE_MAX);
	put_coarse_position(&writer, &message->position);
	put_logistics_body(&writer, message, ref);
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
	if (strcmp(receipt->command, RECEIPT_UNREADABLE) == 0)
		snprintf(id, JSON_RECORD_ID_MAX, "r-%.32s-%s-%lld", gateway_name(context), receipt->command,
			 (long long)receipt->at_ms);
	else
		snprintf(id, JSON_RECORD_ID_MAX, "r-%.32s-%.79s-%s%s", gateway_name(context), receipt->command,
			 receipt_stage_name(receipt->stage), receipt->go_at_ms ? "-delayed" : "");
	return id;
}

/* The gateway that delivered for this one, NULL = one of its own radios did. */
static const char *via(const struct json_context *context)
{
	size_t size = sizeof(GATEWAY_OUTLET) - 1;
	return context->radio && strncmp(context->radio, GATEWAY_OUTLET, size) == 0 ? context->radio + size : NULL;
}

static void put_receipt_body(struct writer *writer, const struct receipt *receipt, const char *neighbour)
{
	size_t mark = writer_open(writer, "body");
	writer_text(writer, "command", receipt->command, MESSAGE_ID_MAX);
	writer_text(writer, "ref", receipt->ref, MESSAGE_ID_MAX);
	writer_text(writer, "stage", receipt_stage_name(receipt->stage), SIZE_MAX);
	writer_text(writer, "code", receipt->code, MESSAGE_NAME_MAX);
	writer_text(writer, "text", receipt->text, SIZE_MAX);
	if (receipt->limit)
		writer_integer(writer, "limit", receipt->limit);
	if (receipt->assumed)
		writer_flag(writer, "assumed", true);
	if (receipt->go_at_ms)
		writer_time(writer, "go_at", receipt->go_at_ms);
	writer_text(writer, "via", neighbour, MESSAGE_NAME_MAX);
	if (receipt->in_memory)
		writer_flag(writer, "stored", false);
	if (receipt->waiting)
		writer_json(writer, "waiting", receipt->waiting);
	if (receipt->more)
		writer_flag(writer, "more", true);
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
	json_put_gateway(&writer, context, via(context) ? NULL : context->radio);
	json_put_times(&writer, context, 0, receipt->at_ms);
	put_receipt_body(&writer, receipt, via(context));
	return writer_finish(&writer, size);
}

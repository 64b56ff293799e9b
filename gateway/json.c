/* Messages as JSON objects: the members that all kinds have; bodies are json_body.c. */
#include "gateway/json.h"

#include <math.h>
#include <string.h>

#include "gateway/json_writer.h"
#include "gateway/json_parts.h"

void json_put_heard(struct writer *writer, const struct message_heard *heard)
{
	size_t mark = writer_open(writer, "heard");
	writer_number(writer, "rssi_dbm", heard->rssi_dbm, 1);
	writer_number(writer, "snr_db", heard->snr_db, 2);
	if (heard->hops >= 0)
		writer_integer(writer, "hops", heard->hops);
	WRITER_TEXT(writer, "path", heard->path);
	writer_close(writer, mark);
}

void json_put_position(struct writer *writer, const struct message_position *position)
{
	if (!position->valid)
		return;
	size_t mark = writer_open(writer, "position");
	writer_number(writer, "lat", position->lat_deg, 7);
	writer_number(writer, "lon", position->lon_deg, 7);
	writer_number(writer, "alt_m", position->alt_m, 3);
	writer_number(writer, "speed_kmh", position->speed_kmh, 3);
	writer_number(writer, "course_deg", position->course_deg, 1);
	writer_number(writer, "accuracy_m", position->accuracy_m, 1);
	writer_number(writer, "fix_age_s", position->fix_age_s, 1);
	if (position->ambiguity > 0)
		writer_integer(writer, "ambiguity", position->ambiguity);
	writer_close(writer, mark);
}

/* An id with an alt_id holds the time it was heard, which only a gateway knows. */
static void put_ids(struct writer *writer, const struct message *message, const struct json_context *context)
{
	if (!context->gateway && message->alt_id[0])
		return;
	WRITER_TEXT(writer, "id", message->id);
	WRITER_TEXT(writer, "alt_id", message->alt_id);
}

void json_put_gateway(struct writer *writer, const struct json_context *context, const char *radio)
{
	if (!context->gateway)
		return;
	writer_text(writer, "gateway", context->gateway, SIZE_MAX);
	writer_text(writer, "radio", radio, SIZE_MAX);
}

void json_put_times(struct writer *writer, const struct json_context *context, int64_t sent_at_ms,
		    int64_t received_at_ms)
{
	writer_time(writer, "sent_at", sent_at_ms);
	if (!context->gateway)
		return;
	writer_time(writer, "received_at", received_at_ms);
	writer_text(writer, "clock", message_clock_name(context->clock), SIZE_MAX);
}

static void put_message(struct writer *writer, const struct message *message, const struct json_context *context)
{
	put_ids(writer, message, context);
	writer_text(writer, "kind", message_kind_name(message->kind), SIZE_MAX);
	writer_text(writer, "class", message_class_name(message->class), SIZE_MAX);
	writer_text(writer, "status", message_status_name(message->status), SIZE_MAX);
	WRITER_TEXT(writer, "station", message->station);
	WRITER_TEXT(writer, "callsign", message->callsign);
	json_put_gateway(writer, context, context->radio);
	json_put_times(writer, context, message->sent_at_ms, message->received_at_ms);
	writer_text(writer, "authenticity", message_authenticity_name(message->authenticity), SIZE_MAX);
	json_put_heard(writer, &message->heard);
	json_put_position(writer, &message->position);
	WRITER_TEXT(writer, "text", message->text);
	json_put_body(writer, message);
}

char *json_message(const struct message *message, const struct json_context *context, size_t *size)
{
	struct writer writer = writer_new();
	put_message(&writer, message, context);
	return writer_finish(&writer, size);
}

/* RFC 7946, 3.1.2: longitude first; a Feature without a place has the geometry null. */
static void put_geometry(struct writer *writer, const struct message_position *position)
{
	if (!position->valid || !isfinite(position->lat_deg) || !isfinite(position->lon_deg)) {
		writer_null(writer, "geometry");
		return;
	}
	size_t mark = writer_open(writer, "geometry");
	writer_text(writer, "type", "Point", SIZE_MAX);
	writer_open_array(writer, "coordinates");
	writer_element(writer, position->lon_deg, 7);
	writer_element(writer, position->lat_deg, 7);
	if (isfinite(position->alt_m))
		writer_element(writer, position->alt_m, 3);
	writer_close_array(writer);
	writer_close(writer, mark);
}

char *json_payload(const struct message *message, const struct json_context *context, size_t *size)
{
	if (message->kind != KIND_POSITION)
		return json_message(message, context, size);
	struct writer writer = writer_new();
	writer_text(&writer, "type", "Feature", SIZE_MAX);
	put_geometry(&writer, &message->position);
	size_t mark = writer_open(&writer, "properties");
	put_message(&writer, message, context);
	writer_close(&writer, mark);
	return writer_finish(&writer, size);
}

/* Messages as JSON objects: the common members, then a body for each kind. */
#include "gateway/json.h"

#include <math.h>
#include <string.h>

#include "gateway/json_writer.h"
#include "gateway/json_parts.h"

static char *digits(char *at, unsigned value, unsigned count)
{
	for (unsigned i = count; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

static unsigned leap_day(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 1 : 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month] + (month == 1 ? leap_day(year) : 0);
}

/* Days since 1970-01-01 to "YYYY-MM-DD". Counted by hand, since gmtime_r ends in 2038 where time_t has 32 bits. */
static char *date(char *at, unsigned days)
{
	unsigned year = 1970, month = 0;
	for (; days >= 365 + leap_day(year); year++)
		days -= 365 + leap_day(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	at = digits(at, year, 4);
	*at++ = '-';
	at = digits(at, month + 1, 2);
	*at++ = '-';
	return digits(at, days + 1, 2);
}

char *json_time(int64_t unix_ms, char buffer[static 32])
{
	const int64_t last_ms = INT64_C(
	    253402300799999); /* 9999-12-31T23:59:59.999Z: four digits of year are the format */
	const unsigned day_ms = 24 * 60 * 60 * 1000;
	if (unix_ms < 0)
		unix_ms = 0;
	if (unix_ms > last_ms)
		unix_ms = last_ms;
	unsigned ms = (unsigned)(unix_ms % day_ms);
	char *at = date(buffer, (unsigned)(unix_ms / day_ms));
	*at++ = 'T';
	at = digits(at, ms / (60 * 60 * 1000), 2);
	*at++ = ':';
	at = digits(at, ms / (60 * 1000) % 60, 2);
	*at++ = ':';
	at = digits(at, ms / 1000 % 60, 2);
	*at++ = '.';
	at = digits(at, ms % 1000, 3);
	*at++ = 'Z';
	*at = '\0';
	return buffer;
}

static void put_heard(struct writer *writer, const struct message_heard *heard)
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

static void put_distress(struct writer *writer, const struct message *message)
{
	writer_text(writer, "nature", "UNSPECIFIED", SIZE_MAX);
	WRITER_TEXT(writer, "incident", message->incident);
	if (message->incident_count > 0)
		writer_integer(writer, "incident_count", message->incident_count);
}

static void put_alert(struct writer *writer, const struct message *message)
{
	writer_text(writer, "urgency", message_urgency_name(message->urgency), SIZE_MAX);
	writer_text(writer, "severity", message_severity_name(message->severity), SIZE_MAX);
}

static void put_ack(struct writer *writer, const struct message *message)
{
	WRITER_TEXT(writer, "ref", message->ack.ref);
	if (message->ack.level)
		writer_text(writer, "level", message_ack_level_name(message->ack.level), SIZE_MAX);
	else
		writer_flag(writer, "accepted", !message->ack.rejected);
	WRITER_TEXT(writer, "operator", message->ack.operator_id);
}

/* What a foreign network says beside it: kept whatever the kind came to be, since a rule may make an alert out of an object. */
static void put_foreign(struct writer *writer, const struct message *message)
{
	writer_text(writer, "data_type", message->data_type, MESSAGE_NAME_MAX);
	WRITER_TEXT(writer, "to", message->to);
	WRITER_TEXT(writer, "name", message->aprs.name);
	if (message->aprs.has_alive)
		writer_flag(writer, "alive", message->aprs.alive);
	if (message->aprs.has_messaging)
		writer_flag(writer, "messaging", message->aprs.messaging);
	WRITER_TEXT(writer, "symbol", message->aprs.symbol);
	WRITER_TEXT(writer, "message_number", message->aprs.message_number);
	if (message->kind != KIND_ACK)
		WRITER_TEXT(writer, "ack_ref", message->ack.ref);
	WRITER_TEXT(writer, "timestamp", message->aprs.timestamp);
	WRITER_TEXT(writer, "condition", message->aprs.condition);
	WRITER_TEXT(writer, "antenna", message->aprs.antenna);
	WRITER_TEXT(writer, "bits", message->aprs.bits);
	WRITER_TEXT(writer, "software", message->aprs.software);
	WRITER_TEXT(writer, "third_party", message->aprs.third_party);
}

/* Whether name is stem, "_" and that number of one digit; "analog_3" is the third of "analog". */
static bool is_nth(const char *name, const char *stem, size_t stem_size, size_t nth)
{
	return nth <= 9 && strncmp(name, stem, stem_size) == 0 && name[stem_size] == '_' &&
	       name[stem_size + 1] == (char)('0' + nth) && name[stem_size + 2] == '\0';
}

/* A run "x_1", "x_2", ... becomes the array "x". Returns how many values it took. */
static size_t put_series(struct writer *writer, const struct message_number *numbers, size_t count, size_t stem_size)
{
	char stem[MESSAGE_NAME_MAX];
	memcpy(stem, numbers[0].name, stem_size);
	stem[stem_size] = '\0';
	size_t taken = 0;
	writer_open_array(writer, stem);
	for (; taken < count && is_nth(numbers[taken].name, stem, stem_size, taken + 1); taken++)
		writer_element(writer, numbers[taken].value, numbers[taken].decimals);
	writer_close_array(writer);
	return taken;
}

static void put_numbers(struct writer *writer, const struct message_number *numbers, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t size = strlen(numbers[i].name);
		if (size > 2 && size < MESSAGE_NAME_MAX && is_nth(numbers[i].name, numbers[i].name, size - 2, 1)) {
			i += put_series(writer, numbers + i, count - i, size - 2);
			continue;
		}
		writer_measured(writer, numbers[i].name, numbers[i].value, numbers[i].decimals);
		i++;
	}
}

static void put_raw(struct writer *writer, const struct message *message)
{
	static const char hex[] = "0123456789abcdef";
	char text[MESSAGE_RAW_MAX * 2 + 1];
	size_t size = message->raw_size < MESSAGE_RAW_MAX ? message->raw_size : MESSAGE_RAW_MAX;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = hex[message->raw[i] >> 4];
		text[2 * i + 1] = hex[message->raw[i] & 15];
	}
	text[2 * size] = '\0';
	if (size > 0)
		writer_text(writer, "raw_hex", text, SIZE_MAX);
	WRITER_TEXT(writer, "error", message->parse_error);
}

static void put_body(struct writer *writer, const struct message *message)
{
	size_t mark = writer_open(writer, "body");
	if (message->kind == KIND_DISTRESS)
		put_distress(writer, message);
	else if (message->kind == KIND_ALERT)
		put_alert(writer, message);
	else if (message->kind == KIND_ACK)
		put_ack(writer, message);
	put_foreign(writer, message);
	size_t count = message->number_count < MESSAGE_NUMBERS_MAX ? message->number_count : MESSAGE_NUMBERS_MAX;
	put_numbers(writer, message->numbers, count);
	put_raw(writer, message);
	if (message->demoted)
		writer_flag(writer, "demoted", true);
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
	put_heard(writer, &message->heard);
	json_put_position(writer, &message->position);
	WRITER_TEXT(writer, "text", message->text);
	put_body(writer, message);
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

/* What an APRS packet says, in the words of the data model. */
#include "drivers/air/aprs_message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/aprs_time.h"
#include "drivers/codec/hash.h"

enum { ID_BUCKET_MS = 30000 };

static enum message_kind kind_of(const struct aprs_packet *packet)
{
	if (packet->error)
		return KIND_RAW;
	switch (packet->type) {
	case APRS_POSITION:
	case APRS_MICE:
	case APRS_OBJECT:
	case APRS_ITEM:
		return KIND_POSITION;
	case APRS_MESSAGE:
	case APRS_BULLETIN:
	case APRS_ANNOUNCEMENT:
	case APRS_NWS:
	case APRS_STATUS:
		return KIND_TEXT;
	case APRS_MESSAGE_ACK:
	case APRS_MESSAGE_REJ:
		return KIND_ACK;
	case APRS_TELEMETRY:
	case APRS_WEATHER:
		return KIND_TELEMETRY;
	default:
		return KIND_RAW;
	}
}

/* size is that of the destination, with the final zero. */
static void copy_text(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);
	if (length >= size)
		length = size - 1;
	memcpy(out, text, length);
	out[length] = 0;
}

static void fill_position(const struct aprs_packet *packet, struct message *message)
{
	struct message_position *position = &message->position;
	position->alt_m = packet->altitude_m;
	position->speed_kmh = packet->speed_kmh;
	position->course_deg = packet->course_deg;
	if (!packet->has_position)
		return;
	position->valid = true;
	position->lat_deg = packet->lat_deg + 0.0; /* no minus in front of a zero */
	position->lon_deg = packet->lon_deg + 0.0;
	position->ambiguity = packet->ambiguity;
}

static void fill_telemetry(const struct aprs_telemetry *telemetry, struct message *message)
{
	static const char *const names[APRS_ANALOG_COUNT] = {"analog_1", "analog_2", "analog_3", "analog_4",
							     "analog_5"};
	if (!telemetry->present)
		return;
	message_add_number(message, "sequence", telemetry->sequence, 0);
	for (size_t i = 0; i < telemetry->analog_count; i++)
		message_add_number(message, names[i], telemetry->analog[i], telemetry->decimals[i]);
	copy_text(message->aprs.bits, sizeof(message->aprs.bits), telemetry->bits);
}

static void add_if_given(struct message *message, const char *name, double value, uint8_t decimals)
{
	if (!isnan(value))
		message_add_number(message, name, value, decimals);
}

static void fill_weather(const struct aprs_weather *weather, struct message *message)
{
	add_if_given(message, "wind_direction_deg", weather->wind_direction_deg, 0);
	add_if_given(message, "wind_speed_m_s", weather->wind_speed_m_s, 1);
	add_if_given(message, "wind_gust_m_s", weather->wind_gust_m_s, 1);
	add_if_given(message, "temperature_c", weather->temperature_c, 1);
	add_if_given(message, "humidity_percent", weather->humidity_percent, 0);
	add_if_given(message, "pressure_hpa", weather->pressure_hpa, 1);
	add_if_given(message, "rain_1h_mm", weather->rain_1h_mm, 1);
	add_if_given(message, "rain_24h_mm", weather->rain_24h_mm, 1);
	add_if_given(message, "rain_midnight_mm", weather->rain_midnight_mm, 1);
	add_if_given(message, "luminosity_w_m2", weather->luminosity_w_m2, 0);
	add_if_given(message, "snow_24h_mm", weather->snow_24h_mm, 1);
}

static void fill_details(const struct aprs_packet *packet, struct message *message)
{
	copy_text(message->to, sizeof(message->to), packet->addressee);
	copy_text(message->ack.ref, sizeof(message->ack.ref), packet->ack);
	message->ack.rejected = packet->type == APRS_MESSAGE_REJ;
	copy_text(message->aprs.name, sizeof(message->aprs.name), packet->name);
	message->aprs.has_alive = packet->has_alive;
	message->aprs.alive = packet->alive;
	copy_text(message->aprs.symbol, sizeof(message->aprs.symbol), packet->symbol);
	copy_text(message->aprs.message_number, sizeof(message->aprs.message_number), packet->number);
	copy_text(message->aprs.condition, sizeof(message->aprs.condition), packet->condition ? packet->condition : "");
	copy_text(message->aprs.antenna, sizeof(message->aprs.antenna), packet->antenna);
	copy_text(message->aprs.software, sizeof(message->aprs.software), packet->software);
	copy_text(message->text, sizeof(message->text), packet->text);
}

static void fill_raw(const char *error, const uint8_t *information, size_t size, struct message *message)
{
	message->raw_size = size < sizeof(message->raw) ? size : sizeof(message->raw);
	memcpy(message->raw, information, message->raw_size);
	copy_text(message->parse_error, sizeof(message->parse_error), error ? error : "");
}

void aprs_fill_message(const struct aprs_packet *packet, const uint8_t *information, size_t size, int64_t wall_ms,
		       struct message *message)
{
	message->kind = kind_of(packet);
	message->data_type = aprs_type_name(packet->type);
	message->aprs.has_messaging = packet->has_messaging;
	message->aprs.messaging = packet->messaging;
	copy_text(message->aprs.timestamp, sizeof(message->aprs.timestamp), packet->timestamp);
	message->sent_at_ms = packet->timestamp[0] ? aprs_time_resolve(packet->timestamp, wall_ms) : 0;
	if (message->kind == KIND_RAW) {
		fill_raw(packet->error, information, size, message);
		return;
	}
	if (packet->emergency)
		message->hint = HINT_EMERGENCY;
	else if (packet->priority)
		message->hint = HINT_PRIORITY;
	fill_position(packet, message);
	fill_telemetry(&packet->telemetry, message);
	fill_weather(&packet->weather, message);
	add_if_given(message, "range_km", packet->range_km, 3);
	fill_details(packet, message);
}

static void print_id(char *out, size_t size, uint64_t hash, int64_t bucket)
{
	snprintf(out, size, "a-%016" PRIx64 "-%" PRId64, hash, bucket);
}

void aprs_fill_id(const char *source, const char *destination, const uint8_t *information, size_t size, int64_t wall_ms,
		  struct message *message)
{
	if (wall_ms <= 0)
		return;
	while (size > 0 &&
	       (information[size - 1] == ' ' || information[size - 1] == '\r' || information[size - 1] == '\n'))
		size--;
	uint64_t hash = fnv1a64(FNV1A64_START, source, strlen(source));
	hash = fnv1a64(hash, ">", 1);
	hash = fnv1a64(hash, destination, strlen(destination));
	hash = fnv1a64(hash, ":", 1);
	hash = fnv1a64(hash, information, size);
	int64_t bucket = wall_ms / ID_BUCKET_MS;
	print_id(message->id, sizeof(message->id), hash, bucket);
	print_id(message->alt_id, sizeof(message->alt_id), hash, bucket - 1);
}
